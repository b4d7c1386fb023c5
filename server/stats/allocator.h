/*
 * The allocator, jemalloc, tuned for a small container: the one module that knows it. Where the
 * program is built without it (sanitizers) the figures are 0 and purging does nothing.
 */
#ifndef SLIMBID_STATS_ALLOCATOR_H
#define SLIMBID_STATS_ALLOCATOR_H

#include <stdint.h>

struct allocator_stats {
    uint64_t allocated, active, resident, retained; /* bytes; retained: address space alone */
    uint64_t requested; /* bytes that this thread ever asked for: stands still while nothing allocates */
};

void allocator_stats(struct allocator_stats *stats);
/* Lets pages that are due by their decay time go; an idle process must be driven to it. */
void allocator_decay(void);
/* Gives every unused page back now. */
void allocator_purge(void);

/* Resident bytes of this process, and those of them that are of no file; from /proc, 0 when not readable.
 * Under a sanitizer, whose own memory is most of it, nothing counts as anonymous. */
uint64_t allocator_process_resident(void);
uint64_t allocator_process_anonymous(void);

#endif
