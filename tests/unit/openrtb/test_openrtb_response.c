/* Answers of partners: what is kept of a bid, which mistakes spoil one bid, and which the whole answer. */
#include "openrtb_fixture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void parse(struct fixture *fixture, const char *text) {
    if (fixture_parse_response(fixture, str_from(text)) != 0)
        fail_msg("%s: %s", fixture->error.path, fixture->error.reason);
}

#define SEAT(bids) "{\"id\":\"r\",\"seatbid\":[{\"bid\":[" bids "]}]}"

static void bids_are_kept(void **state) {
    struct fixture *fixture = *state;
    const struct openrtb_response *r = &fixture->response;
    parse(fixture, "{\"id\":\"r\",\"cur\":\"EUR\",\"nbr\":2,\"seatbid\":[{\"bid\":[{\"id\":\"b1\",\"impid\":"
                   "\"1\",\"price\":1.5,"
                   "\"adid\":\"ad\",\"cid\":\"c\",\"crid\":\"cr\",\"dealid\":\"d\",\"adm\":\"<a "
                   "href=\\\"x\\\">\\u00e9</a>\",\"nurl\":\"n\","
                   "\"burl\":\"bu\",\"lurl\":\"l\",\"w\":300,\"h\":250,\"wratio\":16,\"hratio\":9,\"mtype\":"
                   "1,\"cattax\":6,\"exp\":60,\"dur\":15,"
                   "\"adomain\":[\"a.example\"],\"cat\":[\"IAB1\"],\"attr\":[1,2],\"ext\":{\"x\":1}},{\"id\":"
                   "\"b2\"}],\"seat\":\"s1\"},"
                   "{\"seat\":\"s2\",\"bid\":[{\"id\":\"b3\"}]},{\"bid\":[{\"id\":\"b4\"}]}]}");
    ASSERT_STR(r->id, "r");
    ASSERT_STR(r->cur, "EUR");
    assert_int_equal(r->nbr, 2);
    assert_int_equal(r->bid_count, 4);
    const struct openrtb_bid *b = &r->bids[0];
    assert_null(b->invalid);
    ASSERT_STR(b->seat, "s1");
    ASSERT_STR(b->id, "b1");
    ASSERT_STR(b->impid, "1");
    assert_true(b->price == 1.5);
    ASSERT_STR(b->adm, "<a href=\"x\">\xC3\xA9</a>");
    ASSERT_STR(b->nurl, "n");
    ASSERT_STR(b->burl, "bu");
    ASSERT_STR(b->lurl, "l");
    ASSERT_STR(b->adid, "ad");
    ASSERT_STR(b->cid, "c");
    ASSERT_STR(b->crid, "cr");
    ASSERT_STR(b->dealid, "d");
    assert_int_equal(b->w, 300);
    assert_int_equal(b->h, 250);
    assert_int_equal(b->wratio, 16);
    assert_int_equal(b->hratio, 9);
    assert_int_equal(b->mtype, OPENRTB_MTYPE_BANNER);
    assert_int_equal(b->cattax, 6);
    assert_int_equal(b->exp, 60);
    assert_int_equal(b->dur, 15);
    ASSERT_STR(b->adomain.items[0], "a.example");
    ASSERT_STR(b->cat.items[0], "IAB1");
    assert_int_equal(b->attr.count, 2);
    assert_int_equal(b->members.count, 23);
    ASSERT_STR(json_members_find(&b->members, STR("ext"))->text, "\"ext\":{\"x\":1}");
    ASSERT_STR(r->bids[1].seat, "s1");
    assert_true(isnan(r->bids[1].price));
    assert_int_equal(r->bids[1].w, OPENRTB_ABSENT);
    assert_null(r->bids[1].adm.p);
    ASSERT_STR(r->bids[2].seat, "s2");
    ASSERT_STR(r->bids[2].id, "b3");
    assert_null(r->bids[3].seat.p);
}

static void no_bids(void **state) {
    static const char *const texts[] = {
        "{}",
        "{\"id\":\"r\"}",
        "{\"seatbid\":null}",
        "{\"seatbid\":[]}",
        "{\"seatbid\":[{}]}",
        "{\"seatbid\":[{\"bid\":[]}]}",
        "{\"seatbid\":[{\"bid\":null}],\"ext\":[]}",
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        parse(fixture, texts[i]);
        assert_int_equal(fixture->response.bid_count, 0);
        assert_int_equal(fixture->response.nbr, OPENRTB_ABSENT);
    }
}

static void one_wrong_bid_spoils_no_other(void **state) {
    static const char *const bids[] = {
        "5",
        "null",
        "[]",
        "\"bid\"",
        "{\"id\":5}",
        "{\"price\":\"1\"}",
        "{\"price\":1e999}",
        "{\"adm\":{}}",
        "{\"adomain\":\"a\"}",
        "{\"adomain\":[1]}",
        "{\"attr\":[1.5]}",
        "{\"w\":-1}",
        "{\"w\":\"300\"}",
        "{\"mtype\":[]}",
        "{\"ext\":\"\"}",
        "{\"id\":\"a\",\"id\":\"b\"}",
        "{\"x\":1,\"x\":2}",
        "{\"ext\":{\"a\":{\"b\":1,\"b\":2}}}",
        "{\"adm\":\"\\ud83d\"}",
        "{\"x\":[\"\xFF\"]}",
        "{\"iurl\":1}",
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < COUNT_OF(bids); i++) {
        char text[512] = "{\"seatbid\":[{\"bid\":[{\"id\":\"good\",\"price\":1},";
        strcat(text, bids[i]);
        strcat(text, ",{\"id\":\"fine\",\"price\":2}],\"seat\":\"s\"}],\"cur\":\"USD\"}");
        parse(fixture, text);
        const struct openrtb_response *r = &fixture->response;
        assert_int_equal(r->bid_count, 3);
        assert_null(r->bids[0].invalid);
        if (!r->bids[1].invalid)
            fail_msg("taken for valid: %s", bids[i]);
        assert_null(r->bids[2].invalid);
        ASSERT_STR(r->bids[2].id, "fine");
        assert_true(r->bids[2].price == 2);
        ASSERT_STR(r->bids[2].seat, "s");
        ASSERT_STR(r->cur, "USD");
    }
    parse(fixture, SEAT("{\"price\":true}"));
    assert_string_equal(fixture->response.bids[0].invalid,
                        "price is missing, of a wrong type or out of range");
}

static void what_spoils_the_answer(void **state) {
    static const struct {
        const char *text, *path;
    } bad[] = {
        {"", ""},
        {"null", ""},
        {"[]", ""},
        {"<html>", ""},
        {"{\"id\":1}", "id"},
        {"{\"cur\":[\"USD\"]}", "cur"},
        {"{\"nbr\":\"1\"}", "nbr"},
        {"{\"seatbid\":{}}", "seatbid"},
        {"{\"seatbid\":[1]}", "seatbid[0]"},
        {"{\"seatbid\":[{\"bid\":{}}]}", "seatbid[0].bid"},
        {"{\"seatbid\":[{\"seat\":1}]}", "seatbid[0].seat"},
        {"{\"seatbid\":[],\"seatbid\":[]}", "seatbid"},
        {SEAT("{\"id\":\"1\""), "seatbid[0].bid[0].id"},
        {SEAT("{}") "x", ""},
        {"{\"id\":\"\xFF\"}", "id"},
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        if (fixture_parse_response(fixture, str_from(bad[i].text)) == 0)
            fail_msg("accepted: %s", bad[i].text);
        assert_string_equal(fixture->error.path, bad[i].path);
        assert_true(fixture->error.reason[0] != '\0');
    }
}

static void bids_are_limited_over_all_seats(void **state) {
    struct fixture *fixture = *state;
    struct openrtb_response_limits limits;
    openrtb_response_limits_default(&limits);
    struct str text = STR("{\"seatbid\":[{\"bid\":[{},{}]},{\"bid\":[{},{}]}]}");
    limits.bids = 4;
    assert_int_equal(
        openrtb_response_parse(text, &limits, &fixture->arena, &fixture->response, &fixture->error), 0);
    limits.bids = 3;
    assert_int_equal(
        openrtb_response_parse(text, &limits, &fixture->arena, &fixture->response, &fixture->error), -1);
    assert_string_equal(fixture->error.path, "seatbid[1].bid[1]");
}

/* A megabyte of mistakes in one bid is walked through once: it took 14 s when each began a new look. */
static void many_bad_strings_cost_one_pass(void **state) {
    static const struct str mistakes[] = {STR_INIT("\"\\u0000\","), STR_INIT("\"\\ud800\","),
                                          STR_INIT("\"\xFF\",")};
    enum { SIZE = 1 << 20, ITEMS = 1000 };
    char *text = malloc(SIZE + 64);
    assert_non_null(text);
    for (size_t m = 0; m < COUNT_OF(mistakes); m++) {
        size_t n = (size_t)sprintf(text, "{\"seatbid\":[{\"bid\":[{\"id\":\"b\",\"ext\":{");
        for (int list = 0; list < 500 && n < SIZE - ITEMS * 10; list++) {
            n += (size_t)sprintf(text + n, "\"%d\":[", list);
            for (int i = 0; i < ITEMS; i++, n += mistakes[m].n)
                memcpy(text + n, mistakes[m].p, mistakes[m].n);
            memcpy(text + n - 1, "],", 2);
            n++;
        }
        n += (size_t)sprintf(text + n - 1, "}}]}],\"x\":\"\xC3\xA9\"}") - 1;
        clock_t start = clock();
        assert_int_equal(fixture_parse_response(*state, (struct str){text, n}), 0);
        assert_true(clock() - start < CLOCKS_PER_SEC);
        const struct fixture *fixture = *state;
        assert_non_null(fixture->response.bids[0].invalid);
    }
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bids_are_kept),
        cmocka_unit_test(no_bids),
        cmocka_unit_test(one_wrong_bid_spoils_no_other),
        cmocka_unit_test(what_spoils_the_answer),
        cmocka_unit_test(bids_are_limited_over_all_seats),
        cmocka_unit_test(many_bad_strings_cost_one_pass),
    };
    return cmocka_run_group_tests(tests, fixture_set_up, fixture_tear_down);
}
