/*
 * exp(x) = 2^k * exp(r), k the whole number nearest to x / ln 2, |r| <= ln 2 / 2 (Cody and Waite 1980);
 * exp(r) by its Taylor series to r^12, summed in pairs (Estrin), which is within 2e-16 there.
 */
#include "table/table_exp.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#define LOG2_E  0x1.71547652b82fep+0
#define LN2_HI  0x1.62e42fee00000p-1 /* 32 bits, so that k * LN2_HI is exact */
#define LN2_LO  0x1.a39ef35793c76p-33
#define ROUNDER 0x1.8p+52 /* adding it leaves the nearest whole number in the lowest bits */

double table_exp(double x) {
    if (!(x >= -708.0))
        return 0.0;
    if (x > 709.0)
        return INFINITY;
    double shifted = x * LOG2_E + ROUNDER, k = shifted - ROUNDER;
    double r = (x - k * LN2_HI) - k * LN2_LO, r2 = r * r, r4 = r2 * r2;
    double p01 = 1.0 + r, p23 = 1.0 / 2 + r * (1.0 / 6), p45 = 1.0 / 24 + r * (1.0 / 120);
    double p67 = 1.0 / 720 + r * (1.0 / 5040), p89 = 1.0 / 40320 + r * (1.0 / 362880);
    double p1011 = 1.0 / 3628800 + r * (1.0 / 39916800);
    double low = p01 + r2 * p23, middle = p45 + r2 * p67, high = p89 + r2 * (p1011 + r2 * (1.0 / 479001600));
    double p = low + r4 * (middle + r4 * high), scale;
    uint64_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    bits = (bits + 1023) << 52; /* ROUNDER's own bits are shifted out */
    memcpy(&scale, &bits, sizeof scale);
    return p * scale;
}
