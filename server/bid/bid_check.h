/*
 * Whether a bid may take part: the checks of one bid against its request, imp, deal and partner.
 *
 * What OpenRTB 2.6 leaves open is decided so:
 * - Currency: a bid counts when its currency converts to the answer's (which auction.c chooses from
 *   request.cur) and is among the partner's own currencies, when it has such a list. Any case.
 * - Price: multiplied by the partner's adjustment, then compared with the floor in the floor's own
 *   currency. A floor whose currency is not convertible refuses the bid. A bid for a deal has to meet the
 *   deal's floor and not the imp's (3.2.12: the deal has its own terms, and floor 0 by default).
 * - Medium: mtype, else ext.prebid.type, else the only one offered, else what the markup looks like.
 * - Size, banners only: one of banner.w/h and format[], or within a pixel of a flexible format's ratio
 *   and not narrower than its wmin. None given: taken when one size was asked (that one is meant), when a
 *   format is flexible, or when the request names no size; refused when there are several.
 * - badv, wadomain: the domain itself and all below it, any case; a URL in adomain stands for its domain. A
 *   bid without adomain passes badv (it says nothing), not wadomain (it must be shown to be allowed); with
 *   several each must pass.
 * - bcat: categories of another taxonomy than the request's can't be compared: refused. None: passes.
 * - Secure: see markup_secure.h; a nurl that serves the markup counts, other notice URLs and iurl don't.
 * - A seat is the bid's seat. Of several bids of a partner with one id the first is taken.
 */
#ifndef SLIMBID_BID_BID_CHECK_H
#define SLIMBID_BID_BID_CHECK_H

#include "bid/bid.h"
#include "currency/currency.h"

/* Comparisons that the bids of one partner in one auction may cost (some milliseconds); a partner whose
 * lists of domains and categories multiply beyond it loses the bids after that as BID_MALFORMED. */
#define BID_CHECK_STEPS 2000000

struct bid_rules { /* the same for all bids of one auction */
    const struct openrtb_request *request;
    const struct currency_rates *rates; /* may be NULL */
    struct str answer_currency;
    uint32_t markup_bytes;
};

/*
 * Fills imp, deal, mtype, w, h, rate, price, floor and refusal of bids[0..count), whose in, partner,
 * partner_index, seat and cur are set; the bids of a partner stand behind each other. Duplicate ids are
 * looked for among bids of the same partner. Allocates nothing.
 */
void bid_check_all(const struct bid_rules *rules, struct bid *bids, size_t count);

#endif
