/* What one process sees of a ledger: holds, budgets, days, expiry, campaigns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/hash.h"
#include "ledger_fixture.h"

static void a_view_is_spent_once(void **state) {
    (void)state;
    struct ledger *ledger = fixture_open(NULL, 2, 4, 16);
    uint32_t c = fixture_campaign(ledger, "c", 10 * ONE);
    uint64_t hold = fixture_hold(ledger, 0, c, 3 * ONE);
    struct ledger_win win = {0};
    assert_int_equal(ledger_held(ledger, c), 3 * ONE);
    assert_int_equal(ledger_spent(ledger, c, TODAY), 0);
    assert_int_equal(ledger_view(ledger, 1, hold, NOON + 1, &win), LEDGER_COUNTED);
    assert_int_equal(win.nanos, 3 * ONE);
    assert_int_equal(win.campaign, c);
    assert_int_equal(win.user, 7);
    assert_int_equal(win.auction, 8);
    assert_int_equal(win.expires, NOON + 10 * MINUTES);
    assert_int_equal(ledger_view(ledger, 0, hold, NOON + 2, &win), LEDGER_REPEATED);
    assert_int_equal(ledger_view(ledger, 1, hold, NOON + 900, NULL), LEDGER_REPEATED);
    assert_int_equal(ledger_held(ledger, c), 0);
    assert_int_equal(ledger_spent(ledger, c, TODAY), 3 * ONE);
    assert_int_equal(ledger_release(ledger, 0, hold), LEDGER_GONE);
    fixture_audit(ledger);
    ledger_close(ledger);
}

static void a_forgotten_users_view_is_money_and_nobodys(void **state) {
    (void)state;
    struct ledger *ledger = fixture_open(NULL, 2, 4, 16);
    uint32_t c = fixture_campaign(ledger, "c", 10 * ONE);
    uint64_t hold = fixture_hold(ledger, 0, c, 3 * ONE);
    struct ledger_win win = {0};
    ledger_forget_user(ledger, 8); /* somebody else */
    ledger_forget_user(ledger, 0);
    assert_int_equal(ledger_won(ledger, 1, hold, NOON, &win), LEDGER_COUNTED);
    assert_int_equal(win.user, 7);
    ledger_forget_user(ledger, 7);
    assert_int_equal(ledger_view(ledger, 1, hold, NOON, &win), LEDGER_COUNTED);
    assert_int_equal(win.user, 0);
    assert_int_equal(win.nanos, 3 * ONE);
    assert_int_equal(ledger_spent(ledger, c, TODAY), 3 * ONE);
    fixture_audit(ledger);
    ledger_close(ledger);
}

static void a_budget_is_kept_to_the_nano(void **state) {
    (void)state;
    struct ledger *ledger = fixture_open(NULL, 2, 4, 32);
    uint32_t c = fixture_campaign(ledger, "c", 3 * ONE + 1);
    struct ledger_win win = fixture_win(c, ONE, NOON);
    struct ledger_stats stats;
    uint64_t hold;
    (void)fixture_hold(ledger, 0, c, ONE);
    (void)fixture_hold(ledger, 1, c, ONE);
    uint64_t third = fixture_hold(ledger, 0, c, ONE);
    assert_int_equal(ledger_reserve(ledger, 1, &win, NOON, &hold), LEDGER_OVER_BUDGET);
    assert_int_equal(hold, 0);
    win.nanos = 2;
    assert_int_equal(ledger_reserve(ledger, 1, &win, NOON, &hold), LEDGER_OVER_BUDGET);
    win.nanos = 1;
    assert_int_equal(ledger_reserve(ledger, 1, &win, NOON, &hold), LEDGER_COUNTED);
    assert_int_equal(ledger_release(ledger, 0, third), LEDGER_COUNTED);
    assert_int_equal(ledger_release(ledger, 0, third), LEDGER_GONE);
    assert_int_equal(ledger_view(ledger, 0, third, NOON, NULL), LEDGER_GONE);
    win.nanos = ONE;
    assert_int_equal(ledger_reserve(ledger, 1, &win, NOON, &hold), LEDGER_COUNTED);
    assert_int_equal(ledger_held(ledger, c), 3 * ONE + 1);
    ledger_stats(ledger, &stats);
    assert_int_equal(stats.reserved, 5);
    assert_int_equal(stats.over_budget, 2);
    assert_int_equal(stats.released, 1);
    assert_int_equal(stats.gone, 2);
    assert_int_equal(stats.holds_live, 4);
    fixture_audit(ledger);
    ledger_close(ledger);
}

static void only_who_reserved_releases(void **state) {
    (void)state;
    struct ledger *ledger = fixture_open(NULL, 2, 4, 16);
    uint32_t c = fixture_campaign(ledger, "c", 0);
    uint64_t hold = fixture_hold(ledger, 1, c, ONE);
    assert_int_equal(ledger_release(ledger, 0, hold), LEDGER_GONE);
    assert_int_equal(ledger_held(ledger, c), ONE);
    assert_int_equal(ledger_release(ledger, 1, hold), LEDGER_COUNTED);
    assert_int_equal(ledger_held(ledger, c), 0);
    ledger_close(ledger);
}

static void clicks_and_wins_are_marks(void **state) {
    (void)state;
    struct ledger *ledger = fixture_open(NULL, 2, 4, 16);
    uint32_t c = fixture_campaign(ledger, "c", 0);
    uint64_t hold = fixture_hold(ledger, 0, c, ONE);
    assert_int_equal(ledger_click(ledger, 1, hold, NOON, NULL), LEDGER_COUNTED);
    assert_int_equal(ledger_click(ledger, 0, hold, NOON, NULL), LEDGER_REPEATED);
    assert_int_equal(ledger_view(ledger, 1, hold, NOON, NULL), LEDGER_COUNTED);
    assert_int_equal(ledger_click(ledger, 0, hold, NOON, NULL), LEDGER_REPEATED);
    assert_int_equal(ledger_won(ledger, 0, hold, NOON, NULL), LEDGER_COUNTED);
    assert_int_equal(ledger_won(ledger, 0, hold, NOON, NULL), LEDGER_REPEATED);
    assert_int_equal(ledger_view(ledger, 1, hold, NOON, NULL), LEDGER_REPEATED);
    assert_int_equal(ledger_spent(ledger, c, TODAY), ONE);
    uint64_t late = fixture_hold(ledger, 0, c, ONE);
    assert_int_equal(ledger_click(ledger, 1, late, NOON + 10 * MINUTES, NULL), LEDGER_GONE);
    assert_int_equal(ledger_won(ledger, 1, late, NOON + 10 * MINUTES - 1, NULL), LEDGER_COUNTED);
    fixture_audit(ledger);
    ledger_close(ledger);
}

static void holds_expire_and_come_round_again(void **state) {
    (void)state;
    struct ledger *ledger = fixture_open(NULL, 1, 4, 4);
    uint32_t c = fixture_campaign(ledger, "c", 0);
    uint64_t holds[4], hold;
    struct ledger_win win = fixture_win(c, ONE, NOON);
    for (int i = 0; i < 4; i++)
        holds[i] = fixture_hold(ledger, 0, c, ONE);
    assert_int_equal(ledger_reserve(ledger, 0, &win, NOON, &hold), LEDGER_FULL);
    assert_int_equal(ledger_view(ledger, 0, holds[0], NOON, NULL), LEDGER_COUNTED);
    assert_int_equal(ledger_reserve(ledger, 0, &win, NOON, &hold), LEDGER_FULL);
    int64_t later = NOON + 10 * MINUTES;
    assert_int_equal(ledger_expire(ledger, 0, later - 1, 10), 0);
    assert_int_equal(ledger_view(ledger, 0, holds[1], later, NULL), LEDGER_GONE);
    assert_int_equal(ledger_expire(ledger, 0, later, 2), 2);
    assert_int_equal(ledger_expire(ledger, 0, later, 10), 1);
    assert_int_equal(ledger_held(ledger, c), 0);
    win = fixture_win(c, ONE, later);
    for (int i = 0; i < 4; i++)
        assert_int_equal(ledger_reserve(ledger, 0, &win, later, &hold), LEDGER_COUNTED);
    for (int i = 0; i < 4; i++)
        assert_int_equal(ledger_view(ledger, 0, holds[i], later, NULL), LEDGER_GONE);
    assert_int_equal(ledger_spent(ledger, c, TODAY), ONE);
    fixture_audit(ledger);
    ledger_close(ledger);
}

/* One that lives a day between others that live minutes. */
static void a_long_hold_stops_nobody(void **state) {
    (void)state;
    struct ledger *ledger = fixture_open(NULL, 1, 4, 8);
    uint32_t c = fixture_campaign(ledger, "c", 0);
    uint64_t hold, lasting;
    struct ledger_win win = fixture_win(c, 5, NOON);
    win.expires = NOON + 86400;
    assert_int_equal(ledger_reserve(ledger, 0, &win, NOON, &lasting), LEDGER_COUNTED);
    for (int i = 0; i < 100; i++) {
        int64_t now = NOON + INT64_C(11) * i * MINUTES;
        win = fixture_win(c, 1, now);
        assert_int_equal(ledger_reserve(ledger, 0, &win, now, &hold), LEDGER_COUNTED);
        assert_true(ledger_held(ledger, c) <= 5 + 9);
    }
    assert_int_equal(ledger_view(ledger, 0, lasting, NOON + 86399, NULL), LEDGER_COUNTED);
    fixture_audit(ledger);
    ledger_close(ledger);
}

static void money_is_of_the_day_of_the_win(void **state) {
    (void)state;
    struct ledger *ledger = fixture_open(NULL, 2, 4, 16);
    uint32_t c = fixture_campaign(ledger, "c", 2 * ONE);
    int64_t midnight = (TODAY + 1) * 86400, now = midnight - 60;
    struct ledger_win win = fixture_win(c, ONE, now);
    uint64_t yesterday, hold;
    assert_int_equal(ledger_reserve(ledger, 0, &win, now, &yesterday), LEDGER_COUNTED);
    assert_int_equal(ledger_reserve(ledger, 0, &win, now, &hold), LEDGER_COUNTED);
    assert_int_equal(ledger_reserve(ledger, 0, &win, now, &hold), LEDGER_OVER_BUDGET);
    win = fixture_win(c, ONE, midnight);
    assert_int_equal(ledger_reserve(ledger, 0, &win, midnight, &hold), LEDGER_COUNTED);
    assert_int_equal(ledger_reserve(ledger, 1, &win, midnight, &hold), LEDGER_COUNTED);
    assert_int_equal(ledger_reserve(ledger, 1, &win, midnight, &hold), LEDGER_OVER_BUDGET);
    assert_int_equal(ledger_view(ledger, 1, yesterday, midnight + 5, NULL), LEDGER_COUNTED);
    assert_int_equal(ledger_spent(ledger, c, TODAY), ONE);
    assert_int_equal(ledger_spent(ledger, c, TODAY + 1), 0);
    assert_int_equal(ledger_held(ledger, c), 3 * ONE);
    assert_int_equal(ledger_expire(ledger, 0, midnight + 10 * MINUTES, 9), 2);
    assert_int_equal(ledger_held(ledger, c), ONE);
    fixture_audit(ledger);
    ledger_close(ledger);
}

/* 2100 and back, and days without any money. */
static void clocks_may_jump(void **state) {
    (void)state;
    struct ledger *ledger = fixture_open(NULL, 1, 4, 16);
    uint32_t c = fixture_campaign(ledger, "c", 2 * ONE);
    int64_t far = INT64_C(47482) * 86400;
    uint64_t hold, old = fixture_hold(ledger, 0, c, ONE);
    struct ledger_win win = fixture_win(c, ONE, far);
    assert_int_equal(ledger_reserve(ledger, 0, &win, far, &hold), LEDGER_COUNTED);
    assert_int_equal(ledger_view(ledger, 0, old, far, NULL), LEDGER_GONE);
    assert_int_equal(ledger_view(ledger, 0, hold, far, NULL), LEDGER_COUNTED);
    assert_int_equal(ledger_spent(ledger, c, 47482), ONE);
    (void)fixture_hold(ledger, 0, c, ONE);
    (void)fixture_hold(ledger, 0, c, ONE);
    win = fixture_win(c, ONE, NOON);
    assert_int_equal(ledger_reserve(ledger, 0, &win, NOON, &hold), LEDGER_OVER_BUDGET);
    win = fixture_win(c, ONE, 5);
    assert_int_equal(ledger_reserve(ledger, 0, &win, 5, &hold), LEDGER_COUNTED);
    assert_int_equal(ledger_spent(ledger, c, INT64_MIN), 0);
    ledger_close(ledger);
}

static void a_partners_bid_costs_nothing(void **state) {
    (void)state;
    struct ledger *ledger = fixture_open(NULL, 2, 4, 16);
    struct ledger_win win = fixture_win(LEDGER_NONE, 5 * ONE, NOON), seen;
    uint64_t hold;
    assert_int_equal(ledger_reserve(ledger, 0, &win, NOON, &hold), LEDGER_COUNTED);
    assert_int_equal(ledger_view(ledger, 1, hold, NOON, &seen), LEDGER_COUNTED);
    assert_int_equal(seen.campaign, LEDGER_NONE);
    assert_int_equal(seen.nanos, 5 * ONE);
    assert_int_equal(ledger_view(ledger, 0, hold, NOON, &seen), LEDGER_REPEATED);
    fixture_audit(ledger);
    ledger_close(ledger);
}

static void what_is_bent_is_gone_or_refused(void **state) {
    (void)state;
    struct ledger *ledger = fixture_open(NULL, 2, 4, 16);
    uint32_t c = fixture_campaign(ledger, "c", 0);
    uint64_t hold = fixture_hold(ledger, 0, c, ONE), none;
    for (int bit = 0; bit < 64; bit++)
        assert_int_equal(ledger_view(ledger, 0, hold ^ UINT64_C(1) << bit, NOON, NULL), LEDGER_GONE);
    assert_int_equal(ledger_view(ledger, 0, 0, NOON, NULL), LEDGER_GONE);
    struct ledger_win win = fixture_win(c + 1, ONE, NOON);
    assert_int_equal(ledger_reserve(ledger, 0, &win, NOON, &none), LEDGER_OVER_BUDGET);
    win = fixture_win(c, -1, NOON);
    assert_int_equal(ledger_reserve(ledger, 0, &win, NOON, &none), LEDGER_OVER_BUDGET);
    win.nanos = INT64_MAX;
    assert_int_equal(ledger_reserve(ledger, 0, &win, NOON, &none), LEDGER_OVER_BUDGET);
    win = fixture_win(c, 1, NOON);
    assert_int_equal(ledger_reserve(ledger, 2, &win, NOON, &none), LEDGER_OVER_BUDGET);
    fixture_audit(ledger);
    ledger_close(ledger);
}

static void pacing_limits_and_rates(void **state) {
    (void)state;
    struct ledger *ledger = fixture_open(NULL, 1, 4, 16);
    uint32_t c = fixture_campaign(ledger, "c", 10 * ONE);
    struct ledger_win win = fixture_win(c, ONE, NOON);
    uint64_t hold, epoch = ledger_epoch(ledger);
    assert_int_equal(ledger_rate(ledger, c), LEDGER_RATE_FULL);
    ledger_pace(ledger, c, ONE, 100);
    assert_int_equal(ledger_rate(ledger, c), 100);
    assert_true(ledger_epoch(ledger) != epoch);
    epoch = ledger_epoch(ledger);
    ledger_pace(ledger, c, ONE, 100);
    assert_true(ledger_epoch(ledger) == epoch);
    (void)fixture_hold(ledger, 0, c, ONE);
    assert_int_equal(ledger_reserve(ledger, 0, &win, NOON, &hold), LEDGER_OVER_BUDGET);
    ledger_pace(ledger, c, 100 * ONE, LEDGER_RATE_FULL);
    for (int i = 1; i < 10; i++)
        (void)fixture_hold(ledger, 0, c, ONE);
    assert_int_equal(ledger_reserve(ledger, 0, &win, NOON, &hold), LEDGER_OVER_BUDGET);
    ledger_close(ledger);
}

static void campaigns_are_found_and_renewed(void **state) {
    (void)state;
    struct ledger *ledger = fixture_open(NULL, 1, 4, 4);
    struct ledger_campaign_facts facts;
    uint64_t epoch = ledger_epoch(ledger);
    char id[100];
    memset(id, 'x', sizeof id);
    uint32_t c = fixture_campaign(ledger, "one", 5);
    assert_true(ledger_epoch(ledger) != epoch);
    assert_int_equal(fixture_campaign(ledger, "one", 6), c);
    assert_int_equal(ledger_campaign_find(ledger, hash_bytes(STR("one"), 0)), c);
    assert_int_equal(ledger_campaign_find(ledger, hash_bytes(STR("two"), 0)), LEDGER_NONE);
    assert_int_equal(ledger_campaign_find(ledger, 0), LEDGER_NONE);
    assert_true(ledger_campaign_facts(ledger, c, &facts));
    assert_int_equal(facts.daily_budget, 6);
    assert_true(str_eq(facts.id, STR("one")));
    facts = (struct ledger_campaign_facts){77, {id, sizeof id}, -5, 3, 24};
    c = ledger_campaign_note(ledger, &facts, NOON);
    assert_true(ledger_campaign_facts(ledger, c, &facts));
    assert_int_equal(facts.id.n, LEDGER_ID_BYTES);
    assert_int_equal(facts.daily_budget, 0);
    assert_int_equal(facts.frequency, 3);
    assert_int_equal(facts.frequency_hours, 24);
    assert_false(ledger_campaign_facts(ledger, 2, &facts));
    assert_int_equal(ledger_campaign_count(ledger), 2);
    ledger_close(ledger);
}

static void the_quiet_give_way(void **state) {
    (void)state;
    struct ledger *ledger = fixture_open(NULL, 1, 8, 8);
    struct ledger_campaign_facts facts = {0};
    for (uint64_t key = 1; key <= 8; key++) {
        facts.key = key;
        assert_int_equal(ledger_campaign_note(ledger, &facts, NOON), key - 1);
    }
    facts.key = 9;
    assert_int_equal(ledger_campaign_note(ledger, &facts, NOON + INT64_C(34) * 86400), LEDGER_NONE);
    for (int round = 0; round < 300; round++) { /* many more than the index has entries */
        int64_t now = NOON + (round + 1) * INT64_C(36) * 86400;
        for (uint64_t key = 1; key <= 8; key++) {
            facts.key = 100 * (uint64_t)round + key + 10;
            uint32_t c = ledger_campaign_note(ledger, &facts, now);
            assert_int_not_equal(c, LEDGER_NONE);
            assert_int_equal(ledger_campaign_find(ledger, facts.key), c);
        }
    }
    assert_int_equal(ledger_campaign_find(ledger, 1), LEDGER_NONE);
    ledger_close(ledger);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_view_is_spent_once),
        cmocka_unit_test(a_forgotten_users_view_is_money_and_nobodys),
        cmocka_unit_test(a_budget_is_kept_to_the_nano),
        cmocka_unit_test(only_who_reserved_releases),
        cmocka_unit_test(clicks_and_wins_are_marks),
        cmocka_unit_test(holds_expire_and_come_round_again),
        cmocka_unit_test(a_long_hold_stops_nobody),
        cmocka_unit_test(money_is_of_the_day_of_the_win),
        cmocka_unit_test(clocks_may_jump),
        cmocka_unit_test(a_partners_bid_costs_nothing),
        cmocka_unit_test(what_is_bent_is_gone_or_refused),
        cmocka_unit_test(pacing_limits_and_rates),
        cmocka_unit_test(campaigns_are_found_and_renewed),
        cmocka_unit_test(the_quiet_give_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
