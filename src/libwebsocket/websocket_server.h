// libwebsocket: write a websocket system server without knowing HTTP, sockets or event loops. The gateway
// does the handshake with browsers and relays their messages over one UNIX socket; this library is the other
// end of it.
//
//     class Echo : public websocket_server::Handler {
//         void on_message(websocket_server::Client& client, const websocket_server::Message& message)
//         override {
//             client.send(message.data, message.type);
//         }
//     };
//     int main() {
//         Echo echo;
//         websocket_server::Server server({.directory = "/var/run/websocket", .name = "echo"}, echo);
//         return server.run();
//     }
//
// Everything happens on the thread that calls run(); no call of this header may be made from another thread,
// but Server::stop() and Server::post(). C++17 or later; no other header of the project is needed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace websocket_server {

inline constexpr const char* kVersion = "0.1.0";

enum class Type : uint8_t { Text, Binary };

/// One message of a client, or a part of one (Options::part_size). `data` is gone when the callback returns.
struct Message {
    std::string_view data;
    Type type = Type::Text;  ///< text has been checked: it is valid UTF-8; a part may end within a character
    bool first = true;       ///< begins a message
    bool last = true;        ///< ends it: both, unless Options::part_size asks for parts
};

/// How messages lie in the bytes of a SOCK_STREAM socket. The gateway's configuration must say the same of
/// this server.
enum class Framing : uint8_t {
    Bytes,   ///< payload only, as ouistiti's servers: what one read gives is one message
    Lines,   ///< one text message a line
    Records  ///< the link's own records, one connection a client: boundaries, types, close codes, metadata
};

/// What the gateway knows of a client (OPEN of the link). Over a STREAM socket with Bytes or Lines only
/// `stream` is set: those protocols have no metadata.
struct ClientInfo {
    std::string id;                      ///< unique for the gateway's life, also in its logs
    std::string uri;                     ///< as the client sent it
    std::string path_info;               ///< decoded path behind this server's name, "" or "/..."
    std::string query;                   ///< undecoded, without '?'
    std::vector<std::string> protocols;  ///< offered subprotocols
    std::string origin, host;
    std::string user, group,
        home;          ///< of the authenticated user; empty: none. From the gateway, not from the client
    std::string auth;  ///< scheme that authenticated: "Basic", "Bearer" ...
    std::string remote_address, local_address;
    uint16_t remote_port = 0, local_port = 0;
    bool tls = false;
    std::string tls_version, tls_cipher, tls_client_subject;
    std::vector<std::pair<std::string, std::string>> headers;  ///< those the gateway's configuration lists
    bool stream = false;                                       ///< no metadata: Bytes or Lines
};

/// One connected client. Valid from on_open until on_close returns. An exception that leaves a callback is
/// logged and closes the client.
class Client {
  public:
    virtual const ClientInfo& info() const = 0;

    /// Answers on_open: the gateway completes the handshake with `subprotocol` (one that was offered, or
    /// empty). Without a call to accept or reject in on_open the client is accepted when it returns, unless
    /// defer() was called.
    virtual void accept(std::string_view subprotocol = {}) = 0;
    /// Answers on_open: refuses with an HTTP status (401, 403, 404, 503 ...). The client is gone afterwards,
    /// on_close does not follow.
    virtual void reject(unsigned http_status, std::string_view reason = {}) = 0;
    /// In on_open: accept() or reject() will be called later.
    virtual void defer() = 0;

    /// Queues a message; it leaves at the end of the loop turn. False: the client is closing or not accepted
    /// yet, or the message is larger than the gateway takes; nothing was queued. What the client does not
    /// take is kept: watch buffered_amount() when sending unasked; an echo needs not: input stops while
    /// output is stuck. When the messages of all clients that wait hold more than 256 MiB, a client whose
    /// message would have to wait is closed with 1013.
    virtual bool send(std::string_view data, Type type = Type::Text) = 0;
    /// Sends a part of a message: the first one begins it, the one that is `last` ends it, `type` is the same
    /// in all. Meanwhile send() is refused, and what is published waits. False as of send(); a client whose
    /// message can't be finished is to be closed. Not over a Lines socket; over Bytes a part is a message.
    virtual bool send_part(std::string_view data, Type type, bool last) = 0;
    /// What Server::publish() to a topic that only this client has joined would do: it stands in order with
    /// what is published, and a client that is too slow for it is closed with 1013 instead of being waited
    /// for. What a server sends unasked is best sent so.
    virtual void publish(std::string_view data, Type type = Type::Text) = 0;
    /// Closes with a code that may stand on the wire (1000-1003, 1007-1014, 3000-4999) behind everything sent
    /// before. on_close does not follow: the client is gone when the current callback returns.
    virtual void close(uint16_t code = 1000, std::string_view reason = {}) = 0;

    /// Bytes sent but not yet handed to the gateway for want of credit.
    virtual size_t buffered_amount() const = 0;
    /// Bytes the gateway will take for this client now.
    virtual uint64_t credit() const = 0;

    /// From now on this client receives what is published to `topic` (at most 255 bytes, at most 1,024 topics
    /// a client).
    virtual void join(std::string_view topic) = 0;
    virtual void leave(std::string_view topic) = 0;

    /// Takes no further messages from this client until resume(): what is under way is kept (at most the
    /// window), then its credit is withheld.
    virtual void pause() = 0;
    virtual void resume() = 0;

    /// Yours to use.
    void* context = nullptr;

  protected:
    virtual ~Client() = default;
};

class Handler {
  public:
    virtual ~Handler() = default;
    /// A client wants in. Default: accepted without a subprotocol.
    virtual void on_open(Client& client) { (void)client; }
    virtual void on_message(Client& client, const Message& message) = 0;
    /// The client has gone: `code` 1005 without a code, 1006 without a close frame or with the gateway. Also
    /// when the library closed it: 1009 for a message that is too long, 1013 out of memory, 1011 after an
    /// exception in the handler, 1001 when the server stops. Not called for clients the program closed or
    /// rejected.
    virtual void on_close(Client& client, uint16_t code, std::string_view reason) {
        (void)client, (void)code, (void)reason;
    }
    /// buffered_amount() has come down to 0 after having been more.
    virtual void on_drained(Client& client) { (void)client; }
};

struct Options {
    std::string directory = "/var/run/websocket";  ///< where the gateway looks: its `docroot`
    std::string name;                              ///< socket name; may hold a subdirectory: "lab/echo"
    std::string user;          ///< drop privileges to this user after binding; empty: stay
    std::string group;         ///< group of the socket (0660); empty: the user's primary group
    unsigned max_clients = 0;  ///< further clients are rejected with 503; 0: no limit
    /// SOCK_STREAM, one connection a client, instead of the link; `framing` says what it carries.
    bool stream = false;
    /// Of a `stream`. Bytes: what one read gives is one message, Text if it is valid UTF-8 (an unfinished
    /// sequence at its end waits for the next read, 100 ms at most), else Binary, and all that follows too.
    /// Lines: a message is Text without a newline inside; others are not sent. A line that ends with the
    /// connection was not finished: it is dropped.
    Framing framing = Framing::Bytes;
    size_t max_message = 16u << 20;  ///< longer messages close the client with 1009
    /// 0: on_message gets whole messages. Else it gets larger ones in parts of at least so many bytes, the
    /// last one excepted, each as soon as it is there: a large message costs no more memory than a small one
    /// while its answer is taken. It may still break off: on_close follows without a last part.
    size_t part_size = 0;
    size_t window = 262144;  ///< bytes a client may have under way toward us
    /// Of Bytes and Lines: bytes that may wait for a client when something is published; beyond it the client
    /// is closed. Elsewhere the gateway's configuration says how many.
    size_t queue = 1u << 20;
    std::string software = "libwebsocket";  ///< in HELLO, for the gateway's log
};

class Server {
  public:
    /// `handler` outlives the server.
    Server(Options options, Handler& handler);
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    /// Binds the socket (a stale file is replaced only if nobody listens on it), drops privileges. Returns an
    /// empty string, or one line that says what failed.
    std::string listen();
    /// listen() unless done, then serves until stop(), SIGTERM or SIGINT. Returns the process's exit status:
    /// 0, or 1 after printing why. Once only.
    int run();
    /// Ends run() after closing all clients with 1001, at most 2 s later. From any thread.
    void stop();

    /// Sends to every client that joined `topic`, on all gateways' links, but `except`. One record a link,
    /// whatever the audience.
    void publish(std::string_view topic, std::string_view data, Type type = Type::Text,
                 Client* except = nullptr);

    /// Calls `task` once on the server's thread after `milliseconds`.
    void after(unsigned milliseconds, std::function<void()> task);
    /// Calls `task` on the server's thread soon. From any thread.
    void post(std::function<void()> task);

    /// Calls `ready` on the server's thread whenever `descriptor` can be read from or written to: as `events`
    /// asks (kReadable, kWritable), with what it can; both when it has an error. Again for the same
    /// descriptor: replaces what was asked before. It stays the program's, is made non-blocking, and is
    /// closed only after unwatch(). After listen().
    void watch(int descriptor, unsigned events, std::function<void(unsigned events)> ready);
    /// Also from within `ready`.
    void unwatch(int descriptor);
    static constexpr unsigned kReadable = 1, kWritable = 2;

    size_t clients() const;

  private:
    class Implementation;
    std::unique_ptr<Implementation> implementation_;
};

enum class LogLevel : uint8_t { Info, Warning, Error };

/// One line in the log: CommandLine's -L, or standard error. Control characters are escaped. From any thread.
void write_log(LogLevel level, std::string_view line);

/// The command line that system servers have in common (ouistiti's letters, and long names): where to listen,
/// as whom, how many clients, as a daemon or not. A whole program:
///
///     int main(int argc, char** argv) {
///         websocket_server::CommandLine command_line("echo", "sends each message back");
///         if (!command_line.parse(argc, argv)) return command_line.status();
///         Echo echo;
///         websocket_server::Server server(command_line.options(), echo);
///         return command_line.run(server);
///     }
class CommandLine {
  public:
    /// `program` is the default of -n; `summary` one line for --help.
    CommandLine(std::string program, std::string summary, std::string version = kVersion);

    /// Flags and options of the program's own, to be added before parse(). `value` outlives the object.
    /// Letters in use: R n u g m D L h V; whose letter is taken here keeps its long name.
    void add_flag(char letter, std::string name, std::string help, bool& value);
    void add_option(char letter, std::string name, std::string argument, std::string help,
                    std::string& value);
    /// One that may be given several times: `values` in their order.
    void add_options(char letter, std::string name, std::string argument, std::string help,
                     std::vector<std::string>& values);

    /// What parse() starts from, for a program whose defaults are others.
    Options& defaults() { return options_; }

    /// False: the program ends with status(): --help or --version was printed (0), or what was wrong (1).
    bool parse(int argc, char** argv);
    int status() const { return status_; }
    const Options& options() const { return options_; }

    /// Opens the log, goes to the background if asked to (once the socket is bound: errors still reach the
    /// caller), serves. Returns the process's exit status. Threads that were started before are not in the
    /// background process. `prepare` is called in the process that serves, once the socket is bound and the
    /// privileges are gone; what it returns, unless empty, is why the program can't run.
    int run(Server& server, const std::function<std::string()>& prepare = {});

  private:
    struct Extra {
        char letter;
        std::string name, argument, help;
        bool* flag;
        std::string* text;
        std::vector<std::string>* texts;
    };
    bool take(int option, const char* argument);
    bool taken(int letter) const;
    bool take_framing(std::string_view name);
    bool refuse(const std::string& message);
    std::string help() const;

    std::string program_, summary_, version_, log_file_;
    std::vector<Extra> extras_;
    Options options_;
    bool daemon_ = false;
    int status_ = 0;
};

}  // namespace websocket_server
