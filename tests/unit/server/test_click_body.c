/* Batches taken apart: every event as it stands there, whatever is wrong in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "clickstream/click_body.h"

static void assert_events(const char *text, const char *const *events, uint32_t count) {
    struct click_body body;
    struct json_error error;
    if (click_body_read(str_from(text), &body, &error) != 0)
        fail_msg("%s: %s: %s", text, error.path, error.reason);
    assert_int_equal(body.count, count);
    struct str event;
    for (uint32_t i = 0; i < count; i++) {
        assert_true(click_body_next(&body, &event));
        if (!str_eq(event, str_from(events[i])))
            fail_msg("%s: event %u is %.*s", text, i, STR_ARG(event));
    }
    assert_false(click_body_next(&body, &event));
}

static void batches_are_taken_apart(void **state) {
    (void)state;
    static const char *const mixed[] = {"{\"a\":[1,{}]}", "7", "\"x]\\\"},\"", "[[]]", "{\"b\" 1}", "null"};
    assert_events("{\"batch\":[{\"a\":[1,{}]} , 7,\"x]\\\"},\",[[]]\n,{\"b\" 1},null ],\"sentAt\":\"t\"}",
                  mixed, 6);
    assert_events(" {\"x\":{\"batch\":[1]},\"batch\" : [ ]}\r\n", NULL, 0);
    static const char *const single[] = {" {\"type\":\"page\",\"x\":[1]} "};
    assert_events(single[0], single, 1);
}

static void what_stands_beside_is_kept(void **state) {
    (void)state;
    struct click_body body;
    struct json_error error;
    assert_int_equal(
        click_body_read(STR("{\"sentAt\":\"t\",\"batch\":[],\"context\":{\"ip\":1},\"writeKey\":\"k\"}"),
                        &body, &error),
        0);
    assert_true(body.is_batch);
    assert_true(str_eq(body.sent_at, STR("\"t\"")));
    assert_true(str_eq(body.context, STR("{\"ip\":1}")));
    assert_true(str_eq(body.write_key, STR("\"k\"")));
}

static void broken_ones_are_refused(void **state) {
    (void)state;
    static const char *const texts[] = {
        "",
        "[]",
        "7",
        "{",
        "{\"batch\"",
        "{\"batch\":",
        "{\"batch\":[",
        "{\"batch\":[1",
        "{\"batch\":[1]",
        "{\"batch\":[1,]}",
        "{\"batch\":[,1]}",
        "{\"batch\":[1 2]}",
        "{\"batch\":[{\"a\":]}",
        "{\"batch\":[\"a]}",
        "{\"batch\":{}}",
        "{\"batch\":7}",
        "{\"batch\":[],\"batch\":[]}",
        "{\"sentAt\":1,\"sentAt\":2}",
        "{\"batch\":[]}}",
        "{\"batch\":[]},",
        "{batch:[]}",
        "{\"a\":1,}",
        "{\"a\" 1}",
        "{\"a\":1 \"b\":2}",
        "{\"a\\",
    };
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct click_body body;
        struct json_error error;
        if (click_body_read(str_from(texts[i]), &body, &error) == 0)
            fail_msg("%s was read", texts[i]);
        assert_true(error.reason[0] != '\0');
    }
}

/* Each beginning of a good text, in memory of exactly its size, for the sanitizer to see. */
static void no_beginning_is_read_beyond_its_end(void **state) {
    (void)state;
    static const char text[] = "{\"sentAt\":\"t\\\"\",\"batch\":[{\"a\":\"\\\\\"},[1,2],3],\"context\":{}}";
    for (size_t n = 0; n < sizeof text - 1; n++) {
        char *exact = malloc(n ? n : 1);
        assert_non_null(exact);
        memcpy(exact, text, n);
        struct click_body body;
        struct json_error error;
        assert_int_equal(click_body_read((struct str){exact, n}, &body, &error), -1);
        free(exact);
    }
}

/* Nesting costs no stack. */
static void any_depth_is_skipped(void **state) {
    (void)state;
    const size_t deep = 1000000;
    char *text = malloc(2 * deep + 32);
    assert_non_null(text);
    size_t n = 0;
    memcpy(text, "{\"batch\":[", 10);
    n = 10;
    memset(text + n, '[', deep);
    memset(text + n + deep, ']', deep);
    n += 2 * deep;
    memcpy(text + n, ",7]}", 4);
    struct click_body body;
    struct json_error error;
    assert_int_equal(click_body_read((struct str){text, n + 4}, &body, &error), 0);
    assert_int_equal(body.count, 2);
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(batches_are_taken_apart), cmocka_unit_test(what_stands_beside_is_kept),
        cmocka_unit_test(broken_ones_are_refused), cmocka_unit_test(no_beginning_is_read_beyond_its_end),
        cmocka_unit_test(any_depth_is_skipped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
