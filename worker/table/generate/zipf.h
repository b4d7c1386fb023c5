/* Numbers that follow Zipf's law: k in [0, n) with probability proportional to 1 / (k + 1)^exponent. */
#ifndef SLIMBID_WORKER_TABLE_ZIPF_H
#define SLIMBID_WORKER_TABLE_ZIPF_H

#include <stdint.h>

#include "base/prng.h"

/* What drawing needs: a few numbers, however large n is. */
struct zipf {
    double exponent, n, low, span, squeeze;
};

/* n >= 1; exponent > 0. */
void zipf_init(struct zipf *zipf, uint32_t n, double exponent);
/* By rejection-inversion (Hörmann and Derflinger 1996): constant time, about 1.1 tries a draw. */
uint32_t zipf_draw(const struct zipf *zipf, struct prng *prng);

#endif
