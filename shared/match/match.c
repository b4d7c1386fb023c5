/* The life of a matcher, and what a request is: see match.h, and match_internal.h for the order of things. */
#include "match/match.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "match/match_internal.h"
#include "table/table_marks.h"

#define HOUR INT64_C(3600)
#define WEEK (168 * HOUR)

/* ---- making one ---- */

static uint64_t number_hash(enum target target, unsigned number) {
    char text[16];
    int n = snprintf(text, sizeof text, "%u", number);
    return target_hash(target, (struct str){text, (size_t)n});
}

static void hash_numbers(struct matcher *matcher) {
    for (unsigned i = 0; i < COUNT_OF(matcher->hour_hash); i++)
        matcher->hour_hash[i] = number_hash(TARGET_HOUR, i);
    for (unsigned i = 0; i < COUNT_OF(matcher->weekday_hash); i++)
        matcher->weekday_hash[i] = number_hash(TARGET_WEEKDAY, i);
    for (unsigned i = 0; i < COUNT_OF(matcher->position_hash); i++)
        matcher->position_hash[i] = number_hash(TARGET_POSITION, i);
}

static void count_any(struct matcher *matcher) {
    const struct table_header *header = matcher->table->header;
    for (int i = 0; i < TARGET_INDEXED; i++) {
        if (header->any_bitmap[i] == TABLE_NONE)
            continue;
        const uint64_t *map = matcher->table->bitmaps + (size_t)header->any_bitmap[i] * header->bitmap_words;
        for (uint32_t j = 0; j < header->bitmap_words; j++)
            matcher->any_ads[i] += (uint32_t)__builtin_popcountll(map[j]);
    }
}

struct matcher *matcher_create(const struct table *table) {
    size_t value_words = table->value_count / 64 + 1;
    struct matcher *matcher = aligned_alloc(64, (sizeof *matcher + 63) / 64 * 64);
    if (!matcher)
        return NULL;
    memset(matcher, 0, sizeof *matcher);
    matcher->table = table;
    matcher->has = calloc(value_words, sizeof *matcher->has);
    matcher->others = calloc(value_words, sizeof *matcher->others);
    matcher->bits_kind = match_bits_best();
    matcher->zones = calloc((size_t)table->zone_count + 1, sizeof *matcher->zones);
    matcher->zone_hours = calloc((size_t)table->zone_count + 1, sizeof *matcher->zone_hours);
    if (!matcher->has || !matcher->others || !matcher->zones || !matcher->zone_hours) {
        matcher_destroy(matcher);
        return NULL;
    }
    hash_numbers(matcher);
    count_any(matcher);
    return matcher;
}

void matcher_destroy(struct matcher *matcher) {
    if (!matcher)
        return;
    free(matcher->has);
    free(matcher->others);
    free(matcher->zones);
    free(matcher->zone_hours);
    free(matcher);
}

void matcher_table_moved(struct matcher *matcher, const struct table *table) {
    matcher->table = table;
}

void matcher_set_rates(struct matcher *matcher, const volatile uint16_t *rates, uint32_t count) {
    matcher->rates = rates;
    matcher->rate_count = rates ? count : 0;
}

/* ---- values ---- */

static uint32_t looked_at(const struct match_hashes *hashes) {
    return hashes->count < MATCH_MOST_VALUES ? hashes->count : MATCH_MOST_VALUES;
}

static void ask_for_slots(const struct table *table, const struct match_hashes *hashes) {
    for (uint32_t i = 0; i < looked_at(hashes); i++)
        table_prefetch(table, hashes->items[i]);
}

static void ask_for_values(const struct table *table, const struct match_hashes *hashes) {
    for (uint32_t i = 0; i < looked_at(hashes); i++) {
        uint32_t value = table->slots[hashes->items[i] & table->slot_mask];
        if (value != TABLE_NONE)
            __builtin_prefetch(&table->values[value]);
    }
}

/* Collects the numbers of values that the table knows, once each, and marks them. */
static void mark(const struct table *table, const struct match_hashes *hashes, struct match_numbers *numbers,
                 uint64_t *bits) {
    for (uint32_t i = 0; i < looked_at(hashes); i++) {
        uint32_t value = table_find(table, hashes->items[i]);
        if (value == TABLE_NONE || match_bit(bits, value))
            continue;
        bits[value / 64] |= UINT64_C(1) << value % 64;
        numbers->items[numbers->count++] = value;
    }
}

static void unmark(struct match_numbers *numbers, uint64_t *bits) {
    for (uint32_t i = 0; i < numbers->count; i++)
        bits[numbers->items[i] / 64] &= ~(UINT64_C(1) << numbers->items[i] % 64);
    numbers->count = 0;
}

static bool is_of_imp(int target) {
    return target == TARGET_SIZE || target == TARGET_DEAL;
}

static void forget(struct matcher *matcher) {
    for (int i = 0; i < TARGET_INDEXED; i++)
        unmark(&matcher->is[i], matcher->has);
    unmark(&matcher->badv, matcher->others);
    unmark(&matcher->bcat, matcher->others);
    unmark(&matcher->wlang, matcher->others);
    memset(matcher->crid_filter, 0, sizeof matcher->crid_filter);
    if (matcher->cap_count > 0)
        memset(matcher->cap_filter, 0, sizeof matcher->cap_filter);
    matcher->cap_count = 0;
}

/* In rounds, so that the cache misses of all values overlap. */
static void mark_request(struct matcher *matcher) {
    const struct match_request *request = matcher->request;
    const struct match_hashes *others[] = {&request->badv, &request->bcat, &request->wlang};
    struct match_numbers *numbers[] = {&matcher->badv, &matcher->bcat, &matcher->wlang};
    const struct table *table = matcher->table;
    for (int i = 0; i < TARGET_INDEXED; i++)
        ask_for_slots(table, &request->values[i]);
    for (size_t i = 0; i < COUNT_OF(others); i++)
        ask_for_slots(table, others[i]);
    for (int i = 0; i < TARGET_INDEXED; i++)
        ask_for_values(table, &request->values[i]);
    for (size_t i = 0; i < COUNT_OF(others); i++)
        ask_for_values(table, others[i]);
    for (int i = 0; i < TARGET_INDEXED; i++)
        if (!is_of_imp(i))
            mark(table, &request->values[i], &matcher->is[i], matcher->has);
    for (size_t i = 0; i < COUNT_OF(others); i++)
        mark(table, others[i], numbers[i], matcher->others);
    for (uint32_t i = 0; i < looked_at(&request->bcrid); i++) {
        uint64_t bit = request->bcrid.items[i] % MATCH_CRID_BITS;
        matcher->crid_filter[bit / 64] |= UINT64_C(1) << bit % 64;
    }
}

static uint32_t excluded_bits(const struct matcher *matcher, enum target target) {
    const struct match_numbers *numbers = &matcher->is[target];
    uint32_t bits = 0;
    for (uint32_t i = 0; i < numbers->count; i++)
        bits |= table_excluded_bit(matcher->table->values[numbers->items[i]].hash);
    return bits;
}

/* What to hold against ads' marks. */
static void mark_marks(struct matcher *matcher) {
    const uint32_t bits[] = {excluded_bits(matcher, TARGET_CATEGORY),
                             excluded_bits(matcher, TARGET_INVENTORY),
                             excluded_bits(matcher, TARGET_SEGMENT)};
    for (uint32_t lists = 0; lists < COUNT_OF(matcher->unwanted); lists++)
        matcher->unwanted[lists] =
            (lists & 1 ? bits[0] : 0) | (lists & 2 ? bits[1] : 0) | (lists & 4 ? bits[2] : 0);
    matcher->own_refused = matcher->own_unsure = 0;
    for (uint32_t i = 0; i < matcher->bcat.count; i++) {
        uint32_t bit = matcher->table->values[matcher->bcat.items[i]].number;
        if (bit < TABLE_OWN_SHARED)
            matcher->own_refused |= 1u << bit;
        else if (bit == TABLE_OWN_SHARED)
            matcher->own_unsure |= 1u << bit;
    }
}

static void mark_caps(struct matcher *matcher) {
    const struct match_request *request = matcher->request;
    matcher->cap_count = request->cap_count < MATCH_MOST_CAPS ? request->cap_count : MATCH_MOST_CAPS;
    for (uint32_t i = 0; i < matcher->cap_count; i++) {
        uint64_t bit = request->caps[i].campaign % MATCH_CAP_BITS;
        matcher->cap_filter[bit / 64] |= UINT64_C(1) << bit % 64;
    }
}

/* ---- requests and imps ---- */

void match_begin(struct matcher *matcher, const struct match_request *request) {
    forget(matcher);
    matcher->request = request;
    matcher->hour = -1;
    if (request->utc_offset != MATCH_NO_OFFSET)
        matcher->hour = match_week_hour(request->now + request->utc_offset * (int64_t)60);
    for (uint32_t i = 0; i < matcher->table->zone_count; i++)
        matcher->zone_hours[i] = (int16_t)matcher->hour;
    matcher->connection_bit = request->connection < 16 ? 1u << request->connection : 0;
    mark_request(matcher);
    mark_marks(matcher);
    mark_caps(matcher);
    match_weigh_request(matcher);
}

/* 0 is Monday 0:00; 1970-01-01 was a Thursday. */
int match_week_hour(int64_t local) {
    int64_t second = (local % WEEK + WEEK + INT64_C(72) * HOUR) % WEEK;
    return (int)(second / HOUR);
}

/* Where a hit's size is looked up. */
static void find_size_maps(struct matcher *matcher) {
    const struct match_hashes *sizes = &matcher->imp->sizes;
    const struct table *table = matcher->table;
    matcher->sizes_in_maps = true;
    for (uint32_t i = 0; i < looked_at(sizes); i++) {
        uint32_t value = table_find(table, sizes->items[i]);
        matcher->size_maps[i] = NULL;
        if (value == TABLE_NONE)
            continue;
        uint32_t map = table->values[value].bitmap;
        if (map == TABLE_NONE)
            matcher->sizes_in_maps = false;
        else
            matcher->size_maps[i] = table->bitmaps + (size_t)map * table->header->bitmap_words;
    }
}

static void begin_imp(struct matcher *matcher, const struct match_imp *imp) {
    const struct table *table = matcher->table;
    unmark(&matcher->is[TARGET_SIZE], matcher->has);
    unmark(&matcher->is[TARGET_DEAL], matcher->has);
    matcher->imp = imp;
    matcher->must_hold = imp->private_auction ? 1u << TARGET_DEAL : 0;
    matcher->position_bit = imp->position < 16 ? 1u << imp->position : 0;
    ask_for_slots(table, &imp->sizes);
    ask_for_slots(table, &imp->deals);
    mark(table, &imp->sizes, &matcher->is[TARGET_SIZE], matcher->has);
    mark(table, &imp->deals, &matcher->is[TARGET_DEAL], matcher->has);
    find_size_maps(matcher);
    matcher->least_floor = imp->private_auction ? INFINITY : imp->floor;
    for (uint32_t i = 0; i < looked_at(&imp->deals); i++)
        if (imp->deal_floors[i] < matcher->least_floor)
            matcher->least_floor = imp->deal_floors[i];
    match_weigh_imp(matcher);
}

enum how { TOP, ALL, SCAN };

static uint32_t match(struct matcher *matcher, const struct match_imp *imp, struct match_hit *hits,
                      uint32_t room, enum how how) {
    matcher->hits = hits;
    matcher->hit_room = room;
    matcher->hit_count = 0;
    matcher->keep_best = how != ALL;
    begin_imp(matcher, imp);
    if (how == SCAN)
        match_walk_records(matcher);
    else if (match_plan(matcher))
        match_walk(matcher);
    match_finish_hits(matcher);
    return matcher->hit_count;
}

static uint32_t most_hits(uint32_t k) {
    return k < MATCH_MOST_HITS ? k : MATCH_MOST_HITS;
}

uint32_t match_top(struct matcher *matcher, const struct match_imp *imp, uint32_t k, struct match_hit *hits) {
    return k > 0 ? match(matcher, imp, hits, most_hits(k), TOP) : 0;
}

uint32_t match_all(struct matcher *matcher, const struct match_imp *imp, struct match_hit *hits,
                   uint32_t room) {
    return match(matcher, imp, hits, room, ALL);
}

uint32_t match_scan(struct matcher *matcher, const struct match_imp *imp, uint32_t k,
                    struct match_hit *hits) {
    return k > 0 ? match(matcher, imp, hits, most_hits(k), SCAN) : 0;
}
