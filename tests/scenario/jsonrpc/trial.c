/* The RPC library of the scenarios: each method is one thing that a library may do, right or wrong. */
#define _POSIX_C_SOURCE 200809L
#include <marmoset/jsonrpc_library.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const struct marmoset_jsonrpc_host *host;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int gate_open, connections;
static struct marmoset_jsonrpc_call *parked[64];
static int parked_count;

struct connection {
    int count;
};

static int init(const struct marmoset_jsonrpc_host *given, const char *config, void **library, char *error, size_t size) {
    if (strcmp(config, "fail") == 0) {
        strncpy(error, "it was told to fail", size - 1);
        return 1;
    }
    if (strcmp(config, "crash") == 0) abort();
    if (strncmp(config, "slow ", 5) == 0) { /* until the file is there */
        sleep(2);
        while (access(config + 5, F_OK) != 0) sleep(1);
    }
    host = given;
    host->log(MARMOSET_JSONRPC_LOG_INFO, "trial is loaded");
    *library = strdup(config);
    return 0;
}

static void release(void *library) {
    host->log(MARMOSET_JSONRPC_LOG_INFO, "trial is released");
    free(library);
}

static int open_connection(void *library, const struct marmoset_jsonrpc_client *client, void **connection) {
    (void)library;
    if (strcmp(client->query, "refuse") == 0) return 403;
    if (strcmp(client->query, "crash") == 0) abort();
    if (strcmp(client->query, "hang") == 0) pause();
    *connection = calloc(1, sizeof(struct connection));
    pthread_mutex_lock(&mutex);
    ++connections;
    pthread_mutex_unlock(&mutex);
    return 0;
}

static void close_connection(void *library, void *connection) {
    (void)library;
    free(connection);
    pthread_mutex_lock(&mutex);
    --connections;
    pthread_mutex_unlock(&mutex);
}

static int echo(struct marmoset_jsonrpc_call *call, json_t **answer) {
    *answer = json_incref(call->params);
    return MARMOSET_JSONRPC_RESULT;
}

static int who(struct marmoset_jsonrpc_call *call, json_t **answer) {
    const struct marmoset_jsonrpc_client *client = call->client;
    *answer = json_pack("{ss ss ss ss ss ss ss ss ss sb sb sb}", "id", client->id, "user", client->user, "group", client->group,
                        "home", client->home, "auth", client->auth, "address", client->remote_address, "host", client->host,
                        "path_info", client->path_info, "query", client->query, "port", client->remote_port != 0, "tls",
                        client->tls, "metadata", client->metadata);
    return MARMOSET_JSONRPC_RESULT;
}

static int state(struct marmoset_jsonrpc_call *call, json_t **answer) {
    char folder[4096];
    if (!getcwd(folder, sizeof folder)) return MARMOSET_JSONRPC_ERROR;
    pthread_mutex_lock(&mutex);
    *answer = json_pack("{si si si si ss ss sI}", "pid", (int)getpid(), "parent", (int)getppid(), "connections", connections, "parked",
                        parked_count, "config", (const char *)call->library, "folder", folder, "client",
                        (json_int_t)call->client->number);
    pthread_mutex_unlock(&mutex);
    return MARMOSET_JSONRPC_RESULT;
}

static int count(struct marmoset_jsonrpc_call *call, json_t **answer) {
    *answer = json_integer(++((struct connection *)call->connection)->count);
    return MARMOSET_JSONRPC_RESULT;
}

static int fail(struct marmoset_jsonrpc_call *call, json_t **answer) {
    int code;
    const char *message;
    json_t *data = NULL;
    json_unpack(call->params, "[isO]", &code, &message, &data);
    *answer = marmoset_jsonrpc_error(code, message, data);
    return MARMOSET_JSONRPC_ERROR;
}

static int fail_wrongly(struct marmoset_jsonrpc_call *call, json_t **answer) {
    *answer = json_incref(json_array_get(call->params, 0));
    return MARMOSET_JSONRPC_ERROR;
}

static int fail_silently(struct marmoset_jsonrpc_call *call, json_t **answer) {
    (void)call, (void)answer;
    return MARMOSET_JSONRPC_ERROR;
}

static int nothing(struct marmoset_jsonrpc_call *call, json_t **answer) {
    (void)call, (void)answer;
    return MARMOSET_JSONRPC_RESULT;
}

/* Leaves children behind: «exec» one of another program (it tells which signals it ignores), else one of this. */
static int leave(struct marmoset_jsonrpc_call *call, json_t **answer) {
    const char *kind = json_string_value(json_array_get(call->params, 0));
    if (strcmp(kind, "exec") == 0) {
        char line[64] = "";
        FILE *ignored = popen("sleep 600 >/dev/null 2>&1 & grep SigIgn /proc/self/status; echo $!", "r");
        unsigned long signals = 0;
        int pid = 0;
        if (!ignored) return MARMOSET_JSONRPC_ERROR;
        if (fgets(line, sizeof line, ignored)) signals = strtoul(line + strcspn(line, "\t"), NULL, 16);
        if (fgets(line, sizeof line, ignored)) pid = atoi(line);
        pclose(ignored);
        *answer = json_pack("{sI si}", "ignored", (json_int_t)signals, "pid", pid);
    } else {
        pid_t pid = fork();
        if (pid == 0) {
            alarm(600);
            for (;;) pause();
        }
        *answer = json_pack("{sI si}", "ignored", (json_int_t)0, "pid", (int)pid);
    }
    return MARMOSET_JSONRPC_RESULT;
}

static int crash(struct marmoset_jsonrpc_call *call, json_t **answer) {
    (void)call, (void)answer;
    abort();
    return MARMOSET_JSONRPC_ERROR;
}

static int hang(struct marmoset_jsonrpc_call *call, json_t **answer) {
    (void)call, (void)answer;
    host->log(MARMOSET_JSONRPC_LOG_INFO, "a call hangs");
    while (pause()) continue;
    return MARMOSET_JSONRPC_ERROR;
}

/* Can't be cancelled, but ends. */
static int rest(struct marmoset_jsonrpc_call *call, json_t **answer) {
    double seconds = json_number_value(json_array_get(call->params, 0));
    struct timespec left = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
    host->log(MARMOSET_JSONRPC_LOG_INFO, "a call rests");
    while (nanosleep(&left, &left) != 0) continue;
    *answer = json_real(seconds);
    return MARMOSET_JSONRPC_RESULT;
}

/* Stays in the function until somebody calls «pass»; gives up when it is cancelled. */
static int gate(struct marmoset_jsonrpc_call *call, json_t **answer) {
    pthread_mutex_lock(&mutex);
    host->log(MARMOSET_JSONRPC_LOG_INFO, "at the gate");
    while (!gate_open && !host->cancelled(call)) pthread_cond_wait(&changed, &mutex);
    pthread_mutex_unlock(&mutex);
    host->log(MARMOSET_JSONRPC_LOG_INFO, host->cancelled(call) ? "the gate was given up" : "the gate was passed");
    *answer = json_string("passed");
    return MARMOSET_JSONRPC_RESULT;
}

static int pass(struct marmoset_jsonrpc_call *call, json_t **answer) {
    (void)call, (void)answer;
    pthread_mutex_lock(&mutex);
    gate_open = 1;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&mutex);
    return MARMOSET_JSONRPC_RESULT;
}

/* Answered by «unpark», by whichever client. */
static int park(struct marmoset_jsonrpc_call *call, json_t **answer) {
    int result = MARMOSET_JSONRPC_ERROR;
    (void)answer;
    pthread_mutex_lock(&mutex);
    if (parked_count < 64) {
        parked[parked_count++] = call;
        result = MARMOSET_JSONRPC_LATER;
    }
    pthread_mutex_unlock(&mutex);
    return result;
}

static void *answer_one(void *call) {
    host->answer(call, MARMOSET_JSONRPC_RESULT, json_incref(((struct marmoset_jsonrpc_call *)call)->params));
    return NULL;
}

static int unpark(struct marmoset_jsonrpc_call *call, json_t **answer) {
    int number;
    (void)call;
    pthread_mutex_lock(&mutex);
    number = parked_count;
    for (; parked_count > 0; --parked_count) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, answer_one, parked[parked_count - 1]) == 0) pthread_detach(thread);
    }
    pthread_mutex_unlock(&mutex);
    *answer = json_integer(number);
    return MARMOSET_JSONRPC_RESULT;
}

/* Answers before it returns; with a param of true it never does. */
static int early(struct marmoset_jsonrpc_call *call, json_t **answer) {
    int stays = json_is_true(json_array_get(call->params, 0));
    (void)answer;
    host->answer(call, MARMOSET_JSONRPC_RESULT, json_string("early"));
    while (stays) pause();
    return MARMOSET_JSONRPC_LATER;
}

static int tell(struct marmoset_jsonrpc_call *call, json_t **answer) {
    *answer = json_pack("[iii]", host->notify(call->client->number, "told", json_incref(call->params)),
                        host->notify(call->client->number + 1000000, "told", json_incref(call->params)),
                        host->notify(call->client->number, "told", json_string("no params")));
    return MARMOSET_JSONRPC_RESULT;
}

static int tell_another(struct marmoset_jsonrpc_call *call, json_t **answer) {
    json_int_t number = json_integer_value(json_array_get(call->params, 0));
    *answer = json_integer(host->notify((uint64_t)number, "told", json_pack("[O]", json_array_get(call->params, 1))));
    return MARMOSET_JSONRPC_RESULT;
}

static int tell_all(struct marmoset_jsonrpc_call *call, json_t **answer) {
    *answer = json_integer(host->notify_all("told all", json_incref(call->params)));
    return MARMOSET_JSONRPC_RESULT;
}

static json_t *text(json_int_t size) {
    char *letters = malloc((size_t)size + 1);
    memset(letters, 'x', (size_t)size);
    json_t *string = json_stringn(letters, (size_t)size);
    free(letters);
    return string;
}

static int big(struct marmoset_jsonrpc_call *call, json_t **answer) {
    *answer = text(json_integer_value(json_array_get(call->params, 0)));
    return MARMOSET_JSONRPC_RESULT;
}

static int flood(struct marmoset_jsonrpc_call *call, json_t **answer) {
    json_int_t number = json_integer_value(json_array_get(call->params, 0)), sent = 0;
    for (json_int_t i = 0; i < number; ++i)
        sent += host->notify(call->client->number, "flood", json_pack("[I o]", i, text(1000))) == 0;
    *answer = json_integer(sent);
    return MARMOSET_JSONRPC_RESULT;
}

static void cancel(struct marmoset_jsonrpc_call *call) {
    (void)call;
    pthread_mutex_lock(&mutex);
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&mutex);
}

static const struct marmoset_jsonrpc_method methods[] = {
    {"echo", echo, NULL, NULL},
    {"who", who, "", NULL},
    {"state", state, "", NULL},
    {"count", count, "", NULL},
    {"fail", fail, "[iso]", NULL},
    {"fail wrongly", fail_wrongly, "[o]", NULL},
    {"fail silently", fail_silently, NULL, NULL},
    {"nothing", nothing, NULL, NULL},
    {"leave", leave, "[s]", NULL},
    {"crash", crash, NULL, NULL},
    {"hang", hang, NULL, NULL},
    {"rest", rest, "[F]", NULL},
    {"gate", gate, NULL, NULL},
    {"pass", pass, NULL, NULL},
    {"park", park, NULL, NULL},
    {"unpark", unpark, NULL, NULL},
    {"early", early, NULL, NULL},
    {"tell", tell, "o", NULL},
    {"tell another", tell_another, "[i, o]", NULL},
    {"tell all", tell_all, "o", NULL},
    {"big", big, "[i]", NULL},
    {"flood", flood, "[i]", NULL},
    {"named", echo, "{s: s, i: i?}", NULL},
    {NULL, NULL, NULL, NULL},
};

const struct marmoset_jsonrpc_library marmoset_jsonrpc_library = {
    .abi = MARMOSET_JSONRPC_ABI,
    .size = sizeof(struct marmoset_jsonrpc_library),
    .name = "trial",
    .version = "1",
    .methods = methods,
    .init = init,
    .release = release,
    .open = open_connection,
    .close = close_connection,
    .cancel = cancel,
};
