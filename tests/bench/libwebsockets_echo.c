// A peer: the echo server that the manual of libwebsockets suggests, one thread, its default event loop.
// Usage: libwebsockets_echo; prints "port N". Compiled by tests/bench/peers against Debian's package.
#include <libwebsockets.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// A message, or a part of one, on its way back. libwebsockets wants LWS_PRE bytes in front of what it sends.
struct part {
    struct part *next;
    size_t size;
    enum lws_write_protocol flags;
    unsigned char bytes[];
};

struct client {
    struct part *first;
    struct part **end;
    size_t waiting;  // bytes
};

enum { max_waiting = 1 << 20 };  // a client is not read beyond that

static volatile sig_atomic_t stopping;

static void on_signal(int number) {
    (void)number;
    stopping = 1;
}

static int keep(struct lws *wsi, struct client *client, const void *bytes, size_t size) {
    struct part *part = malloc(sizeof *part + LWS_PRE + size);
    if (!part) return -1;
    part->next = NULL;
    part->size = size;
    part->flags = (enum lws_write_protocol)lws_write_ws_flags(
        lws_frame_is_binary(wsi) ? LWS_WRITE_BINARY : LWS_WRITE_TEXT, lws_is_first_fragment(wsi),
        lws_is_final_fragment(wsi));
    memcpy(part->bytes + LWS_PRE, bytes, size);
    *client->end = part;
    client->end = &part->next;
    client->waiting += size;
    if (client->waiting > max_waiting) lws_rx_flow_control(wsi, 0);
    lws_callback_on_writable(wsi);
    return 0;
}

static int send_first(struct lws *wsi, struct client *client) {
    struct part *part = client->first;
    if (!part) return 0;
    const int sent = lws_write(wsi, part->bytes + LWS_PRE, part->size, part->flags);
    client->first = part->next;
    if (!client->first) client->end = &client->first;
    client->waiting -= part->size;
    free(part);
    if (client->waiting <= max_waiting) lws_rx_flow_control(wsi, 1);
    if (client->first) lws_callback_on_writable(wsi);
    return sent < 0 ? -1 : 0;
}

static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t size) {
    struct client *client = user;
    switch (reason) {
        case LWS_CALLBACK_ESTABLISHED:
            client->end = &client->first;
            return 0;
        case LWS_CALLBACK_RECEIVE:
            return keep(wsi, client, in, size);
        case LWS_CALLBACK_SERVER_WRITEABLE:
            return send_first(wsi, client);
        case LWS_CALLBACK_CLOSED:
            while (client->first) {
                struct part *part = client->first;
                client->first = part->next;
                free(part);
            }
            return 0;
        default:
            return lws_callback_http_dummy(wsi, reason, user, in, size);
    }
}

int main(void) {
    const struct lws_protocols protocols[] = {
        {"echo", on_event, sizeof(struct client), 512 * 1024, 0, NULL, 0},
        {NULL, NULL, 0, 0, 0, NULL, 0},
    };
    struct lws_context_creation_info info;
    memset(&info, 0, sizeof info);
    info.port = 0;
    info.iface = "127.0.0.1";
    info.protocols = protocols;
    info.pt_serv_buf_size = 512 * 1024;
    info.options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS;
    lws_set_log_level(LLL_ERR, NULL);
    struct lws_context *context = lws_create_context(&info);
    struct lws_vhost *vhost = context ? lws_create_vhost(context, &info) : NULL;
    if (!vhost) {
        fprintf(stderr, "libwebsockets_echo: no server could be made\n");
        return 1;
    }
    signal(SIGTERM, on_signal);
    signal(SIGINT, on_signal);
    printf("port %d\n", lws_get_vhost_listen_port(vhost));
    fflush(stdout);
    while (!stopping && lws_service(context, 0) >= 0) {
    }
    lws_context_destroy(context);
    return 0;
}
