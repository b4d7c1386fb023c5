/* From bids to winners; see auction_clearing.h. */
#include "auction_clearing.h"

#include <time.h>

#include "auction_gather.h"
#include "auction_hold.h"
#include "base/log.h"

#define CURRENCIES_TRIED 8 /* of those that a request allows, for bids that do not convert */

/* Whether no bid is valid and one only for want of a rate. */
static bool lost_by_currency(const struct bid *bids, size_t count) {
    bool lost = false;
    for (size_t i = 0; i < count; i++) {
        if (bids[i].refusal == BID_VALID)
            return false;
        lost |= bids[i].refusal == BID_CURRENCY;
    }
    return lost;
}

/* An answer has one currency: the first of those that the request allows in which a bid is valid. */
static void check_bids(const struct auction *auction, struct bid_rules *rules, struct bid *bids,
                       size_t count) {
    const struct str_list *cur = &auction->request.cur;
    size_t tried = 0;
    do {
        rules->answer_currency =
            cur->count ? cur->items[tried] : auction->exchange->config->auction.default_currency;
        bid_check_all(rules, bids, count);
        tried++;
    } while (tried < cur->count && tried < CURRENCIES_TRIED && lost_by_currency(bids, count));
}

/* Prices of different currencies side by side; 0 when there is no rate. */
static double in_usd(const struct auction *auction, const struct bid_rules *rules, double amount) {
    double rate = currency_rate(auction->exchange->rates, rules->answer_currency, STR("USD"));
    return rate > 0 ? amount * rate : 0;
}

static void count_bids(struct auction *auction, const struct bid_rules *rules, const struct bid *bids,
                       size_t count) {
    struct stats_slot *stats = auction->exchange->stats;
    for (size_t i = 0; i < count; i++) {
        struct partner_stats *partner = &stats->partners[bids[i].partner_index];
        partner->bids++;
        partner->wins += bids[i].won;
        if (bids[i].won)
            partner_set_won(&auction->exchange->partners, bids[i].partner_index,
                            in_usd(auction, rules, bids[i].clearing_price));
        stats->imps_won += bids[i].won;
        if (bids[i].refusal == BID_VALID)
            continue;
        partner->refused[bids[i].refusal]++;
        log_debug("auction", "refused auction=%016llx partner=%s reason=%s", (unsigned long long)auction->id,
                  bids[i].partner->name.p, bid_refusal_name(bids[i].refusal));
    }
}

static void set_urls(const struct auction *auction, struct auction_clearing *clearing) {
    const struct exchange *exchange = auction->exchange;
    const struct config *config = exchange->config;
    clearing->has_urls = exchange->ledger && exchange->token_keys;
    if (!clearing->has_urls)
        return;
    bid_urls_init(&clearing->urls, exchange->token_keys, config->events.public_url,
                  config->http.request_line_bytes);
    clearing->urls.nurl_on_win = config->notices.nurl == NURL_WIN;
    clearing->urls.auction = auction->id;
    clearing->urls.expires = (int64_t)time(NULL) + config->ledger.hold_s;
}

int auction_clearing_run(struct auction *auction, struct auction_clearing *clearing) {
    const struct exchange *exchange = auction->exchange;
    const struct config *config = exchange->config;
    *clearing = (struct auction_clearing){
        .rules = {.request = &auction->request,
                  .rates = exchange->rates,
                  .markup_bytes = config->auction.markup_bytes},
        .all_bids = auction->request.returnallbids || config->auction.return_all_bids,
    };
    struct bid *bids = NULL;
    size_t count = 0;
    if (auction_gather_bids(auction, &bids, &count) != 0 ||
        (auction->request.test &&
         auction_gather_nonbids(auction, &clearing->nonbids, &clearing->nonbid_count) != 0))
        return -1;
    check_bids(auction, &clearing->rules, bids, count);
    clearing->valid = auction_hold_clear(auction, &clearing->rules, bids, count, clearing->all_bids);
    count_bids(auction, &clearing->rules, bids, count);
    set_urls(auction, clearing);
    auction->bids = bids;
    auction->bid_count = count;
    auction->currency = clearing->rules.answer_currency;
    return 0;
}
