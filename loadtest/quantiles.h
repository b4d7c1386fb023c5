/*
 * Quantiles of many durations in little memory: a logarithmic histogram in the manner of HdrHistogram.
 * Values up to 127 are exact; above, each power of two is split into 64 buckets, so a quantile is off by
 * less than 1 % (1/128). 30 KB each, nothing allocated.
 */
#ifndef SLIMBID_LOADTEST_QUANTILES_H
#define SLIMBID_LOADTEST_QUANTILES_H

#include <stdint.h>

#define QUANTILES_BUCKETS (128 + 57 * 64)

struct quantiles {
    uint64_t count;
    uint64_t sum;
    uint64_t min, max; /* exact; 0 when empty */
    uint64_t buckets[QUANTILES_BUCKETS];
};

void quantiles_init(struct quantiles *q);
void quantiles_add(struct quantiles *q, uint64_t value);
/* The value below or at which the share (0 to 1) of all values lies: the middle of its bucket, never above
 * max. 0 when empty. */
uint64_t quantiles_at(const struct quantiles *q, double share);
double quantiles_mean(const struct quantiles *q);

#endif
