/* The substitution macros: each of them, what is no macro, and values that are meant to harm. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "bid/bid_macros.h"

/* A winning bid of 2 EUR, adjusted by 0.9 and converted at 2 USD, that clears at 3 USD. */
struct macro_fixture {
    struct openrtb_request request;
    struct openrtb_imp imp;
    struct openrtb_bid in;
    struct bid bid;
    struct bid_macro_values values;
    struct buf out;
};

static void init(struct macro_fixture *f) {
    *f = (struct macro_fixture){.request.id = STR("req-1")};
    f->imp.id = STR("imp-1");
    f->imp.multiplier = 1;
    f->in = (struct openrtb_bid){.id = STR("bid-1"), .adid = STR("ad-1"), .price = 2};
    f->bid = (struct bid){.in = &f->in,
                          .imp = &f->imp,
                          .seat = STR("seat-1"),
                          .cur = STR("EUR"),
                          .rate = 2,
                          .price = 3.6,
                          .clearing_price = 3,
                          .won = true};
    f->values = (struct bid_macro_values){
        .request = &f->request, .bid = &f->bid, .bid_id = STR("resp-1"), .min_to_win = 1.66, .loss = -1};
    buf_init(&f->out, 1u << 20);
}

static void expect(struct macro_fixture *f, const char *text, const char *wanted) {
    buf_clear(&f->out, SIZE_MAX);
    bid_macros_expand(&f->values, str_from(text), &f->out);
    assert_false(f->out.failed);
    if (!str_eq(buf_view(&f->out), str_from(wanted)))
        fail_msg("%s: %.*s instead of %s", text, STR_ARG(buf_view(&f->out)), wanted);
}

static void each_macro_has_its_value(void **state) {
    (void)state;
    static const char *const cases[][3] = {
        {"ID", "req-1", "cmVxLTE="},
        {"BID_ID", "resp-1", "cmVzcC0x"},
        {"IMP_ID", "imp-1", "aW1wLTE="},
        {"SEAT_ID", "seat-1", "c2VhdC0x"},
        {"AD_ID", "ad-1", "YWQtMQ=="},
        {"PRICE", "1.666667", "MS42NjY2Njc="},
        {"CURRENCY", "EUR", "RVVS"},
        {"MBR", "0.833333", "MC44MzMzMzM="},
        {"LOSS", "", ""},
        {"MIN_TO_WIN", "1.66", "MS42Ng=="},
        {"MULTIPLIER", "1", "MQ=="},
        {"IMP_TS", "", ""},
        {"DISCOUNT_PCT", "0", "MA=="},
        {"DISCOUNT_CPM", "0", "MA=="},
    };
    struct macro_fixture f;
    init(&f);
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        for (int context = BID_MACRO_MARKUP; context <= BID_MACRO_NOTICE_URL; context++) {
            char text[64], wanted[64];
            f.values.context = (enum bid_macro_context)context;
            snprintf(text, sizeof text, "<${AUCTION_%s}|${AUCTION_%s:B64}>", cases[i][0], cases[i][0]);
            snprintf(wanted, sizeof wanted, "<%s|%s>", cases[i][1], cases[i][2]);
            assert_true(bid_macros_present(str_from(text)));
            expect(&f, text, wanted);
        }
    buf_cleanup(&f.out);
}

static void what_is_no_macro_stays(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"", ""},
        {"$", "$"},
        {"${", "${"},
        {"no macro $5 ${OTHER} {AUCTION_ID}", "no macro $5 ${OTHER} {AUCTION_ID}"},
        {"${AUCTION_", "${AUCTION_"},
        {"${AUCTION_}", "${AUCTION_}"},
        {"${AUCTION_ID", "${AUCTION_ID"},
        {"${AUCTION_ID${AUCTION_ID}", "${AUCTION_IDreq-1"},
        {"${AUCTION_${AUCTION_ID}}", "${AUCTION_req-1}"},
        {"$${AUCTION_ID}$$", "$req-1$$"},
        {"${${AUCTION_ID}}", "${req-1}"},
        {"${AUCTION_PRICES} ${AUCTION_PRIC} ${auction_price}",
         "${AUCTION_PRICES} ${AUCTION_PRIC} ${auction_price}"},
        {"${AUCTION_PRICE:B32} ${AUCTION_PRICE:} ${AUCTION_PRICE:b64} ${AUCTION_PRICE:B64:B64}",
         "${AUCTION_PRICE:B32} ${AUCTION_PRICE:} ${AUCTION_PRICE:b64} ${AUCTION_PRICE:B64:B64}"},
        {"${AUCTION_ ID} ${ AUCTION_ID}", "${AUCTION_ ID} ${ AUCTION_ID}"},
        {"${AUCTION_A_LONG_NAME_WITHOUT_END ${AUCTION_ID}", "${AUCTION_A_LONG_NAME_WITHOUT_END req-1"},
        {"${AUCTION_DISCOUNT_PCT:B64}${AUCTION_ID}", "MA==req-1"},
        {"%24%7BAUCTION_ID%7D", "%24%7BAUCTION_ID%7D"},
    };
    struct macro_fixture f;
    init(&f);
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        expect(&f, cases[i][0], cases[i][1]);
    buf_cleanup(&f.out);
}

static void values_are_not_searched_again(void **state) {
    (void)state;
    struct macro_fixture f;
    init(&f);
    f.in.adid = STR("${AUCTION_PRICE}");
    f.imp.id = STR("${AUCTION_");
    expect(&f, "${AUCTION_AD_ID} ${AUCTION_IMP_ID}ID}", "${AUCTION_PRICE} ${AUCTION_ID}");
    buf_cleanup(&f.out);
}

static void ids_can_not_break_out(void **state) {
    (void)state;
    struct macro_fixture f;
    init(&f);
    f.imp.id = STR("1&price=0#x/..?y=\xc3\xa9~");
    f.bid.seat = STR("\"><script>'`\\%\n</");
    f.request.id = STR("a:b/c=+;(1)");
    expect(&f, "${AUCTION_ID}", "a:b/c=+;(1)"); /* a plain id stays readable in markup */
    expect(&f, "${AUCTION_SEAT_ID}", "%22%3E%3Cscript%3E%27%60%5C%25%0A%3C/");
    expect(&f, "${AUCTION_IMP_ID}", "1%26price=0#x/..?y=\xc3\xa9~");
    f.values.context = BID_MACRO_NOTICE_URL;
    expect(&f, "${AUCTION_ID}", "a%3Ab%2Fc%3D%2B%3B%281%29");
    expect(&f, "${AUCTION_SEAT_ID}", "%22%3E%3Cscript%3E%27%60%5C%25%0A%3C%2F");
    expect(&f, "${AUCTION_IMP_ID}", "1%26price%3D0%23x%2F..%3Fy%3D%C3%A9~");
    f.in.adid = STR("  >"); /* ICA+ in Base64 */
    expect(&f, "${AUCTION_AD_ID:B64}", "ICA%2B");
    f.values.context = BID_MACRO_MARKUP;
    expect(&f, "${AUCTION_AD_ID:B64}", "ICA+");
    buf_cleanup(&f.out);
}

static void prices_are_in_the_bid_s_own_money(void **state) {
    (void)state;
    struct macro_fixture f;
    init(&f);
    f.bid.clearing_price = f.bid.price; /* first price: exactly what was bid, whatever the rate */
    f.in.price = 0.1 + 0.2;
    expect(&f, "${AUCTION_PRICE} ${AUCTION_MBR}", "0.30000000000000004 1");
    f.in.price = 2;
    f.bid.won = false; /* one of all_bids: the price it is offered at */
    f.bid.clearing_price = 0;
    expect(&f, "${AUCTION_PRICE} ${AUCTION_MBR}", "2 1");
    f.values.loss = 102;
    f.values.min_to_win = NAN;
    f.values.context = BID_MACRO_LOSS_URL;
    expect(&f, "p=${AUCTION_PRICE}&r=${AUCTION_MBR}&l=${AUCTION_LOSS}&m=${AUCTION_MIN_TO_WIN}",
           "p=&r=&l=102&m=");
    f.values.loss = 0;
    expect(&f, "${AUCTION_LOSS}", "0");
    buf_cleanup(&f.out);
}

static void absent_values_are_empty(void **state) {
    (void)state;
    struct macro_fixture f;
    init(&f);
    f.in.adid = (struct str){NULL, 0};
    f.values.bid_id = (struct str){NULL, 0};
    expect(&f, "[${AUCTION_AD_ID}${AUCTION_AD_ID:B64}${AUCTION_BID_ID}]", "[]");
    buf_cleanup(&f.out);
}

static void a_multiplier_comes_from_the_imp(void **state) {
    (void)state;
    struct macro_fixture f;
    init(&f);
    f.imp.multiplier = 14.2;
    expect(&f, "${AUCTION_MULTIPLIER}", "14.2");
    f.bid.imp = NULL;
    expect(&f, "${AUCTION_MULTIPLIER}", "1");
    buf_cleanup(&f.out);
}

static void a_full_buffer_fails(void **state) {
    (void)state;
    struct macro_fixture f;
    init(&f);
    struct buf small;
    buf_init(&small, 8);
    bid_macros_expand(&f.values, STR("0123${AUCTION_ID}"), &small);
    assert_true(small.failed);
    buf_cleanup(&small);
    buf_cleanup(&f.out);
}

/* A text of nothing but beginnings costs linear time. */
static void hostile_text_is_linear(void **state) {
    (void)state;
    struct macro_fixture f;
    init(&f);
    size_t n = 200000;
    char *text = malloc(n);
    assert_non_null(text);
    for (size_t i = 0; i < n; i++)
        text[i] = "${AUCTION_"[i % 10];
    clock_t start = clock();
    bid_macros_expand(&f.values, (struct str){text, n}, &f.out);
    double ms = (double)(clock() - start) * 1e3 / CLOCKS_PER_SEC;
    assert_true(str_eq(buf_view(&f.out), (struct str){text, n}));
    if (ms > 500)
        fail_msg("%.0f ms", ms);
    free(text);
    buf_cleanup(&f.out);
}

static void text_for_json_is_escaped_around_macros(void **state) {
    (void)state;
    struct macro_fixture f;
    init(&f);
    f.values.json = true;
    f.request.id = STR("a\"\\b");
    expect(&f, "<a href=\"\\\n${AUCTION_ID}\">\x01${AUCTION_PRICE}</a>",
           "<a href=\\\"\\\\\\na%22%5Cb\\\">\\u00011.666667</a>");
    expect(&f, "\"", "\\\"");
    expect(&f, "", "");
    buf_cleanup(&f.out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_macro_has_its_value),
        cmocka_unit_test(what_is_no_macro_stays),
        cmocka_unit_test(values_are_not_searched_again),
        cmocka_unit_test(ids_can_not_break_out),
        cmocka_unit_test(prices_are_in_the_bid_s_own_money),
        cmocka_unit_test(absent_values_are_empty),
        cmocka_unit_test(a_multiplier_comes_from_the_imp),
        cmocka_unit_test(text_for_json_is_escaped_around_macros),
        cmocka_unit_test(a_full_buffer_fails),
        cmocka_unit_test(hostile_text_is_linear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
