/* Unions and intersections: bit by bit, and alike for all processors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/prng.h"
#include "match/match_bits.h"

#define MAPS        5
#define LINE_WORDS  ((size_t)MATCH_LINE_WORDS)
#define PIECE_WORDS ((size_t)MATCH_LINES * MATCH_LINE_WORDS)

static uint64_t maps[MAPS][2 * PIECE_WORDS] __attribute__((aligned(64)));

/* Words of which an eighth of the bits is set; half of the lines are empty. */
static void fill(struct prng *prng, uint64_t *words, size_t n) {
    bool empty = false;
    for (size_t i = 0; i < n; i++) {
        if (i % MATCH_LINE_WORDS == 0)
            empty = prng_next(prng) % 2;
        words[i] = prng_next(prng);
        words[i] &= prng_next(prng);
        words[i] &= empty ? 0 : prng_next(prng);
    }
}

static uint64_t union_at(const struct match_union *with, size_t word) {
    uint64_t all = 0;
    for (uint32_t i = 0; i < with->count; i++)
        all |= with->maps[i][word];
    return all;
}

/* The words are these, and the lines listed are those that have bits, in order. */
static void check(const struct match_bits *bits, const uint64_t *wanted) {
    uint32_t listed = 0;
    for (uint32_t line = 0; line < bits->line_count; line++) {
        uint64_t some = 0;
        for (size_t i = line * LINE_WORDS; i < (line + 1) * LINE_WORDS; i++) {
            assert_true(bits->words[i] == wanted[i]);
            some |= wanted[i];
        }
        if (some == 0)
            continue;
        assert_true(listed < bits->count);
        assert_int_equal(bits->lines[listed++], line);
    }
    assert_int_equal(listed, bits->count);
}

static void round_of(const struct match_bits_kind *kind, struct prng *prng, int round) {
    static struct match_bits bits;
    static uint64_t wanted[PIECE_WORDS];
    const uint64_t *chosen[MAPS];
    const struct match_union first = {chosen, 1 + (uint32_t)round % MAPS}, next = {chosen, MAPS};
    for (size_t i = 0; i < MAPS; i++) {
        chosen[i] = maps[i];
        fill(prng, maps[i], 2 * PIECE_WORDS);
    }
    if (round % 7 == 0)
        memset(maps, 0, sizeof maps);
    bits.at = round % 2 ? PIECE_WORDS : 0;
    bits.line_count = 1 + (uint32_t)(prng_next(prng) % (uint32_t)MATCH_LINES);
    if (round % 7 <= 1) /* a single bit is seen wherever it is */
        maps[0][bits.at + prng_next(prng) % (bits.line_count * LINE_WORDS)] = 1;
    kind->unite(&bits, &first, &next);
    for (size_t i = 0; i < bits.line_count * LINE_WORDS; i++)
        wanted[i] = union_at(&first, bits.at + i);
    check(&bits, wanted);
    for (uint32_t count = 0; count < MAPS; count++) { /* of no map nothing is left, so it comes last */
        const struct match_union with = {chosen + count, MAPS - count}, none = {NULL, 0};
        kind->narrow(&bits, &with, &none);
        for (size_t i = 0; i < bits.line_count * LINE_WORDS; i++)
            wanted[i] &= union_at(&with, bits.at + i);
        check(&bits, wanted);
    }
    kind->narrow(&bits, &(struct match_union){NULL, 0}, &next);
    assert_int_equal(bits.count, 0);
}

static void run(const struct match_bits_kind *kind) {
    struct prng prng;
    prng_seed(&prng, 3);
    for (int round = 0; round < 300; round++)
        round_of(kind, &prng, round);
}

static void plain(void **state) {
    (void)state;
    run(match_bits_plain());
}

static void best(void **state) {
    (void)state;
    run(match_bits_best());
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(plain), cmocka_unit_test(best)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
