/* Keys: each name of a table finds its field and nothing else does; duplicates among many unknown keys. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "json/json_key.h"

#define F(name) JSON_FIELD(name, JSON_ANY, JSON_NOT_KEPT, 0)
static const struct json_field fields[] = {
    F("a"),
    F("b"),
    F("ab"),
    F("ba"),
    F("abc"),
    F("w"),
    F("h"),
    F("lat"),
    F("lon"),
    F("geo"),
    F("ext"),
    F("regs"),
    F("user"),
    F("imp"),
    F("mimes"),
    F("bidfloor"),
    F("bidfloorcur"),
    F("minduration"),
    F("maxduration"),
    F("displaymanager"),
    F("displaymanagerver"),
    F("exactly-16-bytes"),
    F("inventorypartnerdomain"),
    F("inventorypartnerdomai_"),
    F("inventory_artnerdomain"),
    F("mediatypepricegranularity"),
};
JSON_OBJECT_LOCAL(object, fields, );

/* In memory of exactly its size, so that a sanitizer sees a read behind it. */
static const struct json_field *find(const char *name, size_t n, size_t readable) {
    char *copy = malloc(readable ? readable : 1);
    memset(copy, '"', readable ? readable : 1);
    memcpy(copy, name, n);
    struct json_key key = json_key_make((struct str){copy, n}, readable);
    const struct json_field *field = json_key_field(&object, &key);
    free(copy);
    return field;
}

static void each_name_finds_its_field(void **state) {
    (void)state;
    json_object_prepare(&object);
    for (size_t i = 0; i < COUNT_OF(fields); i++) {
        size_t n = strlen(fields[i].name);
        for (size_t more = 0; more < 12; more++)
            assert_ptr_equal(find(fields[i].name, n, n + more), &fields[i]);
    }
}

static void nothing_else_does(void **state) {
    (void)state;
    json_object_prepare(&object);
    assert_null(find("", 0, 0));
    for (size_t i = 0; i < COUNT_OF(fields); i++) {
        char name[40];
        size_t n = strlen(fields[i].name);
        for (size_t at = 0; at < n; at++) {
            memcpy(name, fields[i].name, n);
            name[at] = (char)(name[at] ^ 0x55);
            assert_null(find(name, n, n));
            assert_null(find(name, n, n + 9));
        }
        memcpy(name, fields[i].name, n);
        name[n] = '\0';
        assert_null(find(name, n + 1, n + 1));
    }
}

static void duplicates_are_found_among_many(void **state) {
    (void)state;
    struct arena_pool pool;
    struct arena arena;
    struct json_key_stack stack;
    static char names[600][24];
    json_object_prepare(&object);
    arena_pool_init(&pool, 4);
    arena_init(&arena, &pool, 1 << 20);
    json_key_stack_init(&stack);
    for (int i = 0; i < 600; i++) {
        size_t n = (size_t)snprintf(names[i], sizeof(names[i]), i % 2 ? "k%d" : "a-long-unknown-key-%d", i);
        struct json_key key = json_key_make((struct str){names[i], n}, n);
        assert_int_equal(json_key_stack_add(&stack, 0, &key, &arena), JSON_KEY_NEW);
        assert_int_equal(json_key_stack_add(&stack, 0, &key, &arena), JSON_KEY_DUPLICATE);
    }
    for (int i = 0; i < 600; i++) {
        struct json_key key = json_key_make(str_from(names[i]), strlen(names[i]));
        assert_int_equal(json_key_stack_add(&stack, 0, &key, &arena), JSON_KEY_DUPLICATE);
    }
    /* Another object may have the same keys. */
    struct json_key again = json_key_make(str_from(names[3]), strlen(names[3]));
    assert_int_equal(json_key_stack_add(&stack, stack.count, &again, &arena), JSON_KEY_NEW);
    arena_reset(&arena);
    arena_pool_cleanup(&pool);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_name_finds_its_field),
        cmocka_unit_test(nothing_else_does),
        cmocka_unit_test(duplicates_are_found_among_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
