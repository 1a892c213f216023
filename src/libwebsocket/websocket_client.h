// libwebsocket: the other end. WebSocket is the client as browsers have it, WebSocketServer listens on TCP
// with the same events, without a gateway: for tests and small tools.
//
//     websocket_client::EventLoop loop;
//     websocket_client::WebSocket socket(loop, "wss://example.org/chat", {"chat.v1"});
//     socket.onopen = [&] { socket.send("hello"); };
//     socket.onmessage = [&](const websocket_client::MessageEvent& event) {
//         std::cout << event.data << '\n';
//         socket.close();
//     };
//     socket.onerror = [](const websocket_client::ErrorEvent& event) { std::cerr << event.message << '\n'; };
//     loop.run();
//
// Names are the browser's where it has one. Everything happens on the thread that calls EventLoop::run(), and
// no call may be made from another thread, but EventLoop::stop() and EventLoop::post(). An exception that
// leaves a callback is logged and ends its connection with 1011. C++17 or later; no other header of the
// project is needed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace websocket_client {

inline constexpr const char* kVersion = "0.1.0";

/// RFC 6455 7.4.1. Reserved1004, MissingStatusCode, AbnormalDisconnection and TlsHandshakeFailed are told to
/// programs and never sent.
enum CloseCode : uint16_t {
    Normal = 1000,
    GoingAway = 1001,
    ProtocolError = 1002,
    DatatypeNotSupported = 1003,
    Reserved1004 = 1004,
    MissingStatusCode = 1005,
    AbnormalDisconnection = 1006,
    WrongDatatype = 1007,
    PolicyViolated = 1008,
    TooMuchData = 1009,
    MissingExtension = 1010,
    BadOperation = 1011,
    TlsHandshakeFailed = 1015,
};

/// What happened to a socket, numbered as in Qt's QAbstractSocket::SocketError.
enum class SocketError : int {
    Unknown = -1,           ///< none of the others: the peer broke HTTP or the websocket protocol
    ConnectionRefused = 0,  ///< nobody listens there; or the server refused with an HTTP status
    RemoteHostClosed = 1,   ///< the peer closed without a Close frame
    HostNotFound = 2,       ///< the name has no address
    SocketAccess = 3,       ///< permission denied; or a proxy forbids the address
    SocketResource = 4,     ///< no descriptors or memory; or more waits to be sent than may
    SocketTimeout = 5,
    DatagramTooLarge = 6,             ///< a message beyond Options::max_message
    Network = 7,                      ///< unreachable, or lost on the way
    AddressInUse = 8,                 ///< of WebSocketServer::listen()
    SocketAddressNotAvailable = 9,    ///< the address is not this machine's
    UnsupportedSocketOperation = 10,  ///< a socket of another kind: of another family, or no stream
    ProxyAuthenticationRequired = 11,
    SslHandshakeFailed = 12,  ///< no TLS, or a certificate that is not valid for the host
    UnfinishedSocketOperation = 13,
    ProxyConnectionRefused = 14,
    ProxyConnectionClosed = 15,
    ProxyConnectionTimeout = 16,
    ProxyNotFound = 17,
    ProxyProtocol = 18,  ///< its answer is no HTTP, or a status not to be expected
    Operation = 19,      ///< close() before the connection was open
    SslInternal = 20,
    SslInvalidUserData = 21,  ///< the CA file can't be read
    Temporary = 22,
};

enum ReadyState : uint16_t { CONNECTING = 0, OPEN = 1, CLOSING = 2, CLOSED = 3 };

/// How binary messages come. Blob: MessageEvent::blob keeps the memory for as long as it is held.
/// ArrayBuffer: only MessageEvent::data, which is gone when the callback returns, and is not copied.
enum class BinaryType : uint8_t { Blob, ArrayBuffer };

struct MessageEvent {
    std::string_view data;  ///< text has been checked: it is valid UTF-8
    bool binary = false;
    std::shared_ptr<const std::string> blob;  ///< of a binary message, if binaryType is Blob
};

struct CloseEvent {
    uint16_t code = AbnormalDisconnection;  ///< what the peer's Close frame says; see CloseCode
    std::string reason;
    bool wasClean = false;  ///< Close frames went both ways
};

struct ErrorEvent {
    SocketError error = SocketError::Unknown;
    std::string message;       ///< one line for people
    unsigned http_status = 0;  ///< the server's, or the proxy's, answer if it was not 101; 0: none
};

/// What was exchanged, for tools that show it.
struct TraceEvent {
    enum class Kind : uint8_t {
        Request,   ///< `text`: a head that was sent, with its line ends
        Response,  ///< `text`: a head that came
        Tls,       ///< `text`: "TLSv1.2 ECDHE-..."
        Frame,     ///< the fields below
    };
    Kind kind = Kind::Frame;
    std::string_view text;
    bool sent = false;
    bool fin = false;
    uint8_t rsv = 0;  ///< RSV1 is 4: a compressed message's first frame
    uint8_t opcode = 0;
    bool masked = false;
    uint64_t length = 0;  ///< of the payload as it travels
};

/// As in the browser: the URL, a subprotocol, text that is not UTF-8 or a reason that is too long.
class SyntaxError : public std::invalid_argument {
  public:
    using std::invalid_argument::invalid_argument;
    ~SyntaxError() override;
};
/// send() while CONNECTING.
class InvalidStateError : public std::logic_error {
  public:
    using std::logic_error::logic_error;
    ~InvalidStateError() override;
};
/// A close code that a program must not send.
class InvalidAccessError : public std::logic_error {
  public:
    using std::logic_error::logic_error;
    ~InvalidAccessError() override;
};

/// One thread's loop of events: what WebSockets and WebSocketServers live on. Outlives them.
class EventLoop {
  public:
    EventLoop();
    ~EventLoop();
    EventLoop(const EventLoop&) = delete;
    EventLoop& operator=(const EventLoop&) = delete;

    /// Serves until stop(), or until nothing is left: no open socket, no listening server, no task.
    void run();
    /// Ends run(), also one that has not begun yet. From any thread.
    void stop();
    /// Calls `task` on the loop's thread soon. From any thread.
    void post(std::function<void()> task);
    /// Calls `task` once after `milliseconds`.
    void after(unsigned milliseconds, std::function<void()> task);

    class Implementation;

  private:
    friend class WebSocket;
    friend class WebSocketServer;
    std::unique_ptr<Implementation> implementation_;
};

struct Options {
    /// Further fields of the request, "Origin" or "Cookie" perhaps. Not those of the handshake itself.
    std::vector<std::pair<std::string, std::string>> headers;
    std::string user, password;  ///< Basic credentials; a URL's own win
    std::string proxy;           ///< "http://[user:password@]host[:port]": CONNECT through it; empty: none
    std::string ca_file;         ///< PEM, the authorities that wss: believes; empty: the system's
    bool insecure = false;       ///< wss: takes any certificate
    bool compression = true;     ///< permessage-deflate (RFC 7692) is offered
    /// close() takes every code that may stand on the wire, not only those that browsers leave to scripts.
    bool any_close_code = false;
    size_t max_message = 16u << 20;         ///< a longer one ends the connection with 1009
    size_t max_queue = 64u << 20;           ///< bytes that may wait to be sent; beyond it the connection ends
    unsigned connect_timeout_ms = 10000;    ///< for each address; resolving the name has as long
    unsigned handshake_timeout_ms = 10000;  ///< for the proxy, and again for TLS and the websocket handshake
    unsigned close_timeout_ms = 10000;      ///< from our Close frame to the peer's
    unsigned ping_interval_ms = 0;          ///< pings when nothing came for so long; two unanswered: gone
    /// Sees what is exchanged; must not call the socket.
    std::function<void(const TraceEvent&)> trace;
};

class WebSocket {
  public:
    /// Begins to connect; callbacks that are set before the loop runs on miss nothing. `url`: ws:, wss:, or
    /// "ws+unix:///path/of.sock:/target" for a UNIX socket. "user:password@" before the host is sent as Basic
    /// (RFC 7617), percent-decoded. Redirections are not followed. Throws SyntaxError.
    WebSocket(EventLoop& loop, const std::string& url, std::vector<std::string> protocols = {},
              Options options = {});
    /// An open connection is closed with 1001, without waiting; no event follows. Callbacks may do it.
    ~WebSocket();
    WebSocket(const WebSocket&) = delete;
    WebSocket& operator=(const WebSocket&) = delete;

    std::function<void()> onopen;
    std::function<void(const MessageEvent&)> onmessage;
    /// The last event, whatever happened.
    std::function<void(const CloseEvent&)> onclose;
    /// Before onclose, if something went wrong.
    std::function<void(const ErrorEvent&)> onerror;
    /// Browsers keep it to themselves: a Pong with its payload.
    std::function<void(std::string_view)> onpong;
    /// bufferedAmount() has come down to 0 after the network had taken no more.
    std::function<void()> ondrain;

    BinaryType binaryType = BinaryType::Blob;

    /// Queues a message; it leaves at the end of the loop's turn. False: the connection is closing or closed,
    /// the message is dropped. Throws InvalidStateError while CONNECTING, SyntaxError for text that is not
    /// UTF-8.
    bool send(std::string_view text);
    bool sendBinary(std::string_view data);
    /// A Ping of at most 125 bytes (SyntaxError). False if the connection is not open.
    bool ping(std::string_view payload = {});
    /// Closes behind everything sent before. `code`: 1000 or 3000-4999, as in the browser; with
    /// Options::any_close_code and at a server's end also 1001-1003 and 1007-1014; else InvalidAccessError.
    /// `reason`: at most 123 bytes of UTF-8, else SyntaxError. Before the connection is open it is given up:
    /// onerror (Operation), then onclose. Nothing happens when it is closing already.
    void close(uint16_t code = Normal, std::string_view reason = {});

    ReadyState readyState() const;
    /// The URL without user information and with the default port left out.
    const std::string& url() const;
    /// The subprotocol the server has chosen, the extensions in use; empty before onopen.
    const std::string& protocol() const;
    const std::string& extensions() const;
    /// Bytes that were sent and are not yet with the system, frame headers included; what was dropped while
    /// closing counts for ever.
    uint64_t bufferedAmount() const;

    class Implementation;

  private:
    friend class WebSocketServer;
    explicit WebSocket(Implementation& implementation) : implementation_(&implementation) {}
    Implementation* implementation_;  // frees itself; null once the loop is gone
};

struct ServerOptions {
    std::vector<std::string> protocols;  ///< subprotocols spoken; the first offered one among them is chosen
    bool compression = true;             ///< permessage-deflate is accepted
    size_t max_message = 16u << 20;
    size_t max_queue = 64u << 20;  ///< bytes that may wait for one client; beyond it 1013
    size_t max_clients = 0;        ///< further ones are refused with 503; 0: no limit
    unsigned handshake_timeout_ms = 10000;
    unsigned close_timeout_ms = 10000;
    unsigned ping_interval_ms = 30000;  ///< 0: no pings
};

/// What a client of WebSocketServer has asked for.
struct ServerRequest {
    std::string target;  ///< as sent: path and query
    std::string host, origin;
    std::string address;  ///< of the client, "127.0.0.1:4711"
    std::vector<std::pair<std::string, std::string>> headers;
};

/// Plain ws: on TCP, without a gateway. Whoever needs TLS, users, or limits per address has the gateway.
class WebSocketServer {
  public:
    explicit WebSocketServer(EventLoop& loop, ServerOptions options = {});
    /// Drops all clients, without events. Not from within a callback of one of them.
    ~WebSocketServer();
    WebSocketServer(const WebSocketServer&) = delete;
    WebSocketServer& operator=(const WebSocketServer&) = delete;

    /// A client has connected; its socket is OPEN. Set its callbacks here. It belongs to the server and is
    /// gone behind its onclose.
    std::function<void(WebSocket&, const ServerRequest&)> onconnection;
    std::function<void(const ErrorEvent&)> onerror;

    /// Listens on "address" (IPv4 or IPv6 literal, "any" or "unix:/path") and `port`, 0 for one that is free.
    /// False after calling onerror.
    bool listen(const std::string& address = "127.0.0.1", uint16_t port = 0);
    /// "127.0.0.1:4711"; empty before listen().
    const std::string& address() const;
    uint16_t port() const;
    size_t clients() const;
    /// Listens no more, and closes all clients with 1001.
    void close();

    class Implementation;

  private:
    std::unique_ptr<Implementation> implementation_;
};

}  // namespace websocket_client
