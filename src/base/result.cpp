#include "base/result.h"

#include <cstring>

namespace marmoset {

Error errno_error(std::string_view operation, std::string_view object, int error_number) {
    std::string text(operation);
    if (!object.empty()) text.append(" ").append(object);
    text.append(": ").append(std::strerror(error_number));
    return Error{std::move(text), error_number};
}

}  // namespace marmoset
