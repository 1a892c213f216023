// Assertions where no test runs end the program. In: which.
#include "headers.h"

int main(int argc, char** argv) {
    const char* run = argc > 1 ? argv[1] : "";
    if (strcmp(run, "holds") == 0) {
        assert_int_equal(1, 1);
        return 0;
    }
    if (strcmp(run, "assert") == 0) assert_int_equal(1, 2);
    if (strcmp(run, "mock_assert") == 0) mock_assert(0, "expression", __FILE__, __LINE__);
    if (strcmp(run, "fail_msg") == 0) fail_msg("no test here");
    if (strcmp(run, "skip") == 0) skip();
    return UNKNOWN_GROUP;
}
