/* Makes the sections of a table once all its ads are known; see table_index.h. */
#include <stdlib.h>
#include <string.h>

#include "table/table_index.h"
#include "table/table_index_internal.h"
#include "table/table_marks.h"

#define BLOCK_WORDS (TABLE_BLOCK_ADS / 64)
/* A value that more than one ad in so many names gets a bitmap: from there on looking at its ads one by one
 * costs more than looking at the few lines of its bits that are asked for. Beyond 256 time gains little more,
 * and the index grows by ten bytes an ad. */
#define BITMAP_DENSITY 256u

/* ---- bounds ---- */

static double larger(double a, double b) {
    return a > b ? a : b;
}

static int make_blocks(struct table_index *index, uint32_t block_count) {
    index->blocks = calloc(block_count ? block_count : 1, sizeof *index->blocks);
    if (!index->blocks)
        return -1;
    for (size_t i = 0; i < index->record_count; i++) {
        const struct table_record *record = &index->records[i];
        struct table_block *block = &index->blocks[i / TABLE_BLOCK_ADS];
        if (record->flags & TABLE_BY_CLICK) {
            block->click = larger(block->click, table_index_rank(record));
            block->click_price = larger(block->click_price, record->price);
        } else {
            block->view = larger(block->view, record->price);
        }
    }
    for (uint32_t i = block_count; i-- > 1;) {
        struct table_block *block = &index->blocks[i - 1], *next = &index->blocks[i];
        block->click = larger(block->click, next->click);
        block->click_price = larger(block->click_price, next->click_price);
        block->view = larger(block->view, next->view);
    }
    return 0;
}

/* ---- values ---- */

static void count_ads(struct table_index *index) {
    for (size_t i = 0; i < index->record_count; i++) {
        struct table_index_list list = table_index_lists(index->lists.items + index->records[i].lists);
        while (table_index_next(&list) && list.which < TARGET_INDEXED)
            for (uint32_t j = 0; j < list.count; j++)
                index->values[list.items[j]].ads++;
    }
}

struct rename {
    uint32_t ads, value;
    uint32_t advertiser; /* 1: these come last, in their order */
};

static int by_ads(const void *a, const void *b) {
    const struct rename *x = a, *y = b;
    if (x->advertiser != y->advertiser)
        return x->advertiser < y->advertiser ? -1 : 1;
    if (x->ads != y->ads)
        return x->ads > y->ads ? -1 : 1;
    return x->value < y->value ? -1 : 1;
}

/* Fills renames in the new order and to[], the new number of each old one. */
static void choose_names(const struct table_index *index, struct rename *renames, uint32_t *to) {
    for (uint32_t i = 0; i < index->value_count; i++)
        renames[i] =
            (struct rename){index->values[i].ads, i, index->values[i].target == TARGET_ADVERTISER ? 1 : 0};
    qsort(renames, index->value_count, sizeof *renames, by_ads);
    for (uint32_t i = 0; i < index->value_count; i++)
        to[renames[i].value] = i;
}

/* Numbers the values by how many ads name them: what most ads' lists hold lies together. Returns the new
 * numbers of the old ones, to be freed; NULL without memory. */
static uint32_t *rename_values(struct table_index *index) {
    uint32_t count = index->value_count ? index->value_count : 1;
    struct rename *renames = malloc(count * sizeof *renames);
    struct table_value *values = malloc(count * sizeof *values);
    uint32_t *to = malloc(count * sizeof *to);
    if (!renames || !values || !to) {
        free(renames);
        free(values);
        free(to);
        return NULL;
    }
    choose_names(index, renames, to);
    for (uint32_t i = 0; i < index->value_count; i++) {
        values[i] = index->values[renames[i].value];
        if (values[i].target == TARGET_ADVERTISER && values[i].number != TABLE_NONE)
            values[i].number = to[values[i].number];
    }
    for (size_t i = 0; i < index->record_count; i++) {
        struct table_record *record = &index->records[i];
        record->advertiser = record->advertiser == TABLE_NONE ? TABLE_NONE : to[record->advertiser];
        record->language = record->language == TABLE_NONE ? TABLE_NONE : to[record->language];
    }
    free(renames);
    free(index->values);
    index->values = values;
    return to;
}

static int make_slots(struct table_index *index) {
    struct table_index_words slots;
    if (table_index_slots(&slots, index->value_count) != 0)
        return -1;
    for (uint32_t i = 0; i < index->value_count; i++) {
        size_t at = index->values[i].hash & (slots.count - 1);
        while (slots.items[at] != TABLE_NONE)
            at = (at + 1) & (slots.count - 1);
        slots.items[at] = i;
    }
    index->slots = slots.items;
    index->slot_count = slots.count;
    return 0;
}

/* ---- lists ---- */

/* Copies a set with its values renamed; returns how many words. */
static size_t copy_set(uint32_t *from, uint32_t *into, const uint32_t *to) {
    struct table_index_list list = table_index_lists(from);
    uint32_t *at = into + 1;
    into[0] = from[0];
    while (table_index_next(&list)) {
        *at++ = list.count;
        for (uint32_t i = 0; i < list.count; i++)
            at[i] = to[list.items[i]];
        table_index_sort(at, list.count);
        at += list.count;
    }
    return (size_t)(at - into);
}

/* Puts the sets in the order in which records use them, so that the lists of neighbours are neighbours. A set
 * that has moved holds where to in place of its bits, and a 0 after them where the number of sizes was. */
static int rewrite_lists(struct table_index *index, const uint32_t *to) {
    uint32_t *lists = malloc((index->lists.count + 1) * sizeof *lists), sets = 0;
    size_t n = 0;
    index->list_at = malloc(((size_t)index->set_count + 1) * sizeof *index->list_at);
    if (!lists || !index->list_at) {
        free(lists);
        return -1;
    }
    for (size_t i = 0; i < index->record_count; i++) {
        uint32_t *set = index->lists.items + index->records[i].lists;
        if (set[1] != 0) {
            index->list_at[sets++] = (uint32_t)n;
            size_t words = copy_set(set, lists + n, to);
            set[0] = (uint32_t)n;
            set[1] = 0;
            n += words;
        }
        index->records[i].lists = set[0];
    }
    index->list_at[sets] = (uint32_t)n;
    free(index->lists.items);
    index->lists.items = lists;
    return 0;
}

/* ---- marks ---- */

/* How often each value is among what ads are about. NULL: no memory. */
static uint32_t *count_own(const struct table_index *index) {
    uint32_t *counts = calloc((size_t)index->value_count + 1, sizeof *counts);
    for (size_t i = 0; counts && i < index->record_count; i++) {
        struct table_index_list list = table_index_lists(index->lists.items + index->records[i].lists);
        while (table_index_next(&list))
            for (uint32_t j = 0; list.which == TABLE_LIST_OWN_CATEGORY && j < list.count; j++)
                counts[list.items[j]]++;
    }
    return counts;
}

/* The most frequent ones get a bit for themselves. */
static void number_categories(struct table_index *index, uint32_t *counts) {
    for (uint32_t i = 0; i < index->value_count; i++)
        if (index->values[i].target == TARGET_CATEGORY)
            index->values[i].number = counts[i] > 0 ? TABLE_OWN_SHARED : TABLE_OWN_NONE;
    for (uint32_t bit = 0; bit < TABLE_OWN_SHARED; bit++) {
        uint32_t most = 0;
        for (uint32_t i = 1; i < index->value_count; i++)
            if (counts[i] > counts[most])
                most = i;
        if (index->value_count == 0 || counts[most] == 0)
            return;
        index->values[most].number = bit;
        counts[most] = 0;
    }
}

static int make_marks(struct table_index *index) {
    uint32_t *counts = count_own(index);
    if (!counts)
        return -1;
    number_categories(index, counts);
    for (size_t i = 0; i < index->record_count; i++) {
        struct table_record *record = &index->records[i];
        struct table_marks marks = table_marks(index->lists.items + record->lists, index->values);
        record->own = marks.own;
        record->excluded = marks.excluded;
    }
    free(counts);
    return 0;
}

/* ---- bitmaps and postings ---- */

/* Gives each attribute that some ad leaves free its bitmap of 'any'. */
static void choose_any(struct table_index *index, struct table_header *header) {
    uint32_t everywhere = (1u << TARGET_INDEXED) - 1, held;
    for (size_t i = 0; i < index->record_count; i++)
        everywhere &= index->lists.items[index->records[i].lists];
    for (uint32_t i = 0; i < TARGET_INDEXED; i++) {
        held = index->record_count == 0 || everywhere >> i & 1;
        header->any_bitmap[i] = held ? TABLE_NONE : (uint32_t)index->bitmap_count++;
    }
}

static void choose_places(struct table_index *index, const struct table_header *header) {
    uint32_t dense = header->block_count * (TABLE_BLOCK_ADS / BITMAP_DENSITY);
    for (uint32_t i = 0; i < index->value_count; i++) {
        struct table_value *value = &index->values[i];
        if (value->ads > dense) {
            value->bitmap = (uint32_t)index->bitmap_count++;
        } else {
            value->posting = (uint32_t)index->posting_count;
            index->posting_count += value->ads;
        }
    }
}

static void add_ad(struct table_index *index, const struct table_header *header, uint32_t record) {
    struct table_index_list list = table_index_lists(index->lists.items + index->records[record].lists);
    uint32_t free_of = ~list.bits & ((1u << TARGET_INDEXED) - 1), words = header->bitmap_words;
    uint64_t bit = UINT64_C(1) << record % 64;
    for (; free_of; free_of &= free_of - 1)
        index->bitmaps[(size_t)header->any_bitmap[__builtin_ctz(free_of)] * words + record / 64] |= bit;
    while (table_index_next(&list) && list.which < TARGET_INDEXED) {
        for (uint32_t i = 0; i < list.count; i++) {
            struct table_value *value = &index->values[list.items[i]];
            if (value->bitmap == TABLE_NONE)
                index->postings[value->posting + value->postings++] = record;
            else
                index->bitmaps[(size_t)value->bitmap * words + record / 64] |= bit;
        }
    }
}

static void merge_any(struct table_index *index, const struct table_header *header) {
    size_t words = header->bitmap_words;
    for (uint32_t i = 0; i < index->value_count; i++) {
        const struct table_value *value = &index->values[i];
        if (value->bitmap == TABLE_NONE || header->any_bitmap[value->target] == TABLE_NONE)
            continue;
        uint64_t *bitmap = index->bitmaps + value->bitmap * words;
        const uint64_t *any = index->bitmaps + header->any_bitmap[value->target] * words;
        for (size_t j = 0; j < words; j++)
            bitmap[j] |= any[j];
    }
}

static int make_index(struct table_index *index, struct table_header *header) {
    choose_any(index, header);
    choose_places(index, header);
    if (index->posting_count >= TABLE_NONE)
        return -1;
    index->bitmaps = calloc(index->bitmap_count * header->bitmap_words + 1, sizeof *index->bitmaps);
    index->postings = malloc((index->posting_count + 1) * sizeof *index->postings);
    if (!index->bitmaps || !index->postings)
        return -1;
    for (uint32_t i = 0; i < header->ad_count; i++)
        add_ad(index, header, i);
    merge_any(index, header);
    return 0;
}

/* ---- all ---- */

/* What only taking ads needs. */
static void drop_slots(struct table_index *index) {
    free(index->value_slots.items);
    free(index->set_slots.items);
    free(index->scratch.items);
    index->value_slots = index->set_slots = index->scratch = (struct table_index_words){0};
}

static void hand_over(const struct table_index *index, const struct table_header *header,
                      struct table_index_section sections[TABLE_SECTIONS]) {
    memset(sections, 0, TABLE_SECTIONS * sizeof *sections);
#define SECTION(which, items, count)                                                                         \
    sections[which] = (struct table_index_section){items, (count) * sizeof *(items)}
    SECTION(TABLE_BLOCKS, index->blocks, header->block_count);
    SECTION(TABLE_RECORDS, index->records, index->record_count);
    SECTION(TABLE_LISTS, index->lists.items, index->lists.count);
    SECTION(TABLE_LIST_AT, index->list_at, index->record_count ? (size_t)index->set_count + 1 : 0);
    SECTION(TABLE_VALUES, index->values, index->value_count);
    SECTION(TABLE_SLOTS, index->slots, index->slot_count);
    SECTION(TABLE_BITMAPS, index->bitmaps, index->bitmap_count * header->bitmap_words);
    SECTION(TABLE_POSTINGS, index->postings, index->posting_count);
#undef SECTION
}

int table_index_finish(struct table_index *index, struct table_header *header,
                       struct table_index_section sections[TABLE_SECTIONS], const uint32_t **order) {
    header->ad_count = (uint32_t)index->record_count;
    header->block_count = (header->ad_count + TABLE_BLOCK_ADS - 1) / TABLE_BLOCK_ADS;
    header->bitmap_words = header->block_count * BLOCK_WORDS;
    drop_slots(index);
    count_ads(index);
    uint32_t *to = rename_values(index);
    int result = to ? table_index_order(index, to) : -1;
    if (result == 0)
        result = make_blocks(index, header->block_count);
    if (result == 0)
        result = rewrite_lists(index, to);
    free(to);
    if (result != 0 || make_slots(index) != 0 || make_marks(index) != 0 || make_index(index, header) != 0)
        return -1;
    hand_over(index, header, sections);
    *order = index->order;
    return 0;
}
