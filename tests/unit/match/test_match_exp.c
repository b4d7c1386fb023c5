/* match_exp(): against libm, and at its ends. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/prng.h"
#include "match/match.h"

#define DRAWS 2000000

static void is_as_near_to_libm_as_it_says(void **state) {
    struct prng prng;
    double worst = 0;
    (void)state;
    prng_seed(&prng, 1);
    for (int i = 0; i < DRAWS; i++) {
        double most = i % 2 ? 30 : 708, x = (prng_double(&prng) * 2 - 1) * most, wanted = exp(x);
        double error = fabs(match_exp(x) - wanted) / wanted;
        worst = error > worst ? error : worst;
    }
    assert_true(worst < 1e-12);
}

static void is_exact_where_it_can_be(void **state) {
    (void)state;
    assert_true(match_exp(0) == 1);
    assert_true(match_exp(-0.0) == 1);
    assert_true(match_exp(1e-300) == 1);
}

static void ends_in_0_and_infinity(void **state) {
    (void)state;
    assert_true(match_exp(-708) > 0);
    assert_true(match_exp(-708.1) == 0);
    assert_true(match_exp(-1e300) == 0);
    assert_true(match_exp(-INFINITY) == 0);
    assert_true(isfinite(match_exp(709)));
    assert_true(isinf(match_exp(709.1)));
    assert_true(isinf(match_exp(INFINITY)));
}

/* The same bits on every machine: some of them, as computed once. */
static void gives_these_bits(void **state) {
    (void)state;
    assert_true(match_exp(1) == 0x1.5bf0a8b145769p+1);
    assert_true(match_exp(-5.5) == 0x1.0bd4a5aca7729p-8);
    assert_true(match_exp(100.25) == 0x1.8c39b9134bac3p+144);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_as_near_to_libm_as_it_says),
        cmocka_unit_test(is_exact_where_it_can_be),
        cmocka_unit_test(ends_in_0_and_infinity),
        cmocka_unit_test(gives_these_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
