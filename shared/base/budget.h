/*
 * Memory charged before it exists.
 *
 * Whoever is about to take memory that grows with traffic charges it here first, and returns it when it is
 * gone. A charge that does not fit is refused and nothing is taken: so what is refused is work that has not
 * begun, never an allocation inside a library.
 *
 * A process has one set of budgets: the process's own, and one for each kind of memory below it. A charge of
 * a kind counts in both. Two bounds shape who is refused first when memory runs short: a kind may take no
 * more than its limit, and it may charge only as long as all kinds together stay below its ceiling. What is
 * optional, or has not begun, has a low ceiling; what running work needs to end well may go to the limit.
 *
 * Plain counters, no locks: one process, one thread. All sizes are bytes. A NULL budget takes every charge.
 */
#ifndef SLIMBID_BASE_BUDGET_H
#define SLIMBID_BASE_BUDGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"

#define BUDGET_UNLIMITED UINT64_MAX

struct budget {
    struct budget *parent; /* NULL: the process's own */
    uint64_t limit;        /* that `used` may not pass by a charge; it may be set below `used` */
    uint64_t ceiling;      /* that the parent's `used` may not pass by a charge of this one */
    uint64_t used;
    uint64_t peak;
    uint64_t refused; /* charges that did not fit */
};

/* The kinds. The row in budget.c says how much of the process's budget each may take. */
enum budget_kind {
    BUDGET_CONNECTIONS, /* clients' connections with their kernel buffers */
    BUDGET_BODIES,      /* read buffers and request bodies */
    BUDGET_AUCTIONS,    /* auctions that run, without their arenas */
    BUDGET_ARENAS,      /* request memory */
    BUDGET_TRANSFERS,   /* calls to partners: request, answer, connection */
    BUDGET_ANSWERS,     /* answers that wait for slow clients */
    BUDGET_LATE,        /* calls that run on after their deadline, for their connection's sake */
    BUDGET_NOTICES,     /* calls to nurl, burl and lurl that wait or run */
    BUDGET_CLICKSTREAM, /* events that are being read */
    BUDGET_KEPT,        /* what waits for its next use: partner connections, their handles */
    BUDGET_KINDS
};

/* As in metrics. */
const char *budget_kind_name(enum budget_kind kind);

struct budgets {
    struct budget process;
    struct budget kinds[BUDGET_KINDS];
};

/* Nothing is charged yet. The struct must not move afterwards. */
void budgets_init(struct budgets *budgets, uint64_t limit);
/* A new limit for the process, dealt to the kinds anew; what is charged stays charged. */
void budgets_set_limit(struct budgets *budgets, uint64_t limit);

/* Whether a charge would fit now; nothing is charged or counted. */
bool budget_fits(const struct budget *budget, uint64_t bytes) CHECK_RESULT;
/* False when it does not fit; nothing is charged then. */
bool budget_charge(struct budget *budget, uint64_t bytes) CHECK_RESULT;
/* Charges what exists already, fit or not: what has to be counted can't be refused any more. */
void budget_charge_anyway(struct budget *budget, uint64_t bytes);
/* Gives back what was charged; never more than that. */
void budget_return(struct budget *budget, uint64_t bytes);
/* Whether what is charged already could become this kind's within its bounds. */
bool budget_takes(const struct budget *budget, uint64_t bytes) CHECK_RESULT;
/* What one kind holds becomes another's, fit or not: the process holds it either way. */
void budget_move(struct budget *from, struct budget *to, uint64_t bytes);

#endif
