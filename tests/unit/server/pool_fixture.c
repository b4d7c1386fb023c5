/* Workers' ends in the hands of a test; see pool_fixture.h. */
#include "pool_fixture.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

void pool_fixture_init(struct pool_fixture *f, const struct queue_sizes *sizes, uint32_t max_in_flight) {
    struct pool_options options = {.workers = POOL_WORKERS, .sizes = *sizes, .max_in_flight = max_in_flight};
    *f = (struct pool_fixture){.sizes = *sizes, .values = 2};
    f->loop = loop_create();
    assert_non_null(f->loop);
    f->pool = pool_create(f->loop, &options, &f->stats);
    assert_non_null(f->pool);
    pool_set_generation(f->pool, 7);
}

static void side_cleanup(struct pool_side *side) {
    queue_detach(&side->queue);
    if (side->pid > 0) {
        kill(side->pid, SIGKILL);
        waitpid(side->pid, NULL, 0);
    }
    side->pid = 0;
}

void pool_fixture_cleanup(struct pool_fixture *f) {
    pool_destroy(f->pool);
    loop_destroy(f->loop);
    for (size_t i = 0; i < POOL_WORKERS; i++)
        side_cleanup(&f->sides[i]);
}

static pid_t start_process(struct pool_side *side, void (*work)(struct pool_side *side)) {
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* a failed test leaves nobody behind */
        while (!work)
            pause();
        work(side);
        _exit(1);
    }
    assert_true(pid > 0);
    return pid;
}

void pool_fixture_attach(struct pool_fixture *f, uint32_t index) {
    struct pool_side *side = &f->sides[index];
    struct queue_fds ours, theirs;
    pid_t before = side->pid;
    queue_detach(&side->queue);
    assert_int_equal(queue_create(&f->sizes, &theirs), 0);
    ours = (struct queue_fds){dup(theirs.memory), dup(theirs.wake_worker), dup(theirs.wake_front_end)};
    assert_int_equal(queue_attach(&side->queue, QUEUE_WORKER, &f->sizes, &ours), 0);
    side->pid = start_process(side, f->work);
    assert_int_equal(pool_attach(f->pool, index, &theirs, pidfd_open(side->pid, 0)), 0);
    if (before > 0) {
        kill(before, SIGKILL);
        waitpid(before, NULL, 0);
    }
}

/* ---- jobs ---- */

static void on_end(void *ctx, const struct answer *answer) {
    struct pool_end *end = ctx;
    end->calls++;
    end->answered = answer != NULL;
    if (answer) {
        end->status = answer->status;
        end->bid_count = answer->bid_count;
        end->price = answer->bid_count ? answer->bids[0].price : 0;
    }
    if (++end->fixture->end_count == end->fixture->wanted)
        loop_stop(end->fixture->loop);
}

bool pool_fixture_submit(struct pool_fixture *f, unsigned n, uint32_t imps) {
    static uint64_t sizes[MATCH_MOST_VALUES];
    struct job *job = calloc(1, sizeof *job);
    assert_non_null(job);
    job->deadline_us = f->deadline_us ? f->deadline_us : loop_now(f->loop) + 60000000;
    job->top = 1;
    job->imp_count = imps;
    for (uint32_t i = 0; i < imps && i < JOB_MOST_IMPS; i++)
        job->imps[i] = (struct match_imp){.sizes = {sizes, f->values}};
    f->ends[n] = (struct pool_end){.fixture = f};
    f->ends[n].job = pool_submit(f->pool, job, on_end, &f->ends[n]);
    free(job);
    assert_int_equal(f->ends[n].calls, 0); /* never from inside */
    return f->ends[n].job != NULL;
}

static void stop(void *ctx) {
    loop_stop(ctx);
}

void pool_fixture_turn(struct pool_fixture *f) {
    struct timer timer;
    timer_init(&timer, f->loop, stop, f->loop);
    assert_int_equal(timer_arm(&timer, 1), 0); /* long ago */
    assert_int_equal(loop_run(f->loop), 0);
    timer_disarm(&timer);
}

void pool_fixture_wait(struct pool_fixture *f, unsigned ends) {
    f->wanted = ends;
    if (f->end_count < ends)
        assert_int_equal(loop_run(f->loop), 0);
    f->wanted = 0;
    assert_true(f->end_count >= ends);
}

/* ---- a worker's end ---- */

bool pool_side_take(struct pool_side *side) {
    const void *frame = NULL;
    size_t n = 0;
    int got = ring_peek(&side->queue.in, &frame, &n);
    assert_true(got >= 0);
    if (got == 0)
        return false;
    assert_true(n <= sizeof side->frame);
    memcpy(side->frame, frame, n);
    ring_consume(&side->queue.in);
    assert_int_equal(job_read(side->frame, n, &side->job), 0);
    return true;
}

void pool_side_say_bytes(struct pool_side *side, const void *bytes, size_t n) {
    void *frame = ring_reserve(&side->queue.out, n);
    assert_non_null(frame);
    memcpy(frame, bytes, n);
    ring_commit(&side->queue.out, n);
    queue_wake(&side->queue);
}

void pool_side_say(struct pool_side *side, const struct answer *answer) {
    static uint64_t frame[ANSWER_MOST_BYTES / 8];
    answer_frame_write(answer, frame);
    pool_side_say_bytes(side, frame, answer_bytes(answer));
}

void pool_side_answer(struct pool_side *side, uint64_t id, uint32_t generation, double price) {
    static struct answer answer;
    answer = (struct answer){.id = id, .generation = generation, .status = ANSWER_DONE};
    if (price > 0) {
        answer.bid_count = 1;
        answer.bids[0] = (struct answer_bid){.deal = TABLE_NONE,
                                             .score = 1,
                                             .pctr = 1,
                                             .price = price,
                                             .cur = "USD",
                                             .media = TABLE_BANNER,
                                             .id = STR("ad"),
                                             .markup = STR("<b>")};
    }
    pool_side_say(side, &answer);
}

void pool_side_kill(struct pool_side *side) {
    kill(side->pid, SIGKILL);
    waitpid(side->pid, NULL, 0);
    side->pid = 0;
}

bool pool_side_dies(struct pool_side *side) {
    int status = 0;
    for (int i = 0; i < 5000; i++) {
        if (waitpid(side->pid, &status, WNOHANG) == side->pid) {
            side->pid = 0;
            return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
        }
        usleep(1000);
    }
    return false;
}
