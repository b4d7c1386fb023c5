/*
 * Jobs on their way to workers and back; see pool.h. Functions stand in the order of a job's life.
 *
 * A worker's jobs are numbered 1, 2, 3, ... on its queue, and it has to answer in that order: so an answer's
 * number tells whose it is, and whatever else comes is malformed. A job that is given up keeps its number,
 * so that the answers behind it are still known.
 */
#include "campaign/pool.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "base/log.h"

#define KEPT_BYTES 4096u    /* the largest job of which a copy is kept for a second worker */
#define GRACE_US   1000000u /* after its deadline a job without an answer is given up */
#define SILENT_US  1000000u /* a worker that owes answers and says nothing for so long gets no more jobs */

struct pool_job {
    struct pool *pool;
    struct pool_job *next;      /* of its worker, oldest first; or among the free ones */
    struct pool_worker *worker; /* NULL: free */
    uint64_t number;            /* on its worker's queue */
    uint64_t deadline_us;
    pool_fn fn; /* NULL: abandoned */
    void *ctx;
    uint32_t generation;
    uint32_t imp_count;
    uint32_t kept_bytes; /* of its copy; 0: there is none */
    bool second;         /* it has lost a worker already */
};

struct pool_worker {
    struct pool *pool;
    struct queue queue;
    struct watch *wait, *death;
    int pidfd;
    struct pool_job *first, *last;
    uint64_t sent, answered; /* numbers of the last job that went out, of the last that was answered */
    uint64_t heard_us;       /* when it last said something, or had nothing to say */
    bool live;
    bool doomed; /* its queue is broken: it is buried at the end of the turn */
    bool wake;   /* at the end of the turn */
};

/* What is left to do at the end of the turn; it outlives a pool that is destroyed before. */
struct turn_end {
    struct deferred deferred;
    struct pool *pool; /* NULL: the pool is gone */
    bool pending;
};

struct pool {
    struct loop *loop;
    struct pool_stats *stats;
    struct pool_options options;
    struct pool_worker *workers;
    struct pool_job *jobs, *free;
    char *kept; /* KEPT_BYTES for each of jobs; touched where used */
    struct turn_end *turn_end;
    struct timer sweep;
    uint32_t generation;
    uint32_t live; /* workers that get jobs */
    struct job again;
    struct answer answer;
    _Alignas(8) char frame[ANSWER_MOST_BYTES];
};

/* ---- jobs ---- */

static char *kept_of(const struct pool_job *job) {
    return job->pool->kept + (size_t)(job - job->pool->jobs) * KEPT_BYTES;
}

static void job_free(struct pool_job *job) {
    struct pool *pool = job->pool;
    *job = (struct pool_job){.pool = pool, .next = pool->free};
    pool->free = job;
    pool->stats->in_flight--;
}

/* Frees it, then tells whoever waits. *counter counts it unless it was counted as abandoned. */
static void job_end(struct pool_job *job, uint64_t *counter, const struct answer *answer) {
    pool_fn fn = job->fn;
    void *ctx = job->ctx;
    job_free(job);
    if (!fn)
        return;
    (*counter)++;
    fn(ctx, answer);
}

static void append(struct pool_worker *worker, struct pool_job *job) {
    job->worker = worker;
    job->next = NULL;
    if (worker->first)
        worker->last->next = job;
    else
        worker->first = job;
    worker->last = job;
}

/* ---- the end of a turn ---- */

static void bury(struct pool_worker *worker, bool kill);

static void on_turn_end(struct deferred *deferred) {
    struct turn_end *end = CONTAINER_OF(deferred, struct turn_end, deferred);
    struct pool *pool = end->pool;
    if (!pool) {
        free(end);
        return;
    }
    end->pending = false;
    for (uint32_t i = 0; i < pool->options.workers; i++) {
        struct pool_worker *worker = &pool->workers[i];
        if (worker->live && worker->wake)
            queue_wake(&worker->queue);
        worker->wake = false;
    }
    for (uint32_t i = 0; i < pool->options.workers; i++)
        if (pool->workers[i].live && pool->workers[i].doomed)
            bury(&pool->workers[i], true);
}

static void defer_turn_end(struct pool *pool) {
    if (pool->turn_end->pending)
        return;
    pool->turn_end->pending = true;
    loop_defer(pool->loop, &pool->turn_end->deferred);
}

static void doom(struct pool_worker *worker) {
    if (worker->doomed)
        return;
    worker->doomed = true;
    worker->pool->live--;
    defer_turn_end(worker->pool);
}

/* ---- giving out ---- */

static uint64_t owed(const struct pool_worker *worker) {
    return worker->sent - worker->answered;
}

static bool takes_jobs(const struct pool_worker *worker, uint64_t now) {
    if (!worker->live || worker->doomed)
        return false;
    return owed(worker) == 0 || now < worker->heard_us + SILENT_US;
}

/* Whether a comes before b: the one with fewer jobs, the first of equals. */
static bool shorter(const struct pool_worker *a, const struct pool_worker *b) {
    return owed(a) != owed(b) ? owed(a) < owed(b) : a < b;
}

/* The first worker in this order that comes after `after` (NULL: of all). */
static struct pool_worker *shortest(struct pool *pool, const struct pool_worker *after) {
    struct pool_worker *best = NULL;
    uint64_t now = loop_now(pool->loop);
    for (uint32_t i = 0; i < pool->options.workers; i++) {
        struct pool_worker *worker = &pool->workers[i];
        if (takes_jobs(worker, now) && (!after || shorter(after, worker)) && (!best || shorter(worker, best)))
            best = worker;
    }
    return best;
}

/* Writes the job into the worker's queue and keeps a copy of it; false when there is no room. */
static bool send_to(struct pool_worker *worker, struct pool_job *entry, struct job *job, size_t bytes) {
    struct ring *ring = &worker->queue.out;
    void *frame = ring_reserve(ring, bytes);
    if (!frame) {
        if (ring->broken)
            doom(worker);
        return false;
    }
    job->id = worker->sent + 1;
    job->generation = worker->pool->generation;
    entry->kept_bytes = bytes <= KEPT_BYTES ? (uint32_t)bytes : 0;
    if (entry->kept_bytes) {
        job_write(job, kept_of(entry));
        memcpy(frame, kept_of(entry), bytes);
    } else {
        job_write(job, frame);
    }
    ring_commit(ring, bytes);
    if (owed(worker) == 0)
        worker->heard_us = loop_now(worker->pool->loop);
    worker->sent++;
    worker->wake = true;
    defer_turn_end(worker->pool);
    entry->number = job->id;
    entry->generation = job->generation;
    append(worker, entry);
    return true;
}

/* To the shortest queue that has room. *found: whether there was a worker at all. */
static bool send_to_any(struct pool *pool, struct pool_job *entry, struct job *job, bool *found) {
    size_t bytes = job_bytes(job);
    struct pool_worker *worker = shortest(pool, NULL);
    *found = worker != NULL;
    for (; worker; worker = shortest(pool, worker))
        if (send_to(worker, entry, job, bytes))
            return true;
    return false;
}

static struct pool_job *shed(uint64_t *counter) {
    (*counter)++;
    return NULL;
}

struct pool_job *pool_submit(struct pool *pool, struct job *job, pool_fn fn, void *ctx) {
    struct pool_stats *stats = pool->stats;
    struct pool_job *entry = pool->free;
    if (!pool_serves(pool))
        return shed(&stats->shed_no_worker);
    if (job_bytes(job) > JOB_MOST_BYTES)
        return shed(&stats->shed_too_large);
    if (!entry ||
        (!timer_armed(&pool->sweep) && timer_arm(&pool->sweep, loop_now(pool->loop) + GRACE_US) != 0))
        return shed(&stats->shed_full);
    struct pool_job *next = entry->next;
    bool found = false;
    if (!send_to_any(pool, entry, job, &found))
        return shed(found ? &stats->shed_full : &stats->shed_no_worker);
    pool->free = next;
    entry->deadline_us = job->deadline_us;
    entry->imp_count = job->imp_count;
    entry->fn = fn;
    entry->ctx = ctx;
    stats->jobs++;
    stats->in_flight++;
    return entry;
}

void pool_abandon(struct pool_job *job) {
    job->pool->stats->abandoned++;
    job->fn = NULL;
}

/* ---- answers ---- */

static bool answers_the_job(const struct answer *answer, const struct pool_job *job) {
    if (answer->generation != job->generation)
        return false;
    for (uint32_t i = 0; i < answer->bid_count; i++)
        if (answer->bids[i].imp >= job->imp_count)
            return false;
    return true;
}

static uint64_t *counter_of(struct pool_stats *stats, enum answer_status status) {
    switch (status) {
    case ANSWER_DONE:
        return &stats->answered;
    case ANSWER_LATE:
        return &stats->late;
    case ANSWER_NO_TABLE:
    case ANSWER_FAULT:
    case ANSWER_STATUSES:
        break;
    }
    return &stats->refused;
}

/* False: it is malformed. The frame is in memory of our own by now. */
static bool take_answer(struct pool_worker *worker, size_t n) {
    struct pool *pool = worker->pool;
    struct answer *answer = &pool->answer;
    if (answer_frame_read(pool->frame, n, answer) != 0)
        return false;
    if (owed(worker) == 0 || answer->id != worker->answered + 1)
        return false;
    struct pool_job *job = worker->first;
    bool waited_for = job && job->number == answer->id; /* else it was given up */
    if (waited_for && !answers_the_job(answer, job))
        return false;
    worker->answered++;
    worker->heard_us = loop_now(pool->loop);
    if (!waited_for)
        return true;
    worker->first = job->next;
    job_end(job, counter_of(pool->stats, answer->status), answer);
    return true;
}

/* Takes all answers that are there; false when one was malformed, or the queue is broken. */
static bool drain(struct pool_worker *worker) {
    struct ring *ring = &worker->queue.in;
    const void *frame = NULL;
    size_t n = 0;
    int got = ring_peek(ring, &frame, &n);
    for (; got > 0; got = ring_peek(ring, &frame, &n)) {
        if (n > ANSWER_MOST_BYTES)
            return false;
        memcpy(worker->pool->frame, frame, n);
        ring_consume(ring);
        if (!take_answer(worker, n))
            return false;
    }
    return got == 0;
}

/* Until the worker has nothing more to say. It can't have more to say than it was asked. */
static void hear(struct pool_worker *worker) {
    do {
        if (!drain(worker)) {
            bury(worker, true);
            return;
        }
    } while (!queue_sleep(&worker->queue));
}

static void on_answers(void *ctx, int fd, unsigned ready) {
    (void)fd, (void)ready;
    struct pool_worker *worker = ctx;
    queue_awake(&worker->queue);
    hear(worker);
}

/* ---- the death of a worker ---- */

/* Gives a dead worker's job to another one. */
static bool give_again(struct pool_job *entry) {
    struct pool *pool = entry->pool;
    bool found = false;
    if (entry->second || !entry->kept_bytes || entry->deadline_us <= loop_now(pool->loop) ||
        !pool_serves(pool))
        return false;
    char frame[KEPT_BYTES] __attribute__((aligned(8)));
    memcpy(frame, kept_of(entry), entry->kept_bytes);
    if (job_read(frame, entry->kept_bytes, &pool->again) != 0 ||
        !send_to_any(pool, entry, &pool->again, &found))
        return false;
    entry->second = true;
    pool->stats->resubmitted++;
    return true;
}

static void close_worker(struct pool_worker *worker) {
    watch_destroy(worker->wait);
    watch_destroy(worker->death);
    queue_detach(&worker->queue);
    close(worker->pidfd);
    struct pool_job *jobs = worker->first;
    *worker = (struct pool_worker){.pool = worker->pool, .pidfd = -1, .first = jobs};
}

/* Nothing more comes from it, but what it has finished. kill: it misbehaved; its supervisor then starts a
 * successor with a fresh queue, without which this front end would never use it again. */
static void bury(struct pool_worker *worker, bool kill) {
    struct pool *pool = worker->pool;
    bool malformed = !drain(worker) || kill;
    log_warn("pool", "worker gone index=%u owed=%llu malformed=%d", (unsigned)(worker - pool->workers),
             (unsigned long long)owed(worker), malformed);
    if (malformed) {
        pool->stats->bad_answers++;
        (void)pidfd_send_signal(worker->pidfd, SIGKILL, NULL, 0);
    }
    if (!worker->doomed)
        pool->live--;
    pool->stats->workers_live--;
    close_worker(worker);
    struct pool_job *job = worker->first;
    worker->first = worker->last = NULL;
    while (job) {
        struct pool_job *next = job->next;
        if (!job->fn)
            job_free(job);
        else if (!give_again(job))
            job_end(job, &pool->stats->lost, NULL);
        job = next;
    }
}

static void on_death(void *ctx, int fd, unsigned ready) {
    (void)fd, (void)ready;
    bury(ctx, false);
}

/* ---- jobs without an end ---- */

static void give_up(struct pool_worker *worker, uint64_t now) {
    struct pool_job *late = NULL;
    struct pool_job *job = worker->first;
    worker->first = worker->last = NULL;
    while (job) {
        struct pool_job *next = job->next;
        if (now < job->deadline_us + GRACE_US) {
            append(worker, job);
        } else {
            job->next = late;
            late = job;
        }
        job = next;
    }
    while (late) {
        struct pool_job *next = late->next;
        job_end(late, &worker->pool->stats->timed_out, NULL);
        late = next;
    }
}

static void on_sweep(void *ctx) {
    struct pool *pool = ctx;
    uint64_t now = loop_now(pool->loop);
    for (uint32_t i = 0; i < pool->options.workers; i++)
        give_up(&pool->workers[i], now);
    /* When it can't be armed the next job does it. */
    if (pool->stats->in_flight > 0 && timer_arm(&pool->sweep, now + GRACE_US) != 0)
        log_error("pool", "no memory for the timer");
}

/* ---- set-up ---- */

struct pool *pool_create(struct loop *loop, const struct pool_options *options, struct pool_stats *stats) {
    struct pool *pool = calloc(1, sizeof *pool);
    if (!pool)
        return NULL;
    pool->loop = loop;
    pool->stats = stats;
    pool->options = *options;
    timer_init(&pool->sweep, loop, on_sweep, pool);
    stats->workers_live = stats->in_flight = stats->generation = 0;
    pool->workers = calloc(options->workers, sizeof *pool->workers);
    pool->jobs = calloc(options->max_in_flight, sizeof *pool->jobs);
    pool->kept = calloc(options->max_in_flight, KEPT_BYTES);
    pool->turn_end = calloc(1, sizeof *pool->turn_end);
    if (!pool->workers || !pool->jobs || !pool->kept || !pool->turn_end) {
        pool_destroy(pool);
        return NULL;
    }
    *pool->turn_end = (struct turn_end){.deferred = {.fn = on_turn_end}, .pool = pool};
    for (uint32_t i = 0; i < options->workers; i++)
        pool->workers[i] = (struct pool_worker){.pool = pool, .pidfd = -1};
    for (uint32_t i = options->max_in_flight; i-- > 0;) {
        pool->jobs[i] = (struct pool_job){.pool = pool, .next = pool->free};
        pool->free = &pool->jobs[i];
    }
    return pool;
}

static void end_all(struct pool_worker *worker) {
    struct pool_job *job = worker->first;
    worker->first = worker->last = NULL;
    while (job) {
        struct pool_job *next = job->next;
        job_end(job, &worker->pool->stats->lost, NULL);
        job = next;
    }
}

void pool_destroy(struct pool *pool) {
    if (!pool)
        return;
    pool->generation = 0; /* whoever is told that a job ended without an answer gets no further */
    for (uint32_t i = 0; pool->workers && i < pool->options.workers; i++) {
        struct pool_worker *worker = &pool->workers[i];
        if (worker->live)
            close_worker(worker);
        end_all(worker);
    }
    timer_disarm(&pool->sweep);
    pool->stats->workers_live = pool->stats->in_flight = pool->stats->generation = 0;
    if (pool->turn_end && pool->turn_end->pending)
        pool->turn_end->pool = NULL;
    else
        free(pool->turn_end);
    free(pool->kept);
    free(pool->jobs);
    free(pool->workers);
    free(pool);
}

static int watch_worker(struct pool_worker *worker) {
    struct loop *loop = worker->pool->loop;
    worker->wait = watch_create(loop, queue_wait_fd(&worker->queue), on_answers, worker);
    worker->death = watch_create(loop, worker->pidfd, on_death, worker);
    if (!worker->wait || !worker->death)
        return -1;
    return watch_set(worker->wait, WATCH_READ) == 0 ? watch_set(worker->death, WATCH_READ) : -1;
}

int pool_attach(struct pool *pool, uint32_t index, const struct queue_fds *fds, int pidfd) {
    struct pool_worker *worker = index < pool->options.workers ? &pool->workers[index] : NULL;
    if (worker && worker->live)
        bury(worker, false);
    if (!worker || queue_attach(&worker->queue, QUEUE_FRONT_END, &pool->options.sizes, fds) != 0) {
        struct queue_fds unused = *fds;
        queue_fds_close(&unused);
        if (pidfd >= 0)
            close(pidfd);
        return -1;
    }
    worker->pidfd = pidfd;
    if (watch_worker(worker) != 0) {
        close_worker(worker);
        return -1;
    }
    worker->live = true;
    worker->heard_us = loop_now(pool->loop);
    pool->live++;
    pool->stats->workers_live++;
    if (pool->generation)
        queue_set_generation(&worker->queue, pool->generation);
    hear(worker);
    return 0;
}

void pool_set_generation(struct pool *pool, uint32_t generation) {
    pool->generation = generation;
    pool->stats->generation = generation;
    for (uint32_t i = 0; generation && i < pool->options.workers; i++)
        if (pool->workers[i].live)
            queue_set_generation(&pool->workers[i].queue, generation);
}

bool pool_serves(const struct pool *pool) {
    return pool->generation != 0 && pool->live > 0;
}
