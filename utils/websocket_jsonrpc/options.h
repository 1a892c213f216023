// The command line of websocket_jsonrpc beside the common one. In: argv. Out: settings, or why not.
#pragma once

#include <marmoset/websocket_server.h>

#include <string>
#include <vector>

#include "rpc_server.h"

namespace jsonrpc {

class Options {
  public:
    explicit Options(websocket_server::CommandLine& command_line);

    /// After CommandLine::parse(): empty, or what is wrong with a value.
    std::string settings(const websocket_server::Options& common, ServerSettings& settings) const;

  private:
    std::vector<std::string> libraries_, configs_;
    std::string processes_, threads_, timeout_, max_batch_, max_calls_, max_answer_, max_waiting_;
    bool nul_ = false;
};

}  // namespace jsonrpc
