/* A logarithmic histogram; see quantiles.h. */
#include "quantiles.h"

#include <math.h>
#include <string.h>

enum { EXACT = 128, SUB_BITS = 6, SUB = 1 << SUB_BITS };

void quantiles_init(struct quantiles *q) {
    memset(q, 0, sizeof *q);
}

static unsigned bucket_of(uint64_t value) {
    if (value < EXACT)
        return (unsigned)value;
    unsigned top = 63u - (unsigned)__builtin_clzll(value); /* >= 7 */
    unsigned sub = (unsigned)(value >> (top - SUB_BITS)) & (SUB - 1);
    return EXACT + (top - 7) * SUB + sub;
}

static uint64_t bucket_middle(unsigned bucket) {
    if (bucket < EXACT)
        return bucket;
    unsigned top = (bucket - EXACT) / SUB + 7;
    uint64_t sub = (bucket - EXACT) % SUB;
    uint64_t width = 1ull << (top - SUB_BITS);
    return (1ull << top) + sub * width + width / 2;
}

void quantiles_add(struct quantiles *q, uint64_t value) {
    q->min = q->count == 0 || value < q->min ? value : q->min;
    q->max = value > q->max ? value : q->max;
    q->count++;
    q->sum += value;
    q->buckets[bucket_of(value)]++;
}

uint64_t quantiles_at(const struct quantiles *q, double share) {
    if (q->count == 0)
        return 0;
    uint64_t rank = (uint64_t)ceil(share * (double)q->count);
    if (rank == 0)
        rank = 1;
    uint64_t seen = 0;
    for (unsigned i = 0; i < QUANTILES_BUCKETS; i++) {
        seen += q->buckets[i];
        if (seen >= rank) {
            uint64_t v = bucket_middle(i);
            return v > q->max ? q->max : v < q->min ? q->min : v;
        }
    }
    return q->max;
}

double quantiles_mean(const struct quantiles *q) {
    return q->count ? (double)q->sum / (double)q->count : 0;
}
