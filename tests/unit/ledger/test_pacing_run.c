/* Pacing in a ledger: what it allows and refuses, what is written when, and how a new process goes on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/hash.h"
#include "ledger/pacing.h"
#include "ledger_fixture.h"

#define BUDGET (1000 * ONE)

static struct pacing_state *new_states(uint32_t count) {
    struct pacing_state *states = calloc(count, sizeof(*states));
    assert_non_null(states);
    return states;
}

static enum ledger_result reserve(struct ledger *ledger, uint32_t campaign, int64_t nanos, int64_t now) {
    struct ledger_win win = fixture_win(campaign, nanos, now);
    win.expires = now + 120 * MINUTES;
    uint64_t hold;
    return ledger_reserve(ledger, 0, &win, now, &hold);
}

static void the_limit_follows_the_plan(void **state) {
    (void)state;
    struct ledger *ledger = fixture_open(NULL, 1, 4, 64);
    struct pacing_state *states = new_states(4);
    uint32_t paced = fixture_campaign(ledger, "paced", BUDGET),
             free_one = fixture_campaign(ledger, "free", 0);
    pacing_run(ledger, PACING_EVEN, states, 4, NOON);
    /* First seen at noon: one percent ahead of nothing. */
    assert_int_equal(reserve(ledger, paced, 10 * ONE, NOON), LEDGER_COUNTED);
    assert_int_equal(reserve(ledger, paced, ONE, NOON), LEDGER_OVER_BUDGET);
    assert_int_equal(reserve(ledger, free_one, 5 * BUDGET, NOON), LEDGER_COUNTED);
    assert_int_equal(ledger_rate(ledger, free_one), LEDGER_RATE_FULL);
    /* An hour, in steps of a minute: a twelfth of what was left. */
    for (int64_t now = NOON; now <= NOON + 60 * MINUTES; now += MINUTES)
        pacing_run(ledger, PACING_EVEN, states, 4, (double)now);
    assert_int_equal(reserve(ledger, paced, 84 * ONE, NOON + 60 * MINUTES), LEDGER_OVER_BUDGET);
    assert_int_equal(reserve(ledger, paced, 83 * ONE, NOON + 60 * MINUTES), LEDGER_COUNTED);
    pacing_run(ledger, PACING_ASAP, states, 4, NOON + 60 * MINUTES);
    assert_int_equal(ledger_rate(ledger, paced), LEDGER_RATE_FULL);
    assert_int_equal(reserve(ledger, paced, BUDGET - 93 * ONE, NOON + 60 * MINUTES), LEDGER_COUNTED);
    pacing_run(ledger, PACING_ASAP, states, 4, NOON + 60 * MINUTES);
    assert_int_equal(ledger_rate(ledger, paced), 0);
    free(states);
    ledger_close(ledger);
}

/* The day's budget is new after midnight, and what yesterday holds is not today's. */
static void midnight(void **state) {
    (void)state;
    struct ledger *ledger = fixture_open(NULL, 1, 4, 64);
    struct pacing_state *states = new_states(4);
    uint32_t campaign = fixture_campaign(ledger, "c", BUDGET);
    int64_t late = (TODAY + 1) * 86400 - 60;
    pacing_run(ledger, PACING_ASAP, states, 4, (double)late);
    assert_int_equal(reserve(ledger, campaign, BUDGET, late), LEDGER_COUNTED);
    assert_int_equal(reserve(ledger, campaign, ONE, late), LEDGER_OVER_BUDGET);
    pacing_run(ledger, PACING_EVEN, states, 4, (double)late + 61);
    assert_int_equal(reserve(ledger, campaign, 10 * ONE, late + 61), LEDGER_COUNTED);
    assert_int_equal(reserve(ledger, campaign, ONE, late + 61), LEDGER_OVER_BUDGET);
    free(states);
    ledger_close(ledger);
}

static void a_rate_that_hardly_changes_is_not_written(void **state) {
    (void)state;
    struct ledger *ledger = fixture_open(NULL, 1, 4, 64);
    struct pacing_state *states = new_states(4);
    uint32_t campaign = fixture_campaign(ledger, "c", BUDGET);
    pacing_run(ledger, PACING_EVEN, states, 4, NOON);
    uint16_t rate = ledger_rate(ledger, campaign);
    uint64_t epoch = ledger_epoch(ledger);
    assert_true(rate > 0 && rate < LEDGER_RATE_FULL);
    pacing_run(ledger, PACING_EVEN, states, 4, NOON + 0.25);
    assert_int_equal(ledger_epoch(ledger), epoch);
    assert_int_equal(ledger_rate(ledger, campaign), rate);
    for (uint32_t i = 0; i < 400; i++) /* nothing is won: it must rise */
        pacing_run(ledger, PACING_EVEN, states, 4, NOON + i);
    assert_true(ledger_epoch(ledger) > epoch);
    assert_true(ledger_rate(ledger, campaign) > rate);
    free(states);
    ledger_close(ledger);
}

/* A new process begins from the rate that stands in the ledger, and one of another campaign not at all. */
static void a_new_process_goes_on_from_the_rate(void **state) {
    (void)state;
    struct ledger *ledger = fixture_open(NULL, 1, 4, 64);
    uint32_t campaign = fixture_campaign(ledger, "c", BUDGET);
    ledger_pace(ledger, campaign, BUDGET, 100);
    struct pacing_state *states = new_states(4);
    pacing_run(ledger, PACING_EVEN, states, 4, NOON);
    assert_in_range(ledger_rate(ledger, campaign), 98, 102);
    states[campaign].key++;
    states[campaign].level = 0;
    states[campaign].had = BUDGET;
    pacing_run(ledger, PACING_EVEN, states, 4, NOON + 1);
    assert_int_equal(states[campaign].had, 0);
    assert_in_range(ledger_rate(ledger, campaign), 98, 102);
    free(states);
    ledger_close(ledger);
}

static void many_campaigns_take_several_calls(void **state) {
    (void)state;
    const uint32_t many = PACING_MOST_STEPS + 100;
    struct ledger *ledger = fixture_open(NULL, 1, many, 64);
    struct pacing_state *states = new_states(many);
    for (uint32_t i = 0; i < many; i++) {
        char id[16];
        snprintf(id, sizeof(id), "c%u", i);
        fixture_campaign(ledger, id, BUDGET);
    }
    pacing_run(ledger, PACING_EVEN, states, many, NOON);
    assert_int_equal(ledger_rate(ledger, many - 1), LEDGER_RATE_FULL);
    assert_true(ledger_rate(ledger, 0) < LEDGER_RATE_FULL);
    pacing_run(ledger, PACING_EVEN, states, many, NOON + 0.25);
    for (uint32_t i = 0; i < many; i++)
        assert_true(ledger_rate(ledger, i) < LEDGER_RATE_FULL);
    /* States for fewer campaigns than there are: the others are left alone. */
    states[0].next = many;
    pacing_run(ledger, PACING_EVEN, states, 10, NOON + 0.5);
    pacing_run(ledger, PACING_EVEN, states, 0, NOON + 0.5);
    free(states);
    ledger_close(ledger);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_limit_follows_the_plan),
        cmocka_unit_test(midnight),
        cmocka_unit_test(a_rate_that_hardly_changes_is_not_written),
        cmocka_unit_test(a_new_process_goes_on_from_the_rate),
        cmocka_unit_test(many_campaigns_take_several_calls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
