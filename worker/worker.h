/*
 * A worker process: takes jobs from the queues of all front ends, matches and scores, answers.
 *
 * Its life: spawned by the supervisor with its control line and its page of statistics -> gets tables and
 * queues on the line (control/control.h) -> serves until the line closes. It ends with its supervisor, and
 * nobody else's death concerns it: a dead front end's queue lies still until another replaces it.
 */
#ifndef SLIMBID_WORKER_WORKER_H
#define SLIMBID_WORKER_WORKER_H

#include "queue/queue.h"
#include "scoring/worker_stats.h"

#define WORKER_MOST_FRONT_ENDS 64

struct worker_options {
    uint32_t index;
    int control_fd;
    struct queue_sizes sizes;
    struct worker_stats *stats;
    int ledger_fd; /* closed once it is mapped; -1: there is none */
};

/* Serves; returns the process's exit status. */
int worker_run(const struct worker_options *options);

#endif
