/* Jobs through real queues to workers that answer, lie, hang and die. */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "pool_fixture.h"

static int set_up(void **state) {
    struct pool_fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    pool_fixture_init(f, &POOL_SIZES, 16);
    *state = f;
    return 0;
}

static int tear_down(void **state) {
    pool_fixture_cleanup(*state);
    free(*state);
    return 0;
}

/* Every job ended once, or was abandoned. */
static void expect_balance(const struct pool_fixture *f) {
    const struct pool_stats *s = &f->stats;
    assert_int_equal(s->jobs, s->answered + s->late + s->refused + s->lost + s->timed_out + s->abandoned);
    assert_int_equal(s->in_flight, 0);
}

static bool woken(const struct pool_side *side) {
    uint64_t count = 0;
    return read(queue_wait_fd(&side->queue), &count, sizeof count) == sizeof count;
}

/* ---- the plain way ---- */

static void a_job_is_answered(void **state) {
    struct pool_fixture *f = *state;
    struct pool_side *side = &f->sides[0];
    pool_fixture_attach(f, 0);
    assert_true(pool_serves(f->pool));
    assert_true(pool_fixture_submit(f, 0, 2));
    assert_true(pool_side_take(side));
    assert_int_equal(side->job.id, 1);
    assert_int_equal(side->job.generation, 7);
    assert_int_equal(side->job.imp_count, 2);
    assert_int_equal(f->stats.in_flight, 1);
    pool_side_answer(side, 1, 7, 2.5);
    pool_fixture_wait(f, 1);
    assert_true(f->ends[0].answered);
    assert_int_equal(f->ends[0].status, ANSWER_DONE);
    assert_true(f->ends[0].price == 2.5);
    assert_int_equal(f->stats.answered, 1);
    expect_balance(f);
}

static void a_sleeping_worker_is_woken_once_a_turn(void **state) {
    struct pool_fixture *f = *state;
    struct pool_side *side = &f->sides[0];
    pool_fixture_attach(f, 0);
    assert_true(queue_sleep(&side->queue));
    assert_true(pool_fixture_submit(f, 0, 1));
    assert_true(pool_fixture_submit(f, 1, 1));
    assert_false(woken(side)); /* not yet: there may be more in this turn */
    pool_fixture_turn(f);
    assert_true(woken(side));
    assert_true(pool_side_take(side));
    assert_true(pool_fixture_submit(f, 2, 1));
    pool_fixture_turn(f);
    assert_false(woken(side)); /* it is awake */
    for (uint64_t id = 1; id <= 3; id++)
        pool_side_answer(side, id, 7, 0);
    pool_fixture_wait(f, 3);
    expect_balance(f);
}

static void jobs_go_to_the_shortest_queue(void **state) {
    struct pool_fixture *f = *state;
    pool_fixture_attach(f, 0);
    pool_fixture_attach(f, 2);
    for (unsigned n = 0; n < 4; n++)
        assert_true(pool_fixture_submit(f, n, 1));
    for (unsigned i = 0; i < 3; i += 2) {
        assert_true(pool_side_take(&f->sides[i]));
        assert_true(pool_side_take(&f->sides[i]));
        assert_false(pool_side_take(&f->sides[i]));
    }
    pool_side_answer(&f->sides[2], 1, 7, 0);
    pool_side_answer(&f->sides[2], 2, 7, 0);
    pool_fixture_wait(f, 2);
    for (unsigned n = 4; n < 6; n++)
        assert_true(pool_fixture_submit(f, n, 1));
    assert_false(pool_side_take(&f->sides[0]));
    assert_true(pool_side_take(&f->sides[2]));
    assert_int_equal(f->sides[2].job.id, 3);
}

static void what_a_worker_says_is_counted(void **state) {
    struct pool_fixture *f = *state;
    static const enum answer_status statuses[] = {ANSWER_LATE, ANSWER_NO_TABLE, ANSWER_FAULT};
    pool_fixture_attach(f, 0);
    for (unsigned n = 0; n < 3; n++) {
        assert_true(pool_fixture_submit(f, n, 1));
        pool_side_say(&f->sides[0], &(struct answer){.id = n + 1, .generation = 7, .status = statuses[n]});
        pool_fixture_wait(f, n + 1);
        assert_true(f->ends[n].answered);
        assert_int_equal(f->ends[n].status, statuses[n]);
    }
    assert_int_equal(f->stats.late, 1);
    assert_int_equal(f->stats.refused, 2);
    assert_int_equal(f->stats.workers_live, 1);
    expect_balance(f);
}

/* ---- what is not taken ---- */

static void without_a_table_or_a_worker_jobs_are_shed(void **state) {
    struct pool_fixture *f = *state;
    assert_false(pool_serves(f->pool));
    assert_false(pool_fixture_submit(f, 0, 1));
    pool_fixture_attach(f, 1);
    assert_true(pool_serves(f->pool));
    pool_set_generation(f->pool, 0);
    assert_false(pool_serves(f->pool));
    assert_false(pool_fixture_submit(f, 0, 1));
    assert_int_equal(f->stats.shed_no_worker, 2);
    pool_set_generation(f->pool, 9);
    assert_int_equal(queue_generation(&f->sides[1].queue), 9);
    assert_true(pool_fixture_submit(f, 0, 1));
    assert_true(pool_side_take(&f->sides[1]));
    assert_int_equal(f->sides[1].job.generation, 9);
    assert_int_equal(f->stats.jobs, 1);
    assert_int_equal(f->stats.generation, 9);
}

static void too_many_jobs_are_shed(void **state) {
    struct pool_fixture *f = *state;
    pool_fixture_attach(f, 0);
    for (unsigned n = 0; n < 16; n++)
        assert_true(pool_fixture_submit(f, n, 1));
    assert_false(pool_fixture_submit(f, 16, 1));
    assert_int_equal(f->stats.shed_full, 1);
    for (uint64_t id = 1; id <= 16; id++)
        pool_side_answer(&f->sides[0], id, 7, 0);
    pool_fixture_wait(f, 16);
    expect_balance(f);
    assert_true(pool_fixture_submit(f, 0, 1));
}

static void a_full_queue_sheds(void **state) {
    struct pool_fixture *f = *state;
    pool_fixture_cleanup(f);
    pool_fixture_init(f, &(struct queue_sizes){RING_LEAST_BYTES, RING_LEAST_BYTES}, POOL_JOBS);
    pool_fixture_attach(f, 0);
    pool_fixture_attach(f, 1);
    unsigned n = 0;
    while (n < POOL_JOBS && pool_fixture_submit(f, n, 4))
        n++;
    assert_true(n > 1 && n < POOL_JOBS);
    assert_int_equal(f->stats.shed_full, 1);
    assert_int_equal(f->stats.in_flight, n);
    /* Both were filled before anything was shed. */
    assert_true(pool_side_take(&f->sides[0]));
    assert_true(pool_side_take(&f->sides[1]));
}

static void a_job_that_no_frame_can_hold_is_shed(void **state) {
    struct pool_fixture *f = *state;
    pool_fixture_attach(f, 0);
    assert_false(pool_fixture_submit(f, 0, JOB_MOST_IMPS + 1));
    assert_int_equal(f->stats.shed_too_large, 1);
    assert_int_equal(f->stats.in_flight, 0);
}

static void an_abandoned_job_is_not_told(void **state) {
    struct pool_fixture *f = *state;
    pool_fixture_attach(f, 0);
    assert_true(pool_fixture_submit(f, 0, 1));
    assert_true(pool_fixture_submit(f, 1, 1));
    pool_abandon(f->ends[0].job);
    assert_int_equal(f->stats.in_flight, 2);
    pool_side_answer(&f->sides[0], 1, 7, 1);
    pool_side_answer(&f->sides[0], 2, 7, 1);
    pool_fixture_wait(f, 1);
    assert_int_equal(f->ends[0].calls, 0);
    assert_int_equal(f->ends[1].calls, 1);
    assert_int_equal(f->stats.abandoned, 1);
    expect_balance(f);
}

/* ---- death ---- */

static void what_a_dead_worker_finished_counts(void **state) {
    struct pool_fixture *f = *state;
    pool_fixture_attach(f, 0);
    for (unsigned n = 0; n < 4; n++)
        assert_true(pool_fixture_submit(f, n, 1));
    pool_fixture_attach(f, 1);
    pool_abandon(f->ends[3].job);
    pool_side_answer(&f->sides[0], 1, 7, 4);
    pool_side_kill(&f->sides[0]);
    pool_fixture_wait(f, 1);
    pool_fixture_turn(f);
    assert_true(f->ends[0].answered);
    assert_int_equal(f->stats.workers_live, 1);
    assert_int_equal(f->stats.resubmitted, 2);
    /* The others are on the second worker's queue, in their order; the abandoned one is nowhere. */
    assert_int_equal(f->stats.in_flight, 2);
    assert_true(pool_side_take(&f->sides[1]));
    assert_int_equal(f->sides[1].job.id, 1);
    assert_int_equal(f->sides[1].job.imp_count, 1);
    assert_true(pool_side_take(&f->sides[1]));
    assert_false(pool_side_take(&f->sides[1]));
    pool_side_answer(&f->sides[1], 1, 7, 5);
    pool_fixture_wait(f, 2);
    assert_true(f->ends[1].price == 5);
    /* A job that loses its second worker too is lost, whoever else there is. */
    pool_fixture_attach(f, 2);
    pool_side_kill(&f->sides[1]);
    pool_fixture_wait(f, 3);
    assert_int_equal(f->ends[2].calls, 1);
    assert_false(f->ends[2].answered);
    assert_false(pool_side_take(&f->sides[2]));
    assert_int_equal(f->stats.lost, 1);
    assert_int_equal(f->stats.bad_answers, 0);
    expect_balance(f);
}

static void without_another_worker_jobs_are_lost(void **state) {
    struct pool_fixture *f = *state;
    pool_fixture_attach(f, 0);
    assert_true(pool_fixture_submit(f, 0, 1));
    pool_side_kill(&f->sides[0]);
    pool_fixture_wait(f, 1);
    assert_false(f->ends[0].answered);
    assert_false(pool_serves(f->pool));
    /* Its successor has a fresh queue, and fresh numbers. */
    pool_fixture_attach(f, 0);
    assert_true(pool_fixture_submit(f, 1, 1));
    assert_true(pool_side_take(&f->sides[0]));
    assert_int_equal(f->sides[0].job.id, 1);
    pool_side_answer(&f->sides[0], 1, 7, 1);
    pool_fixture_wait(f, 2);
    assert_true(f->ends[1].answered);
    expect_balance(f);
}

static void jobs_past_their_time_or_size_are_not_given_again(void **state) {
    struct pool_fixture *f = *state;
    pool_fixture_attach(f, 0);
    assert_true(pool_fixture_submit(f, 0, JOB_MOST_IMPS)); /* fits in 4 KiB */
    f->values = 10;
    assert_true(pool_fixture_submit(f, 2, JOB_MOST_IMPS)); /* does not */
    f->deadline_us = 1;
    assert_true(pool_fixture_submit(f, 1, 1));
    pool_fixture_attach(f, 1);
    pool_side_kill(&f->sides[0]);
    pool_fixture_wait(f, 2);
    assert_int_equal(f->ends[1].calls, 1);
    assert_int_equal(f->ends[2].calls, 1);
    assert_int_equal(f->stats.resubmitted, 1);
    assert_int_equal(f->stats.lost, 2);
    assert_true(pool_side_take(&f->sides[1]));
    assert_int_equal(f->sides[1].job.imp_count, JOB_MOST_IMPS);
    assert_int_equal(f->sides[1].job.imps[JOB_MOST_IMPS - 1].sizes.count, 2);
}

static void resubmitted_jobs_ask_the_table_of_now(void **state) {
    struct pool_fixture *f = *state;
    pool_fixture_attach(f, 0);
    assert_true(pool_fixture_submit(f, 0, 1));
    pool_set_generation(f->pool, 8);
    pool_fixture_attach(f, 1);
    pool_side_kill(&f->sides[0]);
    pool_fixture_turn(f);
    assert_true(pool_side_take(&f->sides[1]));
    assert_int_equal(f->sides[1].job.generation, 8);
    pool_side_answer(&f->sides[1], 1, 8, 1);
    pool_fixture_wait(f, 1);
    assert_true(f->ends[0].answered);
    expect_balance(f);
}

static void a_successor_replaces_a_worker_not_known_to_be_dead(void **state) {
    struct pool_fixture *f = *state;
    pool_fixture_attach(f, 0);
    pool_fixture_attach(f, 1);
    assert_true(pool_fixture_submit(f, 0, 1));
    pool_fixture_attach(f, 0);
    assert_int_equal(f->stats.workers_live, 2);
    assert_int_equal(f->stats.resubmitted, 1);
    assert_true(pool_side_take(&f->sides[1]));
}

/* ---- lies ---- */

/* A worker with one job says something; it is killed, and the job goes to the other worker. */
static void expect_killed(struct pool_fixture *f, void (*lie)(struct pool_side *side)) {
    pool_fixture_cleanup(f);
    pool_fixture_init(f, &POOL_SIZES, 16);
    pool_fixture_attach(f, 0);
    assert_true(pool_fixture_submit(f, 0, 1));
    pool_fixture_attach(f, 1);
    lie(&f->sides[0]);
    pool_fixture_turn(f);
    assert_int_equal(f->ends[0].calls, 0);
    assert_int_equal(f->stats.bad_answers, 1);
    assert_int_equal(f->stats.workers_live, 1);
    assert_true(pool_side_dies(&f->sides[0]));
    assert_true(pool_side_take(&f->sides[1]));
    pool_side_answer(&f->sides[1], 1, 7, 1);
    pool_fixture_wait(f, 1);
    assert_true(f->ends[0].answered);
    expect_balance(f);
}

static void say_nothing_in_a_frame(struct pool_side *side) {
    pool_side_say_bytes(side, "", 0);
}

static void say_garbage(struct pool_side *side) {
    char garbage[64];
    memset(garbage, 0xee, sizeof garbage);
    pool_side_say_bytes(side, garbage, sizeof garbage);
}

static void say_too_much(struct pool_side *side) {
    static char zeros[ANSWER_MOST_BYTES + 8];
    pool_side_say_bytes(side, zeros, ring_frame_max(&side->queue.out) < sizeof zeros ? 1 : sizeof zeros);
}

static void answer_another_job(struct pool_side *side) {
    pool_side_answer(side, 2, 7, 1);
}

static void answer_of_another_table(struct pool_side *side) {
    pool_side_answer(side, 1, 8, 1);
}

static void answer_an_imp_that_is_not(struct pool_side *side) {
    struct answer answer = {.id = 1, .generation = 7, .bid_count = 1};
    answer.bids[0] = (struct answer_bid){
        .imp = 1, .score = 1, .pctr = 1, .price = 1, .cur = "USD", .media = TABLE_BANNER, .id = STR("ad")};
    pool_side_say(side, &answer);
}

static void a_liar_is_killed(void **state) {
    struct pool_fixture *f = *state;
    expect_killed(f, say_nothing_in_a_frame);
    expect_killed(f, say_garbage);
    expect_killed(f, say_too_much);
    expect_killed(f, answer_another_job);
    expect_killed(f, answer_of_another_table);
    expect_killed(f, answer_an_imp_that_is_not);
}

static void an_answer_to_nothing_kills(void **state) {
    struct pool_fixture *f = *state;
    pool_fixture_attach(f, 0);
    assert_true(pool_fixture_submit(f, 0, 1));
    pool_side_answer(&f->sides[0], 1, 7, 1);
    pool_side_answer(&f->sides[0], 1, 7, 9); /* twice */
    pool_fixture_wait(f, 1);
    pool_fixture_turn(f);
    assert_true(f->ends[0].price == 1);
    assert_int_equal(f->ends[0].calls, 1);
    assert_int_equal(f->stats.bad_answers, 1);
    assert_true(pool_side_dies(&f->sides[0]));
    expect_balance(f);
}

/* ---- silence ---- */

static void a_job_without_an_answer_gives_its_place_back(void **state) {
    struct pool_fixture *f = *state;
    pool_fixture_attach(f, 0);
    f->deadline_us = 1;
    assert_true(pool_fixture_submit(f, 0, 1));
    assert_true(pool_fixture_submit(f, 1, 1));
    pool_abandon(f->ends[0].job);
    pool_fixture_wait(f, 1); /* about a second */
    assert_false(f->ends[1].answered);
    assert_int_equal(f->stats.timed_out, 1);
    expect_balance(f);
    /* The silent worker gets no more jobs, even where its queue is shorter. */
    f->deadline_us = 0;
    assert_false(pool_fixture_submit(f, 2, 1));
    assert_int_equal(f->stats.shed_no_worker, 1);
    pool_fixture_attach(f, 1);
    for (unsigned n = 2; n < 6; n++)
        assert_true(pool_fixture_submit(f, n, 1));
    assert_true(pool_side_take(&f->sides[1]));
    assert_true(pool_side_take(&f->sides[1]));
    assert_true(pool_side_take(&f->sides[1]));
    assert_true(pool_side_take(&f->sides[1]));
    /* It wakes up: what it says of the jobs that were given up is no lie, and it serves again. */
    pool_side_answer(&f->sides[0], 1, 7, 1);
    pool_side_answer(&f->sides[0], 2, 7, 1);
    pool_fixture_turn(f);
    assert_int_equal(f->stats.bad_answers, 0);
    assert_int_equal(f->end_count, 1);
    assert_true(pool_fixture_submit(f, 6, 1));
    assert_true(pool_side_take(&f->sides[0]));
    assert_true(pool_side_take(&f->sides[0]));
    assert_true(pool_side_take(&f->sides[0]));
    assert_int_equal(f->sides[0].job.id, 3);
}

/* ---- processes that work, and are killed in the middle of it ---- */

static void work(struct pool_side *side) {
    for (;;) {
        const void *frame = NULL;
        size_t n = 0;
        while (ring_peek(&side->queue.in, &frame, &n) == 1) {
            memcpy(side->frame, frame, n);
            ring_consume(&side->queue.in);
            if (job_read(side->frame, n, &side->job) != 0)
                _exit(1);
            pool_side_answer(side, side->job.id, side->job.generation, 1);
        }
        if (!queue_sleep(&side->queue))
            continue;
        struct pollfd wait = {.fd = queue_wait_fd(&side->queue), .events = POLLIN};
        (void)poll(&wait, 1, -1);
        queue_awake(&side->queue);
    }
}

/* Keeps 16 jobs under way, and kills a worker every 500. */
static void every_job_ends_whoever_dies(void **state) {
    struct pool_fixture *f = *state;
    unsigned submitted = 0, kills = 0;
    f->work = work;
    for (uint32_t i = 0; i < POOL_WORKERS; i++)
        pool_fixture_attach(f, i);
    while (f->end_count < 20000) {
        for (unsigned n = 0; n < 16; n++)
            if (!f->ends[n].job || f->ends[n].calls > 0)
                submitted += pool_fixture_submit(f, n, 1);
        if (f->end_count / 500 > kills) {
            struct pool_side *side = &f->sides[kills % POOL_WORKERS];
            pool_side_kill(side);
            pool_fixture_turn(f); /* the pool may or may not have seen it */
            pool_fixture_attach(f, kills % POOL_WORKERS);
            kills++;
        }
        pool_fixture_turn(f);
    }
    while (f->stats.in_flight > 0)
        pool_fixture_turn(f);
    assert_int_equal(f->end_count, submitted);
    assert_int_equal(f->stats.jobs, submitted);
    assert_int_equal(f->stats.bad_answers, 0);
    assert_true(f->stats.answered > submitted / 2);
    expect_balance(f);
}

/* ---- set-up and end ---- */

static void a_worker_that_can_not_be_attached_leaves_nothing(void **state) {
    struct pool_fixture *f = *state;
    struct queue_fds fds;
    struct queue_sizes other = {RING_LEAST_BYTES, RING_LEAST_BYTES};
    assert_int_equal(queue_create(&other, &fds), 0);
    int memory = fds.memory;
    assert_int_equal(pool_attach(f->pool, 0, &fds, dup(0)), -1);
    assert_int_equal(dup2(memory, memory), -1); /* closed */
    assert_int_equal(queue_create(&POOL_SIZES, &fds), 0);
    assert_int_equal(pool_attach(f->pool, POOL_WORKERS, &fds, dup(0)), -1);
    assert_false(pool_serves(f->pool));
    assert_int_equal(f->stats.workers_live, 0);
}

static void destroying_ends_all_jobs(void **state) {
    struct pool_fixture *f = *state;
    pool_fixture_attach(f, 0);
    pool_fixture_attach(f, 1);
    for (unsigned n = 0; n < 4; n++)
        assert_true(pool_fixture_submit(f, n, 1));
    pool_abandon(f->ends[1].job);
    pool_destroy(f->pool); /* in the middle of a turn: workers are still to be woken */
    f->pool = NULL;
    assert_int_equal(f->end_count, 3);
    for (unsigned n = 0; n < 4; n++)
        assert_int_equal(f->ends[n].calls, n != 1);
    assert_int_equal(f->stats.lost, 3);
    pool_fixture_turn(f);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_job_is_answered),
        TEST(a_sleeping_worker_is_woken_once_a_turn),
        TEST(jobs_go_to_the_shortest_queue),
        TEST(what_a_worker_says_is_counted),
        TEST(without_a_table_or_a_worker_jobs_are_shed),
        TEST(too_many_jobs_are_shed),
        TEST(a_full_queue_sheds),
        TEST(a_job_that_no_frame_can_hold_is_shed),
        TEST(an_abandoned_job_is_not_told),
        TEST(what_a_dead_worker_finished_counts),
        TEST(without_another_worker_jobs_are_lost),
        TEST(jobs_past_their_time_or_size_are_not_given_again),
        TEST(resubmitted_jobs_ask_the_table_of_now),
        TEST(a_successor_replaces_a_worker_not_known_to_be_dead),
        TEST(a_liar_is_killed),
        TEST(an_answer_to_nothing_kills),
        TEST(a_job_without_an_answer_gives_its_place_back),
        TEST(every_job_ends_whoever_dies),
        TEST(a_worker_that_can_not_be_attached_leaves_nothing),
        TEST(destroying_ends_all_jobs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
