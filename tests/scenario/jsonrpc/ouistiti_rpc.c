/* An RPC library as one made for ouistiti: its symbols, the layout of its table, no word about marmoset. Compiled in both layouts that
 * the table has had. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef int (*method_t)(json_t *json_params, json_t **result, void *userdata);
struct jsonrpc_method_entry_t {
#ifdef TYPED
    const char type;
#endif
    const char *name;
    method_t funcptr;
    const char *params_spec;
#ifdef TYPED
    unsigned long id;
    struct jsonrpc_method_entry_t *next;
#endif
};

/* Of the program that loads the library. */
json_t *jsonrpc_error_object(int code, const char *message, json_t *data);
json_t *jsonrpc_error_object_predefined(int code, json_t *data);

struct context {
    char *config;
    int calls;
};

static int method_state(json_t *params, json_t **result, void *userdata) {
    struct context *context = userdata;
    (void)params;
    printf("a library may print what it likes\n");
    *result = json_pack("{si si ss?}", "pid", (int)getpid(), "calls", ++context->calls, "config", context->config);
    return 0;
}

static int method_add(json_t *params, json_t **result, void *userdata) {
    int a, b;
    (void)userdata;
    if (json_unpack(params, "{si si}", "a", &a, "b", &b) != 0) {
        *result = jsonrpc_error_object_predefined(-32602, json_string("a and b"));
        return -1;
    }
    *result = json_pack("{si}", "sum", a + b);
    return 0;
}

/* As ouistiti's own libraries: an error object as result. */
static int method_refuse(json_t *params, json_t **result, void *userdata) {
    (void)params, (void)userdata;
    *result = jsonrpc_error_object(0, "incomplete command", json_string("incomplete command"));
    return 0;
}

/* … and a message without a code as error. */
static int method_announce(json_t *params, json_t **result, void *userdata) {
    (void)params, (void)userdata;
    *result = json_pack("{ss}", "message", "user added");
    return -1;
}

static int method_fail(json_t *params, json_t **result, void *userdata) {
    (void)params, (void)result, (void)userdata;
    return -1;
}

static int method_nothing(json_t *params, json_t **result, void *userdata) {
    (void)params, (void)result, (void)userdata;
    return 0;
}

static int method_crash(json_t *params, json_t **result, void *userdata) {
    (void)params, (void)result, (void)userdata;
    abort();
}

#ifdef TYPED
#define ROW(type, name, function, spec) {type, name, function, spec, 0, NULL}
#else
#define ROW(type, name, function, spec) {name, function, spec}
#endif
static struct jsonrpc_method_entry_t table[] = {
    ROW('r', "state", method_state, ""),
    ROW('r', "add", method_add, "o"),
    ROW('r', "refuse", method_refuse, NULL),
    ROW('r', "announce", method_announce, NULL),
    ROW('r', "fail", method_fail, NULL),
    ROW('r', "nothing", method_nothing, NULL),
    ROW('r', "crash", method_crash, NULL),
    ROW(0, NULL, NULL, NULL),
};

void *jsonrpc_init(struct jsonrpc_method_entry_t **methods, char *config) {
    struct context *context;
    if (config && strcmp(config, "fail") == 0) return NULL;
    context = calloc(1, sizeof *context);
    context->config = config;
    *methods = table;
    return context;
}

void jsonrpc_release(void *userdata) {
    free(userdata);
}
