// Value or error, for operations that may fail for reasons outside the program:
// files, configuration, system calls at start-up. In: a value or an Error. Out: the same, checked.
// (C++20 has no std::expected.) Hot paths return plain codes instead.
#pragma once

#include <cassert>
#include <string>
#include <utility>
#include <variant>

namespace marmoset {

/// Why something failed, as one line for people: "bind 0.0.0.0:80: Permission denied".
struct Error {
    std::string text;
    int code = 0;  ///< errno where a system call failed, else 0
};

/// Error text in the house form "operation object: strerror".
Error errno_error(std::string_view operation, std::string_view object, int error_number);

template <typename T>
class [[nodiscard]] Result {
  public:
    Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT: implicit on purpose
    Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: implicit on purpose

    explicit operator bool() const { return state_.index() == 0; }
    T& operator*() { return std::get<0>(state_); }
    const T& operator*() const { return std::get<0>(state_); }
    T* operator->() { return &std::get<0>(state_); }
    const T* operator->() const { return &std::get<0>(state_); }
    T take() { return std::move(std::get<0>(state_)); }
    const Error& error() const { return std::get<1>(state_); }

  private:
    std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
  public:
    Result() = default;
    Result(Error error) : error_(std::move(error)), failed_(true) {}  // NOLINT: implicit on purpose

    explicit operator bool() const { return !failed_; }
    const Error& error() const { return error_; }

  private:
    Error error_;
    bool failed_ = false;
};

}  // namespace marmoset
