// What the values of header fields mean: tokens, lists, dates, ranges, entity-tags, qualities, authorities,
// targets. In: a first line that is one value, and a second. Each tool against a simple one, or against its
// own way back.
#include <algorithm>
#include <ctime>

#include "base/authority.h"
#include "base/text.h"
#include "http/date.h"
#include "http/target.h"
#include "modules/document/conditional.h"
#include "modules/document/encoding.h"
#include "modules/document/range.h"
#include "tests/fuzz/support/fuzz.h"

namespace marmoset::fuzz {
namespace {

void check_lists(std::string_view text) {
    // Cut at the commas outside of quotes, one byte after the other.
    std::vector<std::string> expected;
    std::string element;
    bool quoted = false, escaped_next = false;
    const auto finish = [&] {
        const size_t first = element.find_first_not_of(" \t");
        if (first != std::string::npos)
            expected.push_back(element.substr(first, element.find_last_not_of(" \t") - first + 1));
        element.clear();
    };
    for (const char c : text) {
        if (escaped_next) {
            escaped_next = false;
        } else if (quoted && c == '\\') {
            escaped_next = true;
        } else if (c == '"') {
            quoted = !quoted;
        } else if (c == ',' && !quoted) {
            finish();
            continue;
        }
        element += c;
    }
    finish();
    std::string_view rest = text;
    for (const std::string& one : expected) {
        require(list_contains(text, one), "a list contains its elements");
        const auto taken = next_list_element(rest);
        require(taken.has_value(), "a list has all its elements");
        require_equal(one, *taken, "an element of a list");
    }
    require(!next_list_element(rest).has_value(), "a list has no other elements");
    const bool token = !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return c > ' ' && c < 127 &&
               std::string_view("\"(),/:;<=>?@[\\]{}").find(c) == std::string_view::npos;
    });
    require(is_token(text) == token, "RFC 9110 5.6.2: a token has no delimiters");
}

void check_numbers(std::string_view text) {
    const auto value = parse_decimal(text);
    if (value) {
        std::string without_zeros(text);
        without_zeros.erase(0, std::min(without_zeros.find_first_not_of('0'), without_zeros.size() - 1));
        require_equal(std::to_string(*value), without_zeros, "a number, written again");
    } else {
        const bool digits = !text.empty() && std::all_of(text.begin(), text.end(),
                                                         [](char c) { return c >= '0' && c <= '9'; });
        require(!digits || text.size() >= 20, "a number that fits is read");
    }
    const int quality = document::parse_quality(text);
    require(quality >= -1 && quality <= 1000, "a quality is at most 1");
    require(quality < 0 || text.size() <= 5, "a quality has three digits");
    // Every combination of what may be there is answered with something that is there.
    for (document::EncodingSet set = 0; set < 8; ++set) {
        const document::Encoding chosen = document::choose_encoding(text, set);
        require(chosen == document::Encoding::Identity || (set & document::bit(chosen)) != 0,
                "an encoding that is there");
        require(!text.empty() || chosen == document::Encoding::Identity, "none that nobody asked for");
    }
}

void check_date(std::string_view text) {
    constexpr int64_t kNow = 1700000000;
    const auto seconds = http::parse_date(text, kNow);
    if (!seconds) return;
    char written[http::kDateSize];
    http::format_date(*seconds, written);
    const std::string_view date(written, sizeof written);
    const auto again = http::parse_date(date, kNow);
    require(again.has_value() && (*again == *seconds || *seconds < -62167219200),
            "a date, written and read again");
    // The C library's calendar, where it and ours both have the year.
    const time_t time = *seconds;
    tm parts{};
    if (gmtime_r(&time, &parts) == nullptr || parts.tm_year < -1900 || parts.tm_year > 8099) return;
    char expected[64];
    strftime(expected, sizeof expected, "%a, %d %b %Y %H:%M:%S GMT", &parts);
    std::string padded(expected);
    if (parts.tm_year < 1000 - 1900) return;  // its years have fewer digits
    require_equal(padded, date, "the C library's date");
    require(!text.ends_with(" GMT") || text.find(',') != 3 || text.substr(17, 8) == date.substr(17, 8) ||
                text.substr(23, 2) == "60",
            "the time of an IMF-fixdate");
}

/// What a client asked for, byte by byte; false: something is malformed, or too much.
void check_ranges(std::string_view text, uint64_t size) {
    std::vector<document::ByteRange> ranges;
    const document::RangeVerdict verdict = document::parse_ranges(text, size, ranges);
    if (verdict != document::RangeVerdict::Partial) {
        require(verdict != document::RangeVerdict::Unsatisfiable || ranges.empty(),
                "no range where none can be satisfied");
        return;
    }
    require(!ranges.empty() && ranges.size() <= document::kMaxRanges, "some ranges, and not too many");
    for (size_t i = 0; i < ranges.size(); ++i) {
        require(ranges[i].size > 0 && ranges[i].offset < size && ranges[i].size <= size - ranges[i].offset,
                "a range within the file");
        for (size_t j = 0; j < i; ++j) {
            const auto& [low, high] = std::minmax(
                ranges[i], ranges[j], [](const auto& a, const auto& b) { return a.offset < b.offset; });
            require(low.offset + low.size + document::kPartOverhead < high.offset, "ranges that lie apart");
        }
    }
    if (size > 1000) return;
    // Every byte that a spec names is in one of the ranges.
    std::string_view list = text.substr(text.find('=') + 1);
    while (const auto spec = next_list_element(list)) {
        const size_t dash = spec->find('-');
        const std::string_view first_text = trim(spec->substr(0, dash)),
                               last_text = trim(spec->substr(dash + 1));
        const auto first = parse_decimal(first_text);
        const auto last = parse_decimal(last_text);
        for (uint64_t at = 0; at < size; ++at) {
            const bool huge_last = !last && !last_text.empty();  // beyond 64 bits, or "*"
            const bool named = first_text.empty()
                                   ? at >= size - std::min(size, huge_last ? size : last.value_or(0))
                                   : first && at >= *first && (last_text.empty() || huge_last || at <= *last);
            const bool there = std::any_of(ranges.begin(), ranges.end(), [&](const auto& range) {
                return at >= range.offset && at - range.offset < range.size;
            });
            require(!named || there, "a byte that was asked for");
        }
    }
}

void check_etags(std::string_view list, std::string_view other) {
    using document::Comparison;
    std::string etag = "\"" + std::string(other) + "\"";
    if (other.find('"') != std::string_view::npos) return;
    const bool strong = document::etag_in_list(list, etag, Comparison::Strong);
    const bool weak = document::etag_in_list(list, etag, Comparison::Weak);
    require(weak || !strong, "what matches strongly matches weakly");
    require(!strong || trim(list) == "*" || list.find(etag) != std::string_view::npos, "a tag that is there");
    require(document::etag_in_list("\"x\" , W/\"y\"," + etag, etag, Comparison::Strong),
            "a tag behind others");
    require(document::etag_in_list("W/" + etag, etag, Comparison::Weak), "a weak tag, compared weakly");
    require(!document::etag_in_list("W/" + etag, etag, Comparison::Strong), "a weak tag, compared strongly");
}

void check_authority(std::string_view text, std::string_view other) {
    Authority one;
    if (!parse_authority(text, one)) {
        require(!http::is_valid_host(text), "one rule for hosts");
        return;
    }
    require(!one.host.empty() && text.starts_with(one.host), "a host begins its authority");
    require(one.host.find_first_of(" \t\r\n/?#@\\") == std::string_view::npos, "no delimiter is in a host");
    require(equal_hosts(one.host, one.host), "a host is itself");
    std::string upper(one.host);
    std::transform(upper.begin(), upper.end(), upper.begin(),
                   [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
    require(equal_hosts(one.host, upper), "a host is itself in capitals");
    const std::string again = std::string(one.host) + (one.port ? ":" + std::to_string(*one.port) : "");
    Authority back;
    require(parse_authority(again, back) && back.host == one.host && back.port == one.port,
            "an authority, written and read again");
    Authority second;
    if (parse_authority(other, second))
        require(equal_hosts(one.host, second.host) == equal_hosts(second.host, one.host),
                "equality has no order");
}

void check_target(std::string_view text) {
    for (const char* method : {"GET", "OPTIONS", "CONNECT"}) {
        http::Target target;
        const unsigned status = http::parse_target(text, method, target);
        require(status == 0 || status == 400, "a target is good or bad");
        if (status != 0) continue;
        std::string path;
        if (target.form == http::TargetForm::Asterisk || target.form == http::TargetForm::Authority) continue;
        if (http::decode_path(target.raw_path, path) != 0) continue;
        require(path.starts_with('/'), "a path begins with its root");
        require(path.find("//") == std::string::npos, "no empty segment is left");
        require(("/" + path + "/").find("/../") == std::string::npos &&
                    (path + "/").find("/./") == std::string::npos,
                "no dot segment is left");
        require(path.find('\0') == std::string::npos && path.find('\\') == std::string::npos,
                "no NUL, no backslash");
        // Escaped again, it decodes to itself.
        std::string encoded, again;
        for (const char c : path) {
            char hex[4];
            std::snprintf(hex, sizeof hex, "%%%02x", static_cast<unsigned char>(c));
            encoded += c == '/' ? "/" : hex;
        }
        require(http::decode_path(encoded, again) == 0, "a decoded path can be encoded");
        require_equal(path, again, "a path, encoded and decoded again");
    }
    std::string component;
    if (http::decode_component(text, component))
        require(component.size() <= text.size(), "decoding makes nothing longer");
}

}  // namespace
}  // namespace marmoset::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace marmoset;
    using namespace marmoset::fuzz;
    Fields fields({data, size});
    const auto first = exact(as_bytes(fields.until('\n')));
    const auto second = exact(fields.rest());
    const std::string_view text = as_text(first), other = as_text(second);
    check_lists(text);
    check_numbers(text);
    check_date(text);
    for (const uint64_t file_size :
         {uint64_t{0}, uint64_t{1}, uint64_t{500}, uint64_t{1} << 40, uint64_t{INT64_MAX}})
        check_ranges(text, file_size);
    check_etags(text, other);
    check_authority(text, other);
    check_target(text);
    return 0;
}
