/* Zipf's law: shares against the exact ones. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/macros.h"
#include "generate/zipf.h"

#define DRAWS 400000

static void shares_are_those_of_the_law(uint32_t n, double exponent) {
    struct zipf zipf;
    struct prng prng;
    static uint32_t seen[1000];
    double sum = 0;
    zipf_init(&zipf, n, exponent);
    prng_seed(&prng, 5);
    for (uint32_t k = 0; k < n; k++) {
        seen[k] = 0;
        sum += pow(k + 1, -exponent);
    }
    for (int i = 0; i < DRAWS; i++) {
        uint32_t k = zipf_draw(&zipf, &prng);
        assert_true(k < n);
        seen[k]++;
    }
    for (uint32_t k = 0; k < n && k < 20; k++) {
        double wanted = DRAWS * pow(k + 1, -exponent) / sum;
        assert_true(fabs(seen[k] - wanted) < 5 * sqrt(wanted) + 1);
    }
}

static void shares(void **state) {
    (void)state;
    const double exponents[] = {0.5, 0.8, 0.9, 1, 1.2, 2};
    const uint32_t sizes[] = {1, 2, 3, 17, 1000};
    for (size_t i = 0; i < COUNT_OF(exponents); i++)
        for (size_t j = 0; j < COUNT_OF(sizes); j++)
            shares_are_those_of_the_law(sizes[j], exponents[i]);
}

static void the_largest_numbers_stay_inside(void **state) {
    (void)state;
    struct zipf zipf;
    struct prng prng;
    prng_seed(&prng, 6);
    zipf_init(&zipf, UINT32_MAX, 0.5);
    for (int i = 0; i < DRAWS; i++)
        assert_true(zipf_draw(&zipf, &prng) < UINT32_MAX);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shares),
        cmocka_unit_test(the_largest_numbers_stay_inside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
