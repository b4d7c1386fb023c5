/* A scripted pool of workers behind campaign/pool.h, in virtual time. */
#ifndef SLIMBID_FAKE_POOL_H
#define SLIMBID_FAKE_POOL_H

#include "campaign/pool.h"

#define FAKE_POOL_BIDS 16

/* What becomes of the next jobs. Texts stay the caller's. */
struct fake_pool_script {
    bool serves;       /* there are a table and a worker */
    bool full;         /* jobs are shed */
    bool never;        /* no answer */
    uint64_t after_us; /* until the answer */
    bool dead;         /* it is NULL: the worker has died */
    enum answer_status status;
    struct answer_bid bids[FAKE_POOL_BIDS];
    uint32_t bid_count;
};

void fake_pool_script(struct pool *pool, const struct fake_pool_script *script);
/* Jobs that somebody still waits for. */
uint32_t fake_pool_waiting(const struct pool *pool);
/* The last job that was given out. */
const struct job *fake_pool_last(const struct pool *pool);

#endif
