/* Tokens: ends of strings and numbers at every place of a word, and what escapes stand for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "json/json_token.h"

/* A copy in a block of its own size: a read behind its end is seen by the sanitizer. */
static char *block(struct str s) {
    char *p = malloc(s.n ? s.n : 1);
    assert_non_null(p);
    memcpy(p, s.p, s.n);
    return p;
}

static void check_string(struct str text, size_t end, bool escaped, const char *why) {
    char *p = block(text);
    struct json_string string = json_string_read(p, p + text.n);
    assert_int_equal(string.end - p, end);
    if (why) {
        assert_non_null(string.why);
        assert_string_equal(string.why, why);
    } else {
        assert_null(string.why);
        assert_int_equal(string.escaped, escaped);
    }
    free(p);
}

static void a_string_ends_at_its_quote_wherever_it_is(void **state) {
    (void)state;
    char text[40];
    for (size_t n = 0; n < 30; n++) {
        memset(text, 'x', sizeof text);
        text[n] = '"';
        check_string((struct str){text, n + 1}, n, false, NULL);
        check_string((struct str){text, sizeof text}, n, false, NULL);
        text[n] = '\x1f';
        check_string((struct str){text, sizeof text}, n, false, "a string may not hold this byte");
        text[n] = '\0';
        check_string((struct str){text, sizeof text}, n, false, "a string may not hold this byte");
        text[n] = '\\';
        check_string((struct str){text, sizeof text}, n, false, "no escape is written so");
        memset(text, 'x', sizeof text);
        check_string((struct str){text, n}, n, false, "a string may not hold this byte");
    }
}

static void bytes_beside_the_special_ones_are_plain(void **state) {
    (void)state;
    /* '!' and '#' stand beside the quote, '[' and ']' beside the backslash; high bytes have the high bit. */
    check_string(STR("!#[] \x7f\x80\xa2\xdc\xff\x9f\xe2\"tail"), 12, false, NULL);
    check_string(STR("\\\"\\\\\\/\\b\\f\\n\\r\\t\\u12aF\""), 22, true, NULL);
    check_string(STR("\\u12g4\""), 0, false, "no escape is written so");
    check_string(STR("\\u123"), 0, false, "no escape is written so");
    check_string(STR("ab\\"), 2, false, "no escape is written so");
    check_string(STR("ab\\x\""), 2, false, "no escape is written so");
}

static void check_unescape(struct str raw, struct str wanted) {
    char out[64];
    assert_int_equal(json_unescape(raw, NULL), wanted.n);
    assert_int_equal(json_unescape(raw, out), wanted.n);
    assert_memory_equal(out, wanted.p, wanted.n);
}

static void escapes_stand_for_their_characters(void **state) {
    (void)state;
    check_unescape(STR("plain"), STR("plain"));
    check_unescape(STR("a\\\"\\\\\\/\\b\\f\\n\\r\\tz"), STR("a\"\\/\b\f\n\r\tz"));
    check_unescape(STR("\\u0041\\u00e9\\u20AC"), STR("A\xc3\xa9\xe2\x82\xac"));
    check_unescape(STR("\\ud83d\\ude00!"), STR("\xf0\x9f\x98\x80!"));
    check_unescape(STR("\\udbff\\udfff"), STR("\xf4\x8f\xbf\xbf"));
    check_unescape(STR("\\ud83dx"), STR("\xef\xbf\xbdx"));
    check_unescape(STR("\\ude00\\ud83d"), STR("\xef\xbf\xbd\xef\xbf\xbd"));
    check_unescape(STR("\\u07ff\\u0800\\uffff"), STR("\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf"));
}

static void check_number(struct str text, int end) {
    char *p = block(text);
    const char *found = json_number_end(p, p + text.n);
    assert_int_equal(found ? found - p : -1, end);
    free(p);
}

static void numbers_end_where_their_grammar_says(void **state) {
    (void)state;
    check_number(STR("0"), 1);
    check_number(STR("-0"), 2);
    check_number(STR("01"), 1);
    check_number(STR("120,"), 3);
    check_number(STR("-1.50e-07]"), 9);
    check_number(STR("1E+2"), 4);
    check_number(STR("1."), -1);
    check_number(STR("1.e5"), -1);
    check_number(STR(".5"), -1);
    check_number(STR("-"), -1);
    check_number(STR("-a"), -1);
    check_number(STR("+1"), -1);
    check_number(STR("1e"), -1);
    check_number(STR("1e+"), -1);
    check_number(STR("1e5.5"), 3);
    check_number(STR(""), -1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_string_ends_at_its_quote_wherever_it_is),
        cmocka_unit_test(bytes_beside_the_special_ones_are_plain),
        cmocka_unit_test(escapes_stand_for_their_characters),
        cmocka_unit_test(numbers_end_where_their_grammar_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
