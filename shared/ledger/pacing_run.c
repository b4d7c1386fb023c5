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
    *state = (struct pacing_state){.key = key};
    if (rate > 0 && rate < LEDGER_RATE_FULL)
        state->level = log(rate / (double)LEDGER_RATE_FULL);
}

void pacing_run(struct ledger *ledger, enum pacing how, struct pacing_state *state, uint32_t states,
                double unix_seconds) {
    uint32_t count = ledger_campaign_count(ledger);
    double day = floor(unix_seconds / DAY_S);
    if (!(day >= 1 && day < UINT32_MAX))
        return;
    for (uint32_t c = 0; c < count && c < states; c++) {
        struct ledger_campaign_facts facts;
        if (!ledger_campaign_facts(ledger, c, &facts))
            continue;
        uint16_t before = ledger_rate(ledger, c);
        if (state[c].key != facts.key)
            begin(state + c, facts.key, before);
        /* Held first, as whoever reserves does: money that becomes spent between is seen twice, never missed.
         */
        int64_t used = ledger_sum_held(ledger, c, (uint32_t)day);
        used += ledger_sum_spent(ledger, c, (uint32_t)day);
        struct pacing_step step = pacing_step(state + c, how, facts.daily_budget, used, unix_seconds);
        ledger_pace(ledger, c, step.limit, is_another(step.rate, before) ? step.rate : before);
    }
}
