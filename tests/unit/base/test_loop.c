/* The event loop on a real clock: timers in order, watches, deferred work, signals. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/loop.h"
#include "base/prng.h"

#define MS 1000u

static int make_loop(void **state) {
    *state = loop_create();
    return *state ? 0 : -1;
}

static int drop_loop(void **state) {
    loop_destroy(*state);
    return 0;
}

static uint64_t clock_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000u;
}

/* ---- timers ---- */

struct alarm {
    struct timer timer;
    struct loop *loop;
    uint64_t fired_us;
    unsigned fired;
    unsigned order; /* the how many-th alarm of all */
    unsigned *counter;
    unsigned stop_at; /* the loop stops when the counter gets here */
};

static void on_alarm(void *ctx) {
    struct alarm *alarm = ctx;
    alarm->fired++;
    alarm->fired_us = loop_now(alarm->loop);
    alarm->order = ++*alarm->counter;
    if (*alarm->counter == alarm->stop_at)
        loop_stop(alarm->loop);
}

static void alarm_init(struct alarm *alarm, struct loop *loop, unsigned *counter, unsigned stop_at) {
    *alarm = (struct alarm){.loop = loop, .counter = counter, .stop_at = stop_at};
    timer_init(&alarm->timer, loop, on_alarm, alarm);
}

static void timers_fire_in_order_and_not_before_their_time(void **state) {
    enum { COUNT = 300 };
    static struct alarm alarms[COUNT];
    struct loop *loop = *state;
    struct prng prng;
    unsigned counter = 0;
    prng_seed(&prng, 3);
    uint64_t start = clock_us();
    for (int i = 0; i < COUNT; i++) {
        alarm_init(&alarms[i], loop, &counter, COUNT);
        assert_false(timer_armed(&alarms[i].timer));
        assert_int_equal(timer_arm(&alarms[i].timer, start + prng_next(&prng) % (30 * MS)), 0);
        assert_true(timer_armed(&alarms[i].timer));
    }
    assert_int_equal(loop_run(loop), 0);
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(alarms[i].fired, 1);
        assert_false(timer_armed(&alarms[i].timer));
        assert_true(alarms[i].fired_us >= alarms[i].timer.at_us);
        for (int j = 0; j < i; j++)
            if (alarms[i].timer.at_us < alarms[j].timer.at_us)
                assert_true(alarms[i].order < alarms[j].order);
    }
}

/* Arms, moves and disarms at random: what is armed in the end fires once, at its last time. */
static void rearmed_timers_fire_at_their_last_time(void **state) {
    enum { COUNT = 64 };
    static struct alarm alarms[COUNT];
    struct loop *loop = *state;
    struct prng prng;
    unsigned counter = 0;
    unsigned armed = 0;
    prng_seed(&prng, 4);
    uint64_t start = clock_us();
    for (int i = 0; i < COUNT; i++)
        alarm_init(&alarms[i], loop, &counter, 0);
    for (int step = 0; step < 5000; step++) {
        struct timer *timer = &alarms[prng_next(&prng) % COUNT].timer;
        if (prng_next(&prng) % 4 == 0)
            timer_disarm(timer);
        else
            assert_int_equal(timer_arm(timer, start + prng_next(&prng) % (20 * MS)), 0);
    }
    for (int i = 0; i < COUNT; i++)
        armed += timer_armed(&alarms[i].timer);
    assert_in_range(armed, 1, COUNT - 1);
    struct alarm last;
    alarm_init(&last, loop, &counter, armed + 1);
    assert_int_equal(timer_arm(&last.timer, start + 21 * MS), 0);
    bool expected[COUNT];
    for (int i = 0; i < COUNT; i++)
        expected[i] = timer_armed(&alarms[i].timer);
    assert_int_equal(loop_run(loop), 0);
    assert_int_equal(last.order, armed + 1);
    for (int i = 0; i < COUNT; i++)
        assert_int_equal(alarms[i].fired, expected[i]);
}

static void a_time_that_has_passed_fires_on_the_next_turn(void **state) {
    struct loop *loop = *state;
    unsigned counter = 0;
    struct alarm past, zero;
    alarm_init(&past, loop, &counter, 2);
    alarm_init(&zero, loop, &counter, 2);
    assert_int_equal(timer_arm(&past.timer, clock_us() - 5 * MS), 0);
    assert_int_equal(timer_arm(&zero.timer, 0), 0);
    uint64_t start = clock_us();
    assert_int_equal(loop_run(loop), 0);
    assert_true(clock_us() - start < 1000 * MS);
    assert_int_equal(zero.order, 1);
    assert_int_equal(past.order, 2);
}

static void on_rearm(void *ctx) {
    struct alarm *alarm = ctx;
    if (++*alarm->counter == alarm->stop_at)
        loop_stop(alarm->loop);
    assert_int_equal(timer_arm(&alarm->timer, loop_now(alarm->loop)), 0);
}

/* A timer that is always due must not keep the loop from its other work. */
static void a_timer_that_rearms_itself_lets_others_run(void **state) {
    struct loop *loop = *state;
    unsigned turns = 0;
    unsigned counter = 0;
    struct alarm busy, stopper;
    alarm_init(&busy, loop, &turns, 0);
    alarm_init(&stopper, loop, &counter, 1);
    timer_init(&busy.timer, loop, on_rearm, &busy);
    assert_int_equal(timer_arm(&busy.timer, loop_now(loop)), 0);
    assert_int_equal(timer_arm(&stopper.timer, clock_us() + 2 * MS), 0);
    assert_int_equal(loop_run(loop), 0);
    assert_true(turns > 1);
    assert_int_equal(stopper.fired, 1);
    timer_disarm(&busy.timer);
    timer_disarm(&busy.timer);
}

static void on_disarm_other(void *ctx) {
    struct alarm **pair = ctx;
    (*pair[0]->counter)++;
    timer_disarm(&pair[1]->timer);
    loop_stop(pair[0]->loop);
}

static void a_timer_disarmed_by_another_does_not_fire(void **state) {
    struct loop *loop = *state;
    unsigned counter = 0;
    struct alarm first, second;
    struct alarm *pair[2] = {&first, &second};
    alarm_init(&first, loop, &counter, 0);
    alarm_init(&second, loop, &counter, 0);
    timer_init(&first.timer, loop, on_disarm_other, pair);
    assert_int_equal(timer_arm(&second.timer, 2), 0);
    assert_int_equal(timer_arm(&first.timer, 1), 0);
    assert_int_equal(loop_run(loop), 0);
    assert_int_equal(counter, 1);
    assert_int_equal(second.fired, 0);
    assert_int_equal(loop_reserve_timers(loop, 10000), 0);
}

/* ---- watches ---- */

struct end {
    struct loop *loop;
    struct watch *watch;
    int fd;
    unsigned ready; /* all kinds seen */
    int calls;
    bool destroys;
};

static void on_end(void *ctx, int fd, unsigned ready) {
    struct end *end = ctx;
    assert_int_equal(fd, end->fd);
    end->ready |= ready;
    end->calls++;
    loop_stop(end->loop);
    if (end->destroys) {
        watch_destroy(end->watch);
        end->watch = NULL;
    }
}

/* Two connected sockets, the first one watched. */
static void make_ends(struct loop *loop, struct end *end, int *other) {
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    *end = (struct end){.loop = loop, .fd = fds[0]};
    *other = fds[1];
    end->watch = watch_create(loop, fds[0], on_end, end);
    assert_non_null(end->watch);
}

static void drop_ends(struct end *end, int other) {
    watch_destroy(end->watch);
    close(end->fd);
    if (other >= 0)
        close(other);
}

/* Turns until something stops the loop, for that long at most. */
static void run_for(struct loop *loop, uint64_t us) {
    unsigned counter = 0;
    struct alarm stopper;
    alarm_init(&stopper, loop, &counter, 1);
    assert_int_equal(timer_arm(&stopper.timer, clock_us() + us), 0);
    assert_int_equal(loop_run(loop), 0);
    timer_disarm(&stopper.timer);
}

static void watches_report_what_they_wait_for(void **state) {
    struct loop *loop = *state;
    struct end end;
    int other = -1;
    make_ends(loop, &end, &other);
    assert_int_equal(write(other, "x", 1), 1);
    run_for(loop, 5 * MS);
    assert_int_equal(end.calls, 0); /* wants nothing yet */
    assert_int_equal(watch_set(end.watch, WATCH_READ), 0);
    assert_int_equal(watch_set(end.watch, WATCH_READ), 0);
    run_for(loop, 1000 * MS);
    assert_int_equal(end.ready, WATCH_READ);
    run_for(loop, 1000 * MS);
    assert_int_equal(end.calls, 2); /* level-triggered: nobody has read */
    assert_int_equal(watch_set(end.watch, WATCH_WRITE), 0);
    end.ready = 0;
    run_for(loop, 1000 * MS);
    assert_int_equal(end.ready, WATCH_WRITE);
    assert_int_equal(watch_set(end.watch, 0), 0);
    end.calls = 0;
    run_for(loop, 5 * MS);
    assert_int_equal(end.calls, 0);
    drop_ends(&end, other);
    watch_destroy(NULL);
}

static void a_hangup_is_seen_without_reading(void **state) {
    struct loop *loop = *state;
    struct end end;
    int other = -1;
    make_ends(loop, &end, &other);
    assert_int_equal(watch_set(end.watch, WATCH_HANGUP), 0);
    assert_int_equal(write(other, "x", 1), 1);
    run_for(loop, 5 * MS);
    assert_int_equal(end.calls, 0); /* bytes alone are no hangup */
    close(other);
    run_for(loop, 1000 * MS);
    assert_true(end.ready & WATCH_HANGUP);
    drop_ends(&end, -1);
}

static void a_watch_may_end_inside_its_callback(void **state) {
    struct loop *loop = *state;
    struct end end;
    int other = -1;
    make_ends(loop, &end, &other);
    end.destroys = true;
    assert_int_equal(watch_set(end.watch, WATCH_READ | WATCH_WRITE), 0);
    assert_int_equal(write(other, "x", 1), 1);
    run_for(loop, 1000 * MS);
    run_for(loop, 5 * MS);
    assert_int_equal(end.calls, 1);
    assert_null(end.watch);
    drop_ends(&end, other);
}

/* ---- how far behind ---- */

struct worker {
    struct loop *loop;
    uint64_t work_us;
    unsigned turns;
    uint64_t turn_us[3], came_after_us[3], busy_us[3];
};

/* Works for a while, so that what comes meanwhile waits; stops after the third turn. */
static void on_work(void *ctx, int fd, unsigned ready) {
    struct worker *worker = ctx;
    (void)fd, (void)ready;
    worker->turn_us[worker->turns] = loop_turn(worker->loop);
    worker->came_after_us[worker->turns] = loop_came_after(worker->loop);
    worker->busy_us[worker->turns] = loop_busy(worker->loop);
    if (++worker->turns == 3)
        loop_stop(worker->loop);
    uint64_t until = loop_clock(worker->loop) + worker->work_us;
    while (loop_clock(worker->loop) < until)
        ;
}

static void a_busy_loop_knows_what_its_events_waited(void **state) {
    struct loop *loop = *state;
    struct worker worker = {.loop = loop, .work_us = 3 * MS};
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(write(fds[1], "x", 1), 1);
    struct watch *watch = watch_create(loop, fds[0], on_work, &worker);
    assert_int_equal(watch_set(watch, WATCH_READ), 0);
    assert_int_equal(loop_run(loop), 0);
    for (int i = 1; i < 3; i++) { /* what is ready in a turn came after the last one began, which took 3 ms */
        assert_int_equal(worker.came_after_us[i], worker.turn_us[i - 1]);
        assert_true(worker.turn_us[i] - worker.came_after_us[i] >= 3 * MS);
        assert_true(worker.busy_us[i] - worker.busy_us[i - 1] >= 3 * MS);
    }
    watch_destroy(watch);
    close(fds[0]);
    close(fds[1]);
}

static void on_rested(void *ctx) {
    struct worker *worker = ctx;
    worker->turn_us[0] = loop_turn(worker->loop);
    worker->came_after_us[0] = loop_came_after(worker->loop);
    worker->busy_us[0] = loop_busy(worker->loop);
    loop_stop(worker->loop);
}

static void in_a_loop_that_rests_nothing_waits(void **state) {
    struct loop *loop = *state;
    struct worker worker = {.loop = loop};
    struct timer timer;
    run_for(loop, 1 * MS);
    uint64_t busy_us = loop_busy(loop);
    timer_init(&timer, loop, on_rested, &worker);
    assert_int_equal(timer_arm(&timer, clock_us() + 50 * MS), 0);
    assert_int_equal(loop_run(loop), 0);
    assert_int_equal(worker.came_after_us[0], worker.turn_us[0]);
    assert_true(worker.busy_us[0] - busy_us < 50 * MS);
}

/* ---- deferred work ---- */

struct job {
    struct deferred deferred;
    struct loop *loop;
    struct job *again; /* deferred by this one */
    int *counter;
    int order;
};

static void on_job(struct deferred *self) {
    struct job *job = (struct job *)self;
    job->order = ++*job->counter;
    if (job->again)
        loop_defer(job->loop, &job->again->deferred);
    else
        loop_stop(job->loop);
}

static void deferred_work_runs_in_order_and_at_once(void **state) {
    struct loop *loop = *state;
    int counter = 0;
    struct job jobs[4];
    for (int i = 0; i < 4; i++)
        jobs[i] = (struct job){{on_job, NULL}, loop, NULL, &counter, 0};
    jobs[0].again = &jobs[3]; /* for the turn after this */
    jobs[1].again = NULL;
    uint64_t start = clock_us();
    for (int i = 0; i < 3; i++)
        loop_defer(loop, &jobs[i].deferred);
    assert_int_equal(counter, 0);
    assert_int_equal(loop_run(loop), 0);
    assert_int_equal(jobs[0].order, 1);
    assert_int_equal(jobs[1].order, 2);
    assert_int_equal(jobs[2].order, 3);
    assert_int_equal(jobs[3].order, 0);
    assert_int_equal(loop_run(loop), 0);
    assert_int_equal(jobs[3].order, 4);
    assert_true(clock_us() - start < 1000 * MS); /* nothing else was there to wake it */
}

static void on_free(struct deferred *self) {
    struct job *job = (struct job *)self;
    loop_stop(job->loop);
    free(job);
}

static void deferred_work_may_free_itself(void **state) {
    struct loop *loop = *state;
    for (int i = 0; i < 3; i++) {
        struct job *job = calloc(1, sizeof *job);
        assert_non_null(job);
        job->deferred.fn = on_free;
        job->loop = loop;
        loop_defer(loop, &job->deferred);
    }
    assert_int_equal(loop_run(loop), 0);
}

static void on_ready_ignored(void *ctx, int fd, unsigned ready) {
    (void)fd;
    (void)ready;
    if (++*(unsigned *)ctx > 1000)
        abort(); /* the turn does not end */
}

/* A descriptor that stays ready, because nobody reads it yet, does not keep the turn from ending. */
static void a_turn_ends_while_descriptors_are_ready(void **state) {
    struct loop *loop = *state;
    int pipe_fds[2];
    unsigned calls = 0;
    int counter = 0;
    assert_int_equal(pipe(pipe_fds), 0);
    assert_int_equal(write(pipe_fds[1], "x", 1), 1);
    struct watch *watch = watch_create(loop, pipe_fds[0], on_ready_ignored, &calls);
    assert_non_null(watch);
    assert_int_equal(watch_set(watch, WATCH_READ), 0);
    struct job jobs[2] = {{{on_job, NULL}, loop, &jobs[1], &counter, 0},
                          {{on_job, NULL}, loop, NULL, &counter, 0}};
    loop_defer(loop, &jobs[0].deferred);
    assert_int_equal(loop_run(loop), 0);
    assert_int_equal(jobs[1].order, 2);
    assert_true(calls > 0);
    watch_destroy(watch);
    close(pipe_fds[0]);
    close(pipe_fds[1]);
}

/* ---- time and signals ---- */

struct clock_reader {
    struct loop *loop;
    uint64_t first, second;
};

static void on_read_clock(void *ctx) {
    struct clock_reader *reader = ctx;
    reader->first = loop_now(reader->loop);
    uint64_t until = clock_us() + 2 * MS;
    while (clock_us() < until)
        ;
    reader->second = loop_now(reader->loop);
    loop_stop(reader->loop);
}

static void a_turn_has_one_time(void **state) {
    struct loop *loop = *state;
    struct clock_reader reader = {.loop = loop};
    struct timer timer;
    timer_init(&timer, loop, on_read_clock, &reader);
    uint64_t before = clock_us();
    assert_int_equal(timer_arm(&timer, 1), 0);
    assert_int_equal(loop_run(loop), 0);
    assert_true(reader.first == reader.second);
    assert_true(reader.first >= before && reader.first <= clock_us());
}

static void on_signal(void *ctx, int signum) {
    struct clock_reader *reader = ctx;
    reader->first = (uint64_t)signum;
    loop_stop(reader->loop);
}

static void signals_arrive_in_the_loop(void **state) {
    struct loop *loop = *state;
    struct clock_reader reader = {.loop = loop};
    struct signal_watch *watch = signal_watch_create(loop, SIGUSR1, on_signal, &reader);
    assert_non_null(watch);
    assert_int_equal(raise(SIGUSR1), 0);
    assert_int_equal(reader.first, 0);
    assert_int_equal(loop_run(loop), 0);
    assert_int_equal(reader.first, SIGUSR1);
    signal_watch_destroy(watch);
    signal_watch_destroy(NULL);
    loop_destroy(NULL);
}

/* ---- libevent's own words ---- */

static void run_again(void *ctx, int fd, unsigned ready) {
    (void)fd;
    (void)ready;
    assert_int_equal(loop_run(ctx), -1); /* libevent refuses, and says so */
    loop_stop(ctx);
}

static void library_words_are_log_lines(void **state) {
    struct loop *loop = *state;
    char text[1000];
    int words[2];
    assert_int_equal(pipe2(words, O_CLOEXEC | O_NONBLOCK), 0);
    struct watch *watch = watch_create(loop, words[1], run_again, loop);
    assert_non_null(watch);
    assert_int_equal(watch_set(watch, WATCH_WRITE), 0);
    int saved = dup(STDERR_FILENO);
    assert_true(saved >= 0 && dup2(words[1], STDERR_FILENO) >= 0);
    int result = loop_run(loop);
    dup2(saved, STDERR_FILENO);
    close(saved);
    ssize_t n = read(words[0], text, sizeof text - 1);
    watch_destroy(watch);
    close(words[0]);
    close(words[1]);
    assert_int_equal(result, 0);
    assert_true(n > 0);
    text[n] = '\0';
    assert_non_null(strstr(text, "Z warn libevent: "));
    assert_null(strstr(text, "[warn]"));
}

#define LOOP_TEST(name) cmocka_unit_test_setup_teardown(name, make_loop, drop_loop)

int main(void) {
    const struct CMUnitTest tests[] = {
        LOOP_TEST(timers_fire_in_order_and_not_before_their_time),
        LOOP_TEST(rearmed_timers_fire_at_their_last_time),
        LOOP_TEST(a_time_that_has_passed_fires_on_the_next_turn),
        LOOP_TEST(a_timer_that_rearms_itself_lets_others_run),
        LOOP_TEST(a_timer_disarmed_by_another_does_not_fire),
        LOOP_TEST(watches_report_what_they_wait_for),
        LOOP_TEST(a_hangup_is_seen_without_reading),
        LOOP_TEST(a_watch_may_end_inside_its_callback),
        LOOP_TEST(a_busy_loop_knows_what_its_events_waited),
        LOOP_TEST(in_a_loop_that_rests_nothing_waits),
        LOOP_TEST(deferred_work_runs_in_order_and_at_once),
        LOOP_TEST(deferred_work_may_free_itself),
        LOOP_TEST(a_turn_ends_while_descriptors_are_ready),
        LOOP_TEST(a_turn_has_one_time),
        LOOP_TEST(signals_arrive_in_the_loop),
        LOOP_TEST(library_words_are_log_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
