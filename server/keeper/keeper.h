/*
 * The keeper: a process that serves nobody and keeps what has to outlive the others. It takes the event log's
 * lines out of the rings and writes them, copies the ledger to the disk, and paces campaigns.
 *
 * Its life: forked by the supervisor, where there is something to keep -> finds out what its predecessor
 * left -> works until the pipe that the supervisor and all front ends hold has lost its last writer: then
 * nobody logs any more -> writes what is left, syncs, exits. Signals that end the others don't end it.
 *
 * Its main thread waits for no disk: threads of its own write the log, sync it, and sync the ledger. When the
 * disk is full or slow, rings that fill up lose their oldest lines.
 */
#ifndef SLIMBID_KEEPER_KEEPER_H
#define SLIMBID_KEEPER_KEEPER_H

#include "config/config.h"
#include "stats/keeper_stats.h"

struct event_rings;
struct ledger;

/* What the supervisor hands over. */
struct keeper_start {
    const struct event_rings *event_rings; /* NULL: no event log */
    struct ledger *ledger;                 /* NULL: no campaigns to pace, and no file to sync */
    int life_fd;                           /* of the pipe: at its end nobody else lives */
};

/* Works; returns the process's exit status. */
int keeper_run(const struct config *config, const struct keeper_start *start, struct keeper_stats *stats);

#endif
