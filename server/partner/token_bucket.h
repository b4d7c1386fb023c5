/* A rate limit: `rate` a second on average, bursts of up to `burst`. Times in microseconds. */
#ifndef SLIMBID_PARTNER_TOKEN_BUCKET_H
#define SLIMBID_PARTNER_TOKEN_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

struct token_bucket {
    double rate; /* tokens a microsecond; 0: no limit */
    double burst;
    double tokens;
    uint64_t filled_us;
};

static inline void token_bucket_init(struct token_bucket *bucket, double per_second, double burst,
                                     uint64_t now_us) {
    *bucket = (struct token_bucket){per_second / 1e6, burst, burst, now_us};
}

/* Takes a token if there is one. */
static inline bool token_bucket_take(struct token_bucket *bucket, uint64_t now_us) {
    if (bucket->rate <= 0)
        return true;
    bucket->tokens += (double)(now_us - bucket->filled_us) * bucket->rate;
    bucket->filled_us = now_us;
    if (bucket->tokens > bucket->burst)
        bucket->tokens = bucket->burst;
    if (bucket->tokens < 1)
        return false;
    bucket->tokens -= 1;
    return true;
}

#endif
