/* Deadlines, late calls and abandoned ones: done comes in time, the connection survives, and lateness is
 * bounded. */
#include "fixture.h"

static void deadline_is_kept(void **state) {
    struct fixture *f = *state;
    struct told told = fixture_ask(f, fixture_target(f, "/never"), "{}", 30);
    assert_int_equal(told.outcome, OUTBOUND_TIMEOUT);
    assert_int_equal(told.status, 0);
    assert_true(told.took_us >= 30000);
    assert_true(told.took_us < 500000);
}

static void late_answer_keeps_the_connection(void **state) {
    struct fixture *f = *state;
    struct outbound_target *target = fixture_target(f, "/slow/60");
    assert_int_equal(fixture_ask(f, target, "{}", 20).outcome, OUTBOUND_TIMEOUT);
    assert_int_equal(fixture_stats(target).late, 1);
    assert_int_equal(fixture_stats(target).in_flight, 1);
    fixture_run_ms(f, 120);
    assert_int_equal(fixture_stats(target).late, 0);
    assert_int_equal(fixture_stats(target).late_answered, 1);
    struct told told = fixture_ask(f, target, "{}", 2000);
    assert_int_equal(told.outcome, OUTBOUND_ANSWERED);
    assert_string_equal(told.body, "{\"ok\":true}"); /* its own, not the late one's */
    assert_int_equal(fixture_stats(target).connections_opened, 1);
}

static void late_timeout_cuts(void **state) {
    struct fixture *f = *state;
    f->options.late_timeout_us = 40000;
    struct outbound_target *target = fixture_target(f, "/never");
    assert_int_equal(fixture_ask(f, target, "{}", 20).outcome, OUTBOUND_TIMEOUT);
    assert_int_equal(f->server.open, 1);
    fixture_run_ms(f, 150);
    assert_int_equal(fixture_stats(target).late_cut, 1);
    assert_int_equal(fixture_stats(target).in_flight, 0);
    assert_int_equal(f->server.open, 0);
}

static void max_late_cuts_the_newest(void **state) {
    struct fixture *f = *state;
    struct told told[4];
    f->options.max_late = 2;
    struct outbound_target *target = fixture_target(f, "/slow/200");
    for (size_t i = 0; i < COUNT_OF(told); i++)
        fixture_send(f, target, "{}", 50, &told[i]);
    fixture_wait(f);
    assert_int_equal(fixture_stats(target).late, 2);
    assert_int_equal(fixture_stats(target).late_cut, 2);
    fixture_run_ms(f, 300);
    assert_int_equal(fixture_stats(target).late_answered, 2);
    assert_int_equal(fixture_stats(target).late, 0);
    assert_int_equal(f->server.open, 2);
}

static void late_bytes_are_bounded(void **state) {
    struct fixture *f = *state;
    f->options.max_answer_bytes = 5;
    f->options.late_timeout_us = 5000000;
    struct outbound_target *target = fixture_target(f, "/slow/60");
    assert_int_equal(fixture_ask(f, target, "{}", 20).outcome, OUTBOUND_TIMEOUT);
    fixture_run_ms(f, 120);
    assert_int_equal(fixture_stats(target).late, 0);
    assert_int_equal(fixture_stats(target).late_cut, 1);
    assert_int_equal(f->server.open, 0);
}

static void late_drip_is_cut(void **state) {
    struct fixture *f = *state;
    f->options.late_timeout_us = 80000;
    struct outbound_target *target = fixture_target(f, "/drip");
    struct told told = fixture_ask(f, target, "{}", 50);
    assert_int_equal(told.outcome, OUTBOUND_TIMEOUT);
    assert_string_equal(told.body, "");
    fixture_run_ms(f, 150);
    assert_int_equal(fixture_stats(target).late_cut, 1);
    assert_int_equal(f->server.open, 0);
}

static void abandoned_is_not_told_and_keeps_the_connection(void **state) {
    struct fixture *f = *state;
    struct told told;
    struct outbound_target *target = fixture_target(f, "/slow/60");
    struct outbound_call *call = fixture_send(f, target, "{}", 2000, &told);
    fixture_run_ms(f, 10);
    outbound_abandon(call);
    f->wanted = 0;
    assert_int_equal(fixture_stats(target).late, 1);
    fixture_run_ms(f, 150);
    assert_int_equal(told.count, 0);
    assert_int_equal(fixture_stats(target).late_answered, 1);
    assert_int_equal(fixture_ask(f, target, "{}", 2000).outcome, OUTBOUND_ANSWERED);
    assert_int_equal(fixture_stats(target).connections_opened, 1);
}

static void abandoned_before_the_loop_turns(void **state) {
    struct fixture *f = *state;
    struct told told;
    struct outbound_target *target = fixture_target(f, "/ok");
    outbound_abandon(fixture_send(f, target, "{}", 2000, &told));
    /* one that failed at once, too */
    struct outbound_call *call = fixture_send(f, target, "{}", 0, &told);
    outbound_abandon(call);
    f->wanted = 0;
    fixture_run_ms(f, 50);
    assert_int_equal(told.count, 0);
    assert_int_equal(fixture_stats(target).in_flight, 0);
}

static void no_lateness_when_not_wanted(void **state) {
    struct fixture *f = *state;
    f->options.late_timeout_us = 0;
    struct outbound_target *target = fixture_target(f, "/slow/100");
    assert_int_equal(fixture_ask(f, target, "{}", 20).outcome, OUTBOUND_TIMEOUT);
    assert_int_equal(fixture_stats(target).in_flight, 0);
    fixture_run_ms(f, 20);
    assert_int_equal(f->server.open, 0);
}

static void deadline_that_passed_sends_nothing(void **state) {
    struct fixture *f = *state;
    struct outbound_target *target = fixture_target(f, "/ok");
    assert_int_equal(fixture_ask(f, target, "{}", 0).outcome, OUTBOUND_TIMEOUT);
    fixture_run_ms(f, 20);
    assert_int_equal(f->server.accepted, 0);
}

static void late_calls_count_as_in_flight(void **state) {
    struct fixture *f = *state;
    f->options.max_in_flight = 1;
    struct outbound_target *target = fixture_target(f, "/slow/60");
    assert_int_equal(fixture_ask(f, target, "{}", 20).outcome, OUTBOUND_TIMEOUT);
    assert_null(outbound_begin(target));
    fixture_run_ms(f, 100);
    assert_int_equal(fixture_ask(f, target, "{}", 2000).outcome, OUTBOUND_ANSWERED);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, fixture_setup, fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(deadline_is_kept),
        TEST(late_answer_keeps_the_connection),
        TEST(late_timeout_cuts),
        TEST(max_late_cuts_the_newest),
        TEST(late_bytes_are_bounded),
        TEST(late_drip_is_cut),
        TEST(abandoned_is_not_told_and_keeps_the_connection),
        TEST(abandoned_before_the_loop_turns),
        TEST(no_lateness_when_not_wanted),
        TEST(deadline_that_passed_sends_nothing),
        TEST(late_calls_count_as_in_flight),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
