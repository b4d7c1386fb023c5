/* A worker's answer as bids: what they say, what is left out, and that nothing of the answer is needed after.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "campaign/campaign_bid.h"

struct fixture {
    struct arena_pool pool;
    struct arena arena;
    struct openrtb_request request;
    const struct openrtb_imp *imps[3];
    struct answer answer;
    struct campaign_bids bids;
};

static const char request[] =
    "{\"id\":\"r\",\"site\":{\"id\":\"s\"},\"wlang\":[\"de\"],\"wlangb\":[\"en-GB\"],\"ext\":{\"bcrid\":["
    "\"bad\"]},"
    "\"imp\":[{\"id\":\"a\",\"audio\":{\"mimes\":[\"x\"]}},{\"id\":\"b\",\"banner\":{\"w\":300,\"h\":250},"
    "\"pmp\":{"
    "\"deals\":[{\"id\":\"d0\"},{\"id\":\"d1\"}]}},{\"id\":\"c\",\"banner\":{\"w\":1,\"h\":1}}]}";

static int set_up(void **state) {
    struct fixture *f = calloc(1, sizeof *f);
    struct openrtb_parse_limits limits;
    struct openrtb_error error;
    assert_non_null(f);
    arena_pool_init(&f->pool, 4);
    arena_init(&f->arena, &f->pool, 1u << 20);
    openrtb_parse_limits_default(&limits);
    assert_int_equal(openrtb_request_parse(str_from(request), &limits, &f->arena, &f->request, &error), 0);
    f->imps[0] = &f->request.imps[1];
    f->imps[1] = &f->request.imps[2];
    f->imps[2] = &f->request.imps[2];
    *state = f;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *f = *state;
    arena_reset(&f->arena);
    arena_pool_cleanup(&f->pool);
    free(f);
    return 0;
}

static struct answer_bid *add(struct fixture *f) {
    struct answer_bid *bid = &f->answer.bids[f->answer.bid_count++];
    *bid = (struct answer_bid){.deal = TABLE_NONE,
                               .score = 0.002,
                               .pctr = 1,
                               .price = 2,
                               .cur = "EUR",
                               .media = TABLE_BANNER,
                               .w = 300,
                               .h = 250,
                               .id = STR("ad"),
                               .campaign = STR("camp"),
                               .crid = STR("cr"),
                               .adomain = STR("own.example"),
                               .markup = STR("<b>\"</b>")};
    return bid;
}

static int make_in(struct fixture *f, struct arena *arena) {
    struct campaign_bid_input input = {.request = &f->request,
                                       .answer = &f->answer,
                                       .imps = f->imps,
                                       .imp_count = 3,
                                       .auction_id = STR("00ff00ff00ff00ff")};
    return campaign_bid_make(&input, arena, &f->bids);
}

static void make(struct fixture *f) {
    assert_int_equal(make_in(f, &f->arena), 0);
}

#define ASSERT_STR(view, literal) assert_true(str_eq((view), STR(literal)))

static void an_ad_becomes_a_bid(void **state) {
    struct fixture *f = *state;
    struct answer_bid *from = add(f);
    from->deal = 1;
    from->attr = 1u << 1 | 1u << 31;
    from->cattax = 6;
    from->cats = STR("12\n\n3-4\n");
    from->language = STR("de-CH");
    make(f);
    memset(&f->answer, 0xee, sizeof f->answer); /* nothing of it is looked at again */
    assert_int_equal(f->bids.count, 1);
    const struct openrtb_bid *bid = &f->bids.items[0].bid;
    ASSERT_STR(bid->id, "00ff00ff00ff00ff-1-0");
    ASSERT_STR(bid->impid, "b");
    ASSERT_STR(bid->adid, "ad");
    ASSERT_STR(bid->cid, "camp");
    ASSERT_STR(bid->crid, "cr");
    ASSERT_STR(bid->dealid, "d1");
    ASSERT_STR(bid->adm, "<b>\"</b>");
    ASSERT_STR(bid->language, "de-CH");
    ASSERT_STR(f->bids.items[0].cur, "EUR");
    assert_true(bid->price == 2);
    assert_int_equal(bid->w, 300);
    assert_int_equal(bid->h, 250);
    assert_int_equal(bid->mtype, OPENRTB_MTYPE_BANNER);
    assert_int_equal(bid->cattax, 6);
    assert_int_equal(bid->cat.count, 2);
    ASSERT_STR(bid->cat.items[1], "3-4");
    assert_int_equal(bid->adomain.count, 1);
    ASSERT_STR(bid->adomain.items[0], "own.example");
    assert_int_equal(bid->attr.count, 2);
    assert_int_equal(bid->attr.items[1], 31);
    assert_int_equal(bid->members.count, 0);
    assert_null(bid->invalid);
}

static void what_an_ad_lacks_is_absent(void **state) {
    struct fixture *f = *state;
    struct answer_bid *from = add(f);
    *from = (struct answer_bid){.imp = 1,
                                .deal = TABLE_NONE,
                                .score = 1,
                                .pctr = 1,
                                .price = 1,
                                .cur = "USD",
                                .media = TABLE_NATIVE,
                                .id = STR("ad")};
    make(f);
    const struct openrtb_bid *bid = &f->bids.items[0].bid;
    ASSERT_STR(bid->id, "00ff00ff00ff00ff-2-0");
    ASSERT_STR(bid->crid, "ad"); /* what blocks and reports go by must be something */
    assert_null(bid->dealid.p);
    assert_null(bid->cid.p);
    assert_null(bid->adm.p);
    assert_int_equal(bid->w, OPENRTB_ABSENT);
    assert_int_equal(bid->h, OPENRTB_ABSENT);
    assert_int_equal(bid->adomain.count + bid->cat.count + bid->attr.count, 0);
    assert_int_equal(bid->mtype, OPENRTB_MTYPE_NATIVE);
}

static void ids_are_unique_in_an_answer(void **state) {
    struct fixture *f = *state;
    add(f);
    add(f);
    add(f)->imp = 1;
    add(f)->imp = 2; /* another question about the same imp */
    make(f);
    static const char *const ids[] = {"00ff00ff00ff00ff-1-0", "00ff00ff00ff00ff-1-1", "00ff00ff00ff00ff-2-2",
                                      "00ff00ff00ff00ff-2-3"};
    assert_int_equal(f->bids.count, 4);
    for (size_t i = 0; i < 4; i++)
        assert_true(str_eq(f->bids.items[i].bid.id, str_from(ids[i])));
}

static void what_can_not_bid_is_left_out(void **state) {
    struct fixture *f = *state;
    add(f)->imp = 3;              /* was not asked about */
    add(f)->deal = 2;             /* is not there */
    add(f)->markup = STR("\xff"); /* no UTF-8 */
    add(f)->campaign = STR("a\0b");
    add(f)->cats = STR("\xed\xa0\x80");
    add(f)->crid = STR("bad");    /* bcrid */
    add(f)->language = STR("fr"); /* wlang, wlangb */
    add(f)->language = STR("d");
    struct answer_bid *nameless = add(f);
    nameless->crid = (struct str){NULL, 0};
    nameless->id = STR("bad");
    add(f)->language = STR("EN");
    add(f)->language = STR("DE-at");
    make(f);
    assert_int_equal(f->bids.count, 2);
    ASSERT_STR(f->bids.items[0].bid.id, "00ff00ff00ff00ff-1-9");
    ASSERT_STR(f->bids.items[1].bid.id, "00ff00ff00ff00ff-1-10");
}

static void prices_are_to_a_millionth_and_not_below_what_was_bid(void **state) {
    struct fixture *f = *state;
    static const double prices[][2] = {
        {0.5848340893762658, 0.584835}, {1.15, 1.15}, {0.1 + 0.2, 0.3}, {0.3333331, 0.333334},
        {12345.6789, 12345.6789},       {2e-9, 2e-9}};
    for (size_t i = 0; i < COUNT_OF(prices); i++)
        add(f)->price = prices[i][0];
    make(f);
    for (size_t i = 0; i < COUNT_OF(prices); i++)
        assert_true(f->bids.items[i].bid.price == prices[i][1]);
}

static void no_bids_take_no_memory(void **state) {
    struct fixture *f = *state;
    size_t before = f->arena.held_bytes;
    make(f);
    assert_int_equal(f->bids.count, 0);
    assert_int_equal(f->arena.held_bytes, before);
}

static void a_full_arena_is_told(void **state) {
    struct fixture *f = *state;
    size_t cap = 0;
    add(f)->cats = STR("1\n2");
    add(f)->attr = 2;
    int got = -1;
    for (; got != 0 && cap < 100000; cap += 16) {
        struct arena arena;
        arena_init(&arena, &f->pool, cap);
        got = make_in(f, &arena);
        arena_reset(&arena);
    }
    assert_int_equal(got, 0);
    assert_true(cap > 1000);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(an_ad_becomes_a_bid),
        TEST(what_an_ad_lacks_is_absent),
        TEST(ids_are_unique_in_an_answer),
        TEST(what_can_not_bid_is_left_out),
        TEST(no_bids_take_no_memory),
        TEST(a_full_arena_is_told),
        TEST(prices_are_to_a_millionth_and_not_below_what_was_bid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
