/* The bid response's URLs of ours: what a client gets to call, and what stays the bidder's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "clearing_fixture.h"

#define NOW 1764000000
#define REQUEST                                                                                              \
    "{\"id\":\"r1\",\"at\":2,\"site\":{\"page\":\"https://"                                                  \
    "s\"},\"imp\":[{\"id\":\"1\",\"banner\":{\"w\":300,\"h\":250}}]}"
#define ANSWER(cur, bids)    "{\"id\":\"x\",\"cur\":\"" cur "\",\"seatbid\":[{\"bid\":[" bids "]}]}"
#define BID(id, price, more) "{\"id\":\"" id "\",\"impid\":\"1\",\"price\":" price ",\"crid\":\"c\"" more "}"

struct urls_fixture {
    struct clearing_fixture f;
    struct bid_urls urls;
    struct openrtb_response response;
};

static int setup(void **state) {
    struct urls_fixture *u = calloc(1, sizeof *u);
    clearing_fixture_init(&u->f, REQUEST);
    bid_urls_init(&u->urls, token_keys_random(), STR("https://ads.example"), 8192);
    u->urls.auction = 12;
    u->urls.expires = NOW + 60;
    *state = u;
    return u->urls.keys ? 0 : -1;
}

static int cleanup(void **state) {
    struct urls_fixture *u = *state;
    token_keys_destroy(u->urls.keys);
    clearing_fixture_cleanup(&u->f);
    free(u);
    return 0;
}

/* Clears, gives the winner a hold, and reads the answer as a client does. Its only bid. */
static const struct openrtb_bid *answered(struct urls_fixture *u, uint64_t hold) {
    struct clearing_fixture *f = &u->f;
    assert_true(clearing_fixture_run(f) >= 1);
    for (size_t i = 0; i < f->count; i++)
        if (f->bids[i].won) {
            f->bids[i].hold = hold;
            f->bids[i].campaign = UINT32_MAX;
            f->bids[i].nanos = 42;
        }
    struct answer_input input = {
        .rules = &f->rules, .bids = f->bids, .bid_count = f->count, .bid_id = STR("t1"), .urls = &u->urls};
    buf_clear(&f->out, SIZE_MAX);
    answer_write(&input, &f->out);
    assert_false(f->out.failed);
    struct openrtb_response_limits limits;
    struct openrtb_error error;
    openrtb_response_limits_default(&limits);
    if (openrtb_response_parse(buf_view(&f->out), &limits, &f->arena, &u->response, &error) != 0)
        fail_msg("%s: %s", error.path, error.reason);
    assert_int_equal(u->response.bid_count, 1);
    return &u->response.bids[0];
}

/* The text behind the URL's mark, percent signs undone; the test fails when it has not exactly that mark. */
static struct str inside(struct urls_fixture *u, struct str url, size_t at, const char *mark) {
    if (at == url.n)
        return STR("");
    assert_true(url.n > at + 3 && memcmp(url.p + at, mark, 3) == 0);
    char *out = arena_alloc(&u->f.arena, url.n);
    assert_non_null(out);
    size_t n = 0;
    for (size_t i = at + 3; i < url.n; i++) {
        unsigned byte = (unsigned char)url.p[i];
        if (byte == '%') {
            assert_int_equal(sscanf(url.p + i + 1, "%2x", &byte), 1);
            i += 2;
        }
        out[n++] = (char)byte;
    }
    return (struct str){out, n};
}

/* The URL must be ours, of that kind, with that notice inside. */
static void expect_ours(struct urls_fixture *u, struct str url, enum token_kind kind, const char *notice) {
    static const char *const bases[] = {
        [TOKEN_VIEW] = "https://ads.example/e/imp?t=", [TOKEN_WIN] = "https://ads.example/e/win?t="};
    struct str base = str_from(bases[kind]);
    if (!str_starts(url, base) || url.n < base.n + TOKEN_CHARS)
        fail_msg("%.*s is not ours", STR_ARG(url));
    struct str extra = inside(u, url, base.n + TOKEN_CHARS, "&n=");
    if (!str_eq(extra, str_from(notice)))
        fail_msg("%.*s instead of %s", STR_ARG(extra), notice);
    struct token token;
    assert_int_equal(
        token_verify(u->urls.keys, kind, (struct str){url.p + base.n, TOKEN_CHARS}, extra, NOW, &token),
        TOKEN_GOOD);
    assert_true(token.hold == 7 && token.nanos == 42 && token.auction == 12);
    assert_true(token.campaign == UINT32_MAX && token.imp == 0 && token.partner == 0);
}

#define NOTICES                                                                                              \
    ",\"adm\":\"<b>\",\"nurl\":\"https:\\/\\/n?p=${AUCTION_PRICE}\","                                        \
    "\"burl\":\"https://b?p=${AUCTION_PRICE}&i=${AUCTION_ID}&c=${AUCTION_CURRENCY}\",\"lurl\":\"https://l\""

static void a_billing_url_stands_inside_ours(void **state) {
    struct urls_fixture *u = *state;
    clearing_fixture_answer(&u->f, 0, ANSWER("EUR", BID("a", "7", NOTICES)));
    clearing_fixture_answer(&u->f, 1, ANSWER("USD", BID("b", "3.99", ",\"adm\":\"x\"")));
    const struct openrtb_bid *bid = answered(u, 7);
    assert_true(bid->price == 4);
    /* In the partner's own money: 4 USD are 2 EUR. */
    expect_ours(u, bid->burl, TOKEN_VIEW, "https://b?p=2&i=r1&c=EUR");
    expect_ours(u, bid->nurl, TOKEN_WIN, ""); /* called by the exchange when the auction has ended */
    assert_true(str_eq(bid->lurl, STR("https://l")));
    assert_true(str_eq(bid->adm, STR("<b>")));
}

static void a_win_url_can_wait_for_the_client(void **state) {
    struct urls_fixture *u = *state;
    u->urls.nurl_on_win = true;
    clearing_fixture_answer(&u->f, 0, ANSWER("USD", BID("a", "2", NOTICES)));
    const struct openrtb_bid *bid = answered(u, 7);
    expect_ours(u, bid->nurl, TOKEN_WIN, "https://n?p=0.01");
}

static void a_bid_without_notices_gets_ours(void **state) {
    struct urls_fixture *u = *state;
    clearing_fixture_answer(&u->f, 0, ANSWER("USD", BID("a", "2", ",\"adm\":\"<b>${VIEW}\"")));
    const struct openrtb_bid *bid = answered(u, 7);
    expect_ours(u, bid->nurl, TOKEN_WIN, "");
    expect_ours(u, bid->burl, TOKEN_VIEW, "");
    assert_true(str_eq(bid->adm, STR("<b>${VIEW}"))); /* a partner's markup is its own */
}

static void a_nurl_that_serves_the_markup_stays(void **state) {
    struct urls_fixture *u = *state;
    clearing_fixture_answer(&u->f, 0,
                            ANSWER("USD", BID("a", "2", ",\"nurl\":\"https://n?p=${AUCTION_PRICE}\"")));
    const struct openrtb_bid *bid = answered(u, 7);
    assert_true(str_eq(bid->nurl, STR("https://n?p=0.01")));
    expect_ours(u, bid->burl, TOKEN_VIEW, "");
}

static void a_bid_without_a_hold_stays_as_it_is(void **state) {
    struct urls_fixture *u = *state;
    clearing_fixture_answer(&u->f, 0, ANSWER("USD", BID("a", "2", NOTICES)));
    const struct openrtb_bid *bid = answered(u, 0);
    assert_true(str_eq(bid->nurl, STR("https://n?p=0.01")));
    assert_true(str_eq(bid->burl, STR("https://b?p=0.01&i=r1&c=USD")));
    assert_null(memmem(u->f.out.p, u->f.out.n, "ads.example", 11));
}

static void what_is_too_long_to_sign_stays(void **state) {
    struct urls_fixture *u = *state;
    u->urls.nurl_on_win = true;
    char page[5000];
    memset(page, 'x', sizeof page);
    clearing_fixture_answer(
        &u->f, 0,
        clearing_fixture_text(
            &u->f,
            ANSWER("USD",
                   BID("a", "2", ",\"adm\":\"<b>\",\"nurl\":\"https://n/\",\"burl\":\"https://b/%.*s\"")),
            (int)sizeof page, page));
    const struct openrtb_bid *bid = answered(u, 7);
    assert_true(str_starts(bid->burl, STR("https://b/xxx")) && bid->burl.n == sizeof page + 10);
    expect_ours(u, bid->nurl, TOKEN_WIN, "https://n/");
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, cleanup)
    const struct CMUnitTest tests[] = {
        TEST(a_billing_url_stands_inside_ours),    TEST(a_win_url_can_wait_for_the_client),
        TEST(a_bid_without_notices_gets_ours),     TEST(a_nurl_that_serves_the_markup_stays),
        TEST(a_bid_without_a_hold_stays_as_it_is), TEST(what_is_too_long_to_sign_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
