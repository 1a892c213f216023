// A whole configuration, checked and made real: global values, and one Site per `servers` entry with its
// module instances. In: the command line. Out: Settings, or every error as one line. Nothing listens yet.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "config/document.h"
#include "http/forwarding.h"
#include "http/service.h"
#include "log/access_log.h"
#include "log/logger.h"
#include "module/dispatcher.h"
#include "module/registry.h"
#include "net/address.h"
#include "server/options.h"

namespace marmoset::server {

/// One `servers` entry.
struct Site {
    std::string name;  ///< hostname
    std::string key;   ///< names it among the others, and is the same after a reload that leaves its address
    net::ListenAddress address;
    std::string location;  ///< file:line, for errors at bind
    http::Limits limits;
    http::Forwarding forwarding;  ///< no proxies: nobody is believed
    bool tls = false;             ///< its clients come over TLS
    unsigned max_clients = 0;     ///< of a worker; 0: as descriptors permit
    unsigned clients_per_address = 256;
    std::string server_header;
    std::string static_fields;
    std::unique_ptr<module::Dispatcher> dispatcher;
};

struct Settings {
    std::string user, group;
    std::string user_location;  ///< file:line of `user`, or of the file
    std::string pid_file;
    std::string init_d;
    std::optional<std::string> log_file;  ///< empty text: none
    log::Level log_level = log::Level::Info;
    std::string access_log;
    log::AccessFormat access_format = log::AccessFormat::Combined;
    unsigned workers = 1;
    uint64_t max_memory = 256u << 20;
    uint64_t drain_timeout_ms = 30000;
    std::vector<std::unique_ptr<Site>> sites;
    std::unique_ptr<config::Document> document;  ///< the instances' sections are views of it
};

/// Reads and checks the configuration that `options` name, makes the module instances; `shared` outlives
/// them. Warnings go to
/// `diagnostics`, as do errors; nullptr if there is any error.
std::unique_ptr<Settings> load_settings(const Options& options, module::Registry& registry,
                                        module::SharedState& shared, config::Diagnostics& diagnostics);

}  // namespace marmoset::server
