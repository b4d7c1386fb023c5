/* Who wins and what it costs. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "base/prng.h"
#include "clearing_fixture.h"

#define MAX_OFFERS 4

/* A bid for the only imp; the first of a row with id NULL ends it. */
struct offer {
    const char *id;
    double price;
    const char *cur;
    const char *deal; /* "" for an open bid */
};

struct clearing_case {
    const char *name;
    int at;
    const char *imp; /* members of the imp besides id and banner, each after a comma */
    struct offer offers[MAX_OFFERS];
    const char *winner;
    double price;      /* cleared, in USD */
    double min_to_win; /* of the winner, in its currency */
};

#define DEALS(members) ",\"pmp\":{\"deals\":[{\"id\":\"d\"" members "},{\"id\":\"e\"}]}"

static const struct clearing_case cases[] = {
    {"first price", 1, "", {{"a", 1, "USD", ""}, {"b", 0.9, "USD", ""}}, "a", 1, 0.9},
    {"first price alone", 1, ",\"bidfloor\":0.85", {{"a", 1, "USD", ""}}, "a", 1, 0.85},
    {"an exchange's own type is first price",
     500,
     "",
     {{"a", 1, "USD", ""}, {"b", 0.9, "USD", ""}},
     "a",
     1,
     0.9},
    {"second price",
     2,
     ",\"bidfloor\":0.85",
     {{"a", 1, "USD", ""}, {"b", 0.9, "USD", ""}, {"c", 0.86, "USD", ""}},
     "a",
     0.91,
     0.9},
    {"second price is the default", 0, "", {{"b", 0.9, "USD", ""}, {"a", 1, "USD", ""}}, "a", 0.91, 0.9},
    {"second price alone, a floor", 2, ",\"bidfloor\":0.5", {{"a", 1, "USD", ""}}, "a", 0.51, 0.5},
    {"second price alone, no floor", 2, "", {{"a", 1, "USD", ""}}, "a", 0.01, 0},
    {"second price below the increment", 2, "", {{"a", 0.005, "USD", ""}}, "a", 0.005, 0},
    {"second price at the floor", 2, ",\"bidfloor\":1", {{"a", 1, "USD", ""}}, "a", 1, 1},
    {"a loser below the floor does not count",
     2,
     ",\"bidfloor\":1",
     {{"a", 2, "USD", ""}, {"b", 0.99, "USD", ""}},
     "a",
     1.01,
     1},
    {"never above the bid", 2, "", {{"a", 1, "USD", ""}, {"b", 0.995, "USD", ""}}, "a", 1, 0.995},
    {"sums stay decimal", 2, "", {{"a", 2, "USD", ""}, {"b", 1.1, "USD", ""}}, "a", 1.11, 1.1},
    {"currencies are compared",
     2,
     "",
     {{"a", 1.5, "USD", ""}, {"b", 1, "EUR", ""}, {"c", 149, "JPY", ""}},
     "b",
     1.51,
     0.75},
    {"a floor in another currency",
     2,
     ",\"bidfloor\":0.5,\"bidfloorcur\":\"EUR\"",
     {{"a", 300, "JPY", ""}},
     "a",
     1.01,
     100},
    {"a deal before a higher bid", 1, DEALS(""), {{"a", 5, "USD", ""}, {"b", 1, "USD", "d"}}, "b", 1, 0},
    {"open bids don't price a deal",
     2,
     DEALS(",\"bidfloor\":0.5"),
     {{"a", 5, "USD", ""}, {"b", 1, "USD", "d"}},
     "b",
     0.51,
     0.5},
    {"deals price each other",
     2,
     DEALS(",\"bidfloor\":0.5"),
     {{"a", 5, "USD", ""}, {"b", 2, "USD", "d"}, {"c", 1, "USD", "e"}},
     "b",
     1.01,
     1},
    {"a deal's own type", 2, DEALS(",\"at\":1"), {{"b", 2, "USD", "d"}, {"c", 1, "USD", "e"}}, "b", 2, 1},
    {"a deal's own second price",
     1,
     DEALS(",\"at\":2"),
     {{"b", 2, "USD", "d"}, {"c", 1, "USD", "e"}},
     "b",
     1.01,
     1},
    {"a fixed price", 1, DEALS(",\"at\":3,\"bidfloor\":1.5"), {{"b", 2, "USD", "d"}}, "b", 1.5, NAN},
    {"a fixed price can't be outbid by its own bid",
     1,
     DEALS(",\"at\":3,\"bidfloor\":1.5"),
     {{"b", 9, "USD", "d"}, {"c", 2, "USD", "e"}},
     "c",
     2,
     1.5},
    {"a fixed price of nothing is first price", 1, DEALS(",\"at\":3"), {{"b", 2, "USD", "d"}}, "b", 2, 0},
    {"the floor of the deal, not of the imp",
     2,
     ",\"bidfloor\":9" DEALS(",\"bidfloor\":0.5"),
     {{"b", 1, "USD", "d"}},
     "b",
     0.51,
     0.5},
};

static void init(struct clearing_fixture *f, int at, const char *imp) {
    static char text[4096];
    char type[32] = "";
    if (at)
        snprintf(type, sizeof type, "\"at\":%d,", at);
    snprintf(text, sizeof text,
             "{\"id\":\"r\",%s\"site\":{\"page\":\"https://"
             "s\"},\"imp\":[{\"id\":\"1\",\"banner\":{\"w\":1,\"h\":1}%s},"
             "{\"id\":\"2\",\"banner\":{\"w\":1,\"h\":1}}]}",
             type, imp);
    clearing_fixture_init(f, text);
}

static void add(struct clearing_fixture *f, uint32_t partner, const char *imp, const struct offer *offer) {
    char deal[64] = "";
    if (offer->deal[0])
        snprintf(deal, sizeof deal, ",\"dealid\":\"%s\"", offer->deal);
    clearing_fixture_answer(
        f, partner,
        clearing_fixture_text(
            f,
            "{\"id\":\"r\",\"cur\":\"%s\",\"seatbid\":[{\"bid\":[{\"id\":\"%s\",\"impid\":\"%s\","
            "\"price\":%.9g,\"crid\":\"c\",\"adm\":\"x\"%s}]}]}",
            offer->cur, offer->id, imp, offer->price, deal));
}

static bool near(double a, double b) {
    return fabs(a - b) <= 1e-9;
}

static void winners_and_prices(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct clearing_case *c = &cases[i];
        struct clearing_fixture f;
        init(&f, c->at, c->imp);
        for (uint32_t k = 0; k < MAX_OFFERS && c->offers[k].id; k++)
            add(&f, k, "1", &c->offers[k]);
        size_t valid = clearing_fixture_run(&f);
        const struct bid *winner = &f.bids[0];
        if (!winner->won || !str_eq(winner->in->id, str_from(c->winner)))
            fail_msg("%s: %.*s won", c->name, STR_ARG(winner->in->id));
        if (winner->clearing_price != c->price)
            fail_msg("%s: cleared at %.17g instead of %.17g", c->name, winner->clearing_price, c->price);
        double least = clearing_min_to_win(f.bids, f.count, 0);
        if (isnan(c->min_to_win) ? !isnan(least) : !near(least, c->min_to_win))
            fail_msg("%s: least %.17g instead of %.17g", c->name, least, c->min_to_win);
        for (size_t k = 1; k < valid; k++) {
            assert_false(f.bids[k].won);
            assert_int_equal(f.bids[k].rank, k);
        }
        clearing_fixture_cleanup(&f);
    }
}

static void losers_learn_what_was_needed(void **state) {
    (void)state;
    struct clearing_fixture f;
    init(&f, 1, DEALS(""));
    add(&f, 0, "1", &(struct offer){"a", 2, "USD", "d"});
    add(&f, 1, "1", &(struct offer){"b", 1, "USD", "e"});
    add(&f, 2, "1", &(struct offer){"c", 9, "USD", ""});
    add(&f, 2, "2", &(struct offer){"d", 3, "USD", ""});
    add(&f, 3, "2", &(struct offer){"e", 1, "EUR", ""});
    assert_int_equal(clearing_fixture_run(&f), 5);
    assert_true(clearing_min_to_win(f.bids, f.count, 1) == 2);
    assert_true(isnan(clearing_min_to_win(f.bids, f.count, 2))); /* no price beats a deal */
    assert_true(clearing_min_to_win(f.bids, f.count, 4) == 1.5); /* euros */
    clearing_fixture_cleanup(&f);
}

static void ties_fall_by_the_auction(void **state) {
    (void)state;
    unsigned won[2] = {0, 0};
    for (int i = 0; i < 400; i++) {
        char id[32];
        snprintf(id, sizeof id, "auction-%d", i);
        const char *winner[2];
        for (uint32_t turned = 0; turned < 2; turned++) { /* whoever answers first */
            struct clearing_fixture f;
            init(&f, 1, "");
            f.request.id = str_from(id);
            add(&f, turned, "1", &(struct offer){turned ? "b" : "a", 1, "USD", ""});
            add(&f, !turned, "1", &(struct offer){turned ? "a" : "b", 1, "USD", ""});
            assert_int_equal(clearing_fixture_run(&f), 2);
            winner[turned] = f.bids[0].in->id.p[0] == 'a' ? "a" : "b";
            clearing_fixture_cleanup(&f);
        }
        assert_string_equal(winner[0], winner[1]);
        won[winner[0][0] == 'b']++;
    }
    assert_in_range(won[0], 150, 250);
}

static void imps_stand_in_the_order_of_the_request(void **state) {
    (void)state;
    struct clearing_fixture f;
    init(&f, 1, ",\"bidfloor\":1");
    add(&f, 0, "2", &(struct offer){"a", 1, "USD", ""});
    add(&f, 1, "1", &(struct offer){"b", 0.5, "USD", ""}); /* refused */
    add(&f, 2, "1", &(struct offer){"c", 2, "USD", ""});
    add(&f, 3, "2", &(struct offer){"d", 2, "USD", ""});
    assert_int_equal(clearing_fixture_run(&f), 3);
    static const char *const ids[] = {"c", "d", "a", "b"};
    static const bool won[] = {true, true, false, false};
    for (size_t i = 0; i < COUNT_OF(ids); i++) {
        assert_true(str_eq(f.bids[i].in->id, str_from(ids[i])));
        assert_int_equal(f.bids[i].won, won[i]);
    }
    clearing_fixture_cleanup(&f);
}

static void nothing_clears_to_nothing(void **state) {
    (void)state;
    struct clearing_fixture f;
    init(&f, 2, "");
    assert_int_equal(clearing_fixture_run(&f), 0);
    clearing_fixture_cleanup(&f);
}

/* The order that a plain quadratic search gives, for numbers of bids on both sides of the heap's threshold.
 */
static void any_number_is_sorted(void **state) {
    (void)state;
    struct prng prng;
    prng_seed(&prng, 7);
    for (size_t count = 1; count < 400; count += count < 30 ? 1 : 37) {
        struct clearing_fixture f;
        init(&f, 2, DEALS(""));
        for (size_t i = 0; i < count; i++) {
            char id[32];
            snprintf(id, sizeof id, "%zu", i);
            double price = (double)(prng_next(&prng) % 20) / 10; /* some are 0: refused */
            const char *imp = prng_next(&prng) & 1 ? "1" : "2";
            bool deal = imp[0] == '1' && prng_next(&prng) % 4 == 0;
            add(&f, (uint32_t)(i % FIXTURE_PARTNERS), imp,
                &(struct offer){id, price, "USD", deal ? "d" : ""});
        }
        size_t valid = clearing_fixture_run(&f);
        bool *seen = calloc(count, sizeof *seen);
        bool *ordered = calloc(count, sizeof *ordered);
        assert_true(seen && ordered);
        for (size_t i = 0; i < count; i++) {
            const struct bid *bid = &f.bids[i];
            seen[atoi(bid->in->id.p)] = true;
            ordered[bid->order] = true;
            assert_int_equal(bid->refusal == BID_VALID, i < valid);
            assert_int_equal(bid->won, i < valid && bid->rank == 0);
            if (i + 1 < count)
                assert_true(strncmp(f.bids[bid->order].seat.p, f.bids[f.bids[i + 1].order].seat.p, 2) <= 0);
            if (i + 1 >= valid || f.bids[i + 1].imp != bid->imp)
                continue;
            const struct bid *next = &f.bids[i + 1];
            assert_true(bid->deal || !next->deal);
            if (!bid->deal == !next->deal)
                assert_true(bid->price > next->price || (bid->price == next->price && bid->tie < next->tie));
        }
        for (size_t i = 0; i < count; i++)
            assert_true(seen[i] && ordered[i]);
        free(seen);
        free(ordered);
        clearing_fixture_cleanup(&f);
    }
}

static void thousands_of_bids_are_no_burden(void **state) {
    (void)state;
    struct clearing_fixture f;
    init(&f, 2, "");
    for (int i = 0; i < FIXTURE_BIDS; i++) {
        char id[32];
        snprintf(id, sizeof id, "%d", i);
        add(&f, 0, "1", &(struct offer){id, 1 + i % 7, "USD", ""});
    }
    clock_t start = clock();
    assert_int_equal(clearing_fixture_run(&f), FIXTURE_BIDS);
    double ms = (double)(clock() - start) * 1e3 / CLOCKS_PER_SEC;
    print_message("%d bids checked and cleared: %.2f ms\n", FIXTURE_BIDS, ms);
    if (ms > 200)
        fail_msg("%.0f ms", ms);
    clearing_fixture_cleanup(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(winners_and_prices),
        cmocka_unit_test(losers_learn_what_was_needed),
        cmocka_unit_test(ties_fall_by_the_auction),
        cmocka_unit_test(imps_stand_in_the_order_of_the_request),
        cmocka_unit_test(nothing_clears_to_nothing),
        cmocka_unit_test(any_number_is_sorted),
        cmocka_unit_test(thousands_of_bids_are_no_burden),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
