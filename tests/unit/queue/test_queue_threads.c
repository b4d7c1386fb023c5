/*
 * Both sides in one process, as two threads on one mapping: what ThreadSanitizer can follow. The same traffic
 * between processes is in test_queue_processes.c.
 */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/prng.h"
#include "queue_fixture.h"

static const struct queue_sizes sizes = {.job_bytes = 8192, .answer_bytes = 16384};

struct two_sides {
    struct queue front, worker; /* on one mapping, the front end's */
    uint64_t count;
    _Atomic uint64_t arrived;    /* of both, together */
    _Atomic(const char *) fault; /* the worker's; cmocka can't fail in a thread */
};

static void two_sides_init(struct two_sides *sides, uint64_t count) {
    struct queue_fds fds;
    assert_int_equal(queue_create(&sizes, &fds), 0);
    memset(sides, 0, sizeof *sides);
    sides->count = count;
    assert_int_equal(queue_attach(&sides->front, QUEUE_FRONT_END, &sizes, &fds), 0);
    sides->worker = sides->front;
    sides->worker.side = QUEUE_WORKER;
    sides->worker.out = sides->front.in; /* as long as nothing was sent the views of both are the same */
    sides->worker.in = sides->front.out;
}

static void run(struct two_sides *sides, void *(*worker)(void *), const char *(*front)(struct two_sides *)) {
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, worker, sides), 0);
    const char *fault = front(sides);
    pthread_join(thread, NULL);
    queue_detach(&sides->front);
    const char *other = sides->fault;
    if (fault != NULL || other != NULL)
        fail_msg("front end: %s; worker: %s", fault ? fault : "well", other ? other : "well");
}

/* ---- a ring alone, nobody sleeps ---- */

static void *read_all(void *argument) {
    struct two_sides *sides = argument;
    for (uint64_t number = 0; number < sides->count;) {
        int got = frame_take(&sides->worker.in, number, 4088);
        if (got < 0) {
            sides->fault = "another frame, or a broken ring";
            break;
        }
        number += got == 1;
        if (got == 0)
            sched_yield();
    }
    return NULL;
}

static const char *write_all(struct two_sides *sides) {
    for (uint64_t number = 0; number < sides->count;) {
        if (frame_send(&sides->front.out, number, 4088))
            number++;
        else if (sides->front.out.broken || sides->fault != NULL)
            return "stopped";
        else
            sched_yield();
    }
    return NULL;
}

static void frames_pass_in_order(void **state) {
    (void)state;
    struct two_sides sides;
    two_sides_init(&sides, 100000);
    run(&sides, read_all, write_all);
}

/* ---- one at a time: each side sleeps for each frame ---- */

static const char *take_one(struct queue *queue, uint64_t number) {
    int got;
    while ((got = frame_take(&queue->in, number, 64)) == 0)
        if (!side_wait(queue))
            return "a wake is lost";
    return got == 1 ? NULL : "another frame, or a broken ring";
}

static void *answer_each(void *argument) {
    struct two_sides *sides = argument;
    for (uint64_t number = 0; number < sides->count; number++) {
        sides->fault = take_one(&sides->worker, number);
        if (sides->fault != NULL || !frame_send(&sides->worker.out, number, 64))
            break;
        queue_wake(&sides->worker);
    }
    return NULL;
}

static const char *ask_each(struct two_sides *sides) {
    const char *fault = NULL;
    for (uint64_t number = 0; number < sides->count && fault == NULL; number++) {
        if (!frame_send(&sides->front.out, number, 64))
            return "no room";
        queue_wake(&sides->front);
        fault = take_one(&sides->front, number);
    }
    return fault;
}

static void no_wake_is_lost_one_by_one(void **state) {
    (void)state;
    struct two_sides sides;
    two_sides_init(&sides, 30000);
    run(&sides, answer_each, ask_each);
}

/* ---- batches: the worker sleeps when it has read all, the front end between batches of random size ---- */

static void *read_sleeping(void *argument) {
    struct two_sides *sides = argument;
    for (uint64_t number = 0; number < sides->count && sides->fault == NULL; number++)
        sides->fault = take_one(&sides->worker, number);
    return NULL;
}

static const char *write_batches(struct two_sides *sides) {
    struct prng prng;
    prng_seed(&prng, 5);
    for (uint64_t number = 0; number < sides->count;) {
        uint64_t batch = 1 + prng_next(&prng) % 8;
        while (batch > 0 && number < sides->count && frame_send(&sides->front.out, number, 64)) {
            number++;
            batch--;
        }
        queue_wake(&sides->front);
        for (uint64_t spin = prng_next(&prng) % 4; spin > 0; spin--)
            sched_yield();
        if (sides->front.out.broken || sides->fault != NULL)
            return "stopped";
    }
    return NULL;
}

static void no_wake_is_lost_in_batches(void **state) {
    (void)state;
    struct two_sides sides;
    two_sides_init(&sides, 200000);
    run(&sides, read_sleeping, write_batches);
}

/* ---- sleeping and sending at the same moment, again and again: one of them must see the other ---- */

static void meet(struct two_sides *sides, uint64_t meetings, uint64_t spin) {
    atomic_fetch_add(&sides->arrived, 1);
    for (uint64_t turn = 1; atomic_load(&sides->arrived) < 2 * meetings && sides->fault == NULL; turn++)
        if (turn % 1000 == 0)
            sched_yield();
    for (volatile uint64_t turn = 0; turn < spin; turn++)
        ;
}

static void *fall_asleep(void *argument) {
    struct two_sides *sides = argument;
    struct prng prng;
    prng_seed(&prng, 6);
    for (uint64_t number = 0; number < sides->count && sides->fault == NULL; number++) {
        uint64_t woken = 0;
        meet(sides, 2 * number + 1, prng_next(&prng) % 32);
        bool asleep = queue_sleep(&sides->worker);
        meet(sides, 2 * number + 2, 0);
        ssize_t got = read(queue_wait_fd(&sides->worker), &woken, sizeof woken);
        if (asleep && got != (ssize_t)sizeof woken)
            sides->fault = "nothing seen, and not woken";
        else if (frame_take(&sides->worker.in, number, 64) != 1)
            sides->fault = "another frame, or a broken ring";
        queue_awake(&sides->worker);
    }
    return NULL;
}

static const char *send_to_who_falls_asleep(struct two_sides *sides) {
    struct prng prng;
    prng_seed(&prng, 7);
    for (uint64_t number = 0; number < sides->count && sides->fault == NULL; number++) {
        meet(sides, 2 * number + 1, prng_next(&prng) % 32);
        if (!frame_send(&sides->front.out, number, 64))
            sides->fault = "no room"; /* the other one stops, too */
        queue_wake(&sides->front);
        meet(sides, 2 * number + 2, 0);
    }
    return NULL;
}

static void who_sends_sees_who_sleeps_or_is_seen(void **state) {
    (void)state;
    struct two_sides sides;
    two_sides_init(&sides, 100000);
    run(&sides, fall_asleep, send_to_who_falls_asleep);
}

/* ---- the generation: all jobs of an older one are seen before it ends ---- */

static void *follow_generations(void *argument) {
    struct two_sides *sides = argument;
    struct ring *in = &sides->worker.in;
    uint64_t read = 0;
    while (read < sides->count) {
        uint32_t lowest = queue_generation(&sides->worker);
        const void *frame;
        size_t n;
        int got;
        uint64_t before = read;
        for (; (got = ring_peek(in, &frame, &n)) == 1; read++, ring_consume(in))
            if (*(const uint32_t *)frame != read / 10)
                break;
        if (got != 0 || read < (uint64_t)lowest * 10) {
            sides->fault = "a job of an ended generation is still to come";
            break;
        }
        if (read == before)
            sched_yield();
    }
    return NULL;
}

static const char *raise_generations(struct two_sides *sides) {
    for (uint64_t number = 0; number < sides->count && sides->fault == NULL;) {
        uint32_t *job = ring_reserve(&sides->front.out, sizeof *job);
        if (job == NULL) {
            sched_yield();
            continue;
        }
        *job = (uint32_t)(number / 10);
        ring_commit(&sides->front.out, sizeof *job);
        number++;
        if (number % 10 == 0)
            queue_set_generation(&sides->front, (uint32_t)(number / 10));
    }
    return NULL;
}

static void a_generation_ends_after_its_last_job(void **state) {
    (void)state;
    struct two_sides sides;
    two_sides_init(&sides, 200000);
    run(&sides, follow_generations, raise_generations);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_pass_in_order),
        cmocka_unit_test(no_wake_is_lost_one_by_one),
        cmocka_unit_test(no_wake_is_lost_in_batches),
        cmocka_unit_test(who_sends_sees_who_sleeps_or_is_seen),
        cmocka_unit_test(a_generation_ends_after_its_last_job),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
