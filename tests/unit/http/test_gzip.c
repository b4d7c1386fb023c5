/* gzip in and out: what was packed comes back, what is broken, cut or too large is told apart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "http/gzip.h"

static struct gzip *gzip;

static int setup(void **state) {
    (void)state;
    gzip = gzip_create();
    return gzip == NULL;
}

static int teardown(void **state) {
    (void)state;
    gzip_destroy(gzip);
    return 0;
}

static void pack(struct buf *out, const char *p, size_t n, int level) {
    buf_init(out, 1 << 24);
    assert_int_equal(gzip_deflate(gzip, (struct str){p, n}, level, out), GZIP_OK);
}

static void comes_back(void **state) {
    (void)state;
    static const size_t sizes[] = {0, 1, 100, 4096, 70000, 1000000};
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        char *text = malloc(sizes[i] + 1);
        assert_non_null(text);
        for (size_t j = 0; j < sizes[i]; j++)
            text[j] = (char)(j * j >> 3);
        for (int level = 1; level <= 9; level += 4) {
            struct buf packed, plain;
            pack(&packed, text, sizes[i], level);
            buf_init(&plain, sizes[i]); /* the cap is met exactly */
            assert_int_equal(gzip_inflate(gzip, buf_view(&packed), &plain), GZIP_OK);
            assert_int_equal(plain.n, sizes[i]);
            if (plain.n > 0)
                assert_memory_equal(plain.p, text, plain.n);
            buf_cleanup(&packed);
            buf_cleanup(&plain);
        }
        free(text);
    }
}

static void cap_stops_a_bomb(void **state) {
    (void)state;
    const size_t n = 8 << 20;
    char *zeros = calloc(1, n);
    assert_non_null(zeros);
    struct buf packed, plain;
    pack(&packed, zeros, n, 9);
    assert_true(packed.n < 20000);
    buf_init(&plain, 65536);
    assert_int_equal(gzip_inflate(gzip, buf_view(&packed), &plain), GZIP_TOO_LARGE);
    assert_true(plain.n <= 65536);
    assert_true(plain.room <= 65536);
    buf_cleanup(&plain);
    buf_init(&plain, n - 1);
    assert_int_equal(gzip_inflate(gzip, buf_view(&packed), &plain), GZIP_TOO_LARGE);
    buf_cleanup(&plain);
    buf_cleanup(&packed);
    free(zeros);
}

static void broken_input_is_told(void **state) {
    (void)state;
    struct buf packed, plain;
    pack(&packed, "hello hello hello hello", 23, 6);
    for (size_t n = 0; n < packed.n; n++) { /* cut anywhere */
        buf_init(&plain, 1000);
        assert_int_equal(gzip_inflate(gzip, (struct str){packed.p, n}, &plain), GZIP_BAD);
        buf_cleanup(&plain);
    }
    packed.p[packed.n - 6] ^= 1; /* the checksum */
    buf_init(&plain, 1000);
    assert_int_equal(gzip_inflate(gzip, buf_view(&packed), &plain), GZIP_BAD);
    packed.p[packed.n - 6] ^= 1;
    BUF_ADD_LIT(&packed, "x"); /* bytes after the member */
    buf_clear(&plain, 0);
    assert_int_equal(gzip_inflate(gzip, buf_view(&packed), &plain), GZIP_BAD);
    buf_clear(&plain, 0);
    assert_int_equal(gzip_inflate(gzip, STR("plain text, not gzip"), &plain), GZIP_BAD);
    buf_clear(&plain, 0);
    /* the zlib format is another one */
    assert_int_equal(gzip_inflate(gzip, STR("\x78\x9c\x03\x00\x00\x00\x00\x01"), &plain), GZIP_BAD);
    buf_cleanup(&plain);
    buf_cleanup(&packed);
}

static void output_cap_of_deflate(void **state) {
    (void)state;
    struct buf out;
    buf_init(&out, 10);
    assert_int_equal(gzip_deflate(gzip, STR("some text"), 1, &out), GZIP_TOO_LARGE);
    buf_cleanup(&out);
}

static void accept_encoding_is_read(void **state) {
    (void)state;
    static const struct {
        struct str value;
        bool taken;
    } values[] = {
        {STR_INIT("gzip"), true},
        {STR_INIT("GZIP"), true},
        {STR_INIT("x-gzip"), true},
        {STR_INIT("deflate, gzip;q=1.0, *;q=0.5"), true},
        {STR_INIT("gzip;q=0"), false},
        {STR_INIT("gzip ; q=0.000"), false},
        {STR_INIT("gzip;q=0.001"), true},
        {STR_INIT("*"), true},
        {STR_INIT("*;q=0"), false},
        {STR_INIT("*;q=1, gzip;q=0"), false},
        {STR_INIT("gzip;q=0, *;q=1"), false},
        {STR_INIT("br, zstd"), false},
        {STR_INIT("gzipped"), false},
        {STR_INIT("gzip;level=9"), false},
        {STR_INIT(""), false},
        {STR_INIT(",,"), false},
        {{NULL, 0}, false},
    };
    for (size_t i = 0; i < COUNT_OF(values); i++)
        if (gzip_accepted(values[i].value) != values[i].taken)
            fail_msg("Accept-Encoding: %.*s", STR_ARG(values[i].value));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comes_back),
        cmocka_unit_test(cap_stops_a_bomb),
        cmocka_unit_test(broken_input_is_told),
        cmocka_unit_test(output_cap_of_deflate),
        cmocka_unit_test(accept_encoding_is_read),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
