/*
 * What a worker counts, in a page that it shares with the supervisor and the front ends: it writes, they
 * read. Its successor goes on where it ended.
 */
#ifndef SLIMBID_SCORING_WORKER_STATS_H
#define SLIMBID_SCORING_WORKER_STATS_H

#include <stdint.h>

#define WORKER_STATS_BYTES 4096 /* what the memfd holds */

struct worker_stats {
    uint64_t pid;
    uint64_t generation; /* gauge: the newest table that it serves */
    uint64_t tables;     /* gauge: tables mapped */
    uint64_t jobs;       /* answered by ANSWER_DONE */
    uint64_t late;       /* answered by ANSWER_LATE */
    uint64_t no_table;   /* answered by ANSWER_NO_TABLE */
    uint64_t faults;     /* answered by ANSWER_FAULT */
    uint64_t malformed;  /* jobs that could not be read: their queue is given up */
    uint64_t bids;       /* in answers */
    uint64_t bids_cut;   /* left out of answers, for want of room */
    uint64_t stalls;     /* times that a queue had no room for an answer */
    uint64_t turns;      /* batches of jobs */
    uint64_t busy_us;    /* time spent on jobs */
};

#endif
