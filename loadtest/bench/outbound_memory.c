/*
 * outbound-memory: what calls to a partner take of the heap, in each state of their lives; the constants in
 * shared/base/memory_costs.h come from it. The server must answer after a second or more (slow_server.py).
 *
 *   outbound-memory URL CALLS BODY_BYTES [CA_FILE]
 */
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/loop.h"
#include "outbound/outbound.h"

#define DEADLINE_US 20000000u
#define LOOK_US     800000u

struct meter {
    struct loop *loop;
    struct outbound_target *target;
    struct outbound_call **calls;
    unsigned count, waiting, failed;
    size_t body_bytes;
    size_t base; /* heap in use before there was any call */
};

/* Bytes asked from the allocator and not given back; extern and weak: jemalloc may be linked or not. */
extern int mallctl(const char *name, void *old_value, size_t *old_size, void *new_value, size_t new_size)
    __attribute__((weak));

static size_t heap_in_use(void) {
    if (!mallctl)
        return mallinfo2().uordblks;
    unsigned long long epoch = 1;
    size_t bytes = 0, size = sizeof bytes;
    mallctl("epoch", NULL, NULL, &epoch, sizeof epoch);
    mallctl("stats.allocated", &bytes, &size, NULL, 0);
    return bytes;
}

static void report(const struct meter *meter, const char *what) {
    double bytes = (double)heap_in_use() - (double)meter->base;
    printf("%-34s %9.0f bytes each\n", what, bytes / meter->count);
}

static void on_done(void *ctx, const struct outbound_result *result) {
    struct meter *meter = ctx;
    meter->failed += result->outcome != OUTBOUND_ANSWERED;
    if (--meter->waiting == 0)
        loop_stop(meter->loop);
}

static void on_look(void *ctx) {
    report(ctx, "handle, call and connection:");
}

/* Begins, fills and sends so many calls, and waits until all have ended. */
static int run(struct meter *meter, unsigned count, bool loud) {
    struct timer look;
    timer_init(&look, meter->loop, on_look, meter);
    for (unsigned i = 0; i < count; i++) {
        meter->calls[i] = outbound_begin(meter->target);
        if (!meter->calls[i])
            return -1;
    }
    if (loud)
        report(meter, "handle:");
    for (unsigned i = 0; i < count; i++) {
        struct buf *body = outbound_call_body(meter->calls[i]);
        for (size_t n = 0; n < meter->body_bytes; n++)
            buf_add_char(body, 'x');
        meter->waiting++;
        outbound_send(meter->calls[i], loop_now(meter->loop) + DEADLINE_US, on_done, meter);
    }
    if (loud && timer_arm(&look, loop_now(meter->loop) + LOOK_US) != 0)
        return -1;
    int result = loop_run(meter->loop);
    timer_disarm(&look);
    if (loud)
        report(meter, "kept handle and connection:");
    return result;
}

int main(int argc, char **argv) {
    if (argc < 4) {
        fputs("usage: outbound-memory URL CALLS BODY_BYTES [CA_FILE]\n", stderr);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    struct meter meter = {
        .loop = loop_create(), .count = (unsigned)atoi(argv[2]), .body_bytes = (size_t)atol(argv[3])};
    struct outbound *outbound = meter.loop ? outbound_create(meter.loop) : NULL;
    struct outbound_target_options options;
    char error[256] = "out of memory";
    outbound_target_options_default(&options);
    options.url = argv[1];
    options.ca_file = argc > 4 ? argv[4] : NULL;
    options.connect_timeout_us = DEADLINE_US;
    options.max_in_flight = options.max_connections = meter.count;
    meter.target = outbound ? outbound_target_create(outbound, &options, error, sizeof error) : NULL;
    meter.calls = calloc(meter.count, sizeof *meter.calls);
    if (!meter.target || !meter.calls || run(&meter, 1, false) != 0) {
        fprintf(stderr, "outbound-memory: %s\n", error);
        free(meter.calls);
        return 1;
    }
    meter.base = heap_in_use(); /* what the first call of all takes is taken once */
    int status = run(&meter, meter.count, true) != 0 || meter.failed;
    if (meter.failed)
        fprintf(stderr, "outbound-memory: %u calls failed\n", meter.failed);
    free(meter.calls);
    outbound_destroy(outbound);
    loop_destroy(meter.loop);
    return status;
}
