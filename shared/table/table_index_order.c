/*
 * Puts the ads in order: by rank, and within each unit of some blocks those of a kind together.
 *
 * Ads are of a kind that name the same size, then the same country, device type and system. So what a request
 * meets lies in few cache lines of each bitmap, and its records and lists in few pages. Bounds are of blocks,
 * and the best ads stand in the first ones: so units begin with one block and grow with their distance.
 */
#include <stdlib.h>

#include "table/table_exp.h"
#include "table/table_index.h"
#include "table/table_index_internal.h"

#define UNIT_NEAR 8u  /* blocks of a unit where walks for the best ads end, at most */
#define UNIT_FAR  64u /* ... of all behind as many */

double table_index_rank(const struct table_record *record) {
    return record->flags & TABLE_BY_CLICK ? record->price * table_exp((double)record->z) : record->price;
}

uint32_t table_index_unit(uint32_t block) {
    uint32_t unit = 1;
    if (block >= UNIT_FAR)
        return UNIT_FAR;
    while (unit < UNIT_NEAR && 8 * unit <= block)
        unit *= 2;
    return unit;
}

/* ---- by rank ---- */

struct place {
    double rank;
    uint32_t ad;
};

static int by_rank(const void *a, const void *b) {
    const struct place *x = a, *y = b;
    if (x->rank != y->rank)
        return x->rank > y->rank ? -1 : 1;
    return x->ad < y->ad ? -1 : 1;
}

static int order_by_rank(struct table_index *index, uint32_t count) {
    struct place *places = malloc((count ? count : 1) * sizeof *places);
    if (!places)
        return -1;
    for (uint32_t i = 0; i < count; i++)
        places[i] = (struct place){table_index_rank(&index->records[i]), i};
    qsort(places, count, sizeof *places, by_rank);
    for (uint32_t i = 0; i < count; i++)
        index->order[i] = places[i].ad;
    free(places);
    return 0;
}

/* ---- by kind ---- */

struct kin {
    uint64_t kind;
    uint32_t ad, place;
};

static int by_kind(const void *a, const void *b) {
    const struct kin *x = a, *y = b;
    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    return x->place < y->place ? -1 : 1;
}

/* What stands for a list: of its values the most frequent one, but for those that most ads have. to[] are
 * their numbers by frequency. 0 is for no list. */
static uint64_t sign_of(const struct table_index *index, const struct table_index_list *list,
                        const uint32_t *to) {
    uint32_t least = UINT16_MAX - 1;
    for (uint32_t i = 0; i < list->count; i++) {
        uint32_t value = to[list->items[i]];
        if (value < least && index->values[value].ads < index->record_count / 2)
            least = value;
    }
    return least + 1;
}

static uint64_t kind_of(const struct table_index *index, uint32_t ad, const uint32_t *to) {
    struct table_index_list list = table_index_lists(index->lists.items + index->records[ad].lists);
    uint64_t kind = 0;
    while (table_index_next(&list) && list.which < TARGET_INDEXED) {
        if (list.which == TARGET_SIZE)
            kind |= sign_of(index, &list, to) << 48;
        else if (list.which == TARGET_COUNTRY)
            kind |= sign_of(index, &list, to) << 32;
        else if (list.which == TARGET_DEVICE_TYPE)
            kind |= sign_of(index, &list, to) << 16;
        else if (list.which == TARGET_OS)
            kind |= sign_of(index, &list, to);
    }
    return kind;
}

static int order_by_kind(struct table_index *index, uint32_t count, const uint32_t *to) {
    struct kin *kin = malloc((size_t)UNIT_FAR * TABLE_BLOCK_ADS * sizeof *kin);
    if (!kin)
        return -1;
    for (uint32_t first = 0, n; first < count; first += n) {
        uint32_t *order = index->order + first;
        n = table_index_unit(first / TABLE_BLOCK_ADS) * TABLE_BLOCK_ADS;
        n = n < count - first ? n : count - first;
        for (uint32_t i = 0; i < n; i++)
            kin[i] = (struct kin){kind_of(index, order[i], to), order[i], i};
        qsort(kin, n, sizeof *kin, by_kind);
        for (uint32_t i = 0; i < n; i++)
            order[i] = kin[i].ad;
    }
    free(kin);
    return 0;
}

/* ---- all ---- */

/* Moves each record to its place, along the cycles of the permutation: there is no room for them twice. */
static void move_records(struct table_record *records, const uint32_t *order, uint32_t count,
                         uint8_t *moved) {
    for (uint32_t start = 0; start < count; start++) {
        struct table_record first = records[start];
        uint32_t to = start;
        if (moved[start])
            continue;
        for (; order[to] != start; to = order[to]) {
            records[to] = records[order[to]];
            moved[to] = 1;
        }
        records[to] = first;
        moved[to] = 1;
    }
}

int table_index_order(struct table_index *index, const uint32_t *to) {
    uint32_t count = (uint32_t)index->record_count;
    uint8_t *moved = calloc(count ? count : 1, 1);
    int result = -1;
    index->order = malloc((count ? count : 1) * sizeof *index->order);
    if (moved && index->order && order_by_rank(index, count) == 0)
        result = order_by_kind(index, count, to);
    if (result == 0)
        move_records(index->records, index->order, count, moved);
    free(moved);
    return result;
}
