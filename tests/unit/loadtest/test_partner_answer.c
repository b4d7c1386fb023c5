/* The stub partner's answers: proper responses to what was asked, the same for the same seed, wrong as told.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "openrtb/openrtb_response.h"
#include "partner/partner_answer.h"

static const char request_text[] =
    "{\"id\":\"r-1\",\"imp\":["
    "{\"id\":\"b\",\"bidfloor\":2.5,\"banner\":{\"format\":[{\"w\":300,\"h\":250},{\"w\":728,\"h\":90}]}},"
    "{\"id\":\"v\",\"bidfloor\":1,\"video\":{\"mimes\":[\"video/mp4\"],\"w\":640,\"h\":360}},"
    "{\"id\":\"n\",\"native\":{\"request\":\"{\\\"ver\\\":\\\"1.2\\\",\\\"assets\\\":["
    "{\\\"id\\\":7,\\\"required\\\":1,\\\"title\\\":{\\\"len\\\":9}},"
    "{\\\"id\\\":9,\\\"img\\\":{\\\"type\\\":3,\\\"w\\\":300,\\\"h\\\":250}}]}\"}},"
    "{\"id\":\"d\",\"banner\":{\"w\":300,\"h\":250},\"pmp\":{\"private_auction\":1,\"deals\":["
    "{\"id\":\"deal-x\",\"bidfloor\":4,\"wseat\":[\"alpha\"]}]}}"
    "],\"site\":{\"id\":\"s\",\"page\":\"https://a.example/\"},\"cur\":[\"USD\"]}";

struct fixture {
    struct arena_pool pool;
    struct arena arena;
    struct buf out, scratch;
    struct openrtb_request request;
    struct openrtb_response response;
    struct face face;
};

static int setup(void **state) {
    static struct fixture f;
    struct openrtb_parse_limits limits;
    struct openrtb_error error;
    openrtb_parse_limits_default(&limits);
    arena_pool_init(&f.pool, 16);
    arena_init(&f.arena, &f.pool, 1 << 20);
    buf_init(&f.out, 1 << 20);
    buf_init(&f.scratch, 1 << 20);
    assert_int_equal(openrtb_request_parse(str_from(request_text), &limits, &f.arena, &f.request, &error), 0);
    face_default(&f.face);
    f.face.under_floor = 0;
    *state = &f;
    return 0;
}

static int teardown(void **state) {
    struct fixture *f = *state;
    buf_cleanup(&f->out);
    buf_cleanup(&f->scratch);
    arena_reset(&f->arena);
    arena_pool_cleanup(&f->pool);
    return 0;
}

/* Writes and reads the answer; returns the number of bids. */
static unsigned answer(struct fixture *f, enum face_mode mode, uint64_t seed) {
    struct answer_input input = {.face = &f->face,
                                 .name = STR("alpha"),
                                 .mode = mode,
                                 .seed = seed,
                                 .scratch = &f->scratch,
                                 .request = &f->request};
    struct openrtb_response_limits limits;
    struct openrtb_error error;
    buf_clear(&f->out, SIZE_MAX);
    unsigned bids = answer_write(&input, &f->out);
    assert_false(f->out.failed);
    if (bids == 0)
        return 0;
    openrtb_response_limits_default(&limits);
    assert_int_equal(openrtb_response_parse(buf_view(&f->out), &limits, &f->arena, &f->response, &error), 0);
    assert_int_equal(f->response.bid_count, bids);
    return bids;
}

static bool holds(struct str text, const char *part) {
    return memmem(text.p, text.n, part, strlen(part)) != NULL;
}

static void every_imp_gets_a_fitting_bid(void **state) {
    struct fixture *f = *state;
    for (uint64_t seed = 1; seed < 200; seed++) {
        assert_int_equal(answer(f, FACE_BID, seed), 4);
        const struct openrtb_bid *bids = f->response.bids;
        assert_true(str_eq(f->response.id, STR("r-1")));
        for (int i = 0; i < 4; i++) {
            assert_null(bids[i].invalid);
            assert_true(str_eq(bids[i].impid, f->request.imps[i].id));
            assert_true(str_eq(bids[i].seat, STR("alpha")));
            assert_true(bids[i].price >= f->request.imps[i].bidfloor && bids[i].price > 0);
            assert_true(bids[i].crid.n > 0 && bids[i].adomain.count == 1);
            assert_true(holds(bids[i].adm, "${AUCTION_PRICE}"));
            assert_false(holds(bids[i].adm, "http:"));
        }
        assert_true((bids[0].w == 300 && bids[0].h == 250) || (bids[0].w == 728 && bids[0].h == 90));
        assert_in_range(bids[0].adm.n, 350, 360);
        assert_int_equal(bids[0].mtype, OPENRTB_MTYPE_BANNER);
        assert_int_equal(bids[1].mtype, OPENRTB_MTYPE_VIDEO);
        assert_true(str_starts(bids[1].adm, STR("<VAST ")));
        assert_int_equal(bids[2].mtype, OPENRTB_MTYPE_NATIVE);
        assert_true(holds(bids[2].adm, "{\"id\":7,\"title\":") && holds(bids[2].adm, "{\"id\":9,\"img\":"));
        assert_true(str_eq(bids[3].dealid, STR("deal-x")) && bids[3].price >= 4);
        teardown(state);
        setup(state);
    }
}

static void a_seed_repeats_to_the_byte(void **state) {
    struct fixture *f = *state;
    char first[16384];
    answer(f, FACE_BID, 5);
    size_t n = f->out.n;
    assert_true(n < sizeof first);
    memcpy(first, f->out.p, n);
    answer(f, FACE_BID, 6);
    assert_false(f->out.n == n && memcmp(first, f->out.p, n) == 0);
    answer(f, FACE_BID, 5);
    assert_int_equal(f->out.n, n);
    assert_memory_equal(first, f->out.p, n);
}

/* What an imp gets does not hang on the imps beside it. */
static void the_order_of_imps_changes_no_price(void **state) {
    struct fixture *f = *state;
    answer(f, FACE_BID, 5);
    double prices[4];
    for (int i = 0; i < 4; i++)
        prices[i] = f->response.bids[i].price;
    struct openrtb_imp swapped = f->request.imps[0];
    f->request.imps[0] = f->request.imps[3];
    f->request.imps[3] = swapped;
    answer(f, FACE_BID, 5);
    assert_true(f->response.bids[0].price == prices[3] && f->response.bids[3].price == prices[0]);
}

static void shares_are_kept(void **state) {
    struct fixture *f = *state;
    unsigned bids = 0;
    f->face.bid = 0.3;
    for (uint64_t seed = 0; seed < 2000; seed++) {
        bids += answer(f, FACE_BID, seed);
        teardown(state);
        setup(state);
        f->face.bid = 0.3;
    }
    assert_in_range(bids, 8000 * 0.27, 8000 * 0.33);
    f->face.bid = 0;
    assert_int_equal(answer(f, FACE_BID, 1), 0);
    assert_int_equal(f->out.n, 0);
}

static void wrong_answers_are_wrong_in_their_way(void **state) {
    struct fixture *f = *state;
    answer(f, FACE_WRONG_IMP, 1);
    assert_true(str_eq(f->response.bids[0].impid, STR("no-such-imp")));
    answer(f, FACE_WRONG_ID, 1);
    assert_false(str_eq(f->response.id, STR("r-1")));
    assert_int_equal(answer(f, FACE_DUPLICATE, 1), 8);
    assert_true(str_eq(f->response.bids[0].id, f->response.bids[1].id));
    answer(f, FACE_WRONG_CUR, 1);
    assert_true(str_eq(f->response.cur, STR("ZZZ")));
    answer(f, FACE_WRONG_SIZE, 1);
    assert_int_equal(f->response.bids[0].w, 7);
    answer(f, FACE_HIGH_PRICE, 1);
    assert_true(f->response.bids[0].price == 1e9);
    answer(f, FACE_NEGATIVE, 1);
    assert_true(f->response.bids[0].price < 0);
    answer(f, FACE_INSECURE, 1);
    assert_true(holds(f->response.bids[0].adm, "http://"));
}

static void the_currency_is_one_that_was_asked_for(void **state) {
    struct fixture *f = *state;
    static struct str euro[] = {STR_INIT("EUR"), STR_INIT("CHF")};
    f->request.cur = (struct str_list){euro, 2};
    answer(f, FACE_BID, 1);
    assert_true(str_eq(f->response.cur, STR("EUR")));
    f->face.currency = (struct face_text){"GBP", 3};
    answer(f, FACE_BID, 1);
    assert_true(str_eq(f->response.cur, STR("GBP")));
}

#define ANSWER_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        ANSWER_TEST(every_imp_gets_a_fitting_bid),
        ANSWER_TEST(a_seed_repeats_to_the_byte),
        ANSWER_TEST(the_order_of_imps_changes_no_price),
        ANSWER_TEST(shares_are_kept),
        ANSWER_TEST(wrong_answers_are_wrong_in_their_way),
        ANSWER_TEST(the_currency_is_one_that_was_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
