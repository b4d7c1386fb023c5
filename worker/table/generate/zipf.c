/* Zipf's law; see zipf.h. */
#include "generate/zipf.h"

#include <math.h>

/* The integral of x^-exponent, 0 at 1, and its inverse. */
static double integral(const struct zipf *zipf, double x) {
    double t = log(x), a = (1 - zipf->exponent) * t;
    return fabs(a) > 1e-8 ? expm1(a) / a * t : (1 + a / 2) * t;
}

static double inverse(const struct zipf *zipf, double y) {
    double a = fmax(y * (1 - zipf->exponent), -1);
    return exp(fabs(a) > 1e-8 ? log1p(a) / a * y : (1 - a / 2) * y);
}

void zipf_init(struct zipf *zipf, uint32_t n, double exponent) {
    zipf->exponent = exponent;
    zipf->n = n;
    zipf->low = integral(zipf, 1.5) - 1;
    zipf->span = integral(zipf, n + 0.5) - zipf->low;
    zipf->squeeze = 2 - inverse(zipf, integral(zipf, 2.5) - pow(2, -exponent));
}

uint32_t zipf_draw(const struct zipf *zipf, struct prng *prng) {
    for (;;) {
        double u = zipf->low + prng_double(prng) * zipf->span;
        double x = inverse(zipf, u);
        double k = fmin(fmax(floor(x + 0.5), 1), zipf->n);
        if (k - x <= zipf->squeeze || u >= integral(zipf, k + 0.5) - pow(k, -zipf->exponent))
            return (uint32_t)k - 1;
    }
}
