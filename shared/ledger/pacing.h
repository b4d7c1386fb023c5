/*
 * Spreading a daily budget over its day.
 *
 * The plan: by a moment of the day the budget times the share of the day that has passed. Two means keep to
 * it. The limit: spent and held together may not pass the plan by more than PACING_AHEAD of the budget, at
 * any time. The rate: the share of its auctions that a campaign takes part in, so that it meets the traffic
 * of the whole interval and not its first seconds only; a controller moves it (source: see pacing.c).
 */
#ifndef SLIMBID_LEDGER_PACING_H
#define SLIMBID_LEDGER_PACING_H

#include <stdint.h>

#include "ledger/ledger.h"

#define PACING_AHEAD 0.01 /* of the budget */

enum pacing { PACING_EVEN, PACING_ASAP };

/* What the controller remembers of one campaign; zeroed at first. */
struct pacing_state {
    int64_t day;
    int64_t spent; /* and held, at the last step */
    double at;     /* seconds of the day at the last step */
    double rate;
};

struct pacing_step {
    int64_t limit;
    uint16_t rate;
};

/* One step of one campaign; called about every `PACING_INTERVAL_MS`. used: spent and held today. */
#define PACING_INTERVAL_MS 250
struct pacing_step pacing_step(struct pacing_state *state, enum pacing how, int64_t daily_budget,
                               int64_t used, double unix_seconds);

/* All campaigns of a ledger; one process does it. state: one for each campaign number. */
void pacing_run(struct ledger *ledger, enum pacing how, struct pacing_state *state, uint32_t states,
                double unix_seconds);

#endif
