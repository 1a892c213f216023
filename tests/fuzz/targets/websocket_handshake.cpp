// The opening handshake's rules. In: lines: method, Host, Upgrade, Connection, key, version, protocols, the
// Origin policy, Origin. The verdict against the rules of RFC 6455 4.2.1 read one by one; subprotocols
// against a plain list; what the Origin policy lets in against what it says.
#include "websocket/handshake.h"

#include <algorithm>
#include <set>

#include "base/authority.h"
#include "base/base64.h"
#include "base/text.h"
#include "tests/fuzz/support/fuzz.h"

namespace marmoset::fuzz {
namespace {

bool lists(std::string_view list, std::string_view word) {
    while (const auto element = next_list_element(list)) {
        if (equal_caseless(*element, word)) return true;
    }
    return false;
}

bool is_key(std::string_view key) {
    if (key.size() != 24 || key.substr(22) != "==") return false;
    return key.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") == 22;
}

void check_verdict(const websocket::HandshakeRequest& request, bool protocols_fine) {
    const websocket::HandshakeVerdict verdict = websocket::check_handshake(request);
    Authority host;
    const bool fine = request.method == "GET" && request.minor_version >= 1 &&
                      lists(request.upgrade, "websocket") && lists(request.connection, "upgrade") &&
                      parse_authority(request.host, host) && request.version == "13" &&
                      request.version_count < 2 && request.key_count == 1 && is_key(request.key) &&
                      protocols_fine && !request.has_body;
    require((verdict.status == 0) == fine, "a handshake is accepted when it keeps every rule");
    require(verdict.status == 0 || verdict.status == 400 || verdict.status == 405 || verdict.status == 426,
            "a status of the list");
    require(verdict.status == 0 || *verdict.reason != '\0', "a refusal has a reason");
}

/// What no header's text can say.
void check_variations(const websocket::HandshakeRequest& request, bool protocols_fine) {
    check_verdict(request, protocols_fine);
    websocket::HandshakeRequest other = request;
    for (const unsigned count : {0u, 2u, 3u}) {
        other.key_count = count;
        check_verdict(other, protocols_fine);
    }
    other = request;
    for (const unsigned count : {0u, 2u, 3u}) {
        other.version_count = count;
        check_verdict(other, protocols_fine);
    }
    other = request;
    other.has_body = true;
    check_verdict(other, protocols_fine);
    other = request;
    other.minor_version = 0;
    check_verdict(other, protocols_fine);
}

void check_origin(std::string_view policy, std::string_view origin, std::string_view host) {
    for (const bool tls : {false, true}) {
        const bool permitted = websocket::origin_permitted(policy, origin, host, tls);
        if (origin.empty()) {
            require(permitted, "who sends no Origin is no browser");
            continue;
        }
        if (lists(policy, "*")) {
            require(permitted, "* permits any");
            continue;
        }
        if (!permitted) continue;
        // Whoever is let in is of the form scheme "://" host [":" port], and its host is named by policy or
        // Host.
        if (origin == "null") {
            require(lists(policy, "null"), "null only where it is listed");
            continue;
        }
        const size_t colon = origin.find("://");
        require(colon != std::string_view::npos &&
                    origin.substr(colon + 3).find_first_of("/@?#\\ ") == std::string_view::npos,
                "an origin and nothing else");
        Authority from;
        require(parse_authority(origin.substr(colon + 3), from), "an origin's host is one");
        bool named = false;
        std::string_view rest = policy;
        while (const auto element = next_list_element(rest)) {
            Authority entry;
            const size_t scheme = element->find("://");
            const std::string_view place =
                scheme == std::string_view::npos ? *element : element->substr(scheme + 3);
            if (equal_caseless(*element, "same")) {
                named = named || (parse_authority(host, entry) && equal_hosts(entry.host, from.host));
            } else if (parse_authority(place, entry)) {
                const std::string_view suffix =
                    entry.host.starts_with("*.") ? entry.host.substr(1) : std::string_view();
                named = named || equal_hosts(entry.host, from.host) ||
                        (!suffix.empty() && from.host.size() > suffix.size() &&
                         equal_caseless(from.host.substr(from.host.size() - suffix.size()), suffix));
            }
        }
        require(named, "an origin that is let in is named");
    }
}

}  // namespace
}  // namespace marmoset::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace marmoset;
    using namespace marmoset::fuzz;
    Fields fields({data, size});
    std::vector<std::vector<uint8_t>> lines;
    for (int i = 0; i < 9; ++i)
        lines.push_back(exact(as_bytes(fields.until('\n'))));
    websocket::HandshakeRequest request;
    request.method = as_text(lines[0]);
    request.host = as_text(lines[1]);
    request.upgrade = as_text(lines[2]);
    request.connection = as_text(lines[3]);
    request.key = as_text(lines[4]);
    request.version = as_text(lines[5]);
    request.protocols = as_text(lines[6]);
    request.key_count = request.version_count = 1;

    std::vector<std::string_view> tokens;
    const bool protocols_fine = websocket::parse_protocols(request.protocols, tokens);
    std::set<std::string_view> different;
    bool all_tokens = true;
    std::string_view rest = request.protocols;
    size_t count = 0;
    while (const auto token = next_list_element(rest)) {
        all_tokens = all_tokens && is_token(*token);
        if (protocols_fine)
            require(count < tokens.size() && tokens[count] == *token,
                    "the offered subprotocols in their order");
        different.insert(*token);
        ++count;
    }
    require(protocols_fine == (all_tokens && different.size() == count),
            "subprotocols are tokens, each once");
    check_variations(request, protocols_fine);
    if (is_key(request.key)) {
        const std::string accept = websocket::accept_value(request.key);
        require(accept.size() == 28 && accept.back() == '=' &&
                    std::all_of(accept.begin(), accept.end() - 1, is_base64_character),
                "20 bytes of base64");
    }
    check_origin(as_text(lines[7]), as_text(lines[8]), request.host);
    return 0;
}
