#include "patterns.h"

#include <exception>
#include <utility>
#include <vector>

#include "base/text.h"

namespace marmoset::sqlrpc {

namespace {

constexpr unsigned kStepsBetweenLooks = 1u << 16;

// As SQLite reads text that is not UTF-8, too: a lead byte takes the continuation bytes behind it.
std::string_view first_character(std::string_view text) {
    size_t size = 1;
    if (static_cast<unsigned char>(text[0]) >= 0xC0) {
        while (size < text.size() && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80)
            ++size;
    }
    return text.substr(0, size);
}

std::string_view take_character(std::string_view& text) {
    const std::string_view character = first_character(text);
    text.remove_prefix(character.size());
    return character;
}

struct Element {
    enum class Kind : uint8_t { Text, One, Any, Set } kind = Kind::Text;
    std::string_view text{};  // one character
    // Of a set: characters of UTF-8 are ordered as their bytes are.
    std::vector<std::pair<std::string_view, std::string_view>> ranges{};
    bool inverted = false;
};

// [abc], [a-z], [^a]; a ']' that comes first is one of the characters. False: it has no end.
bool parse_set(std::string_view& pattern, Element& set) {
    set.kind = Element::Kind::Set;
    if (pattern.starts_with('^')) {
        set.inverted = true;
        pattern.remove_prefix(1);
    }
    std::string_view before;
    for (bool first = true; !pattern.empty(); first = false) {
        const std::string_view one = take_character(pattern);
        if (one == "]" && !first) return true;
        if (one == "-" && !before.empty() && !pattern.empty() && pattern[0] != ']') {
            set.ranges.emplace_back(before, take_character(pattern));
            before = {};
            continue;
        }
        set.ranges.emplace_back(one, one);
        before = first && one == "]" ? std::string_view() : one;
    }
    return false;
}

// False: nothing matches it.
bool parse(PatternKind kind, std::string_view pattern, std::string_view escape,
           std::vector<Element>& elements) {
    const std::string_view any = kind == PatternKind::Like ? "%" : "*";
    const std::string_view one = kind == PatternKind::Like ? "_" : "?";
    while (!pattern.empty()) {
        std::string_view character = take_character(pattern);
        Element element;
        if (!escape.empty() && character == escape) {
            if (pattern.empty()) return false;
            character = take_character(pattern);
        } else if (character == any) {
            element.kind = Element::Kind::Any;
        } else if (character == one) {
            element.kind = Element::Kind::One;
        } else if (kind == PatternKind::Glob && character == "[") {
            if (!parse_set(pattern, element)) return false;
        }
        element.text = character;
        elements.push_back(std::move(element));
    }
    return true;
}

bool fits(PatternKind kind, const Element& element, std::string_view character) {
    switch (element.kind) {
        case Element::Kind::Text:
            return kind == PatternKind::Like ? equal_caseless(element.text, character)
                                             : element.text == character;
        case Element::Kind::Set:
            for (const auto& [least, most] : element.ranges) {
                if (character >= least && character <= most) return !element.inverted;
            }
            return element.inverted;
        default:
            return true;
    }
}

std::string_view up_to_nul(sqlite3_value* value) {
    const auto* const text = reinterpret_cast<const char*>(sqlite3_value_text(value));
    return text ? std::string_view(text) : std::string_view();
}

template <PatternKind kind>
void match(sqlite3_context* context, int count, sqlite3_value** arguments) noexcept {
    try {
        for (int i = 0; i < count; ++i) {
            if (sqlite3_value_type(arguments[i]) == SQLITE_NULL) return;
        }
        const std::string_view pattern = up_to_nul(arguments[0]);
        const int most =
            sqlite3_limit(sqlite3_context_db_handle(context), SQLITE_LIMIT_LIKE_PATTERN_LENGTH, -1);
        if (pattern.size() > static_cast<size_t>(most))
            return sqlite3_result_error(context, "LIKE or GLOB pattern too complex", -1);
        const std::string_view escape = count == 3 ? up_to_nul(arguments[2]) : std::string_view();
        if (count == 3 && (escape.empty() || first_character(escape) != escape))
            return sqlite3_result_error(context, "ESCAPE expression must be a single character", -1);
        const auto& is_over = *static_cast<const std::function<bool()>*>(sqlite3_user_data(context));
        const PatternMatch result = match_pattern(kind, pattern, up_to_nul(arguments[1]), escape, is_over);
        if (result == PatternMatch::Interrupted) return sqlite3_result_error_code(context, SQLITE_INTERRUPT);
        sqlite3_result_int(context, result == PatternMatch::Yes ? 1 : 0);
    } catch (const std::exception&) {
        sqlite3_result_error_nomem(context);
    }
}

}  // namespace

// What the last «any» took is one character more each time the rest does not fit.
PatternMatch match_pattern(PatternKind kind, std::string_view pattern, std::string_view text,
                           std::string_view escape, const std::function<bool()>& is_over) {
    std::vector<Element> elements;
    if (is_over()) return PatternMatch::Interrupted;
    if (!parse(kind, pattern, escape, elements)) return PatternMatch::No;
    size_t at = 0, retry_at = 0;
    std::string_view rest = text, retry_rest;
    for (unsigned steps = 1; !rest.empty(); ++steps) {
        if (steps % kStepsBetweenLooks == 0 && is_over()) return PatternMatch::Interrupted;
        if (at < elements.size() && elements[at].kind == Element::Kind::Any) {
            retry_at = ++at;
            retry_rest = rest;
            if (at == elements.size()) return PatternMatch::Yes;
            continue;
        }
        const std::string_view character = first_character(rest);
        if (at < elements.size() && fits(kind, elements[at], character)) {
            ++at;
            rest.remove_prefix(character.size());
            continue;
        }
        if (retry_at == 0) return PatternMatch::No;
        at = retry_at;
        take_character(retry_rest);
        rest = retry_rest;
    }
    while (at < elements.size() && elements[at].kind == Element::Kind::Any)
        ++at;
    return at == elements.size() ? PatternMatch::Yes : PatternMatch::No;
}

bool add_patterns(sqlite3* handle, const std::function<bool()>& is_over) {
    constexpr int kFlags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;
    const auto add = [&](const char* name, int count, auto* function) {
        return sqlite3_create_function_v2(handle, name, count, kFlags,
                                          const_cast<std::function<bool()>*>(&is_over), function, nullptr,
                                          nullptr, nullptr) == SQLITE_OK;
    };
    return add("like", 2, match<PatternKind::Like>) && add("like", 3, match<PatternKind::Like>) &&
           add("glob", 2, match<PatternKind::Glob>);
}

}  // namespace marmoset::sqlrpc
