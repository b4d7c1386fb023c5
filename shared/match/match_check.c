/* The full check of one ad against the request and the imp: see match_check_record() and
 * match_check_lists() in match_internal.h. */
#include "match/match_internal.h"

static bool hour_fits(struct matcher *matcher, const struct table_record *record) {
    const struct table *table = matcher->table;
    int hour = matcher->hour;
    if (hour < 0) {
        const char *name = table->zones[record->zone].name;
        struct str zone = {name, strnlen(name, sizeof table->zones->name)};
        int64_t now = matcher->request->now;
        int32_t offset = record->zone == 0 ? 0
                                           : match_zone_offset(&matcher->zones[record->zone],
                                                               MATCH_ZONE_DIRECTORY, zone, now);
        hour = match_week_hour(now + offset);
    }
    return match_bit(table->hours[record->hours].words, (uint32_t)hour);
}

static bool is_paused(const struct matcher *matcher, uint32_t campaign) {
    return campaign < matcher->paused_count && matcher->paused[campaign] != 0;
}

/* The filter meets what may be in bcrid by its lowest bits; then the crid itself tells. */
static bool creative_is_blocked(const struct matcher *matcher, const struct table_record *record,
                                uint32_t number) {
    const struct match_hashes *bcrid = &matcher->request->bcrid;
    uint32_t count = bcrid->count < MATCH_MOST_VALUES ? bcrid->count : MATCH_MOST_VALUES;
    if (!match_bit(matcher->crid_filter, record->creative % MATCH_CRID_BITS))
        return false;
    for (uint32_t i = 0; i < count; i++) {
        if ((uint32_t)bcrid->items[i] != record->creative)
            continue;
        struct str crid = table_text(matcher->table, matcher->table->ads[number].crid);
        if (crid.n > 0 && target_hash(TARGET_CREATIVE, crid) == bcrid->items[i])
            return true;
    }
    return false;
}

bool match_check_record(struct matcher *matcher, const struct table_record *record, uint32_t number) {
    const struct match_request *request = matcher->request;
    const struct match_imp *imp = matcher->imp;
    uint32_t lacking = imp->secure ? TABLE_SECURE : 0, unwanted = imp->secure ? 0 : TABLE_SECURE_ONLY;
    /* Each is rarely decisive, so they share one branch. */
    unsigned refused = request->now < record->starts;
    refused |= request->now >= record->ends;
    refused |= record->flags & TABLE_BY_CLICK ? matcher->click_is_over : matcher->view_is_over;
    refused |= (record->attr & imp->battr) != 0;
    refused |= (record->flags & unwanted) != 0;
    refused |= (lacking & ~(uint32_t)record->flags) != 0;
    refused |= (matcher->must_hold & ~(uint32_t)record->held) != 0;
    refused |= (record->positions != 0) & !(record->positions & matcher->position_bit);
    refused |= (record->connections != 0) & !(record->connections & matcher->connection_bit);
    if (refused)
        return false;
    if (record->hours != 0 && !hour_fits(matcher, record))
        return false;
    if (request->bcat.count > 0 && record->cattax != 0 && record->cattax != request->cattax)
        return false;
    if (request->wlang.count > 0 && record->language != TABLE_NONE &&
        !match_bit(matcher->others, record->language))
        return false;
    if (request->bcrid.count > 0 && creative_is_blocked(matcher, record, number))
        return false;
    return !is_paused(matcher, record->campaign);
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

bool match_check_lists(struct matcher *matcher, struct match_candidate *candidate) {
    const struct table_record *record = candidate->record;
    candidate->deal = TABLE_NONE;
    candidate->floor = matcher->imp->floor;
    if (matcher->badv.count > 0 && advertiser_is_blocked(matcher, record->advertiser))
        return false;
    if (!(record->held & matcher->list_mask))
        return true;
    const uint32_t *at = matcher->table->lists + record->lists;
    for (uint32_t bits = *at++; bits & matcher->list_mask; bits &= bits - 1) {
        uint32_t list = (uint32_t)__builtin_ctz(bits), count = *at++;
        if (matcher->list_mask >> list & 1 && !list_fits(matcher, list, at, count, candidate))
            return false;
        at += count;
    }
    return true;
}
