#include "auth/auth_scanner.h"

#include <algorithm>

#include "base/base64.h"
#include "base/text.h"

namespace marmoset::auth {

namespace {

bool is_space(char c) {
    return c == ' ' || c == '\t';
}

std::string_view without_space(std::string_view text) {
    while (!text.empty() && is_space(text.front()))
        text.remove_prefix(1);
    return text;
}

size_t token_length(std::string_view text) {
    return static_cast<size_t>(
        std::find_if_not(text.begin(), text.end(), [](char c) { return is_token_character(c); }) -
        text.begin());
}

}  // namespace

void AuthScanner::skip_space() {
    rest_ = without_space(rest_);
}

void AuthScanner::skip_commas() {
    while (!rest_.empty() && (is_space(rest_.front()) || rest_.front() == ','))
        rest_.remove_prefix(1);
}

std::string_view AuthScanner::token() {
    const std::string_view found = rest_.substr(0, token_length(rest_));
    rest_.remove_prefix(found.size());
    return found;
}

// RFC 9110 11.2. A token68 stands alone: what follows is the end or a comma.
bool AuthScanner::token68(std::string& out) {
    size_t length = 0;
    while (length < rest_.size() && (is_base64_character(rest_[length]) ||
                                     std::string_view("-._~").find(rest_[length]) != std::string_view::npos))
        ++length;
    if (length == 0) return false;
    while (length < rest_.size() && rest_[length] == '=')
        ++length;
    const std::string_view behind = without_space(rest_.substr(length));
    if (!behind.empty() && behind.front() != ',') return false;
    // «name=» is a token68, too; with a space before the «=» it is not.
    out = rest_.substr(0, length);
    rest_ = behind;
    return true;
}

// A name with «=» behind it that has a value: else it is the next scheme of a list.
bool AuthScanner::param_follows() const {
    const size_t length = token_length(rest_);
    if (length == 0) return false;
    std::string_view behind = without_space(rest_.substr(length));
    if (!behind.starts_with('=')) return false;
    behind = without_space(behind.substr(1));
    return !behind.empty() && (behind.front() == '"' || is_token_character(behind.front()));
}

const char* AuthScanner::quoted_string(std::string& out) {
    rest_.remove_prefix(1);
    while (!rest_.empty()) {
        char c = rest_.front();
        rest_.remove_prefix(1);
        if (c == '"') return nullptr;
        if (c == '\\') {
            if (rest_.empty()) break;
            c = rest_.front();
            rest_.remove_prefix(1);
        }
        const auto byte = static_cast<unsigned char>(c);
        if ((byte < 0x20 && c != '\t') || byte == 0x7f)
            return "a control character stands in a quoted string";
        out += c;
    }
    return "a quoted string has no end";
}

const char* AuthScanner::param(AuthScheme& out) {
    if (out.params.size() == kMostAuthParams) return "there are too many parameters";
    AuthParam param;
    param.name = token();
    skip_space();
    rest_.remove_prefix(1);  // the «=» that param_follows() has seen
    skip_space();
    if (rest_.front() == '"') {
        param.quoted = true;
        if (const char* wrong = quoted_string(param.value)) return wrong;
    } else {
        param.value = token();
    }
    if (out.find(param.name)) return "a parameter stands twice";
    out.params.push_back(std::move(param));
    return nullptr;
}

const char* AuthScanner::scheme(AuthScheme& out) {
    out.scheme = token();
    if (out.scheme.empty()) return "there is no scheme";
    if (rest_.empty() || rest_.front() == ',') return nullptr;
    if (!is_space(rest_.front())) return "a scheme is followed by a space";
    skip_space();
    if (rest_.empty() || rest_.front() == ',') return nullptr;
    if (!param_follows())
        return token68(out.token68) ? nullptr : "neither a token nor parameters follow the scheme";
    for (;;) {
        if (const char* wrong = param(out)) return wrong;
        skip_space();
        if (rest_.empty()) return nullptr;
        if (rest_.front() != ',') return "parameters are separated by commas";
        const std::string_view list = rest_;
        skip_commas();
        if (param_follows()) continue;
        // The comma belongs to the list of challenges.
        if (!rest_.empty()) rest_ = list;
        return nullptr;
    }
}

}  // namespace marmoset::auth
