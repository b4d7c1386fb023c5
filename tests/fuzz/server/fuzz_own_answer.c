/*
 * Bytes as a worker's answer, from the frame to the bid response.
 *
 * Whatever comes in: no crash, no bid for what was not asked, and a response that our own parser reads back,
 * each of its bids with an id, a price and a creative. Every other bid has a hold: its markup gets URLs of
 * ours, and so do its notices.
 */
#include <stdio.h>
#include <stdlib.h>

#include "bid/answer.h"
#include "bid/clearing.h"
#include "campaign/campaign_bid.h"

#define MUST(condition)                                                                                      \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            fprintf(stderr, "does not hold: %s\n", #condition);                                              \
            abort();                                                                                         \
        }                                                                                                    \
    } while (0)

static const char request_text[] = "{\"id\":\"r${AUCTION_ID}\",\"at\":1,\"site\":{\"page\":\"https://"
                                   "s\"},\"badv\":[\"bad.example\"],\"bcat\":["
                                   "\"IAB1\"],\"wlang\":[\"en\"],\"ext\":{\"bcrid\":[\"c9\"]},\"imp\":[{"
                                   "\"id\":\"1\",\"banner\":{\"w\":300,\"h\":250},"
                                   "\"video\":{\"mimes\":[\"v\"]},\"pmp\":{\"deals\":[{\"id\":\"d0\"},{"
                                   "\"id\":\"d1\",\"bidfloor\":1}]}},{\"id\":\"2\","
                                   "\"secure\":1,\"banner\":{\"w\":1,\"h\":1},\"native\":{\"request\":\"{"
                                   "\\\"assets\\\":[{\\\"id\\\":1,\\\"title\\\":{"
                                   "\\\"len\\\":9}}]}\"}}]}";

struct fuzz_case {
    struct arena_pool pool;
    struct arena arena;
    struct openrtb_request request;
    struct answer answer;
    struct campaign_bids made;
    struct bid bids[ANSWER_MOST_BIDS];
    uint64_t frame[ANSWER_MOST_BYTES / 8];
};

static const struct config_partner own = {.name = STR_INIT("house"),
                                          .seat = STR_INIT("house"),
                                          .enabled = true,
                                          .media_types = MEDIA_ALL,
                                          .bid_adjustment = 1};

static void check_response(struct fuzz_case *c, const struct buf *out, size_t listed) {
    struct openrtb_response_limits limits;
    struct openrtb_response response;
    struct openrtb_error error;
    openrtb_response_limits_default(&limits);
    limits.bids = ANSWER_MOST_BIDS;
    limits.array_items = ANSWER_MOST_BYTES;
    MUST(!out->failed);
    if (openrtb_response_parse(buf_view(out), &limits, &c->arena, &response, &error) != 0) {
        fprintf(stderr, "%s: %s\n%.*s\n", error.path, error.reason, STR_ARG(buf_view(out)));
        abort();
    }
    MUST(response.bid_count == listed);
    for (size_t i = 0; i < response.bid_count; i++) {
        const struct openrtb_bid *bid = &response.bids[i];
        MUST(!bid->invalid && bid->id.n && bid->price > 0 && bid->crid.n && bid->adid.n && bid->adm.n);
        MUST(!str_eq(bid->crid, STR("c9")));
    }
}

static struct bid_urls signing(void) {
    static struct token_keys *keys;
    struct bid_urls urls;
    if (!keys)
        keys = token_keys_random();
    MUST(keys);
    bid_urls_init(&urls, keys, STR("http://ads.example"), 8192);
    urls.expires = 1764000000;
    return urls;
}

static void clear(struct fuzz_case *c) {
    struct bid_rules rules = {.request = &c->request, .answer_currency = STR("USD"), .markup_bytes = 65536};
    for (size_t i = 0; i < c->made.count; i++)
        c->bids[i] = (struct bid){.in = &c->made.items[i].bid,
                                  .partner = &own,
                                  .partner_index = CONFIG_MAX_PARTNERS,
                                  .seat = own.seat,
                                  .cur = c->made.items[i].cur};
    bid_check_all(&rules, c->bids, c->made.count);
    size_t valid = clearing_run(&rules, c->bids, c->made.count, 0.01);
    for (size_t i = 0; i < c->made.count; i += 2)
        c->bids[i].hold = i + 1;
    struct bid_urls urls = signing();
    struct buf out;
    buf_init(&out, 64u << 20);
    struct answer_input input = {.rules = &rules,
                                 .bids = c->bids,
                                 .bid_count = c->made.count,
                                 .bid_id = STR("00ff"),
                                 .urls = &urls,
                                 .all_bids = true};
    answer_write(&input, &out);
    check_response(c, &out, valid);
    buf_cleanup(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct fuzz_case c;
    struct openrtb_parse_limits limits;
    struct openrtb_error error;
    if (size > sizeof c.frame)
        return 0;
    memcpy(c.frame, data, size);
    if (answer_frame_read(c.frame, size, &c.answer) != 0)
        return 0;
    arena_pool_init(&c.pool, 64);
    arena_init(&c.arena, &c.pool, 64u << 20);
    openrtb_parse_limits_default(&limits);
    MUST(openrtb_request_parse((struct str){request_text, sizeof request_text - 1}, &limits, &c.arena,
                               &c.request, &error) == 0);
    const struct openrtb_imp *imps[] = {&c.request.imps[0], &c.request.imps[0], &c.request.imps[1]};
    struct campaign_bid_input input = {
        .request = &c.request, .answer = &c.answer, .imps = imps, .imp_count = 3, .auction_id = STR("00ff")};
    if (campaign_bid_make(&input, &c.arena, &c.made) == 0)
        clear(&c);
    arena_reset(&c.arena);
    arena_pool_cleanup(&c.pool);
    return 0;
}
