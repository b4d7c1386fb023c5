/* A front end's lines on their way into its ring; see event_log.h. */
#include "event_log/event_log.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "event_log/event_rings.h"

#define LINE_KEEP_BYTES 8192

struct event_log {
    struct ring ring;
    struct event_ring_shared *shared;
    struct event_log_stats *stats;
    uint64_t seq; /* of the next line */
    uint32_t front_end;
    enum event_kind kind; /* of the line under way */
    struct buf line;
};

const char *event_kind_name(enum event_kind kind) {
    static const char *const names[EVENT_KINDS] = {
        [EVENT_AUCTION] = "auction",
        [EVENT_WIN] = "win",
        [EVENT_VIEW] = "view",
        [EVENT_CLICK] = "click",
        [EVENT_CLICKSTREAM] = "clickstream",
    };
    return names[kind];
}

struct event_log *event_log_create(const struct event_rings *rings, uint32_t front_end,
                                   struct event_log_stats *stats) {
    struct event_log *log = malloc(sizeof *log);
    if (!log) {
        log_error("event_log", "out of memory");
        return NULL;
    }
    *log = (struct event_log){
        .shared = event_rings_shared(rings, front_end), .stats = stats, .front_end = front_end};
    if (event_rings_produce(rings, front_end, &log->ring, &log->seq) != 0) {
        log_error("event_log", "ring damaged front_end=%u: it logs nothing until the server starts again",
                  front_end);
        free(log);
        return NULL;
    }
    buf_init(&log->line, EVENT_LOG_LINE_BYTES);
    return log;
}

void event_log_destroy(struct event_log *log) {
    if (!log)
        return;
    buf_cleanup(&log->line);
    free(log);
}

/* Seconds and six digits: buf_add_double() would cost more than the rest of the beginning. */
static void add_time(struct buf *line) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    buf_add_uint(line, (uint64_t)now.tv_sec);
    char fraction[7] = ".000000";
    uint32_t us = (uint32_t)(now.tv_nsec / 1000);
    for (int i = 6; us; i--, us /= 10)
        fraction[i] = (char)('0' + us % 10);
    buf_add(line, fraction, sizeof fraction);
}

struct buf *event_log_begin(struct event_log *log, enum event_kind kind) {
    if (!log)
        return NULL;
    struct buf *line = &log->line;
    log->kind = kind;
    buf_clear(line, LINE_KEEP_BYTES);
    BUF_ADD_LIT(line, "{\"front_end\":");
    buf_add_uint(line, log->front_end);
    BUF_ADD_LIT(line, ",\"seq\":");
    buf_add_uint(line, log->seq);
    BUF_ADD_LIT(line, ",\"time\":");
    add_time(line);
    BUF_ADD_LIT(line, ",\"kind\":\"");
    const char *name = event_kind_name(kind);
    buf_add(line, name, strlen(name));
    buf_add_char(line, '"');
    return line;
}

/* Counted first, then the number is used up: who dies in between has counted one too many, never one too
 * few. A line in the ring needs no noting: its number is in it (event_rings_produce()). */
static void next_number(struct event_log *log) {
    log->seq++;
    atomic_store_explicit(&log->shared->next_seq, log->seq, memory_order_relaxed);
}

void event_log_end(struct event_log *log) {
    struct buf *line = &log->line;
    buf_add_char(line, '}');
    if (line->failed) {
        log->stats->too_long++;
        next_number(log);
        return;
    }
    char *frame = ring_reserve(&log->ring, sizeof(struct event_frame) + line->n);
    if (!frame) {
        log->stats->dropped++;
        next_number(log);
        return;
    }
    struct event_frame head = {.seq = log->seq, .crc = event_frame_crc(log->seq, line->p, line->n)};
    memcpy(frame, &head, sizeof head);
    memcpy(frame + sizeof head, line->p, line->n);
    ring_commit(&log->ring, sizeof head + line->n);
    log->stats->lines[log->kind]++;
    next_number(log);
}
