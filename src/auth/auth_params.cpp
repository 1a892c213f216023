#include "auth/auth_params.h"

#include "auth/auth_scanner.h"
#include "base/base64.h"
#include "base/hex.h"
#include "base/text.h"
#include "base/utf8_sequence.h"

namespace marmoset::auth {

namespace {

Error malformed(const char* what) {
    return Error{what};
}

// RFC 8187 3.2.1 attr-char: what stands for itself.
bool is_attr_char(char c) {
    return is_token_character(c) && c != '*' && c != '\'' && c != '%';
}

}  // namespace

bool AuthScheme::is(std::string_view name) const {
    return equal_caseless(scheme, name);
}

const std::string* AuthScheme::find(std::string_view name) const {
    for (const AuthParam& param : params) {
        if (equal_caseless(param.name, name)) return &param.value;
    }
    return nullptr;
}

Result<AuthScheme> parse_credentials(std::string_view value) {
    if (value.size() > kLargestAuthField) return malformed("the credentials are too long");
    AuthScanner scanner(trim(value));
    AuthScheme credentials;
    if (const char* wrong = scanner.scheme(credentials)) return malformed(wrong);
    if (!scanner.at_end()) return malformed("there is more than one scheme");
    return credentials;
}

Result<std::vector<AuthScheme>> parse_challenges(std::string_view value) {
    if (value.size() > kLargestAuthField) return malformed("the challenges are too long");
    AuthScanner scanner(trim(value));
    std::vector<AuthScheme> challenges;
    scanner.skip_commas();
    while (!scanner.at_end()) {
        if (challenges.size() == kMostChallenges) return malformed("there are too many challenges");
        if (const char* wrong = scanner.scheme(challenges.emplace_back())) return malformed(wrong);
        scanner.skip_commas();
    }
    if (challenges.empty()) return malformed("there is no challenge");
    return challenges;
}

std::optional<std::string> bearer_token(const AuthScheme& credentials) {
    if (!credentials.is("Bearer") || credentials.token68.empty()) return std::nullopt;
    return credentials.token68;
}

Result<BasicCredentials> parse_basic(const AuthScheme& credentials) {
    if (!credentials.is("Basic") || credentials.token68.empty()) return malformed("no Basic credentials");
    // Clients may leave the padding out (it is no part of what token68 needs).
    std::string padded = credentials.token68;
    while (padded.size() % 4 != 0)
        padded += '=';
    const auto text = base64_decode(padded);
    if (!text) return malformed("Basic credentials are base64");
    const size_t colon = text->find(':');
    if (colon == std::string::npos) return malformed("Basic credentials have a colon");
    if (!is_utf8_without_controls(*text))
        return malformed("Basic credentials are UTF-8 without control characters");
    return BasicCredentials{text->substr(0, colon), text->substr(colon + 1)};
}

std::optional<std::string> decode_ext_value(std::string_view value) {
    const size_t charset_end = value.find('\'');
    if (charset_end == std::string_view::npos || !equal_caseless(value.substr(0, charset_end), "UTF-8"))
        return std::nullopt;
    const size_t language_end = value.find('\'', charset_end + 1);
    if (language_end == std::string_view::npos) return std::nullopt;
    value.remove_prefix(language_end + 1);
    std::string text;
    for (size_t i = 0; i < value.size(); ++i) {
        if (value[i] != '%') {
            if (!is_attr_char(value[i])) return std::nullopt;
            text += value[i];
            continue;
        }
        if (value.size() - i < 3) return std::nullopt;
        const int high = hex_value(value[i + 1]), low = hex_value(value[i + 2]);
        if (high < 0 || low < 0) return std::nullopt;
        text += static_cast<char>(high << 4 | low);
        i += 2;
    }
    if (!is_utf8_without_controls(text)) return std::nullopt;
    return text;
}

std::string encode_ext_value(std::string_view text) {
    std::string encoded = "UTF-8''";
    for (const char c : text) {
        if (is_attr_char(c)) {
            encoded += c;
        } else {
            encoded.append("%").append(hex_encode(std::string_view(&c, 1)));
        }
    }
    return encoded;
}

void AuthSchemeWriter::separate() {
    text_.append(first_ ? " " : ", ");
    first_ = false;
}

AuthSchemeWriter& AuthSchemeWriter::quoted(std::string_view name, std::string_view value) {
    separate();
    text_.append(name).append("=\"");
    for (const char c : value) {
        if ((c >= 0 && c < 0x20) || c == 0x7f) continue;
        if (c == '"' || c == '\\') text_ += '\\';
        text_ += c;
    }
    text_ += '"';
    return *this;
}

AuthSchemeWriter& AuthSchemeWriter::token(std::string_view name, std::string_view value) {
    separate();
    text_.append(name).append("=").append(value);
    return *this;
}

}  // namespace marmoset::auth
