/* What ads are worth: weights, scores, bounds, and the heap of the best; match.h defines them. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "match/match_internal.h"

/* Far more than exp() and the sums round: of a bound, and of the log-odds in it. */
#define MARGIN 1e-9
/* Beyond, exp() is clamped on the way to a bound, lest a product become 0 or NaN; |record.z| is below
 * TABLE_MOST_Z, so the smaller side of a bound decides there anyway. */
#define MOST_BOUND_Z 600.0

static double within(double z, double most) {
    if (z > most)
        return most;
    return z < -most ? -most : z;
}

/* ---- the request's part ---- */

static const float *weight_at(const struct table *table, uint64_t hash) {
    return &table->weights[hash >> (64 - table->header->weight_bits)];
}

static uint32_t looked_at(const struct match_hashes *hashes) {
    return hashes->count < MATCH_MOST_VALUES ? hashes->count : MATCH_MOST_VALUES;
}

static void ask_for_weights(const struct table *table, const struct match_hashes *hashes) {
    for (uint32_t i = 0; i < looked_at(hashes); i++)
        __builtin_prefetch(weight_at(table, hashes->items[i]));
}

static double weigh(const struct table *table, const struct match_hashes *hashes, double z) {
    for (uint32_t i = 0; i < looked_at(hashes); i++)
        z += (double)*weight_at(table, hashes->items[i]);
    return z;
}

static void choose_crosses(struct matcher *matcher) {
    const struct match_request *request = matcher->request;
    const struct match_hashes *inventory = &request->values[TARGET_INVENTORY];
    const struct match_hashes *device = &request->values[TARGET_DEVICE_TYPE];
    memset(matcher->crossed, 0, sizeof matcher->crossed);
    matcher->crossed[TABLE_CROSS_INVENTORY] = inventory->count > 0;
    if (inventory->count > 0)
        matcher->cross_hash[TABLE_CROSS_INVENTORY] = inventory->items[0];
    matcher->crossed[TABLE_CROSS_DEVICE_TYPE] = device->count > 0;
    if (device->count > 0)
        matcher->cross_hash[TABLE_CROSS_DEVICE_TYPE] = device->items[0];
    matcher->crossed[TABLE_CROSS_HOUR] = matcher->hour >= 0;
    if (matcher->hour >= 0)
        matcher->cross_hash[TABLE_CROSS_HOUR] = matcher->hour_hash[matcher->hour % 24];
}

void match_weigh_request(struct matcher *matcher) {
    const struct table *table = matcher->table;
    double z = 0;
    for (int i = 0; i < TARGETS; i++)
        ask_for_weights(table, &matcher->request->values[i]);
    for (int i = 0; i < TARGETS; i++)
        z = weigh(table, &matcher->request->values[i], z);
    if (matcher->hour >= 0) {
        z += (double)*weight_at(table, matcher->hour_hash[matcher->hour % 24]);
        z += (double)*weight_at(table, matcher->weekday_hash[matcher->hour / 24]);
    }
    matcher->z = within(z, MATCH_MOST_Z);
    if (++matcher->serial == 0) { /* once in four thousand million requests */
        memset(matcher->campaigns, 0, sizeof matcher->campaigns);
        matcher->serial = 1;
    }
    choose_crosses(matcher);
}

void match_weigh_imp(struct matcher *matcher) {
    const struct match_imp *imp = matcher->imp;
    const struct table *table = matcher->table;
    double z = matcher->z, most;
    if (imp->position < 16)
        z += (double)*weight_at(table, matcher->position_hash[imp->position]);
    if (imp->slot)
        z += (double)*weight_at(table, imp->slot);
    matcher->imp_z = within(z, MATCH_MOST_Z);
    most = matcher->imp_z + MARGIN;
    for (int i = 0; i < TABLE_CROSSES; i++)
        if (matcher->crossed[i])
            most += (double)table->header->cross_max[i];
    matcher->bound_factor = match_exp(within(most, MOST_BOUND_Z)) * (1 + MARGIN);
}

/* ---- an ad ---- */

static struct match_campaign *find_campaign(struct matcher *matcher, uint32_t key) {
    const struct table_header *header = matcher->table->header;
    struct match_campaign *campaign = &matcher->campaigns[key % MATCH_CAMPAIGNS];
    uint32_t part = 1u << header->cross_bits, first = 1u << header->weight_bits;
    if (campaign->key == key && campaign->serial == matcher->serial)
        return campaign;
    *campaign = (struct match_campaign){.key = key, .serial = matcher->serial};
    for (uint32_t i = 0; i < TABLE_CROSSES; i++) {
        if (!matcher->crossed[i])
            continue;
        uint64_t cross = target_cross(key, matcher->cross_hash[i]) >> (64 - header->cross_bits);
        campaign->places[i] = first + i * part + (uint32_t)cross;
        __builtin_prefetch(&matcher->table->weights[campaign->places[i]]);
    }
    return campaign;
}

void match_prefetch_weights(struct matcher *matcher, uint32_t campaign_key) {
    (void)find_campaign(matcher, campaign_key);
}

static double crosses_of(struct matcher *matcher, uint32_t key) {
    struct match_campaign *campaign = find_campaign(matcher, key);
    if (!campaign->summed) {
        for (int i = 0; i < TABLE_CROSSES; i++)
            if (matcher->crossed[i])
                campaign->crosses += (double)matcher->table->weights[campaign->places[i]];
        campaign->summed = true;
    }
    return campaign->crosses;
}

/* The first of the imp's sizes that the ad has. No ad is without a size, so a size's bitmap has no 'any' in
 * it; the walk has just read it. */
static uint32_t size_of(const struct matcher *matcher, uint32_t record) {
    const struct match_hashes *sizes = &matcher->imp->sizes;
    const struct table *table = matcher->table;
    const uint32_t *list = table->lists + table->records[record].lists + 1; /* sizes come first */
    for (uint32_t i = 0; i < looked_at(sizes); i++) {
        if (matcher->size_maps[i] && match_bit(matcher->size_maps[i], record))
            return i;
        for (uint32_t j = 0; !matcher->sizes_in_maps && j < list[0]; j++)
            if (table->values[list[1 + j]].hash == sizes->items[i])
                return i;
    }
    return 0;
}

/* Whether a is to come after b. */
static bool is_worse(const struct match_hit *a, const struct match_hit *b) {
    return a->score < b->score || (a->score == b->score && a->record > b->record);
}

/* Puts a hit in at place `at` of the heap or below, where the worse of its children moves up. */
static void sink(struct match_hit *hits, uint32_t count, uint32_t at, struct match_hit hit) {
    for (;;) {
        uint32_t child = 2 * at + 1;
        if (child >= count)
            break;
        if (child + 1 < count && is_worse(&hits[child + 1], &hits[child]))
            child++;
        if (!is_worse(&hits[child], &hit))
            break;
        hits[at] = hits[child];
        at = child;
    }
    hits[at] = hit;
}

static void keep(struct matcher *matcher, struct match_hit hit) {
    struct match_hit *hits = matcher->hits;
    bool full = matcher->hit_count >= matcher->hit_room;
    if (full && matcher->keep_best && !is_worse(&hits[0], &hit))
        return;
    if (!match_campaign_bids(matcher, &matcher->table->records[hit.record]) ||
        match_creative_is_blocked(matcher, hit.record))
        return;
    if (!full || matcher->keep_best)
        hit.size = size_of(matcher, hit.record);
    if (!full) {
        hits[matcher->hit_count++] = hit;
        if (matcher->keep_best && matcher->hit_count == matcher->hit_room)
            for (uint32_t i = matcher->hit_count / 2; i-- > 0;)
                sink(hits, matcher->hit_count, i, hits[i]);
    } else if (!matcher->keep_best) {
        matcher->hit_count++;
    } else {
        sink(hits, matcher->hit_count, 0, hit);
    }
}

static void score(struct matcher *matcher, const struct match_candidate *candidate) {
    const struct table_record *record = candidate->record;
    struct match_hit hit = {candidate->number, candidate->deal, 0, record->price, 1};
    if (record->flags & TABLE_BY_CLICK) {
        double z = matcher->imp_z + (double)record->z + crosses_of(matcher, record->campaign_key);
        hit.pctr = 1 / (1 + match_exp(-z));
        hit.score = record->price * hit.pctr;
        if (hit.pctr < matcher->request->least_pctr)
            return;
    }
    if (hit.score >= candidate->floor)
        keep(matcher, hit);
}

void match_score_batch(struct matcher *matcher, struct match_batch *batch) {
    for (uint32_t i = 0; i < batch->count; i++)
        score(matcher, &batch->items[i]);
    batch->count = 0;
}

/* ---- the end ---- */

static bool is_beaten(const struct matcher *matcher, double bound) {
    bound += DBL_MIN; /* what is smaller has no 52 bits: a relative margin does not cover it */
    if (bound < matcher->least_floor)
        return true;
    return matcher->keep_best && matcher->hit_count == matcher->hit_room && bound <= matcher->hits[0].score;
}

bool match_is_over(struct matcher *matcher, const struct table_block *block) {
    double click = block->click * matcher->bound_factor;
    matcher->click_is_over = is_beaten(matcher, click < block->click_price ? click : block->click_price);
    matcher->view_is_over = is_beaten(matcher, block->view);
    return matcher->click_is_over && matcher->view_is_over;
}

void match_finish_hits(struct matcher *matcher) {
    struct match_hit *hits = matcher->hits;
    if (!matcher->keep_best)
        return;
    for (uint32_t i = 1; i < matcher->hit_count; i++) { /* insertion: there are at most MATCH_MOST_HITS */
        struct match_hit hit = hits[i];
        uint32_t at = i;
        for (; at > 0 && is_worse(&hits[at - 1], &hit); at--)
            hits[at] = hits[at - 1];
        hits[at] = hit;
    }
}
