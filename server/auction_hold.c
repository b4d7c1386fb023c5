/* Holds of the bids that an answer carries; see auction_hold.h. */
#include "auction_hold.h"

#include <math.h>
#include <time.h>

#include "base/hash.h"
#include "bid/bid_macros.h"
#include "ledger/ledger.h"

#define ROUNDS          16 /* of clearing; then own bids that still lack a hold are refused together */
#define NANOS_OF_CPM    1e6
#define MOST_NANOS      1e15 /* a million units a view */
#define PARTNERS_SPARED 4    /* partners leave one of so many places to own campaigns */

uint64_t auction_hold_user(const struct auction *auction) {
    const struct openrtb_request *request = &auction->request;
    const struct str ids[] = {request->user_id, request->user_buyeruid, request->device_ifa};
    const struct ledger *ledger = auction->exchange->ledger;
    if (request->coppa == 1 || request->device_dnt == 1 || request->device_lmt == 1)
        return 0;
    for (size_t i = 0; ledger && i < COUNT_OF(ids); i++)
        if (ids[i].n)
            return hash_bytes(ids[i], ledger_salt(ledger));
    return 0;
}

static bool is_own(const struct bid *bid) {
    return bid->partner_index == STATS_OWN;
}

/* Nobody pays nothing for a view, or more than the ledger's sums can bear; 0 when the price is not known. */
static int64_t nanos_of(double cpm) {
    double nanos = nearbyint(cpm * NANOS_OF_CPM);
    if (isnan(nanos))
        return 0;
    if (nanos < 1)
        return 1;
    return nanos < MOST_NANOS ? (int64_t)nanos : (int64_t)MOST_NANOS;
}

/* What one view costs, in the ad table's currency, which is that of own bids; 0 when that is not known. */
static int64_t cost_of(const struct auction *auction, const struct bid_rules *rules, const struct bid *bid) {
    double cpm = bid->won ? bid->clearing_price : bid->price;
    if (is_own(bid))
        return nanos_of(cpm / bid->rate);
    return nanos_of(cpm * currency_rate(auction->exchange->rates, rules->answer_currency, CAMPAIGN_CURRENCY));
}

static bool leaves(const struct bid *bid, bool all_bids) {
    return bid->refusal == BID_VALID && (bid->won || all_bids);
}

/* Whether a partner's bid may take one more place. */
static bool has_room(const struct exchange *exchange, int64_t now) {
    uint32_t spared = exchange->config->ledger.holds / PARTNERS_SPARED;
    return ledger_has_room(exchange->ledger, exchange->writer, spared, now);
}

static enum ledger_result take(const struct auction *auction, const struct bid_rules *rules, struct bid *bid,
                               int64_t now) {
    const struct exchange *exchange = auction->exchange;
    if (!is_own(bid) && !has_room(exchange, now))
        return LEDGER_FULL;
    if (is_own(bid) && bid->campaign == LEDGER_NONE)
        return LEDGER_FULL;
    bid->nanos = cost_of(auction, rules, bid);
    struct ledger_win win = {.campaign = bid->campaign,
                             .nanos = bid->nanos,
                             .user = auction->user,
                             .auction = auction->id,
                             .expires = now + exchange->config->ledger.hold_s};
    return ledger_reserve(exchange->ledger, exchange->writer, &win, now, &bid->hold);
}

void auction_hold_release(const struct auction *auction, struct bid *bids, size_t count) {
    const struct exchange *exchange = auction->exchange;
    for (size_t i = 0; i < count; i++) {
        if (bids[i].hold)
            (void)!ledger_release(exchange->ledger, exchange->writer, bids[i].hold);
        bids[i].hold = 0;
    }
}

/* Holds for own bids; false when one was refused, and so another may win. */
static bool hold_own(const struct auction *auction, const struct bid_rules *rules, struct bid *bids,
                     size_t count, bool all_bids) {
    bool whole = true;
    int64_t now = (int64_t)time(NULL);
    for (size_t i = 0; i < count; i++) {
        struct bid *bid = &bids[i];
        if (!is_own(bid) || !leaves(bid, all_bids))
            continue;
        enum ledger_result result = take(auction, rules, bid, now);
        if (result == LEDGER_COUNTED)
            continue;
        bid->hold = 0;
        bid->refusal = result == LEDGER_OVER_BUDGET ? BID_OVER_BUDGET : BID_NO_HOLD;
        whole = false;
    }
    return whole;
}

static void hold_partners(const struct auction *auction, const struct bid_rules *rules, struct bid *bids,
                          size_t count, bool all_bids) {
    int64_t now = (int64_t)time(NULL);
    for (size_t i = 0; i < count; i++)
        if (!is_own(&bids[i]) && leaves(&bids[i], all_bids) &&
            take(auction, rules, &bids[i], now) != LEDGER_COUNTED)
            bids[i].hold = 0;
}

static void refuse_own(struct bid *bids, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (is_own(&bids[i]) && bids[i].refusal == BID_VALID)
            bids[i].refusal = BID_OVER_BUDGET;
}

/* A bid that its campaign could not pay in full must not set the price of others either. */
static void refuse_unaffordable(const struct auction *auction, struct bid *bids, size_t count) {
    int64_t now = (int64_t)time(NULL);
    for (size_t i = 0; i < count; i++) {
        struct bid *bid = &bids[i];
        if (is_own(bid) && bid->refusal == BID_VALID && bid->campaign != LEDGER_NONE &&
            nanos_of(bid->price / bid->rate) > ledger_left(auction->exchange->ledger, bid->campaign, now))
            bid->refusal = BID_OVER_BUDGET;
    }
}

size_t auction_hold_clear(const struct auction *auction, const struct bid_rules *rules, struct bid *bids,
                          size_t count, bool all_bids) {
    const struct exchange *exchange = auction->exchange;
    double increment = exchange->config->auction.price_increment;
    if (!exchange->ledger || auction->request.test)
        return clearing_run(rules, bids, count, increment);
    refuse_unaffordable(auction, bids, count);
    size_t valid = clearing_run(rules, bids, count, increment);
    for (int round = 0; valid && !hold_own(auction, rules, bids, count, all_bids); round++) {
        auction_hold_release(auction, bids, count);
        if (round == ROUNDS)
            refuse_own(bids, count);
        valid = clearing_run(rules, bids, count, increment);
    }
    hold_partners(auction, rules, bids, count, all_bids);
    return valid;
}
