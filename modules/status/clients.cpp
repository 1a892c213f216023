#include "clients.h"

#include <string>
#include <vector>

#include "base/text.h"

namespace marmoset::status_module {

Result<Clients> Clients::parse(std::string_view text) {
    std::vector<std::string> elements;
    while (const auto element = next_list_element(text)) {
        if (equal_caseless(*element, "any")) {
            elements.emplace_back("*");
        } else if (equal_caseless(*element, "local")) {
            elements.emplace_back("127.0.0.0/8, ::1, unix");
        } else {
            elements.emplace_back(*element);
        }
    }
    auto set = net::AddressSet::parse(elements);
    if (!set) return set.error();
    Clients clients;
    clients.clients_ = set.take();
    return clients;
}

}  // namespace marmoset::status_module
