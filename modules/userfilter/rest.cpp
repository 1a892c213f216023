#include "rest.h"

#include <algorithm>
#include <utility>

#include "base/json_writer.h"
#include "base/text.h"
#include "http/target.h"

namespace marmoset::userfilter {

std::optional<Rule> parse_rule_form(std::string_view body) {
    Rule rule;
    bool method = false, role = false, expression = false;
    while (!body.empty()) {
        const std::string_view pair = body.substr(0, body.find('&'));
        body.remove_prefix(std::min(pair.size() + 1, body.size()));
        const size_t equals = std::min(pair.find('='), pair.size());
        std::string name, value;
        if (!http::decode_component(pair.substr(0, equals), name) ||
            !http::decode_component(pair.substr(std::min(equals + 1, pair.size())), value))
            return std::nullopt;
        const auto take = [&](const char* wanted, std::string& into, bool& seen) {
            if (name != wanted) return true;
            into = value;
            return !std::exchange(seen, true);
        };
        if (!take("method", rule.method, method) || !take("role", rule.role, role) ||
            !take("pathexp", rule.expression, expression))
            return std::nullopt;
    }
    if (!method || !role || !expression) return std::nullopt;
    return rule;
}

std::optional<int64_t> parse_rule_path(std::string_view path) {
    const auto number = parse_decimal(path.substr(path.rfind('/') + 1));
    if (!number || *number > INT64_MAX) return std::nullopt;
    return static_cast<int64_t>(*number);
}

std::string write_rules(const RuleSet& rules) {
    std::string text;
    JsonWriter json(text);
    json.begin_array();
    for (const Rule& rule : rules.all()) {
        json.begin_object();
        json.member("method", rule.method);
        json.member("role", rule.role);
        json.member("pathexp", rule.expression);
        json.member("id", static_cast<uint64_t>(rule.id));
        json.end_object();
    }
    json.end_array();
    text += '\n';
    return text;
}

}  // namespace marmoset::userfilter
