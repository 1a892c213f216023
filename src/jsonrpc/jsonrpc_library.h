/* The interface of RPC libraries, installed as <marmoset/jsonrpc_library.h>: shared objects whose methods
 * websocket_jsonrpc offers to web clients as JSON-RPC 2.0. In: calls, with what is known of the client. Out:
 * results, errors, notifications. C99 or later, or C++; of ours nothing is linked, but jansson.
 *
 *     static int hello(struct marmoset_jsonrpc_call *call, json_t **answer) {
 *         *answer = json_pack("{ss}", "hello", call->client->user);
 *         return MARMOSET_JSONRPC_RESULT;
 *     }
 *     static const struct marmoset_jsonrpc_method methods[] = {
 *         {"hello", hello, "", NULL},
 *         {NULL, NULL, NULL, NULL},
 *     };
 *     const struct marmoset_jsonrpc_library marmoset_jsonrpc_library = {
 *         .abi = MARMOSET_JSONRPC_ABI,
 *         .size = sizeof(struct marmoset_jsonrpc_library),
 *         .name = "hello",
 *         .methods = methods,
 *     };
 *
 *     cc -shared -fPIC -o hello.so hello.c -ljansson && websocket_jsonrpc -L ./hello.so -n hello
 *
 * Values are jansson's json_t, not text: a library needs a JSON library anyway, and this is the one that has
 * parsed the call and the one that ouistiti's libraries have in their interface; a second parser would only
 * bring a second opinion of what the bytes mean. Its soname (libjansson.so.4) is thereby part of this
 * interface.
 *
 * Where a library lives. It is loaded into worker processes, by default two of them, that run as the server's
 * user and hold no client connection. Static variables are therefore of one process, and are gone when it is
 * restarted: what all clients share belongs into a file or database. A client stays with one process. When
 * the process ends (a crash, or a call that does not return within the timeout), its calls under way are
 * answered with an error, another process is started, and open() is called anew for its clients.
 *
 * Threads. init() and release() are called on the process's first thread. open(), methods and close() are
 * called on any of several threads, but for one client never two of them at once: a client's calls are begun
 * in the order they came, the next one when the function of the one before has returned. What belongs to a
 * connection needs no lock for that reason; what belongs to the library does. cancel() may come while a
 * method runs.
 *
 * History of the interface: 1, first version.
 */
#ifndef MARMOSET_JSONRPC_LIBRARY_H
#define MARMOSET_JSONRPC_LIBRARY_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Grows when something that was there changes. What is only added goes to the end of a struct: `size` tells
 * who has it. */
#define MARMOSET_JSONRPC_ABI 1

/** Codes of JSON-RPC 2.0. The server itself answers with those but MARMOSET_JSONRPC_INVALID_PARAMS only where
 * no method of the library was called. Codes of a library's own: any outside of -32768 … -32000. */
enum {
    MARMOSET_JSONRPC_PARSE_ERROR = -32700,
    MARMOSET_JSONRPC_INVALID_REQUEST = -32600,
    MARMOSET_JSONRPC_METHOD_NOT_FOUND = -32601,
    MARMOSET_JSONRPC_INVALID_PARAMS = -32602,
    MARMOSET_JSONRPC_INTERNAL_ERROR = -32603,
    /** Of the server: the call was not answered in time. */
    MARMOSET_JSONRPC_TIMEOUT = -32000,
    /** Of the server: too much is under way. */
    MARMOSET_JSONRPC_BUSY = -32001,
};

/** What a method returns. */
enum {
    MARMOSET_JSONRPC_RESULT = 0, /**< *answer is the result; NULL: null */
    MARMOSET_JSONRPC_ERROR =
        1, /**< *answer is an error object (marmoset_jsonrpc_error()); NULL, or none: an internal error */
    MARMOSET_JSONRPC_LATER = 2, /**< host->answer() was called or will be; *answer is not looked at */
};

/** Levels of host->log(). */
enum {
    MARMOSET_JSONRPC_LOG_ERROR,
    MARMOSET_JSONRPC_LOG_WARNING,
    MARMOSET_JSONRPC_LOG_INFO,
    MARMOSET_JSONRPC_LOG_DEBUG
};

/** What the gateway knows of a client. All of it comes from the gateway, nothing from what the client says in
 * a call; strings are UTF-8 and never NULL, "" where nothing is known. Lives until close() has returned. */
struct marmoset_jsonrpc_client {
    uint64_t number;            /**< names the client for notify(); used once in the server's life; never 0 */
    const char* id;             /**< the gateway's name of it, also in its logs */
    const char* user;           /**< authenticated by the gateway; "": nobody */
    const char *group, *home;   /**< of that user */
    const char* auth;           /**< scheme that authenticated: "Basic", "Bearer" … */
    const char* remote_address; /**< without port */
    const char *origin, *host, *path_info, *query;
    const char* tls_client_subject;
    uint16_t remote_port;
    uint8_t tls; /**< 1: came over TLS */
    uint8_t
        metadata; /**< 0: the server runs on a STREAM socket without records and knows nothing: all is "" */
};

/** One call. Lives until it is answered: until the method has returned, or with MARMOSET_JSONRPC_LATER until
 * host->answer(). */
struct marmoset_jsonrpc_call {
    const struct marmoset_jsonrpc_client* client;
    void* library;      /**< what init() gave */
    void* connection;   /**< what open() gave */
    const char* method; /**< name it was called by */
    void* data;         /**< of the method's entry in the table */
    json_t*
        params; /**< an object or an array, or NULL; borrowed: json_incref() what is kept. Yours to change */
    uint8_t notification; /**< 1: nobody waits; the answer is dropped, but has to be given as any */
};

/** What the server does for a library. Every function may be called from any thread between init() and the
 * end of release(). */
struct marmoset_jsonrpc_host {
    uint32_t abi, size;
    /** Bytes that an answer or a notification may have as text. More: the caller gets an internal error.
     * Answer in pages then: the client asks for the next one, open() gave the place where a cursor is kept.
     */
    size_t max_message;
    /** Milliseconds after which a call has been given up (cancel() is called), whether or not it has got a
     * thread. If a function has run so long and 2 s more, the process is ended. What can set a limit of its
     * own (a database) sets a shorter one. */
    unsigned timeout_ms;
    /** Bytes of notifications that may wait for one client; one that reads too slowly is closed with 1013. */
    size_t max_waiting;

    /** Answers a call whose method returned MARMOSET_JSONRPC_LATER, or is about to: `kind` and `value`
     * (stolen) as those of a method. Once; the call and its params are gone afterwards. An answer to a call
     * that has been cancelled is dropped. Do not hold a lock that your cancel() takes. */
    void (*answer)(struct marmoset_jsonrpc_call* call, int kind, json_t* value);
    /** 1: the client has gone or the time is up; the answer will be dropped. */
    int (*cancelled)(const struct marmoset_jsonrpc_call* call);
    /** Sends a notification to one client, by its number; `params` is stolen: an object, an array or NULL.
     * What one thread sends to one client arrives in that order, and before an answer that it gives later.
     * -1: the client is not one of this process, or not let in yet, or the params can't be sent. */
    int (*notify)(uint64_t client, const char* method, json_t* params);
    /** … to all clients of the server, also those of other processes. */
    int (*notify_all)(const char* method, json_t* params);
    /** Writes a line to the server's log. */
    void (*log)(int level, const char* text);
};

/** One row of the table of methods, which ends with a row without a name. */
struct marmoset_jsonrpc_method {
    const char* name;
    /** Returns one of MARMOSET_JSONRPC_RESULT …; *answer is NULL before, and what it is set to belongs to the
     * server. */
    int (*function)(struct marmoset_jsonrpc_call* call, json_t** answer);
    /** What params must look like, checked before the function is called (else -32602, with the reason in
     * `data`): "[s, F?]" for an array, "{name: s, limit: i?, order: [s]?}" for an object, "o" for any params,
     * "" for none; NULL: not checked. Letters: s string, i integer, F number, b boolean, n null, o anything;
     * with ? behind it a value may be missing or null. Further members and elements are no matter. */
    const char* params;
    void* data; /**< yours: call->data */
};

/** What a library exports, under the name marmoset_jsonrpc_library. Functions that it has no use for are
 * NULL. */
struct marmoset_jsonrpc_library {
    uint32_t abi;  /**< MARMOSET_JSONRPC_ABI */
    uint32_t size; /**< of this struct */
    const char *name, *version;
    const struct marmoset_jsonrpc_method* methods;
    /** Called once a process, before anything else. `config` is the -C string, "" without one. `host` lives
     * as long as the process. Other than 0: the library can't be used, and `error` (of `size` bytes) says why
     * in one line: the server does not start. Give *library what call->library is to be. */
    int (*init)(const struct marmoset_jsonrpc_host* host, const char* config, void** library, char* error,
                size_t size);
    /** The process ends in order; all connections have been closed. */
    void (*release)(void* library);
    /** A client has come. Other than 0: it is not let in; the number is the HTTP status that it gets (403 …).
     * Give *connection what call->connection is to be. Without open() every client is let in. */
    int (*open)(void* library, const struct marmoset_jsonrpc_client* client, void** connection);
    /** The client has gone and all its calls have been answered. */
    void (*close)(void* library, void* connection);
    /** The answer of this call, which is not answered yet, is of no use any more: client gone, or time up. On
     * a thread of the server's, perhaps while the method runs; to stop what takes long (sqlite3_interrupt()).
     * The call still has to be answered; that waits until cancel() has returned. */
    void (*cancel)(struct marmoset_jsonrpc_call* call);
};

/** To be defined by the library; declared here so that it is exported, from C++ and with -fvisibility=hidden
 * too. */
#if defined(__GNUC__)
__attribute__((visibility("default")))
#endif
extern const struct marmoset_jsonrpc_library marmoset_jsonrpc_library;

/** An error object. `data` is stolen; NULL: none. */
static inline json_t* marmoset_jsonrpc_error(int code, const char* message, json_t* data) {
    json_t* error = json_pack("{siss}", "code", code, "message", message);
    if (data && (!error || json_object_set_new(error, "data", data) != 0)) {
        json_decref(error);
        return NULL;
    }
    return error;
}

#ifdef __cplusplus
}
#endif

#endif
