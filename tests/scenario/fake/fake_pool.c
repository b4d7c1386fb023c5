/* Scripted workers; see fake_pool.h. Allocates nothing for a job, as the real pool does not. */
#include "fake_pool.h"

#include <stdlib.h>

#define FAKE_JOBS 64

struct pool_job {
    struct pool *pool;
    struct timer timer;
    pool_fn fn; /* NULL: free */
    void *ctx;
};

struct pool {
    struct loop *loop;
    struct pool_stats *stats;
    struct fake_pool_script script;
    struct pool_job jobs[FAKE_JOBS];
    struct job last;
    struct answer answer;
    uint32_t waiting;
};

static void job_free(struct pool_job *job) {
    timer_disarm(&job->timer);
    job->fn = NULL;
    job->pool->waiting--;
}

static void on_timer(void *ctx) {
    struct pool_job *job = ctx;
    struct pool *pool = job->pool;
    const struct fake_pool_script *script = &pool->script;
    pool_fn fn = job->fn;
    void *fn_ctx = job->ctx;
    job_free(job);
    pool->answer.status = script->status;
    pool->answer.bid_count = script->bid_count;
    for (uint32_t i = 0; i < script->bid_count; i++)
        pool->answer.bids[i] = script->bids[i];
    fn(fn_ctx, script->dead ? NULL : &pool->answer);
}

struct pool *pool_create(struct loop *loop, const struct pool_options *options, struct pool_stats *stats) {
    (void)options;
    struct pool *pool = calloc(1, sizeof *pool);
    if (!pool)
        return NULL;
    pool->loop = loop;
    pool->stats = stats;
    for (size_t i = 0; i < FAKE_JOBS; i++) {
        pool->jobs[i].pool = pool;
        timer_init(&pool->jobs[i].timer, loop, on_timer, &pool->jobs[i]);
    }
    return pool;
}

void pool_destroy(struct pool *pool) {
    free(pool);
}

bool pool_serves(const struct pool *pool) {
    return pool->script.serves;
}

struct pool_job *pool_submit(struct pool *pool, struct job *job, pool_fn fn, void *ctx) {
    struct pool_job *entry = NULL;
    for (size_t i = 0; i < FAKE_JOBS && !entry; i++)
        if (!pool->jobs[i].fn)
            entry = &pool->jobs[i];
    if (!entry || pool->script.full) {
        pool->stats->shed_full++;
        return NULL;
    }
    pool->last = *job;
    pool->stats->jobs++;
    pool->waiting++;
    entry->fn = fn;
    entry->ctx = ctx;
    if (!pool->script.never && timer_arm(&entry->timer, loop_now(pool->loop) + pool->script.after_us) != 0)
        abort();
    return entry;
}

void pool_abandon(struct pool_job *job) {
    job_free(job);
}

void fake_pool_script(struct pool *pool, const struct fake_pool_script *script) {
    pool->script = *script;
}

uint32_t fake_pool_waiting(const struct pool *pool) {
    return pool->waiting;
}

const struct job *fake_pool_last(const struct pool *pool) {
    return &pool->last;
}
