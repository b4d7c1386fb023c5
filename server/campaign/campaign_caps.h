/*
 * What a user has seen of own campaigns, as a job tells it to the workers, which know each campaign's cap.
 *
 * Views whose window has passed do not count: a window begins with its first view and is as long as the
 * ledger's facts of the campaign say; so do views of campaigns without a cap.
 */
#ifndef SLIMBID_CAMPAIGN_CAMPAIGN_CAPS_H
#define SLIMBID_CAMPAIGN_CAMPAIGN_CAPS_H

#include "ledger/ledger.h"
#include "ledger/users.h"
#include "match/match.h"

/* Returns how many were written. now: unix seconds. */
uint32_t campaign_caps(const struct ledger *ledger, const struct user_profile *profile, int64_t now,
                       struct match_cap caps[MATCH_MOST_CAPS]);

#endif
