/*
 * What the supervisor knows of the processes and of the ad table, in the memory that all share: it writes
 * (each worker its own page), everybody reads.
 */
#ifndef SLIMBID_STATS_PROCESSES_H
#define SLIMBID_STATS_PROCESSES_H

#include <stdint.h>

#include "scoring/worker_stats.h"
#include "stats/keeper_stats.h"
#include "stats/process_memory.h"

#define PROCESSES_MOST_FRONT_ENDS 64
#define PROCESSES_MOST_WORKERS    64

struct process_stats {
    uint64_t pid; /* 0: does not run */
    struct process_memory memory;
};

struct table_stats {
    uint64_t generation; /* that front ends ask for; 0: there is no table */
    uint64_t ads, bytes, hot_bytes;
    uint64_t loaded_unix; /* seconds */
    uint64_t reloads_ok, reloads_refused;
    uint64_t damaged; /* tables given up since their file was cut short while mapped */
};

/* How memory is dealt; see budget/memory_plan.h. Bytes; a limit or share of UINT64_MAX: none. */
struct memory_dealt {
    uint64_t limit;
    uint64_t source; /* enum memory_source */
    uint64_t margin, idle, table_room;
    uint64_t share;                       /* of each front end */
    uint64_t receive_buffer, send_buffer; /* of clients' sockets; 0: the kernel's choice */
    uint64_t deals;
};

struct processes {
    uint32_t front_end_count, worker_count;
    uint32_t keeper_count; /* 0: there is nothing to keep */
    uint64_t worker_restarts;
    uint64_t workers_ready; /* gauge: have a table and queues */
    struct table_stats table;
    struct memory_dealt memory;
    struct process_stats supervisor, front_ends[PROCESSES_MOST_FRONT_ENDS], workers[PROCESSES_MOST_WORKERS];
    struct process_stats keeper;
    uint64_t keeper_restarts;
    struct keeper_stats keeper_stats;
    struct worker_stats *worker_stats[PROCESSES_MOST_WORKERS]; /* mapped before any front end is forked */
};

#endif
