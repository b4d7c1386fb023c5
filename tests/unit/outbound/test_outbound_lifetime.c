/* Who may destroy what and when: with calls in flight, from inside a done, and calls begun inside a done. */
#include "fixture.h"

#include <string.h>

static void destroy_with_calls_in_flight(void **state) {
    struct fixture *f = *state;
    struct told told[8];
    struct outbound_target *a = fixture_target(f, "/never");
    struct outbound_target *b = fixture_target(f, "/slow/20");
    for (size_t i = 0; i < COUNT_OF(told); i++)
        fixture_send(f, i % 2 ? a : b, "{}", 2000, &told[i]);
    fixture_run_ms(f, 5);
    outbound_target_destroy(a);
    f->wanted = 4;
    fixture_wait(f);
    for (size_t i = 0; i < COUNT_OF(told); i++)
        assert_int_equal(told[i].count, i % 2 ? 0 : 1);
    for (size_t i = 0; i < 4; i++)
        fixture_send(f, b, "{}", 2000, &told[i]);
    f->wanted = 0;
    /* the teardown destroys the outbound, b and these calls, not even started */
}

static void destroy_with_late_and_failed_calls(void **state) {
    struct fixture *f = *state;
    struct told told[2];
    struct outbound_target *target = fixture_target(f, "/never");
    assert_int_equal(fixture_ask(f, target, "{}", 10).outcome, OUTBOUND_TIMEOUT);
    fixture_send(f, target, "{}", 0, &told[0]); /* its done is due */
    fixture_send(f, target, "{}", 1000, &told[1]);
    outbound_target_destroy(target);
    f->wanted = 0;
    fixture_run_ms(f, 30);
    assert_int_equal(told[0].count + told[1].count, 0);
    assert_int_equal(f->server.open, 0);
}

struct destroyer {
    struct fixture *fixture;
    struct outbound_target *target;
    bool everything;
    unsigned count;
};

static void destroy_inside(void *ctx, const struct outbound_result *result) {
    struct destroyer *d = ctx;
    d->count++;
    size_t n = result->body.n;
    if (d->everything) {
        outbound_destroy(d->fixture->outbound);
        d->fixture->outbound = NULL;
    } else {
        outbound_target_destroy(d->target);
        assert_null(outbound_begin(d->target)); /* alive until this returns, and refuses */
    }
    if (n)
        assert_memory_equal(result->body.p, "{\"ok\":true}", n); /* the view lives as long as the callback */
    loop_stop(d->fixture->loop);
}

static void destroyed_inside_done(struct fixture *f, const char *path, uint64_t deadline_ms,
                                  bool everything) {
    struct destroyer d = {.fixture = f, .target = fixture_target(f, path), .everything = everything};
    for (int i = 0; i < 4; i++) {
        struct outbound_call *call = outbound_begin(d.target);
        assert_non_null(call);
        buf_add(outbound_call_body(call), "{}", 2);
        outbound_send(call, loop_now(f->loop) + deadline_ms * 1000, destroy_inside, &d);
    }
    assert_int_equal(loop_run(f->loop), 0);
    fixture_run_ms(f, 30);
    assert_int_equal(d.count, 1); /* the others were cut without a word */
}

static void target_destroyed_inside_done(void **state) {
    destroyed_inside_done(*state, "/ok", 2000, false);
}

static void target_destroyed_inside_timeout(void **state) {
    destroyed_inside_done(*state, "/never", 20, false);
}

static void target_destroyed_inside_immediate_failure(void **state) {
    destroyed_inside_done(*state, "/ok", 0, false);
}

static void outbound_destroyed_inside_done(void **state) {
    destroyed_inside_done(*state, "/ok", 2000, true);
}

static void outbound_destroyed_inside_timeout(void **state) {
    destroyed_inside_done(*state, "/never", 20, true);
}

static void outbound_destroyed_inside_immediate_failure(void **state) {
    destroyed_inside_done(*state, "/ok", 0, true);
}

struct chain {
    struct fixture *fixture;
    struct outbound_target *target;
    uint64_t deadline_ms;
    unsigned left;
    unsigned depth;
    unsigned answered;
};

static void chain_next(struct chain *chain);

static void chain_done(void *ctx, const struct outbound_result *result) {
    struct chain *chain = ctx;
    assert_int_equal(chain->depth, 0);
    chain->depth++;
    chain->answered += result->outcome == OUTBOUND_ANSWERED;
    if (--chain->left == 0)
        loop_stop(chain->fixture->loop);
    else
        chain_next(chain);
    chain->depth--;
}

static void chain_next(struct chain *chain) {
    struct outbound_call *call = outbound_begin(chain->target);
    assert_non_null(call);
    buf_add(outbound_call_body(call), "{}", 2);
    outbound_send(call, loop_now(chain->fixture->loop) + chain->deadline_ms * 1000, chain_done, chain);
}

static void calls_begun_inside_done(void **state) {
    struct fixture *f = *state;
    struct chain chain = {.fixture = f, .target = fixture_target(f, "/ok"), .deadline_ms = 2000, .left = 50};
    chain_next(&chain);
    assert_int_equal(loop_run(f->loop), 0);
    assert_int_equal(chain.answered, 50);
    assert_true(fixture_stats(chain.target).connections_opened <= 2);
}

/* Each try fails at once: the loop keeps turning between them, so a timer still runs. */
static void failing_again_and_again_lets_the_loop_turn(void **state) {
    struct fixture *f = *state;
    struct chain chain = {
        .fixture = f, .target = fixture_target(f, "/ok"), .deadline_ms = 0, .left = UINT32_MAX};
    chain_next(&chain);
    fixture_run_ms(f, 20);
    assert_true(chain.left < UINT32_MAX - 10);
    outbound_target_destroy(chain.target);
}

static void abandon_inside_done(void **state) {
    struct fixture *f = *state;
    struct told told[2];
    f->options.late_timeout_us = 0; /* abandoned is cut at once, next to the answers being delivered */
    struct outbound_target *target = fixture_target(f, "/ok");
    struct outbound_call *slow = fixture_send(f, fixture_target(f, "/never"), "{}", 2000, &told[1]);
    f->wanted = 1;
    fixture_send(f, target, "{}", 2000, &told[0]);
    f->wanted = 1;
    fixture_wait(f);
    outbound_abandon(slow);
    fixture_run_ms(f, 20);
    assert_int_equal(told[0].count, 1);
    assert_int_equal(told[1].count, 0);
}

static void nothing_to_destroy(void **state) {
    (void)state;
    outbound_target_destroy(NULL);
    outbound_destroy(NULL);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, fixture_setup, fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(destroy_with_calls_in_flight),
        TEST(destroy_with_late_and_failed_calls),
        TEST(target_destroyed_inside_done),
        TEST(target_destroyed_inside_timeout),
        TEST(target_destroyed_inside_immediate_failure),
        TEST(outbound_destroyed_inside_done),
        TEST(outbound_destroyed_inside_timeout),
        TEST(outbound_destroyed_inside_immediate_failure),
        TEST(calls_begun_inside_done),
        TEST(failing_again_and_again_lets_the_loop_turn),
        TEST(abandon_inside_done),
        cmocka_unit_test(nothing_to_destroy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
