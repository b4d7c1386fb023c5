/*
 * Ad tables without a builder: takes an index and the other sections, lays them out as in a file, in memory,
 * and maps that. For benchmarks and tests of matching.
 */
#ifndef SLIMBID_LOADTEST_MATCH_TABLE_H
#define SLIMBID_LOADTEST_MATCH_TABLE_H

#include "table/table.h"
#include "table/table_index.h"

/* What the index does not know. */
struct match_table_parts {
    const struct table_ad *ads; /* in the order in which they were added; NULL: empty ones */
    const char *strings;
    size_t string_bytes;
    const struct table_hours *hours; /* [0] is made here and not among them, as of zones */
    uint32_t hours_count;
    const struct table_zone *zones;
    uint32_t zone_count;
    const struct table_campaign *campaigns; /* NULL: empty ones */
    uint32_t campaign_count;
    const float *weights;
    uint32_t weight_bits, cross_bits; /* 0: no weights, all of them 0 */
};

/* Maps the table of all ads that were added; destroys the index. 0, or -1 with the reason in error. */
int match_table_map(struct table_index *index, const struct match_table_parts *parts, struct table *table,
                    char *error, size_t error_size) CHECK_RESULT;

#endif
