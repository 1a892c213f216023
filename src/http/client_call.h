// One request to a server elsewhere, and its answer: a connection of its own, HTTP/1.1, over TLS where the
// URL says https. In: a request, limits of size and time. Out: the answer, or why there is none. Nothing
// blocks; a name is resolved in libuv's thread pool, of which lookups take half at most. Redirects are
// answers.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "http/response_reader.h"
#include "http/url.h"
#include "net/connection.h"
#include "net/connector.h"
#include "net/loop.h"

namespace marmoset::http {

struct ClientRequest {
    Url url;
    std::string body;           ///< empty: GET, else POST
    std::string content_type;   ///< of the body
    std::string authorization;  ///< value of Authorization; empty: none
};

struct ClientAnswer {
    unsigned status = 0;
    std::string content_type;  ///< without parameters; empty: not told
    std::string body;
};

class ClientCall final : private net::Timer, private net::TurnEnd, private net::ConnectorObserver {
  public:
    /// Puts TLS around a connected socket. The peer must prove to be `host`.
    using Secure = std::function<std::unique_ptr<net::Transport>(std::unique_ptr<net::Transport> socket,
                                                                 const std::string& host)>;
    using Done = std::function<void(Result<ClientAnswer>)>;
    struct Limits {
        uint64_t timeout_ms = 10'000;  ///< for everything, from now to the answer's last byte
        size_t largest = 1 << 18;      ///< bytes of the answer's body
    };

    /// Begins. `done` is called once, at the end of a turn of the loop, and may destroy the call; an error's
    /// code is ETIMEDOUT when its time was over. `secure` may be empty where no URL is https. `loop` outlives
    /// the call.
    ClientCall(net::Loop& loop, ClientRequest request, const Limits& limits, Secure secure, Done done);
    /// Gives up; nothing is told any more.
    ~ClientCall() override;

  private:
    class Reader;

    void on_timer() override;
    void on_turn_end() override;
    void on_connected(FileDescriptor socket, const net::Address& peer) override;
    void on_connect_failed(const Error& error) override;

    // Of the reader.
    void send_request();
    void on_bytes(Bytes data);
    void on_end_of_stream();
    void on_lost(CloseReason reason);

    std::string request_head() const;
    void advance(ResponseReader::State state);
    void finish(Result<ClientAnswer> result);
    void drop_connection();

    net::Loop& loop_;
    const ClientRequest request_;
    const Secure secure_;
    Done done_;
    ResponseReader response_;
    std::unique_ptr<net::Connector> connector_;
    Reader* reader_ = nullptr;  // owned by its connection, which deletes itself
    Result<ClientAnswer> result_ = ClientAnswer();
    bool finished_ = false;  // told at the end of the turn
};

}  // namespace marmoset::http
