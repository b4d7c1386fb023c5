/* A loop whose clock is a variable; see fake_loop.h. Only what an auction needs. */
#include "fake_loop.h"

#include <stdlib.h>

#define FAKE_TIMERS 4096

struct loop {
    uint64_t now_us;
    uint64_t lag_us;                   /* that its events waited */
    struct timer *timers[FAKE_TIMERS]; /* slot is the place + 1 */
    uint32_t count;
    struct deferred *deferred; /* oldest first */
    struct deferred **deferred_tail;
};

struct loop *loop_create(void) {
    struct loop *loop = calloc(1, sizeof *loop);
    if (!loop)
        return NULL;
    loop->now_us = 1000000000;
    loop->deferred_tail = &loop->deferred;
    return loop;
}

void loop_destroy(struct loop *loop) {
    free(loop);
}

uint64_t loop_now(const struct loop *loop) {
    return loop->now_us;
}

uint64_t loop_clock(const struct loop *loop) {
    return loop->now_us;
}

uint64_t loop_turn(const struct loop *loop) {
    return loop->now_us;
}

uint64_t loop_came_after(const struct loop *loop) {
    return loop->now_us - loop->lag_us;
}

uint64_t loop_busy(const struct loop *loop) {
    return loop->now_us / 2;
}

void fake_loop_lag(struct loop *loop, uint64_t lag_us) {
    loop->lag_us = lag_us;
}

void timer_init(struct timer *timer, struct loop *loop, void (*fn)(void *ctx), void *ctx) {
    *timer = (struct timer){.loop = loop, .fn = fn, .ctx = ctx};
}

int timer_arm(struct timer *timer, uint64_t at_us) {
    struct loop *loop = timer->loop;
    timer->at_us = at_us;
    if (timer->slot)
        return 0;
    if (loop->count == FAKE_TIMERS)
        return -1;
    loop->timers[loop->count++] = timer;
    timer->slot = loop->count;
    return 0;
}

void timer_disarm(struct timer *timer) {
    if (!timer->slot)
        return;
    struct loop *loop = timer->loop;
    struct timer *last = loop->timers[--loop->count];
    loop->timers[timer->slot - 1] = last;
    last->slot = timer->slot;
    timer->slot = 0;
}

void loop_defer(struct loop *loop, struct deferred *d) {
    d->next = NULL;
    *loop->deferred_tail = d;
    loop->deferred_tail = &d->next;
}

/* The end of a turn. */
static void run_deferred(struct loop *loop) {
    struct deferred *d = loop->deferred;
    loop->deferred = NULL;
    loop->deferred_tail = &loop->deferred;
    while (d) {
        struct deferred *next = d->next;
        d->fn(d);
        d = next;
    }
}

static struct timer *earliest(const struct loop *loop) {
    struct timer *first = NULL;
    for (uint32_t i = 0; i < loop->count; i++)
        if (!first || loop->timers[i]->at_us < first->at_us)
            first = loop->timers[i];
    return first;
}

void fake_loop_advance(struct loop *loop, uint64_t until_us) {
    struct timer *timer = earliest(loop);
    while (timer && timer->at_us <= until_us) {
        if (timer->at_us > loop->now_us)
            loop->now_us = timer->at_us;
        timer_disarm(timer);
        timer->fn(timer->ctx);
        run_deferred(loop);
        timer = earliest(loop);
    }
    run_deferred(loop);
    if (until_us > loop->now_us)
        loop->now_us = until_us;
}

uint32_t fake_loop_timers(const struct loop *loop) {
    return loop->count;
}
