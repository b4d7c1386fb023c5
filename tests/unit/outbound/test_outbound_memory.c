/*
 * What calls and connections are charged, as what, and what becomes of a call that does not fit. That all of
 * it comes back is checked at the end of every test of outbound.
 */
#include "fixture.h"

#include <string.h>

#include "base/memory_costs.h"

#define CALL (MEMORY_HANDLE_BYTES + MEMORY_PLAIN_CONNECTION + MEMORY_PLAIN_TRANSFER_BYTES)

static uint64_t used(const struct fixture *f, enum budget_kind kind) {
    return f->budgets.kinds[kind].used;
}

static void a_call_is_a_transfer_then_kept(void **state) {
    struct fixture *f = *state;
    struct outbound_target *target = fixture_target(f, "/slow/40");
    struct told told;
    assert_int_equal(f->budgets.process.used, 0);
    fixture_send(f, target, "{}", 2000, &told);
    assert_true(used(f, BUDGET_TRANSFERS) > CALL && used(f, BUDGET_TRANSFERS) < CALL + 2000);
    assert_int_equal(used(f, BUDGET_KEPT), 0);
    fixture_wait(f);
    fixture_run_ms(f, 1);
    assert_int_equal(told.outcome, OUTBOUND_ANSWERED);
    assert_int_equal(used(f, BUDGET_TRANSFERS), 0);
    assert_true(used(f, BUDGET_KEPT) >= MEMORY_HANDLE_BYTES + MEMORY_PLAIN_CONNECTION);
    assert_int_equal(outbound_socket_bytes(f->outbound), MEMORY_SOCKET_BYTES);
    uint64_t kept = used(f, BUDGET_KEPT);
    fixture_ask(f, target, "{}", 2000); /* on the kept ones */
    fixture_run_ms(f, 1);
    assert_int_equal(used(f, BUDGET_KEPT), kept);
}

static void a_late_call_is_charged_as_late(void **state) {
    struct fixture *f = *state;
    struct outbound_target *target = fixture_target(f, "/slow/60");
    assert_int_equal(fixture_ask(f, target, "{}", 20).outcome, OUTBOUND_TIMEOUT);
    assert_true(used(f, BUDGET_LATE) >= MEMORY_HANDLE_BYTES + MEMORY_PLAIN_TRANSFER_BYTES);
    assert_int_equal(used(f, BUDGET_TRANSFERS), MEMORY_PLAIN_CONNECTION);
    fixture_run_ms(f, 120);
    assert_int_equal(fixture_stats(target).late_answered, 1);
    assert_int_equal(used(f, BUDGET_LATE), 0);
    assert_int_equal(used(f, BUDGET_TRANSFERS), 0);
}

/* Lateness is the first to go. */
static void without_room_nothing_is_late(void **state) {
    struct fixture *f = *state;
    budgets_set_limit(&f->budgets, 2 * CALL);
    struct outbound_target *target = fixture_target(f, "/never");
    assert_int_equal(fixture_ask(f, target, "{}", 20).outcome, OUTBOUND_TIMEOUT);
    assert_int_equal(fixture_stats(target).late, 0);
    assert_int_equal(fixture_stats(target).late_cut, 1);
    assert_int_equal(used(f, BUDGET_LATE), 0);
}

static void a_call_that_does_not_fit_is_not_begun(void **state) {
    struct fixture *f = *state;
    struct told told[8];
    budgets_set_limit(&f->budgets, 4 * CALL);
    struct outbound_target *target = fixture_target(f, "/slow/40");
    size_t begun = 0;
    while (begun < COUNT_OF(told)) {
        struct outbound_call *call = outbound_begin(target);
        if (!call)
            break;
        outbound_discard(call);
        fixture_send(f, target, "{}", 2000, &told[begun++]);
    }
    assert_in_range(begun, 2, 4);
    assert_true(outbound_target_starved(target));
    assert_true(f->budgets.process.used <= f->budgets.process.limit);
    fixture_wait(f);
    for (size_t i = 0; i < begun; i++)
        assert_int_equal(told[i].outcome, OUTBOUND_ANSWERED);
    fixture_run_ms(f, 1);
    assert_int_equal(fixture_ask(f, target, "{}", 2000).outcome, OUTBOUND_ANSWERED);
    assert_false(outbound_target_starved(target));
}

/* Handles that nobody uses make room for another target's call. */
static void kept_handles_make_room(void **state) {
    struct fixture *f = *state;
    struct outbound_call *calls[16];
    struct outbound_target *first = fixture_target(f, "/ok"), *second = fixture_target(f, "/ok");
    for (size_t i = 0; i < COUNT_OF(calls); i++) {
        calls[i] = outbound_begin(first);
        assert_non_null(calls[i]);
    }
    for (size_t i = 0; i < COUNT_OF(calls); i++)
        outbound_discard(calls[i]);
    assert_int_equal(used(f, BUDGET_KEPT), COUNT_OF(calls) * MEMORY_HANDLE_BYTES);
    budgets_set_limit(&f->budgets, f->budgets.process.used + MEMORY_HANDLE_BYTES);
    assert_int_equal(fixture_ask(f, second, "{}", 2000).outcome, OUTBOUND_ANSWERED);
    assert_true(used(f, BUDGET_KEPT) < COUNT_OF(calls) * MEMORY_HANDLE_BYTES);
}

static void what_nobody_needs_goes_by_and_by(void **state) {
    struct fixture *f = *state;
    struct outbound_call *calls[32];
    struct outbound_target *target = fixture_target(f, "/ok");
    for (size_t i = 0; i < COUNT_OF(calls); i++) {
        calls[i] = outbound_begin(target);
        assert_non_null(calls[i]);
    }
    for (size_t i = 0; i < COUNT_OF(calls); i++)
        outbound_discard(calls[i]);
    outbound_housekeep(f->outbound); /* they were needed until now */
    assert_int_equal(used(f, BUDGET_KEPT), COUNT_OF(calls) * MEMORY_HANDLE_BYTES);
    for (int i = 0; i < 60; i++)
        outbound_housekeep(f->outbound);
    assert_int_equal(used(f, BUDGET_KEPT), 0);
}

static void an_answer_that_does_not_fit_is_cut(void **state) {
    struct fixture *f = *state;
    budgets_set_limit(&f->budgets, 3 * CALL);
    struct outbound_target *target = fixture_target(f, "/endless");
    assert_int_equal(fixture_ask(f, target, "{}", 2000).outcome, OUTBOUND_NO_MEMORY);
    assert_true(f->budgets.process.peak <= f->budgets.process.limit);
}

static void a_request_that_does_not_fit_is_not_sent(void **state) {
    struct fixture *f = *state;
    budgets_set_limit(&f->budgets, 3 * CALL);
    struct outbound_call *call = outbound_begin(fixture_target(f, "/ok"));
    assert_non_null(call);
    struct buf *body = outbound_call_body(call);
    for (int i = 0; i < 100000; i++)
        buf_add_char(body, 'x');
    assert_true(body->failed && body->starved);
    outbound_discard(call);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_call_is_a_transfer_then_kept),
        TEST(a_late_call_is_charged_as_late),
        TEST(without_room_nothing_is_late),
        TEST(a_call_that_does_not_fit_is_not_begun),
        TEST(kept_handles_make_room),
        TEST(what_nobody_needs_goes_by_and_by),
        TEST(an_answer_that_does_not_fit_is_cut),
        TEST(a_request_that_does_not_fit_is_not_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
