/* The full check of one ad against the request and the imp: see match_check_record() and
 * match_check_lists() in match_internal.h. */
#include "base/hash.h"
#include "match/match_internal.h"

static int16_t hour_in_zone(struct matcher *matcher, uint32_t zone) {
    const char *name = matcher->table->zones[zone].name;
    struct str text = {name, strnlen(name, sizeof matcher->table->zones->name)};
    int64_t now = matcher->request->now;
    if (zone > 0)
        now += match_zone_offset(&matcher->zones[zone], MATCH_ZONE_DIRECTORY, text, now);
    return matcher->zone_hours[zone] = (int16_t)match_week_hour(now);
}

static bool hour_fits(struct matcher *matcher, const struct table_record *record) {
    int16_t hour = matcher->zone_hours[record->zone];
    if (UNLIKELY(hour < 0))
        hour = hour_in_zone(matcher, record->zone);
    return match_bit(matcher->table->hours[record->hours].words, (uint32_t)hour);
}

/* The filter meets what may be in bcrid by its lowest bits; then the crid itself tells. */
bool match_creative_is_blocked(const struct matcher *matcher, uint32_t number) {
    const struct table_record *record = &matcher->table->records[number];
    const struct match_hashes *bcrid = &matcher->request->bcrid;
    uint32_t count = bcrid->count < MATCH_MOST_VALUES ? bcrid->count : MATCH_MOST_VALUES;
    if (count == 0 || !match_bit(matcher->crid_filter, record->creative))
        return false;
    for (uint32_t i = 0; i < count; i++) {
        if ((uint8_t)bcrid->items[i] != record->creative)
            continue;
        struct str crid = table_text(matcher->table, matcher->table->ads[number].crid);
        if (crid.n > 0 && target_hash(TARGET_CREATIVE, crid) == bcrid->items[i])
            return true;
    }
    return false;
}

/* What of the request each record is held against. */
struct wanted {
    int64_t now;
    uint32_t flags_of_interest, flags; /* an ad's flags of interest are to be these */
    uint32_t battr, must_hold, position_bit, connection_bit, own_refused;
    uint8_t cattax;
    bool bcat, wlang;
};

static struct wanted want(const struct matcher *matcher) {
    const struct match_request *request = matcher->request;
    const struct match_imp *imp = matcher->imp;
    struct wanted wanted = {.now = request->now,
                            .flags_of_interest = imp->secure ? TABLE_SECURE : TABLE_SECURE_ONLY,
                            .flags = imp->secure ? TABLE_SECURE : 0,
                            .battr = imp->battr,
                            .must_hold = matcher->must_hold,
                            .position_bit = matcher->position_bit,
                            .connection_bit = matcher->connection_bit,
                            .own_refused = matcher->own_refused,
                            .cattax = request->cattax,
                            .bcat = request->bcat.count > 0,
                            .wlang = request->wlang.count > 0};
    return wanted;
}

/* No branch depends on the ad: which of these fails, if any, no processor foresees. */
static bool record_fits(struct matcher *matcher, const struct wanted *wanted,
                        const struct table_record *record) {
    unsigned refused = wanted->now < record->starts;
    refused |= wanted->now >= record->ends;
    refused |= (record->attr & wanted->battr) != 0;
    refused |= (record->own & wanted->own_refused) != 0;
    refused |= (record->flags & wanted->flags_of_interest) != wanted->flags;
    refused |= (wanted->must_hold & ~(uint32_t)record->held) != 0;
    refused |= (record->positions != 0) & !(record->positions & wanted->position_bit);
    refused |= (record->connections != 0) & !(record->connections & wanted->connection_bit);
    refused |= wanted->bcat & (record->cattax != 0) & (record->cattax != wanted->cattax);
    refused |= !hour_fits(matcher, record);
    return !refused;
}

/* What few requests ask for. */
static bool language_fits(const struct matcher *matcher, const struct table_record *record) {
    return record->language == TABLE_NONE || match_bit(matcher->others, record->language);
}

/* Which lists of the ad the record does not answer for. */
static uint32_t lists_in_doubt(const struct matcher *matcher, const struct table_record *record) {
    const uint32_t not_lists = 7u << TABLE_LIST_NOT_CATEGORY;
    uint32_t lists = matcher->list_mask;
    if (record->excluded & matcher->unwanted[record->held >> TABLE_LIST_NOT_CATEGORY & 7])
        lists |= not_lists;
    if (record->own & matcher->own_unsure)
        lists |= 1u << TABLE_LIST_OWN_CATEGORY;
    return lists & record->held;
}

void match_check_records(struct matcher *matcher, struct match_batch *batch) {
    const struct wanted wanted = want(matcher);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < batch->count; i++) {
        struct match_candidate candidate = batch->items[i];
        const struct table_record *record = candidate.record;
        const void *next = record;
        bool fits = record_fits(matcher, &wanted, record);
        fits &= !(record->flags & TABLE_BY_CLICK ? batch->click_is_over : batch->view_is_over);
        if (wanted.wlang)
            fits &= language_fits(matcher, record);
        candidate.lists = lists_in_doubt(matcher, record);
        if (candidate.lists)
            next = matcher->table->lists + record->lists;
        __builtin_prefetch(fits ? next : record);
        batch->items[kept] = candidate;
        kept += fits;
    }
    batch->count = kept;
}

/* ---- lists ---- */

static bool meets(const uint64_t *bits, const uint32_t *values, uint32_t count) {
    for (uint32_t i = 0; i < count; i++)
        if (match_bit(bits, values[i]))
            return true;
    return false;
}

/* The domain and its parents: numbers fall from child to parent, so it ends. */
static bool advertiser_is_blocked(const struct matcher *matcher, uint32_t advertiser) {
    while (advertiser != TABLE_NONE) {
        if (match_bit(matcher->others, advertiser))
            return true;
        advertiser = matcher->table->values[advertiser].number;
    }
    return false;
}

/* The first of the imp's deals with the lowest floor among those that the ad has. */
static bool choose_deal(const struct matcher *matcher, const uint32_t *values, uint32_t count,
                        struct match_candidate *candidate) {
    const struct match_hashes *deals = &matcher->imp->deals;
    uint32_t most = deals->count < MATCH_MOST_VALUES ? deals->count : MATCH_MOST_VALUES;
    if (!meets(matcher->has, values, count))
        return false;
    for (uint32_t i = 0; i < most; i++) {
        double floor = matcher->imp->deal_floors[i];
        bool has = candidate->deal == TABLE_NONE || floor < candidate->floor, named = false;
        for (uint32_t j = 0; has && j < count && !named; j++)
            named = matcher->table->values[values[j]].hash == deals->items[i];
        if (named) {
            candidate->deal = i;
            candidate->floor = floor;
        }
    }
    return true;
}

static bool list_fits(const struct matcher *matcher, uint32_t list, const uint32_t *values, uint32_t count,
                      struct match_candidate *candidate) {
    if (list == TABLE_LIST_IN + TARGET_DEAL)
        return choose_deal(matcher, values, count, candidate);
    if (list < TABLE_LIST_IN + TARGET_INDEXED)
        return meets(matcher->has, values, count);
    return !meets(list == TABLE_LIST_OWN_CATEGORY ? matcher->others : matcher->has, values, count);
}

static bool lists_fit(const struct matcher *matcher, struct match_candidate *candidate) {
    const struct table_record *record = candidate->record;
    const uint32_t *at = matcher->table->lists + record->lists + 1;
    for (uint32_t bits = record->held; bits & candidate->lists; bits &= bits - 1) {
        uint32_t list = (uint32_t)__builtin_ctz(bits), count = *at++;
        if (candidate->lists >> list & 1 && !list_fits(matcher, list, at, count, candidate))
            return false;
        at += count;
    }
    return true;
}

void match_check_lists(struct matcher *matcher, struct match_batch *batch) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < batch->count; i++) {
        struct match_candidate candidate = batch->items[i];
        candidate.deal = TABLE_NONE;
        candidate.floor = matcher->imp->floor;
        if (matcher->badv.count > 0 && advertiser_is_blocked(matcher, candidate.record->advertiser))
            continue;
        if (candidate.lists && !lists_fit(matcher, &candidate))
            continue;
        if (candidate.record->flags & TABLE_BY_CLICK)
            match_prefetch_weights(matcher, candidate.record->campaign_key);
        batch->items[kept++] = candidate;
    }
    batch->count = kept;
}

/* ---- campaigns ---- */

static bool takes_part(const struct matcher *matcher, const struct table_record *record) {
    if (record->campaign >= matcher->rate_count)
        return true;
    uint32_t rate = matcher->rates[record->campaign];
    return rate == MATCH_RATE_FULL || target_cross(record->campaign_key, matcher->request->salt) >> 48 < rate;
}

/* The filter, then the key, which is the hash's lower half, then the hash. */
static bool is_capped(const struct matcher *matcher, const struct table_record *record) {
    const struct table *table = matcher->table;
    const struct table_campaign *campaign = &table->campaigns[record->campaign];
    if (!match_bit(matcher->cap_filter, record->campaign_key % MATCH_CAP_BITS))
        return false;
    for (uint32_t i = 0; i < matcher->cap_count; i++) {
        const struct match_cap *cap = &matcher->request->caps[i];
        if ((uint32_t)cap->campaign == record->campaign_key && campaign->frequency > 0 &&
            cap->views >= campaign->frequency &&
            hash_bytes(table_text(table, campaign->id), 0) == cap->campaign)
            return true;
    }
    return false;
}

bool match_campaign_bids(const struct matcher *matcher, const struct table_record *record) {
    return takes_part(matcher, record) && (matcher->cap_count == 0 || !is_capped(matcher, record));
}
