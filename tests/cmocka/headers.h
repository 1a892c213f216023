// What a test file for CMocka includes, in CMocka's order.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
// Behind <stdlib.h>: with UNIT_TESTING malloc and its kin become macros.
#include <cmocka.h>

// A mistake in the choice of a group shall not look like a group without failures.
#define UNKNOWN_GROUP 99
