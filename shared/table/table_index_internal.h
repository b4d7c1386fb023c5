/* What the files of the index share: table_index.c takes the ads, table_index_finish.c makes the sections. */
#ifndef SLIMBID_TABLE_TABLE_INDEX_INTERNAL_H
#define SLIMBID_TABLE_TABLE_INDEX_INTERNAL_H

#include "table/table_index.h"

/* An array that grows by halves: items of a fixed size. */
struct table_index_words {
    uint32_t *items;
    size_t count, room;
};

struct table_index {
    struct table_record *records;
    size_t record_count, record_room;
    struct table_value *values; /* numbered as they came, until finish */
    uint32_t value_count, value_room;
    struct table_index_words value_slots; /* open addressing over values: count is a power of two */
    struct table_index_words lists;       /* as in TABLE_LISTS */
    struct table_index_words set_slots;   /* open addressing over the sets: where each begins */
    uint32_t set_count;
    struct table_index_words scratch; /* the set of the ad at hand */
    /* of finish */
    uint32_t *order, *list_at, *slots, *postings;
    struct table_block *blocks;
    uint64_t *bitmaps;
    size_t posting_count, bitmap_count, slot_count;
};

/* Walks the lists of a set: struct table_index_list list = table_index_lists(set); while
 * (table_index_next(&list)) ... */
struct table_index_list {
    uint32_t bits; /* lists to come */
    uint32_t *next;
    uint32_t which; /* enum table_list */
    uint32_t *items;
    uint32_t count;
};

static inline struct table_index_list table_index_lists(uint32_t *set) {
    return (struct table_index_list){.bits = set[0], .next = set + 1};
}

static inline int table_index_next(struct table_index_list *list) {
    if (!list->bits)
        return 0;
    list->which = (uint32_t)__builtin_ctz(list->bits);
    list->bits &= list->bits - 1;
    list->count = list->next[0];
    list->items = list->next + 1;
    list->next = list->items + list->count;
    return 1;
}

/* Makes an empty table of slots, for at least `items` items, at most half full. 0, or -1 without memory. */
int table_index_slots(struct table_index_words *slots, size_t items) CHECK_RESULT;
/* Fills order and moves the records, whose values are counted; to[] is what rename_values() gave. 0, or -1
 * without memory. */
int table_index_order(struct table_index *index, const uint32_t *to) CHECK_RESULT;
/* Sorts numbers, ascending. */
void table_index_sort(uint32_t *items, uint32_t count);

#endif
