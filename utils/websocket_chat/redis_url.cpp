#include "redis_url.h"

#include <charconv>

namespace chat {

std::string RedisUrl::shown() const {
    const bool brackets = host.find(':') != std::string::npos;
    return "redis://" + (brackets ? '[' + host + ']' : host) + ':' + std::to_string(port) + '/' + channel;
}

namespace {

// "%40" is '@' (RFC 3986, 2.1); false: a '%' without two hexadecimal digits.
bool decode(std::string_view text, std::string& decoded) {
    decoded.clear();
    while (!text.empty()) {
        uint8_t byte = static_cast<uint8_t>(text[0]);
        size_t size = 1;
        if (text[0] == '%') {
            const char* const digits = text.data() + 1;
            if (text.size() < 3 || std::from_chars(digits, digits + 2, byte, 16).ptr != digits + 2)
                return false;
            size = 3;
        }
        decoded += static_cast<char>(byte);
        text.remove_prefix(size);
    }
    return true;
}

constexpr const char* kForm = "not redis://[[user]:password@]host[:port][/channel]";
constexpr const char* kPercent = "a '%' stands before two hexadecimal digits; '%' itself is %25";

std::string take_who(std::string_view who, RedisUrl& url) {
    const size_t colon = who.find(':');
    if (colon == std::string_view::npos || colon + 1 == who.size()) return "no password before the '@'";
    if (!decode(who.substr(0, colon), url.user) || !decode(who.substr(colon + 1), url.password))
        return kPercent;
    return {};
}

std::string take_place(std::string_view place, RedisUrl& url) {
    size_t end = place.find(':');
    if (!place.empty() && place.front() == '[') {
        end = place.find(']');
        if (end == std::string_view::npos) return kForm;
        url.host = place.substr(1, end - 1);
        ++end;
    } else {
        url.host = place.substr(0, end);
        end = end == std::string_view::npos ? place.size() : end;
    }
    if (url.host.empty()) return kForm;
    if (end == place.size()) return {};
    const char* const last = place.data() + place.size();
    const auto [at, error] = std::from_chars(place.data() + end + 1, last, url.port);
    return place[end] == ':' && error == std::errc() && at == last && url.port != 0 ? "" : kForm;
}

}  // namespace

std::string parse_redis_url(std::string_view text, RedisUrl& url) {
    constexpr std::string_view kScheme = "redis://";
    if (text.substr(0, kScheme.size()) != kScheme) return kForm;
    text.remove_prefix(kScheme.size());
    if (const size_t slash = text.find('/'); slash != std::string_view::npos) {
        const std::string_view channel = text.substr(slash + 1);
        text = text.substr(0, slash);
        // Behind a '/' in a password there is one, too: the rest of it must not be taken for the channel.
        if (channel.find('@') != std::string_view::npos)
            return "'/' in a password is written %2F, '@' in a channel %40";
        if (channel.empty()) return kForm;
        if (!decode(channel, url.channel)) return kPercent;
    }
    if (const size_t at = text.rfind('@'); at != std::string_view::npos) {
        const std::string error = take_who(text.substr(0, at), url);
        if (!error.empty()) return error;
        text.remove_prefix(at + 1);
    }
    return take_place(text, url);
}

}  // namespace chat
