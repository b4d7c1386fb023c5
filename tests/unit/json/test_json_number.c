/* Numbers: exactly what strtod makes of them, and integers however they are written. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/prng.h"
#include "json/json_number.h"

static enum json_int_result read_int(const char *text, int32_t *v) {
    return json_number_int32(str_from(text), v);
}

static void integers_in_any_writing(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int32_t value;
    } good[] = {
        {"0", 0},
        {"-0", 0},
        {"7", 7},
        {"2147483647", INT32_MAX},
        {"-2147483648", INT32_MIN},
        {"1.0", 1},
        {"1e2", 100},
        {"1.5e1", 15},
        {"-3.00", -3},
        {"100E-2", 1},
        {"21474836.47e2", INT32_MAX},
        {"0.0", 0},
        {"0e99999", 0},
        {"2.5E+2", 250},
    };
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        int32_t v = -77;
        assert_int_equal(read_int(good[i].text, &v), JSON_INT_OK);
        assert_int_equal(v, good[i].value);
    }
}

static void what_is_no_int32_is_told_apart(void **state) {
    (void)state;
    static const char *const fractions[] = {"0.5", "1.1", "-2.25", "1e-1", "123456789.5", "12345678901.5"};
    static const char *const too_large[] = {
        "2147483648", "-2147483649", "9999999999", "99999999999999999999999",
        "1e10",       "1e400",       "-1e999",     "4294967296"};
    int32_t v;
    for (size_t i = 0; i < sizeof(fractions) / sizeof(fractions[0]); i++)
        assert_int_equal(read_int(fractions[i], &v), JSON_INT_FRACTION);
    for (size_t i = 0; i < sizeof(too_large) / sizeof(too_large[0]); i++)
        assert_int_equal(read_int(too_large[i], &v), JSON_INT_RANGE);
}

static void doubles_are_those_of_strtod(void **state) {
    (void)state;
    struct prng prng;
    prng_seed(&prng, 20240611);
    for (int i = 0; i < 200000; i++) {
        char text[64];
        int whole = (int)(prng_next(&prng) % 18), fraction = (int)(prng_next(&prng) % 18);
        size_t n = 0;
        if (prng_next(&prng) % 2)
            text[n++] = '-';
        text[n++] = (char)('0' + (whole ? 1 + prng_next(&prng) % 9 : 0));
        for (int k = 1; k < whole; k++)
            text[n++] = (char)('0' + prng_next(&prng) % 10);
        if (fraction > 0) {
            text[n++] = '.';
            for (int k = 0; k < fraction; k++)
                text[n++] = (char)('0' + prng_next(&prng) % 10);
        }
        text[n] = '\0';
        if (prng_next(&prng) % 3 == 0)
            n += (size_t)snprintf(text + n, sizeof(text) - n, "e%+d", (int)(prng_next(&prng) % 700) - 350);
        double expected = strtod(text, NULL), v;
        bool finite = json_number_double((struct str){text, n}, &v);
        assert_int_equal(finite, isfinite(expected) ? 1 : 0);
        if (finite)
            assert_memory_equal(&v, &expected, sizeof(v));
    }
}

static void what_is_not_finite_or_endless_is_refused(void **state) {
    (void)state;
    char digits[JSON_NUMBER_MAX + 2];
    double v;
    assert_false(json_number_double(STR("1e309"), &v));
    assert_false(json_number_double(STR("-1e999999999999"), &v));
    assert_true(json_number_double(STR("1e-999999999999"), &v));
    assert_true(v == 0);
    memset(digits, '1', sizeof(digits));
    assert_false(json_number_double((struct str){digits, JSON_NUMBER_MAX + 1}, &v));
    assert_true(json_number_double((struct str){digits, 300}, &v));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_in_any_writing),
        cmocka_unit_test(what_is_no_int32_is_told_apart),
        cmocka_unit_test(doubles_are_those_of_strtod),
        cmocka_unit_test(what_is_not_finite_or_endless_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
