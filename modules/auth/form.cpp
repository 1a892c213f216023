#include "form.h"

#include <algorithm>
#include <initializer_list>

#include "base/text.h"
#include "http/target.h"

namespace marmoset::auth_module {

std::optional<Form> Form::parse(std::string_view body) {
    Form form;
    while (!body.empty()) {
        const size_t end = std::min(body.find('&'), body.size());
        const std::string_view field = body.substr(0, end);
        body.remove_prefix(std::min(end + 1, body.size()));
        if (field.empty()) continue;
        if (form.fields_.size() == kMostFormFields) return std::nullopt;
        const size_t equals = std::min(field.find('='), field.size());
        auto& [name, value] = form.fields_.emplace_back();
        if (!http::decode_component(field.substr(0, equals), name) ||
            !http::decode_component(field.substr(std::min(equals + 1, field.size())), value) ||
            name.find('\0') != std::string::npos || value.find('\0') != std::string::npos) {
            return std::nullopt;
        }
    }
    return form;
}

std::string_view Form::find(std::initializer_list<std::string_view> names) const {
    for (const auto& [name, value] : fields_) {
        if (std::find(names.begin(), names.end(), name) != names.end()) return value;
    }
    return {};
}

std::string_view find_cookie(std::string_view header, std::string_view name) {
    std::string_view found;
    while (!header.empty()) {
        const size_t end = std::min(header.find(';'), header.size());
        const std::string_view pair = trim(header.substr(0, end));
        header.remove_prefix(std::min(end + 1, header.size()));
        const size_t equals = pair.find('=');
        if (equals == std::string_view::npos || trim(pair.substr(0, equals)) != name) continue;
        std::string_view value = trim(pair.substr(equals + 1));
        if (value.size() >= 2 && value.front() == '"' && value.back() == '"')
            value = value.substr(1, value.size() - 2);
        if (!found.empty() && value != found) return {};
        found = value;
    }
    return found;
}

std::string encode_query_value(std::string_view text) {
    static constexpr char kDigits[] = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                           c == '-' || c == '.' || c == '_' || c == '~' || c == '/';
        if (plain) {
            out += c;
        } else {
            const auto byte = static_cast<unsigned char>(c);
            out.append({'%', kDigits[byte >> 4], kDigits[byte & 15]});
        }
    }
    return out;
}

bool is_local_target(std::string_view target) {
    if (target.empty() || target.front() != '/') return false;
    if (target.size() > 1 && target[1] == '/') return false;
    return std::all_of(target.begin(), target.end(),
                       [](unsigned char c) { return c > 0x20 && c < 0x7f && c != '\\'; });
}

}  // namespace marmoset::auth_module
