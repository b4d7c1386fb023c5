/* Who wins an imp and what it costs; see clearing.h. */
#include "bid/clearing.h"

#include <math.h>

#include "base/hash.h"

enum { FIRST_PRICE = 1, SECOND_PRICE = 2, FIXED_PRICE = 3 };

static bool fixed_price(const struct bid *bid) {
    return bid->deal && bid->deal->at == FIXED_PRICE && bid->floor > 0;
}

/* What the bid is worth to the publisher. */
static double ranked_price(const struct bid *bid) {
    return fixed_price(bid) ? bid->floor : bid->price;
}

static bool before_by_rank(const struct bid *a, const struct bid *b) {
    if ((a->refusal == BID_VALID) != (b->refusal == BID_VALID))
        return a->refusal == BID_VALID;
    if (a->refusal != BID_VALID)
        return a < b;
    if (a->imp != b->imp)
        return a->imp < b->imp;
    if (!a->deal != !b->deal)
        return a->deal != NULL;
    double price_a = ranked_price(a), price_b = ranked_price(b);
    if (price_a != price_b)
        return price_a > price_b;
    if (a->tie != b->tie)
        return a->tie < b->tie;
    return a < b;
}

static bool before_by_seat(const struct bid *a, const struct bid *b) {
    size_t n = a->seat.n < b->seat.n ? a->seat.n : b->seat.n;
    int order = n ? memcmp(a->seat.p, b->seat.p, n) : 0;
    if (order != 0)
        return order < 0;
    return a->seat.n != b->seat.n ? a->seat.n < b->seat.n : a < b;
}

/* Ranked next to bids[i] at its own level: for the same imp, and for a deal like it or open like it. */
static const struct bid *next_bid(const struct bid *bids, size_t count, size_t i) {
    const struct bid *bid = &bids[i];
    if (i + 1 == count || bids[i + 1].refusal != BID_VALID)
        return NULL;
    const struct bid *next = &bids[i + 1];
    return next->imp == bid->imp && !next->deal == !bid->deal ? next : NULL;
}

/* The next bid's price or the floor, in the answer's currency. */
static double price_to_beat(const struct bid *bids, size_t count, size_t i) {
    const struct bid *next = next_bid(bids, count, i);
    double price = next ? ranked_price(next) : 0;
    return price > bids[i].floor ? price : bids[i].floor;
}

static int32_t auction_type(const struct bid_rules *rules, const struct bid *bid) {
    if (bid->deal && bid->deal->at != OPENRTB_ABSENT)
        return bid->deal->at;
    return rules->request->at;
}

static double clearing_price(const struct bid_rules *rules, const struct bid *bids, size_t count, size_t i,
                             double increment) {
    const struct bid *bid = &bids[i];
    if (fixed_price(bid))
        return bid->floor;
    if (auction_type(rules, bid) != SECOND_PRICE)
        return bid->price;
    double price = bid_round(price_to_beat(bids, count, i) + increment);
    if (price < bid->floor)
        price = bid->floor;
    return price > 0 && price < bid->price ? price : bid->price;
}

size_t clearing_run(const struct bid_rules *rules, struct bid *bids, size_t count, double price_increment) {
    uint64_t auction = hash_bytes(rules->request->id, 0);
    size_t valid = 0;
    for (size_t i = 0; i < count; i++) {
        bids[i].won = false;
        bids[i].clearing_price = 0;
        bids[i].rank = 0;
        if (bids[i].refusal != BID_VALID)
            continue;
        bids[i].tie = hash_bytes(bids[i].in->id, hash_bytes(bids[i].partner->name, auction));
        valid++;
    }
    bid_sort(bids, count, before_by_rank);
    bid_reorder(bids, count);
    for (size_t i = 0; i < valid; i++) {
        if (i > 0 && bids[i].imp == bids[i - 1].imp) {
            bids[i].rank = bids[i - 1].rank + 1;
            continue;
        }
        bids[i].won = true;
        bids[i].clearing_price = clearing_price(rules, bids, valid, i, price_increment);
    }
    bid_sort(bids, count, before_by_seat);
    return valid;
}

double clearing_min_to_win(const struct bid *bids, size_t count, size_t i) {
    const struct bid *bid = &bids[i];
    const struct bid *winner = bid - bid->rank;
    if (bid->won ? fixed_price(bid) : winner->deal && !bid->deal)
        return NAN;
    double least = bid->won ? price_to_beat(bids, count, i) : winner->clearing_price;
    return bid_round(bid->in->price * (least / bid->price));
}
