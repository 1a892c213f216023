// RFC 9110 13: preconditions of a request against a file's validators. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "http/request.h"

namespace marmoset::document {

/// The fields of a request that the choice and form of its answer depend on, found in one pass. Views into
/// the request, which outlives it; what came in several lines is joined. Empty: not there.
class RequestFields {
  public:
    explicit RequestFields(const http::Request& request);
    RequestFields(const RequestFields&) = delete;
    RequestFields& operator=(const RequestFields&) = delete;

    std::string_view if_match;
    std::string_view if_none_match;
    std::string_view if_modified_since;
    std::string_view if_unmodified_since;
    std::string_view if_range;
    std::string_view range;  ///< empty as well when it came twice
    std::string_view accept_encoding;

  private:
    std::string joined_[6];
};

struct Validators {
    std::string_view etag;  ///< strong, with its quotes
    int64_t last_modified;  ///< seconds
};

enum class Precondition : uint8_t {
    Passed,
    NotModified,  ///< 304
    Failed,       ///< 412
};

/// Evaluates in the order of RFC 9110 13.2.2; a malformed date is as none. For GET and HEAD. `now`: seconds.
Precondition check_preconditions(const RequestFields& fields, const Validators& validators, int64_t now);

/// RFC 9110 13.1.5: true if Range may be obeyed: no If-Range, or one that names exactly this representation.
bool range_is_current(const RequestFields& fields, const Validators& validators, int64_t now);

enum class Comparison : uint8_t { Strong, Weak };
/// RFC 9110 8.8.3.2: `etag` (strong) stands in `list`, or the list is "*".
bool etag_in_list(std::string_view list, std::string_view etag, Comparison comparison);

}  // namespace marmoset::document
