/* Write keys: out of the header, out of the body, and who has one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "web/write_key.h"

static struct str items[] = {STR_INIT("testkey123"), STR_INIT("another-key")};
static const struct str_list known = {items, 2};

static struct write_key of_header(const char *value) {
    struct http_header header = {STR("Authorization"), str_from(value)};
    struct http_request request = {.headers = &header, .header_count = 1};
    return write_key_of_header(&request);
}

static void keys_come_in_the_header(void **state) {
    (void)state;
    static const struct {
        const char *value;
        bool sent, good;
    } cases[] = {
        {"Basic dGVzdGtleTEyMzo=", true, true}, /* testkey123: */
        {"basic   dGVzdGtleTEyMzo=", true, true},
        {"Basic dGVzdGtleTEyMw==", true, true},     /* without a colon */
        {"Basic dGVzdGtleTEyMzpwYXNz", true, true}, /* testkey123:pass */
        {"Basic YW5vdGhlci1rZXk6", true, true},     /* another-key: */
        {"Basic dGVzdGtleTEyNDo=", true, false},    /* testkey124: */
        {"Basic dGVzdGtleTEyOg==", true, false},    /* testkey12: */
        {"Basic dGVzdGtleTEyMzQ6", true, false},    /* testkey1234: */
        {"Basic Og==", true, false},                /* : */
        {"Basic !!!", true, false},
        {"Basic", false, false},
        {"Bearer dGVzdGtleTEyMzo=", false, false},
        {"", false, false},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct write_key key = of_header(cases[i].value);
        if ((key.n > 0) != cases[i].sent || write_key_known(&key, &known) != cases[i].good)
            fail_msg("%s", cases[i].value);
    }
    char text[600] = "Basic ";
    memset(text + 6, 'A', 500);
    text[506] = '\0';
    struct write_key key = of_header(text);
    assert_true(key.n > 0);
    assert_false(write_key_known(&key, &known));
}

static void keys_come_in_the_body(void **state) {
    (void)state;
    struct write_key key = write_key_of_json(STR("\"testkey123\""));
    assert_true(write_key_known(&key, &known));
    key = write_key_of_json(STR("\"testkey12\""));
    assert_false(write_key_known(&key, &known));
    static const char *const none[] = {"", "7", "\"\"", "null"};
    for (size_t i = 0; i < COUNT_OF(none); i++)
        assert_int_equal(write_key_of_json(str_from(none[i])).n, 0);
    assert_int_equal(write_key_of_json((struct str){NULL, 0}).n, 0);
    char text[300];
    memset(text, '"', sizeof text);
    key = write_key_of_json((struct str){text, sizeof text});
    assert_true(key.n > 0);
    assert_false(write_key_known(&key, &known));
}

static void nobody_has_a_key_of_an_empty_list(void **state) {
    (void)state;
    const struct str_list none = {NULL, 0};
    struct write_key key = of_header("Basic dGVzdGtleTEyMzo=");
    assert_false(write_key_known(&key, &none));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_come_in_the_header),
        cmocka_unit_test(keys_come_in_the_body),
        cmocka_unit_test(nobody_has_a_key_of_an_empty_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
