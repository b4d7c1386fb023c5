/*
 * A side is killed at random moments, many times. A frame that was committed before is read whole, once; one
 * that was not is not seen; and jobs without an answer, given to the next worker, all end with one.
 */
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/prng.h"
#include "queue_fixture.h"

#define ROUNDS    300
#define FRAME_MAX 600

/* What the side that will be killed has done, on a page of its own: it survives. */
struct score {
    _Atomic uint64_t started, done;
    _Atomic uint32_t wrong;
};

static struct score *score_create(void) {
    struct score *score =
        mmap(NULL, sizeof *score, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(score, MAP_FAILED);
    return score;
}

static void spin(uint64_t turns) {
    for (volatile uint64_t turn = 0; turn < turns; turn++)
        ;
}

/* So that a kill finds the other side anywhere. */
static void spin_randomly(struct prng *prng) {
    spin(prng_next(prng) % (prng_next(prng) % 2 ? 300 : 20000));
}

static void bury(pid_t pid) {
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

/* ---- the producer dies ---- */

static void produce(struct queue *queue, struct score *score) {
    for (uint64_t number = 0;;) {
        atomic_store(&score->started, number + 1);
        if (frame_send(&queue->out, number, FRAME_MAX)) {
            number++;
            atomic_store(&score->done, number);
        } else {
            sched_yield();
        }
        queue_wake(queue);
    }
}

static pid_t start(enum queue_side side, const struct queue_sizes *sizes, const struct queue_fds *fds,
                   void (*body)(struct queue *, struct score *), struct score *score) {
    pid_t pid = fork();
    if (pid == 0) {
        struct queue queue;
        side_attach(&queue, side, sizes, fds);
        body(&queue, score);
        _exit(0);
    }
    assert_true(pid > 0);
    return pid;
}

/* Takes what there is. */
static uint64_t take_all(struct ring *ring, uint64_t taken) {
    int got;
    while ((got = frame_take(ring, taken, FRAME_MAX)) == 1)
        taken++;
    assert_int_equal(got, 0);
    return taken;
}

static void kill_a_producer(struct prng *prng, struct score *score) {
    static const struct queue_sizes sizes = {4096, 4096};
    struct queue_fds fds;
    struct queue queue;
    uint64_t taken = 0, target = prng_next(prng) % 200;
    *score = (struct score){0};
    assert_int_equal(queue_create(&sizes, &fds), 0);
    pid_t pid = start(QUEUE_WORKER, &sizes, &fds, produce, score);
    assert_int_equal(queue_attach(&queue, QUEUE_FRONT_END, &sizes, &fds), 0);
    while (taken < target || atomic_load(&score->started) == 0) {
        taken = take_all(&queue.in, taken);
        sched_yield();
    }
    spin_randomly(prng);
    assert_int_equal(kill(pid, SIGKILL), 0);
    if (prng_next(prng) % 2)
        taken = take_all(&queue.in, taken);
    bury(pid);
    taken = take_all(&queue.in, taken);
    assert_true(taken >= atomic_load(&score->done));
    assert_true(taken <= atomic_load(&score->started));
    assert_int_equal(frame_take(&queue.in, taken, FRAME_MAX), 0);
    queue_detach(&queue);
}

static void frames_of_a_dead_producer_are_read_whole(void **state) {
    (void)state;
    struct score *score = score_create();
    struct prng prng;
    prng_seed(&prng, 1);
    for (int round = 0; round < ROUNDS; round++)
        kill_a_producer(&prng, score);
    munmap(score, sizeof *score);
}

/* ---- the consumer dies ---- */

static void consume(struct queue *queue, struct score *score) {
    for (uint64_t number = 0;;) {
        atomic_store(&score->started, number + 1);
        int got = frame_take(&queue->in, number, FRAME_MAX);
        if (got < 0)
            atomic_store(&score->wrong, 1);
        if (got == 1) {
            number++;
            atomic_store(&score->done, number);
        } else if (!side_wait(queue)) {
            atomic_store(&score->wrong, 2);
        }
    }
}

#define ENDS 512 /* more frames than a ring of 4096 bytes holds */

/* Sends what there is room for; ends[number % ENDS] is where a frame ended. */
static uint64_t send_all(struct ring *ring, uint64_t sent, uint64_t *ends) {
    while (frame_send(ring, sent, FRAME_MAX))
        ends[sent++ % ENDS] = ring->own;
    assert_false(ring->broken);
    return sent;
}

/* The survivor's view of the dead one's index: it is the end of a frame, and of the right one. */
static void check_head(const struct ring *ring, const struct score *score, const uint64_t *ends) {
    uint64_t done = atomic_load(&score->done), started = atomic_load(&score->started);
    bool after_done = ring->other == (done ? ends[(done - 1) % ENDS] : 0);
    bool after_started = ring->other == ends[(started - 1) % ENDS];
    assert_true(after_done || after_started);
}

static void kill_a_consumer(struct prng *prng, struct score *score) {
    static const struct queue_sizes sizes = {4096, 4096};
    struct queue_fds fds;
    struct queue queue;
    uint64_t sent = 0, target = prng_next(prng) % 200, ends[ENDS] = {0};
    *score = (struct score){0};
    assert_int_equal(queue_create(&sizes, &fds), 0);
    pid_t pid = start(QUEUE_WORKER, &sizes, &fds, consume, score);
    assert_int_equal(queue_attach(&queue, QUEUE_FRONT_END, &sizes, &fds), 0);
    while (sent < target || atomic_load(&score->started) == 0) {
        sent = send_all(&queue.out, sent, ends);
        queue_wake(&queue);
        sched_yield();
    }
    spin_randomly(prng);
    assert_int_equal(kill(pid, SIGKILL), 0);
    if (prng_next(prng) % 2)
        sent = send_all(&queue.out, sent, ends);
    bury(pid);
    (void)send_all(&queue.out, sent, ends);
    if (ring_reserve(&queue.out, ring_frame_max(&queue.out)) == NULL) /* so that it looks at the index */
        check_head(&queue.out, score, ends);
    assert_int_equal(atomic_load(&score->wrong), 0);
    queue_wake(&queue);
    queue_detach(&queue);
}

static void a_dead_consumer_leaves_the_producer_well(void **state) {
    (void)state;
    struct score *score = score_create();
    struct prng prng;
    prng_seed(&prng, 2);
    for (int round = 0; round < ROUNDS; round++)
        kill_a_consumer(&prng, score);
    munmap(score, sizeof *score);
}

/* ---- workers die with jobs in their hands ---- */

#define JOBS       30000
#define KILLS      100
#define IN_FLIGHT  64
#define JOB_MAX    500
#define ANSWER_MAX 1500

static const struct queue_sizes work_sizes = {1 << 15, 1 << 17}; /* all answers in flight fit */

static bool send_message(struct ring *ring, uint64_t id, size_t max) {
    size_t n = sizeof id + frame_length(id, max);
    char *p = ring_reserve(ring, n);
    if (p == NULL)
        return false;
    memcpy(p, &id, sizeof id);
    frame_fill(p + sizeof id, id, n - sizeof id);
    ring_commit(ring, n);
    return true;
}

/* 1 and its id, 0: none, -1: broken, or no message of ours. */
static int take_message(struct ring *ring, uint64_t *id, size_t max) {
    const void *frame;
    size_t n;
    int got = ring_peek(ring, &frame, &n);
    if (got != 1)
        return got;
    if (n < sizeof *id)
        return -1;
    memcpy(id, frame, sizeof *id);
    if (n != sizeof *id + frame_length(*id, max) ||
        !frame_holds((const char *)frame + sizeof *id, *id, n - sizeof *id))
        return -1;
    ring_consume(ring);
    return 1;
}

static void work(struct queue *queue, struct score *score) {
    uint64_t id;
    for (;;) {
        int got = take_message(&queue->in, &id, JOB_MAX);
        if (got < 0 || (got == 1 && !send_message(&queue->out, id, ANSWER_MAX)))
            atomic_store(&score->wrong, 1);
        if (got == 1)
            continue;
        queue_wake(queue);
        if (!side_wait(queue))
            atomic_store(&score->wrong, 2);
    }
}

enum job_state { WAITING, WITH_WORKER, ANSWERED };

struct office {
    struct queue queue;
    pid_t worker;
    int pidfd;
    struct score *score;
    unsigned char jobs[JOBS]; /* enum job_state */
    uint64_t next;            /* no job before it is waiting */
    uint64_t answered, with_worker, kill_at;
    int kills;
};

static void hire(struct office *office, struct prng *prng) {
    struct queue_fds fds;
    assert_int_equal(queue_create(&work_sizes, &fds), 0);
    office->worker = start(QUEUE_WORKER, &work_sizes, &fds, work, office->score);
    office->pidfd = pidfd_open(office->worker, 0);
    assert_true(office->pidfd >= 0);
    assert_int_equal(queue_attach(&office->queue, QUEUE_FRONT_END, &work_sizes, &fds), 0);
    office->kill_at = office->answered + prng_next(prng) % (JOBS / KILLS);
}

static void hand_out(struct office *office) {
    for (; office->next < JOBS && office->with_worker < IN_FLIGHT; office->next++) {
        if (office->jobs[office->next] != WAITING)
            continue;
        assert_true(send_message(&office->queue.out, office->next, JOB_MAX));
        office->jobs[office->next] = WITH_WORKER;
        office->with_worker++;
    }
    queue_wake(&office->queue);
}

static bool collect(struct office *office) {
    uint64_t id;
    int got;
    bool any = false;
    while ((got = take_message(&office->queue.in, &id, ANSWER_MAX)) == 1) {
        assert_true(id < JOBS);
        assert_int_equal(office->jobs[id], WITH_WORKER);
        office->jobs[id] = ANSWERED;
        office->answered++;
        office->with_worker--;
        any = true;
    }
    assert_int_equal(got, 0);
    return any;
}

/* The pidfd said so: what it finished counts, the rest waits for the next. */
static void dismiss(struct office *office) {
    bury(office->worker);
    close(office->pidfd);
    (void)collect(office);
    queue_detach(&office->queue);
    for (uint64_t id = 0; id < JOBS; id++)
        if (office->jobs[id] == WITH_WORKER)
            office->jobs[id] = WAITING;
    office->with_worker = office->next = 0;
    assert_int_equal(atomic_load(&office->score->wrong), 0);
}

/* True when the worker is dead. */
static bool wait_for_answers(struct office *office) {
    struct pollfd wait[] = {{.fd = queue_wait_fd(&office->queue), .events = POLLIN},
                            {.fd = office->pidfd, .events = POLLIN}};
    if (!queue_sleep(&office->queue))
        return false;
    assert_true(poll(wait, 2, LOST_WAKE_MS) > 0);
    queue_awake(&office->queue);
    return wait[1].revents != 0;
}

static void each_job_is_answered_once_though_workers_die(void **state) {
    (void)state;
    static struct office office;
    struct prng prng;
    prng_seed(&prng, 3);
    office.score = score_create();
    hire(&office, &prng);
    while (office.answered < JOBS) {
        hand_out(&office);
        if (office.kills < KILLS && office.answered >= office.kill_at) {
            spin_randomly(&prng);
            assert_int_equal(kill(office.worker, SIGKILL), 0);
            office.kills++;
            office.kill_at = UINT64_MAX;
        }
        if (collect(&office) || !wait_for_answers(&office))
            continue;
        dismiss(&office);
        hire(&office, &prng);
    }
    assert_true(office.kills >= KILLS / 2);
    (void)kill(office.worker, SIGKILL);
    dismiss(&office);
    for (uint64_t id = 0; id < JOBS; id++)
        assert_int_equal(office.jobs[id], ANSWERED);
    munmap(office.score, sizeof *office.score);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_of_a_dead_producer_are_read_whole),
        cmocka_unit_test(a_dead_consumer_leaves_the_producer_well),
        cmocka_unit_test(each_job_is_answered_once_though_workers_die),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
