/* Distributions of delays and prices; see distribution.h. */
#include "distribution.h"

#include <math.h>
#include <stdlib.h>

bool number_parse(struct str text, double *value) {
    char copy[40];
    if (text.n == 0 || text.n >= sizeof copy)
        return false;
    memcpy(copy, text.p, text.n);
    copy[text.n] = 0;
    char *end = NULL;
    double v = strtod(copy, &end);
    if (end != copy + text.n || !isfinite(v))
        return false;
    *value = v;
    return true;
}

static bool split(struct str text, char at, struct str *left, struct str *right) {
    const char *p = memchr(text.p, at, text.n);
    if (!p)
        return false;
    *left = (struct str){text.p, (size_t)(p - text.p)};
    *right = (struct str){p + 1, text.n - left->n - 1};
    return true;
}

bool distribution_parse(struct str text, struct distribution *distribution) {
    static const struct {
        struct str name;
        enum distribution_kind kind;
        int parameters;
    } kinds[] = {
        {STR_INIT("fixed"), DISTRIBUTION_FIXED, 1},
        {STR_INIT("uniform"), DISTRIBUTION_UNIFORM, 2},
        {STR_INIT("normal"), DISTRIBUTION_NORMAL, 2},
        {STR_INIT("lognormal"), DISTRIBUTION_LOGNORMAL, 2},
        {STR_INIT("exponential"), DISTRIBUTION_EXPONENTIAL, 1},
    };
    struct distribution d = {DISTRIBUTION_FIXED, 0, 0};
    struct str name;
    struct str rest;
    if (text.n == 0)
        return false;
    if (str_eq(text, STR("none"))) {
        *distribution = d;
        return true;
    }
    if (!split(text, ':', &name, &rest)) {
        name = STR("fixed");
        rest = text;
    }
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        if (!str_eq(kinds[i].name, name))
            continue;
        d.kind = kinds[i].kind;
        struct str first = rest;
        struct str second = {NULL, 0};
        bool two = rest.n > 0 && split(rest, ',', &first, &second);
        if (two != (kinds[i].parameters == 2) || !number_parse(first, &d.a) || d.a < 0 ||
            (two && (!number_parse(second, &d.b) || d.b < 0)))
            return false;
        *distribution = d;
        return true;
    }
    return false;
}

static double draw(const struct distribution *d, struct prng *prng) {
    switch (d->kind) {
    case DISTRIBUTION_FIXED:
        return d->a;
    case DISTRIBUTION_UNIFORM:
        return d->a + (d->b - d->a) * prng_double(prng);
    case DISTRIBUTION_NORMAL:
        return prng_normal(prng, d->a, d->b);
    case DISTRIBUTION_LOGNORMAL:
        return d->a * exp(prng_normal(prng, 0, d->b));
    case DISTRIBUTION_EXPONENTIAL:
        return prng_exponential(prng, d->a);
    }
    return 0;
}

double distribution_draw(const struct distribution *distribution, struct prng *prng) {
    double v = draw(distribution, prng);
    if (!(v > 0))
        return 0;
    return v < DISTRIBUTION_MAX ? v : DISTRIBUTION_MAX;
}
