/* Pacing for all campaigns of a ledger. */
#include <math.h>
#include <stdlib.h>

#include "ledger/pacing.h"

/* A thirty-second of a rate makes no difference to a campaign, but work for all workers. */
static bool is_another(uint16_t rate, uint16_t before) {
    bool at_end = rate == 0 || rate == LEDGER_RATE_FULL || before == 0 || before == LEDGER_RATE_FULL;
    return at_end ? rate != before : abs(rate - before) > before / 32;
}

void pacing_run(struct ledger *ledger, enum pacing how, struct pacing_state *state, uint32_t states,
                double unix_seconds) {
    uint32_t count = ledger_campaign_count(ledger);
    int64_t day = (int64_t)floor(unix_seconds / 86400);
    for (uint32_t c = 0; c < count && c < states; c++) {
        struct ledger_campaign_facts facts;
        if (!ledger_campaign_facts(ledger, c, &facts))
            continue;
        int64_t used = ledger_spent(ledger, c, day) + ledger_held(ledger, c);
        struct pacing_step step = pacing_step(state + c, how, facts.daily_budget, used, unix_seconds);
        uint16_t before = ledger_rate(ledger, c);
        ledger_pace(ledger, c, step.limit, is_another(step.rate, before) ? step.rate : before);
    }
}
