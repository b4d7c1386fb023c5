/* Tokens: each bit counts, keys come and go, and a text has one spelling. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include <cmocka.h>

#include "scratch_file.h"
#include "token/token.h"

#define NOW   1764000000
#define KEY_A "00112233445566778899aabbccddeeff"
#define KEY_B "FFEEDDCCBBAA99887766554433221100ffeeddccbbaa99887766554433221100"

static const struct token sample = {.kind = TOKEN_CLICK,
                                    .auction = 0x0123456789abcdef,
                                    .hold = 0xfedcba9876543210,
                                    .campaign = 0x80000001,
                                    .nanos = 1234567890123,
                                    .expires = NOW + 3600,
                                    .imp = 0xfffe,
                                    .partner = 64};
static const struct str landing = STR_INIT("https://shop.example/?a=1&b=%20#c");

static struct token_keys *load(const char *text, char error[TOKEN_ERROR_BYTES]) {
    struct scratch_file file;
    scratch_file_write(&file, text, strlen(text));
    struct token_keys *keys = token_keys_load(file.path, error, TOKEN_ERROR_BYTES);
    scratch_file_remove(&file);
    return keys;
}

static struct token_keys *must_load(const char *text) {
    char error[TOKEN_ERROR_BYTES] = "";
    struct token_keys *keys = load(text, error);
    if (!keys)
        fail_msg("%s", error);
    return keys;
}

static enum token_verdict verify(struct token_keys *keys, const char *text, size_t n, struct str extra) {
    struct token token;
    return token_verify(keys, TOKEN_CLICK, (struct str){text, n}, extra, NOW, &token);
}

static void what_is_signed_comes_back(void **state) {
    (void)state;
    struct token_keys *keys = token_keys_random();
    assert_non_null(keys);
    char text[TOKEN_CHARS];
    struct token token;
    assert_int_equal(token_sign(keys, &sample, landing, text), 0);
    for (size_t i = 0; i < TOKEN_CHARS; i++)
        assert_non_null(strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", text[i]));
    assert_int_equal(token_verify(keys, TOKEN_CLICK, (struct str){text, TOKEN_CHARS}, landing, NOW, &token),
                     TOKEN_GOOD);
    assert_int_equal(token.kind, sample.kind);
    assert_true(token.auction == sample.auction && token.hold == sample.hold);
    assert_true(token.nanos == sample.nanos && token.expires == sample.expires);
    assert_true(token.campaign == sample.campaign);
    assert_int_equal(token.imp, sample.imp);
    assert_int_equal(token.partner, sample.partner);
    struct token loss = sample; /* nothing is lost at the ends of the ranges */
    loss.nanos = INT64_MIN;
    loss.expires = UINT32_MAX;
    loss.campaign = UINT32_MAX;
    assert_int_equal(token_sign(keys, &loss, (struct str){NULL, 0}, text), 0);
    assert_int_equal(token_verify(keys, TOKEN_CLICK, (struct str){text, TOKEN_CHARS}, STR(""), NOW, &token),
                     TOKEN_GOOD);
    assert_true(token.nanos == INT64_MIN && token.expires == UINT32_MAX && token.campaign == UINT32_MAX);
    token_keys_destroy(keys);
}

/* RFC 2104 as another implementation computes it (Python's hmac over the same bytes). */
static void a_token_is_what_the_header_says(void **state) {
    (void)state;
    struct token_keys *keys = must_load("7 " KEY_A "\n");
    char text[TOKEN_CHARS + 1] = "";
    assert_int_equal(token_sign(keys, &sample, landing, text), 0);
    assert_string_equal(text, "AQcCAO_Nq4lnRSMBEDJUdpi63P7LBPtxHwEAAAEAAIAQjyRp_v9AACHUADSgCZCdzeSBXtZR8JI");
    token_keys_destroy(keys);
}

static void every_bit_of_a_token_counts(void **state) {
    (void)state;
    struct token_keys *keys = token_keys_random();
    char text[TOKEN_CHARS];
    assert_int_equal(token_sign(keys, &sample, landing, text), 0);
    assert_int_equal(verify(keys, text, TOKEN_CHARS, landing), TOKEN_GOOD);
    for (size_t i = 0; i < TOKEN_CHARS; i++) {
        char was = text[i];
        for (int c = 0; c < 256; c++) { /* any other byte in any place, so each bit of the 56 bytes too */
            text[i] = (char)c;
            assert_int_equal(verify(keys, text, TOKEN_CHARS, landing),
                             text[i] == was ? TOKEN_GOOD : TOKEN_BAD);
        }
        text[i] = was;
    }
    token_keys_destroy(keys);
}

static void every_bit_of_the_extra_counts(void **state) {
    (void)state;
    struct token_keys *keys = token_keys_random();
    char text[TOKEN_CHARS], extra[64];
    assert_int_equal(token_sign(keys, &sample, landing, text), 0);
    memcpy(extra, landing.p, landing.n);
    for (size_t bit = 0; bit < landing.n * 8; bit++) {
        extra[bit / 8] ^= (char)(1u << bit % 8);
        assert_int_equal(verify(keys, text, TOKEN_CHARS, (struct str){extra, landing.n}), TOKEN_BAD);
        extra[bit / 8] ^= (char)(1u << bit % 8);
    }
    for (size_t n = 0; n < landing.n; n++)
        assert_int_equal(verify(keys, text, TOKEN_CHARS, (struct str){extra, n}), TOKEN_BAD);
    extra[landing.n] = 'x';
    assert_int_equal(verify(keys, text, TOKEN_CHARS, (struct str){extra, landing.n + 1}), TOKEN_BAD);
    assert_int_equal(verify(keys, text, TOKEN_CHARS, (struct str){extra, landing.n}), TOKEN_GOOD);
    token_keys_destroy(keys);
}

static void a_token_has_one_length_and_one_spelling(void **state) {
    (void)state;
    struct token_keys *keys = token_keys_random();
    char text[TOKEN_CHARS + 3];
    assert_int_equal(token_sign(keys, &sample, landing, text), 0);
    for (size_t n = 0; n < TOKEN_CHARS; n++)
        assert_int_equal(verify(keys, text, n, landing), TOKEN_BAD);
    for (const char *more = "=A\n "; *more; more++) { /* padding, more digits, what lax decoders skip */
        text[TOKEN_CHARS] = text[TOKEN_CHARS + 1] = *more;
        assert_int_equal(verify(keys, text, TOKEN_CHARS + 1, landing), TOKEN_BAD);
        assert_int_equal(verify(keys, text, TOKEN_CHARS + 2, landing), TOKEN_BAD);
    }
    /* The last digit carries four bits: the three texts that differ in the other two are not the token's. */
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    size_t last = (size_t)(strchr(digits, text[TOKEN_CHARS - 1]) - digits);
    assert_int_equal(last % 4, 0);
    for (size_t other = 1; other < 4; other++) {
        text[TOKEN_CHARS - 1] = digits[last + other];
        assert_int_equal(verify(keys, text, TOKEN_CHARS, landing), TOKEN_BAD);
    }
    text[TOKEN_CHARS - 1] = digits[last];
    assert_int_equal(verify(keys, text, TOKEN_CHARS, landing), TOKEN_GOOD);
    assert_int_equal(verify(keys, NULL, 0, landing), TOKEN_BAD);
    token_keys_destroy(keys);
}

static void a_token_is_of_one_kind(void **state) {
    (void)state;
    struct token_keys *keys = token_keys_random();
    for (int made = TOKEN_VIEW; made <= TOKEN_WIN; made++) {
        struct token token = sample, got;
        char text[TOKEN_CHARS];
        token.kind = (enum token_kind)made;
        assert_int_equal(token_sign(keys, &token, landing, text), 0);
        for (int asked = TOKEN_VIEW; asked <= TOKEN_WIN; asked++)
            assert_int_equal(token_verify(keys, (enum token_kind)asked, (struct str){text, TOKEN_CHARS},
                                          landing, NOW, &got),
                             asked == made ? TOKEN_GOOD : TOKEN_BAD);
    }
    token_keys_destroy(keys);
}

static void a_token_expires(void **state) {
    (void)state;
    struct token_keys *keys = token_keys_random();
    char text[TOKEN_CHARS];
    struct str view = {text, TOKEN_CHARS};
    struct token token;
    assert_int_equal(token_sign(keys, &sample, landing, text), 0);
    static const struct {
        int64_t now;
        enum token_verdict verdict;
    } cases[] = {
        {0, TOKEN_GOOD}, {NOW + 3599, TOKEN_GOOD}, {NOW + 3600, TOKEN_EXPIRED}, {INT64_MAX, TOKEN_EXPIRED}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        token = (struct token){.hold = 0};
        assert_int_equal(token_verify(keys, TOKEN_CLICK, view, landing, cases[i].now, &token),
                         cases[i].verdict);
        assert_true(token.hold == sample.hold);
    }
    text[5] ^= 1; /* bent and old: bad, not expired */
    assert_int_equal(token_verify(keys, TOKEN_CLICK, view, landing, INT64_MAX, &token), TOKEN_BAD);
    token_keys_destroy(keys);
}

static void keys_rotate(void **state) {
    (void)state;
    struct token_keys *old = must_load("1 " KEY_A "\n");
    struct token_keys *both = must_load("# the new one signs\n\n  2\t" KEY_B "  \r\n1 " KEY_A "\n");
    struct token_keys *new = must_load("2 " KEY_B);
    struct token_keys *other = must_load("1 " KEY_B "\n2 " KEY_A "\n"); /* the numbers exchanged */
    char by_old[TOKEN_CHARS], by_both[TOKEN_CHARS];
    assert_int_equal(token_sign(old, &sample, landing, by_old), 0);
    assert_int_equal(token_sign(both, &sample, landing, by_both), 0);
    assert_int_equal(verify(both, by_old, TOKEN_CHARS, landing), TOKEN_GOOD);
    assert_int_equal(verify(both, by_both, TOKEN_CHARS, landing), TOKEN_GOOD);
    assert_int_equal(verify(old, by_both, TOKEN_CHARS, landing), TOKEN_BAD);
    assert_int_equal(verify(new, by_both, TOKEN_CHARS, landing), TOKEN_GOOD);
    assert_int_equal(verify(new, by_old, TOKEN_CHARS, landing), TOKEN_BAD);
    assert_int_equal(verify(other, by_old, TOKEN_CHARS, landing), TOKEN_BAD);
    assert_int_equal(verify(other, by_both, TOKEN_CHARS, landing), TOKEN_BAD);
    token_keys_destroy(old);
    token_keys_destroy(both);
    token_keys_destroy(new);
    token_keys_destroy(other);
}

static void random_keys_differ(void **state) {
    (void)state;
    struct token_keys *a = token_keys_random(), *b = token_keys_random();
    char text[TOKEN_CHARS];
    assert_int_equal(token_sign(a, &sample, landing, text), 0);
    assert_int_equal(verify(a, text, TOKEN_CHARS, landing), TOKEN_GOOD);
    assert_int_equal(verify(b, text, TOKEN_CHARS, landing), TOKEN_BAD);
    token_keys_destroy(a);
    token_keys_destroy(b);
}

static void what_does_not_fit_is_not_signed(void **state) {
    (void)state;
    struct token_keys *keys = token_keys_random();
    static char extra[TOKEN_EXTRA_BYTES + 1];
    memset(extra, 'x', sizeof extra);
    char text[TOKEN_CHARS];
    assert_int_equal(token_sign(keys, &sample, (struct str){extra, TOKEN_EXTRA_BYTES}, text), 0);
    assert_int_equal(verify(keys, text, TOKEN_CHARS, (struct str){extra, TOKEN_EXTRA_BYTES}), TOKEN_GOOD);
    assert_int_equal(verify(keys, text, TOKEN_CHARS, (struct str){extra, sizeof extra}), TOKEN_BAD);
    assert_int_equal(token_sign(keys, &sample, (struct str){extra, sizeof extra}, text), -1);
    struct token token = sample;
    token.expires = (int64_t)UINT32_MAX + 1;
    assert_int_equal(token_sign(keys, &token, landing, text), -1);
    token.expires = -1;
    assert_int_equal(token_sign(keys, &token, landing, text), -1);
    token_keys_destroy(keys);
}

static void bad_files_are_refused(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"", "holds no key"},
        {"# nothing\n\n", "holds no key"},
        {"\n" KEY_A "\n", ":2: must be a number"},
        {"256 " KEY_A, ":1: must be a number"},
        {"-1 " KEY_A, ":1: must be a number"},
        {"1000 " KEY_A, ":1: must be a number"},
        {"1" KEY_A, ":1: must be a number"},
        {"1", ":1: must be a number"},
        {"1 ", ":1: must be a number"},
        {"1 001122", ":1: must have a key of 32 to 128 hex digits"},
        {"1 " KEY_A "0", ":1: must have a key"},
        {"1 " KEY_A "0g", ":1: must have a key"},
        {"1 " KEY_A " 00", ":1: must have a key"},
        {"1 " KEY_B KEY_B KEY_A, ":1: must have a key"},
        {"1 " KEY_A "\n1 " KEY_B, ":2: has the number of a key above"},
        {"1 " KEY_A "\n01 " KEY_B, ":2: has the number of a key above"},
        {"1 " KEY_A "\n2 " KEY_A "\n3 " KEY_A "\n4 " KEY_A "\n5 " KEY_A "\n6 " KEY_A "\n7 " KEY_A "\n8 " KEY_A
         "\n9 " KEY_A,
         ":9: is one key too many"},
    };
    char error[TOKEN_ERROR_BYTES];
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_null(load(cases[i][0], error));
        if (!strstr(error, cases[i][1]))
            fail_msg("%s: \"%s\" has no \"%s\"", cases[i][0], error, cases[i][1]);
        assert_null(strstr(error, "00112233"));
    }
    assert_null(token_keys_load("/nowhere/keys", error, sizeof error));
    assert_string_equal(error, "/nowhere/keys: No such file or directory");
    assert_null(token_keys_load("/tmp", error, sizeof error));
    assert_non_null(strstr(error, "is no file"));
}

static void a_file_that_others_can_read_is_refused(void **state) {
    (void)state;
    struct scratch_file file;
    char error[TOKEN_ERROR_BYTES];
    scratch_file_write(&file, "1 " KEY_A, sizeof "1 " KEY_A - 1);
    for (mode_t bit = 1; bit < 0100; bit <<= 1) {
        assert_int_equal(chmod(file.path, 0600 | bit), 0);
        assert_null(token_keys_load(file.path, error, sizeof error));
        assert_non_null(strstr(error, "others than its owner"));
    }
    assert_int_equal(chmod(file.path, 0400), 0);
    struct token_keys *keys = token_keys_load(file.path, error, sizeof error);
    assert_non_null(keys);
    token_keys_destroy(keys);
    scratch_file_remove(&file);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_signed_comes_back),
        cmocka_unit_test(a_token_is_what_the_header_says),
        cmocka_unit_test(every_bit_of_a_token_counts),
        cmocka_unit_test(every_bit_of_the_extra_counts),
        cmocka_unit_test(a_token_has_one_length_and_one_spelling),
        cmocka_unit_test(a_token_is_of_one_kind),
        cmocka_unit_test(a_token_expires),
        cmocka_unit_test(keys_rotate),
        cmocka_unit_test(random_keys_differ),
        cmocka_unit_test(what_does_not_fit_is_not_signed),
        cmocka_unit_test(bad_files_are_refused),
        cmocka_unit_test(a_file_that_others_can_read_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
