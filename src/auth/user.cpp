#include "auth/user.h"

#include <algorithm>
#include <iterator>

#include "base/utf8_sequence.h"

namespace marmoset::auth {

namespace {

constexpr std::string_view kStatusNames[] = {"approving", "activated", "repudiated", "reapproving"};

}  // namespace

std::string_view status_name(UserStatus status) {
    return kStatusNames[static_cast<unsigned>(status) - 1];
}

std::optional<UserStatus> parse_status(std::string_view name) {
    const auto found = std::find(std::begin(kStatusNames), std::end(kStatusNames), name);
    if (found == std::end(kStatusNames)) return std::nullopt;
    return static_cast<UserStatus>(found - std::begin(kStatusNames) + 1);
}

bool is_valid_user_name(std::string_view name) {
    return !name.empty() && name.size() <= 64 && name.find(':') == std::string_view::npos &&
           is_utf8_without_controls(name);
}

bool is_valid_user_field(std::string_view text) {
    return text.size() <= 255 && text.find(':') == std::string_view::npos && is_utf8_without_controls(text);
}

}  // namespace marmoset::auth
