// cmocka.h for the library's own sources: the declarations without the macros that take ordinary words.
#pragma once

#include "../cmocka.h"

#undef fail
#undef mock
#undef run_group_tests
#undef run_test
#undef run_tests
#undef skip
