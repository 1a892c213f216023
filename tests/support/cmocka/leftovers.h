// What a function of a test file has queued and not used. Each of setup, test and teardown begins with
// nothing queued.
#pragma once

#include "failure.h"

namespace cmocka {

void forget_mock_values() noexcept;
void forget_expectations() noexcept;
void forget_call_order() noexcept;

/// Says what is left (values, parameters, calls); where the first of it was declared, or a null file when
/// nothing is.
Location left_mock_values() noexcept;
Location left_expectations() noexcept;
Location left_call_order() noexcept;

/// Says one entry of those above and keeps the first one's place.
inline void say_left(Location& first, Location declared) noexcept {
    say("%s:%d: note: remaining item was declared here\n", declared.file, declared.line);
    if (first.file == nullptr) first = declared;
}

}  // namespace cmocka
