/*
 * A worker's answer as bids of the auction.
 *
 * A bid's id is the auction's id, the place of its imp in the request and a number ("00a1...-0-2"), adid the
 * ad's id, cid its campaign, crid its creative (the ad's id where it has none). Nothing of an answer is
 * trusted: a bid with a text that is no UTF-8, for a deal that its imp does not have, of a blocked creative
 * (ext.bcrid) or in a language that is not wanted (wlang) is left out. All else the checks of every bid
 * find (bid_check.h).
 */
#ifndef SLIMBID_CAMPAIGN_CAMPAIGN_BID_H
#define SLIMBID_CAMPAIGN_CAMPAIGN_BID_H

#include "base/arena.h"
#include "openrtb/openrtb_response.h"
#include "scoring/job.h"

struct campaign_bid {
    struct openrtb_bid bid; /* without members: answer.c writes it */
    struct str cur;         /* of its price */
    int64_t daily_budget;   /* of its campaign, nanos of the table's currency; 0: no limit */
    uint32_t frequency, frequency_hours;
};

struct campaign_bids {
    struct campaign_bid *items;
    size_t count;
};

struct campaign_bid_input {
    const struct openrtb_request *request;
    const struct answer *answer;
    const struct openrtb_imp *const *imps; /* of each imp of the job, the request's */
    uint32_t imp_count;
    struct str auction_id;
};

/* All texts are copied into the arena. 0, or -1 when it is full; its caller rewinds it then. */
int campaign_bid_make(const struct campaign_bid_input *input, struct arena *arena,
                      struct campaign_bids *bids) CHECK_RESULT;

#endif
