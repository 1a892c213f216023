#include "rules.h"

#include <algorithm>
#include <optional>

#include "base/pattern.h"

namespace marmoset::userfilter {

namespace {

// base/pattern.h: what is not itself.
constexpr std::string_view kPatternCharacters = "*,^$";

bool is_role_of(const Asker& asker, std::string_view role) {
    if (role == "*") return true;
    if (role == "superuser") return asker.superuser;
    if (role == "anonymous") return asker.user.empty();
    return !asker.user.empty() && !role.empty() && (role == asker.user || role == asker.group);
}

// One alternative with its fields replaced; nullopt: one of them can't be.
std::optional<std::string> expand(std::string_view alternative, const Asker& asker) {
    std::string text;
    for (size_t at = 0; at < alternative.size(); ++at) {
        const char kind = alternative[at] == '%' && at + 1 < alternative.size() ? alternative[at + 1] : '\0';
        if (kind != 'u' && kind != 'g' && kind != 'h') {
            text += alternative[at];
            continue;
        }
        const std::string_view value = kind == 'u' ? asker.user : kind == 'g' ? asker.group : asker.home;
        if (value.empty() || value.find_first_of(kPatternCharacters) != std::string_view::npos) return {};
        if (kind != 'h' && value.find('/') != std::string_view::npos) return {};
        text += value;
        ++at;
    }
    return text;
}

// Whether `matches(list)` of the expression: one alternative after the other, its fields replaced.
template <typename Matches>
bool match_expanded(std::string_view expression, const Asker& asker, Matches matches) {
    if (expression.find('%') == std::string_view::npos) return matches(expression);
    while (!expression.empty()) {
        const size_t comma = std::min(expression.find(','), expression.size());
        const auto alternative = expand(expression.substr(0, comma), asker);
        if (alternative && matches(*alternative)) return true;
        expression.remove_prefix(std::min(comma + 1, expression.size()));
    }
    return false;
}

bool is_for(const Rule& rule, std::string_view method, const Asker& asker) {
    if (rule.method != method && (method != "HEAD" || rule.method != "GET")) return false;
    return is_role_of(asker, rule.role);
}

}  // namespace

bool match_expression(std::string_view expression, std::string_view path, const Asker& asker) {
    return match_expanded(expression, asker,
                          [path](std::string_view list) { return match_pattern_list(list, path).matched; });
}

bool match_server_expression(std::string_view expression, std::string_view name, std::string_view path,
                             const Asker& asker) {
    return match_expanded(expression, asker, [name, path](std::string_view list) {
        return match_server_path(list, name, path);
    });
}

bool RuleSet::permits(std::string_view method, std::string_view path, const Asker& asker) const {
    return std::any_of(rules_.begin(), rules_.end(), [&](const Rule& rule) {
        return is_for(rule, method, asker) && match_expression(rule.expression, path, asker);
    });
}

bool RuleSet::permits_server(std::string_view method, std::string_view name, std::string_view path,
                             const Asker& asker) const {
    return std::any_of(rules_.begin(), rules_.end(), [&](const Rule& rule) {
        return is_for(rule, method, asker) && match_server_expression(rule.expression, name, path, asker);
    });
}

}  // namespace marmoset::userfilter
