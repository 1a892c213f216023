#include "comparison.h"

#include <algorithm>
#include <cinttypes>
#include <cmath>
#include <cstring>
#include <limits>

#include "failure.h"

namespace cmocka {
namespace {

constexpr size_t most_differences_named = 16;

bool near(float left, float right, float epsilon) {
    const float apart = std::fabs(left - right);
    const float larger = std::max(std::fabs(left), std::fabs(right));
    // Written so that what is not a number passes for equal, as it does with CMocka.
    return !(apart > epsilon) || !(apart > larger * std::numeric_limits<float>::epsilon());
}

bool same_text(const char* left, const char* right) {
    if (left == nullptr || right == nullptr) return left == right;
    return std::strcmp(left, right) == 0;
}

const char* shown(const char* text) {
    return text != nullptr ? text : "(null)";
}

void say_strings(const char* left, const char* relation, const char* right) {
    say("\"%s\" %s \"%s\"\n", shown(left), relation, shown(right));
}

bool contains(const std::uintmax_t* values, size_t count, std::uintmax_t value) {
    return std::find(values, values + count, value) != values + count;
}

void say_set(std::uintmax_t value, const char* relation, const std::uintmax_t* values, size_t count) {
    say("%" PRIuMAX " is %s the set (", value, relation);
    for (size_t i = 0; i < count; ++i)
        say("%#" PRIxMAX ", ", values[i]);
    say(")\n");
}

}  // namespace

bool values_equal(std::uintmax_t left, std::uintmax_t right) noexcept {
    if (left == right) return true;
    say("%#" PRIxMAX " != %#" PRIxMAX "\n", left, right);
    return false;
}

bool values_differ(std::uintmax_t left, std::uintmax_t right) noexcept {
    if (left != right) return true;
    say("%#" PRIxMAX " == %#" PRIxMAX "\n", left, right);
    return false;
}

bool floats_equal(float left, float right, float epsilon) noexcept {
    if (near(left, right, epsilon)) return true;
    say("%f != %f\n", static_cast<double>(left), static_cast<double>(right));
    return false;
}

bool floats_differ(float left, float right, float epsilon) noexcept {
    if (!near(left, right, epsilon)) return true;
    say("%f == %f\n", static_cast<double>(left), static_cast<double>(right));
    return false;
}

bool strings_equal(const char* left, const char* right) noexcept {
    if (same_text(left, right)) return true;
    say_strings(left, "!=", right);
    return false;
}

bool strings_differ(const char* left, const char* right) noexcept {
    if (!same_text(left, right)) return true;
    say_strings(left, "==", right);
    return false;
}

bool memory_equal(const void* left, const void* right, size_t size) noexcept {
    const auto* a = static_cast<const unsigned char*>(left);
    const auto* b = static_cast<const unsigned char*>(right);
    size_t differences = 0;
    for (size_t i = 0; i < size; ++i) {
        if (a[i] == b[i]) continue;
        if (differences < most_differences_named)
            say("difference at offset %zu 0x%02x 0x%02x\n", i, a[i], b[i]);
        ++differences;
    }
    if (differences == 0) return true;
    if (differences >= most_differences_named) say("...\n");
    say("%zu bytes of %p and %p differ\n", differences, left, right);
    return false;
}

bool memory_differs(const void* left, const void* right, size_t size) noexcept {
    const auto* a = static_cast<const unsigned char*>(left);
    if (!std::equal(a, a + size, static_cast<const unsigned char*>(right))) return true;
    say("%zubytes of %p and %p the same\n", size, left, right);
    return false;
}

bool in_range(std::uintmax_t value, std::uintmax_t minimum, std::uintmax_t maximum) noexcept {
    if (value >= minimum && value <= maximum) return true;
    say("%" PRIuMAX " is not within the range %" PRIuMAX "-%" PRIuMAX "\n", value, minimum, maximum);
    return false;
}

bool not_in_range(std::uintmax_t value, std::uintmax_t minimum, std::uintmax_t maximum) noexcept {
    if (value < minimum || value > maximum) return true;
    say("%" PRIuMAX " is within the range %" PRIuMAX "-%" PRIuMAX "\n", value, minimum, maximum);
    return false;
}

bool in_set(std::uintmax_t value, const std::uintmax_t* values, size_t count) noexcept {
    if (contains(values, count, value)) return true;
    say_set(value, "not in", values, count);
    return false;
}

bool not_in_set(std::uintmax_t value, const std::uintmax_t* values, size_t count) noexcept {
    if (!contains(values, count, value)) return true;
    say_set(value, "in", values, count);
    return false;
}

}  // namespace cmocka
