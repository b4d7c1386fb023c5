/* Who is told what of an auction; see notice_auction.h. */
#include "notice/notice_auction.h"

#include <math.h>

#include "bid/bid_macros.h"
#include "bid/clearing.h"
#include "notice/notice_url.h"

static int loss_code(const struct bid *bid) {
    if (bid->refusal != BID_VALID)
        return bid_refusal_loss_code(bid->refusal);
    if (bid->won)
        return LOSS_BID_WON;
    const struct bid *winner = bid - bid->rank;
    return winner->deal && !bid->deal ? LOSS_DEAL_BID : LOSS_HIGHER_BID;
}

static void send_expanded(struct notices *notices, const struct notice_auction *auction, size_t index,
                          enum notice_kind kind, struct str url) {
    const struct bid *bid = &auction->bids[index];
    bool ranked = bid->refusal == BID_VALID;
    struct bid_macro_values values = {
        .request = auction->request,
        .bid = bid,
        .bid_id = auction->bid_id,
        .min_to_win = ranked ? clearing_min_to_win(auction->bids, auction->bid_count, index) : NAN,
        .loss = loss_code(bid),
        .context = kind == NOTICE_LOSS ? BID_MACRO_LOSS_URL : BID_MACRO_NOTICE_URL,
    };
    char bytes[NOTICE_URL_BYTES + 1]; /* what does not fit is too long for a notice, and refused as one */
    struct buf text = {.p = bytes, .room = sizeof bytes, .cap = sizeof bytes};
    bid_macros_expand(&values, url, &text);
    notices_send(notices, bid->partner_index, kind,
                 text.failed ? (struct str){bytes, sizeof bytes} : buf_view(&text));
}

void notice_auction_ended(struct notices *notices, const struct notice_auction *auction) {
    for (size_t i = 0; notices && i < auction->bid_count; i++) {
        const struct bid *bid = &auction->bids[i];
        const struct openrtb_bid *in = bid->in;
        if (bid->partner_index >= CONFIG_MAX_PARTNERS)
            continue; /* an own one */
        bool lost = bid->refusal != BID_VALID || (!bid->won && !auction->all_bids);
        if (lost && in->lurl.n)
            send_expanded(notices, auction, i, NOTICE_LOSS, in->lurl);
        else if (bid->won && bid->hold && in->nurl.n && in->adm.n && auction->won_here)
            send_expanded(notices, auction, i, NOTICE_WIN, in->nurl);
    }
}
