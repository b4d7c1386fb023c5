/*
 * The ledger's part in one auction: whose request it is, and a hold for each bid that the answer carries.
 *
 * After the bids were checked they are cleared, and every own bid that would leave takes a hold on its
 * campaign's budget. One that gets none is refused (over budget, or no place in the ledger), and its imp is
 * cleared again without it, so that the next bid wins at its own price. Partners' bids take holds too, so
 * that their views count once and their billing notice goes out once; but they leave a quarter of the places
 * to own campaigns, and a partner's bid without one goes out as it came.
 *
 * Without a ledger there are no holds, and nothing is refused for want of one; nor for a request with test =
 * 1, which is not billable (OpenRTB 2.6 section 3.2.1).
 */
#ifndef SLIMBID_AUCTION_HOLD_H
#define SLIMBID_AUCTION_HOLD_H

#include "auction.h"
#include "bid/clearing.h"

/* The user's key: of user.id, else user.buyeruid, else device.ifa; 0: none of them, no ledger, or a child
 * (regs.coppa) or somebody who asked not to be tracked (device.dnt, device.lmt), of whom nothing is kept. */
uint64_t auction_hold_user(const struct auction *auction);

/* clearing_run() and the holds. all_bids: every valid bid leaves, not winners only. Returns the number of
 * valid bids. */
size_t auction_hold_clear(const struct auction *auction, const struct bid_rules *rules, struct bid *bids,
                          size_t count, bool all_bids);
/* The answer never leaves: all holds go back. */
void auction_hold_release(const struct auction *auction, struct bid *bids, size_t count);

#endif
