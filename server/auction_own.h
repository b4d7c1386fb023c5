/*
 * Own campaigns in one auction: a scoring job for the workers, and the bids that come of it.
 *
 * They are asked when the partners are, and bid as a partner would (exchange.own, stats row STATS_OWN): the
 * same checks, floors, deals and prices. Where there is no table or no worker nothing is made of a request.
 * Its pending job counts among auction.calls_pending.
 */
#ifndef SLIMBID_AUCTION_OWN_H
#define SLIMBID_AUCTION_OWN_H

#include "auction.h"
#include "bid/answer.h"

/* Gives the job out, unless there is nothing to ask: then auction->own stays NULL. language: the client's,
 * for requests that name none. */
void auction_own_ask(struct auction *auction, struct str language);
/* Ends the job when it still runs, for that reason. */
void auction_own_abandon(struct auction *auction, enum partner_outcome why);

size_t auction_own_bid_count(const struct auction *auction);
/* Writes as many bids; returns how many. */
size_t auction_own_bids(const struct auction *auction, struct bid *bids);
/* What ext.seatnonbid says of own campaigns: at most one entry for each imp of the request; returns how many.
 */
size_t auction_own_nonbids(const struct auction *auction, struct answer_nonbid *nonbids);

#endif
