// libwebsocket's side of the link: what a gateway sends, to a program that echoes, joins, publishes, closes,
// throws; clients are relayed, or handed over and then speak for themselves. In: a script of records, see
// play(). It is played with as many records a packet as fit, then with packets cut elsewhere: what each
// client's program saw and what the gateway got must be the same, and keep to link-protocol.md.
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include "libwebsocket/link_server.h"
#include "link/metadata.h"
#include "tests/fuzz/support/fuzz.h"
#include "tests/fuzz/support/link_peer.h"
#include "tests/support/scripted_peer.h"

namespace marmoset::fuzz {
namespace {

using libwebsocket::Client;
using link::RecordType;

/// Does what ids and messages say; keeps what it was told, per client.
class Program final : public websocket_server::Handler {
  public:
    std::map<std::string, std::string> seen;
    std::vector<Client*> clients;  ///< that have not gone
    libwebsocket::Backend* server = nullptr;

    void on_open(Client& client) override {
        clients.push_back(&client);
        const std::string& id = client.info().id;
        seen[id] += "open\n";
        if (id.starts_with("reject")) reject(client);
        if (id.starts_with("defer")) client.defer();
        if (id.starts_with("throw")) {
            std::erase(clients, &client);
            throw std::runtime_error("in on_open");
        }
        if (id.starts_with("chat") && !client.info().protocols.empty())
            client.accept(client.info().protocols.back());
    }
    void on_message(Client& client, const websocket_server::Message& message) override {
        const std::string_view data = message.data;
        std::string& lines = seen[client.info().id];
        lines.append(message.type == websocket_server::Type::Text ? "text [" : "binary [")
            .append(data)
            .append("]\n");
        require(std::find(clients.begin(), clients.end(), &client) != clients.end(),
                "a message of a client that is there");
        if (data.starts_with("join ")) client.join(data.substr(5));
        if (data.starts_with("leave ")) client.leave(data.substr(6));
        if (data.starts_with("all ")) server->publish("a", data.substr(4), message.type, nullptr);
        if (data.starts_with("others ")) server->publish("a", data.substr(7), message.type, &client);
        if (data.starts_with("pause")) client.pause();
        if (data.starts_with("throw")) throw std::runtime_error("in on_message");
        if (data.starts_with("close")) {
            std::erase(clients, &client);
            client.close(static_cast<uint16_t>(1000 + data.size()), data.substr(5));
            return;
        }
        client.send(data, message.type);
        if (data.starts_with("twice")) client.send(data.substr(5), message.type);
    }
    void on_close(Client& client, uint16_t, std::string_view) override {
        seen[client.info().id] += "closed\n";
        std::erase(clients, &client);
    }
    /// What happens of the program's own accord.
    void act(uint8_t what) {
        const std::vector<Client*> now = clients;
        for (Client* client : now) {
            if (what % 4 == 0) client->resume();
            if (what % 4 == 1) client->accept();
            if (what % 4 == 2) client->send("of my own accord");
        }
        if (what % 4 == 3 && !now.empty()) {
            clients.erase(clients.begin());
            now.front()->close(4000, "at last");
        }
    }

  private:
    void reject(Client& client) {
        std::erase(clients, &client);
        client.reject(403, "not you");
    }
};

/// The listening socket and the server behind it, for all inputs.
struct Stage {
    Program program;
    websocket_server::Options options;
    libwebsocket::Context context{test::the_loop(), options, program};
    FileDescriptor listening;
    sockaddr_un address{};
    socklen_t address_size = 0;
    std::unique_ptr<libwebsocket::LinkServer> server;

    Stage() {
        options.window = 12000;
        options.max_message = 5000;
        // No max_clients: one that is being closed counts until the end of the turn, and turns are what
        // differs.
        listening.reset(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
        address.sun_family = AF_UNIX;
        // An abstract name that the kernel picks: nothing is left behind.
        require(bind(listening.get(), reinterpret_cast<sockaddr*>(&address), sizeof(sa_family_t)) == 0 &&
                    listen(listening.get(), 8) == 0,
                "a socket to listen on");
        address_size = sizeof address;
        getsockname(listening.get(), reinterpret_cast<sockaddr*>(&address), &address_size);
        server = std::make_unique<libwebsocket::LinkServer>(context, listening.get());
        program.server = server.get();
    }
    FileDescriptor connect_link() const {
        FileDescriptor fd(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
        require(connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), address_size) == 0,
                "the server listens");
        return fd;
    }
};

void add_hello(LinkPeer& gateway, uint8_t choice) {
    static constexpr uint64_t kWindows[] = {64, 200, 5000, 262144};
    link::Hello hello;
    hello.software = "script";
    gateway.window = hello.window = kWindows[choice % 4];
    hello.max_message = (choice & 4) != 0 ? 300 : 1u << 20;
    std::string text;
    link::append_hello(text, hello);
    gateway.add({0, 0, RecordType::Hello, 0, 0}, as_bytes(text));
}

void add_open(LinkPeer& gateway, uint32_t id, uint8_t choice, bool direct) {
    static constexpr const char* kNames[] = {"c", "reject", "defer", "throw", "chat"};
    std::string text = "{\"id\":\"" + std::string(kNames[choice % 5]) + std::to_string(id) +
                       "\",\"protocols\":[\"p\",\"q\"]";
    if (direct) {
        text += ",\"direct\":true,\"extensions\":\"";
        if ((choice & 64) != 0) text += "permessage-deflate; server_no_context_takeover";
        text += "\"";
    }
    gateway.add({0, id, RecordType::Open, 0, 0}, as_bytes(text + "}"));
    if (direct) gateway.expect_direct(id);
}

/// The ends of connections that were handed over, by the id they were handed over with.
class Browsers {
  public:
    explicit Browsers(Random* pieces) : pieces_(pieces) {}

    void hand_over(LinkPeer& gateway, uint32_t id, Bytes early) {
        int ends[2];
        require(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0,
                "a pair of sockets");
        close(id);
        sockets_[id].reset(ends[0]);
        const FileDescriptor theirs(ends[1]);
        gateway.hand_over(id, early, theirs.get());
        settle(gateway);
    }
    /// Bytes of the client, at once or in pieces.
    void send(LinkPeer& gateway, uint32_t id, std::string_view bytes) {
        const auto found = sockets_.find(id);
        if (found == sockets_.end() || bytes.empty()) return;
        std::vector<std::vector<uint8_t>> pieces = {exact(as_bytes(bytes))};
        if (pieces_) pieces = Pieces(as_bytes(bytes), pieces_->next()).cut(as_bytes(bytes));
        for (const auto& piece : pieces) {
            const ssize_t sent = ::send(found->second.get(), piece.data(), piece.size(), MSG_NOSIGNAL);
            if (sent != static_cast<ssize_t>(piece.size())) return;  // it has gone
            settle(gateway);
        }
    }
    void close(uint32_t id) {
        read(id);
        sockets_.erase(id);
    }
    void close_all() {
        while (!sockets_.empty())
            close(sockets_.begin()->first);
    }
    void settle(LinkPeer& gateway) {
        gateway.settle();
        for (const auto& [id, socket] : sockets_)
            read(id);
    }
    /// What each has got.
    const std::map<uint32_t, std::string>& seen() const { return seen_; }

  private:
    void read(uint32_t id) {
        const auto found = sockets_.find(id);
        if (found == sockets_.end()) return;
        char bytes[65536];
        for (ssize_t size = 0; (size = recv(found->second.get(), bytes, sizeof bytes, 0)) > 0;)
            seen_[id].append(bytes, static_cast<size_t>(size));
    }

    Random* pieces_;
    std::map<uint32_t, FileDescriptor> sockets_;
    std::map<uint32_t, std::string> seen_;
};

/// One step of the script: a letter and its operands.
void step(LinkPeer& gateway, Fields& script, Program& program, Browsers& browsers) {
    const uint8_t what = script.byte();
    const auto client = [&] { return static_cast<uint32_t>(script.byte() % 8); };
    const auto sized = [&] { return script.bytes(script.byte()); };
    switch (what) {
        case 'h':
            return add_hello(gateway, script.byte());
        case 'o': {
            const uint32_t id = client();
            return add_open(gateway, id, script.byte(), false);
        }
        case 'd': {
            const uint32_t id = client();
            return add_open(gateway, id, script.byte(), true);
        }
        case 'H': {
            const uint32_t id = client();
            gateway.flush();
            const Bytes early = sized();
            if (!gateway.ended()) browsers.hand_over(gateway, id, early);
            return;
        }
        case 'f': {  // a frame of a client, masked with zeros
            const uint32_t id = client();
            const uint8_t first = script.byte();
            const std::string_view payload = as_text(sized());
            std::string frame = {static_cast<char>(first),
                                 static_cast<char>(payload.size() < 126 ? 0x80 + payload.size() : 0xfe)};
            if (payload.size() >= 126) frame.append(1, '\0').append(1, static_cast<char>(payload.size()));
            gateway.flush();
            frame.append(4, '\0').append(payload);
            if (!gateway.ended()) browsers.send(gateway, id, frame);
            return;
        }
        case 'b': {  // its bytes
            const uint32_t id = client();
            gateway.flush();
            const std::string_view bytes = as_text(sized());
            if (!gateway.ended()) browsers.send(gateway, id, bytes);
            return;
        }
        case 'e': {
            const uint32_t id = client();
            gateway.flush();
            if (!gateway.ended()) browsers.close(id);
            return gateway.settle();
        }
        case 'm': {  // a whole text
            const uint32_t id = client();
            return gateway.add({0, id, RecordType::Message, link::kFirst | link::kLast, 0}, sized());
        }
        case 'p': {  // a part, or something binary
            const uint32_t id = client();
            const uint8_t flags = script.byte() & 7u;
            return gateway.add({0, id, RecordType::Message, flags, 0}, sized());
        }
        case 'l': {  // a long one
            const uint32_t id = client();
            const std::string text(script.word() % 6000, 'l');
            return gateway.add({0, id, RecordType::Message, link::kFirst | link::kLast, 0}, as_bytes(text));
        }
        case 'c': {
            const uint32_t id = client();
            const uint16_t code = script.word();
            return gateway.add({0, id, RecordType::Close, 0, code}, sized());
        }
        case '+': {
            const uint32_t id = client();
            uint8_t bytes[4];
            store<uint32_t>(bytes, script.word());
            return gateway.add({0, id, RecordType::Credit, 0, 0}, bytes);
        }
        case '?':
            return gateway.add({0, 0, RecordType::Ping, 0, 0}, sized());
        case 'r': {  // any record
            const auto type = static_cast<RecordType>(script.byte() % 16);
            const uint32_t id = script.word();
            const uint8_t flags = script.byte();
            const uint16_t code = script.word();
            return gateway.add({0, id, type, flags, code}, sized());
        }
        case '!':
            return gateway.flush();
        case 'x':
            gateway.flush();
            return gateway.send_raw(sized());
        case 'a':
            gateway.flush();
            program.act(script.byte());
            return gateway.settle();
        default:
            return;
    }
}

struct Outcome {
    std::map<std::string, std::string> program;
    std::map<uint32_t, std::string> gateway;
    std::map<uint32_t, std::string> browsers;
    bool ended = false;
    bool overdrawn = false;
    std::set<uint32_t> failed;
};

Outcome play(Bytes input, Random* pieces) {
    static Stage stage;
    stage.program.seen.clear();
    LinkPeer gateway(stage.connect_link(), LinkPeer::Role::Gateway, pieces);
    Browsers browsers(pieces);
    Fields script(input);
    const uint8_t beginning = script.byte();
    if (beginning < 128) add_hello(gateway, beginning);
    gateway.flush();
    while (!script.empty() && !gateway.ended())
        step(gateway, script, stage.program, browsers);
    gateway.flush();
    browsers.settle(gateway);
    Outcome outcome{{},
                    gateway.seen(),
                    browsers.seen(),
                    gateway.ended(),
                    gateway.overdrawn(stage.options.window),
                    gateway.failed()};
    gateway.end();
    gateway.settle();
    browsers.close_all();  // who is served directly outlives the link
    stage.program.act(0);  // nobody looks whether one that is paused is still there
    for (int turns = 0; turns < 3; ++turns)
        gateway.settle();
    require(stage.program.clients.empty(), "every client's end is told");
    require(stage.context.clients == 0, "no client is left");
    outcome.program = stage.program.seen;
    return outcome;
}

template <typename Key>
std::string joined(const std::map<Key, std::string>& lines) {
    std::string out;
    for (const auto& one : lines) {
        if constexpr (std::is_integral_v<Key>) {
            out += std::to_string(one.first);
        } else {
            out += one.first;
        }
        out += ":\n" + one.second;
    }
    return out;
}

}  // namespace
}  // namespace marmoset::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace marmoset;
    using namespace marmoset::fuzz;
    silence_log();
    const Bytes input(data, size);
    Outcome whole = play(input, nullptr);
    Random random(input);
    Outcome pieces = play(input, &random);
    if (whole.overdrawn) return 0;
    require(whole.ended == pieces.ended, "the link ends, or does not, however its records are packed");
    require_equal(joined(whole.program), joined(pieces.program), "what the program was told");
    require_equal(joined(whole.browsers), joined(pieces.browsers), "what clients got that were handed over");
    for (const auto* failed : {&whole.failed, &pieces.failed}) {
        for (const uint32_t id : *failed) {
            whole.gateway.erase(id);
            pieces.gateway.erase(id);
        }
    }
    // What was not sent when a link ends is dropped, so the gateway may have got less.
    if (!whole.ended)
        require_equal(joined(whole.gateway), joined(pieces.gateway), "what the gateway was sent");
    return 0;
}
