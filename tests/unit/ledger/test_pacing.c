/*
 * Days of a campaign under the pacing controller: step by step of 250 ms, with auctions that arrive at
 * random, holds that become views late or never, and a plain sum in place of the ledger.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/prng.h"
#include "ledger/pacing.h"

#define DAY_S    86400
#define DAY      20800 /* days since 1970 */
#define STEP_S   (PACING_INTERVAL_MS / 1000.0)
#define MOST_GAP 0.05 /* of the budget: between the plan and what is spent */
#define UNIT     1000000

struct day {
    int64_t budget;
    int64_t least_price, most_price;
    double wins;             /* a second that the campaign could have, averaged over the day */
    double (*shape)(int);    /* of traffic by the second of the day, averages 1 */
    int first, last;         /* seconds of the day; last 0: the whole day */
    double seen;             /* share of wins that become views */
    double delay, hold;      /* seconds until a view, mean; until a hold expires */
    double (*clock)(double); /* what the controller is told; NULL: the truth */
    enum pacing how;
    uint64_t seed;
};

struct course {
    int64_t spent, held, budget;
    double most_above, most_below; /* used against the plan, shares of the budget */
    double most_spent_below;
    int64_t most_limit, last_limit;
    bool limit_fell;
    double rates, rate_squares; /* sums */
    uint32_t steps;
    struct pacing_state state;
};

/* What becomes of holds, by second. */
static int64_t viewed_at[2 * DAY_S], expired_at[2 * DAY_S];

/* 5 : 1 between the evening and the early morning. */
static double diurnal(int second) {
    return 1 + 2.0 / 3 * sin((second - 14 * 3600) * 2 * M_PI / DAY_S);
}
/* Two minutes of each quarter of an hour have ten times as much as the rest. */
static double bursts(int second) {
    return (second % 900 < 120 ? 10 : 1) / 2.2;
}
/* Nothing at all for an hour before noon. */
static double outage(int second) {
    return second / 3600 == 11 ? 0 : 24.0 / 23;
}

static void settle(struct course *course, int second) {
    course->held -= viewed_at[second] + expired_at[second];
    course->spent += viewed_at[second];
}

static void win(const struct day *day, struct course *course, struct prng *prng, int second) {
    int64_t price =
        day->least_price + (int64_t)(prng_double(prng) * (double)(day->most_price - day->least_price + 1));
    if (course->spent + course->held + price > course->last_limit)
        return;
    course->held += price;
    double wait = prng_exponential(prng, day->delay);
    if (prng_double(prng) < day->seen && wait < day->hold)
        viewed_at[second + 1 + (int)wait] += price;
    else
        expired_at[second + 1 + (int)day->hold] += price;
}

static void observe(const struct day *day, struct course *course, const struct pacing_step *step) {
    double plan = pacing_plan(&course->state), budget = (double)day->budget;
    double above = ((double)(course->spent + course->held) - plan) / budget;
    course->most_above = fmax(course->most_above, above);
    course->most_below = fmax(course->most_below, -above);
    course->most_spent_below = fmax(course->most_spent_below, (plan - (double)course->spent) / budget);
    course->limit_fell |= step->limit < course->last_limit;
    course->most_limit = step->limit > course->most_limit ? step->limit : course->most_limit;
    course->last_limit = step->limit;
    double rate = step->rate / (double)LEDGER_RATE_FULL;
    course->rates += rate;
    course->rate_squares += rate * rate;
    course->steps++;
}

static struct course run(const struct day *day) {
    struct course course = {.budget = day->budget};
    struct prng prng;
    prng_seed(&prng, day->seed + 1);
    memset(viewed_at, 0, sizeof(viewed_at));
    memset(expired_at, 0, sizeof(expired_at));
    double next = day->first, end = day->last ? day->last : DAY_S;
    for (double at = day->first; at < end; at += STEP_S) {
        int second = (int)at;
        if (at == second)
            settle(&course, second);
        double told = day->clock ? day->clock(at) : at;
        struct pacing_step step = pacing_step(&course.state, day->how, day->budget,
                                              course.spent + course.held, (double)DAY * DAY_S + told);
        if (day->how == PACING_EVEN || course.steps == 0)
            observe(day, &course, &step);
        if (day->shape(second) <= 0) {
            next = at + STEP_S;
            continue;
        }
        for (; next < at + STEP_S; next += prng_exponential(&prng, 1 / (day->wins * day->shape(second))))
            if (prng_double(&prng) * LEDGER_RATE_FULL < step.rate)
                win(day, &course, &prng, second);
    }
    printf("    above %.2f %%, below %.2f %%, spent below %.2f %%; at the end spent %.2f %%, held %.2f %%; "
           "rate %.5f\n",
           course.most_above * 100, course.most_below * 100, course.most_spent_below * 100,
           100.0 * (double)course.spent / (double)day->budget,
           100.0 * (double)course.held / (double)day->budget, course.rates / course.steps);
    return course;
}

static void keeps_to_the_plan(const struct course *course) {
    assert_true(course->most_above <= PACING_AHEAD + 1e-9);
    assert_true(course->most_below <= MOST_GAP);
    assert_true(course->most_spent_below <= MOST_GAP);
    assert_true(course->most_limit <= course->budget);
    assert_false(course->limit_fell);
    assert_true((double)(course->spent + course->held) >= (1 - MOST_GAP) * (double)course->budget);
}

static const struct day plain = {
    .budget = INT64_C(20000) * UNIT,
    .least_price = UNIT / 2,
    .most_price = 3 * UNIT / 2,
    .wins = 5,
    .shape = diurnal,
    .seen = 1,
    .delay = 5,
    .hold = 3600,
};

static void traffic_that_varies_five_to_one(void **state) {
    (void)state;
    struct course course = run(&plain);
    keeps_to_the_plan(&course);
    /* Not by the limit alone: the rate itself is near what is needed, a twentieth or so. */
    assert_true(course.rates / course.steps < 0.15);
}

static void other_seeds_and_other_needs(void **state) {
    (void)state;
    const double wins[] = {0.5, 5, 50}; /* twice what is needed, 20 times, 200 times */
    for (uint32_t i = 0; i < 9; i++) {
        struct day day = plain;
        day.seed = i;
        day.wins = wins[i % 3];
        struct course course = run(&day);
        keeps_to_the_plan(&course);
    }
}

static void one_auction_in_ten_thousand(void **state) {
    (void)state;
    struct day day = plain;
    day.budget = 500 * UNIT;
    day.wins = 58;
    struct course course = run(&day);
    keeps_to_the_plan(&course);
}

static void bursts_and_an_outage(void **state) {
    (void)state;
    struct day day = plain;
    day.shape = bursts;
    struct course course = run(&day);
    keeps_to_the_plan(&course);
    day.shape = outage;
    course = run(&day);
    keeps_to_the_plan(&course);
}

/* What is left of the day gets all of the budget, up to four times the speed of a whole day. */
static void a_campaign_that_begins_later(void **state) {
    (void)state;
    struct day day = plain;
    day.first = 12 * 3600;
    struct course course = run(&day);
    keeps_to_the_plan(&course);
    day.first = 23 * 3600;
    course = run(&day);
    assert_true(course.most_above <= PACING_AHEAD && course.most_below <= MOST_GAP);
    assert_float_equal((double)course.spent / (double)day.budget, 4.0 / 24, 0.02);
    /* Within the first minutes it is the whole day's line. */
    day.first = 600;
    course = run(&day);
    keeps_to_the_plan(&course);
}

static void views_that_come_late_or_never(void **state) {
    (void)state;
    struct day day = plain;
    day.delay = 600;
    struct course course = run(&day);
    keeps_to_the_plan(&course);
    day.delay = 5;
    day.seen = 0.6;
    course = run(&day);
    keeps_to_the_plan(&course);
    day.seen = 0; /* nothing is ever seen: what is held is all that there is, and it comes free again */
    course = run(&day);
    assert_int_equal(course.spent, 0);
    assert_true(course.most_above <= PACING_AHEAD + 1e-9);
}

static void one_win_is_a_fiftieth_of_the_budget(void **state) {
    (void)state;
    for (uint32_t i = 0; i < 5; i++) {
        struct day day = plain;
        day.seed = i;
        day.budget = 50 * UNIT;
        day.least_price = day.most_price = UNIT;
        struct course course = run(&day);
        keeps_to_the_plan(&course);
    }
}

static void traffic_that_does_not_suffice_is_taken_whole(void **state) {
    (void)state;
    struct day day = plain;
    day.wins = 0.1; /* of 0.23 a second that are needed */
    struct course course = run(&day);
    assert_true(course.most_above <= PACING_AHEAD);
    assert_true((double)course.spent >= 0.97 * 0.1 * DAY_S * UNIT);
    assert_true(course.spent <= day.budget);
}

static double set_forward_at_ten(double at) {
    return at < 36000 ? at : fmin(at + 5 * 3600, DAY_S - 1);
}
static double set_back_at_ten(double at) {
    return at < 36000 ? at : at - 3 * 3600;
}
static double wrong_year_for_a_minute(double at) {
    return at >= 36000 && at < 36060 ? at + 70.0 * 365 * DAY_S : at;
}

static void a_clock_that_jumps(void **state) {
    (void)state;
    double (*const clocks[])(double) = {set_forward_at_ten, set_back_at_ten, wrong_year_for_a_minute};
    for (uint32_t i = 0; i < 3; i++) {
        struct day day = plain;
        day.clock = clocks[i];
        struct course course = run(&day);
        assert_true(course.most_limit <= course.budget && course.spent <= course.budget);
        assert_true(course.most_above <= PACING_AHEAD + 1e-9 || i == 2);
        assert_true(course.most_below <= MOST_GAP || i == 2);
        assert_true((double)course.spent >= (i == 1 ? 0.85 : 0.95) * (double)course.budget);
    }
}

static void as_fast_as_possible(void **state) {
    (void)state;
    struct day day = plain;
    day.how = PACING_ASAP;
    struct course course = run(&day);
    assert_int_equal(course.last_limit, day.budget);
    assert_true(course.spent <= day.budget && course.spent > day.budget - 2 * UNIT);
}

static void single_steps(void **state) {
    (void)state;
    struct pacing_state pacing = {0};
    struct pacing_step step = pacing_step(&pacing, PACING_ASAP, 100, 99, 1e9);
    assert_int_equal(step.limit, 100);
    assert_int_equal(step.rate, LEDGER_RATE_FULL);
    step = pacing_step(&pacing, PACING_ASAP, 100, 100, 1e9);
    assert_int_equal(step.rate, 0);
    step = pacing_step(&pacing, PACING_EVEN, 0, 5, 1e9);
    assert_true(step.limit == INT64_MAX && step.rate == LEDGER_RATE_FULL);
    const double times[] = {-1e300, -1, 0, 1, 1e18, INFINITY, NAN};
    for (uint32_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        step = pacing_step(&pacing, PACING_EVEN, INT64_MAX, 0, times[i]);
        assert_true(step.limit >= 0 && step.rate > 0);
    }
}

/* The next day begins at 0, with the rate of the day before; a budget that changes begins a new line. */
static void days_follow_and_budgets_change(void **state) {
    (void)state;
    struct pacing_state pacing = {0};
    double noon = (double)DAY * DAY_S + DAY_S / 2.0;
    struct pacing_step step = pacing_step(&pacing, PACING_EVEN, 1000 * UNIT, 500 * UNIT, noon);
    assert_float_equal((double)step.limit, 510.0 * UNIT, 1);
    assert_float_equal(pacing_plan(&pacing), 500.0 * UNIT, 1);
    step = pacing_step(&pacing, PACING_EVEN, 1000 * UNIT, 600 * UNIT, noon + 100);
    uint16_t before = step.rate;
    step = pacing_step(&pacing, PACING_EVEN, 2000 * UNIT, 600 * UNIT, noon + 100.25);
    assert_float_equal((double)step.limit, 620.0 * UNIT, 1);
    assert_true(step.rate > before);
    step = pacing_step(&pacing, PACING_EVEN, 300 * UNIT, 600 * UNIT, noon + 100.5);
    assert_int_equal(step.limit, 300 * UNIT);
    assert_int_equal(step.rate, 0);
    step = pacing_step(&pacing, PACING_EVEN, 300 * UNIT, 0, noon + DAY_S / 2.0);
    assert_float_equal((double)step.limit, 3.0 * UNIT, 1);
    assert_float_equal(pacing_plan(&pacing), 0, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(traffic_that_varies_five_to_one),
        cmocka_unit_test(other_seeds_and_other_needs),
        cmocka_unit_test(one_auction_in_ten_thousand),
        cmocka_unit_test(bursts_and_an_outage),
        cmocka_unit_test(a_campaign_that_begins_later),
        cmocka_unit_test(views_that_come_late_or_never),
        cmocka_unit_test(one_win_is_a_fiftieth_of_the_budget),
        cmocka_unit_test(traffic_that_does_not_suffice_is_taken_whole),
        cmocka_unit_test(a_clock_that_jumps),
        cmocka_unit_test(as_fast_as_possible),
        cmocka_unit_test(single_steps),
        cmocka_unit_test(days_follow_and_budgets_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
