/* What is no UTF-8, and what escapes stand for no character. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "json/json_text.h"

/* In memory of exactly its size, so that a sanitizer sees a read behind it. */
static size_t scan(const char *text, size_t n, size_t from) {
    char *copy = malloc(n ? n : 1);
    struct json_text_scan found;
    memcpy(copy, text, n);
    json_text_scan_begin(&found, (struct str){copy, n});
    json_text_scan_from(&found, (struct str){copy, n}, from);
    if (found.bad_at != JSON_TEXT_GOOD)
        assert_non_null(found.why);
    free(copy);
    return found.bad_at;
}
#define SCAN(literal) scan(literal, sizeof(literal) - 1, 0)

static void well_formed_texts_pass(void **state) {
    (void)state;
    assert_int_equal(SCAN(""), JSON_TEXT_GOOD);
    assert_int_equal(SCAN("plain, and longer than eight bytes"), JSON_TEXT_GOOD);
    assert_int_equal(SCAN("\xC2\x80 \xDF\xBF \xE0\xA0\x80 \xED\x9F\xBF \xEE\x80\x80 \xEF\xBF\xBF"),
                     JSON_TEXT_GOOD);
    assert_int_equal(SCAN("\xF0\x90\x80\x80 \xF4\x8F\xBF\xBF"), JSON_TEXT_GOOD);
    assert_int_equal(SCAN("\\\" \\\\ \\u0001 \\uFFFF \\ud83d\\ude00 \\uD7FF\\uE000"), JSON_TEXT_GOOD);
    /* A backslash that is itself escaped begins no escape. */
    assert_int_equal(SCAN("\\\\ud800"), JSON_TEXT_GOOD);
    /* Bad forms are the parser's business. */
    assert_int_equal(SCAN("\\u00g0 \\x \\u12"), JSON_TEXT_GOOD);
    assert_int_equal(SCAN("\\"), JSON_TEXT_GOOD);
}

static void bad_utf8_is_found_where_it_begins(void **state) {
    (void)state;
    static const char *const bad[] = {
        "\x80",
        "\xBF",
        "\xC0\x80",
        "\xC1\xBF",
        "\xC2",
        "\xC2\x41",
        "\xE0\x80\x80",
        "\xE0\x9F\xBF",
        "\xE1\x80",
        "\xED\xA0\x80",
        "\xED\xBF\xBF",
        "\xF0\x80\x80\x80",
        "\xF0\x8F\xBF\xBF",
        "\xF0\x90\x80",
        "\xF4\x90\x80\x80",
        "\xF5\x80\x80\x80",
        "\xF8\x88\x80\x80\x80",
        "\xFE",
        "\xFF",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        for (size_t before = 0; before < 40; before++) {
            char text[64];
            memset(text, 'a', before);
            memcpy(text + before, bad[i], strlen(bad[i]));
            assert_int_equal(scan(text, before + strlen(bad[i]), 0), before);
        }
}

static void bad_escapes_are_found(void **state) {
    (void)state;
    assert_int_equal(SCAN("ab\\u0000"), 2);
    assert_int_equal(SCAN("ab\\ud800"), 2);
    assert_int_equal(SCAN("ab\\ud800x"), 2);
    assert_int_equal(SCAN("ab\\ud800\\n"), 2);
    assert_int_equal(SCAN("ab\\ud800\\ud800"), 2);
    assert_int_equal(SCAN("ab\\udc00"), 2);
    assert_int_equal(SCAN("ab\\ud83d\\ude00\\ude00"), 14);
    assert_int_equal(SCAN("ab\\uD83D\\u0041"), 2);
}

static void the_first_of_several_is_found_and_then_the_next(void **state) {
    (void)state;
    static const char text[] = "\\ud800 \xFF \\u0000";
    assert_int_equal(scan(text, sizeof(text) - 1, 0), 0);
    assert_int_equal(scan(text, sizeof(text) - 1, 6), 7);
    assert_int_equal(scan(text, sizeof(text) - 1, 8), 9);
    assert_int_equal(scan(text, sizeof(text) - 1, 15), JSON_TEXT_GOOD);
}

static void each_mistake_is_told_by_its_own_name(void **state) {
    (void)state;
    static const struct str text = STR_INIT("\xFF \\ud800 \xFF \\u0000");
    struct json_text_scan found;
    json_text_scan_begin(&found, text);
    assert_int_equal(found.bad_at, 0);
    assert_string_equal(found.why, "is not valid UTF-8");
    json_text_scan_from(&found, text, 1);
    assert_int_equal(found.bad_at, 2);
    assert_string_equal(found.why, "holds half a surrogate pair");
    json_text_scan_from(&found, text, 8);
    assert_int_equal(found.bad_at, 9);
    assert_string_equal(found.why, "is not valid UTF-8");
    json_text_scan_from(&found, text, 10);
    assert_int_equal(found.bad_at, 11);
    assert_string_equal(found.why, "must not hold \\u0000");
    json_text_scan_from(&found, text, 17);
    assert_int_equal(found.bad_at, JSON_TEXT_GOOD);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(well_formed_texts_pass),
        cmocka_unit_test(bad_utf8_is_found_where_it_begins),
        cmocka_unit_test(bad_escapes_are_found),
        cmocka_unit_test(the_first_of_several_is_found_and_then_the_next),
        cmocka_unit_test(each_mistake_is_told_by_its_own_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
