/* The line of an auction's outcome: what was offered, who won what at which price, what was refused and why.
 */
#ifndef SLIMBID_EVENT_LOG_EVENT_AUCTION_H
#define SLIMBID_EVENT_LOG_EVENT_AUCTION_H

#include "bid/bid.h"
#include "event_log/event_log.h"

struct event_auction {
    uint64_t id;
    const struct openrtb_request *request;
    const char *end; /* auction_end_name() */
    uint64_t took_us;
    uint64_t user;          /* key in the ledger (ledger/users.h); 0: not known */
    struct str currency;    /* of clearing prices */
    const struct bid *bids; /* checked and cleared */
    size_t bid_count;
};

/* log may be NULL. An auction with more winners than a line has room for lists the first ones, and says how
 * many it leaves out. */
void event_auction_log(struct event_log *log, const struct event_auction *auction);

#endif
