/*
 * The bid response (OpenRTB 2.6 section 4.2) that a publisher gets.
 *
 * {"id": the request's, "seatbid": [{"seat", "bid": [...]}], "bidid", "cur", "ext": {"seatnonbid"}}; seats
 * in the order of their bytes, a seat's bids by imp and rank. The members of a partner's bid are passed on
 * byte for byte, but for:
 * - price: the clearing price of a winner, the ranked price of another (all_bids), in the answer's currency;
 * - adm, nurl, burl, lurl: macros replaced (bid_macros.h); without macros they too stay as they came;
 * - nurl and burl of a bid with a hold: URLs of ours (bid_urls.h), its own ones inside them; but a nurl that
 *   serves the markup stays, and so does what is too long to be put inside;
 * - mtype, and w and h of a banner: added when the bid lacks them and the exchange found them out;
 * - ext.origbidcpm and ext.origbidcur (Prebid's names): added when the price was converted or adjusted: the
 *   price of this bid here, in the partner's currency and before its adjustment. So a second price does not
 *   give away what was bid.
 * A bid without members never was a text: it is the exchange's own, and is written from its struct, its
 * markup with our own macros replaced too (own_markup.h).
 * A second member of a name that the exchange writes itself is dropped.
 */
#ifndef SLIMBID_BID_ANSWER_H
#define SLIMBID_BID_ANSWER_H

#include "base/buf.h"
#include "bid/bid_check.h"
#include "bid/bid_urls.h"

/* A partner that was asked and gave no bid for an imp (or failed), for ext.seatnonbid. */
struct answer_nonbid {
    struct str seat;
    const struct openrtb_imp *imp;
    int code;
};

struct answer_input {
    const struct bid_rules *rules;
    const struct bid *bids; /* as clearing_run() left them */
    size_t bid_count;
    struct str bid_id;                   /* our tracking id of this response */
    const struct bid_urls *urls;         /* NULL: bids carry no URLs of ours */
    bool all_bids;                       /* every valid bid in price order, not only winners */
    bool seat_non_bid;                   /* list refused bids and nonbids under ext.seatnonbid (test = 1) */
    const struct answer_nonbid *nonbids; /* those of a seat behind each other */
    size_t nonbid_count;
};

/* Writes the response; check out->failed afterwards. A bid that does not fit into what is left of out is
 * left out, so that one partner's huge bid does not cost the others theirs; so is a list of nonbids. */
void answer_write(const struct answer_input *input, struct buf *out);
/* Writes a response without bids: {"id":...,"nbr":N}. seatnonbid as above. */
void answer_write_no_bid(const struct answer_input *input, int nbr, struct buf *out);
/* Writes the answer to an invalid request: {"id":"","nbr":2,"ext":{"error":{"path":...,"reason":...}}}; error
 * may be NULL. */
void answer_write_invalid(const struct openrtb_error *error, struct buf *out);

#endif
