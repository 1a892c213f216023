// The gateway's side of the link: what a system server sends, while clients come, send, close and vanish. In:
// a script of records and of clients' bytes, see step(). It is played with as many records a packet as fit
// and clients' bytes in one read each, then cut elsewhere: what each client and the server got must be the
// same, and keep to link-protocol.md.
#include <sys/socket.h>

#include <memory>
#include <string>
#include <vector>

#include "http/http1.h"
#include "link/metadata.h"
#include "tests/fuzz/support/fuzz.h"
#include "tests/fuzz/support/gateway.h"
#include "tests/fuzz/support/link_peer.h"
#include "tests/support/scripted_peer.h"
#include "websocket/frame.h"

namespace marmoset::fuzz {
namespace {

using link::RecordType;
using test::ScriptedPeer;

constexpr size_t kClients = 4;

/// What a client got behind its 101: whole frames, no message inside another, nothing behind a Close frame.
void check_frames(std::string_view received) {
    if (!received.starts_with("HTTP/1.1 101 ")) return;
    received.remove_prefix(received.find("\r\n\r\n") + 4);
    bool in_message = false, closed = false;
    while (!received.empty()) {
        const auto decoded = websocket::decode_frame_header(as_bytes(received));
        require(decoded.status == websocket::DecodeStatus::Complete, "clients get whole frames");
        const size_t size = decoded.size + decoded.header.length;
        require(size <= received.size() && !decoded.header.masked, "with their payload, unmasked");
        require(!closed, "nothing follows a Close frame");
        received.remove_prefix(size);
        closed = decoded.header.opcode == 8;
        if (decoded.header.opcode >= 8) continue;
        require(in_message == (decoded.header.opcode == 0), "no message begins inside another one");
        in_message = !decoded.header.fin;
    }
}

/// One play of the script.
class Scene {
  public:
    explicit Scene(Random* pieces) : pieces_(pieces) {}

    void step(Fields& script);
    /// What the server has kept leaves.
    void flush() {
        if (link_) link_->flush();
        settle();
    }
    /// All clients go, then the server.
    void end();
    bool link_ended() const { return link_ && link_->ended(); }

    std::string clients_got() const { return got_; }
    std::string server_got() const {
        std::string out;
        if (!link_) return out;
        for (const auto& [id, lines] : link_->seen())
            out += std::to_string(id) + ":\n" + lines;
        return out;
    }
    bool narrow() const { return narrow_; }

  private:
    void settle();
    void meet_link();
    void take_received(size_t index);
    void open_client(size_t index, uint8_t kind);
    void client_sends(size_t index, std::string_view bytes);
    void record(RecordType type, uint32_t id, Bytes payload, uint8_t flags = 0, uint16_t code = 0) {
        if (link_) link_->add({0, id, type, flags, code}, payload);
    }
    void hello(uint8_t choice);
    bool step_of_server(uint8_t what, Fields& script);
    void step_of_client(uint8_t what, Fields& script);

    Random* pieces_;
    std::unique_ptr<LinkPeer> link_;
    std::unique_ptr<ScriptedPeer> clients_[kClients];
    std::string got_;
    bool narrow_ = false;  // the server's window is so small that it matters where messages are cut
};

void Scene::meet_link() {
    if (link_) return;
    FileDescriptor accepted(accept4(gateway().listening.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (accepted) link_ = std::make_unique<LinkPeer>(std::move(accepted), LinkPeer::Role::Server, pieces_);
}

void Scene::settle() {
    size_t unread = 0, before = SIZE_MAX;
    // A client that is not read from any more, for want of credit, is left alone.
    for (int idle = 0; idle < 2; idle = unread == before ? idle + 1 : 0) {
        before = unread;
        test::turn(test::the_loop());
        meet_link();
        if (link_) link_->read();
        unread = 0;
        for (const auto& client : clients_)
            unread += client ? client->unread() : 0;
    }
}

void Scene::take_received(size_t index) {
    if (!clients_[index]) return;
    check_frames(clients_[index]->received);
    got_ += "<" + std::to_string(index) + ">" + clients_[index]->received;
}

void Scene::open_client(size_t index, uint8_t kind) {
    if (clients_[index] && !clients_[index]->closed()) return;
    take_received(index);
    clients_[index] = std::make_unique<ScriptedPeer>(test::the_loop());
    ScriptedPeer& client = *clients_[index];
    client.share_buffer();
    require(
        client.connection()->start(std::make_unique<http::Http1>(*client.connection(), *gateway().service)),
        "the connection can be polled");
    std::string head =
        "GET /s/path?query HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nX-Told: \xff\"\r\n";
    if ((kind & 1) != 0) head += "Sec-WebSocket-Protocol: p, q\r\n";
    if ((kind & 2) != 0) head += "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n";
    client.send(exact(as_bytes(head + "\r\n")));  // how a head may be cut is http_connection's affair
    settle();
}

void Scene::client_sends(size_t index, std::string_view bytes) {
    ScriptedPeer* client = clients_[index].get();
    if (client == nullptr || client->closed()) return;
    // Before its 101 a client is read from once, and then only behind that: whether all of a hasty frame is
    // there decides on what the server's first message meets.
    if (pieces_ == nullptr || client->received.empty()) {
        client->send(exact(as_bytes(bytes)));
    } else {
        client->send(Pieces(as_bytes(bytes), pieces_->next()).cut(as_bytes(bytes)));
    }
    settle();
}

void Scene::hello(uint8_t choice) {
    static constexpr uint64_t kWindows[] = {262144, 262144, 64, 400};
    link::Hello ours;
    ours.software = "script";
    ours.window = kWindows[choice % 4];
    ours.max_message = (choice & 4) != 0 ? 300 : 1u << 20;
    if (link_) link_->window = ours.window;
    narrow_ = narrow_ || ours.window < 262144;
    std::string text;
    link::append_hello(text, ours);
    record(RecordType::Hello, 0, as_bytes(text));
}

// A letter and its operands.
bool Scene::step_of_server(uint8_t what, Fields& script) {
    const auto id = [&] { return static_cast<uint32_t>(script.byte() % 8); };
    const auto sized = [&] { return script.bytes(script.byte()); };
    switch (what) {
        case 'h':
            hello(script.byte());
            return true;
        case 'a': {
            const uint32_t client = id();
            record(RecordType::Accept, client, as_bytes((script.byte() & 1) != 0 ? "q" : ""));
            return true;
        }
        case 'j': {
            const uint32_t client = id();
            record(RecordType::Reject, client, sized(), 0, 403);
            return true;
        }
        case 'm': {  // a whole text
            const uint32_t client = id();
            record(RecordType::Message, client, sized(), link::kFirst | link::kLast);
            return true;
        }
        case 'p': {  // a part, or something binary
            const uint32_t client = id();
            const uint8_t flags = script.byte() & 7u;
            record(RecordType::Message, client, sized(), flags);
            return true;
        }
        case 'l': {  // a long one
            const uint32_t client = id();
            const std::string text(script.word() % 6000, 'l');
            record(RecordType::Message, client, as_bytes(text), link::kFirst | link::kLast);
            return true;
        }
        case 'c': {
            const uint32_t client = id();
            const uint16_t code = script.word();
            record(RecordType::Close, client, sized(), 0, code);
            return true;
        }
        case '+': {
            const uint32_t client = id();
            uint8_t bytes[4];
            store<uint32_t>(bytes, script.word());
            record(RecordType::Credit, client, bytes);
            return true;
        }
        case 't':
        case 'v': {  // topics "a" to "c"
            const uint32_t client = id();
            const uint8_t topic = 'a' + script.byte() % 3;
            record(what == 't' ? RecordType::Join : RecordType::Leave, client, {&topic, 1});
            return true;
        }
        case 'P': {
            const uint32_t except = id();
            const uint8_t flags = script.byte() & 7u;
            std::vector<uint8_t> payload = {1, 0, static_cast<uint8_t>('a' + script.byte() % 3)};
            const Bytes message = sized();
            payload.insert(payload.end(), message.begin(), message.end());
            record(RecordType::Publish, except, payload, flags);
            return true;
        }
        case '?':
            record(RecordType::Ping, 0, sized());
            return true;
        case 'r': {  // any record
            const auto type = static_cast<RecordType>(script.byte() % 16);
            const uint32_t client = script.word();
            const uint8_t flags = script.byte();
            const uint16_t code = script.word();
            record(type, client, sized(), flags, code);
            return true;
        }
        case 'x': {
            const Bytes packet = sized();
            if (link_) link_->flush();
            if (link_) link_->send_raw(packet);
            return true;
        }
        case '!':
            if (link_) link_->flush();
            return true;
        default:
            return false;
    }
}

void Scene::step_of_client(uint8_t what, Fields& script) {
    const size_t client = script.byte() % kClients;
    switch (what) {
        case 'o':
            open_client(client, script.byte());
            return;
        case 'f': {  // a frame, masked
            const uint8_t first = script.byte();
            const std::string_view payload = script.text(script.byte());
            std::string frame = {static_cast<char>(first),
                                 static_cast<char>(payload.size() < 126 ? 0x80 + payload.size() : 0xfe)};
            if (payload.size() >= 126) frame.append(1, '\0').append(1, static_cast<char>(payload.size()));
            client_sends(client, frame.append(4, '\0').append(payload));
            return;
        }
        case 'b':
            client_sends(client, script.text(script.byte()));
            return;
        case 'e':
            if (clients_[client]) clients_[client]->end();
            settle();
            return;
        default:
            return;
    }
}

void Scene::step(Fields& script) {
    const uint8_t what = script.byte();
    if (step_of_server(what, script)) return;
    // What the server has sent before comes before.
    if (link_) link_->flush();
    if (!link_ended()) step_of_client(what, script);
}

/// A link that was made after the script's has ended goes, too.
void turn_without_server() {
    test::turn(test::the_loop());
    while (FileDescriptor(accept4(gateway().listening.get(), nullptr, nullptr, SOCK_CLOEXEC))) {
    }
}

void Scene::end() {
    for (const auto& client : clients_) {
        if (client) client->end();
    }
    settle();
    if (link_) link_->end();
    const auto all_closed = [this] {
        for (const auto& client : clients_) {
            if (client && !client->closed()) return false;
        }
        return true;
    };
    for (int turns = 0; !all_closed(); ++turns) {
        require(turns < 1000, "clients that have gone are closed when the server has gone, too");
        turn_without_server();
    }
    for (int turns = 0; turns < 3; ++turns)
        turn_without_server();
    for (size_t i = 0; i < kClients; ++i)
        take_received(i);
}

struct Outcome {
    std::string clients, server;
    bool ended, narrow;
};

/// The answers to handshakes tell the time.
std::string without_dates(std::string text) {
    for (size_t at = 0; (at = text.find("\r\nDate: ", at)) != std::string::npos; ++at)
        text.erase(at, std::min(text.find("\r\n", at + 2), text.size()) - at);
    return text;
}

Outcome play(Bytes input, Random* pieces) {
    const uint64_t memory = test::the_loop().queued_memory();
    Outcome outcome;
    {
        Scene scene(pieces);
        Fields script(input);
        while (!script.empty() && !scene.link_ended())
            scene.step(script);
        scene.flush();
        outcome.ended = scene.link_ended();
        scene.end();
        outcome.clients = without_dates(scene.clients_got());
        outcome.server = scene.server_got();
        outcome.narrow = scene.narrow();
    }
    require(gateway().exchanges.in_progress() == 0, "no exchange outlives its connection");
    require(test::the_loop().queued_memory() == memory, "all memory is given back to the account");
    return outcome;
}

}  // namespace
}  // namespace marmoset::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace marmoset;
    using namespace marmoset::fuzz;
    silence_log();
    const Bytes input(data, size);
    const Outcome whole = play(input, nullptr);
    Random random(input);
    const Outcome pieces = play(input, &random);
    // With little credit a message that comes in more pieces costs more of it, and gets less far.
    if (whole.narrow || pieces.narrow) return 0;
    require(whole.ended == pieces.ended, "the link ends, or does not, however its records are packed");
    require_equal(whole.clients, pieces.clients, "what clients got");
    // What was not sent when a link ends is dropped, so the server may have got less.
    if (!whole.ended) require_equal(whole.server, pieces.server, "what the server got");
    return 0;
}
