// Matching of pattern lists and the access rule made of them.
// In: the configured list, a decoded path (or address). Out: matched or not, and the text at the last `*`.
//
// Cost: every piece between two `*` is searched from where the one before ended and never given up again, so
// an alternative of m characters looks at a text of n at most n * m times; m comes from the configuration, n
// from the client. Nothing is exponential: the leftmost place of a piece leaves the most text to the pieces
// behind it.
#include "base/pattern.h"

#include <algorithm>

#include "base/text.h"

namespace marmoset {

namespace {

constexpr size_t kNowhere = std::string_view::npos;

/// Takes the next non-empty alternative off `list`; an empty view at the end. Empty alternatives are skipped:
/// the comma at the end of "signin.html,.css," must not open everything.
std::string_view next_alternative(std::string_view& list) {
    std::string_view alternative;
    while (alternative.empty() && !list.empty()) {
        const size_t comma = list.find(',');
        alternative = list.substr(0, comma);
        list.remove_prefix(comma == kNowhere ? list.size() : comma + 1);
    }
    return alternative;
}

bool starts_with(std::string_view text, std::string_view piece, Case sensitivity) {
    if (sensitivity == Case::Sensitive) return text.starts_with(piece);
    return text.size() >= piece.size() && equal_caseless(text.substr(0, piece.size()), piece);
}

size_t find_piece(std::string_view text, std::string_view piece, Case sensitivity) {
    if (sensitivity == Case::Sensitive) return text.find(piece);
    const auto at = std::search(text.begin(), text.end(), piece.begin(), piece.end(),
                                [](char a, char b) { return to_lower(a) == to_lower(b); });
    return at == text.end() ? kNowhere : static_cast<size_t>(at - text.begin());
}

PatternMatch match_alternative(std::string_view alternative, std::string_view text, Case sensitivity) {
    bool floating = !alternative.starts_with('^');
    if (!floating) alternative.remove_prefix(1);
    const bool to_end = alternative.ends_with('$');
    if (to_end) alternative.remove_suffix(1);
    if (alternative.empty()) return {};

    PatternMatch match;
    for (;;) {
        const size_t star = alternative.find('*');
        const std::string_view piece = alternative.substr(0, star);
        if (star == kNowhere && to_end && floating) {
            // Only the text's last characters can satisfy `$`: no need to look anywhere else.
            if (text.size() < piece.size()) return {};
            text.remove_prefix(text.size() - piece.size());
        } else if (floating && !piece.empty()) {
            const size_t at = find_piece(text, piece, sensitivity);
            if (at == kNowhere) return {};
            text.remove_prefix(at);
        }
        if (!starts_with(text, piece, sensitivity)) return {};
        text.remove_prefix(piece.size());
        if (star == kNowhere) {
            match.matched = !to_end || text.empty();
            if (!match.matched) match.rest = {};
            return match;
        }
        match.rest = text;
        floating = true;
        alternative.remove_prefix(star + 1);
    }
}

/// What a deny list says about a path, its bare `*` apart.
struct DenyVerdict {
    bool matched = false;      ///< an alternative other than the bare `*` matches
    bool bare_star = false;    ///< `*` is one of the alternatives
    bool any_pattern = false;  ///< the list holds an alternative at all
};

DenyVerdict judge_deny(std::string_view list, std::string_view path) {
    DenyVerdict verdict;
    for (auto one = next_alternative(list); !one.empty(); one = next_alternative(list)) {
        verdict.any_pattern = true;
        if (one == "*") {
            verdict.bare_star = true;
        } else if (!verdict.matched) {
            verdict.matched = match_alternative(one, path, Case::Sensitive).matched;
        }
    }
    return verdict;
}

}  // namespace

PatternMatch match_pattern_list(std::string_view list, std::string_view text, Case sensitivity) {
    for (auto one = next_alternative(list); !one.empty(); one = next_alternative(list)) {
        if (PatternMatch match = match_alternative(one, text, sensitivity); match.matched) return match;
    }
    return {};
}

bool match_server_path(std::string_view list, std::string_view name, std::string_view path) {
    if (match_pattern_list(list, name).matched) return true;
    for (auto one = next_alternative(list); !one.empty(); one = next_alternative(list)) {
        if (!match_alternative(one, path, Case::Sensitive).matched) continue;
        if (one.starts_with('^')) one.remove_prefix(1);
        const std::string_view spelled = one.substr(0, one.find('*'));
        if (spelled.starts_with(name) && spelled.substr(name.size()).starts_with('/')) return true;
    }
    return false;
}

bool AccessRule::permits(std::string_view path) const {
    const DenyVerdict denied = judge_deny(deny, path);
    const bool allowed = match_pattern_list(allow, path).matched;
    if (denied.matched && !(deny_last && allowed)) return false;
    if (allowed) return true;
    if (denied.bare_star) return false;
    return denied.any_pattern || allow.empty();
}

}  // namespace marmoset
