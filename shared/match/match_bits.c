/* Bitmaps; see match_bits.h. */
#include "match/match_bits.h"

/* A cache line: the compiler makes of it what the processor has. */
typedef uint64_t half_line __attribute__((vector_size(32), may_alias));

#define HALF_WORDS  ((size_t)4)
#define BLOCK_LINES (MATCH_BLOCK_WORDS / (2 * HALF_WORDS))

/*
 * What the next block will read of the same maps is asked for on the way: the pieces are too short for the
 * processor to see in time that they go on, and without it half of the time is waiting for them.
 */
static inline __attribute__((always_inline)) bool combine(uint64_t *bits, const uint64_t *const *maps,
                                                          uint32_t count, size_t at, bool narrow) {
    half_line some = {0};
    for (size_t line = 0; line < BLOCK_LINES; line++, at += 2 * HALF_WORDS, bits += 2 * HALF_WORDS) {
        const half_line *map = (const half_line *)(maps[0] + at);
        half_line low = map[0], high = map[1];
        __builtin_prefetch(map + MATCH_BLOCK_WORDS / HALF_WORDS);
        for (uint32_t i = 1; i < count; i++) {
            map = (const half_line *)(maps[i] + at);
            low |= map[0];
            high |= map[1];
            __builtin_prefetch(map + MATCH_BLOCK_WORDS / HALF_WORDS);
        }
        if (narrow) {
            low &= ((const half_line *)bits)[0];
            high &= ((const half_line *)bits)[1];
        }
        ((half_line *)bits)[0] = low;
        ((half_line *)bits)[1] = high;
        some |= low | high;
    }
    return (some[0] | some[1] | some[2] | some[3]) != 0;
}

static bool unite_plain(uint64_t *bits, const uint64_t *const *maps, uint32_t count, size_t at) {
    return combine(bits, maps, count, at, false);
}

static bool narrow_plain(uint64_t *bits, const uint64_t *const *maps, uint32_t count, size_t at) {
    if (count == 1)
        return combine(bits, maps, 1, at, true);
    return combine(bits, maps, count, at, true);
}

const struct match_bits *match_bits_plain(void) {
    static const struct match_bits plain = {unite_plain, narrow_plain};
    return &plain;
}

#ifdef __x86_64__
#define WIDE __attribute__((target("avx2")))

WIDE static bool unite_wide(uint64_t *bits, const uint64_t *const *maps, uint32_t count, size_t at) {
    return combine(bits, maps, count, at, false);
}

WIDE static bool narrow_wide(uint64_t *bits, const uint64_t *const *maps, uint32_t count, size_t at) {
    if (count == 1)
        return combine(bits, maps, 1, at, true);
    return combine(bits, maps, count, at, true);
}

const struct match_bits *match_bits_best(void) {
    static const struct match_bits wide = {unite_wide, narrow_wide};
    return __builtin_cpu_supports("avx2") ? &wide : match_bits_plain();
}
#else
const struct match_bits *match_bits_best(void) {
    return match_bits_plain();
}
#endif
