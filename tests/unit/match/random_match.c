/* Random tables against random requests; see random_match.h. */
#include "random_match.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "match_table.h"
#include "random_texts.h"
#include "reference.h"
#include "table/table_check.h"

#define HASHES_ROOM (8 * REFERENCE_TEXTS)

/* A table and what it was made of. */
struct made {
    struct prng prng;
    struct random_style style;
    uint32_t count;
    struct text_ad *ads;            /* as added */
    const struct text_ad **records; /* in the table's order */
    struct text_weights *weights;
    struct table table;
    uint8_t paused[RANDOM_CAMPAIGNS];
    struct text_hit *wanted, *sorted;
    struct match_hit *hits;
};

/* ---- into a table ---- */

struct hash_list {
    uint64_t items[HASHES_ROOM];
    uint32_t count;
};

static void hash_texts(struct hash_list *list, enum target target, const struct texts *texts, bool parents) {
    const char *all[HASHES_ROOM];
    int n = 0;
    for (int i = 0; i < texts->count; i++) {
        if (parents)
            n = with_parents(target, texts->items[i], all, n, HASHES_ROOM);
        else
            all[n++] = texts->items[i];
    }
    for (int i = 0; i < n; i++)
        list->items[i] = target_hash(target, str_from(all[i]));
    list->count = (uint32_t)n;
}

static void fill_record(struct table_record *record, const struct text_ad *ad) {
    *record = (struct table_record){.price = ad->price,
                                    .z = ad->z,
                                    .campaign = (uint32_t)ad->campaign,
                                    .campaign_key = (uint32_t)ad->campaign * 2654435761u,
                                    .starts = (uint32_t)ad->starts,
                                    .ends = (uint32_t)ad->ends,
                                    .attr = ad->attr,
                                    .positions = ad->positions,
                                    .connections = ad->connections,
                                    .media = TABLE_BANNER,
                                    .cattax = ad->own.count > 0 ? ad->cattax : 0};
    record->flags = (uint8_t)((ad->by_click ? TABLE_BY_CLICK : 0) | (ad->secure ? TABLE_SECURE : 0) |
                              (ad->secure_only ? TABLE_SECURE_ONLY : 0));
    record->zone = random_zone_number(ad->zone);
}

/* Patterns of hours are few: the ad says its own by their first equal one. */
static uint16_t hours_number(struct table_hours *hours, uint32_t *count, const struct text_ad *ad) {
    struct table_hours own = {{0}};
    if (ad->all_hours)
        return 0;
    for (int i = 0; i < 168; i++)
        own.words[i / 64] |= (uint64_t)ad->hours[i] << i % 64;
    for (uint32_t i = 0; i < *count; i++)
        if (memcmp(&hours[i], &own, sizeof own) == 0)
            return (uint16_t)(i + 1);
    hours[*count] = own;
    return (uint16_t)++ * count;
}

static int add(struct table_index *index, const struct text_ad *ad, struct table_hours *hours,
               uint32_t *hours_count) {
    static struct hash_list lists[TABLE_LISTS_MOST], domains;
    static const uint32_t numbers[REFERENCE_TEXTS];
    struct table_index_ad raw = {.size_numbers = numbers};
    struct texts domain = {{ad->domain}, ad->domain ? 1 : 0};
    fill_record(&raw.record, ad);
    raw.record.hours = hours_number(hours, hours_count, ad);
    for (int i = 0; i < TARGET_INDEXED; i++)
        hash_texts(&lists[i], (enum target)i, &ad->in[i], false);
    hash_texts(&lists[TABLE_LIST_NOT_CATEGORY], TARGET_CATEGORY, &ad->not_category, false);
    hash_texts(&lists[TABLE_LIST_NOT_INVENTORY], TARGET_INVENTORY, &ad->not_inventory, false);
    hash_texts(&lists[TABLE_LIST_NOT_SEGMENT], TARGET_SEGMENT, &ad->not_segment, false);
    hash_texts(&lists[TABLE_LIST_OWN_CATEGORY], TARGET_CATEGORY, &ad->own, true);
    hash_texts(&domains, TARGET_ADVERTISER, &domain, true);
    for (int i = 0; i < TABLE_LISTS_MOST; i++) {
        raw.values[i] = lists[i].items;
        raw.value_counts[i] = lists[i].count;
    }
    raw.advertiser = domains.items;
    raw.advertiser_count = domains.count;
    raw.creative = ad->crid ? target_hash(TARGET_CREATIVE, str_from(ad->crid)) : 0;
    raw.language = ad->language ? target_hash(TARGET_LANGUAGE, str_from(ad->language)) : 0;
    return table_index_add(index, &raw);
}

/* Texts of crids: at 64 bytes each. */
static void fill_cold(const struct made *made, struct table_ad *ads, char *strings) {
    for (uint32_t i = 0; i < made->count; i++) {
        const char *crid = made->ads[i].crid;
        ads[i] = (struct table_ad){.crid = {64 * i, crid ? (uint32_t)strlen(crid) : 0}};
        if (crid)
            memcpy(strings + (size_t)64 * i, crid, strlen(crid));
    }
}

static int make_table(struct made *made) {
    struct table_index *index = table_index_create();
    struct table_hours *hours = calloc((size_t)made->count + 1, sizeof *hours);
    struct table_ad *ads = calloc((size_t)made->count + 1, sizeof *ads);
    char *strings = calloc((size_t)made->count + 1, 64), error[TABLE_ERROR_BYTES] = "no memory";
    struct match_table_parts parts = {.ads = ads,
                                      .strings = strings,
                                      .string_bytes = (size_t)64 * made->count,
                                      .hours = hours,
                                      .zones = random_zones(),
                                      .zone_count = RANDOM_ZONES,
                                      .campaign_count = RANDOM_CAMPAIGNS,
                                      .weights = made->weights->own,
                                      .weight_bits = WEIGHT_BITS,
                                      .cross_bits = CROSS_BITS};
    int result = index && hours && ads && strings ? 0 : -1;
    for (uint32_t i = 0; result == 0 && i < made->count; i++)
        result = add(index, &made->ads[i], hours, &parts.hours_count);
    if (result == 0) {
        fill_cold(made, ads, strings);
        result = match_table_map(index, &parts, &made->table, error, sizeof error);
    } else {
        table_index_destroy(index);
    }
    if (result != 0)
        printf("table: %s\n", error);
    free(hours);
    free(ads);
    free(strings);
    return result;
}

/* ---- its order, found again ---- */

static double rank_of(const struct text_ad *ad) {
    return ad->by_click ? ad->price * match_exp((double)ad->z) : ad->price;
}

static int by_rank(const void *a, const void *b) {
    const struct text_ad *x = *(const struct text_ad *const *)a, *y = *(const struct text_ad *const *)b;
    if (rank_of(x) != rank_of(y))
        return rank_of(x) > rank_of(y) ? -1 : 1;
    return x < y ? -1 : 1;
}

/* ---- into a request ---- */

struct hashed {
    struct hash_list is[TARGETS], badv, bcat, bcrid, wlang, sizes, deals;
    struct match_request request;
    struct match_imp imp;
};

static struct match_hashes view(const struct hash_list *list) {
    return (struct match_hashes){list->items, list->count};
}

static void hash_request(struct hashed *hashed, const struct text_request *text) {
    struct match_request *request = &hashed->request;
    struct match_imp *imp = &hashed->imp;
    memset(hashed, 0, sizeof *hashed);
    for (int i = 0; i < TARGETS; i++) {
        hash_texts(&hashed->is[i], (enum target)i, &text->is[i], true);
        request->values[i] = view(&hashed->is[i]);
    }
    hash_texts(&hashed->badv, TARGET_ADVERTISER, &text->badv, false);
    hash_texts(&hashed->bcat, TARGET_CATEGORY, &text->bcat, false);
    hash_texts(&hashed->bcrid, TARGET_CREATIVE, &text->bcrid, false);
    hash_texts(&hashed->wlang, TARGET_LANGUAGE, &text->wlang, false);
    hash_texts(&hashed->sizes, TARGET_SIZE, &text->sizes, false);
    hash_texts(&hashed->deals, TARGET_DEAL, &text->deals, false);
    request->badv = view(&hashed->badv);
    request->bcat = view(&hashed->bcat);
    request->bcrid = view(&hashed->bcrid);
    request->wlang = view(&hashed->wlang);
    request->cattax = text->cattax;
    request->connection = text->connection;
    request->utc_offset = (int16_t)text->utc_offset;
    request->now = text->now;
    request->least_pctr = text->least_pctr;
    *imp = (struct match_imp){.sizes = view(&hashed->sizes),
                              .deals = view(&hashed->deals),
                              .deal_floors = text->deal_floors,
                              .floor = text->floor,
                              .slot = text->slot ? target_hash(TARGET_SLOT, str_from(text->slot)) : 0,
                              .battr = text->battr,
                              .position = text->position,
                              .secure = text->secure,
                              .private_auction = text->private_auction};
}

/* ---- the comparison ---- */

static int compare(const struct made *made, const struct text_hit *wanted, uint32_t count, const char *what) {
    for (uint32_t i = 0; i < count; i++) {
        const struct text_hit *w = &wanted[i];
        const struct match_hit *h = &made->hits[i];
        if (w->record != h->record || w->deal != h->deal || w->size != h->size || w->score != h->score ||
            w->pctr != h->pctr) {
            printf("%s: hit %u of %u is record %u, deal %d, size %u, score %a, pctr %a instead of record %u, "
                   "deal %d, size %u, score %a, pctr %a\n",
                   what, i, count, h->record, (int)h->deal, h->size, h->score, h->pctr, w->record,
                   (int)w->deal, w->size, w->score, w->pctr);
            return -1;
        }
    }
    return 0;
}

static int compare_top(struct made *made, struct matcher *matcher, const struct match_imp *imp, uint32_t all,
                       uint32_t k, struct random_counts *counts) {
    uint32_t wanted = all < k ? all : k, got = match_top(matcher, imp, k, made->hits);
    counts->comparisons++;
    counts->hits += wanted;
    counts->empty += wanted == 0;
    if (got != wanted) {
        printf("top %u: %u instead of %u\n", k, got, wanted);
        return -1;
    }
    return compare(made, made->sorted, got, "top");
}

static int compare_all(struct made *made, struct matcher *matcher, const struct match_imp *imp, uint32_t all,
                       uint32_t room, struct random_counts *counts) {
    uint32_t got = match_all(matcher, imp, made->hits, room);
    counts->comparisons++;
    counts->hits += all < room ? all : room;
    counts->empty += all == 0;
    if (got != all) {
        printf("all: %u instead of %u\n", got, all);
        return -1;
    }
    return compare(made, made->wanted, all < room ? all : room, "all");
}

static int compare_request(struct made *made, struct matcher *matcher, struct random_counts *counts) {
    static struct hashed hashed;
    struct text_request text;
    static const uint32_t ks[] = {1, 2, 5, 10, MATCH_MOST_HITS};
    random_request(&made->prng, &made->style, &text);
    hash_request(&hashed, &text);
    uint32_t all = reference_all(made->records, made->count, made->weights, &text, made->wanted);
    memcpy(made->sorted, made->wanted, all * sizeof *made->sorted);
    reference_sort(made->sorted, all);
    counts->requests++;
    counts->checks += made->count;
    match_begin(matcher, &hashed.request);
    for (size_t i = 0; i < COUNT_OF(ks); i++)
        if (compare_top(made, matcher, &hashed.imp, all, ks[i], counts) != 0)
            return -1;
    if (compare_all(made, matcher, &hashed.imp, all, made->count, counts) != 0)
        return -1;
    return compare_all(made, matcher, &hashed.imp, all, random_below(&made->prng, 4), counts);
}

static int compare_requests(struct made *made, uint32_t requests, struct random_counts *counts) {
    struct matcher *matcher = matcher_create(&made->table);
    int result = matcher ? 0 : -1;
    for (uint32_t i = 0; result == 0 && i < requests; i++) {
        if (i == 0)
            matcher_set_paused(matcher, made->paused, RANDOM_CAMPAIGNS);
        result = compare_request(made, matcher, counts);
    }
    matcher_destroy(matcher);
    return result;
}

static int make(struct made *made, uint32_t most_ads) {
    random_style(&made->prng, &made->style);
    made->count = random_below(&made->prng, most_ads + 1);
    size_t room = (size_t)made->count + MATCH_MOST_HITS;
    made->ads = calloc(room, sizeof *made->ads);
    made->records = calloc(room, sizeof(struct text_ad *));
    made->weights = calloc(1, sizeof *made->weights);
    made->wanted = calloc(room, sizeof *made->wanted);
    made->sorted = calloc(room, sizeof *made->sorted);
    made->hits = calloc(room, sizeof *made->hits);
    if (!made->ads || !made->records || !made->weights || !made->wanted || !made->sorted || !made->hits)
        return -1;
    for (int i = 0; i < RANDOM_CAMPAIGNS; i++)
        made->paused[i] = random_below(&made->prng, 20) == 0;
    for (uint32_t i = 0; i < made->count; i++) {
        random_ad(&made->prng, &made->style, &made->ads[i]);
        made->ads[i].paused = made->paused[made->ads[i].campaign];
        made->records[i] = &made->ads[i];
    }
    qsort(made->records, made->count, sizeof(struct text_ad *), by_rank);
    random_weights(&made->prng, &made->style, made->weights);
    return make_table(made);
}

int random_match(uint64_t seed, uint32_t most_ads, uint32_t requests, struct random_counts *counts) {
    struct made made = {.count = 0};
    char error[TABLE_ERROR_BYTES];
    prng_seed(&made.prng, seed);
    int result = make(&made, most_ads);
    if (result == 0 && table_check_hot(&(struct table_check){
                           .table = &made.table, .error = error, .error_size = sizeof error}) != 0) {
        printf("table: %s\n", error);
        result = -1;
    }
    if (result == 0)
        result = compare_requests(&made, requests, counts);
    if (result != 0)
        printf("seed %llu, at most %u ads, %u requests\n", (unsigned long long)seed, most_ads, requests);
    counts->tables++;
    counts->ads += made.count;
    table_unmap(&made.table);
    free(made.ads);
    free(made.records);
    free(made.weights);
    free(made.wanted);
    free(made.sorted);
    free(made.hits);
    return result;
}
