/* What the keeper (keeper/keeper.h) counts, in the memory that all processes share. Its main thread and its
 * two others each write their own part; a keeper that is started again goes on with its predecessor's. */
#ifndef SLIMBID_STATS_KEEPER_STATS_H
#define SLIMBID_STATS_KEEPER_STATS_H

#include <stdint.h>

/* What keeps the event log from being written. */
enum keeper_trouble {
    KEEPER_FINE,
    KEEPER_NO_SPACE,  /* disk, quota or the largest file's size */
    KEEPER_NO_ACCESS, /* permissions, a read-only file system */
    KEEPER_GONE,      /* no such directory */
    KEEPER_IO,        /* anything else */
    KEEPER_SLOW,      /* a write has been under way for long */
    KEEPER_TROUBLES
};

/* "no_space": the label of metrics, logs and conditions. */
const char *keeper_trouble_name(enum keeper_trouble trouble);
enum keeper_trouble keeper_trouble_of(int error);

struct log_file_stats { /* the thread that writes */
    uint64_t bytes, begun, closed, removed, syncs, sync_failures;
};

struct keeper_stats {
    uint64_t working;       /* gauge: it has taken over what its predecessor left */
    uint64_t trouble;       /* gauge: enum keeper_trouble */
    uint64_t trouble_since; /* unix seconds */
    uint64_t in_memory;     /* gauge: there is no file for what waits to be written */
    uint64_t waiting_bytes; /* gauge: finished lines that no file has yet */
    uint64_t lines;
    uint64_t gap_lines;                  /* numbers that lines of the kind "gap" stand for */
    uint64_t repeats;                    /* lines that a dead keeper had written, and not again */
    uint64_t torn;                       /* lines whose checksum does not hold */
    uint64_t broken_rings;               /* gauge: front ends whose ring can't be read */
    uint64_t discarded[KEEPER_TROUBLES]; /* the oldest lines, to make room for new ones */
    uint64_t failures[KEEPER_TROUBLES];  /* writes that failed */
    struct log_file_stats files;
    uint64_t ledger_trouble; /* gauge: the last copy of the ledger failed; the thread that makes them */
    uint64_t pacing_runs;
};

#endif
