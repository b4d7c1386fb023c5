/*
 * Two processes, both directions at once: the front end sends numbered jobs of random lengths, the worker
 * checks and answers each; both sleep when there is nothing to do.
 */
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "queue_fixture.h"

struct traffic {
    struct queue_sizes sizes;
    size_t job_max, answer_max;
    uint64_t count, in_flight; /* at most so many jobs without an answer */
};

/* What the worker's process ends with. */
enum { WELL, WRONG_JOB, LOST_WAKE };

/* Until the answer is in the ring: the front end reads answers whenever it can't send, so room comes. */
static void answer(struct queue *queue, uint64_t number, size_t max) {
    while (!frame_send(&queue->out, number, max)) {
        queue_wake(queue);
        sched_yield();
    }
}

static int work(struct queue *queue, const struct traffic *traffic) {
    for (uint64_t number = 0; number < traffic->count;) {
        int got = frame_take(&queue->in, number, traffic->job_max);
        if (got < 0)
            return WRONG_JOB;
        if (got == 1) {
            answer(queue, number++, traffic->answer_max);
            continue;
        }
        queue_wake(queue); /* once a batch */
        if (!side_wait(queue))
            return LOST_WAKE;
    }
    queue_wake(queue);
    return WELL;
}

static pid_t start_worker(const struct traffic *traffic, const struct queue_fds *fds) {
    pid_t pid = fork();
    if (pid == 0) {
        struct queue queue;
        side_attach(&queue, QUEUE_WORKER, &traffic->sizes, fds);
        _exit(work(&queue, traffic));
    }
    assert_true(pid > 0);
    return pid;
}

static void send_and_receive(struct queue *queue, const struct traffic *traffic) {
    uint64_t sent = 0, answered = 0;
    while (answered < traffic->count) {
        uint64_t before = sent + answered;
        while (sent < traffic->count && sent - answered < traffic->in_flight &&
               frame_send(&queue->out, sent, traffic->job_max))
            sent++;
        queue_wake(queue);
        int got;
        while ((got = frame_take(&queue->in, answered, traffic->answer_max)) == 1)
            answered++;
        assert_int_equal(got, 0);
        if (sent + answered == before)
            assert_true(side_wait(queue));
    }
}

static void play(const struct traffic *traffic) {
    struct queue_fds fds;
    struct queue queue;
    int status;
    assert_int_equal(queue_create(&traffic->sizes, &fds), 0);
    pid_t pid = start_worker(traffic, &fds);
    assert_int_equal(queue_attach(&queue, QUEUE_FRONT_END, &traffic->sizes, &fds), 0);
    send_and_receive(&queue, traffic);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), WELL);
    queue_detach(&queue);
}

static void small_rings_large_frames(void **state) {
    (void)state;
    play(&(struct traffic){{4096, 4096}, 2040, 2040, 40000, UINT64_MAX});
}

static void large_rings(void **state) {
    (void)state;
    play(&(struct traffic){{1 << 18, 1 << 19}, 3000, 6000, 60000, UINT64_MAX});
}

static void short_frames_in_batches(void **state) {
    (void)state;
    play(&(struct traffic){{1 << 16, 1 << 16}, 40, 40, 200000, 16});
}

static void one_job_at_a_time(void **state) {
    (void)state;
    play(&(struct traffic){{4096, 4096}, 1000, 2000, 20000, 1});
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_rings_large_frames),
        cmocka_unit_test(large_rings),
        cmocka_unit_test(short_frames_in_batches),
        cmocka_unit_test(one_job_at_a_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
