/*
 * What asking a partner is worth: which partners to leave out first when not all can be asked.
 *
 * Kept are moving averages over some 256 calls: what a call earned (the clearing prices of the impressions
 * that its bids won; so win rate times price), how many bytes it moved and how long it ran. A call holds
 * about its bytes for as long as it runs, so that money for each byte and millisecond is what a scarce memory
 * buys. One a partner and front end; no locks, no memory of its own.
 */
#ifndef SLIMBID_PARTNER_WORTH_H
#define SLIMBID_PARTNER_WORTH_H

#include <stdint.h>

struct worth {
    double earned; /* USD CPM a call */
    double bytes;
    double us;
    uint64_t calls;
};

/* A call has ended, with what it sent and received. */
void worth_call(struct worth *worth, uint64_t bytes, uint64_t took_us);
/* One of its bids won. */
void worth_win(struct worth *worth, double usd_cpm);
/* USD CPM a byte and millisecond. A partner with few calls yet is worth more than any other. */
double worth_value(const struct worth *worth);

#endif
