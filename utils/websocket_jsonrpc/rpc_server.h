// The server's clients: each has a conversation, whose calls go to the worker processes. In: messages of
// clients, answers of processes. Out: the other way round.
#pragma once

#include <marmoset/websocket_server.h>

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "conversation.h"
#include "pool.h"

namespace jsonrpc {

struct ServerSettings {
    std::string name;  ///< the socket's: the subprotocol that is agreed to when it is offered
    WorkerSettings worker;
    unsigned processes = 0;  ///< 0: Pool's default
    Conversation::Limits limits;
    size_t max_calls = 64;             ///< of one client under way; further messages wait
    size_t max_call_bytes = 1u << 20;  ///< likewise, bytes (Conversation::bytes())
    bool nul = false;                  ///< a NUL behind every text, as ouistiti's server
};

class RpcServer final : public websocket_server::Handler, private ProcessObserver {
  public:
    explicit RpcServer(const ServerSettings& settings);
    ~RpcServer() override;

    /// Once `server` listens, which outlives all until end(). Empty, or why it can't serve.
    std::string start(websocket_server::Server& server);
    /// Before the server goes.
    void end();

    void on_open(websocket_server::Client& client) override;
    void on_message(websocket_server::Client& client, const websocket_server::Message& message) override;
    void on_close(websocket_server::Client& client, uint16_t code, std::string_view reason) override;

  private:
    class Session;

    Session* find(uint64_t number);
    void close(Session& session, uint16_t code, const char* reason);
    void forget(uint64_t number);
    std::string terminated(std::string_view text) const;

    // Of the processes.
    void on_opened(uint64_t client, unsigned status) override;
    void on_answer(uint64_t client, uint64_t call, AnswerKind kind, std::string_view json) override;
    void on_notify(uint64_t client, std::string_view text) override;
    void on_notify_all(std::string_view text) override;

    ServerSettings settings_;
    websocket_server::Server* server_ = nullptr;
    std::optional<Pool> pool_;
    Conversation::Common common_;  ///< its numbers are of clients, openings and calls alike
    std::unordered_map<uint64_t, std::unique_ptr<Session>> sessions_;
};

}  // namespace jsonrpc
