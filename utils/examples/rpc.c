/* An RPC library for websocket_jsonrpc: one method that answers at once, one that answers later from a thread of its own,
 * one that tells all clients something. In: calls. Out: answers, notifications.
 *
 *     cc -shared -fPIC -o rpc.so rpc.c -ljansson -lpthread
 *     websocket_jsonrpc -R /var/run/websocket -n rpc -L ./rpc.so -C 'Good morning'
 *
 *     {"jsonrpc":"2.0","id":1,"method":"greet","params":{"name":"Ann"}}       {"jsonrpc":"2.0","id":1,"result":"Good morning, Ann"}
 *     {"jsonrpc":"2.0","id":2,"method":"sleep","params":[0.5]}                half a second later: … "result":0.5
 *     {"jsonrpc":"2.0","method":"shout","params":["hello"]}                   to everybody: {"jsonrpc":"2.0","method":"heard", …
 */
#include <marmoset/jsonrpc_library.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const struct marmoset_jsonrpc_host *host;

/* The -C string is all that the library has for itself; who calls is told by call->client. */
static int init(const struct marmoset_jsonrpc_host *given, const char *config, void **library, char *error, size_t size) {
    (void)error, (void)size;
    host = given;
    *library = strdup(*config ? config : "Hello");
    return *library ? 0 : -1;
}

static int greet(struct marmoset_jsonrpc_call *call, json_t **answer) {
    const char *name = call->client->user;
    json_unpack(call->params, "{s?s}", "name", &name);
    *answer = json_sprintf("%s, %s", (const char *)call->library, *name ? name : "whoever you are");
    return MARMOSET_JSONRPC_RESULT;
}

static void *wake(void *argument) {
    struct marmoset_jsonrpc_call *call = argument;
    double seconds = 0;
    json_unpack(call->params, "[F]", &seconds);
    struct timespec duration = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
    nanosleep(&duration, NULL);
    host->answer(call, MARMOSET_JSONRPC_RESULT, json_real(seconds)); /* once, from whichever thread */
    return NULL;
}

/* Meanwhile other calls are run, also those of the same client. */
static int sleep_a_while(struct marmoset_jsonrpc_call *call, json_t **answer) {
    double seconds = 0;
    pthread_t thread;
    if (json_unpack(call->params, "[F]", &seconds) != 0 || seconds < 0 || seconds > 10) {
        *answer = marmoset_jsonrpc_error(MARMOSET_JSONRPC_INVALID_PARAMS, "Invalid params", json_string("0 to 10 seconds"));
        return MARMOSET_JSONRPC_ERROR;
    }
    if (pthread_create(&thread, NULL, wake, call) != 0) return MARMOSET_JSONRPC_ERROR; /* «Internal error» */
    pthread_detach(thread);
    return MARMOSET_JSONRPC_LATER;
}

static int shout(struct marmoset_jsonrpc_call *call, json_t **answer) {
    json_t *words = json_array_get(call->params, 0);
    *answer = json_integer(host->notify_all("heard", json_pack("{sIsO}", "client", (json_int_t)call->client->number, "words", words)));
    return MARMOSET_JSONRPC_RESULT;
}

static const struct marmoset_jsonrpc_method methods[] = {
    {"greet", greet, NULL, NULL},
    {"sleep", sleep_a_while, "o", NULL},
    {"shout", shout, "[s]", NULL},
    {NULL, NULL, NULL, NULL},
};

const struct marmoset_jsonrpc_library marmoset_jsonrpc_library = {
    .abi = MARMOSET_JSONRPC_ABI,
    .size = sizeof(struct marmoset_jsonrpc_library),
    .name = "rpc",
    .version = "1",
    .methods = methods,
    .init = init,
    .release = free,
};
