// Where a folder's path without its final slash leads to. Pure.
#pragma once

#include <string>
#include <string_view>

namespace marmoset::document {

/// Value of Location for the folder at `path` (decoded, normalised): its path-absolute reference with the
/// slash, percent-encoded anew, and the query as it came. Never begins with "//", which would name a host
/// (RFC 3986 4.2).
std::string folder_location(std::string_view path, bool has_query, std::string_view query);

}  // namespace marmoset::document
