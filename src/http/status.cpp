#include "http/status.h"

namespace marmoset::http {

std::string_view reason_phrase(unsigned status) {
    switch (status) {
#define STATUS(code, phrase) \
    case code:               \
        return phrase;
#include "http/status.def"
#undef STATUS
        default:
            return "Unknown";
    }
}

std::string_view status_line(unsigned status) {
    switch (status) {
#define STATUS(code, phrase) \
    case code:               \
        return "HTTP/1.1 " #code " " phrase "\r\n";
#include "http/status.def"
#undef STATUS
        default:
            return status_line(500);
    }
}

}  // namespace marmoset::http
