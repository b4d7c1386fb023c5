/*
 * The event loop on libevent; see loop.h.
 *
 * Timers are a binary heap of our own above one timerfd. libevent's timers are either coarse (a tick
 * is up to 4 ms) or, with EVENT_BASE_FLAG_PRECISE_TIMER, cost a timerfd_settime() in every turn; here
 * the timerfd is set only when the earliest time moves forward, so that arming and disarming, which
 * every auction does several times, is a few compares and almost never a system call.
 */
#include "base/loop.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/log.h"

struct loop {
    struct event_base *base;
    struct event *alarm; /* watches the timerfd */
    int alarm_fd;
    uint64_t alarm_at_us; /* what the timerfd is set for; UINT64_MAX: nothing */
    uint64_t now_us;      /* 0: not read in this turn */
    uint64_t turn_us;     /* when this turn began, once now_us is not 0; before, the last one */
    uint64_t asked_us;    /* when the events of this turn were asked for */
    uint64_t came_after_us;
    uint64_t busy_us;
    bool rested; /* nothing was ready for this turn when it was asked for */
    bool stopping;
    struct timer **heap;
    uint32_t timer_count;
    uint32_t timer_room;
    struct deferred *deferred;
    struct deferred **deferred_tail;
};

struct watch {
    struct event *event;
    int fd;
    unsigned wanted;
    watch_fn fn;
    void *ctx;
    struct loop *loop;
};

struct signal_watch {
    struct event *event;
    void (*fn)(void *ctx, int signum);
    void *ctx;
};

static uint64_t clock_read(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000u;
}

/* ---- the loop ---- */

/* The events of a turn are there: reads the clock, once a turn. */
static void begin_turn(struct loop *loop) {
    if (loop->now_us)
        return;
    loop->now_us = clock_read();
    loop->busy_us += loop->rested ? 0 : loop->now_us - loop->asked_us;
    loop->came_after_us = loop->rested || !loop->turn_us ? loop->now_us : loop->turn_us;
    loop->turn_us = loop->now_us;
}

static void on_alarm(evutil_socket_t fd, short what, void *ctx) {
    (void)what;
    struct loop *loop = ctx;
    begin_turn(loop);
    uint64_t expirations = 0;
    ssize_t n = read(fd, &expirations, sizeof expirations);
    (void)n; /* EAGAIN after a re-arm is harmless: the heap decides what is due */
    loop->alarm_at_us = UINT64_MAX;
}

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

/* libevent writes to standard error itself unless it is told where else. */
static void on_library_log(int severity, const char *text) {
    if (severity == EVENT_LOG_ERR)
        log_error("libevent", "%s", text);
    else if (severity == EVENT_LOG_WARN)
        log_warn("libevent", "%s", text);
    else if (severity == EVENT_LOG_MSG)
        log_info("libevent", "%s", text);
    else
        log_debug("libevent", "%s", text);
}

struct loop *loop_create(void) {
    event_set_log_callback(on_library_log);
    struct loop *loop = calloc(1, sizeof *loop);
    struct event_config *config = event_config_new();
    if (!loop || !config)
        goto fail;
    event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
    loop->alarm_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    loop->alarm_at_us = UINT64_MAX;
    loop->deferred_tail = &loop->deferred;
    loop->base = event_base_new_with_config(config);
    if (loop->alarm_fd < 0 || !loop->base)
        goto fail;
    loop->alarm = event_new(loop->base, loop->alarm_fd, EV_READ | EV_PERSIST, on_alarm, loop);
    if (!loop->alarm || event_add(loop->alarm, NULL) != 0)
        goto fail;
    event_config_free(config);
    return loop;
fail:
    if (config)
        event_config_free(config);
    loop_destroy(loop);
    return NULL;
}

void loop_destroy(struct loop *loop) {
    if (!loop)
        return;
    while (loop->deferred)
        run_deferred(loop); /* what was closed since the last turn is freed too */
    if (loop->alarm)
        event_free(loop->alarm);
    if (loop->base)
        event_base_free(loop->base);
    if (loop->alarm_fd > 0)
        close(loop->alarm_fd);
    free(loop->heap);
    free(loop);
}

struct event_base *loop_event_base(struct loop *loop) {
    return loop->base;
}

uint64_t loop_now(const struct loop *loop) {
    begin_turn((struct loop *)loop); /* the cache is not part of the loop's value */
    return loop->now_us;
}

uint64_t loop_clock(const struct loop *loop) {
    (void)loop;
    return clock_read();
}

uint64_t loop_turn(const struct loop *loop) {
    begin_turn((struct loop *)loop);
    return loop->turn_us;
}

uint64_t loop_busy(const struct loop *loop) {
    begin_turn((struct loop *)loop);
    return loop->busy_us;
}

uint64_t loop_came_after(const struct loop *loop) {
    begin_turn((struct loop *)loop);
    return loop->came_after_us;
}

void loop_stop(struct loop *loop) {
    loop->stopping = true;
}

/* Sets the timerfd when the earliest timer comes before what it is set for. */
static void alarm_set(struct loop *loop) {
    if (loop->timer_count == 0 || loop->heap[0]->at_us >= loop->alarm_at_us)
        return;
    uint64_t at = loop->heap[0]->at_us ? loop->heap[0]->at_us : 1;
    struct itimerspec when = {
        .it_value = {.tv_sec = (time_t)(at / 1000000u), .tv_nsec = (long)(at % 1000000u) * 1000}};
    if (timerfd_settime(loop->alarm_fd, TFD_TIMER_ABSTIME, &when, NULL) == 0)
        loop->alarm_at_us = at;
}

static void run_timers(struct loop *loop) {
    begin_turn(loop);
    if (loop->timer_count == 0)
        return;
    loop->now_us = clock_read();
    /* A callback may arm a timer that is due already: it waits for the next turn. */
    for (uint32_t budget = loop->timer_count; budget > 0 && loop->timer_count > 0; budget--) {
        struct timer *timer = loop->heap[0];
        if (timer->at_us > loop->now_us)
            break;
        timer_disarm(timer);
        timer->fn(timer->ctx);
    }
}

/*
 * Runs the callbacks of what is ready, and waits for something when nothing is. Asked for without waiting
 * first, because the time that a wait takes does not tell whether there was one: a process that has used up
 * its share of the CPU stops anywhere. 0 or -1.
 */
static int run_events(struct loop *loop) {
    loop->asked_us = clock_read();
    if (loop->now_us)
        loop->busy_us += loop->asked_us - loop->turn_us;
    loop->now_us = 0;
    loop->rested = false;
    /* NONBLOCK alone would go on for as long as descriptors are ready: no turn would end. */
    if (event_base_loop(loop->base, EVLOOP_ONCE | EVLOOP_NONBLOCK) < 0)
        return -1;
    if (loop->now_us || loop->deferred || loop->stopping)
        return 0;
    loop->rested = true;
    alarm_set(loop);
    return event_base_loop(loop->base, EVLOOP_ONCE) < 0 ? -1 : 0;
}

int loop_run(struct loop *loop) {
    loop->stopping = false;
    while (!loop->stopping) {
        alarm_set(loop);
        if (run_events(loop) != 0)
            return -1;
        run_timers(loop);
        run_deferred(loop);
    }
    return 0;
}

void loop_defer(struct loop *loop, struct deferred *d) {
    d->next = NULL;
    *loop->deferred_tail = d;
    loop->deferred_tail = &d->next;
}

/* ---- timers ---- */

static void heap_put(struct loop *loop, uint32_t i, struct timer *timer) {
    loop->heap[i] = timer;
    timer->slot = i + 1;
}

static void heap_up(struct loop *loop, uint32_t i, struct timer *timer) {
    while (i > 0) {
        uint32_t parent = (i - 1) / 2;
        if (loop->heap[parent]->at_us <= timer->at_us)
            break;
        heap_put(loop, i, loop->heap[parent]);
        i = parent;
    }
    heap_put(loop, i, timer);
}

static void heap_down(struct loop *loop, uint32_t i, struct timer *timer) {
    for (;;) {
        uint32_t child = 2 * i + 1;
        if (child >= loop->timer_count)
            break;
        if (child + 1 < loop->timer_count && loop->heap[child + 1]->at_us < loop->heap[child]->at_us)
            child++;
        if (loop->heap[child]->at_us >= timer->at_us)
            break;
        heap_put(loop, i, loop->heap[child]);
        i = child;
    }
    heap_put(loop, i, timer);
}

/* Puts the timer where its time belongs, starting from place i. */
static void heap_settle(struct loop *loop, uint32_t i, struct timer *timer) {
    if (i > 0 && loop->heap[(i - 1) / 2]->at_us > timer->at_us)
        heap_up(loop, i, timer);
    else
        heap_down(loop, i, timer);
}

int loop_reserve_timers(struct loop *loop, uint32_t count) {
    uint32_t wanted = loop->timer_count + count;
    if (wanted <= loop->timer_room)
        return 0;
    uint32_t room = loop->timer_room ? loop->timer_room : 64;
    while (room < wanted)
        room *= 2;
    struct timer **heap = realloc(loop->heap, room * sizeof *heap);
    if (!heap)
        return -1;
    loop->heap = heap;
    loop->timer_room = room;
    return 0;
}

void timer_init(struct timer *timer, struct loop *loop, void (*fn)(void *ctx), void *ctx) {
    *timer = (struct timer){.loop = loop, .fn = fn, .ctx = ctx};
}

int timer_arm(struct timer *timer, uint64_t at_us) {
    struct loop *loop = timer->loop;
    if (timer->slot) {
        timer->at_us = at_us;
        heap_settle(loop, timer->slot - 1, timer);
        return 0;
    }
    if (loop_reserve_timers(loop, 1) != 0)
        return -1;
    timer->at_us = at_us;
    heap_up(loop, loop->timer_count++, timer);
    return 0;
}

void timer_disarm(struct timer *timer) {
    if (!timer->slot)
        return;
    struct loop *loop = timer->loop;
    uint32_t i = timer->slot - 1;
    timer->slot = 0;
    struct timer *last = loop->heap[--loop->timer_count];
    if (last != timer)
        heap_settle(loop, i, last);
}

/* ---- watches ---- */

static void on_ready(evutil_socket_t fd, short what, void *ctx) {
    struct watch *watch = ctx;
    unsigned ready = 0;
    begin_turn(watch->loop);
    if (what & EV_READ)
        ready |= WATCH_READ;
    if (what & EV_WRITE)
        ready |= WATCH_WRITE;
    if (what & EV_CLOSED)
        ready |= WATCH_HANGUP;
    watch->fn(watch->ctx, fd, ready);
}

struct watch *watch_create(struct loop *loop, int fd, watch_fn fn, void *ctx) {
    struct watch *watch = malloc(sizeof *watch);
    if (!watch)
        return NULL;
    *watch = (struct watch){.fd = fd, .fn = fn, .ctx = ctx, .loop = loop};
    watch->event = event_new(loop->base, fd, EV_READ | EV_PERSIST, on_ready, watch);
    if (!watch->event) {
        free(watch);
        return NULL;
    }
    return watch;
}

int watch_set(struct watch *watch, unsigned wanted) {
    if (watch->wanted == wanted)
        return 0;
    if (watch->wanted && event_del(watch->event) != 0)
        return -1;
    watch->wanted = 0;
    if (!wanted)
        return 0;
    short what = EV_PERSIST;
    if (wanted & WATCH_READ)
        what |= EV_READ;
    if (wanted & WATCH_WRITE)
        what |= EV_WRITE;
    if (wanted & WATCH_HANGUP)
        what |= EV_CLOSED;
    if (event_assign(watch->event, watch->loop->base, watch->fd, what, on_ready, watch) != 0 ||
        event_add(watch->event, NULL) != 0)
        return -1;
    watch->wanted = wanted;
    return 0;
}

void watch_destroy(struct watch *watch) {
    if (!watch)
        return;
    event_free(watch->event);
    free(watch);
}

/* ---- signals ---- */

static void on_signal(evutil_socket_t fd, short what, void *ctx) {
    (void)what;
    struct signal_watch *watch = ctx;
    watch->fn(watch->ctx, (int)fd);
}

struct signal_watch *signal_watch_create(struct loop *loop, int signum, void (*fn)(void *ctx, int signum),
                                         void *ctx) {
    struct signal_watch *watch = malloc(sizeof *watch);
    if (!watch)
        return NULL;
    *watch = (struct signal_watch){.fn = fn, .ctx = ctx};
    watch->event = evsignal_new(loop->base, signum, on_signal, watch);
    if (!watch->event || event_add(watch->event, NULL) != 0) {
        signal_watch_destroy(watch);
        return NULL;
    }
    return watch;
}

void signal_watch_destroy(struct signal_watch *watch) {
    if (!watch)
        return;
    if (watch->event)
        event_free(watch->event);
    free(watch);
}
