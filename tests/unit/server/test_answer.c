/* The bid response: what is passed on, what is changed, and that our own parser reads it back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "clearing_fixture.h"

#define SITE    "\"site\":{\"page\":\"https://s\"},"
#define IMP(id) "{\"id\":\"" id "\",\"banner\":{\"w\":300,\"h\":250}}"
#define REQUEST "{\"id\":\"r\\\"1\",\"at\":1," SITE "\"imp\":[" IMP("1") "," IMP("2") "]}"
#define SECOND  "{\"id\":\"r\",\"at\":2," SITE "\"imp\":[" IMP("1") "]}"
#define ANSWER(cur, seat, bids)                                                                              \
    "{\"id\":\"x\",\"cur\":\"" cur "\",\"seatbid\":[{" seat "\"bid\":[" bids "]}]}"
#define BID(id, imp, price, more)                                                                            \
    "{\"id\":\"" id "\",\"impid\":\"" imp "\",\"price\":" price ",\"crid\":\"c\",\"adm\":\"x\"" more "}"

/* The linker puts these between the code and the allocator: see CMakeLists.txt. */
static size_t allocations;
void *__real_malloc(size_t n);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *p, size_t n);

void *__wrap_malloc(size_t n) {
    allocations++;
    return __real_malloc(n);
}

void *__wrap_calloc(size_t count, size_t size) {
    allocations++;
    return __real_calloc(count, size);
}

void *__wrap_realloc(void *p, size_t n) {
    allocations++;
    return __real_realloc(p, n);
}

static struct str write_answer(struct clearing_fixture *f, struct answer_input input) {
    input.rules = &f->rules;
    input.bids = f->bids;
    input.bid_count = f->count;
    buf_clear(&f->out, SIZE_MAX);
    answer_write(&input, &f->out);
    assert_false(f->out.failed);
    return buf_view(&f->out);
}

/* The text must be what is wanted, and a response that our parser takes. */
static void expect(struct clearing_fixture *f, struct str text, const char *wanted) {
    if (!str_eq(text, str_from(wanted)))
        fail_msg("\n%.*s\ninstead of\n%s", STR_ARG(text), wanted);
    struct openrtb_response_limits limits;
    struct openrtb_response response;
    struct openrtb_error error;
    openrtb_response_limits_default(&limits);
    if (openrtb_response_parse(text, &limits, &f->arena, &response, &error) != 0)
        fail_msg("%s: %s", error.path, error.reason);
    for (size_t i = 0; i < response.bid_count; i++)
        assert_null(response.bids[i].invalid);
}

static void a_bid_is_passed_on_as_it_came(void **state) {
    (void)state;
    struct clearing_fixture f;
    clearing_fixture_init(&f, REQUEST);
    clearing_fixture_answer(
        &f, 0,
        ANSWER("USD", "",
               "{ \"id\" : \"b\\/1\", \"ext\" : {\"a\" : [1, 2]},\"impid\":\"1\",\"w\":300,\"h\":250,"
               "\"price\":1.50,\"crid\":\"c\",\"adm\":\"<b>\\u0041\\/</b>\",\"mtype\":1,\"x\\u0079\":1e2}"));
    assert_int_equal(clearing_fixture_run(&f), 1);
    expect(&f, write_answer(&f, (struct answer_input){.bid_id = STR("t1")}),
           "{\"id\":\"r\\\"1\",\"seatbid\":[{\"seat\":\"p0\",\"bid\":[{\"id\" : \"b\\/1\",\"ext\" : {\"a\" : "
           "[1, 2]},\"impid\":\"1\","
           "\"w\":300,\"h\":250,\"price\":1.5,\"crid\":\"c\",\"adm\":\"<b>\\u0041\\/</"
           "b>\",\"mtype\":1,\"x\\u0079\":1e2}]}],"
           "\"bidid\":\"t1\",\"cur\":\"USD\"}");
    clearing_fixture_cleanup(&f);
}

static void what_was_found_out_is_added(void **state) {
    (void)state;
    struct clearing_fixture f;
    clearing_fixture_init(&f, REQUEST);
    clearing_fixture_answer(&f, 0, ANSWER("EUR", "\"seat\":\"s\",", BID("a", "1", "1", "")));
    f.partners[1].bid_adjustment = 0.5;
    clearing_fixture_answer(
        &f, 1,
        ANSWER("USD", "",
               BID("b", "2", "3",
                   ",\"ext\":{\"origbidcpm\":9,\"k\":{\"origbidcur\":1},\"origbidc\\u0075r\":2}")));
    assert_int_equal(clearing_fixture_run(&f), 2);
    expect(&f, write_answer(&f, (struct answer_input){.bid_id = {NULL, 0}}),
           "{\"id\":\"r\\\"1\",\"seatbid\":[{\"seat\":\"p1\",\"bid\":[{\"id\":\"b\",\"impid\":\"2\","
           "\"price\":1.5,\"crid\":\"c\",\"adm\":\"x\","
           "\"ext\":{\"origbidcpm\":3,\"origbidcur\":\"USD\",\"k\":{\"origbidcur\":1}},\"mtype\":1,\"w\":300,"
           "\"h\":250}]},"
           "{\"seat\":\"s\",\"bid\":[{\"id\":\"a\",\"impid\":\"1\",\"price\":2,\"crid\":\"c\",\"adm\":\"x\","
           "\"mtype\":1,\"w\":300,\"h\":250,"
           "\"ext\":{\"origbidcpm\":1,\"origbidcur\":\"EUR\"}}]}],\"cur\":\"USD\"}");
    clearing_fixture_cleanup(&f);
}

static void a_second_price_hides_the_bid(void **state) {
    (void)state;
    struct clearing_fixture f;
    clearing_fixture_init(&f, SECOND);
    clearing_fixture_answer(&f, 0, ANSWER("EUR", "", BID("a", "1", "7", "")));
    clearing_fixture_answer(&f, 1, ANSWER("USD", "", BID("b", "1", "3.99", "")));
    assert_int_equal(clearing_fixture_run(&f), 2);
    struct str text = write_answer(&f, (struct answer_input){.bid_id = {NULL, 0}});
    expect(&f, text,
           "{\"id\":\"r\",\"seatbid\":[{\"seat\":\"p0\",\"bid\":[{\"id\":\"a\",\"impid\":\"1\",\"price\":4,"
           "\"crid\":\"c\",\"adm\":\"x\","
           "\"mtype\":1,\"w\":300,\"h\":250,\"ext\":{\"origbidcpm\":2,\"origbidcur\":\"EUR\"}}]}],\"cur\":"
           "\"USD\"}");
    clearing_fixture_cleanup(&f);
}

static void macros_are_replaced_within_json(void **state) {
    (void)state;
    struct clearing_fixture f;
    clearing_fixture_init(&f, REQUEST);
    clearing_fixture_answer(
        &f, 0,
        ANSWER(
            "USD", "",
            "{\"id\":\"a\",\"impid\":\"1\",\"price\":2,\"crid\":\"c\",\"adm\":\"<a "
            "href=\\\"\\/${AUCTION_ID}\\\">${AUCTION_LOSS}\\n\","
            "\"nurl\":\"https:\\/\\/n?\\u0024{AUCTION_ID}&p=${AUCTION_PRICE:B64}\",\"burl\":\"https://"
            "b?${AUCTION_BID_ID}\","
            "\"lurl\":\"https://l?${AUCTION_LOSS}&${AUCTION_PRICE}\",\"iurl\":\"https://i?${AUCTION_ID}\"}"));
    assert_int_equal(clearing_fixture_run(&f), 1);
    expect(&f, write_answer(&f, (struct answer_input){.bid_id = STR("t1")}),
           "{\"id\":\"r\\\"1\",\"seatbid\":[{\"seat\":\"p0\",\"bid\":[{\"id\":\"a\",\"impid\":\"1\","
           "\"price\":2,\"crid\":\"c\","
           "\"adm\":\"<a "
           "href=\\\"\\/r%221\\\">0\\n\",\"nurl\":\"https://n?r%221&p=Mg==\",\"burl\":\"https://b?t1\","
           "\"lurl\":\"https://l?&\",\"iurl\":\"https://"
           "i?${AUCTION_ID}\",\"mtype\":1,\"w\":300,\"h\":250}]}],\"bidid\":\"t1\",\"cur\":\"USD\"}");
    clearing_fixture_cleanup(&f);
}

#define PLAIN(id, imp, price)                                                                                \
    "{\"id\":\"" id "\",\"impid\":\"" imp "\",\"price\":" price                                              \
    ",\"crid\":\"c\",\"adm\":\"x\",\"mtype\":1,\"w\":300,\"h\":250}"

static void all_bids_come_in_price_order(void **state) {
    (void)state;
    struct clearing_fixture f;
    clearing_fixture_init(&f, REQUEST);
    clearing_fixture_answer(
        &f, 1, ANSWER("USD", "", PLAIN("a", "1", "1") "," PLAIN("b", "2", "2") "," PLAIN("c", "1", "3")));
    clearing_fixture_answer(&f, 0,
                            ANSWER("USD", "\"seat\":\"p1\",", PLAIN("d", "1", "2") "," PLAIN("e", "9", "2")));
    clearing_fixture_answer(&f, 2, ANSWER("USD", "\"seat\":\"a\",", PLAIN("f", "2", "1")));
    assert_int_equal(clearing_fixture_run(&f), 5);
    expect(
        &f, write_answer(&f, (struct answer_input){.all_bids = true}),
        "{\"id\":\"r\\\"1\",\"seatbid\":[{\"seat\":\"a\",\"bid\":[" PLAIN(
            "f", "2",
            "1") "]},{\"seat\":\"p1\",\"bid\":[" PLAIN("c", "1",
                                                       "3") "," PLAIN("d", "1",
                                                                      "2") "," PLAIN("a", "1",
                                                                                     "1") "," PLAIN("b", "2",
                                                                                                    "2") "]}]"
                                                                                                         ",\""
                                                                                                         "cur"
                                                                                                         "\":"
                                                                                                         "\"U"
                                                                                                         "SD"
                                                                                                         "\""
                                                                                                         "}");
    expect(&f, write_answer(&f, (struct answer_input){.all_bids = false}),
           "{\"id\":\"r\\\"1\",\"seatbid\":[{\"seat\":\"p1\",\"bid\":[" PLAIN("c", "1", "3") "," PLAIN(
               "b", "2", "2") "]}],\"cur\":\"USD\"}");
    clearing_fixture_cleanup(&f);
}

static void losing_bids_learn_why(void **state) {
    (void)state;
    struct clearing_fixture f;
    clearing_fixture_init(&f, REQUEST);
#define LURL(id, price)                                                                                      \
    BID(id, "1", price,                                                                                      \
        ",\"lurl\":\"${AUCTION_LOSS}/${AUCTION_MIN_TO_WIN}/"                                                 \
        "${AUCTION_PRICE}\",\"mtype\":1,\"w\":300,\"h\":250")
    clearing_fixture_answer(&f, 0, ANSWER("USD", "", LURL("a", "2") "," LURL("b", "1")));
    assert_int_equal(clearing_fixture_run(&f), 2);
    struct str text = write_answer(&f, (struct answer_input){.all_bids = true});
    assert_non_null(
        memmem(text.p, text.n, "\"lurl\":\"/1/\"", 12)); /* won here: the loss is somebody else's */
    assert_non_null(memmem(text.p, text.n, "\"lurl\":\"102/2/\"", 15));
    clearing_fixture_cleanup(&f);
}

static void refused_bids_and_silent_partners_are_listed(void **state) {
    (void)state;
    struct clearing_fixture f;
    clearing_fixture_init(&f, REQUEST);
    clearing_fixture_answer(
        &f, 0, ANSWER("USD", "", PLAIN("a", "1", "1") "," PLAIN("b", "2", "0") "," PLAIN("c", "\\\"9", "2")));
    clearing_fixture_answer(&f, 1, ANSWER("USD", "\"seat\":\"q\",", "{\"id\":7}," PLAIN("d", "1", "-1")));
    assert_int_equal(clearing_fixture_run(&f), 1);
    struct answer_nonbid nonbids[] = {{STR("p2"), &f.request.imps[0], 101},
                                      {STR("p2"), &f.request.imps[1], 101},
                                      {STR("p0"), &f.request.imps[1], 0}};
    struct answer_input input = {.seat_non_bid = true, .nonbids = nonbids, .nonbid_count = 3};
#define NONBIDS                                                                                              \
    "\"ext\":{\"seatnonbid\":[{\"seat\":\"p2\",\"nonbid\":[{\"impid\":\"1\",\"statuscode\":101},{\"impid\":" \
    "\"2\",\"statuscode\":101}]},"                                                                           \
    "{\"seat\":\"p0\",\"nonbid\":[{\"impid\":\"2\",\"statuscode\":0},{\"impid\":\"2\",\"statuscode\":300},{" \
    "\"impid\":\"\\\"9\",\"statuscode\":300}]},"                                                             \
    "{\"seat\":\"q\",\"nonbid\":[{\"impid\":\"\",\"statuscode\":300},{\"impid\":\"1\",\"statuscode\":300}]}" \
    "]}}"
    expect(&f, write_answer(&f, input),
           "{\"id\":\"r\\\"1\",\"seatbid\":[{\"seat\":\"p0\",\"bid\":[" PLAIN(
               "a", "1", "1") "]}],\"cur\":\"USD\"," NONBIDS);
    input.rules = &f.rules;
    input.bids = f.bids;
    input.bid_count = f.count;
    buf_clear(&f.out, SIZE_MAX);
    answer_write_no_bid(&input, 0, &f.out);
    expect(&f, buf_view(&f.out), "{\"id\":\"r\\\"1\",\"nbr\":0," NONBIDS);
    input.seat_non_bid = false;
    buf_clear(&f.out, SIZE_MAX);
    answer_write_no_bid(&input, 15, &f.out);
    expect(&f, buf_view(&f.out), "{\"id\":\"r\\\"1\",\"nbr\":15}");
    clearing_fixture_cleanup(&f);
}

static void invalid_requests_are_told_why(void **state) {
    (void)state;
    struct clearing_fixture f;
    clearing_fixture_init(&f, REQUEST);
    answer_write_invalid(NULL, &f.out);
    expect(&f, buf_view(&f.out), "{\"id\":\"\",\"nbr\":2}");
    struct openrtb_error error = {.path = "imp[0].\"\xc3", .reason = "must be >= 0"};
    buf_clear(&f.out, SIZE_MAX);
    answer_write_invalid(&error, &f.out);
    expect(&f, buf_view(&f.out),
           "{\"id\":\"\",\"nbr\":2,\"ext\":{\"error\":{\"path\":\"imp[0].\\\"?\",\"reason\":\"must be >= "
           "0\"}}}");
    clearing_fixture_cleanup(&f);
}

static void a_bid_that_does_not_fit_is_left_out(void **state) {
    (void)state;
    struct clearing_fixture f;
    clearing_fixture_init(&f, REQUEST);
    f.partners[0].seat = STR("a");
    clearing_fixture_answer(
        &f, 0, clearing_fixture_text(&f, ANSWER("USD", "", BID("a", "1", "1", ",\"big\":\"%05000d\"")), 0));
    clearing_fixture_answer(&f, 1, ANSWER("USD", "", PLAIN("b", "2", "2")));
    assert_int_equal(clearing_fixture_run(&f), 2);
    buf_init(&f.out, 2000);
    expect(&f, write_answer(&f, (struct answer_input){.bid_id = {NULL, 0}}),
           "{\"id\":\"r\\\"1\",\"seatbid\":[{\"seat\":\"p1\",\"bid\":[" PLAIN("b", "2",
                                                                              "2") "]}],\"cur\":\"USD\"}");
    clearing_fixture_cleanup(&f);
}

static void nonbids_that_do_not_fit_are_left_out(void **state) {
    (void)state;
    enum { MANY = 100 };
    struct clearing_fixture f;
    struct answer_nonbid nonbids[MANY];
    clearing_fixture_init(&f, REQUEST);
    for (size_t i = 0; i < MANY; i++)
        nonbids[i] = (struct answer_nonbid){.seat = STR("p"), .imp = &f.request.imps[0], .code = 101};
    clearing_fixture_answer(&f, 1, ANSWER("USD", "", PLAIN("b", "2", "2")));
    assert_int_equal(clearing_fixture_run(&f), 1);
    buf_init(&f.out, 2000);
    struct answer_input input = {.seat_non_bid = true, .nonbids = nonbids, .nonbid_count = MANY};
    expect(&f, write_answer(&f, input),
           "{\"id\":\"r\\\"1\",\"seatbid\":[{\"seat\":\"p1\",\"bid\":[" PLAIN("b", "2",
                                                                              "2") "]}],\"cur\":\"USD\"}");
    clearing_fixture_cleanup(&f);
}

/* What the whole end of an auction costs, with what four partners usually answer. */
static void four_partners_cost_microseconds_and_no_allocation(void **state) {
    (void)state;
    enum { ROUNDS = 20000 };
    struct clearing_fixture f;
    clearing_fixture_init(&f, SECOND);
    for (uint32_t i = 0; i < FIXTURE_PARTNERS; i++)
        clearing_fixture_answer(
            &f, i,
            clearing_fixture_text(&f,
                                  "{\"id\":\"r\",\"cur\":\"USD\",\"seatbid\":[{\"bid\":[{\"id\":\"7f3c9a52-%"
                                  "u\",\"impid\":\"1\",\"price\":%u.25,\"crid\":"
                                  "\"cr-1\",\"adomain\":[\"brand.example\"],\"cat\":[\"IAB1-3\"],\"w\":300,"
                                  "\"h\":250,\"mtype\":1,\"nurl\":\"https://p.example/"
                                  "win?a=${AUCTION_ID}&p=${AUCTION_PRICE}\",\"adm\":\"<a "
                                  "href=\\\"https://p.example/click\\\"><img src=\\\"https://p.example/"
                                  "i.png?%0600u&p=${AUCTION_PRICE}\\\"></a>\"}]}]}",
                                  i, i + 1, i));
    struct bid *bids = malloc(f.count * sizeof *bids);
    assert_non_null(bids);
    memcpy(bids, f.bids, f.count * sizeof *bids);
    struct answer_input input = {
        .rules = &f.rules, .bids = f.bids, .bid_count = f.count, .bid_id = STR("t1")};
    size_t before = 0;
    clock_t start = clock();
    for (int i = 0; i < ROUNDS; i++) {
        if (i == 1) /* the first round lets the buffer grow */
            before = allocations;
        memcpy(f.bids, bids, f.count * sizeof *bids);
        assert_int_equal(clearing_fixture_run(&f), 4);
        buf_clear(&f.out, SIZE_MAX);
        answer_write(&input, &f.out);
    }
    double ns = (double)(clock() - start) * 1e9 / CLOCKS_PER_SEC / ROUNDS;
    assert_int_equal(allocations, before);
    assert_false(f.out.failed);
    print_message("check, clear and write 4 bids: %.0f ns\n", ns);
    if (ns > 100000)
        fail_msg("far slower than ever measured");
    free(bids);
    clearing_fixture_cleanup(&f);
}

static void a_bid_that_never_was_a_text_is_written(void **state) {
    (void)state;
    struct clearing_fixture f;
    struct str cats[] = {STR("IAB1-1"), STR("IAB\"2")}, domains[] = {STR("own.example")};
    int32_t attr[] = {1, 7};
    struct openrtb_bid full = {.id = STR("b-1"),
                               .impid = STR("1"),
                               .adid = STR("ad\"1"),
                               .cid = STR("camp"),
                               .crid = STR("cr"),
                               .dealid = {NULL, 0},
                               .adm = STR("<a href=\"x\">${AUCTION_AD_ID:B64} ${AUCTION_PRICE}\n</a>"),
                               .language = STR("en"),
                               .price = 2,
                               .w = 300,
                               .h = 250,
                               .wratio = OPENRTB_ABSENT,
                               .hratio = OPENRTB_ABSENT,
                               .mtype = 1,
                               .cattax = 1,
                               .adomain = {domains, 1},
                               .cat = {cats, 2},
                               .attr = {attr, 2}};
    struct openrtb_bid bare = {.id = STR("b-2"),
                               .impid = STR("2"),
                               .crid = STR("cr"),
                               .adm = STR("x"),
                               .price = 1,
                               .w = OPENRTB_ABSENT,
                               .h = OPENRTB_ABSENT,
                               .mtype = 1};
    clearing_fixture_init(&f, REQUEST);
    f.bids[f.count++] =
        (struct bid){.in = &full, .partner = &f.partners[0], .seat = STR("own"), .cur = STR("EUR")};
    f.bids[f.count++] =
        (struct bid){.in = &bare, .partner = &f.partners[0], .seat = STR("own"), .cur = STR("USD")};
    assert_int_equal(clearing_fixture_run(&f), 2);
    (void)write_answer(&f, (struct answer_input){.bid_id = {NULL, 0}});
    size_t before = allocations;
    struct str text = write_answer(&f, (struct answer_input){.bid_id = {NULL, 0}});
    assert_int_equal(allocations, before);
    expect(
        &f, text,
        "{\"id\":\"r\\\"1\",\"seatbid\":[{\"seat\":\"own\",\"bid\":[{\"id\":\"b-1\",\"impid\":\"1\","
        "\"price\":4,"
        "\"adm\":\"<a href=\\\"x\\\">YWQiMQ== 2\\n</a>\",\"adid\":\"ad\\\"1\",\"adomain\":[\"own.example\"],"
        "\"cid\":\"camp\",\"crid\":\"cr\",\"cat\":[\"IAB1-1\",\"IAB\\\"2\"],\"cattax\":1,\"attr\":[1,7],"
        "\"language\":"
        "\"en\",\"w\":300,\"h\":250,\"mtype\":1,\"ext\":{\"origbidcpm\":2,\"origbidcur\":\"EUR\"}},{\"id\":"
        "\"b-2\","
        "\"impid\":\"2\",\"price\":1,\"adm\":\"x\",\"crid\":\"cr\",\"mtype\":1,\"w\":300,\"h\":250}]}],"
        "\"cur\":\"USD\"}");
    clearing_fixture_cleanup(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bid_is_passed_on_as_it_came),
        cmocka_unit_test(what_was_found_out_is_added),
        cmocka_unit_test(a_second_price_hides_the_bid),
        cmocka_unit_test(macros_are_replaced_within_json),
        cmocka_unit_test(a_bid_that_never_was_a_text_is_written),
        cmocka_unit_test(all_bids_come_in_price_order),
        cmocka_unit_test(losing_bids_learn_why),
        cmocka_unit_test(refused_bids_and_silent_partners_are_listed),
        cmocka_unit_test(invalid_requests_are_told_why),
        cmocka_unit_test(a_bid_that_does_not_fit_is_left_out),
        cmocka_unit_test(nonbids_that_do_not_fit_are_left_out),
        cmocka_unit_test(four_partners_cost_microseconds_and_no_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
