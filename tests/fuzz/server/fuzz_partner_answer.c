/*
 * Bytes as two partners' answers, from the parser to the bid response.
 *
 * The input's first byte chooses the request and how it is answered, the rest is the answer of a partner
 * that adjusts its prices; a second partner sends it again unadjusted. Whatever comes in: no crash, every
 * valid bid at or above its floor, each imp won once and by its best bid, no clearing price above the
 * bid or below the floor, and a response that is read back as we meant it.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "bid/answer.h"
#include "bid/clearing.h"

#define MUST(condition)                                                                                      \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            fprintf(stderr, "does not hold: %s\n", #condition);                                              \
            abort();                                                                                         \
        }                                                                                                    \
    } while (0)

#define MAX_BIDS 512

static const char *const requests[] = {
    "{\"id\":\"r\",\"at\":1,\"site\":{\"page\":\"https://"
    "s\"},\"imp\":[{\"id\":\"1\",\"banner\":{\"w\":300,\"h\":250}}]}",
    "{\"id\":\"r\",\"site\":{\"page\":\"https://s\"},\"test\":1,\"badv\":[\"ford.com\"],\"bcat\":[\"IAB1\"],"
    "\"bapp\":[\"com.foo\"],\"bseat\":[\"x\"],\"imp\":[{\"id\":\"1\",\"secure\":1,\"bidfloor\":0.5,"
    "\"banner\":{\"format\":["
    "{\"w\":300,\"h\":250},{\"wratio\":16,\"hratio\":9,\"wmin\":320}],\"battr\":[1]},\"video\":{\"mimes\":["
    "\"video/"
    "mp4\"]},"
    "\"native\":{\"request\":\"{\\\"assets\\\":[{\\\"id\\\":1,\\\"title\\\":{\\\"len\\\":9}}]}\"}},"
    "{\"id\":\"2\",\"secure\":1,\"qty\":{\"multiplier\":2.5},\"audio\":{\"mimes\":[\"audio/mp4\"]}}]}",
    "{\"id\":\"&\\\"'<${AUCTION_ID}\",\"site\":{\"page\":\"https://"
    "s\"},\"imp\":[{\"id\":\"1\",\"banner\":{\"w\":1,\"h\":1},\"bidfloor\":0.7,"
    "\"pmp\":{\"deals\":[{\"id\":\"d\",\"bidfloor\":1},{\"id\":\"e\",\"at\":3,\"bidfloor\":2},{\"id\":\"f\","
    "\"at\":1,"
    "\"wseat\":[\"s\"],\"wadomain\":[\"a.com\"]}]}}]}",
};

struct fuzz_case {
    struct arena_pool pool;
    struct arena arena;
    struct openrtb_request request;
    struct config_partner partners[2];
    struct bid bids[MAX_BIDS];
    size_t count;
};

static void gather(struct fuzz_case *c, uint32_t partner, struct str text) {
    struct openrtb_response_limits limits;
    struct openrtb_response response;
    struct openrtb_error error;
    openrtb_response_limits_default(&limits);
    limits.bids = MAX_BIDS / 2;
    if (openrtb_response_parse(text, &limits, &c->arena, &response, &error) != 0)
        return;
    for (size_t i = 0; i < response.bid_count; i++) {
        const struct openrtb_bid *in = &response.bids[i];
        c->bids[c->count++] = (struct bid){.in = in,
                                           .partner = &c->partners[partner],
                                           .partner_index = partner,
                                           .seat = str_present(in->seat) ? in->seat : STR("seat"),
                                           .cur = str_present(response.cur) ? response.cur : STR("USD")};
    }
}

static void check_bids(const struct fuzz_case *c, size_t valid) {
    for (size_t i = 0; i < c->count; i++) {
        const struct bid *bid = &c->bids[i];
        MUST((bid->refusal == BID_VALID) == (i < valid));
        if (i >= valid) {
            MUST(!bid->won);
            continue;
        }
        const struct bid *winner = bid - bid->rank;
        MUST(isfinite(bid->price) && bid->price > 0 && bid->floor <= bid->price);
        MUST(bid->imp && winner->imp == bid->imp && winner->won && bid->won == (bid->rank == 0));
        MUST(i == 0 || bid->rank == 0 || bid->rank == bid[-1].rank + 1);
        MUST(winner->deal || !bid->deal);
        if (bid->won)
            MUST(bid->clearing_price <= bid->price && bid->clearing_price >= bid->floor &&
                 bid->clearing_price > 0);
        double least = clearing_min_to_win(c->bids, c->count, i);
        MUST(isnan(least) || least >= 0);
    }
}

static void check_answer(struct fuzz_case *c, const struct buf *out, size_t listed) {
    struct openrtb_response_limits limits;
    struct openrtb_response response;
    struct openrtb_error error;
    openrtb_response_limits_default(&limits);
    limits.depth += 8; /* a bid lies no deeper here than it came, but its ext may be rewritten */
    limits.bids = MAX_BIDS;
    limits.array_items = MAX_BIDS * 2;
    limits.object_members += 8;
    MUST(!out->failed);
    if (openrtb_response_parse(buf_view(out), &limits, &c->arena, &response, &error) != 0) {
        fprintf(stderr, "%s: %s\n%.*s\n", error.path, error.reason, STR_ARG(buf_view(out)));
        abort();
    }
    MUST(response.bid_count == listed && str_eq(response.id, c->request.id));
    for (size_t i = 0; i < response.bid_count; i++) {
        const struct openrtb_bid *bid = &response.bids[i];
        MUST(!bid->invalid && bid->id.n && bid->price > 0 && bid->mtype >= 1 && bid->mtype <= 4);
    }
}

static void answer(struct fuzz_case *c, const struct bid_rules *rules, size_t valid, bool all_bids) {
    struct buf out;
    buf_init(&out, 32u << 20);
    struct answer_nonbid nonbid = {STR("seat"), &c->request.imps[0], 101};
    struct answer_input input = {.rules = rules,
                                 .bids = c->bids,
                                 .bid_count = c->count,
                                 .bid_id = STR("t1"),
                                 .all_bids = all_bids,
                                 .seat_non_bid = c->request.test,
                                 .nonbids = &nonbid,
                                 .nonbid_count = 1};
    size_t won = 0;
    for (size_t i = 0; i < valid; i++)
        won += c->bids[i].won;
    answer_write(&input, &out);
    check_answer(c, &out, all_bids ? valid : won);
    buf_clear(&out, SIZE_MAX);
    answer_write_no_bid(&input, 0, &out);
    check_answer(c, &out, 0);
    buf_cleanup(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0)
        return 0;
    static struct fuzz_case c;
    struct openrtb_parse_limits limits;
    struct openrtb_error error;
    c.count = 0;
    c.partners[0] =
        (struct config_partner){.name = STR("p0"), .media_types = MEDIA_ALL, .bid_adjustment = 0.85};
    c.partners[1] = (struct config_partner){.name = STR("p1"), .media_types = MEDIA_ALL, .bid_adjustment = 1};
    arena_pool_init(&c.pool, 64);
    arena_init(&c.arena, &c.pool, 64u << 20);
    openrtb_parse_limits_default(&limits);
    struct str request = str_from(requests[data[0] % COUNT_OF(requests)]);
    if (openrtb_request_parse(request, &limits, &c.arena, &c.request, &error) != 0) {
        fprintf(stderr, "request: %s: %s\n", error.path, error.reason);
        abort();
    }
    struct bid_rules rules = {.request = &c.request, .answer_currency = STR("USD"), .markup_bytes = 65536};
    struct str text = {(const char *)data + 1, size - 1};
    gather(&c, 0, text);
    gather(&c, 1, text);
    bid_check_all(&rules, c.bids, c.count);
    size_t valid = clearing_run(&rules, c.bids, c.count, 0.01);
    check_bids(&c, valid);
    answer(&c, &rules, valid, data[0] & 64);
    arena_reset(&c.arena);
    arena_pool_cleanup(&c.pool);
    return 0;
}
