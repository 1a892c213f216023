// The rules as others read and change them over HTTP: forms in, JSON out. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "rules.h"

namespace marmoset::userfilter {

inline constexpr size_t kLargestForm = 8192;  ///< bytes of a PUT's body

/// The rule of a form (application/x-www-form-urlencoded) with the fields method, role and pathexp; nullopt:
/// one of them is missing, stands twice, or is malformed. Whether they can be kept the store says.
std::optional<Rule> parse_rule_form(std::string_view body);

/// The rule that a path names: the digits behind its last slash.
std::optional<int64_t> parse_rule_path(std::string_view path);

/// [{"method","role","pathexp","id"}, …]
std::string write_rules(const RuleSet& rules);

}  // namespace marmoset::userfilter
