/*
 * The CLEARING of an auction: what was gathered becomes bids that are checked, ranked, priced and held.
 */
#ifndef SLIMBID_AUCTION_CLEARING_H
#define SLIMBID_AUCTION_CLEARING_H

#include "auction.h"
#include "bid/answer.h"

struct auction_clearing { /* what the answer needs, beside the auction's bids */
    struct bid_rules rules;
    struct bid_urls urls;
    bool has_urls;
    bool all_bids;
    size_t valid; /* bids */
    struct answer_nonbid *nonbids;
    size_t nonbid_count;
};

/* Fills auction->bids, bid_count and currency, and counts what became of the bids. 0, or -1 when the arena is
 * full. */
int auction_clearing_run(struct auction *auction, struct auction_clearing *clearing) CHECK_RESULT;

#endif
