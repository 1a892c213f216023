// Accept-Encoding. In: its value, what there is. Out: the encoding to send.
#include "encoding.h"

#include "base/text.h"

namespace marmoset::document {

namespace {

constexpr int kUnsaid = -1;

/// Quality of one list element ("gzip;q=0.8"), 1000 without one, 0 when it is malformed: what can't be read
/// is not used.
int element_quality(std::string_view parameters) {
    while (!parameters.empty()) {
        parameters.remove_prefix(1);  // ';'
        const size_t end = parameters.find(';');
        const std::string_view parameter = trim(parameters.substr(0, end));
        if (parameter.size() > 2 && to_lower(parameter[0]) == 'q' && parameter[1] == '=') {
            const int quality = parse_quality(parameter.substr(2));
            return quality < 0 ? 0 : quality;
        }
        parameters.remove_prefix(end == std::string_view::npos ? parameters.size() : end);
    }
    return 1000;
}

}  // namespace

std::string_view coding_name(Encoding encoding) {
    switch (encoding) {
        case Encoding::Brotli:
            return "br";
        case Encoding::Gzip:
            return "gzip";
        case Encoding::Identity:
            break;
    }
    return "identity";
}

std::string_view file_suffix(Encoding encoding) {
    switch (encoding) {
        case Encoding::Brotli:
            return ".br";
        case Encoding::Gzip:
            return ".gz";
        case Encoding::Identity:
            break;
    }
    return "";
}

int parse_quality(std::string_view text) {
    if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return -1;
    int value = text[0] == '1' ? 1000 : 0;
    if (text.size() > 1 && text[1] != '.') return -1;
    int weight = 100;
    for (size_t i = 2; i < text.size(); ++i, weight /= 10) {
        if (text[i] < '0' || text[i] > '9') return -1;
        value += (text[i] - '0') * weight;
    }
    return value > 1000 ? -1 : value;
}

Encoding choose_encoding(std::string_view accept_encoding, EncodingSet available) {
    int qualities[kEncodings] = {kUnsaid, kUnsaid, kUnsaid};
    int others = kUnsaid;
    while (auto element = next_list_element(accept_encoding)) {
        const size_t end = element->find(';');
        const std::string_view name = trim(element->substr(0, end));
        const int quality =
            element_quality(end == std::string_view::npos ? std::string_view() : element->substr(end));
        if (name == "*") {
            others = quality;
        } else if (equal_caseless(name, "br")) {
            qualities[static_cast<size_t>(Encoding::Brotli)] = quality;
        } else if (equal_caseless(name, "gzip") || equal_caseless(name, "x-gzip")) {
            qualities[static_cast<size_t>(Encoding::Gzip)] = quality;
        } else if (equal_caseless(name, "identity")) {
            qualities[static_cast<size_t>(Encoding::Identity)] = quality;
        }
    }
    // Identity unsaid is acceptable, yet wanted less than anything that was named: compressed is what was
    // asked for.
    Encoding best = Encoding::Identity;
    int best_quality = qualities[0] != kUnsaid ? qualities[0] : 0;
    for (Encoding encoding : {Encoding::Gzip, Encoding::Brotli}) {
        int quality = qualities[static_cast<size_t>(encoding)];
        if (quality == kUnsaid) quality = others;
        if ((available & bit(encoding)) == 0 || quality <= 0 || quality < best_quality) continue;
        best = encoding;
        best_quality = quality;
    }
    return best;
}

}  // namespace marmoset::document
