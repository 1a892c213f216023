// The client's half of the opening handshake. In: four lines (a URL, a proxy's URL, the subprotocols that are
// asked for, whether compression is) and then what a server answers. URLs: what was understood, written and
// read again, is the same; a request: the server's half of the rules takes it; the answer: its heads are the
// same whole and in pieces, and it is believed when it keeps every rule of RFC 6455 4.1.
#include "websocket/client_handshake.h"

#include <algorithm>
#include <string>
#include <vector>

#include "base/authority.h"
#include "base/text.h"
#include "http/head_check.h"
#include "http/response_head.h"
#include "libwebsocket/head_reader.h"
#include "tests/fuzz/support/fuzz.h"
#include "tests/support/scripted_peer.h"
#include "websocket/handshake.h"
#include "websocket/url.h"

namespace marmoset::fuzz {
namespace {

constexpr const char* kKey = "dGhlIHNhbXBsZSBub25jZQ==";
constexpr const char* kAccept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";  // of RFC 6455 1.3

// ---- URLs -----------------------------------------------------------------------------------------------

std::string written(const websocket::Url& url) {
    return std::to_string(url.secure) + "|" + url.unix_path + "|" + url.host + "|" +
           std::to_string(url.port) + "|" + url.target;
}

void check_url(std::string_view text) {
    const auto url = websocket::parse_url(text);
    if (!url) {
        require(!url.error().text.empty(), "a refusal has a reason");
        return;
    }
    require(text.find('#') == std::string_view::npos, "a websocket URL has no fragment");
    require(url->port != 0 && !url->host.empty(), "there is something to connect to");
    require(url->target.starts_with('/'), "a request line has a path");
    for (const char c : url->target)
        require(c > ' ' && c < 0x7f, "a request line takes the target");
    require(url->user.find(':') == std::string::npos, "Basic can tell where the user ends");
    Authority authority;
    require(parse_authority(url->authority(), authority), "Host takes the authority");
    if (url->unix_path.find('%') != std::string::npos || url->unix_path.find(':') != std::string::npos)
        return;  // text() is for logs: it shows the path as it is
    const std::string shown = url->text();
    const bool printable =
        std::all_of(shown.begin(), shown.end(), [](char c) { return c > ' ' && c < 0x7f; });
    if (!url->unix_path.empty() && (!printable || shown.find('#') != std::string::npos)) return;
    const auto again = websocket::parse_url(shown);
    require(static_cast<bool>(again), "what is shown of a URL is one");
    require_equal(written(*url), written(*again), "a URL, and what is shown of it");
}

// ---- the request ----------------------------------------------------------------------------------------

// As the server reads it: the rules of RFC 6455 4.2.1.
void check_request(const websocket::ClientHandshake& asked, const std::string& text) {
    require(text.starts_with("GET /t HTTP/1.1\r\n") && text.ends_with("\r\n\r\n"), "a whole request");
    websocket::HandshakeRequest request;
    request.method = "GET";
    std::string_view rest = std::string_view(text).substr(text.find("\r\n") + 2);
    while (!rest.starts_with("\r\n")) {
        const std::string_view line = rest.substr(0, rest.find("\r\n"));
        rest.remove_prefix(line.size() + 2);
        const size_t colon = line.find(": ");
        require(colon != std::string_view::npos, "fields have a name and a value");
        const std::string_view name = line.substr(0, colon), value = line.substr(colon + 2);
        if (name == "Host") request.host = value;
        if (name == "Upgrade") request.upgrade = value;
        if (name == "Connection") request.connection = value;
        if (name == "Sec-WebSocket-Key") request.key = value, ++request.key_count;
        if (name == "Sec-WebSocket-Version") request.version = value, ++request.version_count;
        if (name == "Sec-WebSocket-Protocol") request.protocols = value;
        if (name == "Sec-WebSocket-Extensions") request.extensions = value;
    }
    const auto verdict = websocket::check_handshake(request);
    require(verdict.status == 0, "the server's half of the rules takes what the client's half asks");
    std::vector<std::string_view> tokens;
    websocket::parse_protocols(request.protocols, tokens);
    require(std::equal(tokens.begin(), tokens.end(), asked.protocols.begin(), asked.protocols.end()),
            "all subprotocols are asked for, in their order");
}

// ---- the answer -----------------------------------------------------------------------------------------

/// What a reader of heads was told, up to the first answer that is not interim.
struct Owner {
    std::string told;
    std::string head;  ///< the final one

    bool on_head(std::string_view text, MutableBytes) {
        told.append("head ").append(text).append("\n");
        http::ResponseHead parsed;
        const char* wrong = http::parse_response_head(text, libwebsocket::kMaxHeadFields, parsed);
        if (!wrong && parsed.status < 200 && parsed.status != 101) return false;
        head = text;
        done = true;
        return true;
    }
    void on_head_too_large() {
        if (!done) told += "too large\n";
        done = true;
    }
    void on_lost(CloseReason) {
        if (!done) told += "lost\n";
        done = true;
    }
    void on_secured() {}
    void on_deadline() {}
    bool done = false;
};

Owner read_heads(std::vector<std::vector<uint8_t>> pieces) {
    Owner owner;
    test::ScriptedPeer peer(test::the_loop());
    auto made = std::make_unique<libwebsocket::HeadProtocol<Owner>>(*peer.connection(), owner);
    auto& reader = *made;
    require(peer.connection()->start(std::move(made)), "the connection can be polled");
    peer.send(std::move(pieces));
    peer.end();
    for (int turns = 0; !owner.done; ++turns) {
        require(turns < 1000000, "an end of the stream is told");
        test::turn(test::the_loop());
    }
    reader.detach();
    if (peer.connection()) peer.connection()->close(CloseReason::Shutdown);
    test::turn(test::the_loop());
    return owner;
}

/// Values of one field, as simply as can be.
std::vector<std::string> values(std::string_view head, std::string_view name) {
    std::vector<std::string> found;
    for (size_t at = head.find("\r\n") + 2; at < head.size();) {
        const size_t end = head.find("\r\n", at);
        const std::string_view line = head.substr(at, end - at);
        at = end + 2;
        const size_t colon = line.find(':');
        if (colon != std::string_view::npos && equal_caseless(line.substr(0, colon), name))
            found.emplace_back(trim(line.substr(colon + 1)));
    }
    return found;
}

std::string join(const std::vector<std::string>& texts) {
    std::string out;
    for (const std::string& text : texts)
        out += out.empty() && &text == &texts.front() ? text : ", " + text;
    return out;
}

bool keeps_the_rules(std::string_view head, const websocket::ClientHandshake& asked) {
    if (!head.starts_with("HTTP/1.1")) return false;
    if (!equal_caseless(join(values(head, "upgrade")), "websocket")) return false;
    bool upgrades = false;
    const std::string connection = join(values(head, "connection"));
    std::string_view rest = connection;
    while (const auto element = next_list_element(rest))
        upgrades = upgrades || equal_caseless(*element, "upgrade");
    if (!upgrades || values(head, "sec-websocket-accept") != std::vector<std::string>{kAccept}) return false;
    const auto protocols = values(head, "sec-websocket-protocol");
    if (asked.protocols.empty()
            ? !protocols.empty()
            : protocols.size() != 1 || std::find(asked.protocols.begin(), asked.protocols.end(),
                                                 protocols[0]) == asked.protocols.end())
        return false;
    size_t extensions = 0;
    const std::string list = join(values(head, "sec-websocket-extensions"));
    rest = list;
    while (const auto element = next_list_element(rest)) {
        ++extensions;
        const std::string_view name = trim(element->substr(0, element->find(';')));
        if (!asked.deflate || !equal_caseless(name, "permessage-deflate")) return false;
        if (!websocket::check_deflate_answer(*element)) return false;
    }
    return extensions <= 1;
}

void check_answer(Bytes sent, Bytes input, const websocket::ClientHandshake& asked) {
    const Owner whole = read_heads({exact(sent)});
    const Owner pieces = read_heads(Pieces(input).cut(sent));
    require_equal(whole.told, pieces.told, "heads of the whole and of pieces");
    http::ResponseHead head;
    if (whole.head.empty() ||
        http::parse_response_head(whole.head, libwebsocket::kMaxHeadFields, head) != nullptr ||
        head.status != 101)
        return;
    websocket::HandshakeAnswer answer;
    answer.minor_version = head.minor_version;
    answer.upgrade = head.joined("upgrade");
    answer.connection = head.joined("connection");
    answer.accept = head.joined("sec-websocket-accept");
    answer.accept_count = head.count("sec-websocket-accept");
    answer.protocol = head.joined("sec-websocket-protocol");
    answer.protocol_count = head.count("sec-websocket-protocol");
    answer.extensions = head.joined("sec-websocket-extensions");
    const auto verdict = websocket::check_answer(asked, answer);
    require((verdict.error == nullptr) == keeps_the_rules(whole.head, asked),
            "an answer is believed when it keeps every rule");
    if (verdict.error) return;
    require(verdict.protocol.empty() == asked.protocols.empty(), "the subprotocol is one of those asked for");
    require(!verdict.deflate || asked.deflate, "nothing is agreed on that was not offered");
    if (!verdict.deflate) return;
    // What was agreed, said as an offer, is taken as it is, but for its form.
    const auto mirrored = websocket::at_the_clients_end(websocket::at_the_clients_end(*verdict.deflate));
    require_equal(websocket::deflate_response(*verdict.deflate), websocket::deflate_response(mirrored),
                  "the client's end of the client's end");
}

}  // namespace
}  // namespace marmoset::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace marmoset;
    using namespace marmoset::fuzz;
    silence_log();
    const Bytes input(data, size);
    Fields fields(input);
    check_url(fields.until('\n'));
    const auto proxy = websocket::parse_proxy_url(fields.until('\n'));
    if (proxy)
        require(proxy->port != 0 && !proxy->host.empty() && !proxy->secure, "a proxy can be connected to");
    websocket::ClientHandshake asked{kKey, {}, true};
    std::string_view list = fields.until('\n');
    while (const auto element = next_list_element(list))
        asked.protocols.emplace_back(*element);
    if (!websocket::are_valid_protocols(asked.protocols)) asked.protocols.clear();
    asked.deflate = fields.until('\n') != "plain";
    check_request(asked, websocket::handshake_request(asked, "/t", "h", {}));
    check_answer(fields.rest(), input, asked);
    return 0;
}
