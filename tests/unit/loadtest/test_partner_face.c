/* Faces of the stub partner: keys read and refused, --face below the request's own query, the table's cap. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "partner/partner_faces.h"

static char error[600];

static int parse(const char *query, struct face *face) {
    face_default(face);
    return face_parse(str_from(query), face, error, sizeof error);
}

static void keys_change_the_face(void **state) {
    (void)state;
    struct face face;
    assert_int_equal(parse("mode=drip&drip=7,30&bid=0.25&price=fixed:2&delay=uniform:1,5&cur=EUR&seat=s-1&"
                           "media=banner,native&close=1&nurl=0&bytes=5000000000&adm=900&share=0.1",
                           &face),
                     0);
    assert_int_equal(face.mode, FACE_DRIP);
    assert_int_equal(face.drip_bytes, 7);
    assert_int_equal(face.drip_ms, 30);
    assert_true(face.bid == 0.25 && face.share == 0.1);
    assert_true(face.price.kind == DISTRIBUTION_FIXED && face.price.a == 2);
    assert_true(face.delay.kind == DISTRIBUTION_UNIFORM && face.delay.b == 5);
    assert_memory_equal(face.currency.p, "EUR", 3);
    assert_int_equal(face.media, FACE_BANNER | FACE_NATIVE);
    assert_true(face.close && !face.win_notice);
    assert_int_equal(face.bytes, 5000000000u);
    assert_int_equal(face.adm_bytes, 900);
}

static void every_mode_has_a_name_that_is_read(void **state) {
    (void)state;
    for (int i = 0; i < FACE_MODES; i++) {
        struct face face;
        char query[64];
        snprintf(query, sizeof query, "mode=%s", face_mode_name((enum face_mode)i));
        assert_int_equal(parse(query, &face), 0);
        assert_int_equal(face.mode, i);
        assert_non_null(strstr(face_keys_help(), face_mode_name((enum face_mode)i)));
    }
}

static void what_is_not_understood_is_refused(void **state) {
    (void)state;
    static const char *const bad[] = {
        "mode=polite", "bid=2", "bid=-1",    "bid",        "drip=0,1",  "drip=5",    "media=",     "media=x",
        "seat=a\"b",   "seat=", "bytes=1.5", "bytes=1e99", "close=yes", "unknown=1", "price=cheap"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct face face;
        assert_int_equal(parse(bad[i], &face), -1);
        assert_non_null(strstr(error, bad[i]));
    }
}

static struct face_entry *find(struct faces *faces, const char *path, const char *query) {
    return faces_find(faces, str_from(path), str_from(query), error, sizeof error);
}

static void the_request_comes_on_top_of_the_start(void **state) {
    (void)state;
    static const char *const specs[] = {"alpha=bid=0.5&cur=EUR"};
    struct faces faces;
    assert_int_equal(faces_init(&faces, 1, specs, 1, error, sizeof error), 0);
    struct face_entry *plain = find(&faces, "/alpha", NULL);
    struct face_entry *with_query = find(&faces, "/alpha", "cur=GBP");
    assert_non_null(plain);
    assert_non_null(with_query);
    assert_ptr_not_equal(plain, with_query);
    assert_ptr_equal(with_query, find(&faces, "/alpha", "cur=GBP"));
    assert_true(with_query->face.bid == 0.5);
    assert_memory_equal(plain->face.currency.p, "EUR", 3);
    assert_memory_equal(with_query->face.currency.p, "GBP", 3);
    assert_true(plain->seed == with_query->seed);
    assert_true(find(&faces, "/beta", NULL)->seed != plain->seed);
    faces_cleanup(&faces);
}

static void bad_faces_stop_the_start(void **state) {
    (void)state;
    static const char *const bad[] = {"alpha", "=bid=1", "a/b=bid=1", "alpha=bid=7"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct faces faces;
        assert_int_equal(faces_init(&faces, 1, &bad[i], 1, error, sizeof error), -1);
    }
}

static void the_table_has_a_cap(void **state) {
    (void)state;
    struct faces faces;
    char path[32];
    assert_int_equal(faces_init(&faces, 1, NULL, 0, error, sizeof error), 0);
    for (int i = 0; i < FACES_MAX; i++) {
        snprintf(path, sizeof path, "/face%d", i);
        assert_non_null(find(&faces, path, NULL));
    }
    assert_null(find(&faces, "/one-more", NULL));
    assert_non_null(find(&faces, "/face17", NULL));
    assert_null(find(&faces, "/", NULL));
    assert_null(find(&faces, "/a/b", NULL));
    faces_cleanup(&faces);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_change_the_face),
        cmocka_unit_test(every_mode_has_a_name_that_is_read),
        cmocka_unit_test(what_is_not_understood_is_refused),
        cmocka_unit_test(the_request_comes_on_top_of_the_start),
        cmocka_unit_test(bad_faces_stop_the_start),
        cmocka_unit_test(the_table_has_a_cap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
