/*
 * The event log, seen by a front end: a line for each auction, win, view, click and click event, on its way
 * to the process that writes them (keeper.h).
 *
 * A line goes into a ring in file-backed shared memory, so what was logged outlives every process; the keeper
 * takes it out when it has written it. A full ring never waits: the line is counted as dropped and the gap
 * shows in the sequence numbers. docs/event-log.md and docs/event.schema.json tell what each kind's line has.
 */
#ifndef SLIMBID_EVENT_LOG_EVENT_LOG_H
#define SLIMBID_EVENT_LOG_EVENT_LOG_H

#include <stdint.h>

#include "base/buf.h"
#include "base/macros.h"

enum event_kind {
    EVENT_AUCTION, /* its outcome */
    EVENT_WIN,     /* the client told that the bid won with it */
    EVENT_VIEW,
    EVENT_CLICK,
    EVENT_CLICKSTREAM,
    EVENT_KINDS
};

struct event_log_stats {
    uint64_t lines[EVENT_KINDS];
    uint64_t dropped;  /* no room in the ring */
    uint64_t too_long; /* or no memory for it */
};

struct event_log; /* one front end's end */
struct event_rings;

#define EVENT_LOG_LINE_BYTES 32704u /* the longest line: half the smallest ring has room for it */

/* Goes on where the front end's predecessor stopped. stats is the caller's and outlives it; so do the rings.
 * NULL, with the reason in the log: no memory, or the ring is damaged. */
struct event_log *event_log_create(const struct event_rings *rings, uint32_t front_end,
                                   struct event_log_stats *stats) CHECK_RESULT;
void event_log_destroy(struct event_log *log);

/*
 * Begins a line: {"front_end":0,"seq":17,"time":1764000000.123456,"kind":"auction" stands in the buffer
 * already; the caller appends members (,"name":value) and ends the line with event_log_end(), which adds the
 * bracket. NULL: there is no log; nothing else is to be done. One line at a time.
 */
struct buf *event_log_begin(struct event_log *log, enum event_kind kind);
void event_log_end(struct event_log *log);

const char *event_kind_name(enum event_kind kind);

#endif
