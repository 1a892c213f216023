// Masking of secrets in request targets and URLs. In: a target as sent. Out: the same with values starred
// out.

#include <algorithm>

#include "base/text.h"
#include "log/logger.h"

namespace marmoset::log {

namespace {

constexpr std::string_view kMask = "***";

// Anywhere in a name ("access_token", "newPassword"), or as a whole word of it ("key", "api-key",
// "auth_code").
constexpr std::string_view kParts[] = {"token",   "ticket",     "passw",  "pwd",       "secret",
                                       "session", "credential", "apikey", "signature", "jwt"};
constexpr std::string_view kWords[] = {"key", "code", "auth", "authorization", "pass",     "sid",
                                       "sig", "otp",  "pin",  "nonce",         "assertion"};

bool contains_caseless(std::string_view text, std::string_view part) {
    auto found = std::search(text.begin(), text.end(), part.begin(), part.end(),
                             [](char a, char b) { return to_lower(a) == b; });
    return found != text.end();
}

/// The name as the application will see it: "%74oken" is a token too.
std::string decoded(std::string_view name) {
    std::string text;
    for (size_t i = 0; i < name.size(); ++i) {
        if (name[i] == '%' && i + 2 < name.size() && hex_value(name[i + 1]) >= 0 &&
            hex_value(name[i + 2]) >= 0) {
            text += static_cast<char>(hex_value(name[i + 1]) * 16 + hex_value(name[i + 2]));
            i += 2;
        } else {
            text += name[i];
        }
    }
    return text;
}

constexpr std::string_view kSeparators = "_-.[]:";

/// End of the first word of a name: "api" of "api_key", "client" of "clientKey".
size_t word_end(std::string_view name) {
    for (size_t i = 0; i < name.size(); ++i) {
        if (kSeparators.find(name[i]) != std::string_view::npos) return i;
        if (i > 0 && name[i] >= 'A' && name[i] <= 'Z' && name[i - 1] >= 'a' && name[i - 1] <= 'z') return i;
    }
    return name.size();
}

bool is_secret(std::string_view raw) {
    std::string name = raw.find('%') == std::string_view::npos ? std::string(raw) : decoded(raw);
    for (std::string_view part : kParts) {
        if (contains_caseless(name, part)) return true;
    }
    std::string_view rest = name;
    while (!rest.empty()) {
        size_t end = word_end(rest);
        for (std::string_view secret : kWords) {
            if (equal_caseless(rest.substr(0, end), secret)) return true;
        }
        rest.remove_prefix(end);
        if (!rest.empty() && kSeparators.find(rest.front()) != std::string_view::npos) rest.remove_prefix(1);
    }
    return false;
}

}  // namespace

std::string mask_secrets(std::string_view target) {
    std::string out;
    out.reserve(target.size());
    // Absolute form: RFC 9110 4.2.4, a password may stand before the host.
    size_t question = std::min(target.find('?'), target.size());
    std::string_view head = target.substr(0, question);
    size_t authority = head.find("://");
    if (authority != std::string_view::npos) {
        authority += 3;
        size_t end = std::min(head.find('/', authority), head.size());
        size_t at = head.substr(0, end).rfind('@');
        if (at != std::string_view::npos && at >= authority) {
            out.append(head, 0, authority).append(kMask);
            head.remove_prefix(at);
        }
    }
    out.append(head);
    std::string_view query = target.substr(question);
    while (!query.empty()) {
        out += query.front();  // '?', '&' or ';'
        query.remove_prefix(1);
        size_t end = std::min(query.find_first_of("&;"), query.size());
        std::string_view parameter = query.substr(0, end);
        size_t equals = parameter.find('=');
        bool mask = equals != std::string_view::npos && equals + 1 < parameter.size() &&
                    is_secret(parameter.substr(0, equals));
        if (mask) {
            out.append(parameter, 0, equals + 1).append(kMask);
        } else {
            out.append(parameter);
        }
        query.remove_prefix(end);
    }
    return out;
}

}  // namespace marmoset::log
