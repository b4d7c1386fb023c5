/* Currency rates: direct, inverse and through a base; bad files. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "currency/currency.h"
#include "scratch_file.h"

static char error[512];

static struct currency_rates *load_bytes(const char *text, size_t n) {
    struct scratch_file file;
    scratch_file_write(&file, text, n);
    error[0] = '\0';
    struct currency_rates *rates = currency_load(file.path, error, sizeof error);
    scratch_file_remove(&file);
    if (!rates) {
        assert_int_equal(strncmp(error, file.path, strlen(file.path)), 0);
        memmove(error, error + strlen(file.path), strlen(error + strlen(file.path)) + 1);
    }
    return rates;
}

static struct currency_rates *load_text(const char *text) {
    struct currency_rates *rates = load_bytes(text, strlen(text));
    if (!rates)
        fail_msg("refused: %s", error);
    return rates;
}

static void assert_rate(const struct currency_rates *rates, const char *from, const char *to, double wanted) {
    double rate = currency_rate(rates, str_from(from), str_from(to));
    if (!(fabs(rate - wanted) <= 1e-12 * wanted))
        fail_msg("%s to %s: %.17g instead of %.17g", from, to, rate, wanted);
}

static void assert_no_rate(const struct currency_rates *rates, const char *from, const char *to) {
    assert_true(isnan(currency_rate(rates, str_from(from), str_from(to))));
}

static void rates_are_found(void **state) {
    (void)state;
    struct currency_rates *rates = load_text(
        "{\"dataAsOf\": \"2018-09-12\", \"generatedAt\": \"2018-09-13T00:00:00Z\", \"conversions\": {"
        "\"USD\": {\"GBP\": 0.77208, \"JPY\": 110, \"USD\": 1}, \"GBP\": {\"USD\": 1.3, \"CHF\": 1}}}");
    assert_rate(rates, "USD", "GBP", 0.77208);
    assert_rate(rates, "GBP", "USD", 1.3); /* its own rate, not the inverse of the other */
    assert_rate(rates, "USD", "JPY", 110);
    assert_rate(rates, "JPY", "USD", 1 / 110.0);
    assert_rate(rates, "CHF", "GBP", 1);
    assert_rate(rates, "GBP", "JPY", 110 / 0.77208);
    assert_rate(rates, "JPY", "GBP", 0.77208 / 110);
    assert_rate(rates, "CHF", "USD", 1.3);
    assert_rate(rates, "USD", "USD", 1);
    assert_no_rate(rates, "CHF", "JPY"); /* two steps apart */
    currency_destroy(rates);
}

static void unknown_currencies_have_no_rate(void **state) {
    (void)state;
    struct currency_rates *rates = load_text("{\"conversions\": {\"USD\": {\"EUR\": 0.9}}}");
    assert_no_rate(rates, "USD", "XXX");
    assert_no_rate(rates, "XXX", "USD");
    assert_no_rate(rates, "XXX", "YYY");
    assert_rate(rates, "XXX", "XXX", 1);
    assert_rate(rates, "usd", "Eur", 0.9);
    assert_no_rate(rates, "us$", "EUR");
    assert_no_rate(rates, "US", "EUR");
    assert_no_rate(rates, "USDT", "USDT");
    assert_no_rate(rates, "", "");
    assert_true(isnan(currency_rate(rates, (struct str){NULL, 0}, (struct str){NULL, 0})));
    currency_destroy(rates);
}

static void without_a_file_only_the_same_currency_is_known(void **state) {
    (void)state;
    assert_rate(NULL, "EUR", "EUR", 1);
    assert_no_rate(NULL, "EUR", "USD");
    currency_destroy(NULL);
}

/* The first base by code decides when two disagree, whatever their order in the file. */
static void the_common_base_is_always_the_same(void **state) {
    (void)state;
    struct currency_rates *rates =
        load_text("{\"conversions\": {\"USD\": {\"SEK\": 10, \"NOK\": 20},"
                  " \"EUR\": {\"SEK\": 10, \"NOK\": 30}, \"AUD\": {\"SEK\": 10}}}");
    assert_rate(rates, "SEK", "NOK", 3);
    assert_rate(rates, "NOK", "SEK", 1 / 3.0);
    currency_destroy(rates);
}

static void extreme_rates_stay_finite(void **state) {
    (void)state;
    struct currency_rates *rates = load_text("{\"conversions\": {\"USD\": {\"AAA\": 1e-12, \"BBB\": 1e12}}}");
    assert_rate(rates, "AAA", "BBB", 1e24);
    assert_rate(rates, "BBB", "AAA", 1e-24);
    assert_rate(rates, "AAA", "USD", 1e12);
    currency_destroy(rates);
}

static void bad_files_are_refused(void **state) {
    (void)state;
    static const struct {
        const char *text, *error;
    } cases[] = {
        {"", ": the file is empty"},
        {"{", ":1:1: "},
        {"[]", ": conversions: must be an object"},
        {"{}", ": conversions: must be an object"},
        {"{\"conversions\": []}", ": conversions: must be an object"},
        {"{\"conversions\": {}}", ": conversions: holds no rate"},
        {"{\"conversions\": {\"USD\": {}}}", ": conversions: holds no rate"},
        {"{\"conversions\": {\"USD\": 1}}", ": conversions.USD: must be an object of rates"},
        {"{\"conversions\": {\"usd\": {\"EUR\": 1}}}",
         ": conversions.usd: must be a currency of three capitals"},
        {"{\"conversions\": {\"USD\": {\"EURO\": 1}}}", ": conversions.USD.EURO: must be a currency"},
        {"{\"conversions\": {\"USD\": {\"EUR\": \"1\"}}}", ": conversions.USD.EUR: must be a number"},
        {"{\"conversions\": {\"USD\": {\"EUR\": null}}}", ": conversions.USD.EUR: must be a number"},
        {"{\"conversions\": {\"USD\": {\"EUR\": 0}}}", ": conversions.USD.EUR: must be from 1e-12 to 1e12"},
        {"{\"conversions\": {\"USD\": {\"EUR\": -1}}}", ": conversions.USD.EUR: must be from 1e-12 to 1e12"},
        {"{\"conversions\": {\"USD\": {\"EUR\": 1e13}}}",
         ": conversions.USD.EUR: must be from 1e-12 to 1e12"},
        {"{\"conversions\": {\"USD\": {\"EUR\": 1e999}}}", "real number overflow"},
        {"{\"conversions\": {\"USD\": {\"EUR\": NaN}}}", ":1:"},
        {"{\"conversions\": {\"USD\": {\"USD\": 2}}}", ": conversions.USD.USD: must be 1"},
        {"{\"conversions\": {\"USD\": {\"EUR\": 1, \"EUR\": 2}}}", "duplicate object key"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_null(load_bytes(cases[i].text, strlen(cases[i].text)));
        if (!strstr(error, cases[i].error))
            fail_msg("\"%s\" is not in \"%s\"", cases[i].error, error);
    }
    assert_null(currency_load("/nonexistent/rates.json", error, sizeof error));
    assert_string_equal(error, "/nonexistent/rates.json: No such file or directory");
}

/* The i-th of 26^3 codes. */
static const char *nth_code(unsigned i) {
    static char code[4];
    code[0] = (char)('A' + i / 676 % 26);
    code[1] = (char)('A' + i / 26 % 26);
    code[2] = (char)('A' + i % 26);
    return code;
}

/* rows × columns of rates, the columns' codes behind the rows'. */
static struct currency_rates *load_matrix(unsigned rows, unsigned columns) {
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);
    assert_non_null(out);
    fputs("{\"conversions\": {", out);
    for (unsigned i = 0; i < rows; i++) {
        fprintf(out, "%s\"%s\": {", i ? ", " : "", nth_code(rows - 1 - i));
        for (unsigned j = 0; j < columns; j++)
            fprintf(out, "%s\"%s\": %u.5", j ? ", " : "", nth_code(1000 + j * 7), (rows - 1 - i) * 1000 + j);
        fputs("}", out);
    }
    fputs("}}", out);
    fclose(out);
    struct currency_rates *rates = load_bytes(text, n);
    free(text);
    return rates;
}

static void many_currencies_keep_their_places(void **state) {
    (void)state;
    struct currency_rates *rates = load_matrix(200, 200);
    assert_non_null(rates);
    for (unsigned i = 0; i < 200; i += 13) {
        for (unsigned j = 0; j < 200; j += 7) {
            char from[4], to[4];
            memcpy(from, nth_code(i), 4);
            memcpy(to, nth_code(1000 + j * 7), 4);
            assert_rate(rates, from, to, i * 1000 + j + 0.5);
            assert_rate(rates, to, from, 1 / (i * 1000 + j + 0.5));
        }
    }
    currency_destroy(rates);
}

static void too_many_currencies_are_refused(void **state) {
    (void)state;
    assert_null(load_matrix(201, 1));
    assert_non_null(strstr(error, "more than 200 currencies"));
    assert_null(load_matrix(1, 201));
    assert_non_null(strstr(error, "more than 200 currencies"));
}

static void a_large_file_is_refused(void **state) {
    (void)state;
    size_t n = (1u << 20) + 1;
    char *text = malloc(n);
    assert_non_null(text);
    memset(text, ' ', n);
    assert_null(load_bytes(text, n));
    assert_string_equal(error, ": larger than 1048576 bytes");
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rates_are_found),
        cmocka_unit_test(unknown_currencies_have_no_rate),
        cmocka_unit_test(without_a_file_only_the_same_currency_is_known),
        cmocka_unit_test(the_common_base_is_always_the_same),
        cmocka_unit_test(extreme_rates_stay_finite),
        cmocka_unit_test(bad_files_are_refused),
        cmocka_unit_test(many_currencies_keep_their_places),
        cmocka_unit_test(too_many_currencies_are_refused),
        cmocka_unit_test(a_large_file_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
