// What the gateway knows of a client, on its way from the server to the library. In:
// websocket_server::ClientInfo. Out: text for the channel, and in the worker process the struct of the
// library interface.
#pragma once

#include <marmoset/jsonrpc_library.h>
#include <marmoset/websocket_server.h>

#include <list>
#include <string>
#include <string_view>

namespace jsonrpc {

/// JSON text.
std::string encode_metadata(const websocket_server::ClientInfo& info);

/// Owns the strings of a marmoset_jsonrpc_client.
class ClientMetadata {
  public:
    ClientMetadata(uint64_t number, std::string_view text);
    ClientMetadata(const ClientMetadata&) = delete;
    ClientMetadata& operator=(const ClientMetadata&) = delete;

    const marmoset_jsonrpc_client& client() const { return client_; }

  private:
    std::list<std::string> strings_;
    marmoset_jsonrpc_client client_{};
};

}  // namespace jsonrpc
