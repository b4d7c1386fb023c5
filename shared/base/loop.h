/*
 * The event loop: the one module that knows libevent.
 *
 * A loop turns in one thread. Each turn reads the clock once (loop_now), runs the timers that are
 * due, then the watches that are ready. Time is monotonic, in microseconds, and absolute.
 * Tests link another implementation of this header, in which time is a variable.
 */
#ifndef SLIMBID_BASE_LOOP_H
#define SLIMBID_BASE_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"

struct loop;

/* NULL when the system refuses. */
struct loop *loop_create(void) CHECK_RESULT;
void loop_destroy(struct loop *loop);

/* Turns until loop_stop(). 0, or -1 when the event backend fails. */
int loop_run(struct loop *loop) CHECK_RESULT;
/* Ends loop_run() after this turn. */
void loop_stop(struct loop *loop);

/* The time of this turn, in microseconds, monotonic. */
uint64_t loop_now(const struct loop *loop);

/* The clock, read now: for those who measure how long this turn has lasted. */
uint64_t loop_clock(const struct loop *loop);
/* When this turn began: its events were ready then. loop_now() may be later, once timers run. */
uint64_t loop_turn(const struct loop *loop);
/*
 * No event of this turn became ready before that time: the beginning of this turn when the loop had nothing
 * to do before it, else of the turn before, which did not see them. So loop_turn() less this is the most that
 * an event has waited for the turn, and 0 in a loop that ever rests.
 */
uint64_t loop_came_after(const struct loop *loop);

/* How long the turns before this one have lasted together, without the rests between them: what the loop was
 * busy. */
uint64_t loop_busy(const struct loop *loop);

/* The libevent base underneath, for libevent's own other parts (evdns in outbound/resolver.c) and for
 * nobody else. */
struct event_base;
struct event_base *loop_event_base(struct loop *loop);

/* ---- timers: intrusive, no allocation to arm beyond the heap's amortised growth ---- */

struct timer {
    struct loop *loop;
    void (*fn)(void *ctx);
    void *ctx;
    uint64_t at_us;
    uint32_t slot; /* place in the heap + 1; 0: not armed */
};

void timer_init(struct timer *timer, struct loop *loop, void (*fn)(void *ctx), void *ctx);
/* (Re)arms for the absolute time at_us; a time that has passed fires on the next turn.
 * 0, or -1 when there is no memory (the timer is then not armed). */
int timer_arm(struct timer *timer, uint64_t at_us) CHECK_RESULT;
/* Makes sure that the next `count` timers can be armed without failing. 0 or -1. */
int loop_reserve_timers(struct loop *loop, uint32_t count) CHECK_RESULT;
void timer_disarm(struct timer *timer);
static inline bool timer_armed(const struct timer *timer) {
    return timer->slot != 0;
}

/* ---- work for the end of this turn: frees what a callback still stands on ---- */

struct deferred {
    void (*fn)(struct deferred *self);
    struct deferred *next;
};
/* Runs d->fn(d) after the current callbacks; d stays the caller's memory until then. Once only. */
void loop_defer(struct loop *loop, struct deferred *d);

/* ---- file descriptors, level-triggered ---- */

enum { WATCH_READ = 1, WATCH_WRITE = 2, WATCH_HANGUP = 4 /* the peer closed its side */ };

struct watch;
typedef void (*watch_fn)(void *ctx, int fd, unsigned ready);

/* A watch on fd that wants nothing yet. The fd stays the caller's. NULL when out of memory. */
struct watch *watch_create(struct loop *loop, int fd, watch_fn fn, void *ctx) CHECK_RESULT;
/* What to wait for: an or of WATCH_*; 0 pauses. 0 or -1. Cheap when nothing changes. */
int watch_set(struct watch *watch, unsigned wanted) CHECK_RESULT;
/* Stops and frees; legal inside its own callback. NULL is legal. */
void watch_destroy(struct watch *watch);

/* ---- signals, delivered in the loop ---- */
struct signal_watch;
struct signal_watch *signal_watch_create(struct loop *loop, int signum, void (*fn)(void *ctx, int signum),
                                         void *ctx) CHECK_RESULT;
void signal_watch_destroy(struct signal_watch *watch);

#endif
