/* The notices of an auction that is being answered: nurl of winners, lurl of losers. */
#ifndef SLIMBID_NOTICE_NOTICE_AUCTION_H
#define SLIMBID_NOTICE_NOTICE_AUCTION_H

#include "bid/bid.h"
#include "notice/notice.h"

struct notice_auction {
    const struct openrtb_request *request;
    const struct bid *bids; /* as the last clearing left them */
    size_t bid_count;
    struct str bid_id; /* of the response */
    bool all_bids;     /* the losers went out too: who asked chooses among them, none is lost yet */
    bool won_here;     /* the exchange calls nurl of those with a hold now: the answer has another, or none */
};

/*
 * Called when the answer is sure. Nothing leaves before the end of the loop's turn: the answer goes first.
 * - A partner's winner with a hold: its nurl, unless that serves the markup or waits for the client's word
 *   (NURL_WIN). Without a hold its own nurl is in the answer, for the client to call.
 * - A partner's bid that was refused, or lost here: its lurl, with the loss code.
 * notices may be NULL.
 */
void notice_auction_ended(struct notices *notices, const struct notice_auction *auction);

#endif
