#include "tls/server_name.h"

#include "base/text.h"

namespace marmoset::tls {

bool server_name_matches(std::string_view pattern, std::string_view name) {
    if (name.ends_with('.')) name.remove_suffix(1);
    if (name.empty()) return false;
    if (!pattern.starts_with("*.")) return equal_caseless(pattern, name);
    const size_t dot = name.find('.');
    return dot != 0 && dot != std::string_view::npos && equal_caseless(pattern.substr(1), name.substr(dot));
}

}  // namespace marmoset::tls
