// Comparisons of assertions and of expected parameters. In: the values. Out: whether it holds; if not, the
// reason has been said (failure.h) in CMocka's words.
#pragma once

#include <cstddef>
#include <cstdint>

namespace cmocka {

bool values_equal(std::uintmax_t left, std::uintmax_t right) noexcept;
bool values_differ(std::uintmax_t left, std::uintmax_t right) noexcept;
/// At most epsilon apart, or a float's precision of the larger.
bool floats_equal(float left, float right, float epsilon) noexcept;
bool floats_differ(float left, float right, float epsilon) noexcept;
/// A null pointer equals only itself.
bool strings_equal(const char* left, const char* right) noexcept;
bool strings_differ(const char* left, const char* right) noexcept;
bool memory_equal(const void* left, const void* right, std::size_t size) noexcept;
bool memory_differs(const void* left, const void* right, std::size_t size) noexcept;
/// Both ends belong to the range.
bool in_range(std::uintmax_t value, std::uintmax_t minimum, std::uintmax_t maximum) noexcept;
bool not_in_range(std::uintmax_t value, std::uintmax_t minimum, std::uintmax_t maximum) noexcept;
bool in_set(std::uintmax_t value, const std::uintmax_t* values, std::size_t count) noexcept;
bool not_in_set(std::uintmax_t value, const std::uintmax_t* values, std::size_t count) noexcept;

}  // namespace cmocka
