/*
 * A bid on its way through an auction, whoever made it: read from a partner's answer, checked
 * (bid_check.h), ranked and priced (clearing.h), put into the answer (answer.h).
 */
#ifndef SLIMBID_BID_BID_H
#define SLIMBID_BID_BID_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "openrtb/openrtb_request.h"
#include "openrtb/openrtb_response.h"

/* Why a bid is not taken. In the order of the checks; the first that fails is the reason. */
enum bid_refusal {
    BID_VALID,
    BID_MALFORMED, /* wrong types: openrtb_bid.invalid; or the partner's bids take too long to check */
    BID_NO_ID,
    BID_DUPLICATE_ID,
    BID_UNKNOWN_IMP,
    BID_BAD_PRICE, /* absent, not finite, <= 0 */
    BID_CURRENCY,  /* not among the partner's, or not convertible to the answer's */
    BID_NO_CRID,
    BID_NO_MARKUP, /* neither adm nor nurl */
    BID_MARKUP_TOO_LARGE,
    BID_MEDIA_TYPE, /* mtype not among those the imp offers */
    BID_SIZE,
    BID_NOT_SECURE,
    BID_ADVERTISER_BLOCKED, /* badv */
    BID_APP_BLOCKED,        /* bapp */
    BID_CATEGORY_BLOCKED,   /* bcat, or categories of another taxonomy than bcat's */
    BID_ATTRIBUTE_BLOCKED,  /* battr */
    BID_SEAT,               /* wseat, bseat */
    BID_DEAL_UNKNOWN,
    BID_DEAL_SEAT,  /* the deal's wseat or wadomain */
    BID_NOT_A_DEAL, /* private_auction takes deals only */
    BID_BELOW_FLOOR,
    BID_BELOW_DEAL_FLOOR,
    BID_OVER_BUDGET, /* own: what its campaign may spend by now is spent or held */
    BID_NO_HOLD,     /* own: the ledger has no place for one more win */
    BID_REFUSALS
};

/* Loss reasons of valid bids (OpenRTB 3.0, List: Loss Reason Codes). */
enum { LOSS_BID_WON = 0, LOSS_HIGHER_BID = 102, LOSS_DEAL_BID = 103 };

/* "below_floor": the label of metrics and logs. */
const char *bid_refusal_name(enum bid_refusal refusal);
/* The status code of ext.seatnonbid[].nonbid[]: OpenRTB community extension "seat-non-bid", List: Non Bid
 * Status Codes (github.com/InteractiveAdvertisingBureau/openrtb,
 * extensions/community_extensions/seat-non-bid.md). 300 where no closer code stands there. */
int bid_refusal_nonbid_code(enum bid_refusal refusal);
/* The value of ${AUCTION_LOSS}: OpenRTB 3.0, List: Loss Reason Codes (to which OpenRTB 2.6 section 4.4
 * refers). */
int bid_refusal_loss_code(enum bid_refusal refusal);

struct bid {
    const struct openrtb_bid *in;
    const struct config_partner *partner;
    uint32_t partner_index;
    struct str seat;   /* the partner's when the seatbid names none */
    struct str cur;    /* of in->price */
    const bool *asked; /* for each imp of the request, whether its bidder was asked about it; NULL: all */
    enum bid_refusal refusal;
    const struct openrtb_imp *imp;   /* NULL while unknown */
    const struct openrtb_deal *deal; /* NULL: open auction */
    enum openrtb_mtype mtype;
    int32_t w, h;          /* as bid, or the only size asked for; 0 when none */
    double rate;           /* units of the answer's currency per unit of cur */
    double price;          /* in the answer's currency, adjusted, as ranked */
    double floor;          /* the deal's or else the imp's, in the answer's currency; at most price */
    double clearing_price; /* in the answer's currency; 0 until won */
    uint64_t tie;          /* the smaller wins among equals */
    uint32_t rank;         /* among the valid bids of its imp, from 0: bids[i - rank] is the winner */
    uint64_t hold;         /* of the win in the ledger (ledger/ledger.h); 0: none */
    int64_t nanos;         /* with a hold: what a view costs, 1e-9 of the ad table's currency */
    uint32_t campaign;     /* own: its number in the ledger; LEDGER_NONE otherwise */
    uint32_t order;        /* bids[i].order: the i-th place of the last bid_sort() */
    bool won;
};

/* An amount of money to a millionth, so that products of prices and rates stay decimal (1.15 * 0.9 is
 * 1.035). What would become 0, or is too large for it, stays as it is. */
double bid_round(double amount);

/* Whether a comes before b: a strict order in which no two bids of the array are equal. */
typedef bool (*bid_before)(const struct bid *a, const struct bid *b);

/* Writes the sorted order of bids[0..count) into their order fields (bids[0].order is the index of the
 * first); the bids stay where they are. In place: no allocation, O(n log n) whatever the input. */
void bid_sort(struct bid *bids, size_t count, bid_before before);
/* Moves the bids into the order of the last bid_sort(). */
void bid_reorder(struct bid *bids, size_t count);

#endif
