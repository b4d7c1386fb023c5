/*
 * In which share of auctions each campaign takes part: the ledger's rates, in the order of a table's
 * campaigns.
 *
 * A table's rates begin full, as it comes. When the ledger's epoch has moved the rates of what is known in it
 * are read again, at most every 100 ms; once a second what the ledger has taken up meanwhile is looked for as
 * well. Both go on in pieces of some tens of microseconds between jobs. Rates that are late only cost the
 * front ends a refusal: the ledger itself keeps the budgets.
 *
 * The ledger is mapped read-only; one that is damaged or cut short is given up, and the rates stay as they
 * are.
 */
#ifndef SLIMBID_WORKER_RATES_H
#define SLIMBID_WORKER_RATES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"

struct table_campaign;
struct table;
struct ledger;
struct generations;

/* Of one table: six bytes a campaign. */
struct rates {
    uint16_t *items;   /* for matcher_set_rates() */
    uint32_t *numbers; /* the ledger's; LEDGER_NONE: it does not know it, or did not when it was last asked */
    uint32_t count;
};

/* All full. 0, or -1 without memory. */
int rates_init(struct rates *rates, uint32_t campaigns) CHECK_RESULT;
void rates_cleanup(struct rates *rates);

/* Where they come from. All zero: no ledger. */
struct rates_source {
    struct ledger *ledger;
    uint64_t epoch, found_epoch;   /* of the last pass; of the last that looked for campaigns */
    uint64_t look_at_us;           /* no pass begins before */
    uint64_t find_at_us;           /* none that looks for campaigns */
    bool fresh;                    /* a table has come, or nothing was read yet */
    bool under_way, finding;       /* a pass */
    uint32_t generation, campaign; /* where it stands */
};

/* Maps the ledger behind fd, which stays the caller's. Failing, it says so in the log: then there is none. */
void rates_source_init(struct rates_source *source, int fd);
void rates_source_cleanup(struct rates_source *source);
/* A table has come. */
void rates_source_add(struct rates_source *source);
/* A piece of a pass over the tables' rates. False: nothing is to be done now. */
bool rates_source_work(struct rates_source *source, struct generations *generations, uint64_t now_us);

#endif
