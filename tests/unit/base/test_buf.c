/* The growing buffer: caps, numbers, JSON strings. */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/prng.h"

static void assert_holds(const struct buf *buf, const char *text) {
    if (buf->failed || !str_eq(buf_view(buf), str_from(text)))
        fail_msg("\"%.*s\" instead of \"%s\"", STR_ARG(buf_view(buf)), text);
}

static void pieces_are_put_together(void **state) {
    (void)state;
    struct buf buf;
    buf_init(&buf, 1000);
    buf_add(&buf, "ab", 2);
    buf_add(&buf, NULL, 0);
    buf_add_str(&buf, (struct str){NULL, 0});
    buf_add_char(&buf, '-');
    BUF_ADD_LIT(&buf, "cd");
    buf_printf(&buf, "%d|%s", 7, "x");
    assert_holds(&buf, "ab-cd7|x");
    buf_cleanup(&buf);
}

static void the_cap_is_exact(void **state) {
    (void)state;
    struct buf buf;
    char bytes[1000];
    memset(bytes, 'x', sizeof bytes);
    for (size_t cap = 0; cap < 600; cap += 7) {
        buf_init(&buf, cap);
        buf_add(&buf, bytes, cap);
        assert_false(buf.failed);
        assert_int_equal(buf.n, cap);
        assert_true(buf.room <= cap);
        buf_add_char(&buf, 'y');
        assert_true(buf.failed);
        assert_int_equal(buf.n, cap);
        buf_cleanup(&buf);
        buf_init(&buf, cap);
        buf_add(&buf, bytes, cap + 1);
        assert_true(buf.failed);
        assert_int_equal(buf.n, 0);
        buf_cleanup(&buf);
    }
}

static void after_a_failure_nothing_is_added(void **state) {
    (void)state;
    struct buf buf;
    buf_init(&buf, 10);
    BUF_ADD_LIT(&buf, "12345");
    BUF_ADD_LIT(&buf, "678901");
    assert_true(buf.failed);
    buf_add_char(&buf, 'x');
    buf_add_uint(&buf, 1);
    buf_printf(&buf, "y");
    assert_false(buf_reserve(&buf, 1000));
    assert_int_equal(buf.n, 5);
    buf_clear(&buf, 1000);
    assert_false(buf.failed);
    BUF_ADD_LIT(&buf, "again");
    assert_holds(&buf, "again");
    buf_cleanup(&buf);
}

static void clearing_keeps_memory_up_to_a_size(void **state) {
    (void)state;
    struct buf buf;
    buf_init(&buf, 100000);
    BUF_ADD_LIT(&buf, "small");
    char *p = buf.p;
    buf_clear(&buf, 1024);
    assert_ptr_equal(buf.p, p);
    assert_int_equal(buf.n, 0);
    assert_true(buf_reserve(&buf, 50000));
    buf_clear(&buf, 1024);
    assert_null(buf.p);
    assert_int_equal(buf.room, 0);
    buf_cleanup(&buf);
}

static void long_formats_fit(void **state) {
    (void)state;
    char text[2001];
    struct buf buf;
    memset(text, 'a', 2000);
    text[2000] = '\0';
    for (size_t n = 250; n <= 260; n++) { /* around the size that is tried first */
        buf_init(&buf, 4000);
        buf_printf(&buf, "%.*s", (int)n, text);
        assert_int_equal(buf.n, n);
        assert_memory_equal(buf.p, text, n);
        buf_cleanup(&buf);
    }
    buf_init(&buf, 4000);
    buf_printf(&buf, "<%s>", text);
    assert_int_equal(buf.n, 2002);
    assert_int_equal(buf.p[2001], '>');
    buf_printf(&buf, "%s", text);
    assert_true(buf.failed);
    assert_int_equal(buf.n, 2002);
    buf_cleanup(&buf);
}

static void whole_numbers_have_no_edge(void **state) {
    (void)state;
    struct buf buf;
    buf_init(&buf, 1000);
    buf_add_uint(&buf, 0);
    buf_add_char(&buf, ' ');
    buf_add_uint(&buf, UINT64_MAX);
    buf_add_char(&buf, ' ');
    buf_add_int(&buf, INT64_MIN);
    buf_add_char(&buf, ' ');
    buf_add_int(&buf, INT64_MAX);
    buf_add_char(&buf, ' ');
    buf_add_int(&buf, -1);
    assert_holds(&buf, "0 18446744073709551615 -9223372036854775808 9223372036854775807 -1");
    buf_cleanup(&buf);
}

static void prices_look_as_people_write_them(void **state) {
    (void)state;
    static const struct {
        double v;
        const char *text;
    } cases[] = {
        {0, "0"},
        {-0.0, "0"},
        {1, "1"},
        {-1, "-1"},
        {0.1, "0.1"},
        {0.01, "0.01"},
        {1.5, "1.5"},
        {-2.25, "-2.25"},
        {1e-6, "0.000001"},
        {0.000123, "0.000123"},
        {123456.789, "123456.789"},
        {1e8, "100000000"},
        {1e14, "100000000000000"},
        {-0.5, "-0.5"},
        {2.50, "2.5"},
        {100.05, "100.05"},
        {0.1 + 0.2, "0.30000000000000004"},
        {1.0 / 3, "0.3333333333333333"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct buf buf;
        buf_init(&buf, 100);
        buf_add_double(&buf, cases[i].v);
        assert_holds(&buf, cases[i].text);
        buf_cleanup(&buf);
    }
}

/* Reads back as v, is a JSON number, and has no exponent where the header says so. */
static void assert_round_trip(struct buf *buf, double v) {
    char text[64];
    buf_clear(buf, 1000);
    buf_add_double(buf, v);
    assert_false(buf->failed);
    assert_true(buf->n > 0 && buf->n < sizeof text);
    memcpy(text, buf->p, buf->n);
    text[buf->n] = '\0';
    if (strtod(text, NULL) != v)
        fail_msg("%a is written as %s", v, text);
    assert_int_equal(strspn(text, "0123456789.-+e"), buf->n);
    const char *digits = text + (text[0] == '-');
    assert_true(digits[0] >= '0' && digits[0] <= '9');
    assert_false(digits[0] == '0' && digits[1] >= '0' && digits[1] <= '9');
    if (fabs(v) >= 1e-6 && fabs(v) < 1e15 && strchr(text, 'e'))
        fail_msg("%a has an exponent: %s", v, text);
}

static void every_double_reads_back(void **state) {
    (void)state;
    static const double edges[] = {
        DBL_MAX, -DBL_MAX, DBL_MIN,  4.9e-324,           1e15,      999999999999999.9,
        1e9,     1e9 - 1,  1e9 + .5, 9007199254740993.0, 1e22,      1e23,
        1.5e-5,  1e-5,     1e-7,     999999.9999995,     0.9999995, 1.0000005};
    struct buf buf;
    struct prng prng;
    buf_init(&buf, 1000);
    for (size_t i = 0; i < COUNT_OF(edges); i++)
        assert_round_trip(&buf, edges[i]);
    prng_seed(&prng, 1);
    for (int i = 0; i < 20000; i++) {
        uint64_t bits = prng_next(&prng);
        double v = 0;
        memcpy(&v, &bits, sizeof v);
        if (isfinite(v))
            assert_round_trip(&buf, v);
        assert_round_trip(&buf, (double)(prng_next(&prng) % 100000000) / 10000);
        assert_round_trip(&buf, prng_double(&prng) * 20 - 10);
    }
    buf_cleanup(&buf);
}

static void small_doubles_have_no_exponent(void **state) {
    (void)state;
    static const double small[] = {1.234567e-5, 0.0000123456789, 9.9999999e-5, 1.0000000000000002e-6};
    struct buf buf;
    buf_init(&buf, 1000);
    for (size_t i = 0; i < COUNT_OF(small); i++) {
        assert_round_trip(&buf, small[i]);
        assert_round_trip(&buf, -small[i]);
    }
    buf_cleanup(&buf);
}

static void strings_are_escaped_as_json_asks(void **state) {
    (void)state;
    static const struct {
        struct str in;
        const char *out;
    } cases[] = {
        {STR_INIT(""), "\"\""},
        {STR_INIT("plain"), "\"plain\""},
        {STR_INIT("a\"b\\c/d"), "\"a\\\"b\\\\c/d\""},
        {STR_INIT("\n\r\t\b\f"), "\"\\n\\r\\t\\u0008\\u000c\""},
        {STR_INIT("\0\x1f\x7f"), "\"\\u0000\\u001f\x7f\""},
        {STR_INIT("\xc3\xa9\xf0\x9f\x98\x80"), "\"\xc3\xa9\xf0\x9f\x98\x80\""},
        {STR_INIT("\"\"\""), "\"\\\"\\\"\\\"\""},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct buf buf;
        buf_init(&buf, 100);
        buf_add_json_string(&buf, cases[i].in);
        assert_holds(&buf, cases[i].out);
        buf_cleanup(&buf);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_are_put_together),
        cmocka_unit_test(the_cap_is_exact),
        cmocka_unit_test(after_a_failure_nothing_is_added),
        cmocka_unit_test(clearing_keeps_memory_up_to_a_size),
        cmocka_unit_test(long_formats_fit),
        cmocka_unit_test(whole_numbers_have_no_edge),
        cmocka_unit_test(prices_look_as_people_write_them),
        cmocka_unit_test(every_double_reads_back),
        cmocka_unit_test(small_doubles_have_no_exponent),
        cmocka_unit_test(strings_are_escaped_as_json_asks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
