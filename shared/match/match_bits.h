/*
 * Unions and intersections of bitmaps, some blocks of ads at a time. Written once, compiled for several kinds
 * of processors; the one at hand chooses at run time. All of them give the same.
 *
 * Few of a block's cache lines have bits left after the first bitmaps, since ads of a kind lie together; only
 * those are read of the others.
 */
#ifndef SLIMBID_MATCH_MATCH_BITS_H
#define SLIMBID_MATCH_MATCH_BITS_H

#include <stddef.h>
#include <stdint.h>

#include "table/table_format.h"

#define MATCH_BLOCK_WORDS (TABLE_BLOCK_ADS / 64)
#define MATCH_LINE_WORDS  8u /* of a cache line */
#define MATCH_BLOCK_LINES (MATCH_BLOCK_WORDS / MATCH_LINE_WORDS)
#define MATCH_GROUP       8u /* blocks that are looked at together, at most */
#define MATCH_LINES       (MATCH_GROUP * MATCH_BLOCK_LINES)

/* A piece of a bitmap that is being made: as many whole lines as there are. */
struct match_bits {
    uint64_t words[MATCH_LINES * MATCH_LINE_WORDS] __attribute__((aligned(64)));
    size_t at;                   /* where it begins in any bitmap: a word, the first of a line */
    uint32_t line_count;         /* of the piece */
    uint32_t count;              /* of lines */
    uint16_t lines[MATCH_LINES]; /* those that may have bits, ascending; the others are all 0 */
};

struct match_union {
    const uint64_t *const *maps; /* aligned to 64 bytes */
    uint32_t count;
};

struct match_bits_kind {
    /* bits = the union; all lines that have one are listed. */
    void (*unite)(struct match_bits *bits, const struct match_union *with, const struct match_union *next);
    /* bits = bits & the union, in the lines that are listed; those that have none left are not any more. */
    void (*narrow)(struct match_bits *bits, const struct match_union *with, const struct match_union *next);
};
/* What `next` will read of the lines that are left is asked for on the way; it may have no maps. */

const struct match_bits_kind *match_bits_best(void);
/* What any processor can do, for tests. */
const struct match_bits_kind *match_bits_plain(void);

#endif
