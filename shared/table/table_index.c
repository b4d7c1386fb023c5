/* Takes ads into the index: values and sets of lists get numbers, equal ones once; see table_index.h. */
#include "table/table_index.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "table/table_index_internal.h"

#define FIRST_ROOM  1024u
#define FIRST_SLOTS 4096u

struct table_index *table_index_create(void) {
    struct table_index *index = calloc(1, sizeof *index);
    if (index && table_index_slots(&index->value_slots, FIRST_SLOTS / 2) == 0 &&
        table_index_slots(&index->set_slots, FIRST_SLOTS / 2) == 0)
        return index;
    table_index_destroy(index);
    return NULL;
}

void table_index_destroy(struct table_index *index) {
    if (!index)
        return;
    free(index->records);
    free(index->values);
    free(index->value_slots.items);
    free(index->lists.items);
    free(index->set_slots.items);
    free(index->scratch.items);
    free(index->order);
    free(index->list_at);
    free(index->slots);
    free(index->postings);
    free(index->blocks);
    free(index->bitmaps);
    free(index);
}

int table_index_slots(struct table_index_words *slots, size_t items) {
    size_t count = 16;
    while (count < 2 * items)
        count *= 2;
    slots->items = malloc(count * sizeof *slots->items);
    slots->count = slots->room = slots->items ? count : 0;
    if (!slots->items)
        return -1;
    memset(slots->items, 0xff, count * sizeof *slots->items);
    return 0;
}

/* Short lists, nearly in order. */
void table_index_sort(uint32_t *items, uint32_t count) {
    for (uint32_t gap = count / 2; gap > 0; gap /= 2) { /* Shell's: no recursion, quick enough for 1,000 */
        for (uint32_t i = gap; i < count; i++) {
            uint32_t item = items[i], at = i;
            for (; at >= gap && items[at - gap] > item; at -= gap)
                items[at] = items[at - gap];
            items[at] = item;
        }
    }
}

/* ---- values ---- */

/* Makes a table of twice the slots. */
static int grow_value_slots(struct table_index *index) {
    struct table_index_words bigger;
    if (table_index_slots(&bigger, index->value_slots.count) != 0)
        return -1;
    for (uint32_t i = 0; i < index->value_count; i++) {
        size_t at = index->values[i].hash & (bigger.count - 1);
        while (bigger.items[at] != TABLE_NONE)
            at = (at + 1) & (bigger.count - 1);
        bigger.items[at] = i;
    }
    free(index->value_slots.items);
    index->value_slots = bigger;
    return 0;
}

static int room_for_a_value(struct table_index *index) {
    if (index->value_count >= TABLE_NONE / 8)
        return -1;
    if (index->value_count == index->value_room) {
        uint32_t room = index->value_room ? index->value_room + index->value_room / 2 : FIRST_ROOM;
        struct table_value *values = realloc(index->values, room * sizeof *values);
        if (!values)
            return -1;
        index->values = values;
        index->value_room = room;
    }
    if (2 * ((size_t)index->value_count + 1) > index->value_slots.count)
        return grow_value_slots(index);
    return 0;
}

/* The number of a value, TABLE_NONE without memory. `number` is what a new one gets. */
static uint32_t intern(struct table_index *index, uint64_t hash, enum target target, uint32_t number) {
    if (room_for_a_value(index) != 0)
        return TABLE_NONE;
    size_t mask = index->value_slots.count - 1, at = hash & mask;
    for (; index->value_slots.items[at] != TABLE_NONE; at = (at + 1) & mask)
        if (index->values[index->value_slots.items[at]].hash == hash)
            return index->value_slots.items[at];
    index->values[index->value_count] =
        (struct table_value){.hash = hash, .bitmap = TABLE_NONE, .number = number, .target = target};
    index->value_slots.items[at] = index->value_count;
    return index->value_count++;
}

/* A domain's parents come before it, so their numbers are lower. */
static int intern_advertiser(struct table_index *index, const struct table_index_ad *ad, uint32_t *number) {
    *number = TABLE_NONE;
    for (uint32_t i = ad->advertiser_count; i-- > 0;) {
        *number = intern(index, ad->advertiser[i], TARGET_ADVERTISER, *number);
        if (*number == TABLE_NONE)
            return -1;
    }
    return 0;
}

/* ---- sets of lists ---- */

static int words_reserve(struct table_index_words *words, size_t more) {
    size_t needed = words->count + more, room = words->room + words->room / 2;
    if (needed <= words->room)
        return 0;
    if (needed >= TABLE_NONE)
        return -1;
    if (room < needed)
        room = needed < FIRST_ROOM ? FIRST_ROOM : needed;
    uint32_t *items = realloc(words->items, room * sizeof *items);
    if (!items)
        return -1;
    words->items = items;
    words->room = room;
    return 0;
}

/* What a list's values are values of. */
static enum target target_of(uint32_t list) {
    if (list == TABLE_LIST_NOT_INVENTORY)
        return TARGET_INVENTORY;
    if (list == TABLE_LIST_NOT_SEGMENT)
        return TARGET_SEGMENT;
    return list < TARGET_INDEXED ? (enum target)list : TARGET_CATEGORY;
}

/* Appends count and values of a list to the scratch, ascending and once each. */
static int add_list(struct table_index *index, const struct table_index_ad *ad, uint32_t list) {
    struct table_index_words *set = &index->scratch;
    uint32_t wanted = ad->value_counts[list], count = 0;
    if (words_reserve(set, (size_t)wanted + 1) != 0)
        return -1;
    uint32_t *items = set->items + set->count + 1;
    for (uint32_t i = 0; i < wanted; i++) {
        uint32_t number = list == TABLE_LIST_IN + TARGET_SIZE && ad->size_numbers ? ad->size_numbers[i] : 0;
        items[i] = intern(index, ad->values[list][i], target_of(list), number);
        if (items[i] == TABLE_NONE)
            return -1;
    }
    table_index_sort(items, wanted);
    for (uint32_t i = 0; i < wanted; i++)
        if (count == 0 || items[count - 1] != items[i])
            items[count++] = items[i];
    items[-1] = count;
    set->count += count + 1;
    set->items[0] |= 1u << list;
    return 0;
}

static int make_set(struct table_index *index, const struct table_index_ad *ad) {
    index->scratch.count = 0;
    if (words_reserve(&index->scratch, 1) != 0)
        return -1;
    index->scratch.items[index->scratch.count++] = 0;
    for (uint32_t list = 0; list < TABLE_LISTS_MOST; list++)
        if (ad->value_counts[list] > 0 && add_list(index, ad, list) != 0)
            return -1;
    return 0;
}

static size_t set_words(uint32_t *set) {
    struct table_index_list list = table_index_lists(set);
    while (table_index_next(&list))
        continue;
    return (size_t)(list.next - set);
}

static uint64_t set_hash(uint32_t *set, size_t words) {
    uint64_t h = words;
    for (size_t i = 0; i < words; i++) {
        h = (h ^ set[i]) * UINT64_C(0x9e3779b97f4a7c15);
        h ^= h >> 29;
    }
    return h ^ h >> 32;
}

static int grow_set_slots(struct table_index *index) {
    struct table_index_words bigger;
    if (table_index_slots(&bigger, index->set_slots.count) != 0)
        return -1;
    for (size_t i = 0; i < index->set_slots.count; i++) {
        uint32_t where = index->set_slots.items[i];
        if (where == TABLE_NONE)
            continue;
        uint32_t *set = index->lists.items + where;
        size_t at = set_hash(set, set_words(set)) & (bigger.count - 1);
        while (bigger.items[at] != TABLE_NONE)
            at = (at + 1) & (bigger.count - 1);
        bigger.items[at] = where;
    }
    free(index->set_slots.items);
    index->set_slots = bigger;
    return 0;
}

/* Where the set in the scratch stands among the lists; it is put there unless it is. */
static int intern_set(struct table_index *index, uint32_t *where) {
    struct table_index_words *set = &index->scratch;
    if (2 * ((size_t)index->set_count + 1) > index->set_slots.count && grow_set_slots(index) != 0)
        return -1;
    size_t mask = index->set_slots.count - 1, at = set_hash(set->items, set->count) & mask;
    for (; index->set_slots.items[at] != TABLE_NONE; at = (at + 1) & mask) {
        uint32_t *other = index->lists.items + index->set_slots.items[at];
        *where = index->set_slots.items[at];
        if (set_words(other) == set->count && memcmp(other, set->items, set->count * sizeof *other) == 0)
            return 0;
    }
    if (words_reserve(&index->lists, set->count) != 0)
        return -1;
    memcpy(index->lists.items + index->lists.count, set->items, set->count * sizeof *set->items);
    *where = index->set_slots.items[at] = (uint32_t)index->lists.count;
    index->lists.count += set->count;
    index->set_count++;
    return 0;
}

/* ---- ads ---- */

static int room_for_a_record(struct table_index *index) {
    if (index->record_count < index->record_room)
        return 0;
    if (index->record_count >= TABLE_MOST_ADS)
        return -1;
    size_t room = index->record_room ? index->record_room + index->record_room / 2 : FIRST_ROOM;
    struct table_record *records = realloc(index->records, room * sizeof *records);
    if (!records)
        return -1;
    index->records = records;
    index->record_room = room;
    return 0;
}

int table_index_add(struct table_index *index, const struct table_index_ad *ad) {
    struct table_record record = ad->record;
    assert(ad->value_counts[TABLE_LIST_IN + TARGET_SIZE] > 0);
    if (room_for_a_record(index) != 0 || make_set(index, ad) != 0 || intern_set(index, &record.lists) != 0 ||
        intern_advertiser(index, ad, &record.advertiser) != 0)
        return -1;
    record.held = (uint16_t)index->scratch.items[0];
    record.creative = (uint8_t)ad->creative;
    record.language = TABLE_NONE;
    if (ad->language) {
        record.language = intern(index, ad->language, TARGET_LANGUAGE, 0);
        if (record.language == TABLE_NONE)
            return -1;
    }
    index->records[index->record_count++] = record;
    return 0;
}
