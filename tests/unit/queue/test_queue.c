/* The queue's memory, what attaching refuses, both directions, and who is woken when. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "queue/queue_layout.h"
#include "queue_fixture.h"

static const struct queue_sizes sizes = {.job_bytes = 8192, .answer_bytes = 16384};

#define MEMORY_BYTES (256 + 192 + 8192 + 192 + 16384)

/* ---- making one ---- */

static void the_memory_can_neither_grow_nor_shrink(void **state) {
    (void)state;
    struct queue_fds fds;
    struct stat file;
    assert_int_equal(queue_create(&sizes, &fds), 0);
    int seals = fcntl(fds.memory, F_GET_SEALS);
    assert_int_equal(seals, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
    assert_int_equal(fstat(fds.memory, &file), 0);
    assert_int_equal(file.st_size, MEMORY_BYTES);
    assert_true(file.st_blocks * 512 >= MEMORY_BYTES);
    assert_int_equal(ftruncate(fds.memory, MEMORY_BYTES - 1), -1);
    assert_int_equal(ftruncate(fds.memory, MEMORY_BYTES + 1), -1);
    assert_int_equal(fcntl(fds.memory, F_ADD_SEALS, F_SEAL_WRITE), -1);
    int all[] = {fds.memory, fds.wake_front_end, fds.wake_worker};
    for (size_t i = 0; i < COUNT_OF(all); i++)
        assert_true(fcntl(all[i], F_GETFD) & FD_CLOEXEC);
    assert_true(fcntl(fds.wake_worker, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(fds.wake_front_end, F_GETFL) & O_NONBLOCK);
    queue_fds_close(&fds);
    assert_true(fds.memory == -1 && fds.wake_worker == -1 && fds.wake_front_end == -1);
    queue_fds_close(&fds);
    assert_int_equal(fcntl(all[0], F_GETFD), -1);
    assert_int_equal(fcntl(all[1], F_GETFD), -1);
    assert_int_equal(fcntl(all[2], F_GETFD), -1);
}

static void illegal_sizes_are_refused(void **state) {
    (void)state;
    static const struct queue_sizes illegal[] = {{0, 4096},    {4096, 0},    {4095, 4096},
                                                 {4096, 6144}, {2048, 4096}, {4096, RING_MOST_BYTES * 2}};
    struct queue_fds fds;
    struct queue queue;
    for (size_t i = 0; i < COUNT_OF(illegal); i++) {
        errno = 0;
        assert_int_equal(queue_create(&illegal[i], &fds), -1);
        assert_int_equal(errno, EINVAL);
        assert_int_equal(fds.memory, -1);
        assert_int_equal(queue_attach(&queue, QUEUE_WORKER, &illegal[i], &fds), -1);
        assert_int_equal(errno, EINVAL);
        queue_detach(&queue);
    }
}

/* ---- attaching ---- */

static void assert_refused(const struct queue_sizes *told, const struct queue_fds *fds, int error) {
    struct queue queue;
    for (int side = QUEUE_FRONT_END; side <= QUEUE_WORKER; side++) {
        errno = 0;
        assert_int_equal(queue_attach(&queue, (enum queue_side)side, told, fds), -1);
        assert_int_equal(errno, error);
        assert_null(queue.memory);
        queue_detach(&queue);
    }
    if (fds->memory >= 0)
        assert_true(fcntl(fds->memory, F_GETFD) >= 0);
}

static void another_size_is_refused(void **state) {
    (void)state;
    static const struct queue_sizes others[] = {{16384, 16384}, {4096, 16384}, {8192, 8192}};
    static const struct queue_sizes swapped = {16384, 8192};
    struct queue_fds fds;
    assert_int_equal(queue_create(&sizes, &fds), 0);
    for (size_t i = 0; i < COUNT_OF(others); i++)
        assert_refused(&others[i], &fds, EINVAL);
    assert_refused(&swapped, &fds, EPROTO); /* the same total */
    queue_fds_close(&fds);
}

static void what_is_not_sealed_is_refused(void **state) {
    (void)state;
    static const int too_few[] = {0, F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_SHRINK | F_SEAL_GROW,
                                  F_SEAL_SHRINK | F_SEAL_SEAL};
    for (size_t i = 0; i < COUNT_OF(too_few); i++) {
        struct queue_fds fds = {-1, -1, -1};
        fds.memory = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
        assert_int_equal(ftruncate(fds.memory, MEMORY_BYTES), 0);
        assert_int_equal(fcntl(fds.memory, F_ADD_SEALS, too_few[i]), 0);
        assert_refused(&sizes, &fds, EPERM);
        queue_fds_close(&fds);
    }
}

static void what_is_no_memfd_is_refused(void **state) {
    (void)state;
    struct queue_fds fds = {-1, -1, -1};
    assert_refused(&sizes, &fds, EBADF);
    fds.memory = open("/dev/null", O_RDWR | O_CLOEXEC);
    assert_refused(&sizes, &fds, EINVAL);
    queue_fds_close(&fds);
}

static void a_wrong_header_is_refused(void **state) {
    (void)state;
    /* Each identifying word of the queue and of its rings. */
    static const size_t words[] = {0, 4, 8, 12, 256, 260, 264, 268, 8640, 8644, 8648, 8652};
    struct queue_fds fds;
    assert_int_equal(queue_create(&sizes, &fds), 0);
    char *memory = mmap(NULL, MEMORY_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fds.memory, 0);
    assert_ptr_not_equal(memory, MAP_FAILED);
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        memory[words[i]] ^= 1;
        assert_refused(&sizes, &fds, EPROTO);
        memory[words[i]] ^= 1;
    }
    munmap(memory, MEMORY_BYTES);
    struct queue queue;
    assert_int_equal(queue_attach(&queue, QUEUE_WORKER, &sizes, &fds), 0);
    queue_detach(&queue);
}

static void detaching_twice_is_legal(void **state) {
    (void)state;
    struct queue_fds fds;
    struct queue queue = {0};
    int zero = fcntl(0, F_GETFD);
    queue_detach(&queue);
    assert_int_equal(fcntl(0, F_GETFD), zero); /* the fds of a zeroed queue are none */
    assert_int_equal(queue_create(&sizes, &fds), 0);
    assert_int_equal(queue_attach(&queue, QUEUE_FRONT_END, &sizes, &fds), 0);
    queue_detach(&queue);
    assert_int_equal(fcntl(fds.memory, F_GETFD), -1);
    assert_int_equal(fcntl(fds.wake_worker, F_GETFD), -1);
    queue_detach(&queue);
    assert_null(queue.memory);
}

/* ---- both directions ---- */

struct sides {
    struct queue front, worker;
};

static void sides_init(struct sides *sides) {
    struct queue_fds fds;
    assert_int_equal(queue_create(&sizes, &fds), 0);
    side_attach(&sides->front, QUEUE_FRONT_END, &sizes, &fds);
    side_attach(&sides->worker, QUEUE_WORKER, &sizes, &fds);
    queue_fds_close(&fds);
}

static void sides_cleanup(struct sides *sides) {
    queue_detach(&sides->front);
    queue_detach(&sides->worker);
}

static void jobs_go_one_way_and_answers_the_other(void **state) {
    (void)state;
    struct sides sides;
    sides_init(&sides);
    assert_int_equal(ring_frame_max(&sides.front.out), 8192 / 2 - 8);
    assert_int_equal(ring_frame_max(&sides.worker.out), 16384 / 2 - 8);
    for (uint64_t number = 0; number < 2000; number++) {
        assert_true(frame_send(&sides.front.out, number, 4000));
        assert_int_equal(frame_take(&sides.front.in, number, 8000), 0);
        assert_int_equal(frame_take(&sides.worker.in, number, 4000), 1);
        assert_int_equal(frame_take(&sides.worker.in, number, 4000), 0);
        assert_true(frame_send(&sides.worker.out, number, 8000));
        assert_int_equal(frame_take(&sides.front.in, number, 8000), 1);
    }
    sides_cleanup(&sides);
}

static void the_generation_is_seen(void **state) {
    (void)state;
    struct sides sides;
    sides_init(&sides);
    assert_int_equal(queue_generation(&sides.worker), 0);
    queue_set_generation(&sides.front, 7);
    assert_int_equal(queue_generation(&sides.worker), 7);
    queue_set_generation(&sides.front, UINT32_MAX);
    assert_int_equal(queue_generation(&sides.worker), UINT32_MAX);
    sides_cleanup(&sides);
}

/* ---- who is woken when ---- */

static uint64_t wakes(const struct queue *queue) {
    uint64_t count = 0;
    ssize_t got = read(queue_wait_fd(queue), &count, sizeof count);
    return got == (ssize_t)sizeof count ? count : 0;
}

/* Each test of waking is made for both sides. */
static void for_both_sides(void (*test)(struct queue *sleeper, struct queue *other)) {
    struct sides sides;
    sides_init(&sides);
    test(&sides.worker, &sides.front);
    test(&sides.front, &sides.worker);
    assert_int_equal(wakes(&sides.front), 0);
    assert_int_equal(wakes(&sides.worker), 0);
    sides_cleanup(&sides);
}

static void check_awake(struct queue *sleeper, struct queue *other) {
    assert_true(frame_send(&other->out, 1, 100));
    queue_wake(other);
    assert_int_equal(wakes(sleeper), 0);
    assert_int_equal(frame_take(&sleeper->in, 1, 100), 1);
}

static void who_is_awake_is_not_woken(void **state) {
    (void)state;
    for_both_sides(check_awake);
}

static void check_sleeper(struct queue *sleeper, struct queue *other) {
    assert_true(queue_sleep(sleeper));
    assert_int_equal(wakes(sleeper), 0);
    for (uint64_t i = 0; i < 5; i++) {
        assert_true(frame_send(&other->out, i, 100));
        queue_wake(other);
    }
    queue_awake(sleeper);
    assert_int_equal(wakes(sleeper), 0);
    for (uint64_t i = 0; i < 5; i++)
        assert_int_equal(frame_take(&sleeper->in, i, 100), 1);
    assert_true(queue_sleep(sleeper));
    queue_wake(other);
    queue_wake(other);
    assert_int_equal(wakes(sleeper), 1);
    queue_awake(sleeper);
}

static void a_sleeper_is_woken_once(void **state) {
    (void)state;
    for_both_sides(check_sleeper);
}

static void check_late_frame(struct queue *sleeper, struct queue *other) {
    assert_true(frame_send(&other->out, 1, 100));
    assert_false(queue_sleep(sleeper));
    queue_wake(other);
    assert_int_equal(wakes(sleeper), 0);
    assert_int_equal(frame_take(&sleeper->in, 1, 100), 1);
    assert_true(queue_sleep(sleeper));
    queue_awake(sleeper); /* something else has woken it */
    queue_wake(other);
    assert_int_equal(wakes(sleeper), 0);
}

static void nobody_sleeps_when_a_frame_is_there(void **state) {
    (void)state;
    for_both_sides(check_late_frame);
}

/* ---- a hostile other side ---- */

static void nobody_sleeps_on_a_broken_ring(void **state) {
    (void)state;
    struct sides sides;
    sides_init(&sides);
    sides.worker.in.shared->tail = 12345;
    assert_false(queue_sleep(&sides.worker));
    assert_true(sides.worker.in.broken);
    assert_false(queue_sleep(&sides.worker));
    sides_cleanup(&sides);
}

static void a_hole_in_the_memory_is_a_broken_ring(void **state) {
    (void)state;
    struct sides sides;
    const void *frame;
    size_t n;
    sides_init(&sides);
    for (int i = 0; i < 50; i++) {
        assert_non_null(ring_reserve(&sides.front.out, 150));
        ring_commit(&sides.front.out, 150);
    }
    int mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
    assert_int_equal(fallocate(sides.front.fds.memory, mode, 4096, 4096), 0);
    int got;
    while ((got = ring_peek(&sides.worker.in, &frame, &n)) == 1)
        ring_consume(&sides.worker.in);
    assert_int_equal(got, -1);
    sides_cleanup(&sides);
}

static void any_word_of_sleep_is_taken(void **state) {
    (void)state;
    struct sides sides;
    sides_init(&sides);
    struct queue_shared *shared = sides.front.memory;
    shared->sides[QUEUE_WORKER].asleep = UINT32_MAX;
    queue_wake(&sides.front);
    assert_int_equal(wakes(&sides.worker), 1);
    uint64_t full = UINT64_MAX - 1;
    assert_int_equal(write(sides.front.fds.wake_worker, &full, sizeof full), sizeof full);
    assert_true(queue_sleep(&sides.worker));
    queue_wake(&sides.front); /* does not block */
    queue_awake(&sides.worker);
    assert_int_equal(wakes(&sides.worker), 0);
    sides_cleanup(&sides);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_memory_can_neither_grow_nor_shrink),
        cmocka_unit_test(illegal_sizes_are_refused),
        cmocka_unit_test(another_size_is_refused),
        cmocka_unit_test(what_is_not_sealed_is_refused),
        cmocka_unit_test(what_is_no_memfd_is_refused),
        cmocka_unit_test(a_wrong_header_is_refused),
        cmocka_unit_test(detaching_twice_is_legal),
        cmocka_unit_test(jobs_go_one_way_and_answers_the_other),
        cmocka_unit_test(the_generation_is_seen),
        cmocka_unit_test(who_is_awake_is_not_woken),
        cmocka_unit_test(a_sleeper_is_woken_once),
        cmocka_unit_test(nobody_sleeps_when_a_frame_is_there),
        cmocka_unit_test(nobody_sleeps_on_a_broken_ring),
        cmocka_unit_test(a_hole_in_the_memory_is_a_broken_ring),
        cmocka_unit_test(any_word_of_sleep_is_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
