/* CRC-32C: the vectors of RFC 3720, and every length and place by both ways. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/crc32c.h"
#include "base/prng.h"

static void assert_crc(const void *p, size_t n, uint32_t wanted) {
    assert_int_equal(crc32c(0, p, n), wanted);
    assert_int_equal(crc32c_portable(0, p, n), wanted);
}

/* RFC 3720 appendix B.4; the RFC shows bytes as sent, lowest first. */
static void the_vectors_of_the_rfc_hold(void **state) {
    (void)state;
    static const unsigned char read_command[48] = {
        0x01, 0xc0, 0, 0,    0, 0, 0, 0,    0,    0, 0, 0, 0, 0, 0, 0, 0x14, 0, 0, 0, 0, 0, 0x04, 0,
        0,    0,    0, 0x14, 0, 0, 0, 0x18, 0x28, 0, 0, 0, 0, 0, 0, 0, 0x02, 0, 0, 0, 0, 0, 0,    0};
    unsigned char bytes[32];
    memset(bytes, 0, sizeof bytes);
    assert_crc(bytes, sizeof bytes, 0x8a9136aau);
    memset(bytes, 0xff, sizeof bytes);
    assert_crc(bytes, sizeof bytes, 0x62a8ab43u);
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)i;
    assert_crc(bytes, sizeof bytes, 0x46dd794eu);
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(31 - i);
    assert_crc(bytes, sizeof bytes, 0x113fdb5cu);
    assert_crc(read_command, sizeof read_command, 0xd9963a56u);
    assert_crc("123456789", 9, 0xe3069283u);
    assert_crc("", 0, 0);
}

/* Lengths around those at which streams run side by side, from every alignment. */
static void both_ways_agree(void **state) {
    (void)state;
    static const size_t around[] = {0, 8, 256, 768, 1536, 2304, 8192, 24576, 24576 + 768, 49152, 100000};
    size_t room = 110000;
    unsigned char *bytes = malloc(room);
    assert_non_null(bytes);
    struct prng prng;
    prng_seed(&prng, 4);
    for (size_t i = 0; i < room; i++)
        bytes[i] = (unsigned char)prng_next(&prng);
    for (size_t i = 0; i < sizeof around / sizeof around[0]; i++)
        for (size_t n = around[i] > 9 ? around[i] - 9 : 0; n < around[i] + 9; n++)
            assert_int_equal(crc32c(7, bytes + n % 8, n), crc32c_portable(7, bytes + n % 8, n));
    free(bytes);
}

static void pieces_give_what_the_whole_gives(void **state) {
    (void)state;
    static const size_t n = 60000;
    unsigned char *bytes = malloc(n);
    assert_non_null(bytes);
    struct prng prng;
    prng_seed(&prng, 5);
    for (size_t i = 0; i < n; i++)
        bytes[i] = (unsigned char)prng_next(&prng);
    uint32_t whole = crc32c(0, bytes, n);
    for (size_t cut = 0; cut <= n; cut += 997) {
        assert_int_equal(crc32c(crc32c(0, bytes, cut), bytes + cut, n - cut), whole);
        assert_int_equal(crc32c_portable(crc32c_portable(0, bytes, cut), bytes + cut, n - cut), whole);
    }
    free(bytes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_vectors_of_the_rfc_hold),
        cmocka_unit_test(both_ways_agree),
        cmocka_unit_test(pieces_give_what_the_whole_gives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
