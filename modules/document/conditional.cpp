// If-Match, If-None-Match, If-Modified-Since, If-Unmodified-Since, If-Range. In: a request, a file's
// validators. Out: what they demand.
#include "conditional.h"

#include "base/text.h"
#include "http/date.h"

namespace marmoset::document {

namespace {

/// Takes one entity-tag off the front of `list`; false when there is none or it is malformed. A comma may
/// stand inside of it (RFC 9110 8.8.3 etagc), so a general list splitter would not do.
bool take_etag(std::string_view& list, bool& weak, std::string_view& tag) {
    while (!list.empty() && (list.front() == ',' || list.front() == ' ' || list.front() == '\t'))
        list.remove_prefix(1);
    weak = list.starts_with("W/");
    if (weak) list.remove_prefix(2);
    if (!list.starts_with('"')) return false;
    const size_t end = list.find('"', 1);
    if (end == std::string_view::npos) return false;
    tag = list.substr(0, end + 1);
    list.remove_prefix(end + 1);
    return true;
}

}  // namespace

RequestFields::RequestFields(const http::Request& request) {
    bool two_ranges = false;
    // Fields of one name are one list (RFC 9110 5.3). Two dates or two tags of If-Range make a value that is
    // none, as they should (RFC 9110 13.1.3).
    const auto take = [&](std::string_view& field, const http::Header& header, std::string& joined) {
        if (field.data() == nullptr) {
            field = header.value;
        } else if (joined.empty()) {
            joined = request.joined(header.name);
            field = joined;
        }
    };
    for (const http::Header& header : request.headers) {
        const std::string_view name = header.name;
        // The length tells most names apart: hardly any header costs a comparison.
        switch (name.size()) {
            case 5:
                if (!equal_caseless(name, "range")) break;
                two_ranges = two_ranges || range.data() != nullptr;
                range = header.value;
                break;
            case 8:
                if (equal_caseless(name, "if-match")) {
                    take(if_match, header, joined_[0]);
                } else if (equal_caseless(name, "if-range")) {
                    take(if_range, header, joined_[3]);
                }
                break;
            case 13:
                if (equal_caseless(name, "if-none-match")) take(if_none_match, header, joined_[1]);
                break;
            case 15:
                if (equal_caseless(name, "accept-encoding")) take(accept_encoding, header, joined_[2]);
                break;
            case 17:
                if (equal_caseless(name, "if-modified-since")) take(if_modified_since, header, joined_[4]);
                break;
            case 19:
                if (equal_caseless(name, "if-unmodified-since"))
                    take(if_unmodified_since, header, joined_[5]);
                break;
            default:
                break;
        }
    }
    if (two_ranges) range = {};
}

bool etag_in_list(std::string_view list, std::string_view etag, Comparison comparison) {
    if (trim(list) == "*") return true;
    bool weak = false;
    std::string_view tag;
    while (take_etag(list, weak, tag)) {
        if (tag == etag && (comparison == Comparison::Weak || !weak)) return true;
    }
    return false;
}

Precondition check_preconditions(const RequestFields& fields, const Validators& validators, int64_t now) {
    if (!fields.if_match.empty()) {
        if (!etag_in_list(fields.if_match, validators.etag, Comparison::Strong)) return Precondition::Failed;
    } else if (!fields.if_unmodified_since.empty()) {
        const auto date = http::parse_date(fields.if_unmodified_since, now);
        if (date && validators.last_modified > *date) return Precondition::Failed;
    }
    // RFC 9110 13.1.3: If-Modified-Since is ignored beside If-None-Match.
    if (!fields.if_none_match.empty()) {
        if (etag_in_list(fields.if_none_match, validators.etag, Comparison::Weak))
            return Precondition::NotModified;
    } else if (!fields.if_modified_since.empty()) {
        const auto date = http::parse_date(fields.if_modified_since, now);
        if (date && validators.last_modified <= *date) return Precondition::NotModified;
    }
    return Precondition::Passed;
}

bool range_is_current(const RequestFields& fields, const Validators& validators, int64_t now) {
    if (fields.if_range.empty()) return true;
    const char first = fields.if_range.front();
    if (first == '"' || fields.if_range.starts_with("W/")) return fields.if_range == validators.etag;
    // RFC 9110 8.8.2.2: a date is a strong validator only when no second change within its second was
    // possible.
    const auto date = http::parse_date(fields.if_range, now);
    return date && *date == validators.last_modified && now > validators.last_modified;
}

}  // namespace marmoset::document
