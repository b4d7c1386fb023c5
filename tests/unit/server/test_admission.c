/*
 * Admission by time, in a simulated front end: an event loop with costs, in virtual time. A request costs
 * work when it is started and again when its partners have answered; what is refused costs a little.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "admission/admission.h"
#include "base/prng.h"

#define MS         ((uint64_t)1000)
#define S          ((uint64_t)1000000)
#define RING       (1u << 18)
#define DELAYS_MAX 400000u

struct event {
    uint64_t ready_us;
    uint64_t arrived_us; /* of its request */
};

struct queue { /* by ready_us, as pushed */
    struct event items[RING];
    size_t head, count;
};

struct world {
    struct admission admission;
    struct admission_stats stats;
    struct prng prng;
    uint64_t now_us, turn_us, came_after_us, rested_us;
    uint64_t next_us;                        /* of the next arrival */
    double rate;                             /* requests a microsecond */
    uint64_t start_us, finish_us, refuse_us; /* costs */
    uint64_t partner_us;                     /* until the partners have answered */
    struct queue requests, answers;
    uint64_t finished, shed, shed_deadline;
    uint64_t delays[DELAYS_MAX]; /* of finished ones: what the front end added */
    size_t delay_count;
    uint64_t refused_after_us; /* the longest wait of a refused one */
};

static void push(struct queue *queue, uint64_t ready_us, uint64_t arrived_us) {
    assert_true(queue->count < RING);
    queue->items[(queue->head + queue->count++) % RING] = (struct event){ready_us, arrived_us};
}

static const struct event *first(const struct queue *queue) {
    return queue->count ? &queue->items[queue->head] : NULL;
}

static struct event pop(struct queue *queue) {
    struct event event = queue->items[queue->head];
    queue->head = (queue->head + 1) % RING;
    queue->count--;
    return event;
}

static void let_arrive(struct world *world, uint64_t until_us) {
    while (world->rate > 0 && world->next_us <= until_us) {
        push(&world->requests, world->next_us, world->next_us);
        world->next_us += 1 + (uint64_t)prng_exponential(&world->prng, 1 / world->rate);
    }
}

static void take_request(struct world *world) {
    struct event event = pop(&world->requests);
    enum shed_reason why = SHED_REASONS;
    const struct admission_moment moment = {world->now_us, world->turn_us, world->came_after_us,
                                            world->turn_us - world->rested_us, event.arrived_us};
    if (admission_admit(&world->admission, &moment, &why)) {
        world->now_us += world->start_us;
        push(&world->answers, world->now_us + world->partner_us, event.arrived_us);
        return;
    }
    world->shed++;
    world->shed_deadline += why == SHED_DEADLINE;
    uint64_t waited_us = world->now_us - event.arrived_us;
    if (waited_us > world->refused_after_us)
        world->refused_after_us = waited_us;
    world->now_us += world->refuse_us;
}

static void take_answer(struct world *world) {
    struct event event = pop(&world->answers);
    world->now_us += world->finish_us;
    world->finished++;
    admission_finished(&world->admission);
    if (world->delay_count < DELAYS_MAX)
        world->delays[world->delay_count++] = world->now_us - event.arrived_us - world->partner_us;
}

/* One turn: what is ready at its beginning, in the order in which it became so. */
static void turn(struct world *world) {
    uint64_t turn_us = world->turn_us;
    let_arrive(world, world->now_us);
    const struct event *request = first(&world->requests), *answer = first(&world->answers);
    bool ready =
        (request && request->ready_us <= world->now_us) || (answer && answer->ready_us <= world->now_us);
    if (!ready) { /* rests until the next event */
        uint64_t since_us = world->now_us;
        world->now_us = answer && answer->ready_us < world->next_us ? answer->ready_us : world->next_us;
        world->rested_us += world->now_us - since_us;
        let_arrive(world, world->now_us);
    }
    world->turn_us = world->now_us;
    world->came_after_us = ready ? turn_us : world->now_us;
    for (;;) {
        request = first(&world->requests), answer = first(&world->answers);
        bool answer_due = answer && answer->ready_us <= world->turn_us;
        if (request && (!answer_due || request->ready_us <= answer->ready_us))
            take_request(world);
        else if (answer_due)
            take_answer(world);
        else
            break;
    }
}

static void run(struct world *world, double rate, uint64_t for_us) {
    uint64_t until_us = world->now_us + for_us;
    world->rate = rate;
    world->next_us = rate > 0 ? world->now_us + 1 : until_us;
    while (world->now_us < until_us)
        turn(world);
}

static void count_anew(struct world *world) {
    world->finished = world->shed = world->shed_deadline = 0;
    world->delay_count = 0;
    world->refused_after_us = 0;
}

static int by_value(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static uint64_t delay_at(struct world *world, double share) {
    qsort(world->delays, world->delay_count, sizeof *world->delays, by_value);
    return world->delay_count ? world->delays[(size_t)(share * (double)(world->delay_count - 1))] : 0;
}

/* A front end with a capacity of 10,000 auctions a second. */
static int make_world(void **state) {
    struct world *world = calloc(1, sizeof *world);
    const struct admission_options options = {
        .enabled = true, .target_us = 5 * MS, .interval_us = 100 * MS, .longest_us = 2 * S};
    world->now_us = world->turn_us = world->came_after_us = 100 * S;
    world->start_us = 40;
    world->finish_us = 60;
    world->refuse_us = 2;
    world->partner_us = 50 * MS;
    prng_seed(&world->prng, 5);
    admission_init(&world->admission, &options, &world->stats);
    *state = world;
    return 0;
}

static int drop_world(void **state) {
    free(*state);
    return 0;
}

#define CAPACITY 0.01 /* a microsecond */

static void nothing_is_refused_below_capacity(void **state) {
    struct world *world = *state;
    const double loads[] = {0.01, 0.3, 0.7, 0.95};
    for (size_t i = 0; i < sizeof loads / sizeof *loads; i++) {
        run(world, loads[i] * CAPACITY, 10 * S);
        assert_int_equal(world->shed, 0);
        assert_false(world->stats.shedding);
    }
}

static void a_burst_that_is_over_soon_is_served(void **state) {
    struct world *world = *state;
    run(world, 0.3 * CAPACITY, 1 * S);
    for (int i = 0; i < 500; i++) /* 50 ms of work at once */
        push(&world->requests, world->now_us, world->now_us);
    run(world, 0.3 * CAPACITY, 1 * S);
    assert_int_equal(world->shed, 0);
}

/* Goodput stays at what the refusals leave of the capacity, at any load; who is let in is served soon. */
static void useful_work_goes_on_at_any_load(void **state) {
    struct world *world = *state;
    const double loads[] = {1.2, 2, 3, 5, 10};
    for (size_t i = 0; i < sizeof loads / sizeof *loads; i++) {
        run(world, loads[i] * CAPACITY, 2 * S);
        count_anew(world);
        run(world, loads[i] * CAPACITY, 10 * S);
        double spent = (double)world->shed * (double)world->refuse_us / (10 * S);
        double goodput = (double)world->finished / (10 * S) / CAPACITY / (1 - spent);
        uint64_t p99_us = delay_at(world, 0.99);
        print_message(
            "load %4.1f: %5.1f %% of what is possible, shed %5.1f %%, added p50 %4.1f p99 %4.1f ms, refused "
            "within %4.1f ms\n",
            loads[i], 100 * goodput, 100 * (double)world->shed / (double)(world->shed + world->finished),
            (double)delay_at(world, 0.5) / MS, (double)p99_us / MS, (double)world->refused_after_us / MS);
        assert_true(goodput > 0.95);
        assert_true(p99_us < 50 * MS);
        assert_int_equal(world->shed_deadline, 0);
    }
}

/* The same with slower partners and with faster ones: the work of answers comes later, or at once. */
static void the_partners_latency_does_not_matter(void **state) {
    struct world *world = *state;
    const uint64_t partner_ms[] = {1, 10, 200, 400};
    for (size_t i = 0; i < sizeof partner_ms / sizeof *partner_ms; i++) {
        world->partner_us = partner_ms[i] * MS;
        run(world, 0, 2 * S); /* answers stay in order */
        run(world, 3 * CAPACITY, 5 * S);
        count_anew(world);
        run(world, 3 * CAPACITY, 10 * S);
        double spent = (double)world->shed * (double)world->refuse_us / (10 * S);
        double goodput = (double)world->finished / (10 * S) / CAPACITY / (1 - spent);
        uint64_t p99_us = delay_at(world, 0.99);
        print_message("partners of %3u ms: %5.1f %%, added p99 %5.1f ms\n", (unsigned)partner_ms[i],
                      100 * goodput, (double)p99_us / MS);
        assert_true(goodput > 0.95);
        assert_true(p99_us < 100 * MS);
    }
}

static void it_is_over_when_the_storm_is(void **state) {
    struct world *world = *state;
    run(world, 5 * CAPACITY, 5 * S);
    assert_true(world->stats.shedding);
    run(world, 0.5 * CAPACITY, 150 * MS); /* what is under way is answered */
    count_anew(world);
    run(world, 0.5 * CAPACITY, 5 * S);
    assert_int_equal(world->shed, 0);
    assert_false(world->stats.shedding);
    assert_int_equal(world->stats.rate, 0);
    assert_true(delay_at(world, 0.99) < 5 * MS);
}

static void silence_ends_it_at_once(void **state) {
    struct world *world = *state;
    run(world, 5 * CAPACITY, 5 * S);
    run(world, 0, 1 * S);
    count_anew(world);
    run(world, 0.9 * CAPACITY, 1 * S);
    assert_int_equal(world->shed, 0);
}

/* Without it everybody waits ever longer. */
static void switched_off_it_lets_everybody_in(void **state) {
    struct world *world = *state;
    const struct admission_options options = {
        .enabled = false, .target_us = 5 * MS, .interval_us = 100 * MS, .longest_us = 2 * S};
    admission_init(&world->admission, &options, &world->stats);
    run(world, 2 * CAPACITY, 4 * S);
    assert_int_equal(world->shed, 0);
    assert_true(delay_at(world, 0.99) > 500 * MS);
}

static void who_waited_too_long_is_refused_in_peace_too(void **state) {
    struct world *world = *state;
    enum shed_reason why = SHED_REASONS;
    uint64_t now_us = world->now_us;
    struct admission_moment moment = {now_us, now_us, now_us, 0, now_us - 2 * S};
    assert_true(admission_admit(&world->admission, &moment, &why));
    moment.started_us--;
    assert_false(admission_admit(&world->admission, &moment, &why));
    assert_int_equal(why, SHED_DEADLINE);
    assert_string_equal(shed_reason_name(why), "deadline");
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, make_world, drop_world)

int main(void) {
    const struct CMUnitTest tests[] = {
        IN_WORLD(nothing_is_refused_below_capacity), IN_WORLD(a_burst_that_is_over_soon_is_served),
        IN_WORLD(useful_work_goes_on_at_any_load),   IN_WORLD(the_partners_latency_does_not_matter),
        IN_WORLD(it_is_over_when_the_storm_is),      IN_WORLD(silence_ends_it_at_once),
        IN_WORLD(switched_off_it_lets_everybody_in), IN_WORLD(who_waited_too_long_is_refused_in_peace_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
