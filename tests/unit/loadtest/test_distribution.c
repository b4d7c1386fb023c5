/* Distributions: what is read, what is refused, where the draws lie, that a seed repeats them. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/macros.h"
#include "distribution.h"

#define DRAWS 20001

static double values[DRAWS];

static void draw_many(const char *text, uint64_t seed) {
    struct distribution d;
    struct prng prng;
    assert_true(distribution_parse(str_from(text), &d));
    prng_seed(&prng, seed);
    for (size_t i = 0; i < DRAWS; i++)
        values[i] = distribution_draw(&d, &prng);
}

static double mean(void) {
    double sum = 0;
    for (size_t i = 0; i < DRAWS; i++)
        sum += values[i];
    return sum / DRAWS;
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a;
    double y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static double median(void) {
    qsort(values, DRAWS, sizeof *values, compare);
    return values[DRAWS / 2];
}

static void means_and_medians_are_those_written(void **state) {
    (void)state;
    draw_many("0.75", 1);
    assert_true(fabs(mean() - 0.75) < 1e-9);
    draw_many("fixed:3", 1);
    assert_true(values[0] == 3 && values[DRAWS - 1] == 3);
    draw_many("none", 1);
    assert_true(mean() == 0);
    draw_many("uniform:2,6", 1);
    assert_true(fabs(mean() - 4) < 0.05);
    draw_many("normal:20,3", 1);
    assert_true(fabs(mean() - 20) < 0.2);
    draw_many("exponential:50", 1);
    assert_true(fabs(mean() - 50) < 2);
    draw_many("lognormal:20,0.5", 1);
    assert_true(fabs(mean() - 20 * exp(0.125)) < 0.5);
    assert_true(fabs(median() - 20) < 0.5);
}

static void draws_stay_in_bounds(void **state) {
    (void)state;
    draw_many("normal:0,5", 1);
    assert_true(median() >= 0);
    assert_true(values[0] == 0);
    draw_many("lognormal:1e8,9", 1);
    median();
    assert_true(values[DRAWS - 1] == DISTRIBUTION_MAX);
}

static void a_seed_repeats(void **state) {
    (void)state;
    static double first[DRAWS];
    draw_many("lognormal:1,0.5", 42);
    memcpy(first, values, sizeof first);
    draw_many("lognormal:1,0.5", 42);
    assert_memory_equal(first, values, sizeof first);
    draw_many("lognormal:1,0.5", 43);
    assert_memory_not_equal(first, values, sizeof first);
}

static void what_is_not_understood_is_refused(void **state) {
    (void)state;
    static const char *const bad[] = {"",
                                      "x",
                                      "fixed:",
                                      "fixed:1,2",
                                      "uniform:1",
                                      "normal:1,",
                                      "nan",
                                      "inf",
                                      "lognormal:,1",
                                      "-1",
                                      "poisson:2",
                                      "uniform:1,2,3",
                                      "fixed:1x",
                                      "exponential:-2"};
    struct distribution d = {DISTRIBUTION_FIXED, 9, 9};
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_false(distribution_parse(str_from(bad[i]), &d));
    assert_true(d.a == 9 && d.b == 9);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(means_and_medians_are_those_written),
        cmocka_unit_test(draws_stay_in_bounds),
        cmocka_unit_test(a_seed_repeats),
        cmocka_unit_test(what_is_not_understood_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
