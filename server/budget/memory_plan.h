/*
 * How the container's memory is dealt: what traffic may take of it, and the kernel buffers of clients'
 * connections that fit that.
 *
 *   limit - margin - what the processes take when idle - the table's hot part = for the front ends, in equal
 *   shares
 *
 * The table's pages are the kernel's to keep or to drop, so a table larger than the memory does not stop the
 * server: traffic gets at least half of what is left, and the table thrashes in the rest.
 */
#ifndef SLIMBID_BUDGET_MEMORY_PLAN_H
#define SLIMBID_BUDGET_MEMORY_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "budget/container_memory.h"

/* What a front end keeps for the next request and does not charge: chunks, read buffers, auctions. */
#define MEMORY_PLAN_POOLS_BYTES (UINT64_C(3) << 19)
/* Guesses for the time until the processes were looked at: what each takes when idle. */
#define MEMORY_PLAN_FRONT_END_BYTES (UINT64_C(7) << 20)
#define MEMORY_PLAN_OTHER_BYTES     (UINT64_C(3) << 20)

struct memory_plan {
    uint64_t limit;  /* CONTAINER_MEMORY_NONE: none */
    uint64_t margin; /* never dealt: page tables, kernel stacks, what the allocator wastes */
    uint64_t idle;   /* of all processes */
    uint64_t table;  /* the hot part */
    uint32_t front_ends;
};

/* The margin: as configured, or by default a sixteenth of the limit and at least 2 MiB. */
uint64_t memory_plan_margin(uint64_t limit, uint32_t margin_mib);
/* What is left for the table's hot part: what it wants, or half of what is left for both. */
uint64_t memory_plan_table_room(const struct memory_plan *plan);
/* Bytes that one front end may charge; BUDGET_UNLIMITED without a limit. Where nothing is left it is still
 * MEMORY_PLAN_LEAST_SHARE, at the margin's expense: enough to answer that there is no memory. */
#define MEMORY_PLAN_LEAST_SHARE (UINT64_C(1) << 20)
uint64_t memory_plan_share(const struct memory_plan *plan);

/* The buffers' sizes for setsockopt(), each: so that as many connections as there may be take a quarter of
 * the limit at most, from MEMORY_PLAN_LEAST_BUFFER on. 0, the kernel's own choice, where memory is plenty. */
#define MEMORY_PLAN_LEAST_BUFFER 2304u
#define MEMORY_PLAN_MOST_BUFFER  65536u
uint32_t memory_plan_buffer(uint64_t limit, uint64_t connections);

#endif
