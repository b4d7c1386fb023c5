/* The loop over queues and control line; see worker.h. */
#include "worker.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "control/control.h"
#include "scorer.h"

#define BATCH_JOBS     8    /* of one queue, before the others have their turn */
#define WAKE_US        100  /* no finished answer waits longer for its wake */
#define LOOK_US        1000 /* a busy worker looks at its line so often */
#define STALL_FIRST_MS 1    /* a queue without room for answers is tried again after so long ... */
#define STALL_LAST_MS  32   /* ... doubled up to this */
#define REST_MOST_US   1000 /* between two pieces of work on a successor's first table */
#define RETIRE_LOOK_MS 500  /* while an old table is mapped, an idle worker looks so often if it may go */
#define CONTROL_EVENT  WORKER_MOST_FRONT_ENDS

/* One front end's queue. */
struct front {
    struct queue queue;
    bool attached;
    bool asleep;              /* queue_sleep() said so, and nothing has woken it */
    bool stalled;             /* no room for an answer */
    uint32_t generation;      /* the lowest that a job of it can carry now */
    uint32_t next_generation; /* the same, once the ring is empty */
};

struct worker {
    const struct worker_options *options;
    struct worker_stats *stats;
    int epoll_fd;
    bool ending;
    bool successor; /* of a worker that died: others serve already, and need the processor */
    int status;
    int stall_ms; /* the next pause for stalled queues */
    uint64_t looked_us;
    struct front fronts[WORKER_MOST_FRONT_ENDS];
    struct generations generations;
    struct rates_source rates;
    struct scorer scorer;
};

static uint64_t now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000u;
}

/* ---- the control line ---- */

static void end(struct worker *worker, int status) {
    worker->ending = true;
    worker->status = status;
}

static void tell(struct worker *worker, enum control_type type, uint32_t generation) {
    struct control_message message = {
        .type = type, .index = worker->options->index, .generation = generation};
    if (control_send(worker->options->control_fd, &message) != 0)
        end(worker, 1); /* the supervisor reads its lines at once, or is dead */
}

static void count_tables(struct worker *worker) {
    uint32_t count = worker->generations.count;
    worker->stats->tables = count;
    worker->stats->generation = count ? worker->generations.items[count - 1].number : 0;
}

static void on_table(struct worker *worker, const struct control_message *message) {
    char error[TABLE_ERROR_BYTES];
    if (generations_add(&worker->generations, message->generation, message->fds[0], error, sizeof error) ==
        0) {
        count_tables(worker);
        rates_source_add(&worker->rates);
        return; /* CONTROL_READY goes out when it is warm */
    }
    log_error("worker", "table refused index=%u generation=%u: %s", worker->options->index,
              message->generation, error);
    tell(worker, CONTROL_REFUSED, message->generation);
}

static void detach(struct worker *worker, struct front *front) {
    if (!front->attached)
        return;
    /* Others hold its eventfd too, so closing it would not end the watch. */
    epoll_ctl(worker->epoll_fd, EPOLL_CTL_DEL, queue_wait_fd(&front->queue), NULL);
    queue_detach(&front->queue);
    *front = (struct front){.attached = false};
}

/* Takes the message's descriptors. */
static void on_queue(struct worker *worker, struct control_message *message) {
    struct queue_fds fds = {message->fds[0], message->fds[1], message->fds[2]};
    if (message->index >= WORKER_MOST_FRONT_ENDS) {
        control_close_fds(message);
        return;
    }
    struct front *front = &worker->fronts[message->index];
    detach(worker, front);
    if (queue_attach(&front->queue, QUEUE_WORKER, &worker->options->sizes, &fds) != 0) {
        log_error("worker", "queue refused index=%u front_end=%u errno=%d", worker->options->index,
                  message->index, errno);
        control_close_fds(message);
        return;
    }
    message->fd_count = 0;
    front->attached = true;
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = message->index};
    if (epoll_ctl(worker->epoll_fd, EPOLL_CTL_ADD, queue_wait_fd(&front->queue), &event) != 0)
        end(worker, 1);
}

static void read_control(struct worker *worker) {
    struct control_message message;
    int got;
    while (!worker->ending && (got = control_receive(worker->options->control_fd, &message)) != 0) {
        if (got < 0)
            end(worker, 0);
        else if (message.type == CONTROL_TABLE)
            on_table(worker, &message);
        else if (message.type == CONTROL_QUEUE)
            on_queue(worker, &message);
        if (got > 0)
            control_close_fds(&message);
    }
}

/* ---- jobs ---- */

static void give_up(struct worker *worker, struct front *front, const char *why) {
    log_error("worker", "queue given up index=%u front_end=%u: %s", worker->options->index,
              (unsigned)(front - worker->fronts), why);
    detach(worker, front);
}

static void check_damage(struct worker *worker) {
    struct generation *damaged = worker->scorer.damaged;
    if (!damaged)
        return;
    generation_damage(damaged);
    log_error("worker", "table damaged, cut short while in use? index=%u generation=%u",
              worker->options->index, damaged->number);
    tell(worker, CONTROL_FAULT, damaged->number);
}

/* Answers one job, whose room is there. 1; 0: there is none; -1: the queue is given up. */
static int serve_job(struct worker *worker, struct front *front, void *reply, size_t room, uint64_t now) {
    const void *frame = NULL;
    size_t n = 0;
    int got = ring_peek(&front->queue.in, &frame, &n);
    if (got < 0)
        give_up(worker, front, "broken");
    if (got <= 0)
        return got;
    size_t written = scorer_run(&worker->scorer, frame, n, now, reply, room);
    if (written == 0) {
        worker->stats->malformed++;
        give_up(worker, front, "malformed job");
        return -1;
    }
    ring_commit(&front->queue.out, written);
    ring_consume(&front->queue.in);
    check_damage(worker);
    return 1;
}

/* A batch of one queue's jobs; false when there was none. Waking costs a system call when the front end
 * sleeps, so answers that are close to each other share one. */
static bool serve_front(struct worker *worker, struct front *front) {
    struct ring *out = &front->queue.out;
    size_t most = ring_frame_max(out);
    size_t room = most < ANSWER_MOST_BYTES ? most : ANSWER_MOST_BYTES;
    uint64_t now = now_us(), woken = now;
    const uint64_t began = now;
    int jobs = 0, got = 1;
    front->next_generation = queue_generation(&front->queue);
    while (jobs < BATCH_JOBS) {
        void *reply = ring_reserve(out, room);
        front->stalled = reply == NULL;
        if (front->stalled)
            break;
        got = serve_job(worker, front, reply, room, now);
        if (got <= 0)
            break;
        jobs++;
        now = now_us();
        if (now - woken >= WAKE_US) {
            queue_wake(&front->queue);
            woken = now;
        }
    }
    if (got == 0)
        front->generation = front->next_generation;
    if (jobs && front->attached)
        queue_wake(&front->queue);
    worker->stats->turns += jobs > 0;
    worker->stats->busy_us += jobs ? now - began : 0;
    return jobs > 0;
}

/* Whether somebody waits behind a queue that has no room for its answer. */
static bool has_stalled_jobs(struct front *front) {
    const void *frame = NULL;
    size_t n = 0;
    return front->stalled && ring_peek(&front->queue.in, &frame, &n) != 0;
}

/* ---- tables that come and go ---- */

/* Others serve already: they get at least every other turn of the processor. */
static void rest(uint64_t us) {
    struct timespec pause = {.tv_nsec = (long)us * 1000};
    (void)nanosleep(&pause, NULL);
}

static bool warm_tables(struct worker *worker) {
    uint32_t warm = 0;
    bool gently = worker->successor && worker->generations.count == 1;
    uint64_t began = gently ? now_us() : 0;
    bool some = generations_warm(&worker->generations, &warm);
    uint64_t took_us = gently ? now_us() - began : 0;
    if (some && gently)
        rest(took_us < REST_MOST_US ? took_us : REST_MOST_US);
    if (warm)
        tell(worker, CONTROL_READY, warm);
    return some;
}

static bool retire_tables(struct worker *worker) {
    if (worker->generations.count < 2)
        return false;
    uint32_t lowest = UINT32_MAX;
    for (uint32_t f = 0; f < WORKER_MOST_FRONT_ENDS; f++)
        if (worker->fronts[f].attached && worker->fronts[f].generation < lowest)
            lowest = worker->fronts[f].generation;
    generations_retire(&worker->generations, lowest);
    bool more = generations_release(&worker->generations);
    count_tables(worker);
    return more;
}

/* ---- the loop ---- */

/* Milliseconds to sleep, 0 when a job came in the meantime. */
static int fall_asleep(struct worker *worker) {
    int wait_ms = worker->generations.count > 1 ? RETIRE_LOOK_MS : -1;
    bool stalled = false;
    for (uint32_t f = 0; f < WORKER_MOST_FRONT_ENDS; f++) {
        struct front *front = &worker->fronts[f];
        if (!front->attached)
            continue;
        if (has_stalled_jobs(front))
            stalled = true;
        else if (!front->asleep && !queue_sleep(&front->queue))
            return 0;
        else
            front->asleep = true;
    }
    if (!stalled) {
        worker->stall_ms = STALL_FIRST_MS;
        return wait_ms;
    }
    worker->stats->stalls++;
    wait_ms = worker->stall_ms;
    worker->stall_ms = wait_ms * 2 < STALL_LAST_MS ? wait_ms * 2 : STALL_LAST_MS;
    return wait_ms;
}

/* Looks at the line and at what woke us, for at most that long. */
static void look(struct worker *worker, int wait_ms) {
    struct epoll_event events[16];
    int n = epoll_wait(worker->epoll_fd, events, COUNT_OF(events), wait_ms);
    worker->looked_us = now_us();
    if (n < 0 && errno != EINTR)
        end(worker, 1);
    for (int i = 0; i < n; i++) {
        uint32_t f = events[i].data.u32;
        if (f == CONTROL_EVENT) {
            read_control(worker);
        } else if (worker->fronts[f].attached) {
            queue_awake(&worker->fronts[f].queue);
            worker->fronts[f].asleep = false;
        }
    }
}

static void turn(struct worker *worker) {
    bool busy = rates_source_work(&worker->rates, &worker->generations, now_us());
    for (uint32_t f = 0; f < WORKER_MOST_FRONT_ENDS && !worker->ending; f++)
        if (worker->fronts[f].attached && serve_front(worker, &worker->fronts[f]))
            busy = true;
    if (busy)
        worker->stall_ms = STALL_FIRST_MS;
    if (warm_tables(worker) || retire_tables(worker))
        busy = true;
    if (!busy)
        look(worker, fall_asleep(worker));
    else if (now_us() - worker->looked_us >= LOOK_US)
        look(worker, 0);
}

int worker_run(const struct worker_options *options) {
    struct worker *worker = calloc(1, sizeof *worker);
    if (!worker)
        return 1;
    worker->options = options;
    worker->stats = options->stats;
    worker->stall_ms = STALL_FIRST_MS;
    worker->scorer.stats = options->stats;
    worker->scorer.generations = &worker->generations;
    if (options->ledger_fd >= 0) {
        rates_source_init(&worker->rates, options->ledger_fd);
        close(options->ledger_fd);
    }
    worker->generations.rated = worker->rates.ledger != NULL;
    worker->successor = options->stats->pid != 0;
    options->stats->pid = (uint64_t)getpid();
    count_tables(worker);
    worker->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = CONTROL_EVENT};
    if (worker->epoll_fd < 0 ||
        epoll_ctl(worker->epoll_fd, EPOLL_CTL_ADD, options->control_fd, &event) != 0) {
        log_error("worker", "epoll: errno=%d", errno);
        end(worker, 1);
    }
    while (!worker->ending)
        turn(worker);
    for (uint32_t f = 0; f < WORKER_MOST_FRONT_ENDS; f++)
        detach(worker, &worker->fronts[f]);
    generations_cleanup(&worker->generations);
    rates_source_cleanup(&worker->rates);
    if (worker->epoll_fd >= 0)
        close(worker->epoll_fd);
    int status = worker->status;
    free(worker);
    return status;
}
