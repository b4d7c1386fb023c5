/*
 * The substitution macros of OpenRTB 2.6 section 4.4 in a bid's adm, nurl, burl and lurl, each also with
 * the suffix :B64 (Base64, RFC 4648 section 4). Nothing else in the text is touched: an unknown macro or
 * suffix, or one that does not end, stays. One pass: what is put in is not searched again.
 *
 *   ${AUCTION_ID} ${AUCTION_IMP_ID}          of the request
 *   ${AUCTION_BID_ID}                        bidid of our response
 *   ${AUCTION_SEAT_ID} ${AUCTION_AD_ID} ${AUCTION_CURRENCY}   of the bid
 *   ${AUCTION_PRICE}      what the bid pays, in its own currency and before the partner's adjustment
 *   ${AUCTION_MBR}        that over the bid's price
 *   ${AUCTION_MIN_TO_WIN} ${AUCTION_LOSS}    as given; empty when not known
 *   ${AUCTION_MULTIPLIER} imp.qty.multiplier, else 1
 *   ${AUCTION_DISCOUNT_PCT} ${AUCTION_DISCOUNT_CPM}   0: this exchange gives none
 *   ${AUCTION_IMP_TS}     empty: the impression is still to come
 *
 * A value that is not known is the empty string, as the section says. In a loss notice so are the price
 * and its ratio: the section lets an exchange keep them from losers.
 *
 * The section replaces "without regard for syntax correctness", but ids come from outside: an imp.id of
 * `1&price=0` must not rewrite a partner's notice URL, nor `"><script>` its markup. In URLs every byte of
 * a value but the unreserved of RFC 3986 section 2.3 is percent-encoded; in markup white space, control
 * bytes, % and " ' ` < > & \ are. Values of plain ids, and all of :B64 but a + in a URL, are put in as
 * they are. Neither form can hold what JSON would have to escape.
 */
#ifndef SLIMBID_BID_BID_MACROS_H
#define SLIMBID_BID_BID_MACROS_H

#include "base/buf.h"
#include "bid/bid.h"

enum bid_macro_context { BID_MACRO_MARKUP, BID_MACRO_NOTICE_URL, BID_MACRO_LOSS_URL };

struct bid_macro_values {
    const struct openrtb_request *request;
    const struct bid *bid;
    struct str bid_id; /* of the response: bidid */
    double min_to_win; /* in the bid's currency; NaN when not known */
    int loss;          /* loss reason code; -1: not known yet */
    enum bid_macro_context context;
    bool json; /* the text becomes the inside of a JSON string: what is no macro is escaped */
};

/* True when text holds a macro at all (else it can be passed on as it stands). */
bool bid_macros_present(struct str text);
/* Appends text to out with the macros replaced. */
void bid_macros_expand(const struct bid_macro_values *values, struct str text, struct buf *out);

/* Whether the text stays within limit bytes whatever its macros are replaced by; imp must be known. So a
 * partner's text full of macros and a long id can't fill the answer. */
bool bid_macros_fit(const struct openrtb_request *request, const struct bid *bid, struct str text,
                    size_t limit);

/* What the bid pays, or would, in its own currency and before the partner's adjustment. */
double bid_macros_price(const struct bid *bid);

#endif
