/*
 * Builds the hot sections of a table: takes ads one by one, puts them in order, makes lists, values, bitmaps
 * and postings. Holds no text: about 64 bytes an ad, its lists, and while it finishes the index itself.
 *
 * Deterministic: the same ads in the same order give the same bytes.
 */
#ifndef SLIMBID_TABLE_TABLE_INDEX_H
#define SLIMBID_TABLE_TABLE_INDEX_H

#include <stddef.h>

#include "base/macros.h"
#include "table/table_format.h"

/* One ad as its reader hands it over. Each value is a target_hash(); duplicates are legal. */
struct table_index_ad {
    struct table_record
        record; /* without lists, held, advertiser, creative, language, marks: these are filled from below */
    const uint64_t *values[TABLE_LISTS_MOST]; /* by enum table_list; at least one size */
    uint32_t value_counts[TABLE_LISTS_MOST];
    const uint32_t *size_numbers; /* of each value of TABLE_LIST_IN + TARGET_SIZE: w << 16 | h, or 0 */
    const uint64_t *advertiser;   /* the domain and its parents (those with a dot), the ad's own first */
    uint32_t advertiser_count;    /* 0: none, record.advertiser becomes TABLE_NONE */
    uint64_t creative, language;  /* 0: none */
};

struct table_index;

/* NULL: out of memory. */
struct table_index *table_index_create(void) CHECK_RESULT;
void table_index_destroy(struct table_index *index);

/* Copies all it needs. 0, -1 without memory or beyond TABLE_MOST_ADS; the index takes no more ads then. */
int table_index_add(struct table_index *index, const struct table_index_ad *ad) CHECK_RESULT;

/* A finished section: bytes that the index owns until its end. */
struct table_index_section {
    const void *p;
    size_t n;
};

/*
 * Puts the ads in order and makes the sections TABLE_BLOCKS to TABLE_POSTINGS and TABLE_LIST_AT (the others
 * stay empty); fills ad_count, block_count, bitmap_words and any_bitmap of *header. order[i] is the number
 * (from 0, as added) of the ad that became record i; the index owns it. 0, or -1 without memory. Once.
 */
int table_index_finish(struct table_index *index, struct table_header *header,
                       struct table_index_section sections[TABLE_SECTIONS],
                       const uint32_t **order) CHECK_RESULT;

/* What an ad is worth to the average request, by which ads are ordered: its price, by click times
 * table_exp(z). */
double table_index_rank(const struct table_record *record);
/* How many blocks the unit that begins with this one has: ads stand by rank from unit to unit, and by kind
 * within each. */
uint32_t table_index_unit(uint32_t block);

#endif
