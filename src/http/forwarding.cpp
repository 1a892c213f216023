#include "http/forwarding.h"

#include <algorithm>
#include <optional>
#include <string>

#include "base/text.h"

namespace marmoset::http {

namespace {

constexpr size_t kNowhere = std::string_view::npos;
constexpr size_t kMostElements = 128;  // of a field Forwarded

/// Elements of a list that is spread over the fields of one name (RFC 9110 5.3), the last one first.
class Backwards {
  public:
    Backwards(const Request& request, std::string_view name) : headers_(request.headers), name_(name) {
        index_ = headers_.size();
    }
    /// The next value in which an element is looked for; false: there is none.
    bool next_field(std::string_view& value) {
        while (index_ > 0) {
            const Header& header = headers_[--index_];
            if (!equal_caseless(header.name, name_)) continue;
            value = header.value;
            return true;
        }
        return false;
    }

  private:
    const std::vector<Header>& headers_;
    std::string_view name_;
    size_t index_;
};

enum class Node : uint8_t { Address, Unknown, Malformed };

// RFC 7239 6: the characters of an obfuscated identifier.
bool is_obfuscated(std::string_view text) {
    return text.size() > 1 && text.front() == '_' && std::all_of(text.begin() + 1, text.end(), [](char c) {
               return (c >= '0' && c <= '9') || (to_lower(c) >= 'a' && to_lower(c) <= 'z') || c == '.' ||
                      c == '_' || c == '-';
           });
}

// RFC 7239 6: an address, "unknown" or an identifier of the proxy's own, each with a port perhaps. An IPv6
// address also without brackets, as X-Forwarded-For has it.
Node read_node(std::string_view text, net::Address& address) {
    std::string_view host = text, port;
    if (text.starts_with('[')) {
        const size_t end = text.find(']');
        if (end == kNowhere || (end + 1 < text.size() && text[end + 1] != ':')) return Node::Malformed;
        host = text.substr(1, end - 1);
        if (host.find(':') == kNowhere) return Node::Malformed;
        if (end + 1 < text.size()) port = text.substr(end + 2);
        if (end + 2 == text.size()) return Node::Malformed;
    } else if (const size_t colon = text.find(':');
               colon != kNowhere && text.find(':', colon + 1) == kNowhere) {
        host = text.substr(0, colon);
        port = text.substr(colon + 1);
        if (port.empty()) return Node::Malformed;
    }
    uint16_t number = 0;
    if (!port.empty() && !is_obfuscated(port)) {
        const auto value = parse_decimal(port);
        if (!value || *value > 65535) return Node::Malformed;
        number = static_cast<uint16_t>(*value);
    }
    if (equal_caseless(host, "unknown") || is_obfuscated(host)) {
        address = {};
        return Node::Unknown;
    }
    const auto parsed = net::Address::parse(host, number);
    if (!parsed) return Node::Malformed;
    address = *parsed;
    return Node::Address;
}

bool is_https(std::string_view scheme) {
    return equal_caseless(scheme, "https") || equal_caseless(scheme, "wss");
}

// ---- X-Forwarded-For ------------------------------------------------------------------------------------

// The `back`th value of X-Forwarded-Proto from its end, or the first if there are fewer: a proxy sets it
// anew, or adds to it as to the addresses.
std::string_view forwarded_proto(const Request& request, size_t back) {
    Backwards fields(request, "x-forwarded-proto");
    std::string_view value, proto;
    while (fields.next_field(value)) {
        for (bool more = true; more;) {
            const size_t comma = value.rfind(',');
            proto = trim(comma == kNowhere ? value : value.substr(comma + 1));
            if (back-- == 0) return proto;
            more = comma != kNowhere;
            if (more) value = value.substr(0, comma);
        }
    }
    return proto;
}

bool walk_x_forwarded_for(const Forwarding& forwarding, const Request& request, Client& client) {
    Backwards fields(request, "x-forwarded-for");
    std::string_view value;
    size_t hops = 0;
    while (fields.next_field(value)) {
        for (bool more = true; more;) {
            const size_t comma = value.rfind(',');
            const std::string_view element = trim(comma == kNowhere ? value : value.substr(comma + 1));
            more = comma != kNowhere;
            if (more) value = value.substr(0, comma);
            if (element.empty()) continue;  // RFC 9110 5.6.1
            if (read_node(element, client.address) == Node::Malformed) return false;
            ++hops;
            if (forwarding.proxies.contains(client.address)) continue;
            const std::string_view proto = forwarded_proto(request, hops - 1);
            if (!proto.empty()) client.secure = is_https(proto);
            return true;
        }
    }
    const std::string_view proto = forwarded_proto(request, hops > 0 ? hops - 1 : 0);
    if (!proto.empty()) client.secure = is_https(proto);
    return true;
}

// ---- Forwarded ------------------------------------------------------------------------------------------

/// What one proxy says of whom it has heard.
struct Element {
    std::string node;
    std::string proto;
    bool has_node = false, has_proto = false;
};

// RFC 9110 5.6.4 off the front of `rest`, unescaped; false: it has no end.
bool read_quoted(std::string_view& rest, std::string& out) {
    size_t at = 1;
    for (; at < rest.size() && rest[at] != '"'; ++at) {
        if (rest[at] == '\\' && ++at == rest.size()) return false;
        out += rest[at];
    }
    if (at >= rest.size()) return false;
    rest.remove_prefix(at + 1);
    return true;
}

// RFC 7239 4: [ pair ] *( ";" [ pair ] ). Stops at the comma or the end.
bool read_element(std::string_view& rest, Element& element) {
    for (;;) {
        size_t end = 0;
        while (end < rest.size() && is_token_character(rest[end]))
            ++end;
        const std::string_view name = rest.substr(0, end);
        rest.remove_prefix(end);
        if (!name.empty()) {
            if (!rest.starts_with('=')) return false;
            rest.remove_prefix(1);
            std::string value;
            if (rest.starts_with('"')) {
                if (!read_quoted(rest, value)) return false;
            } else {
                // Beyond RFC 7239's tokens: proxies leave the quotes of "192.0.2.1:80" and "[::1]" out.
                end = std::min(rest.find_first_of(";, \t\"\\"), rest.size());
                if (end == 0) return false;
                value = rest.substr(0, end);
                rest.remove_prefix(end);
            }
            const bool node = equal_caseless(name, "for"), proto = equal_caseless(name, "proto");
            if ((node && element.has_node) || (proto && element.has_proto)) return false;
            if (node) element.node = std::move(value);
            if (proto) element.proto = std::move(value);
            element.has_node = element.has_node || node;
            element.has_proto = element.has_proto || proto;
        }
        if (!rest.starts_with(';')) break;
        rest.remove_prefix(1);
        rest.remove_prefix(std::min(rest.find_first_not_of(" \t"), rest.size()));
    }
    rest.remove_prefix(std::min(rest.find_first_not_of(" \t"), rest.size()));
    return rest.empty() || rest.front() == ',';
}

bool read_elements(std::string_view rest, std::vector<Element>& elements) {
    elements.clear();
    while (!rest.empty()) {
        rest.remove_prefix(std::min(rest.find_first_not_of(" \t,"), rest.size()));
        if (rest.empty()) break;
        if (elements.size() == kMostElements || !read_element(rest, elements.emplace_back())) return false;
    }
    return true;
}

bool walk_forwarded(const Forwarding& forwarding, const Request& request, Client& client) {
    Backwards fields(request, "forwarded");
    std::string_view value;
    std::vector<Element> elements;
    while (fields.next_field(value)) {
        if (!read_elements(value, elements)) return false;
        for (size_t i = elements.size(); i-- > 0;) {
            const Element& element = elements[i];
            if (element.has_proto) client.secure = is_https(element.proto);
            if (!element.has_node) {
                client.address = {};  // it does not say: nothing before it is known either
                return true;
            }
            if (read_node(element.node, client.address) == Node::Malformed) return false;
            if (!forwarding.proxies.contains(client.address)) return true;
        }
    }
    return true;
}

}  // namespace

bool find_client(const Forwarding& forwarding, const Request& request, Client& client) {
    switch (forwarding.field) {
        case Forwarding::Field::XForwardedFor:
            return walk_x_forwarded_for(forwarding, request, client);
        case Forwarding::Field::Forwarded:
            return walk_forwarded(forwarding, request, client);
        case Forwarding::Field::None:
            break;
    }
    return true;
}

}  // namespace marmoset::http
