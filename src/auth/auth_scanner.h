// The grammar of RFC 9110 11.2 to 11.4, read from the left. In: a field's value. Out: one scheme after the
// other.
#pragma once

#include <string_view>

#include "auth/auth_params.h"

namespace marmoset::auth {

class AuthScanner {
  public:
    /// `value` outlives the scanner.
    explicit AuthScanner(std::string_view value) : rest_(value) {}

    bool at_end() const { return rest_.empty(); }
    /// Commas and white space between elements of a list (RFC 9110 5.6.1 lets elements be empty).
    void skip_commas();
    /// The next scheme with its token68 or parameters. nullptr, or what is wrong.
    const char* scheme(AuthScheme& out);

  private:
    void skip_space();
    std::string_view token();
    bool token68(std::string& out);
    bool param_follows() const;
    const char* param(AuthScheme& out);
    const char* quoted_string(std::string& out);

    std::string_view rest_;
};

}  // namespace marmoset::auth
