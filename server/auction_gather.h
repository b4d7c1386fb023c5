/*
 * GATHERING: the partner calls of one auction, from whom to ask to the bids they gave; own campaigns are
 * asked beside them (auction_own.h).
 */
#ifndef SLIMBID_AUCTION_GATHER_H
#define SLIMBID_AUCTION_GATHER_H

#include "auction.h"
#include "bid/answer.h"

/* Asks every partner that fits, and own campaigns; sets calls, call_count and calls_pending. 0, or -1 when
 * the arena is full (calls already sent stay pending). auction_gathered() is called when the last one ends,
 * never from inside. */
int auction_gather_ask(struct auction *auction, const struct client_info *client) CHECK_RESULT;

/* Ends the calls that are still pending, for that reason; they run on unused. */
void auction_gather_abandon(struct auction *auction, enum partner_outcome why);

/* Whether the arena has room for what clearing makes of all bids read so far. */
bool auction_gather_fits(const struct auction *auction);
/* Non-bid status codes (OpenRTB community extension seat-non-bid); 0: no bid. */
int auction_gather_nonbid_code(enum partner_outcome outcome);

/* All bids of all answers, in the arena; *bids stays as it is when there are none. 0 or -1. An answer whose
 * bids the arena could not take to the end was left out when it came. */
int auction_gather_bids(struct auction *auction, struct bid **bids, size_t *count) CHECK_RESULT;
/* What ext.seatnonbid says of partners that gave no bid, likewise. 0 or -1. */
int auction_gather_nonbids(struct auction *auction, struct answer_nonbid **nonbids,
                           size_t *count) CHECK_RESULT;

#endif
