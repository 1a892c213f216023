// Code under test that is compiled with UNIT_TESTING: its malloc, calloc, realloc and free are the checked
// ones.
#define UNIT_TESTING 1
#include "headers.h"

struct list {
    struct list* next;
    int value;
};

static struct list* push(struct list* rest, int value) {
    struct list* node = calloc(1, sizeof *node);
    node->next = rest;
    node->value = value;
    return node;
}
static void drop(struct list* node) {
    while (node != NULL) {
        struct list* next = node->next;
        free(node);
        node = next;
    }
}

static void list_is_freed(void** state) {
    (void)state;
    drop(push(push(NULL, 1), 2));
}
static void head_is_leaked(void** state) {
    (void)state;
    struct list* node = push(push(NULL, 1), 2);
    drop(node->next);
}
static void buffer_grows(void** state) {
    (void)state;
    char* buffer = malloc(2);
    buffer = realloc(buffer, 20);
    strcpy(buffer, "longer than two");
    assert_string_equal(buffer, "longer than two");
    free(buffer);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(list_is_freed),
        cmocka_unit_test(head_is_leaked),
        cmocka_unit_test(buffer_grows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
