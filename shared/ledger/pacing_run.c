/* Pacing for all campaigns of a ledger. */
#include <math.h>
#include <stdlib.h>

#include "ledger/ledger_internal.h"
#include "ledger/pacing.h"

#define DAY_S 86400

/* A thirty-second of a rate makes no difference to a campaign, but work for all workers. */
static bool is_another(uint16_t rate, uint16_t before) {
    bool at_end = rate == 0 || rate == LEDGER_RATE_FULL || before == 0 || before == LEDGER_RATE_FULL;
    return at_end ? rate != before : abs(rate - before) > before / 32;
}

/* A campaign that this process has not seen: the rate that the ledger remembers is where it goes on. */
static void begin(struct pacing_state *state, uint64_t key, uint16_t rate) {
    *state = (struct pacing_state){.key = key, .next = state->next};
    if (rate > 0 && rate < LEDGER_RATE_FULL)
        state->level = log(rate / (double)LEDGER_RATE_FULL);
}

static void run_one(struct ledger *ledger, enum pacing how, struct pacing_state *state, uint32_t campaign,
                    double unix_seconds) {
    struct ledger_campaign_facts facts;
    if (!ledger_campaign_facts(ledger, campaign, &facts))
        return;
    uint16_t before = ledger_rate(ledger, campaign);
    uint32_t day = (uint32_t)(unix_seconds / DAY_S);
    if (state->key != facts.key)
        begin(state, facts.key, before);
    /* Held first, as whoever reserves does: money that becomes spent between is seen twice, never missed. */
    int64_t used = ledger_sum_held(ledger, campaign, day);
    used += ledger_sum_spent(ledger, campaign, day);
    struct pacing_step step = pacing_step(state, how, facts.daily_budget, used, unix_seconds);
    ledger_pace(ledger, campaign, step.limit, is_another(step.rate, before) ? step.rate : before);
}

void pacing_run(struct ledger *ledger, enum pacing how, struct pacing_state *state, uint32_t states,
                double unix_seconds) {
    uint32_t count = ledger_campaign_count(ledger);
    count = count < states ? count : states;
    if (count == 0 || !(unix_seconds >= DAY_S && unix_seconds / DAY_S < UINT32_MAX))
        return;
    uint32_t at = state[0].next < count ? state[0].next : 0;
    uint32_t steps = count < PACING_MOST_STEPS ? count : PACING_MOST_STEPS;
    for (uint32_t i = 0; i < steps; i++) {
        run_one(ledger, how, state + at, at, unix_seconds);
        at = at + 1 < count ? at + 1 : 0;
    }
    state[0].next = at;
}
