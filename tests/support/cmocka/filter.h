// cmocka_set_test_filter and cmocka_set_skip_filter. In: a test's name. Out: whether it takes part.
#pragma once

namespace cmocka {

bool wanted_by_filters(const char* name) noexcept;

}  // namespace cmocka
