/*
 * curl-floor: what a partner call costs at the least. A bare libcurl multi_socket client on libevent, put
 * together the way libcurl's own examples do it, that does nothing but POST a body. It is the yardstick for
 * shared/outbound, so it includes libcurl and libevent itself and uses nothing of the project's.
 * What was found with it stands in FLOOR.md.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include <curl/curl.h>
#include <event2/event.h>

#include "bench/floor_options.h"

struct client {
    struct floor_options options;
    struct floor_meter meter;
    struct event_base *base;
    struct event *timer;
    CURLM *multi;
    char *body;
    struct curl_slist *headers;
    struct group *groups;
    uint64_t connections;
    bool ended;
};

/* Transfers that start together. */
struct group {
    struct client *client;
    unsigned running;
    CURL *handles[4];
};

/* One socket that libcurl wants watched. */
struct socket_watch {
    struct client *client;
    struct event *event;
};

static void die(const char *what) {
    fprintf(stderr, "curl-floor: %s\n", what);
    exit(1);
}

static size_t on_body(char *p, size_t size, size_t n, void *ctx) {
    (void)p;
    (void)ctx;
    return size * n;
}

static CURL *handle_create(struct client *client, struct group *group) {
    CURL *easy = curl_easy_init();
    if (!easy)
        die("no memory");
    curl_easy_setopt(easy, CURLOPT_URL, client->options.url);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, group);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, client->headers);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, client->body);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)client->options.body_bytes);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, 10000L);
    curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    if (client->options.ca_file)
        curl_easy_setopt(easy, CURLOPT_CAINFO, client->options.ca_file);
    return easy;
}

static void group_start(struct group *group) {
    struct client *client = group->client;
    for (unsigned i = 0; i < client->options.burst; i++) {
        if (!group->handles[i])
            group->handles[i] = handle_create(client, group);
        if (curl_multi_add_handle(client->multi, group->handles[i]) != CURLM_OK)
            die("curl_multi_add_handle failed");
        group->running++;
    }
}

static void transfer_done(struct client *client, CURL *easy, CURLcode code) {
    struct group *group = NULL;
    long status = 0;
    long connects = 0;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&group);
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &connects);
    client->connections += (uint64_t)connects;
    curl_multi_remove_handle(client->multi, easy);
    if (client->options.fresh_handles) {
        for (unsigned i = 0; i < client->options.burst; i++)
            if (group->handles[i] == easy)
                group->handles[i] = NULL;
        curl_easy_cleanup(easy);
    }
    if (floor_meter_count(&client->meter, &client->options, code == CURLE_OK && status == 200)) {
        client->ended = true;
        event_base_loopbreak(client->base);
    } else if (--group->running == 0) {
        group_start(group);
    }
}

static void take_messages(struct client *client) {
    int left = 0;
    CURLMsg *message;
    while (!client->ended && (message = curl_multi_info_read(client->multi, &left)) != NULL)
        if (message->msg == CURLMSG_DONE)
            transfer_done(client, message->easy_handle, message->data.result);
}

static void on_socket_ready(evutil_socket_t fd, short what, void *ctx) {
    struct client *client = ctx;
    int running = 0;
    int bits = (what & EV_READ ? CURL_CSELECT_IN : 0) | (what & EV_WRITE ? CURL_CSELECT_OUT : 0);
    curl_multi_socket_action(client->multi, fd, bits, &running);
    take_messages(client);
}

static void on_timer(evutil_socket_t fd, short what, void *ctx) {
    (void)fd;
    (void)what;
    struct client *client = ctx;
    int running = 0;
    curl_multi_socket_action(client->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    take_messages(client);
}

static int on_timer_wanted(CURLM *multi, long timeout_ms, void *ctx) {
    (void)multi;
    struct client *client = ctx;
    if (timeout_ms < 0)
        return evtimer_del(client->timer);
    struct timeval wait = {timeout_ms / 1000, timeout_ms % 1000 * 1000};
    return evtimer_add(client->timer, &wait);
}

static int on_socket_wanted(CURL *easy, curl_socket_t fd, int what, void *ctx, void *socket_ctx) {
    (void)easy;
    struct client *client = ctx;
    struct socket_watch *watch = socket_ctx;
    if (what == CURL_POLL_REMOVE) {
        if (watch)
            event_free(watch->event);
        free(watch);
        return 0;
    }
    if (!watch) {
        watch = calloc(1, sizeof *watch);
        if (!watch)
            die("no memory");
        watch->client = client;
        watch->event = event_new(client->base, fd, EV_READ, on_socket_ready, client);
        if (!watch->event)
            die("no memory");
        curl_multi_assign(client->multi, fd, watch);
    }
    short events =
        (short)(EV_PERSIST | (what & CURL_POLL_IN ? EV_READ : 0) | (what & CURL_POLL_OUT ? EV_WRITE : 0));
    event_del(watch->event);
    event_assign(watch->event, client->base, fd, events, on_socket_ready, client);
    return event_add(watch->event, NULL);
}

static void client_init(struct client *client) {
    struct floor_options *options = &client->options;
    client->base = event_base_new();
    client->multi = curl_multi_init();
    client->body = floor_body_create(options->body_bytes);
    client->groups = calloc(options->in_flight, sizeof *client->groups);
    client->headers = curl_slist_append(NULL, "Content-Type: application/json");
    if (!client->base || !client->multi || !client->body || !client->groups || !client->headers)
        die("no memory");
    client->timer = evtimer_new(client->base, on_timer, client);
    curl_multi_setopt(client->multi, CURLMOPT_SOCKETFUNCTION, on_socket_wanted);
    curl_multi_setopt(client->multi, CURLMOPT_SOCKETDATA, client);
    curl_multi_setopt(client->multi, CURLMOPT_TIMERFUNCTION, on_timer_wanted);
    curl_multi_setopt(client->multi, CURLMOPT_TIMERDATA, client);
    curl_multi_setopt(client->multi, CURLMOPT_MAXCONNECTS, (long)(options->in_flight * options->burst + 16));
}

static void client_cleanup(struct client *client) {
    for (unsigned g = 0; g < client->options.in_flight; g++) {
        for (unsigned i = 0; i < client->options.burst; i++) {
            if (!client->groups[g].handles[i])
                continue;
            curl_multi_remove_handle(client->multi, client->groups[g].handles[i]);
            curl_easy_cleanup(client->groups[g].handles[i]);
        }
    }
    curl_multi_cleanup(client->multi);
    event_free(client->timer);
    event_base_free(client->base);
    curl_slist_free_all(client->headers);
    free(client->groups);
    free(client->body);
}

int main(int argc, char **argv) {
    struct client client = {0};
    floor_options_read(&client.options, argc, argv, true);
    signal(SIGPIPE, SIG_IGN);
    if (curl_global_init(CURL_GLOBAL_ALL) != 0)
        die("libcurl does not start");
    client_init(&client);
    floor_meter_init(&client.meter, &client.options);
    for (unsigned g = 0; g < client.options.in_flight; g++) {
        client.groups[g].client = &client;
        group_start(&client.groups[g]);
    }
    event_base_dispatch(client.base);
    floor_meter_report(&client.meter, &client.options,
                       client.options.fresh_handles ? "curl-floor(fresh)" : "curl-floor", client.connections);
    client_cleanup(&client);
    curl_global_cleanup();
    return client.meter.failed ? 1 : 0;
}
