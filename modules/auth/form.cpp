#include "form.h"

#include <algorithm>
#include <initializer_list>

#include "base/percent.h"
#include "base/text.h"

namespace marmoset::auth_module {

std::optional<Form> Form::parse(std::string_view body) {
    auto fields = parse_form(body, kMostFormFields);
    if (!fields) return std::nullopt;
    for (const auto& [name, value] : *fields) {
        if (name.find('\0') != std::string::npos || value.find('\0') != std::string::npos)
            return std::nullopt;
    }
    Form form;
    form.fields_ = *std::move(fields);
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

bool is_local_target(std::string_view target) {
    if (target.empty() || target.front() != '/') return false;
    if (target.size() > 1 && target[1] == '/') return false;
    return std::all_of(target.begin(), target.end(),
                       [](unsigned char c) { return c > 0x20 && c < 0x7f && c != '\\'; });
}

}  // namespace marmoset::auth_module
