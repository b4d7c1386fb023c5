/*
 * A front end's budget in its daily life: the share that the supervisor dealt, and whether what is charged is
 * what the kernel sees.
 *
 * Once a second the process's anonymous memory is set beside what it was when it began to serve and what has
 * been charged since, less what is charged for the kernel's sockets (which is no memory of the process). What
 * is resident beyond that is drift: blocks that are free and not yet given back, pools, and what nobody
 * charges. Drift makes the allocator give its free pages back; what stays beyond a bound lowers the limit.
 */
#ifndef SLIMBID_MEMORY_CHECK_H
#define SLIMBID_MEMORY_CHECK_H

#include "base/budget.h"
#include "stats/stats.h"

struct memory_check {
    struct budgets *budgets;
    const struct memory_dealt *dealt;
    struct memory_stats *stats;
    uint64_t base; /* anonymous memory before the first request */
    uint64_t lowered_by;
    uint64_t
        refused_before[BUDGET_KINDS + 1]; /* by the slot's front ends before this one; the process's last */
};

/* The budgets get the share of the deal. All must outlive it. */
void memory_check_init(struct memory_check *check, struct budgets *budgets, const struct memory_dealt *dealt,
                       struct memory_stats *stats);
/* Right before the first request is taken: what is resident now is nobody's charge. */
void memory_check_begin(struct memory_check *check);
/* Takes the newest share, compares, purges, lowers. reserved: bytes charged for sockets. */
void memory_check_turn(struct memory_check *check, uint64_t reserved);
/* Brings the statistics up to date. */
void memory_check_publish(const struct memory_check *check);

/* How far charges and the kernel may be apart before the limit is lowered. */
uint64_t memory_check_bound(uint64_t share);

#endif
