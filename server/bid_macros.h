/*
 * The substitution macros of OpenRTB 2.6 section 4.4 in a bid's adm, nurl, burl and lurl:
 * ${AUCTION_ID}, ${AUCTION_BID_ID}, ${AUCTION_IMP_ID}, ${AUCTION_SEAT_ID}, ${AUCTION_AD_ID},
 * ${AUCTION_PRICE}, ${AUCTION_CURRENCY}, ${AUCTION_MBR}, ${AUCTION_LOSS}, ${AUCTION_MIN_TO_WIN},
 * ${AUCTION_MULTIPLIER}, ${AUCTION_IMP_TS}; each also with :B64. Nothing else in the text is touched.
 */
#ifndef SLIMBID_BID_MACROS_H
#define SLIMBID_BID_MACROS_H

#include "base/buf.h"
#include "bid.h"

struct bid_macro_values {
    const struct openrtb_request *request;
    const struct bid *bid;
    struct str bid_id; /* of the response: bidid */
    double min_to_win; /* in the bid's currency; NaN when not known */
    int loss;          /* loss reason code; -1: not known yet */
};

/* True when text holds a macro at all (else it can be passed on as it stands). */
bool bid_macros_present(struct str text);
/* Appends text to out with the macros replaced. */
void bid_macros_expand(const struct bid_macro_values *values, struct str text, struct buf *out);

#endif
