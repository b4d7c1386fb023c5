/* Quantiles: exact below 128, within 1 % above, never beyond what was added. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/macros.h"
#include "base/prng.h"
#include "quantiles.h"

#define VALUES 20000

static struct quantiles q;

static void nothing_added_is_nought(void **state) {
    (void)state;
    quantiles_init(&q);
    assert_int_equal(quantiles_at(&q, 0.99), 0);
    assert_true(quantiles_mean(&q) == 0);
}

static void small_values_are_exact(void **state) {
    (void)state;
    quantiles_init(&q);
    for (uint64_t v = 1; v <= 100; v++)
        quantiles_add(&q, v);
    assert_int_equal(quantiles_at(&q, 0), 1);
    assert_int_equal(quantiles_at(&q, 0.5), 50);
    assert_int_equal(quantiles_at(&q, 0.99), 99);
    assert_int_equal(quantiles_at(&q, 1), 100);
    assert_true(quantiles_mean(&q) == 50.5);
}

static int compare(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static void large_values_are_within_one_percent(void **state) {
    (void)state;
    static uint64_t values[VALUES];
    static const double shares[] = {0.01, 0.25, 0.5, 0.9, 0.99, 0.999, 1};
    struct prng prng;
    prng_seed(&prng, 7);
    quantiles_init(&q);
    for (size_t i = 0; i < VALUES; i++) {
        values[i] = (uint64_t)prng_exponential(&prng, 50000);
        quantiles_add(&q, values[i]);
    }
    qsort(values, VALUES, sizeof *values, compare);
    for (size_t i = 0; i < COUNT_OF(shares); i++) {
        double exact = (double)values[(size_t)(shares[i] * VALUES + 0.5) - 1];
        double got = (double)quantiles_at(&q, shares[i]);
        assert_true(got >= exact * 0.99 - 1 && got <= exact * 1.01 + 1);
    }
    assert_int_equal(q.max, values[VALUES - 1]);
    assert_int_equal(q.min, values[0]);
}

static void the_largest_value_has_a_place(void **state) {
    (void)state;
    quantiles_init(&q);
    quantiles_add(&q, UINT64_MAX);
    quantiles_add(&q, 127);
    quantiles_add(&q, 128);
    assert_true(quantiles_at(&q, 1) > UINT64_MAX / 100 * 99);
    assert_int_equal(quantiles_at(&q, 0.3), 127);
    assert_in_range(quantiles_at(&q, 0.6), 128, 129);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_added_is_nought),
        cmocka_unit_test(small_values_are_exact),
        cmocka_unit_test(large_values_are_within_one_percent),
        cmocka_unit_test(the_largest_value_has_a_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
