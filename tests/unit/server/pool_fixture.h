/* A pool with real queues whose other ends the test holds: it says what a worker says, when it wants. */
#ifndef SLIMBID_TESTS_POOL_FIXTURE_H
#define SLIMBID_TESTS_POOL_FIXTURE_H

#include <sys/types.h>

#include "campaign/pool.h"

#define POOL_WORKERS 3
#define POOL_JOBS    64
#define POOL_SIZES   ((struct queue_sizes){.job_bytes = 65536, .answer_bytes = 131072})

/* A worker's end. Its process does nothing but what pool_fixture.work says; it is there to die. */
struct pool_side {
    struct queue queue;
    pid_t pid;
    uint64_t frame[JOB_MOST_BYTES / 8]; /* of the job that was read last */
    struct job job;
};

/* What became of a job. */
struct pool_end {
    struct pool_fixture *fixture;
    struct pool_job *job;
    unsigned calls;
    bool answered; /* else with NULL */
    enum answer_status status;
    uint32_t bid_count;
    double price;
};

struct pool_fixture {
    struct loop *loop;
    struct pool *pool;
    struct pool_stats stats;
    struct pool_side sides[POOL_WORKERS];
    struct pool_end ends[POOL_JOBS];
    unsigned end_count;   /* jobs that have ended */
    unsigned wanted;      /* pool_wait() */
    uint64_t deadline_us; /* of the jobs to come; 0: far away */
    struct queue_sizes sizes;
    uint32_t values;                      /* of each imp */
    void (*work)(struct pool_side *side); /* what workers to come do; NULL: nothing */
};

/* A pool without workers, of which POOL_WORKERS may come; generation 7. */
void pool_fixture_init(struct pool_fixture *f, const struct queue_sizes *sizes, uint32_t max_in_flight);
void pool_fixture_cleanup(struct pool_fixture *f);
/* A process whose end and queue stand for that worker. */
void pool_fixture_attach(struct pool_fixture *f, uint32_t index);
/* Gives job n out, with so many imps; whether the pool took it. */
bool pool_fixture_submit(struct pool_fixture *f, unsigned n, uint32_t imps);
/* A turn of the loop; turns until so many jobs have ended in all. */
void pool_fixture_turn(struct pool_fixture *f);
void pool_fixture_wait(struct pool_fixture *f, unsigned ends);

/* The next job of a worker, into side->job; false when there is none. */
bool pool_side_take(struct pool_side *side);
/* Answers with one bid for imp 0 at that price (0: no bid); pool_side_say() with all of *answer. */
void pool_side_answer(struct pool_side *side, uint64_t id, uint32_t generation, double price);
void pool_side_say(struct pool_side *side, const struct answer *answer);
void pool_side_say_bytes(struct pool_side *side, const void *bytes, size_t n);
/* Kills it, and waits until it is dead. */
void pool_side_kill(struct pool_side *side);
/* Whether its process has died, within a few seconds: somebody else killed it. */
bool pool_side_dies(struct pool_side *side);

#endif
