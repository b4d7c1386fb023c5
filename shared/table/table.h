/*
 * An ad table, mapped: opened, checked in full once, then read by index without further checks.
 *
 * The mapping is PROT_READ and MAP_SHARED: however many processes map a table, it is in memory once. A file
 * that is cut short while it is mapped raises SIGBUS in whoever touches what is gone: only workers and the
 * verifier map tables, and they survive that (worker/fault.h).
 */
#ifndef SLIMBID_TABLE_TABLE_H
#define SLIMBID_TABLE_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/macros.h"
#include "table/table_format.h"

#define TABLE_ERROR_BYTES 256

/* The sections as arrays, counts as far as they are not in the header. */
struct table {
    const struct table_header *header;
    const struct table_block *blocks;
    const struct table_record *records;
    const uint32_t *lists, *list_at;
    const struct table_value *values;
    const uint32_t *slots;
    const uint64_t *bitmaps;
    const uint32_t *postings;
    const struct table_hours *hours;
    const struct table_zone *zones;
    const float *weights;
    const struct table_ad *ads;
    const struct table_campaign *campaigns;
    const struct table_text *names; /* of values */
    const struct table_id *ids;
    const char *strings, *markup;
    uint32_t ad_count, value_count, slot_mask, list_set_count, bitmap_count, posting_count;
    uint32_t hours_count, zone_count, campaign_count;
    void *mapping;
    size_t mapped_bytes;
};

/*
 * Maps the file behind fd, which the caller may close afterwards, and checks the header and that every
 * section lies inside the file. Enough to read a table that somebody trusted has verified. 0, or -1 with the
 * reason in error; nothing is mapped then.
 */
int table_map(struct table *table, int fd, char *error, size_t error_size) CHECK_RESULT;
/* Checks all of a mapped table: every CRC, every index, offset, order and range that readers rely on. 0, or
 * -1 with the reason ("records[17].lists: 9 of 9") in error. Touches every page. */
int table_verify(const struct table *table, char *error, size_t error_size) CHECK_RESULT;
/* The same in two parts, neither of which relies on the other, so that two processes can share the work: what
 * matching reads; every CRC and what winners need. */
int table_verify_hot(const struct table *table, char *error, size_t error_size) CHECK_RESULT;
int table_verify_rest(const struct table *table, char *error, size_t error_size) CHECK_RESULT;
/* Unmaps. Legal on a zeroed table, twice. */
void table_unmap(struct table *table);

/* The number of the value with that hash, or TABLE_NONE. */
uint32_t table_find(const struct table *table, uint64_t hash);
/* Asks for the cache line that table_find() will look at first. */
static inline void table_prefetch(const struct table *table, uint64_t hash) {
    __builtin_prefetch(&table->slots[hash & table->slot_mask]);
}
/* The record of the ad with that id, or TABLE_NONE. */
uint32_t table_find_ad(const struct table *table, struct str id);

static inline struct str table_text(const struct table *table, struct table_text text) {
    return (struct str){table->strings + text.at, text.n};
}

/* The sections' names, for messages and `slimbid-table info`. */
const char *table_section_name(enum table_section section);
/* Bytes of the sections that matching reads. */
uint64_t table_hot_bytes(const struct table *table);

#endif
