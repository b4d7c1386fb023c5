/* Views within their window; see campaign_caps.h. */
#include "campaign/campaign_caps.h"

#define HOUR_S 3600

uint32_t campaign_caps(const struct ledger *ledger, const struct user_profile *profile, int64_t now,
                       struct match_cap caps[MATCH_MOST_CAPS]) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < profile->view_count && count < MATCH_MOST_CAPS; i++) {
        const struct user_views *views = &profile->views[i];
        struct ledger_campaign_facts facts;
        if (!ledger_campaign_facts(ledger, views->campaign, &facts) || facts.frequency == 0)
            continue;
        if (views->since + (int64_t)facts.frequency_hours * HOUR_S <= now)
            continue;
        caps[count++] = (struct match_cap){.campaign = facts.key, .views = views->count};
    }
    return count;
}
