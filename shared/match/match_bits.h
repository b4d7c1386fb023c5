/*
 * Unions and intersections of bitmaps, a block of ads at a time. Written once, compiled for several kinds of
 * processors; the one at hand chooses at run time. All of them give the same.
 */
#ifndef SLIMBID_MATCH_MATCH_BITS_H
#define SLIMBID_MATCH_MATCH_BITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "table/table_format.h"

#define MATCH_BLOCK_WORDS (TABLE_BLOCK_ADS / 64)

struct match_bits {
    /* bits = the union of the maps' pieces that begin at word `at`; count is at least 1. All aligned to 64
     * bytes. Whether a bit is set. */
    bool (*unite)(uint64_t *bits, const uint64_t *const *maps, uint32_t count, size_t at);
    /* bits = bits & that union. Whether a bit is left. */
    bool (*narrow)(uint64_t *bits, const uint64_t *const *maps, uint32_t count, size_t at);
};

const struct match_bits *match_bits_best(void);
/* What any processor can do, for tests. */
const struct match_bits *match_bits_plain(void);

#endif
