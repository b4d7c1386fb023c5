/* A latency histogram with fixed bounds, as Prometheus wants it. Plain counters, no locks: one writer. */
#ifndef SLIMBID_STATS_HISTOGRAM_H
#define SLIMBID_STATS_HISTOGRAM_H

#include <stdint.h>

/* Upper bounds in microseconds; the last bucket has none. */
#define HISTOGRAM_BOUNDS_US                                                                                  \
    { 250, 500, 1000, 2000, 5000, 10000, 20000, 50000, 100000, 200000, 500000, 1000000, 2000000 }
#define HISTOGRAM_BUCKETS 14

struct histogram {
    uint64_t buckets[HISTOGRAM_BUCKETS]; /* not cumulative */
    uint64_t sum_us;
};

extern const uint64_t histogram_bounds_us[HISTOGRAM_BUCKETS - 1];

static inline void histogram_add(struct histogram *histogram, uint64_t us) {
    unsigned i = 0;
    while (i < HISTOGRAM_BUCKETS - 1 && us > histogram_bounds_us[i])
        i++;
    histogram->buckets[i]++;
    histogram->sum_us += us;
}

#endif
