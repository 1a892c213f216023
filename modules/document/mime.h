// The Content-Type of a file, from its name. In: the configuration's types, a path. Out: a media type.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace marmoset::document {

/// What a file without a known ending is.
inline constexpr std::string_view kUnknownType = "application/octet-stream";

/// Type of the built-in table for the ending of `path` (after its last '.'), without case; kUnknownType if it
/// has none or an unknown one.
std::string_view builtin_type(std::string_view path);

/// The types of an instance: the configured patterns first, in their order, then the built-in ones. (ouistiti
/// looks at its built-ins first; ours can be overridden.)
class MimeTypes {
  public:
    struct Row {
        std::string patterns;  ///< pattern list, matched without case
        std::string type;
    };
    MimeTypes() = default;
    explicit MimeTypes(std::vector<Row> rows) : rows_(std::move(rows)) {}

    std::string_view type_of(std::string_view path) const;

  private:
    std::vector<Row> rows_;
};

}  // namespace marmoset::document
