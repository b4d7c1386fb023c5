/*
 * A front end's side of the worker pool: its queues to all workers, and the jobs it has given out.
 *
 * A job goes to the worker with the fewest jobs of this front end under way. It ends exactly once, by a call
 * of its function: with the worker's answer, or with NULL when there is none to come. When a worker dies (its
 * pidfd becomes readable, or its queue is broken), what it finished is taken from its queue first; its other
 * jobs are given to another worker, once; a job that loses its second worker too, or whose deadline has
 * passed, ends with NULL. A dead worker's successor comes with pool_attach() and a fresh queue. No allocation
 * for a job: all that the pool holds is made at the start.
 */
#ifndef SLIMBID_CAMPAIGN_POOL_H
#define SLIMBID_CAMPAIGN_POOL_H

#include "base/loop.h"
#include "queue/queue.h"
#include "scoring/job.h"

struct pool;
struct pool_job;

struct pool_options {
    uint32_t workers; /* how many there may be */
    struct queue_sizes sizes;
    uint32_t max_in_flight;
};

/* What became of jobs: counters with one writer, in shared memory. */
struct pool_stats {
    uint64_t jobs;      /* given to a worker */
    uint64_t answered;  /* by ANSWER_DONE */
    uint64_t late;      /* the worker came to it after its deadline */
    uint64_t refused;   /* the worker has no such table, or the table is damaged */
    uint64_t shed_full; /* no queue had room, or max_in_flight reached */
    uint64_t shed_no_worker;
    uint64_t shed_too_large;
    uint64_t resubmitted;  /* given to a second worker after the first one's death */
    uint64_t lost;         /* ended by a worker's death */
    uint64_t timed_out;    /* no answer by a second after its deadline; its worker got no further jobs */
    uint64_t abandoned;    /* nobody waited any more */
    uint64_t bad_answers;  /* malformed: the worker counts as dead */
    uint64_t workers_live; /* gauge */
    uint64_t in_flight;    /* gauge */
    uint64_t generation;   /* gauge */
};

/* answer is valid during the call; NULL: none comes. */
typedef void (*pool_fn)(void *ctx, const struct answer *answer);

/* NULL: out of memory. stats outlives the pool. */
struct pool *pool_create(struct loop *loop, const struct pool_options *options,
                         struct pool_stats *stats) CHECK_RESULT;
/* Ends all jobs with NULL. NULL is legal. */
void pool_destroy(struct pool *pool);

/* Worker `index` is ready behind that queue; pidfd tells its death. Takes the descriptors, also on failure.
 * It replaces the worker of that index that was there before, as if that one had died. 0 or -1. */
int pool_attach(struct pool *pool, uint32_t index, const struct queue_fds *fds, int pidfd) CHECK_RESULT;
/* Jobs from now on carry this generation of the table; 0: there is none, every job is shed. */
void pool_set_generation(struct pool *pool, uint32_t generation);

/* Whether a job would find a table and a worker: where not, nobody needs to write one. */
bool pool_serves(const struct pool *pool);
/*
 * Gives a job out; id and generation of *job are filled in here, the rest is read during the call only. fn is
 * called later, never from inside. NULL: shed, and counted.
 */
struct pool_job *pool_submit(struct pool *pool, struct job *job, pool_fn fn, void *ctx) CHECK_RESULT;
/* Nobody waits any more: fn will not be called. */
void pool_abandon(struct pool_job *job);

#endif
