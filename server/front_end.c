/* A front end from its set-up to its drain; see front_end.h. */
#include "front_end.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "admin/admin.h"
#include "base/log.h"
#include "control/control.h"
#include "descriptors.h"
#include "event_log/event_log.h"
#include "exchange.h"
#include "ledger/ledger.h"
#include "memory_check.h"
#include "notice/notice.h"
#include "stats/allocator.h"
#include "web/routes.h"

#define HOUSEKEEPING_US      1000000u
#define EXPIRED_A_TURN       4096u /* holds; reserving expires some by itself */
#define PARTNER_BUFFER_BYTES 32768 /* of partners' sockets where memory is short */
#define DRAIN_LEAST_US       5000000u
#define DRAIN_EXTRA_US       1000000u /* beyond the longest tmax */
#define DRAIN_STEP_US        20000u

struct front_end {
    const struct config *config;
    const struct front_end_start *start;
    struct stats *stats;
    struct stats_slot *slot;
    struct loop *loop;
    struct outbound *outbound;
    struct pool *pool;     /* NULL: no own campaigns */
    struct watch *control; /* NULL: the line is closed */
    struct budgets budgets;
    struct memory_check memory;
    struct exchange exchange;
    struct routes routes;
    struct admin admin;
    struct http_server *public_server;
    struct http_server *admin_server;
    struct signal_watch *terminate;
    struct timer housekeeping;
    struct timer drain_check;
    uint64_t drain_until_us;
    uint64_t notices_until_us; /* so long they may keep it from ending */
    uint64_t requested_before; /* heap bytes that the slot's front ends before this one asked for */
    bool draining;
};

/* ---- the slot's gauges, and memory ---- */

static void refresh_slot(void *ctx) {
    struct front_end *fe = ctx;
    partner_set_publish(&fe->exchange.partners);
    fe->slot->arena_bytes = fe->exchange.arenas.in_use_bytes;
    fe->slot->resident_bytes = allocator_process_resident();
    struct allocator_stats heap = {0};
    allocator_stats(&heap);
    fe->slot->heap_allocated = heap.allocated;
    fe->slot->heap_active = heap.active;
    fe->slot->heap_resident = heap.resident;
    fe->slot->heap_retained = heap.retained;
    fe->slot->heap_requested = fe->requested_before + heap.requested;
    memory_check_publish(&fe->memory);
}

/* Of what is charged, that which is the kernel's and not in this process's memory. */
static uint64_t socket_bytes(const struct front_end *fe) {
    uint64_t clients = fe->budgets.kinds[BUDGET_CONNECTIONS].used;
    return clients + outbound_socket_bytes(fe->outbound);
}

static void on_housekeeping(void *ctx) {
    struct front_end *fe = ctx;
    allocator_decay();
    outbound_housekeep(fe->outbound);
    memory_check_turn(&fe->memory, socket_bytes(fe));
    refresh_slot(fe);
    (void)ledger_expire(fe->exchange.ledger, fe->exchange.writer, (int64_t)time(NULL), EXPIRED_A_TURN);
    if (timer_arm(&fe->housekeeping, loop_now(fe->loop) + HOUSEKEEPING_US) != 0)
        log_error("front_end", "no memory for the housekeeping timer");
}

/* ---- the end ---- */

static void on_drain_check(void *ctx) {
    struct front_end *fe = ctx;
    uint64_t now = loop_now(fe->loop);
    bool told = notices_waiting(fe->exchange.notices) == 0 || now >= fe->notices_until_us;
    bool idle = fe->exchange.live == 0 && fe->slot->http.connections_open == 0 && told;
    if (idle || now >= fe->drain_until_us || timer_arm(&fe->drain_check, now + DRAIN_STEP_US) != 0)
        loop_stop(fe->loop);
}

/* Whoever stops a whole group of processes (a terminal, systemd) sends a second one right after the
 * supervisor's: only the supervisor knows whether somebody is impatient. */
static void on_terminate(void *ctx, int signum) {
    (void)signum;
    struct front_end *fe = ctx;
    if (fe->draining)
        return;
    fe->draining = fe->admin.draining = true;
    log_info("front_end", "draining pid=%llu auctions=%u", (unsigned long long)fe->slot->pid,
             fe->exchange.live);
    http_server_drain(fe->public_server);
    /* Who comes now is refused (or waits for the next front end) and not left in a queue that nobody serves.
     */
    for (size_t i = 0; i < fe->start->public_count; i++)
        close(fe->start->public_fds[i]);
    uint64_t drain_us = (uint64_t)fe->config->auction.tmax_max_ms * 1000 + DRAIN_EXTRA_US;
    if (drain_us < DRAIN_LEAST_US)
        drain_us = DRAIN_LEAST_US;
    uint64_t notices_us = (uint64_t)fe->config->notices.drain_ms * 1000;
    fe->notices_until_us = loop_now(fe->loop) + notices_us;
    fe->drain_until_us = loop_now(fe->loop) + (notices_us > drain_us ? notices_us : drain_us);
    on_drain_check(fe);
}

/* ---- the supervisor's line ---- */

static void on_message(struct front_end *fe, struct control_message *message) {
    if (message->type == CONTROL_WORKER && fe->pool && message->index < fe->start->workers) {
        struct queue_fds fds = {message->fds[0], message->fds[1], message->fds[2]};
        message->fd_count = 0; /* the pool's now */
        if (pool_attach(fe->pool, message->index, &fds, message->fds[3]) != 0)
            log_error("front_end", "worker not attached index=%u", message->index);
    } else if (message->type == CONTROL_GENERATION && fe->pool) {
        pool_set_generation(fe->pool, message->generation);
    }
    control_close_fds(message);
}

static void on_control(void *ctx, int fd, unsigned ready) {
    (void)ready;
    struct front_end *fe = ctx;
    struct control_message message;
    int got;
    while ((got = control_receive(fd, &message)) > 0)
        on_message(fe, &message);
    if (got == 0)
        return;
    watch_destroy(fe->control);
    fe->control = NULL;
    on_terminate(fe, SIGTERM);
}

static void ask_for_reload(void *ctx) {
    struct front_end *fe = ctx;
    struct control_message message = {.type = CONTROL_RELOAD};
    if (!fe->control || control_send(fe->start->control_fd, &message) != 0)
        log_error("front_end", "the supervisor can't be asked for a reload");
}

static int start_pool(struct front_end *fe) {
    fe->control = watch_create(fe->loop, fe->start->control_fd, on_control, fe);
    if (!fe->control || watch_set(fe->control, WATCH_READ) != 0)
        return -1;
    if (fe->start->workers == 0)
        return 0;
    struct pool_options options = {
        .workers = fe->start->workers,
        .sizes = {fe->config->campaigns.job_queue_bytes, fe->config->campaigns.answer_queue_bytes},
        .max_in_flight = fe->config->campaigns.max_in_flight,
    };
    fe->pool = pool_create(fe->loop, &options, &fe->slot->pool);
    fe->exchange.pool = fe->pool;
    return fe->pool ? 0 : -1;
}

/* ---- set-up ---- */

static void http_options(const struct config *config, struct http_server_options *options) {
    http_server_options_default(options);
    options->limits = (struct http_limits){
        .request_line_bytes = config->http.request_line_bytes,
        .header_bytes = config->http.header_bytes,
        .header_count = config->http.header_count,
        .body_bytes = config->http.body_bytes,
        .inflated_bytes = config->http.inflated_bytes,
    };
    options->header_timeout_us = (uint64_t)config->http.header_timeout_ms * 1000;
    options->body_timeout_us = (uint64_t)config->http.body_timeout_ms * 1000;
    options->idle_timeout_us = (uint64_t)config->http.idle_timeout_ms * 1000;
    options->write_timeout_us = (uint64_t)config->http.write_timeout_ms * 1000;
    options->max_requests_per_connection = config->http.max_requests_per_connection;
    options->max_connections = descriptors_for_clients(config);
    options->gzip_min_bytes = config->http.gzip_min_bytes;
    options->gzip_level = (int)config->http.gzip_level;
    options->overload_status = config->memory.overload_answer == OVERLOAD_204 ? 204 : 503;
    options->retry_after_s = config->memory.retry_after_s;
}

static int listen_all(struct http_server *server, const int *fds, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (http_server_listen(server, fds[i]) != 0)
            return -1;
    return 0;
}

static int start_servers(struct front_end *fe, const struct front_end_start *start) {
    struct http_server_options options;
    http_options(fe->config, &options);
    options.budgets = &fe->budgets;
    options.listen_rcvbuf = (int)fe->memory.dealt->receive_buffer;
    options.listen_sndbuf = (int)fe->memory.dealt->send_buffer;
    fe->public_server = http_server_create(fe->loop, &options, routes_handler(&fe->routes), &fe->slot->http);
    if (!fe->public_server || listen_all(fe->public_server, start->public_fds, start->public_count) != 0)
        return -1;
    if (start->admin_count == 0)
        return 0;
    http_server_options_default(&options);
    options.max_connections = 64;
    fe->admin_server = http_server_create(fe->loop, &options, admin_handler(&fe->admin), &fe->slot->admin);
    return fe->admin_server ? listen_all(fe->admin_server, start->admin_fds, start->admin_count) : -1;
}

static int front_end_begin(struct front_end *fe, const struct front_end_start *start, char *error,
                           size_t error_size) {
    snprintf(error, error_size, "out of memory or descriptors");
    fe->loop = loop_create();
    fe->outbound = fe->loop ? outbound_create(fe->loop) : NULL;
    if (!fe->outbound)
        return -1;
    outbound_charge_to(fe->outbound, &fe->budgets);
    if (fe->memory.dealt->receive_buffer)
        outbound_limit_sockets(fe->outbound, PARTNER_BUFFER_BYTES);
    if (exchange_init(&fe->exchange, fe->config, fe->loop, fe->outbound, fe->slot, error, error_size) != 0)
        return -1;
    exchange_charge_to(&fe->exchange, &fe->budgets);
    fe->exchange.writer = (uint32_t)(fe->slot - fe->stats->slots);
    fe->exchange.token_keys = start->token_keys;
    fe->exchange.notices = notices_create(fe->config, fe->loop, fe->outbound, fe->slot->notices,
                                          &fe->budgets.kinds[BUDGET_NOTICES]);
    if (!fe->exchange.notices)
        return -1;
    fe->exchange.seen = start->seen;
    if (start->event_rings) /* one that can't log still serves */
        fe->exchange.event_log = event_log_create(start->event_rings, fe->exchange.writer, &fe->slot->events);
    if (start_pool(fe) != 0)
        return -1;
    ledger_adopt(start->ledger, fe->exchange.writer);
    fe->exchange.ledger = start->ledger;
    fe->exchange.users = ledger_users(start->ledger);
    admin_init(&fe->admin, fe->config, fe->stats, &(struct admin_calls){refresh_slot, ask_for_reload, fe});
    fe->admin.ledger = start->ledger;
    if (routes_init(&fe->routes, &fe->exchange) != 0 || start_servers(fe, start) != 0)
        return -1;
    fe->terminate = signal_watch_create(fe->loop, SIGTERM, on_terminate, fe);
    timer_init(&fe->housekeeping, fe->loop, on_housekeeping, fe);
    timer_init(&fe->drain_check, fe->loop, on_drain_check, fe);
    memory_check_begin(&fe->memory);
    return fe->terminate ? timer_arm(&fe->housekeeping, loop_now(fe->loop)) : -1;
}

static void front_end_stop(struct front_end *fe) {
    timer_disarm(&fe->housekeeping);
    timer_disarm(&fe->drain_check);
    signal_watch_destroy(fe->terminate);
    http_server_destroy(fe->public_server); /* cancels the auctions that still run */
    http_server_destroy(fe->admin_server);
    if (fe->exchange.config)
        routes_stop(&fe->routes);
    watch_destroy(fe->control);
    fe->exchange.pool = NULL;
    pool_destroy(fe->pool);
    notices_destroy(fe->exchange.notices);
    fe->exchange.notices = NULL;
    event_log_destroy(fe->exchange.event_log);
    fe->exchange.event_log = NULL;
    if (fe->exchange.config) {
        routes_cleanup(&fe->routes);
        admin_cleanup(&fe->admin);
        exchange_cleanup(&fe->exchange);
    }
    outbound_destroy(fe->outbound);
    loop_destroy(fe->loop);
}

int front_end_run(const struct config *config, const struct front_end_start *start, struct stats *stats,
                  uint32_t slot) {
    struct front_end *fe = calloc(1, sizeof *fe);
    if (!fe)
        return 1;
    *fe = (struct front_end){.config = config, .start = start, .stats = stats, .slot = &stats->slots[slot]};
    stats_slot_adopt(fe->slot);
    memory_check_init(&fe->memory, &fe->budgets, &stats->processes.memory, &fe->slot->memory);
    fe->requested_before = fe->slot->heap_requested;
    signal(SIGPIPE, SIG_IGN);
    signal(SIGINT, SIG_IGN); /* a terminal's reaches the supervisor too, which sends SIGTERM */
    signal(SIGHUP, SIG_IGN); /* the supervisor's */
    char error[CONFIG_ERROR_BYTES];
    int status = 1;
    if (front_end_begin(fe, start, error, sizeof error) != 0)
        log_error("front_end", "not started: %s", error);
    else
        status = loop_run(fe->loop) == 0 ? 0 : 1;
    front_end_stop(fe);
    free(fe);
    return status;
}
