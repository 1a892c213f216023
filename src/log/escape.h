// Text of peers made fit for a log: one line, no terminal controls, valid UTF-8. In: any bytes. Out: escaped
// text.
#pragma once

#include <string>
#include <string_view>

namespace marmoset::log {

/// Appends `text`; control characters, bytes that are not UTF-8, and the characters of `also` become \xNN,
/// except that a quote or backslash named in `also` gets a backslash before it.
void append_escaped(std::string& out, std::string_view text, std::string_view also = {});

/// Appends `text` as a JSON string with its quotes; control characters and bytes that are not UTF-8 become
/// \u00NN.
void append_json_string(std::string& out, std::string_view text);

}  // namespace marmoset::log
