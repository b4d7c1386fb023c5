/* Bitmaps; see match_bits.h. */
#include "match/match_bits.h"

#include <stdbool.h>

/* A cache line is two of these: the compiler makes of them what the processor has. */
typedef uint64_t half_line __attribute__((vector_size(32), may_alias));

#define HALF_WORDS  ((size_t)MATCH_LINE_WORDS / 2)
#define AHEAD_WORDS ((size_t)MATCH_BLOCK_WORDS)

/* The first bitmap is read as a whole: further pieces of it are asked for ahead, since they are too short for
 * the processor to see in time that they go on. */
static inline __attribute__((always_inline)) void combine(struct match_bits *bits,
                                                          const struct match_union *with, uint32_t maps,
                                                          const struct match_union *next, bool narrow) {
    uint32_t count = narrow ? bits->count : bits->line_count, kept = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t line = narrow ? bits->lines[i] : i;
        size_t word = (size_t)line * MATCH_LINE_WORDS;
        half_line *into = (half_line *)(bits->words + word), low = {0}, high = {0};
        for (uint32_t j = 0; j < maps; j++) {
            const half_line *map = (const half_line *)(with->maps[j] + bits->at + word);
            low |= map[0];
            high |= map[1];
            if (!narrow)
                __builtin_prefetch(map + AHEAD_WORDS / HALF_WORDS);
        }
        if (narrow) {
            low &= into[0];
            high &= into[1];
        }
        into[0] = low;
        into[1] = high;
        low |= high;
        bool some = (low[0] | low[1] | low[2] | low[3]) != 0;
        bits->lines[kept] = (uint16_t)line;
        kept += some;
        for (uint32_t j = 0; some && j < next->count; j++)
            __builtin_prefetch(next->maps[j] + bits->at + word);
    }
    bits->count = kept;
}

static inline __attribute__((always_inline)) void unite(struct match_bits *bits,
                                                        const struct match_union *with,
                                                        const struct match_union *next) {
    combine(bits, with, with->count, next, false);
}

static inline __attribute__((always_inline)) void narrow(struct match_bits *bits,
                                                         const struct match_union *with,
                                                         const struct match_union *next) {
    if (with->count == 1)
        combine(bits, with, 1, next, true);
    else
        combine(bits, with, with->count, next, true);
}

static void unite_plain(struct match_bits *bits, const struct match_union *with,
                        const struct match_union *next) {
    unite(bits, with, next);
}

static void narrow_plain(struct match_bits *bits, const struct match_union *with,
                         const struct match_union *next) {
    narrow(bits, with, next);
}

const struct match_bits_kind *match_bits_plain(void) {
    static const struct match_bits_kind plain = {unite_plain, narrow_plain};
    return &plain;
}

#ifdef __x86_64__
#define WIDE __attribute__((target("avx2")))

WIDE static void unite_wide(struct match_bits *bits, const struct match_union *with,
                            const struct match_union *next) {
    unite(bits, with, next);
}

WIDE static void narrow_wide(struct match_bits *bits, const struct match_union *with,
                             const struct match_union *next) {
    narrow(bits, with, next);
}

const struct match_bits_kind *match_bits_best(void) {
    static const struct match_bits_kind wide = {unite_wide, narrow_wide};
    return __builtin_cpu_supports("avx2") ? &wide : match_bits_plain();
}
#else
const struct match_bits_kind *match_bits_best(void) {
    return match_bits_plain();
}
#endif
