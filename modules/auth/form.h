// What browsers send of their own: forms (application/x-www-form-urlencoded) and cookies (RFC 6265). In:
// bytes of a client. Out: fields by name. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace marmoset::auth_module {

inline constexpr size_t kLargestForm = 8192;  ///< bytes of a sign-in's body
inline constexpr size_t kMostFormFields = 32;

/// The fields of a form, decoded, in their order.
class Form {
  public:
    /// nullopt: a malformed escape, a NUL, or more than kMostFormFields.
    static std::optional<Form> parse(std::string_view body);

    /// The first field that has one of these names; empty if there is none.
    std::string_view find(std::initializer_list<std::string_view> names) const;

  private:
    std::vector<std::pair<std::string, std::string>> fields_;
};

/// The value of the cookie of that name, quotes taken off; empty if there is none, or if it stands twice with
/// different values: one of them is somebody else's.
std::string_view find_cookie(std::string_view header, std::string_view name);

/// Whether a browser that is sent to `target` stays on the origin it is at: a path that begins with one '/',
/// nothing that it reads as another host (backslashes, control characters), no scheme.
bool is_local_target(std::string_view target);

}  // namespace marmoset::auth_module
