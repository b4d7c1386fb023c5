/*
 * A distribution to draw delays and prices from, written as "name:parameter,parameter".
 *
 *   0.75 or fixed:0.75       always that value
 *   uniform:0.5,2            evenly between the two
 *   normal:20,5              mean, standard deviation
 *   lognormal:20,0.5         median, sigma of the logarithm
 *   exponential:20           mean
 *   none                     always 0
 * Draws are never negative and never above DISTRIBUTION_MAX.
 */
#ifndef SLIMBID_LOADTEST_DISTRIBUTION_H
#define SLIMBID_LOADTEST_DISTRIBUTION_H

#include <stdbool.h>

#include "base/macros.h"
#include "base/prng.h"
#include "base/str.h"

#define DISTRIBUTION_MAX 1e9

enum distribution_kind {
    DISTRIBUTION_FIXED,
    DISTRIBUTION_UNIFORM,
    DISTRIBUTION_NORMAL,
    DISTRIBUTION_LOGNORMAL,
    DISTRIBUTION_EXPONENTIAL,
};

struct distribution {
    enum distribution_kind kind;
    double a, b; /* the parameters in the order in which they are written */
};

/* False when the text is none of the above; *distribution is then unchanged. */
bool distribution_parse(struct str text, struct distribution *distribution) CHECK_RESULT;
double distribution_draw(const struct distribution *distribution, struct prng *prng);
/* A decimal number that takes up the whole text; false otherwise. */
bool number_parse(struct str text, double *value) CHECK_RESULT;

#endif
