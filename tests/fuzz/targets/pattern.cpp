// Pattern lists against a matcher that tries everything. In: a list, a line feed, a second list, a line feed,
// a text. Both cases; and the access rule made of the two lists against its four sentences.
#include "base/pattern.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "base/text.h"
#include "tests/fuzz/support/fuzz.h"

namespace marmoset::fuzz {
namespace {

/// Tries everything from the left, but nothing twice.
class Trial {
  public:
    Trial(std::string_view pattern, std::string_view text, bool to_end)
        : pattern_(pattern),
          text_(text),
          to_end_(to_end),
          failed_((pattern.size() + 1) * (text.size() + 1)) {}

    /// Whether the text from `at` on begins with what the pattern is from `place` on. Out: the text at the
    /// last
    /// `*`; `rest` is that of the `*` before.
    std::optional<std::string_view> match(size_t place, size_t at, std::string_view rest) {
        if (place == pattern_.size())
            return !to_end_ || at == text_.size() ? std::optional(rest) : std::nullopt;
        const size_t state = place * (text_.size() + 1) + at;
        if (failed_[state]) return std::nullopt;
        if (pattern_[place] == '*') {
            for (size_t behind = at; behind <= text_.size(); ++behind) {
                if (auto found = match(place + 1, behind, text_.substr(at))) return found;
            }
        } else if (at < text_.size() && text_[at] == pattern_[place]) {
            if (auto found = match(place + 1, at + 1, rest)) return found;
        }
        failed_[state] = true;
        return std::nullopt;
    }

  private:
    std::string_view pattern_, text_;
    bool to_end_;
    std::vector<bool> failed_;
};

PatternMatch match_one(std::string_view pattern, std::string_view text) {
    const bool from_start = pattern.starts_with('^');
    if (from_start) pattern.remove_prefix(1);
    const bool to_end = pattern.ends_with('$');
    if (to_end) pattern.remove_suffix(1);
    if (pattern.empty()) return {};
    Trial trial(pattern, text, to_end);
    for (size_t at = 0; at <= (from_start ? 0 : text.size()); ++at) {
        if (auto rest = trial.match(0, at, {})) return {true, *rest};
    }
    return {};
}

std::vector<std::string_view> alternatives(std::string_view list) {
    std::vector<std::string_view> found;
    while (!list.empty()) {
        const size_t comma = list.find(',');
        if (comma != 0) found.push_back(list.substr(0, comma));
        list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
    }
    return found;
}

PatternMatch match_list(std::string_view list, std::string_view text) {
    for (const std::string_view one : alternatives(list)) {
        if (const PatternMatch match = match_one(one, text); match.matched) return match;
    }
    return {};
}

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), to_lower);
    return out;
}

bool permitted(std::string_view allow, std::string_view deny, bool deny_last, std::string_view path) {
    const auto denials = alternatives(deny);
    const bool denied = std::any_of(denials.begin(), denials.end(), [&](std::string_view one) {
        return one != "*" && match_one(one, path).matched;
    });
    const bool allowed = match_list(allow, path).matched;
    if (deny_last && allowed) return true;
    if (denied) return false;
    if (allowed) return true;
    const bool bare = std::find(denials.begin(), denials.end(), "*") != denials.end();
    return !bare && !(denials.empty() && !allow.empty());
}

}  // namespace
}  // namespace marmoset::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace marmoset;
    using namespace marmoset::fuzz;
    Fields fields({data, size});
    const auto list_bytes = exact(as_bytes(fields.until('\n')));
    const auto other_bytes = exact(as_bytes(fields.until('\n')));
    const auto text_bytes = exact(fields.rest());
    const std::string_view list = as_text(list_bytes), other = as_text(other_bytes),
                           text = as_text(text_bytes);
    const PatternMatch match = match_pattern_list(list, text);
    const PatternMatch expected = match_list(list, text);
    require(match.matched == expected.matched, "the reference's verdict");
    require_equal(expected.rest, match.rest, "the text at the last *");

    const std::string lower_list = lower(list), lower_text = lower(text);
    const PatternMatch caseless = match_pattern_list(list, text, Case::Insensitive);
    const PatternMatch lowered = match_list(lower_list, lower_text);
    require(caseless.matched == lowered.matched, "the reference's verdict without case");
    require_equal(lowered.rest, lower(caseless.rest), "the text at the last * without case");

    for (const bool deny_last : {false, true}) {
        const AccessRule rule{list, other, deny_last};
        require(rule.permits(text) == permitted(list, other, deny_last, text), "the access rule's verdict");
    }
    return 0;
}
