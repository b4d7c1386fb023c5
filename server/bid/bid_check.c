/* Whether a bid may take part; see bid_check.h. */
#include "bid/bid_check.h"

#include <math.h>

#include "bid/bid_creative.h"

/* What one pass over the bids remembers from bid to bid. */
struct check {
    const struct bid_rules *rules;
    uint32_t partner_index;
    uint64_t steps; /* of that partner */
    struct str cur;
    double rate; /* of cur; valid while cur.p != NULL */
    const struct openrtb_imp *imp;
};

static bool given(struct str s) {
    return s.n > 0;
}

/* ---- ids ---- */

/* By partner, then id; the first of equals stays first. */
static bool before_by_id(const struct bid *a, const struct bid *b) {
    if (a->partner_index != b->partner_index)
        return a->partner_index < b->partner_index;
    if (a->in->id.n != b->in->id.n)
        return a->in->id.n < b->in->id.n;
    int order = a->in->id.n ? memcmp(a->in->id.p, b->in->id.p, a->in->id.n) : 0;
    return order != 0 ? order < 0 : a < b;
}

static void refuse_duplicates(struct bid *bids, size_t count) {
    bid_sort(bids, count, before_by_id);
    const struct bid *first = NULL;
    for (size_t i = 0; i < count; i++) {
        struct bid *bid = &bids[bids[i].order];
        if (bid->refusal != BID_VALID)
            continue;
        if (first && first->partner_index == bid->partner_index && str_eq(first->in->id, bid->in->id))
            bid->refusal = BID_DUPLICATE_ID;
        else
            first = bid;
    }
}

static enum bid_refusal check_imp(struct check *check, struct bid *bid) {
    const struct openrtb_request *request = check->rules->request;
    struct str id = bid->in->impid;
    if (check->imp && str_eq(check->imp->id, id))
        bid->imp = check->imp;
    for (size_t i = 0; !bid->imp && i < request->imp_count; i++)
        if (str_eq(request->imps[i].id, id))
            bid->imp = &request->imps[i];
    check->imp = bid->imp;
    if (!bid->imp || (bid->asked && !bid->asked[bid->imp - request->imps])) {
        bid->imp = NULL; /* what was not offered to it is not there for it */
        return BID_UNKNOWN_IMP;
    }
    return BID_VALID;
}

/* ---- money ---- */

static enum bid_refusal check_price(struct check *check, struct bid *bid) {
    (void)check;
    return isfinite(bid->in->price) && bid->in->price > 0 ? BID_VALID : BID_BAD_PRICE;
}

/* The bid's price after the partner's adjustment, in the bid's currency. */
static double adjusted(const struct bid *bid) {
    double factor = bid->partner->bid_adjustment;
    return factor == 1 ? bid->in->price : bid_round(bid->in->price * factor);
}

static double convert(double amount, double rate) {
    return rate == 1 ? amount : bid_round(amount * rate);
}

static enum bid_refusal check_currency(struct check *check, struct bid *bid) {
    const struct str_list *taken = &bid->partner->currencies;
    if (taken->count > 0 && !str_list_has_nocase(taken, bid->cur))
        return BID_CURRENCY;
    if (!check->cur.p || !str_eq(check->cur, bid->cur)) {
        check->cur = bid->cur;
        check->rate = currency_rate(check->rules->rates, bid->cur, check->rules->answer_currency);
    }
    if (!isfinite(check->rate) || check->rate <= 0)
        return BID_CURRENCY;
    bid->rate = check->rate;
    bid->price = convert(adjusted(bid), bid->rate);
    return isfinite(bid->price) && bid->price > 0 ? BID_VALID : BID_BAD_PRICE;
}

static enum bid_refusal check_floor(struct check *check, struct bid *bid) {
    enum bid_refusal below = bid->deal ? BID_BELOW_DEAL_FLOOR : BID_BELOW_FLOOR;
    double floor = bid->deal ? bid->deal->bidfloor : bid->imp->bidfloor;
    struct str cur = bid->deal ? bid->deal->bidfloorcur : bid->imp->bidfloorcur;
    if (!given(cur))
        cur = STR("USD");
    if (!(floor > 0))
        return BID_VALID;
    double rate = str_eq(cur, bid->cur) ? 1 : currency_rate(check->rules->rates, bid->cur, cur);
    if (!isfinite(rate) || rate <= 0)
        return below;
    double price = convert(adjusted(bid), rate);
    if (!(price >= floor))
        return below;
    /* By the bid's own ratio, so that a floor that is met is met in every currency. */
    bid->floor = str_eq(cur, check->rules->answer_currency) ? floor : bid->price * (floor / price);
    if (bid->floor > bid->price)
        bid->floor = bid->price;
    return BID_VALID;
}

/* ---- seats and deals ---- */

static enum bid_refusal check_seat(struct check *check, struct bid *bid) {
    const struct openrtb_request *request = check->rules->request;
    if (request->wseat.count > 0 && !str_list_has(&request->wseat, bid->seat))
        return BID_SEAT;
    return str_list_has(&request->bseat, bid->seat) ? BID_SEAT : BID_VALID;
}

static bool advertisers_allowed(const struct openrtb_deal *deal, const struct openrtb_bid *in) {
    if (deal->wadomain.count == 0)
        return true;
    for (size_t i = 0; i < in->adomain.count; i++)
        if (!bid_domain_listed(&deal->wadomain, in->adomain.items[i]))
            return false;
    return in->adomain.count > 0;
}

static enum bid_refusal check_deal(struct check *check, struct bid *bid) {
    (void)check;
    if (!given(bid->in->dealid))
        return bid->imp->private_auction ? BID_NOT_A_DEAL : BID_VALID;
    for (size_t i = 0; !bid->deal && i < bid->imp->deal_count; i++)
        if (str_eq(bid->imp->deals[i].id, bid->in->dealid))
            bid->deal = &bid->imp->deals[i];
    if (!bid->deal)
        return BID_DEAL_UNKNOWN;
    if (bid->deal->wseat.count > 0 && !str_list_has(&bid->deal->wseat, bid->seat))
        return BID_DEAL_SEAT;
    return advertisers_allowed(bid->deal, bid->in) ? BID_VALID : BID_DEAL_SEAT;
}

/* ---- all of it ---- */

/* How many comparisons the checks of this bid may take at most, but for its imp. */
static uint64_t steps_of(const struct openrtb_request *request, const struct openrtb_bid *in,
                         const struct openrtb_imp *imp) {
    uint64_t steps = request->imp_count + request->wseat.count + request->bseat.count + request->bapp.count;
    steps += (uint64_t)in->adomain.count * request->badv.count;
    steps += (uint64_t)in->cat.count * request->bcat.count;
    size_t blocked = 0, allowed = 0;
    if (imp->banner)
        blocked = imp->banner->battr.count;
    if (imp->video && imp->video->battr.count > blocked)
        blocked = imp->video->battr.count;
    if (imp->audio && imp->audio->battr.count > blocked)
        blocked = imp->audio->battr.count;
    if (imp->native && imp->native->battr.count > blocked)
        blocked = imp->native->battr.count;
    for (size_t i = 0; given(in->dealid) && i < imp->deal_count; i++)
        if (imp->deals[i].wadomain.count + imp->deals[i].wseat.count > allowed)
            allowed = imp->deals[i].wadomain.count + imp->deals[i].wseat.count;
    steps += (uint64_t)in->attr.count * blocked + (uint64_t)(in->adomain.count + 1) * allowed;
    return steps + (given(in->dealid) ? imp->deal_count : 0);
}

static enum bid_refusal check_steps(struct check *check, struct bid *bid) {
    if (check->partner_index != bid->partner_index) {
        check->partner_index = bid->partner_index;
        check->steps = 0;
    }
    check->steps += steps_of(check->rules->request, bid->in, bid->imp);
    return check->steps > BID_CHECK_STEPS ? BID_MALFORMED : BID_VALID;
}

typedef enum bid_refusal (*check_fn)(struct check *check, struct bid *bid);
typedef enum bid_refusal (*creative_fn)(const struct bid_rules *rules, struct bid *bid);

static enum bid_refusal check_creative(struct check *check, struct bid *bid) {
    static const creative_fn checks[] = {bid_creative_markup,   bid_creative_medium,     bid_creative_size,
                                         bid_creative_secure,   bid_creative_advertiser, bid_creative_app,
                                         bid_creative_category, bid_creative_attribute};
    enum bid_refusal refusal = BID_VALID;
    for (size_t i = 0; refusal == BID_VALID && i < COUNT_OF(checks); i++)
        refusal = checks[i](check->rules, bid);
    return refusal;
}

static enum bid_refusal check_bid(struct check *check, struct bid *bid) {
    static const check_fn checks[] = {check_imp,      check_steps, check_price, check_currency,
                                      check_creative, check_seat,  check_deal,  check_floor};
    enum bid_refusal refusal = BID_VALID;
    for (size_t i = 0; refusal == BID_VALID && i < COUNT_OF(checks); i++)
        refusal = checks[i](check, bid);
    return refusal;
}

static void start(struct bid *bid) {
    bid->refusal = bid->in->invalid ? BID_MALFORMED : given(bid->in->id) ? BID_VALID : BID_NO_ID;
    bid->imp = NULL;
    bid->deal = NULL;
    bid->mtype = OPENRTB_MTYPE_NONE;
    bid->w = bid->h = 0;
    bid->rate = 1;
    bid->price = bid->floor = bid->clearing_price = 0;
    bid->won = false;
}

void bid_check_all(const struct bid_rules *rules, struct bid *bids, size_t count) {
    for (size_t i = 0; i < count; i++)
        start(&bids[i]);
    refuse_duplicates(bids, count);
    struct check check = {.rules = rules, .partner_index = UINT32_MAX};
    for (size_t i = 0; i < count; i++)
        if (bids[i].refusal == BID_VALID)
            bids[i].refusal = check_bid(&check, &bids[i]);
}
