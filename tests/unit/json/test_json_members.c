/*
 * Members as byte ranges: for random objects, written with random white space and escapes, the ranges put
 * together again give the object, and each value's range is the value.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/prng.h"
#include "json/json_reader.h"

#define MEMBERS_MAX 40

struct kept {
    struct json_members members, inner;
};

static const struct json_field no_field[] = {JSON_FIELD("known", JSON_STRING, JSON_NOT_KEPT, 0)};
JSON_OBJECT_LOCAL(inner, no_field, .keeps_members = true, .members_offset = offsetof(struct kept, inner));
static const struct json_field root_fields[] = {
    JSON_FIELD("inner", JSON_OBJECT, 0, JSON_INLINE, .object = &inner),
    JSON_FIELD("text", JSON_STRING, JSON_NOT_KEPT, 0),
};
JSON_OBJECT_LOCAL(root, root_fields, .keeps_members = true, .members_offset = offsetof(struct kept, members));

static const struct json_limits limits = {
    .depth = 64, .array_items = 1000, .object_members = 1000, .string_bytes = 10000, .listed = 1};

/* What the generator wrote: the member's whole text and its value, as offsets. */
struct written {
    size_t text, value, end;
};

static void space(struct buf *out, struct prng *prng) {
    while (prng_next(prng) % 4 == 0)
        buf_add_char(out, " \t\r\n"[prng_next(prng) % 4]);
}

static void string(struct buf *out, struct prng *prng) {
    static const char *const pieces[] = {
        "a", "\\\"", "\\\\", "\\n", "\\u0041", "\\ud83d\\ude00",   "\xC3\xA9", ",", ":", "{",
        "}", "[",    "]",    " ",   "\\/",     "\xF0\x9F\x98\x80", "xyz"};
    buf_add_char(out, '"');
    for (uint64_t n = prng_next(prng) % 8; n > 0; n--) {
        const char *piece = pieces[prng_next(prng) % COUNT_OF(pieces)];
        buf_add(out, piece, strlen(piece));
    }
    buf_add_char(out, '"');
}

static void value(struct buf *out, struct prng *prng, int depth) {
    static const char *const scalars[] = {"0",    "-0",    "17",   "-2.5e-3",     "1E+2",
                                          "true", "false", "null", "123456789012"};
    switch (prng_next(prng) % (depth > 4 ? 3 : 5)) {
    case 0:
    case 1: {
        const char *scalar = scalars[prng_next(prng) % COUNT_OF(scalars)];
        buf_add(out, scalar, strlen(scalar));
        return;
    }
    case 2:
        string(out, prng);
        return;
    case 3:
        buf_add_char(out, '[');
        for (uint64_t n = prng_next(prng) % 4, i = 0; i < n; i++) {
            if (i > 0)
                buf_add_char(out, ',');
            space(out, prng);
            value(out, prng, depth + 1);
            space(out, prng);
        }
        buf_add_char(out, ']');
        return;
    default:
        buf_add_char(out, '{');
        for (uint64_t n = prng_next(prng) % 4, i = 0; i < n; i++) {
            if (i > 0)
                buf_add_char(out, ',');
            space(out, prng);
            buf_printf(out, "\"key-%d\"", (int)i);
            space(out, prng);
            buf_add_char(out, ':');
            space(out, prng);
            value(out, prng, depth + 1);
            space(out, prng);
        }
        buf_add_char(out, '}');
    }
}

static void object(struct buf *out, struct prng *prng, struct written *written, size_t count, bool with_inner,
                   struct written *inner_written, size_t inner_count) {
    buf_add_char(out, '{');
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            buf_add_char(out, ',');
        space(out, prng);
        written[i].text = out->n;
        bool is_inner = with_inner && i == count / 2;
        bool escaped = prng_next(prng) % 3 == 0;
        if (is_inner)
            buf_printf(out, "\"%s\"", escaped ? "inn\\u0065r" : "inner");
        else
            buf_printf(out, "\"%s%d\"", escaped ? "\\u006d\\t" : "m", (int)i);
        space(out, prng);
        buf_add_char(out, ':');
        space(out, prng);
        written[i].value = out->n;
        if (is_inner)
            object(out, prng, inner_written, inner_count, false, NULL, 0);
        else
            value(out, prng, 0);
        written[i].end = out->n;
        space(out, prng);
    }
    space(out, prng);
    buf_add_char(out, '}');
}

static void compare(const struct json_members *members, const struct written *written, size_t count,
                    const char *base) {
    assert_int_equal(members->count, count);
    for (size_t i = 0; i < count; i++) {
        const struct json_member *member = &members->items[i];
        assert_int_equal(member->text.p - base, written[i].text);
        assert_int_equal(member->text.n, written[i].end - written[i].text);
        assert_int_equal(member->value.p - base, written[i].value);
        assert_int_equal(member->value.n, written[i].end - written[i].value);
        assert_ptr_equal(json_members_find(members, member->key), member);
    }
}

static void ranges_are_exact(void **state) {
    (void)state;
    struct prng prng;
    struct buf text, again;
    struct arena_pool pool;
    struct arena arena;
    struct written written[MEMBERS_MAX], inner_written[MEMBERS_MAX];
    prng_seed(&prng, 7);
    buf_init(&text, 1 << 20);
    buf_init(&again, 1 << 20);
    arena_pool_init(&pool, 8);
    arena_init(&arena, &pool, 1 << 20);
    json_object_prepare(&root);
    for (int round = 0; round < 4000; round++) {
        size_t count = 1 + prng_next(&prng) % (MEMBERS_MAX - 1), inner_count = prng_next(&prng) % 20;
        buf_clear(&text, 1 << 20);
        space(&text, &prng);
        object(&text, &prng, written, count, true, inner_written, inner_count);
        assert_false(text.failed);
        char *copy = malloc(text.n);
        memcpy(copy, text.p, text.n);
        struct kept kept = {0};
        struct json_error error;
        if (json_read((struct str){copy, text.n}, &root, &kept, &limits, &arena, &error) != 0)
            fail_msg("%s: %s in %.*s", error.path, error.reason, (int)text.n, text.p);
        compare(&kept.members, written, count, copy);
        compare(&kept.inner, inner_written, inner_count, copy);

        /* Put together again, it reads the same. */
        buf_clear(&again, 1 << 20);
        for (size_t i = 0; i < count; i++) {
            buf_add_char(&again, i ? ',' : '{');
            buf_add_str(&again, kept.members.items[i].text);
        }
        buf_add_char(&again, '}');
        struct kept second = {0};
        assert_int_equal(json_read(buf_view(&again), &root, &second, &limits, &arena, &error), 0);
        assert_int_equal(second.members.count, count);
        for (size_t i = 0; i < count; i++)
            assert_true(str_eq(second.members.items[i].text, kept.members.items[i].text));
        free(copy);
        arena_reset(&arena);
    }
    buf_cleanup(&text);
    buf_cleanup(&again);
    arena_pool_cleanup(&pool);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(ranges_are_exact)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
