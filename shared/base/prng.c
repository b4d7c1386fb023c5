/* Seeded random numbers; see prng.h. */
#include "base/prng.h"

#include <math.h>

static uint64_t splitmix64(uint64_t *state) {
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

void prng_seed(struct prng *prng, uint64_t seed) {
    for (int i = 0; i < 4; i++)
        prng->s[i] = splitmix64(&seed);
}

static uint64_t rotl(uint64_t x, int k) {
    return (x << k) | (x >> (64 - k));
}

uint64_t prng_next(struct prng *prng) {
    uint64_t *s = prng->s;
    uint64_t result = rotl(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotl(s[3], 45);
    return result;
}

double prng_double(struct prng *prng) {
    return (double)(prng_next(prng) >> 11) * 0x1.0p-53;
}

double prng_exponential(struct prng *prng, double mean) {
    return -mean * log1p(-prng_double(prng));
}

double prng_normal(struct prng *prng, double mean, double deviation) {
    /* Box and Muller 1958; 1 - u lies in (0, 1], so the logarithm is finite. */
    double u = 1.0 - prng_double(prng);
    double v = prng_double(prng);
    return mean + deviation * sqrt(-2.0 * log(u)) * cos(6.283185307179586 * v);
}
