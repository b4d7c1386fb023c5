/*
 * One side is stopped after every single instruction, and the other looks: what it finds is what it would
 * find had the first been killed there. Needs ptrace(2); skipped where that is forbidden.
 */
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "queue/ring_layout.h"
#include "queue_fixture.h"

#define SIZE      RING_LEAST_BYTES
#define FRAMES    12
#define FRAME_MAX 100
#define FORBIDDEN 77
/* In all, where each stop takes a process of its own: every step is a stop, but not with sanitizers. */
#define STEPS_MAX 30000

/* What both processes see. */
struct stage {
    _Atomic uint32_t over; /* what is next is poll(), or the end */
    char ring[192 + SIZE] __attribute__((aligned(64)));
};

struct play {
    struct stage *stage;
    struct ring_pair pair; /* on the stage */
    struct queue_fds fds;
    struct queue here;
};

static const struct queue_sizes sizes = {SIZE, SIZE};

static void play_init(struct play *play) {
    void *memory =
        mmap(NULL, sizeof(struct stage), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(memory, MAP_FAILED);
    *play = (struct play){.stage = memory, .fds = {-1, -1, -1}};
    play->pair.memory = play->stage->ring;
    ring_format(play->pair.memory, SIZE);
    assert_int_equal(ring_attach(&play->pair.producer, play->pair.memory, SIZE), 0);
    assert_int_equal(ring_attach(&play->pair.consumer, play->pair.memory, SIZE), 0);
}

static void play_cleanup(struct play *play) {
    queue_detach(&play->here);
    queue_fds_close(&play->fds);
    munmap(play->stage, sizeof *play->stage);
}

/* A child that runs body and ends with what it returns; body stops it where the steps begin. 0: ptrace is
 * forbidden. */
static pid_t start(int (*body)(struct play *), struct play *play) {
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
            _exit(FORBIDDEN);
        _exit(body(play));
    }
    assert_true(pid > 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFEXITED(status) && WEXITSTATUS(status) == FORBIDDEN)
        return 0;
    assert_true(WIFSTOPPED(status));
    return pid;
}

/* One instruction. False: the child has ended, well. */
static bool step(pid_t pid) {
    int status;
    assert_int_equal(ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP)
        return true;
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    return false;
}

/* The child runs on to its end, which must be a good one. */
static void run_on(pid_t pid) {
    int status;
    assert_int_equal(ptrace(PTRACE_DETACH, pid, NULL, NULL), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* ---- a producer is stopped ---- */

static int send_frames(struct play *play) {
    (void)raise(SIGSTOP);
    for (uint64_t number = 0; number < FRAMES; number++)
        if (!frame_send(&play->pair.producer, number, FRAME_MAX))
            return 1;
    return 0;
}

static void a_frame_is_whole_or_not_there(void **state) {
    (void)state;
    struct play play;
    uint64_t taken = 0;
    play_init(&play);
    ring_pair_move_to(&play.pair, SIZE - 400); /* so that a filler is among them */
    pid_t pid = start(send_frames, &play);
    if (pid == 0) {
        play_cleanup(&play);
        skip();
    }
    do {
        int got = frame_take(&play.pair.consumer, taken, FRAME_MAX);
        assert_true(got >= 0);
        taken += (uint64_t)got;
    } while (step(pid));
    while (frame_take(&play.pair.consumer, taken, FRAME_MAX) == 1)
        taken++;
    assert_int_equal(taken, FRAMES);
    assert_true(play.pair.consumer.own > SIZE);
    play_cleanup(&play);
}

/* ---- a consumer is stopped ---- */

static int take_frames(struct play *play) {
    (void)raise(SIGSTOP);
    for (uint64_t number = 0; number < FRAMES; number++)
        if (frame_take(&play->pair.consumer, number, FRAME_MAX) != 1)
            return 1;
    return 0;
}

/* Writes over every byte that a producer at own may write to. */
static void spoil_free_room(const struct ring *producer) {
    uint64_t head = atomic_load(&producer->shared->head);
    uint64_t from = producer->own % SIZE, n = SIZE - (producer->own - head);
    uint64_t before_end = n < SIZE - from ? n : SIZE - from;
    memset(producer->bytes + from, 0xaa, before_end);
    memset(producer->bytes, 0xaa, n - before_end);
}

static void room_is_free_when_its_frame_is_read(void **state) {
    (void)state;
    struct play play;
    play_init(&play);
    ring_pair_move_to(&play.pair, SIZE - 400);
    for (uint64_t number = 0; number < FRAMES; number++)
        assert_true(frame_send(&play.pair.producer, number, FRAME_MAX));
    pid_t pid = start(take_frames, &play);
    if (pid == 0) {
        play_cleanup(&play);
        skip();
    }
    do {
        struct ring view = play.pair.producer;
        (void)!ring_reserve(&view, ring_frame_max(&view));
        assert_false(view.broken);
        spoil_free_room(&view);
    } while (step(pid));
    assert_true(atomic_load(&play.pair.producer.shared->head) == play.pair.producer.own);
    play_cleanup(&play);
}

/* ---- sleep and wake ---- */

/* Lets the child take n steps, or as many as matter. False: it ended before. */
static bool steps_into(pid_t pid, const struct stage *stage, uint64_t n) {
    for (; n > 0 && !atomic_load(&stage->over); n--)
        if (!step(pid))
            return false;
    return true;
}

static void open_queue(struct play *play) {
    assert_int_equal(queue_create(&sizes, &play->fds), 0);
    side_attach(&play->here, QUEUE_FRONT_END, &sizes, &play->fds);
}

/* How many steps body takes from its beginning to where it is over; 0: ptrace is forbidden. */
static uint64_t count_steps(int (*body)(struct play *)) {
    struct play play;
    uint64_t steps = 0;
    play_init(&play);
    open_queue(&play);
    pid_t pid = start(body, &play);
    if (pid != 0) {
        bool more = true;
        for (; more && !atomic_load(&play.stage->over); steps++)
            more = step(pid);
        if (more) {
            int status;
            assert_int_equal(kill(pid, SIGKILL), 0);
            assert_int_equal(waitpid(pid, &status, 0), pid);
        }
    }
    play_cleanup(&play);
    return steps;
}

static void at_each_step(int (*body)(struct play *), void (*check)(struct play *, pid_t)) {
    uint64_t steps = count_steps(body);
    if (steps == 0)
        skip();
    for (uint64_t n = 0; n <= steps; n += 1 + steps * steps / 2 / STEPS_MAX) {
        struct play play;
        play_init(&play);
        open_queue(&play);
        pid_t pid = start(body, &play);
        if (steps_into(pid, play.stage, n))
            check(&play, pid);
        play_cleanup(&play);
    }
}

/* The child: a worker that finds nothing and goes to sleep. */
static int sleep_for_a_job(struct play *play) {
    struct queue queue;
    int got;
    side_attach(&queue, QUEUE_WORKER, &sizes, &play->fds);
    (void)raise(SIGSTOP);
    while ((got = frame_take(&queue.in, 5, FRAME_MAX)) == 0) {
        if (!queue_sleep(&queue))
            continue;
        struct pollfd wait = {.fd = queue_wait_fd(&queue), .events = POLLIN};
        atomic_store(&play->stage->over, 1);
        if (poll(&wait, 1, LOST_WAKE_MS) != 1)
            return 2;
        queue_awake(&queue);
    }
    return got == 1 ? 0 : 1;
}

static void send_and_wake(struct play *play, pid_t pid) {
    assert_true(frame_send(&play->here.out, 5, FRAME_MAX));
    queue_wake(&play->here);
    run_on(pid);
}

static void a_job_at_any_step_of_falling_asleep_is_found(void **state) {
    (void)state;
    at_each_step(sleep_for_a_job, send_and_wake);
}

/* The child: a worker that answers. */
static int answer_and_wake(struct play *play) {
    struct queue queue;
    side_attach(&queue, QUEUE_WORKER, &sizes, &play->fds);
    (void)raise(SIGSTOP);
    if (!frame_send(&queue.out, 5, FRAME_MAX))
        return 1;
    queue_wake(&queue);
    atomic_store(&play->stage->over, 1);
    return 0;
}

static void sleep_and_be_woken(struct play *play, pid_t pid) {
    bool asleep = queue_sleep(&play->here);
    struct pollfd wait = {.fd = queue_wait_fd(&play->here), .events = POLLIN};
    if (!asleep)
        assert_int_equal(frame_take(&play->here.in, 5, FRAME_MAX), 1);
    run_on(pid);
    if (!asleep)
        return;
    assert_int_equal(poll(&wait, 1, 0), 1);
    queue_awake(&play->here);
    assert_int_equal(frame_take(&play->here.in, 5, FRAME_MAX), 1);
}

static void sleeping_at_any_step_of_an_answer_is_woken(void **state) {
    (void)state;
    at_each_step(answer_and_wake, sleep_and_be_woken);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_frame_is_whole_or_not_there),
        cmocka_unit_test(room_is_free_when_its_frame_is_read),
        cmocka_unit_test(a_job_at_any_step_of_falling_asleep_is_found),
        cmocka_unit_test(sleeping_at_any_step_of_an_answer_is_woken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
