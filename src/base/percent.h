// Percent-encoding (RFC 3986 2.1) and forms (application/x-www-form-urlencoded). In: text. Out: text.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace marmoset {

/// Everything but unreserved characters (RFC 3986 2.3) and those of `kept` as %XX: without any fit for every
/// part of a URL, and for a form; a query's values may keep "/".
std::string percent_encode(std::string_view text, std::string_view kept = {});
/// nullopt: an escape that is none. With `form`, «+» is a space.
std::optional<std::string> percent_decode(std::string_view text, bool form = false);

/// Adds «name=value» to a query or form, after a «&» unless it is empty or ends in «?».
void append_form_field(std::string& form, std::string_view name, std::string_view value);
/// The fields of a query or form in their order; nullopt: an escape that is none, or more than `most`.
std::optional<std::vector<std::pair<std::string, std::string>>> parse_form(std::string_view text,
                                                                           size_t most);

}  // namespace marmoset
