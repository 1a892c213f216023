// The gateway without its processes: the websocket module in a worker of its own, and the socket of one
// system server, for all inputs of a program.
#pragma once

#include <memory>

#include "base/file_descriptor.h"
#include "config/document.h"
#include "http/service.h"
#include "module/dispatcher.h"
#include "tests/support/temporary_folder.h"

namespace marmoset::fuzz {

struct Gateway {
    Gateway();

    test::TemporaryFolder folder;
    FileDescriptor listening;  ///< where ws://h/s leads: SEQPACKET, not blocking
    http::ExchangePool exchanges;
    log::AccessLog no_log;
    std::unique_ptr<config::Document> document;
    std::unique_ptr<module::Dispatcher> dispatcher;
    std::unique_ptr<http::Service> service;
    std::unique_ptr<module::Worker> worker;
};

/// The program's only one, made at the first call.
Gateway& gateway();

}  // namespace marmoset::fuzz
