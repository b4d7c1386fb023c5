/*
 * outbound-floor: the same work as curl-floor, done by shared/outbound, so that the two figures can be put
 * side by side.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/loop.h"
#include "bench/floor_options.h"
#include "outbound/outbound.h"

#define DEADLINE_US 10000000u

struct client {
    struct floor_options options;
    struct floor_meter meter;
    struct loop *loop;
    struct outbound *outbound;
    struct outbound_target *target;
    char *body;
    struct group *groups;
    bool ended;
};

/* Transfers that start together. */
struct group {
    struct client *client;
    unsigned running;
};

static void die(const char *what) {
    fprintf(stderr, "outbound-floor: %s\n", what);
    exit(1);
}

static void on_done(void *ctx, const struct outbound_result *result);

static void group_start(struct group *group) {
    struct client *client = group->client;
    for (unsigned i = 0; i < client->options.burst; i++) {
        struct outbound_call *call = outbound_begin(client->target);
        if (!call)
            die("no call");
        buf_add(outbound_call_body(call), client->body, client->options.body_bytes);
        outbound_send(call, loop_now(client->loop) + DEADLINE_US, on_done, group);
        group->running++;
    }
}

static void on_done(void *ctx, const struct outbound_result *result) {
    struct group *group = ctx;
    struct client *client = group->client;
    if (client->ended)
        return;
    group->running--;
    if (floor_meter_count(&client->meter, &client->options,
                          result->outcome == OUTBOUND_ANSWERED && result->status == 200)) {
        client->ended = true;
        loop_stop(client->loop);
    } else if (group->running == 0) {
        group_start(group);
    }
}

static void client_init(struct client *client) {
    struct floor_options *options = &client->options;
    struct outbound_target_options target;
    char error[200];
    client->loop = loop_create();
    client->outbound = client->loop ? outbound_create(client->loop) : NULL;
    client->body = floor_body_create(options->body_bytes);
    client->groups = calloc(options->in_flight, sizeof *client->groups);
    if (!client->outbound || !client->body || !client->groups)
        die("no memory");
    outbound_target_options_default(&target);
    target.url = options->url;
    target.ca_file = options->ca_file;
    target.connect_timeout_us = 5000000;
    target.max_in_flight = (size_t)options->in_flight * options->burst + options->burst;
    target.max_connections = target.max_in_flight;
    target.max_request_bytes = 2u << 20;
    client->target = outbound_target_create(client->outbound, &target, error, sizeof error);
    if (!client->target)
        die(error);
}

int main(int argc, char **argv) {
    struct client client = {0};
    struct outbound_target_stats stats;
    floor_options_read(&client.options, argc, argv, false);
    signal(SIGPIPE, SIG_IGN);
    client_init(&client);
    floor_meter_init(&client.meter, &client.options);
    for (unsigned g = 0; g < client.options.in_flight; g++) {
        client.groups[g].client = &client;
        group_start(&client.groups[g]);
    }
    if (loop_run(client.loop) != 0)
        die("the loop failed");
    outbound_target_stats(client.target, &stats);
    floor_meter_report(&client.meter, &client.options, "outbound-floor", stats.connections_opened);
    outbound_destroy(client.outbound);
    loop_destroy(client.loop);
    free(client.groups);
    free(client.body);
    return client.meter.failed ? 1 : 0;
}
