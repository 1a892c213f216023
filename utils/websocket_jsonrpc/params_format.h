// What the params of a method have to look like, as tables of methods say it. In: a format, a value. Out:
// whether it fits, and why not.
//
//     value  = letter | "[" value* "]" | "{" (name ":" value)* "}", each of them optional with "?" behind it
//     letter = "s" string, "i" integer, "F" number, "b" boolean, "n" null, "o" anything
//
// Spaces and commas may stand anywhere between. Further members and elements are no matter.
#pragma once

#include <jansson.h>

#include <string>
#include <string_view>

namespace jsonrpc {

/// Empty: the value fits; else what does not, in one line. "" as format: there may be no params. A format
/// that is none fits all.
std::string misfit(std::string_view format, const json_t* params);

/// The format can be read.
bool is_format(std::string_view format);

}  // namespace jsonrpc
