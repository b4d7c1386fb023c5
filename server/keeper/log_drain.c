/* See log_drain.h. */
#include "keeper/log_drain.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "event_log/event_files.h"
#include "event_log/event_log.h"

#define GAP_BYTES 256u /* more than a gap's line has */

/* ---- beginning and end ---- */

int log_drain_init(struct log_drain *drain, const struct event_rings *rings, struct keeper_stats *stats) {
    uint32_t count = event_rings_count(rings);
    *drain = (struct log_drain){.rings = rings, .stats = stats};
    buf_init(&drain->batch, LOG_DRAIN_BATCH_BYTES);
    drain->each = calloc(count, sizeof *drain->each);
    drain->entries = calloc(LOG_DRAIN_BATCH_LINES, sizeof *drain->entries);
    if (!drain->each || !drain->entries || !buf_reserve(&drain->batch, LOG_DRAIN_BATCH_BYTES))
        return -1;
    stats->broken_rings = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct log_drain_ring *each = &drain->each[i];
        each->shared = event_rings_shared(rings, i);
        each->broken = event_rings_consume(rings, i, &each->ring) != 0;
        stats->broken_rings += each->broken;
        each->released = ring_position(&each->ring);
    }
    return 0;
}

int log_drain_recover(struct log_drain *drain, const char *directory) {
    uint64_t last[EVENT_RINGS_MOST] = {0};
    if (event_files_last(directory, false, last) != 0)
        return -1;
    for (uint32_t i = 0; i < event_rings_count(drain->rings); i++) {
        struct log_drain_ring *each = &drain->each[i];
        /* Without a line in the files, what was taken out is all that is known. */
        uint64_t taken = atomic_load_explicit(&each->shared->taken, memory_order_relaxed);
        each->logged = each->batched = last[i] ? last[i] : taken;
    }
    return 0;
}

void log_drain_cleanup(struct log_drain *drain) {
    buf_cleanup(&drain->batch);
    free(drain->each);
    free(drain->entries);
    drain->each = NULL;
    drain->entries = NULL;
}

/* ---- reading ahead ---- */

static struct log_drain_entry *add_entry(struct log_drain *drain, uint32_t r, uint64_t seq) {
    struct log_drain_entry *entry = &drain->entries[drain->entry_count++];
    *entry = (struct log_drain_entry){.ring = r, .seq = seq, .end = drain->batch.n};
    entry->position = ring_position(&drain->each[r].ring);
    return entry;
}

/* Tells of the numbers before seq that neither the batch nor the files have: a line by itself, which may get
 * into the file when the next one does not. */
static void add_gap(struct log_drain *drain, uint32_t r, uint64_t seq) {
    struct log_drain_ring *each = &drain->each[r];
    uint64_t from = each->batched + 1;
    if (from >= seq)
        return;
    event_gap_write(&drain->batch, r, from, seq - 1);
    each->batched = seq - 1;
    struct log_drain_entry *entry = add_entry(drain, r, seq - 1);
    entry->is = ENTRY_GAP;
    entry->gap = (uint32_t)(seq - from);
}

/* The frame that the ring shows: into the batch, or passed over. False: the batch has no room for it. */
static bool add_frame(struct log_drain *drain, uint32_t r, const void *bytes, size_t n) {
    struct log_drain_ring *each = &drain->each[r];
    struct event_frame frame = {0};
    const char *line = NULL;
    size_t line_bytes = 0;
    bool whole = event_frame_read(bytes, n, &frame, &line, &line_bytes);
    bool fresh = whole && frame.seq > each->batched;
    if (fresh && drain->batch.n + line_bytes + 1 + GAP_BYTES > LOG_DRAIN_BATCH_BYTES)
        return false;
    if (fresh) {
        add_gap(drain, r, frame.seq);
        buf_add(&drain->batch, line, line_bytes);
        buf_add_char(&drain->batch, '\n');
        each->batched = frame.seq;
    }
    ring_next(&each->ring);
    struct log_drain_entry *entry = add_entry(drain, r, whole ? frame.seq : each->batched);
    entry->is = fresh ? ENTRY_LINE : whole ? ENTRY_REPEAT : ENTRY_TORN;
    return true;
}

/* Up to so many bytes of the batch. */
static void read_ring(struct log_drain *drain, uint32_t r, size_t up_to) {
    struct log_drain_ring *each = &drain->each[r];
    while (!each->broken && drain->entry_count + 2 <= LOG_DRAIN_BATCH_LINES && drain->batch.n < up_to) {
        const void *bytes = NULL;
        size_t n = 0;
        int got = ring_peek(&each->ring, &bytes, &n);
        if (got < 0) {
            each->broken = true;
            drain->stats->broken_rings++;
            log_error("keeper", "ring damaged front_end=%u", r);
        }
        if (got <= 0 || !add_frame(drain, r, bytes, n))
            return;
    }
}

static void add_last_gap(struct log_drain *drain, uint32_t r) {
    struct log_drain_ring *each = &drain->each[r];
    uint64_t next = atomic_load_explicit(&each->shared->next_seq, memory_order_relaxed);
    if (each->broken || next <= each->batched + 1 || ring_unread(&each->ring) > 0 ||
        drain->entry_count == LOG_DRAIN_BATCH_LINES || drain->batch.n + GAP_BYTES > LOG_DRAIN_BATCH_BYTES)
        return;
    add_gap(drain, r, next);
}

bool log_drain_collect(struct log_drain *drain, bool last) {
    assert(!drain->in_flight);
    uint32_t count = event_rings_count(drain->rings);
    assert(count > 0);
    buf_clear(&drain->batch, LOG_DRAIN_BATCH_BYTES);
    drain->entry_count = 0;
    for (uint32_t i = 0; i < count; i++) /* to each its share, */
        read_ring(drain, (drain->first + i) % count, drain->batch.n + LOG_DRAIN_BATCH_BYTES / count);
    for (uint32_t i = 0; i < count; i++) /* then whoever has more */
        read_ring(drain, (drain->first + i) % count, LOG_DRAIN_BATCH_BYTES);
    for (uint32_t i = 0; last && i < count; i++)
        add_last_gap(drain, i);
    drain->first = (drain->first + 1) % count;
    if (drain->batch.n == 0) {
        log_drain_done(drain, 0, KEEPER_FINE);
        return false;
    }
    drain->in_flight = true;
    return true;
}

/* ---- giving back ---- */

/* Noted before the room is given back: who looks after a front end's death sees one or the other. */
static void release(struct log_drain_ring *each, uint64_t position, uint64_t seq) {
    if (position <= each->released)
        return;
    if (seq > atomic_load_explicit(&each->shared->taken, memory_order_relaxed))
        atomic_store_explicit(&each->shared->taken, seq, memory_order_release);
    ring_release(&each->ring, position);
    each->released = position;
}

static void count_entry(struct keeper_stats *stats, const struct log_drain_entry *entry) {
    stats->lines += entry->is == ENTRY_LINE;
    stats->repeats += entry->is == ENTRY_REPEAT;
    stats->torn += entry->is == ENTRY_TORN;
    stats->gap_lines += entry->gap;
}

void log_drain_done(struct log_drain *drain, size_t taken, enum keeper_trouble trouble) {
    drain->in_flight = false;
    for (size_t i = 0; i < drain->entry_count; i++) {
        const struct log_drain_entry *entry = &drain->entries[i];
        struct log_drain_ring *each = &drain->each[entry->ring];
        if (entry->end <= taken) {
            release(each, entry->position, entry->seq);
            if (entry->seq > each->logged)
                each->logged = entry->seq;
            count_entry(drain->stats, entry);
        } else if (entry->is == ENTRY_LINE && entry->position <= each->released) {
            drain->stats->discarded[trouble]++; /* its room was needed while the disk was at work */
        }
    }
    drain->entry_count = 0;
    for (uint32_t i = 0; i < event_rings_count(drain->rings); i++) {
        struct log_drain_ring *each = &drain->each[i];
        each->batched = each->logged;
        if (!each->broken)
            ring_rewind(&each->ring, each->released);
    }
}

static void relieve(struct log_drain *drain, struct log_drain_ring *each, enum keeper_trouble why) {
    uint64_t size = each->ring.size, unread = ring_unread(&each->ring);
    uint64_t held = ring_position(&each->ring) - each->released;
    if (held + unread < size / 4 * 3)
        return;
    release(each, ring_position(&each->ring), each->batched); /* the batch has these */
    const void *bytes = NULL;
    size_t n = 0;
    while (ring_unread(&each->ring) > size / 2 && ring_peek(&each->ring, &bytes, &n) > 0) {
        struct event_frame frame = {0};
        if (n >= sizeof frame)
            memcpy(&frame, bytes, sizeof frame);
        ring_next(&each->ring);
        release(each, ring_position(&each->ring), frame.seq);
        drain->stats->discarded[why] += frame.seq > each->logged; /* else a dead keeper had written it */
    }
}

void log_drain_relieve(struct log_drain *drain, enum keeper_trouble why) {
    for (uint32_t i = 0; i < event_rings_count(drain->rings); i++)
        if (!drain->each[i].broken)
            relieve(drain, &drain->each[i], why);
}

uint64_t log_drain_waiting(struct log_drain *drain) {
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < event_rings_count(drain->rings); i++) {
        struct log_drain_ring *each = &drain->each[i];
        if (!each->broken)
            bytes += ring_unread(&each->ring) + ring_position(&each->ring) - each->released;
    }
    return bytes;
}
