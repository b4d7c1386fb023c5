/*
 * Plain integers and short decimals are converted exactly here (Clinger's fast path: both the digits
 * and the power of ten are doubles without rounding, so one operation rounds once); the rest goes to
 * strtod in the C locale.
 */
#include "json/json_number.h"

#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define EXACT_DIGITS 15 /* 10^15 < 2^53 */
#define EXACT_POWER  22 /* 10^22 is the last power of ten that is a double */

static const double powers_of_ten[EXACT_POWER + 1] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                      1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                                      1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

static pthread_once_t locale_once = PTHREAD_ONCE_INIT;
static locale_t c_locale;

static void make_c_locale(void) {
    c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

static bool slow_double(struct str text, double *value) {
    char digits[JSON_NUMBER_MAX + 1];
    if (text.n > JSON_NUMBER_MAX)
        return false;
    memcpy(digits, text.p, text.n);
    digits[text.n] = '\0';
    pthread_once(&locale_once, make_c_locale);
    if (!c_locale)
        return false;
    *value = strtod_l(digits, NULL, c_locale);
    return isfinite(*value);
}

/* Only the exponents that the exact path can use; the rest is a number for strtod. */
static bool short_exponent(const char *p, const char *end, int *exponent) {
    bool negative = *p == '-';
    if (*p == '-' || *p == '+')
        p++;
    if (end - p > 2)
        return false;
    int v = 0;
    for (; p < end; p++)
        v = v * 10 + (*p - '0');
    *exponent = negative ? -v : v;
    return true;
}

bool json_number_double(struct str text, double *value) {
    const char *p = text.p, *end = text.p + text.n;
    bool negative = *p == '-';
    if (negative)
        p++;
    uint64_t digits = 0;
    int power = 0;
    const char *first = p;
    for (; p < end && (unsigned)(*p - '0') < 10; p++)
        digits = digits * 10 + (uint64_t)(*p - '0');
    ptrdiff_t count = p - first;
    if (p < end && *p == '.') {
        const char *fraction = ++p;
        for (; p < end && (unsigned)(*p - '0') < 10; p++)
            digits = digits * 10 + (uint64_t)(*p - '0');
        count += p - fraction;
        power = -(int)(p - fraction);
    }
    if (count > EXACT_DIGITS)
        return slow_double(text, value);
    if (p < end) {
        int exponent;
        if (!short_exponent(p + 1, end, &exponent))
            return slow_double(text, value);
        power += exponent;
    }
    if (power < -EXACT_POWER || power > EXACT_POWER)
        return slow_double(text, value);
    double v = (double)digits;
    v = power < 0 ? v / powers_of_ten[-power] : v * powers_of_ten[power];
    *value = negative ? -v : v;
    return true;
}

static enum json_int_result whole_double(struct str text, int32_t *value) {
    double v;
    if (!json_number_double(text, &v))
        return JSON_INT_RANGE;
    if (v != trunc(v))
        return JSON_INT_FRACTION;
    if (v < INT32_MIN || v > INT32_MAX)
        return JSON_INT_RANGE;
    *value = (int32_t)v;
    return JSON_INT_OK;
}

enum json_int_result json_number_int32(struct str text, int32_t *value) {
    const char *p = text.p, *end = text.p + text.n;
    bool negative = *p == '-';
    if (negative)
        p++;
    if (end - p > 10)
        return whole_double(text, value);
    int64_t v = 0;
    for (; p < end; p++) {
        unsigned digit = (unsigned)(*p - '0');
        if (UNLIKELY(digit > 9))
            return whole_double(text, value);
        v = v * 10 + digit;
    }
    if (negative)
        v = -v;
    if (UNLIKELY(v < INT32_MIN || v > INT32_MAX))
        return JSON_INT_RANGE;
    *value = (int32_t)v;
    return JSON_INT_OK;
}
