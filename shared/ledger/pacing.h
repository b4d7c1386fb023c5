/*
 * Spreading a daily budget over its day.
 *
 * The plan is a line: by a moment of the day the budget times the share of the day that has passed. Two means
 * keep to it. The limit: spent and held together may not pass the plan by more than PACING_AHEAD of the
 * budget, at any time. The rate: the share of its auctions that a campaign takes part in, so that it meets
 * the traffic of the whole day and not the first request of each instant only; a controller moves it (source:
 * see pacing.c).
 *
 * A line may begin later than the day: where the first step of a day, or one after a gap, comes more than
 * PACING_LATE_S late (a new campaign, a changed budget, a process that stood still, a clock that jumped),
 * the line begins there, with what is spent by then, and what is left is spread over what is left of the day;
 * at most PACING_STEEPEST times as fast as over a whole day, so a campaign that begins after 18:00 (UTC) does
 * not spend all of its first day's budget.
 */
#ifndef SLIMBID_LEDGER_PACING_H
#define SLIMBID_LEDGER_PACING_H

#include <stdint.h>

#include "ledger/ledger.h"

#define PACING_AHEAD    0.01 /* of the budget */
#define PACING_LATE_S   900
#define PACING_STEEPEST 4

enum pacing { PACING_EVEN, PACING_ASAP };

/* What the controller remembers of one campaign; zeroed at first. */
struct pacing_state {
    uint64_t key; /* of the campaign; pacing_run() begins anew where a number has gone to another one */
    int64_t day;  /* 0: there was no step yet */
    int64_t budget;
    int64_t had;   /* spent and held where the line begins */
    double began;  /* where that is, in seconds of the day */
    double at;     /* seconds of the day at the last step */
    double level;  /* the slow part of the rate's logarithm */
    uint32_t next; /* of the first one alone: the campaign where pacing_run() goes on */
};

struct pacing_step {
    int64_t limit;
    uint16_t rate;
};

/* One step of one campaign; called about every PACING_INTERVAL_MS. used: spent and held today. A budget of 0
 * has no limit: INT64_MAX, and the full rate. */
#define PACING_INTERVAL_MS 250
struct pacing_step pacing_step(struct pacing_state *state, enum pacing how, int64_t daily_budget,
                               int64_t used, double unix_seconds);
/* What the campaign should have spent and held by the moment of its last step. */
double pacing_plan(const struct pacing_state *state);

/* All campaigns of a ledger, at most PACING_MOST_STEPS in one call, the others in the next ones; one process
 * does it. state: one for each campaign number. A rate that has hardly changed is not written, so that those
 * who read rates can rest. */
#define PACING_MOST_STEPS 32768u
void pacing_run(struct ledger *ledger, enum pacing how, struct pacing_state *state, uint32_t states,
                double unix_seconds);

#endif
