/*
 * Who wins an imp and what it costs.
 *
 * Deals come before open bids, then the higher price, then a hash of auction, partner and bid id, so
 * that a tie falls the same way each time it is replayed and no partner is favoured.
 *
 * First price (at = 1, and any type of an exchange's own): the bid. Second price (at = 2): the increment
 * above the next bid or the floor, whichever is higher, never above the bid. A deal has its own floor and
 * may have its own `at`; its next bid is the next bid for a deal (an open bid it came before did not
 * compete with it). Fixed price (a deal's at = 3): the deal's bidfloor is what was agreed, so that is what
 * it pays and what it is ranked by, however much more was bid.
 */
#ifndef SLIMBID_BID_CLEARING_H
#define SLIMBID_BID_CLEARING_H

#include "bid/bid_check.h"

/*
 * Sorts the valid bids of each imp behind each other in the order of the request, best first (refused
 * ones last), sets tie, rank, won and clearing_price, and leaves in `order` the bids sorted by seat, a
 * seat's bids in the order of the array. price_increment: in the answer's currency. Returns the number
 * of valid bids. Allocates nothing.
 */
size_t clearing_run(const struct bid_rules *rules, struct bid *bids, size_t count, double price_increment);

/* The least that bids[i], valid and ranked, had to bid (in its own currency, before its partner's
 * adjustment) to tie with the next bid, or with its floor, when it won; with the winner when it lost
 * (OpenRTB 2.6 section 4.4.1). NaN where price did not decide: an open bid that lost to a deal. */
double clearing_min_to_win(const struct bid *bids, size_t count, size_t i);

#endif
