/*
 * Random numbers that a seed repeats: xoshiro256** (Blackman and Vigna 2018), seeded by splitmix64.
 * Not for secrets.
 */
#ifndef SLIMBID_BASE_PRNG_H
#define SLIMBID_BASE_PRNG_H

#include <stdint.h>

struct prng {
    uint64_t s[4];
};

void prng_seed(struct prng *prng, uint64_t seed);
uint64_t prng_next(struct prng *prng);
/* In [0, 1). */
double prng_double(struct prng *prng);
/* Exponentially distributed with that mean; mean >= 0. */
double prng_exponential(struct prng *prng, double mean);
/* Normally distributed. */
double prng_normal(struct prng *prng, double mean, double deviation);

#endif
