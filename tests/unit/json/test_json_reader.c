/* The reader against a small table: what RFC 8259 refuses, limits, kinds, tolerance, and where it says so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "json/json_reader.h"

struct item {
    int32_t n;
    const char *invalid;
};

struct thing {
    struct str text, also;
    double number;
    bool on;
    struct str_list names;
    struct int_list counts;
    struct item *items;
    size_t item_count;
};

#define WRONG .reason = "n is wrong"
static const struct json_field item_fields[] = {
    JSON_NUMBER("n", JSON_INT, offsetof(struct item, n), JSON_REQUIRED, 0, 9, WRONG),
    JSON_FIELD("deep", JSON_OBJECT, JSON_NOT_KEPT, 0),
};
JSON_OBJECT_LOCAL(item, item_fields, .size = sizeof(struct item), .tolerant = true,
                  .invalid_offset = offsetof(struct item, invalid));

static const struct json_field thing_fields[] = {
    JSON_FIELD("text", JSON_STRING, offsetof(struct thing, text), JSON_NONEMPTY),
    JSON_FIELD("also", JSON_STRING, offsetof(struct thing, also), 0),
    JSON_NUMBER("number", JSON_FLOAT, offsetof(struct thing, number), 0, INT32_MIN, INT32_MAX),
    JSON_FIELD("on", JSON_BOOL, offsetof(struct thing, on), 0),
    JSON_FIELD("names", JSON_STRINGS, offsetof(struct thing, names), 0),
    JSON_NUMBER("counts", JSON_INTS, offsetof(struct thing, counts), 0, 1, 3),
    JSON_FIELD("items", JSON_OBJECTS, offsetof(struct thing, items), JSON_LISTED, .object = &item),
    JSON_FIELD("any", JSON_ANY, JSON_NOT_KEPT, 0),
};
JSON_OBJECT_LOCAL(thing, thing_fields, );

static const struct json_limits limits = {
    .depth = 8, .array_items = 20, .object_members = 12, .string_bytes = 40, .listed = 6};

static struct arena_pool pool;
static struct arena arena;
static struct json_error error;
static struct thing got;
static char *copy; /* in memory of exactly its size, so that a sanitizer sees a read behind it */

static int read_n(const char *text, size_t n) {
    free(copy);
    arena_reset(&arena);
    copy = malloc(n ? n : 1);
    memcpy(copy, text, n);
    memset(&got, 0, sizeof(got));
    memset(&error, 0, sizeof(error));
    return json_read((struct str){copy, n}, &thing, &got, &limits, &arena, &error);
}

static int read_text(const char *text) {
    return read_n(text, strlen(text));
}

static int set_up(void **state) {
    (void)state;
    json_object_prepare(&thing);
    arena_pool_init(&pool, 8);
    arena_init(&arena, &pool, 1 << 20);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    free(copy);
    arena_reset(&arena);
    arena_pool_cleanup(&pool);
    return 0;
}

#define ASSERT_STR(view, literal)                                                                            \
    do {                                                                                                     \
        assert_int_equal((view).n, strlen(literal));                                                         \
        assert_memory_equal((view).p, literal, strlen(literal));                                             \
    } while (0)

static void refused(const char *text, const char *path, const char *reason) {
    if (read_text(text) == 0)
        fail_msg("accepted: %s", text);
    assert_string_equal(error.path, path);
    if (strncmp(error.reason, reason, strlen(reason)) != 0)
        fail_msg("%s\n  says %s\n  not  %s", text, error.reason, reason);
}

static void values_of_all_kinds_are_kept(void **state) {
    (void)state;
    assert_int_equal(
        read_text(" {\"text\":\"a\\u00e9\\ud83d\\ude00\\n\", \"also\":\"view\",\"number\":-1.5e1 ,"
                  "\"on\":true,\"names\":[\"a\",\"\",\"b\"],\"counts\":[1,3.0,2,1,1],"
                  "\"items\":[{\"n\":1},{\"n\":2}],\"any\":[[],{},1e5],\"else\":null}\r\n"),
        0);
    ASSERT_STR(got.text, "a\xC3\xA9\xF0\x9F\x98\x80\n");
    ASSERT_STR(got.also, "view");
    assert_in_range((uintptr_t)got.also.p, (uintptr_t)copy, (uintptr_t)copy + 200);
    assert_true(got.number == -15);
    assert_true(got.on);
    assert_int_equal(got.names.count, 3);
    ASSERT_STR(got.names.items[2], "b");
    assert_non_null(got.names.items[1].p);
    assert_int_equal(got.counts.count, 5);
    assert_int_equal(got.counts.items[1], 3);
    assert_int_equal(got.item_count, 2);
    assert_int_equal(got.items[1].n, 2);
}

static void null_is_absent_where_a_table_knows_the_member(void **state) {
    (void)state;
    assert_int_equal(read_text("{\"text\":null,\"number\":null,\"names\":null,\"items\":null,\"on\":null}"),
                     0);
    assert_null(got.text.p);
    assert_int_equal(got.item_count, 0);
    refused("{\"names\":[null]}", "names[0]", "must be a string");
    refused("{\"text\":null,\"text\":null}", "text", "duplicate key");
}

static void texts_that_are_no_json(void **state) {
    (void)state;
    static const char *const bad[] = {
        "{",
        "}",
        "{\"a\"",
        "{\"a\":",
        "{\"a\":1",
        "{\"a\":1,",
        "{\"a\":1,}",
        "{,}",
        "{\"a\" 1}",
        "{1:1}",
        "{a:1}",
        "{'a':1}",
        "{\"a\":'b'}",
        "{\"a\":01}",
        "{\"a\":-}",
        "{\"a\":-01}",
        "{\"a\":1.}",
        "{\"a\":.5}",
        "{\"a\":1e}",
        "{\"a\":1e+}",
        "{\"a\":+1}",
        "{\"a\":0x10}",
        "{\"a\":NaN}",
        "{\"a\":Infinity}",
        "{\"a\":-Infinity}",
        "{\"a\":tru}",
        "{\"a\":True}",
        "{\"a\":nul}",
        "{\"a\":truefalse}",
        "{\"a\":[1,]}",
        "{\"a\":[,1]}",
        "{\"a\":[1 2]}",
        "{\"a\":[1}",
        "{\"a\":{]}",
        "{\"a\":\"b}",
        "{\"a\":\"\t\"}",
        "{\"a\":\"\n\"}",
        "{\"a\":\"\x01\"}",
        "{\"a\":\"\\x\"}",
        "{\"a\":\"\\u12g4\"}",
        "{\"a\":\"\\u12\"}",
        "{\"a\":\"\\",
        "{\"a\":1}/* */",
        "{/* */\"a\":1}",
        "{\"a\":1} // x",
        "{\"a\":1}{}",
        "{\"a\":1} 2",
        "{\"a\":1}2",
        "{\"a\":1} tru",
        "{\"a\":1} \"",
        "{\"a\":1}-",
        "{\"a\":1},",
        "{\"a\":1}]",
        "{\"a\":1}\"",
        "{\"a\":1}\v",
        "{\"a\":1.5.5}",
        "{\"a\":--1}",
        "{\"a\":1e5e5}",
        "{\"a\":\xC2\xA0"
        "1}",
        "\xEF\xBB\xBF{}",
        "nulll",
        "{\"a\":1}\xFF",
        "{\"a\"::1}",
        "{\"a\":\"\\ud800\\u12\"}",
        "{\"a\":\"\\'\"}",
        "{\"a\":\"\\\n\"}",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (read_text(bad[i]) == 0)
            fail_msg("accepted: %s", bad[i]);
        assert_true(strlen(error.reason) > 0);
    }
    refused("", "", "is not JSON: it is empty");
    refused(" \n", "", "is not JSON: it is empty");
    refused("{\"any\":{\"x\":tru}}", "any.x", "is not JSON near byte 12: no value begins so");
    refused("{\"any\":[1 2]}", "any[0]", "is not JSON near byte 10: a comma or the end must stand here");
    refused("{\"any\":[1,]}", "any[1]", "is not JSON near byte 10: no value begins so");
    refused("{\"any\":{\"x\":1,}}", "any", "is not JSON near byte 14: a key in quotes must stand here");
    refused("{\"any\" 1}", "any", "is not JSON near byte 7: a colon must stand here");
    refused("{\"any\":-x}", "any", "is not JSON near byte 7: no number begins so");
    refused("{\"any\":\"a\tb\"}", "any", "is not JSON near byte 9: a string may not hold this byte");
    refused("{\"any\":\"a\\x\"}", "any", "is not JSON near byte 9: no escape is written so");
    refused("{\"any\":[1,tru]}", "any[1]", "is not JSON near byte 10: no value begins so");
    refused("{} {}", "", "is not JSON: it goes on behind its end at byte 2");
    refused("{\"any\":[1", "any[0]", "is not JSON: it ends too early, after byte 9");
    refused("\xEF\xBB\xBF{}", "", "begins with a byte order mark");
    assert_int_equal(read_n("{\"a\":1}\0", 8), -1);
    assert_int_equal(read_n("{\"a\":\"\0\"}", 9), -1);
}

static void texts_that_are_no_object(void **state) {
    (void)state;
    static const char *const bad[] = {"null", "true", "1 ", "\"a\"", "[]", "[{}]", " null "};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        refused(bad[i], "", "must be an object");
}

static void strings_that_stand_for_no_text(void **state) {
    (void)state;
    refused("{\"any\":{\"x\":[\"\xED\xA0\x80\"]}}", "any.x[0]", "is not valid UTF-8");
    refused("{\"text\":\"ok\",\"also\":\"\xC0\xAF\"}", "also", "is not valid UTF-8");
    refused("{\"text\":\"\xF4\x90\x80\x80\"}", "text", "is not valid UTF-8");
    refused("{\"text\":\"\xE2\x82\"}", "text", "is not valid UTF-8");
    refused("{\"any\":{\"\xFF\":1}}", "any", "is not valid UTF-8");
    refused("{\"text\":\"\\ud800\"}", "text", "holds half a surrogate pair");
    refused("{\"text\":\"\\udc00\\ud800\"}", "text", "holds half a surrogate pair");
    refused("{\"any\":[\"a\",\"\\u0000\"]}", "any[1]", "must not hold \\u0000");
    refused("{\"any\":{\"a\\u0000\":1}}", "any", "must not hold \\u0000");
}

static void duplicate_keys_anywhere(void **state) {
    (void)state;
    refused("{\"text\":\"a\",\"text\":\"a\"}", "text", "duplicate key");
    refused("{\"text\":\"a\",\"te\\u0078t\":\"a\"}", "text", "duplicate key");
    refused("{\"x\":1,\"y\":2,\"x\":3}", "x", "duplicate key");
    refused("{\"any\":[0,{\"q\":{\"foo\":1,\"bar\":2,\"f\\u006fo\":1}}]}", "any[1].q.foo", "duplicate key");
    refused("{\"\":1,\"\":2}", "", "duplicate key");
    assert_int_equal(read_text("{\"x\":{\"x\":{\"x\":1}},\"any\":{\"x\":1,\"X\":2,\"text\":1}}"), 0);
    /* An object that is closed gives its keys back. */
    assert_int_equal(read_text("{\"any\":[{\"k\":1},{\"k\":1}],\"k\":1}"), 0);
}

static void wrong_kinds(void **state) {
    (void)state;
    refused("{\"text\":1}", "text", "must be a string");
    refused("{\"text\":\"\"}", "text", "must not be empty");
    refused("{\"text\":{}}", "text", "must be a string");
    refused("{\"text\":[]}", "text", "must be a string");
    refused("{\"text\":true}", "text", "must be a string");
    refused("{\"number\":\"1\"}", "number", "must be a number");
    refused("{\"number\":1e999}", "number", "is out of range");
    refused("{\"any\":{\"deep\":1e999}}", "any.deep", "is out of range");
    refused("{\"on\":1}", "on", "must be true or false");
    refused("{\"names\":\"a\"}", "names", "must be a list of strings");
    refused("{\"names\":[\"a\",1]}", "names[1]", "must be a string");
    refused("{\"names\":[[\"a\"]]}", "names[0]", "must be a string");
    refused("{\"counts\":[1,\"2\"]}", "counts[1]", "must be an integer");
    refused("{\"counts\":[1.5]}", "counts[0]", "must be an integer");
    refused("{\"counts\":[1,2,4]}", "counts[2]", "must be between 1 and 3");
    refused("{\"counts\":[99999999999]}", "counts[0]", "is out of range");
    refused("{\"counts\":{}}", "counts", "must be a list of integers");
    refused("{\"items\":{}}", "items", "must be a list of objects");
}

static void limits_hold(void **state) {
    (void)state;
    assert_int_equal(read_text("{\"any\":[[[[[[[]]]]]]]}"), 0);
    refused("{\"any\":[[[[[[[[]]]]]]]]}", "any[0][0][0][0][0][0][0]", "is nested more than 8 deep");
    refused("{\"any\":[[[[[[[{}]]]]]]]}", "any[0][0][0][0][0][0][0]", "is nested more than 8 deep");
    assert_int_equal(read_text("{\"any\":[1,2,3,4,5,6,7,8,9,0,1,2,3,4,5,6,7,8,9,0]}"), 0);
    refused("{\"any\":[1,2,3,4,5,6,7,8,9,0,1,2,3,4,5,6,7,8,9,0,1]}", "any[20]", "has more than 20 items");
    assert_int_equal(
        read_text("{\"a\":1,\"b\":1,\"c\":1,\"d\":1,\"e\":1,\"f\":1,\"g\":1,\"h\":1,\"i\":1,\"j\":1,"
                  "\"k\":1,\"l\":1}"),
        0);
    refused("{\"x\":{\"a\":1,\"b\":1,\"c\":1,\"d\":1,\"e\":1,\"f\":1,\"g\":1,\"h\":1,\"i\":1,\"j\":1,\"k\":1,"
            "\"l\":1,\"m\":1}}",
            "x", "has more than 12 members");
    assert_int_equal(read_text("{\"any\":\"0123456789012345678901234567890123456789\"}"), 0);
    refused("{\"any\":\"01234567890123456789012345678901234567890\"}", "any", "is longer than 40 bytes");
    refused("{\"01234567890123456789012345678901234567890\":1}", "", "is longer than 40 bytes");
    assert_int_equal(read_text("{\"items\":[{\"n\":1},{\"n\":1},{\"n\":1},{\"n\":1},{\"n\":1},{\"n\":1}]}"),
                     0);
    refused("{\"items\":[{\"n\":1},{\"n\":1},{\"n\":1},{\"n\":1},{\"n\":1},{\"n\":1},{\"n\":1}]}", "items[6]",
            "is more than the 6 allowed");
}

static void a_tolerant_object_swallows_what_is_wrong_in_it(void **state) {
    (void)state;
    assert_int_equal(read_text("{\"items\":[{\"n\":1},{\"n\":\"x\"},{},{\"n\":10},{\"n\":2,\"n\":2},"
                               "{\"n\":3,\"deep\":{\"a\":1,\"a\":[[1e999]]}}]}"),
                     0);
    assert_int_equal(got.item_count, 6);
    assert_null(got.items[0].invalid);
    assert_int_equal(got.items[0].n, 1);
    assert_string_equal(got.items[1].invalid, "n is wrong");
    assert_string_equal(got.items[2].invalid, "n is wrong");
    assert_string_equal(got.items[3].invalid, "n is wrong");
    assert_non_null(got.items[4].invalid);
    assert_non_null(got.items[5].invalid);
    assert_int_equal(got.items[5].n, 3);
    assert_int_equal(
        read_text("{\"items\":[5,\"a\",[{\"n\":1}],null,{\"n\":4},{\"n\":{\"n\":[1]}}],\"also\":\"b\"}"), 0);
    assert_int_equal(got.item_count, 6);
    for (int i = 0; i < 4; i++)
        assert_string_equal(got.items[i].invalid, "is not an object");
    assert_null(got.items[4].invalid);
    assert_int_equal(got.items[4].n, 4);
    assert_string_equal(got.items[5].invalid, "n is wrong");
    ASSERT_STR(got.also, "b");
    /* Half a surrogate spoils its object and nothing else; a limit is a limit. */
    assert_int_equal(
        read_text("{\"items\":[{\"n\":1,\"x\":\"\\ud800\"},{\"n\":2},{\"n\":3,\"y\":\"\xFF\"},{\"n\":4}]}"),
        0);
    assert_non_null(got.items[0].invalid);
    assert_null(got.items[1].invalid);
    assert_non_null(got.items[2].invalid);
    assert_null(got.items[3].invalid);
    refused("{\"items\":[{\"n\":[[[[[[[[1]]]]]]]]}]}", "items[0].n[0][0][0][0][0]",
            "is nested more than 8 deep");
    refused("{\"items\":[{\"n\":\"a\"},{\"n\":1}],\"also\":1}", "also", "must be a string");
    refused("{\"items\":[{\"n\":1},null,5,\"a\",[],true,null]}", "items[6]", "is more than the 6 allowed");
}

static void paths_are_fit_for_a_log(void **state) {
    (void)state;
    refused("{\"any\":{\"a\\nb\\\"\xC3\xA9\":1e999}}", "any.a?b???", "is out of range");
    char text[512] = "{\"any\":";
    for (int i = 0; i < 6; i++)
        strcat(text, "{\"0123456789012345678901234567890123456789\":");
    strcat(text, "1e999}}}}}}}");
    assert_int_equal(read_text(text), -1);
    assert_true(strlen(error.path) < sizeof(error.path));
    assert_memory_equal(error.path, "any.0123456789", 14);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_of_all_kinds_are_kept),
        cmocka_unit_test(null_is_absent_where_a_table_knows_the_member),
        cmocka_unit_test(texts_that_are_no_json),
        cmocka_unit_test(texts_that_are_no_object),
        cmocka_unit_test(strings_that_stand_for_no_text),
        cmocka_unit_test(duplicate_keys_anywhere),
        cmocka_unit_test(wrong_kinds),
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(a_tolerant_object_swallows_what_is_wrong_in_it),
        cmocka_unit_test(paths_are_fit_for_a_log),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
