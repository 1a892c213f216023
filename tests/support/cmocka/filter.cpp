#include "filter.h"

#include <optional>
#include <string>

#include "interface.h"

namespace cmocka {
namespace {

struct Filters {
    std::optional<std::string> test;
    std::optional<std::string> skip;
};

Filters& filters() {
    static auto& both = *new Filters;
    return both;
}

// * stands for any text, ? for one character. One star is taken back at a time: the last one can always make
// up for it.
bool matches(const char* name, const char* pattern) {
    const char* star = nullptr;
    const char* resume = nullptr;
    while (*name != '\0') {
        if (*pattern == '*') {
            star = pattern++;
            resume = name;
        } else if (*pattern == '?' || *pattern == *name) {
            ++pattern;
            ++name;
        } else if (star != nullptr) {
            pattern = star + 1;
            name = ++resume;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        ++pattern;
    return *pattern == '\0';
}

void set(std::optional<std::string>& filter, const char* pattern) {
    if (pattern == nullptr) {
        filter.reset();
    } else {
        filter = pattern;
    }
}

}  // namespace

bool wanted_by_filters(const char* name) noexcept {
    const auto& [test, skip] = filters();
    if (test && !matches(name, test->c_str())) return false;
    return !skip || !matches(name, skip->c_str());
}

}  // namespace cmocka

void cmocka_set_test_filter(const char* pattern) {
    cmocka::set(cmocka::filters().test, pattern);
}
void cmocka_set_skip_filter(const char* pattern) {
    cmocka::set(cmocka::filters().skip, pattern);
}
