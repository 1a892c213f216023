// Clients of the RPC server. In: on_open, on_message, on_close of libwebsocket; what the pool tells. Out:
// texts for clients, calls for the pool.
#include "rpc_server.h"

#include <algorithm>
#include <utility>

#include "backlog.h"
#include "client_metadata.h"

namespace jsonrpc {

using websocket_server::Client;
using websocket_server::Message;

namespace {

// The topic of all clients.
constexpr std::string_view kAll = "all";
constexpr uint16_t kPolicyViolation = 1008, kInternal = 1011, kTryAgainLater = 1013;

}  // namespace

class RpcServer::Session final : public Conversation::Sink {
  public:
    Session(RpcServer& server, Client& client, uint64_t number)
        : server_(server),
          client_(&client),
          number_(number),
          conversation_(server.settings_.limits, server.common_, *this) {}

    /// nullptr: has been closed, the session goes soon.
    Client* client() const { return client_; }
    uint64_t number() const { return number_; }
    bool open() const { return open_; }

    void opened() {
        open_ = true;
        const auto& offered = client_->info().protocols;
        const auto own = std::find(offered.begin(), offered.end(), server_.settings_.name);
        client_->accept(own != offered.end() ? *own : offered.empty() ? std::string_view() : offered.front());
        client_->join(kAll);
    }
    /// on_close may still come: it finds no session.
    void closed() { std::exchange(client_, nullptr)->context = nullptr; }

    void receive(std::string_view text) {
        conversation_.receive(text);
        balance();
    }
    void answer(uint64_t call, AnswerKind kind, std::string_view json) {
        conversation_.answer(call, kind, json);
        balance();
    }

    // Of the conversation.
    void call(uint64_t number, const Request& request) override {
        const auto taken = server_.pool_->call(number_, number, request);
        if (taken == Pool::Taken::Yes) return;
        const bool full = taken == Pool::Taken::Full;
        conversation_.answer(
            number, AnswerKind::Error,
            full ? error_object(kBusy, "too many calls are under way")
                 : error_object(kInternalError, "the library's process is being started anew"));
    }
    void send(std::string_view text) override {
        backlog_.answer(text.size());
        transmit(text);
    }

    /// False: the client does not read the notifications it has got.
    bool notify(std::string_view text) {
        if (backlog_.notifications(client_->buffered_amount()) > server_.settings_.worker.max_waiting)
            return false;
        backlog_.notification(text.size());
        transmit(text);
        return true;
    }

  private:
    void transmit(std::string_view text) {
        if (!client_ || client_->send(server_.terminated(text))) return;
        // The gateway takes no message that long; an answer must not be missing.
        server_.close(*this, kInternal, "an answer could not be sent");
    }

    /// Takes no further messages while too many calls are under way.
    void balance() {
        const ServerSettings& settings = server_.settings_;
        const bool full =
            conversation_.calls() >= settings.max_calls || conversation_.bytes() >= settings.max_call_bytes;
        if (!client_ || full == paused_) return;
        paused_ = full;
        if (full) {
            client_->pause();
        } else {
            client_->resume();
        }
    }

    RpcServer& server_;
    Client* client_;
    uint64_t number_;
    Conversation conversation_;
    Backlog backlog_;
    bool open_ = false, paused_ = false;
};

RpcServer::RpcServer(const ServerSettings& settings) : settings_(settings) {}
RpcServer::~RpcServer() = default;

std::string RpcServer::start(websocket_server::Server& server) {
    server_ = &server;
    pool_.emplace(server, settings_.worker, settings_.processes, static_cast<ProcessObserver&>(*this),
                  common_);
    return pool_->start();
}

void RpcServer::end() {
    if (pool_) pool_->end();
    pool_.reset();
    sessions_.clear();
}

RpcServer::Session* RpcServer::find(uint64_t number) {
    const auto found = sessions_.find(number);
    return found != sessions_.end() && found->second->client() ? found->second.get() : nullptr;
}

std::string RpcServer::terminated(std::string_view text) const {
    std::string terminated(text);
    if (settings_.nul) terminated += '\0';
    return terminated;
}

// ---- clients
// ----------------------------------------------------------------------------------------------------

void RpcServer::on_open(Client& client) {
    const uint64_t number = ++common_.numbers;
    auto session = std::make_unique<Session>(*this, client, number);
    client.context = session.get();
    sessions_.emplace(number, std::move(session));
    client.defer();
    if (pool_->open(number, encode_metadata(client.info()))) return;
    client.reject(503, "the library's processes are being started anew");
    forget(number);
}

void RpcServer::on_message(Client& client, const Message& message) {
    auto* const session = static_cast<Session*>(client.context);
    if (session) session->receive(message.data);
}

void RpcServer::on_close(Client& client, uint16_t, std::string_view) {
    auto* const session = static_cast<Session*>(client.context);
    if (session) forget(session->number());
}

void RpcServer::close(Session& session, uint16_t code, const char* reason) {
    Client* const client = session.client();
    forget(session.number());
    client->close(code, reason);
}

// The session may be at work: it goes when nobody is any more.
void RpcServer::forget(uint64_t number) {
    sessions_[number]->closed();
    pool_->close(number);
    server_->post([this, number] { sessions_.erase(number); });
}

// ---- what the processes say
// --------------------------------------------------------------------------------------

void RpcServer::on_opened(uint64_t number, unsigned status) {
    Session* const session = find(number);
    if (!session) return;
    if (session->open()) {  // its process was started anew
        if (status != 0) close(*session, kPolicyViolation, "the library does not let the client in again");
        return;
    }
    if (status == 0) {
        session->opened();
        return;
    }
    Client* const client = session->client();
    forget(number);
    client->reject(status < 400 || status > 599 ? 403 : status);
}

void RpcServer::on_answer(uint64_t number, uint64_t call, AnswerKind kind, std::string_view json) {
    if (Session* const session = find(number)) session->answer(call, kind, json);
}

void RpcServer::on_notify(uint64_t number, std::string_view text) {
    Session* const session = find(number);
    if (!session || !session->open()) return;
    if (!session->notify(text)) close(*session, kTryAgainLater, "too slow for its notifications");
}

void RpcServer::on_notify_all(std::string_view text) {
    server_->publish(kAll, terminated(text));
}

}  // namespace jsonrpc
