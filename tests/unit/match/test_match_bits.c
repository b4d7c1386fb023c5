/* Unions and intersections: bit by bit, and alike for all processors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/prng.h"
#include "match/match_bits.h"

#define MAPS 5

static uint64_t maps[MAPS][2 * MATCH_BLOCK_WORDS] __attribute__((aligned(64)));
static uint64_t bits[MATCH_BLOCK_WORDS] __attribute__((aligned(64)));

static void check(const struct match_bits *kind) {
    const uint64_t *chosen[MAPS];
    uint64_t before[MATCH_BLOCK_WORDS];
    struct prng prng;
    prng_seed(&prng, 3);
    for (int round = 0; round < 200; round++) {
        uint32_t count = 1 + (uint32_t)round % MAPS, empty = round % 7 == 0;
        size_t at = round % 2 ? MATCH_BLOCK_WORDS : 0;
        for (size_t i = 0; i < MAPS; i++) {
            chosen[i] = maps[i];
            for (size_t j = 0; j < 2 * MATCH_BLOCK_WORDS; j++)
                maps[i][j] = empty ? 0 : prng_next(&prng) & prng_next(&prng) & prng_next(&prng);
        }
        if (round % 7 == 1) /* a single bit is seen wherever it is */
            memset(maps, 0, sizeof maps), maps[0][at + (size_t)round % MATCH_BLOCK_WORDS] = 1;
        for (size_t j = 0; j < MATCH_BLOCK_WORDS; j++)
            before[j] = bits[j] = round % 7 == 1 ? UINT64_MAX : prng_next(&prng);
        uint64_t some = 0;
        bool left = kind->narrow(bits, chosen, count, at);
        for (size_t j = 0; j < MATCH_BLOCK_WORDS; j++) {
            uint64_t wanted = 0;
            for (uint32_t i = 0; i < count; i++)
                wanted |= maps[i][at + j];
            assert_true(bits[j] == (wanted & before[j]));
            some |= bits[j];
        }
        assert_int_equal(left, some != 0);
        left = kind->unite(bits, chosen, count, at);
        some = 0;
        for (size_t j = 0; j < MATCH_BLOCK_WORDS; j++) {
            uint64_t wanted = 0;
            for (uint32_t i = 0; i < count; i++)
                wanted |= maps[i][at + j];
            assert_true(bits[j] == wanted);
            some |= wanted;
        }
        assert_int_equal(left, some != 0);
    }
}

static void plain(void **state) {
    (void)state;
    check(match_bits_plain());
}

static void best(void **state) {
    (void)state;
    check(match_bits_best());
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(plain), cmocka_unit_test(best)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
