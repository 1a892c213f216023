// Settings in one argument of a command line: "key=value;key=value", or the value of one key alone. In: the
// text. Out: values by their keys, or what is wrong. Values hold no ';'; spaces around keys and values don't
// count.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace marmoset::jsonrpc {

class SettingsText {
  public:
    /// `keys`: those there are; another one is an error that names the nearest. A text that does not begin
    /// with letters and '=' is the value of `single`.
    static Result<SettingsText> parse(std::string_view text, std::string_view single,
                                      std::span<const std::string_view> keys);

    bool has(std::string_view key) const { return values_.contains(key); }
    /// "" when it is not given.
    std::string_view text(std::string_view key) const;

    // These leave `out` alone when the key is not given.
    Result<void> read(std::string_view key, std::string& out) const;
    /// "yes", "no".
    Result<void> read(std::string_view key, bool& out) const;
    /// A whole number from `least` to `most`.
    Result<void> read(std::string_view key, uint64_t& out, uint64_t least, uint64_t most) const;

  private:
    std::map<std::string, std::string, std::less<>> values_;
};

}  // namespace marmoset::jsonrpc
