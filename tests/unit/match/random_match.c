/* Random tables against random requests; see random_match.h. */
#include "random_match.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "random_texts.h"
#include "reference.h"
#include "table/table_check.h"
#include "table/table_index.h"
#include "text_table.h"

/* A table and what it was made of. */
struct made {
    struct prng prng;
    struct random_style style;
    uint32_t count;
    struct text_ad *ads;            /* as added */
    const struct text_ad **records; /* in the table's order */
    struct text_weights *weights;
    struct table table;
    uint16_t rates[RANDOM_CAMPAIGNS];
    uint32_t frequencies[RANDOM_CAMPAIGNS];
    struct text_hit *wanted, *sorted;
    struct match_hit *hits;
};

/* ---- its order ---- */

static double rank_of(const struct text_ad *ad) {
    return ad->by_click ? ad->price * match_exp((double)ad->z) : ad->price;
}

/* Whether each unit of blocks has better ads than the next. */
static bool units_fall(const struct made *made) {
    double worst = INFINITY;
    for (uint32_t first = 0, n; first < made->count; first += n) {
        double next = INFINITY;
        n = table_index_unit(first / TABLE_BLOCK_ADS) * TABLE_BLOCK_ADS;
        n = n < made->count - first ? n : made->count - first;
        for (uint32_t i = first; i < first + n; i++) {
            double rank = rank_of(made->records[i]);
            if (rank > worst)
                return false;
            next = rank < next ? rank : next;
        }
        worst = next;
    }
    return true;
}

/* Fills records[]; whether each ad is there once, in a good order. */
static bool find_order(struct made *made) {
    for (uint32_t i = 0; i < made->count; i++) {
        uint32_t line = made->table.ads[i].line;
        if (line == 0 || line > made->count || made->ads[line - 1].placed)
            return false;
        made->ads[line - 1].placed = true;
        made->records[i] = &made->ads[line - 1];
    }
    return made->table.ad_count == made->count && units_fall(made);
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
    static struct text_hashed hashed;
    struct text_request text;
    static const uint32_t ks[] = {1, 2, 5, 10, MATCH_MOST_HITS};
    random_request(&made->prng, &made->style, &text);
    text_hash_request(&hashed, &text);
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
            matcher_set_rates(matcher, made->rates, RANDOM_CAMPAIGNS);
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
    for (int i = 0; i < RANDOM_CAMPAIGNS; i++) {
        made->rates[i] = random_rate(&made->prng);
        made->frequencies[i] = random_below(&made->prng, 4);
    }
    for (uint32_t i = 0; i < made->count; i++) {
        random_ad(&made->prng, &made->style, &made->ads[i]);
        made->ads[i].rate = made->rates[made->ads[i].campaign];
        made->ads[i].frequency = made->frequencies[made->ads[i].campaign];
    }
    random_weights(&made->prng, &made->style, made->weights);
    if (text_table(made->ads, made->count, made->weights, &made->table) != 0)
        return -1;
    if (find_order(made))
        return 0;
    printf("the table's order\n");
    return -1;
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
