/*
 * From the rings to the writer: lines are read ahead into a batch, and their room in the ring is given back
 * when they are in a file. So a keeper that is killed has at most one batch that its successor finds both in
 * a file and in a ring; the successor knows the last numbers in the files and passes over those.
 *
 * A ring that fills up while nothing can be written loses its oldest lines first (log_drain_relieve()):
 * counted, and a line of the kind "gap" tells the numbers.
 */
#ifndef SLIMBID_KEEPER_LOG_DRAIN_H
#define SLIMBID_KEEPER_LOG_DRAIN_H

#include "base/buf.h"
#include "event_log/event_rings.h"
#include "stats/keeper_stats.h"

#define LOG_DRAIN_BATCH_BYTES (128u << 10)
#define LOG_DRAIN_BATCH_LINES 1024u

struct log_drain_ring {
    struct ring ring;
    struct event_ring_shared *shared;
    uint64_t released; /* the place up to which room was given back */
    uint64_t logged;   /* the last number that is in a file, itself or in a gap's line */
    uint64_t batched;  /* the same with the batch */
    bool broken;
};

struct log_drain_entry { /* a line of the batch */
    uint32_t ring;
    uint32_t gap;      /* of a gap's line: numbers that it tells of */
    uint64_t position; /* behind it in the ring */
    uint64_t seq;
    size_t end; /* behind it in the batch */
    enum { ENTRY_LINE, ENTRY_REPEAT, ENTRY_TORN, ENTRY_GAP } is;
};

struct log_drain {
    const struct event_rings *rings;
    struct keeper_stats *stats;
    struct log_drain_ring *each;
    uint32_t first; /* the ring whose turn it is to be first */
    struct buf batch;
    struct log_drain_entry *entries;
    size_t entry_count;
    bool in_flight; /* somebody writes the batch */
};

/* 0, or -1: no memory. */
int log_drain_init(struct log_drain *drain, const struct event_rings *rings,
                   struct keeper_stats *stats) CHECK_RESULT;
/* Finds out what the files have; before the first batch. 0, or -1 with errno: they can't be read. */
int log_drain_recover(struct log_drain *drain, const char *directory) CHECK_RESULT;
void log_drain_cleanup(struct log_drain *drain);

/* Fills the batch from all rings in turn and puts it in flight; last: no front end lives, so that numbers at
 * the end that no line has get their gap told. False: there is nothing to write. */
bool log_drain_collect(struct log_drain *drain, bool last);
/* So many bytes of the batch, whole lines, are in a file. The rest is read again. */
void log_drain_done(struct log_drain *drain, size_t taken, enum keeper_trouble trouble);
/* Makes room in rings that are nearly full, for that reason. */
void log_drain_relieve(struct log_drain *drain, enum keeper_trouble why);
/* Bytes that no file has. */
uint64_t log_drain_waiting(struct log_drain *drain);

#endif
