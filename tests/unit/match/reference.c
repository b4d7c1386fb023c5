/* The naive matcher; see reference.h. */
#include "reference.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/hash.h"
#include "table/target.h"

static bool has_text(const struct texts *texts, const char *text) {
    for (int i = 0; i < texts->count; i++)
        if (strcmp(texts->items[i], text) == 0)
            return true;
    return false;
}

static bool ends_with(const char *text, const char *end) {
    size_t n = strlen(text), m = strlen(end);
    return n >= m && strcmp(text + n - m, end) == 0;
}

/* "example.com" stands for itself and all below. */
static bool domain_is_below(const char *domain, const char *above) {
    size_t n = strlen(domain), m = strlen(above);
    return ends_with(domain, above) && (n == m || domain[n - m - 1] == '.');
}

/* "1:IAB1" stands for itself and "1:IAB1-3"; only taxonomy 1 has parents. */
static bool category_is_below(const char *category, const char *above) {
    size_t m = strlen(above);
    if (strcmp(category, above) == 0)
        return true;
    return strncmp(category, "1:", 2) == 0 && strncmp(category, above, m) == 0 && category[m] == '-';
}

static bool is_below(enum target target, const char *text, const char *above) {
    if (target == TARGET_CATEGORY)
        return category_is_below(text, above);
    if (target == TARGET_INVENTORY && strncmp(text, "domain:", 7) == 0 && strncmp(above, "domain:", 7) == 0)
        return domain_is_below(text + 7, above + 7);
    return strcmp(text, above) == 0;
}

static bool any_is_below(enum target target, const struct texts *request, const struct texts *ad) {
    for (int i = 0; i < ad->count; i++)
        for (int j = 0; j < request->count; j++)
            if (is_below(target, request->items[j], ad->items[i]))
                return true;
    return false;
}

static const struct texts *of_request(const struct text_request *request, enum target target) {
    if (target == TARGET_SIZE)
        return &request->sizes;
    return target == TARGET_DEAL ? &request->deals : &request->is[target];
}

/* ---- time ---- */

static int64_t libc_offset(const char *zone, int64_t now) {
    static struct {
        const char *zone;
        int64_t now, offset;
    } known[64];
    static unsigned next;
    for (int i = 0; i < 64; i++)
        if (known[i].zone == zone && known[i].now == now)
            return known[i].offset;
    time_t t = now;
    struct tm tm;
    setenv("TZ", zone, 1);
    tzset();
    localtime_r(&t, &tm);
    known[next % 64].zone = zone;
    known[next % 64].now = now;
    known[next % 64].offset = tm.tm_gmtoff;
    return known[next++ % 64].offset;
}

static void local_time(const struct text_request *request, const char *zone, struct tm *tm) {
    time_t t = request->now;
    if (request->utc_offset != MATCH_NO_OFFSET)
        t += request->utc_offset * (time_t)60;
    else if (zone)
        t += libc_offset(zone, request->now);
    gmtime_r(&t, tm);
}

static bool hour_fits(const struct text_ad *ad, const struct text_request *request) {
    struct tm tm;
    if (ad->all_hours)
        return true;
    local_time(request, ad->zone, &tm);
    return ad->hours[(tm.tm_wday + 6) % 7 * 24 + tm.tm_hour];
}

/* ---- an ad ---- */

static bool blocked(const struct text_ad *ad, const struct text_request *request) {
    for (int i = 0; ad->domain && i < request->badv.count; i++)
        if (domain_is_below(ad->domain, request->badv.items[i]))
            return true;
    if (request->bcat.count > 0 && ad->own.count > 0 && ad->cattax != request->cattax)
        return true;
    if (any_is_below(TARGET_CATEGORY, &ad->own, &request->bcat))
        return true;
    if (ad->crid && has_text(&request->bcrid, ad->crid))
        return true;
    if (request->wlang.count > 0 && ad->language && !has_text(&request->wlang, ad->language))
        return true;
    return (ad->attr & request->battr) != 0;
}

uint64_t reference_campaign(int campaign) {
    char id[32];
    snprintf(id, sizeof id, "campaign%d", campaign);
    return hash_bytes(str_from(id), 0);
}

static bool campaign_bids(const struct text_ad *ad, const struct text_request *request) {
    uint64_t drawn = target_cross((uint32_t)reference_campaign(ad->campaign), request->salt) >> 48;
    for (int i = 0; ad->frequency > 0 && i < request->cap_count; i++)
        if (request->caps[i].campaign == ad->campaign && !request->caps[i].other &&
            request->caps[i].views >= ad->frequency)
            return false;
    return ad->rate == 65535 || drawn < ad->rate;
}

static bool fits(const struct text_ad *ad, const struct text_request *request) {
    for (int i = 0; i < TARGET_INDEXED; i++)
        if (ad->in[i].count > 0 &&
            !any_is_below((enum target)i, of_request(request, (enum target)i), &ad->in[i]))
            return false;
    if (any_is_below(TARGET_CATEGORY, &request->is[TARGET_CATEGORY], &ad->not_category) ||
        any_is_below(TARGET_INVENTORY, &request->is[TARGET_INVENTORY], &ad->not_inventory) ||
        any_is_below(TARGET_SEGMENT, &request->is[TARGET_SEGMENT], &ad->not_segment))
        return false;
    if (!campaign_bids(ad, request))
        return false;
    if (request->now < ad->starts || request->now >= ad->ends || !hour_fits(ad, request))
        return false;
    if (request->secure ? !ad->secure : ad->secure_only)
        return false;
    if (ad->positions && (request->position > 15 || !(ad->positions >> request->position & 1)))
        return false;
    if (ad->connections && (request->connection > 15 || !(ad->connections >> request->connection & 1)))
        return false;
    if (request->private_auction && ad->in[TARGET_DEAL].count == 0)
        return false;
    return !blocked(ad, request);
}

/* ---- scores ---- */

static uint64_t hash_of(enum target target, const char *text) {
    return target_hash(target, str_from(text));
}

static double own_weight(const struct text_weights *weights, enum target target, const char *text) {
    return (double)weights->own[hash_of(target, text) >> (64 - WEIGHT_BITS)];
}

static double within(double z) {
    return z > 1000 ? 1000 : z < -1000 ? -1000 : z;
}

static double imp_z(const struct text_weights *weights, const struct text_request *request) {
    double z = 0;
    struct tm tm;
    char text[16];
    for (int i = 0; i < TARGETS; i++) {
        const char *all[8 * REFERENCE_TEXTS];
        int n = 0;
        for (int j = 0; j < request->is[i].count; j++)
            n = with_parents((enum target)i, request->is[i].items[j], all, n, 8 * REFERENCE_TEXTS);
        for (int j = 0; j < n; j++)
            z += own_weight(weights, (enum target)i, all[j]);
    }
    if (request->utc_offset != MATCH_NO_OFFSET) {
        local_time(request, NULL, &tm);
        snprintf(text, sizeof text, "%d", tm.tm_hour);
        z += own_weight(weights, TARGET_HOUR, text);
        snprintf(text, sizeof text, "%d", (tm.tm_wday + 6) % 7);
        z += own_weight(weights, TARGET_WEEKDAY, text);
    }
    z = within(z);
    if (request->position < 16) {
        snprintf(text, sizeof text, "%d", request->position);
        z += own_weight(weights, TARGET_POSITION, text);
    }
    if (request->slot)
        z += own_weight(weights, TARGET_SLOT, request->slot);
    return within(z);
}

static double cross(const struct text_weights *weights, int which, int campaign, enum target target,
                    const char *text) {
    uint64_t key = target_cross((uint32_t)reference_campaign(campaign), hash_of(target, text));
    return (double)weights->crosses[which][key >> (64 - CROSS_BITS)];
}

static double pctr_of(const struct text_ad *ad, const struct text_weights *weights,
                      const struct text_request *request, double z) {
    struct tm tm;
    char hour[16];
    double crosses = 0;
    if (request->is[TARGET_INVENTORY].count > 0)
        crosses += cross(weights, TABLE_CROSS_INVENTORY, ad->campaign, TARGET_INVENTORY,
                         request->is[TARGET_INVENTORY].items[0]);
    if (request->is[TARGET_DEVICE_TYPE].count > 0)
        crosses += cross(weights, TABLE_CROSS_DEVICE_TYPE, ad->campaign, TARGET_DEVICE_TYPE,
                         request->is[TARGET_DEVICE_TYPE].items[0]);
    if (request->utc_offset != MATCH_NO_OFFSET) {
        local_time(request, NULL, &tm);
        snprintf(hour, sizeof hour, "%d", tm.tm_hour);
        crosses += cross(weights, TABLE_CROSS_HOUR, ad->campaign, TARGET_HOUR, hour);
    }
    return 1 / (1 + match_exp(-(z + (double)ad->z + crosses)));
}

static double floor_of(const struct text_ad *ad, const struct text_request *request, uint32_t *deal) {
    double floor = request->floor;
    *deal = TABLE_NONE;
    for (int i = 0; ad->in[TARGET_DEAL].count > 0 && i < request->deals.count; i++) {
        if (!has_text(&ad->in[TARGET_DEAL], request->deals.items[i]))
            continue;
        if (*deal != TABLE_NONE && request->deal_floors[i] >= floor)
            continue;
        *deal = (uint32_t)i;
        floor = request->deal_floors[i];
    }
    return floor;
}

uint32_t reference_all(const struct text_ad *const *records, uint32_t count,
                       const struct text_weights *weights, const struct text_request *request,
                       struct text_hit *hits) {
    double z = imp_z(weights, request);
    uint32_t n = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct text_ad *ad = records[i];
        struct text_hit hit = {.record = i, .pctr = 1};
        if (!fits(ad, request))
            continue;
        if (ad->by_click) {
            hit.pctr = pctr_of(ad, weights, request, z);
            if (hit.pctr < request->least_pctr)
                continue;
        }
        hit.score = ad->price * hit.pctr;
        if (!(hit.score >= floor_of(ad, request, &hit.deal)))
            continue;
        while (!has_text(&ad->in[TARGET_SIZE], request->sizes.items[hit.size]))
            hit.size++;
        hits[n++] = hit;
    }
    return n;
}

static int best_first(const void *a, const void *b) {
    const struct text_hit *x = a, *y = b;
    if (x->score != y->score)
        return x->score > y->score ? -1 : 1;
    return x->record < y->record ? -1 : 1;
}

void reference_sort(struct text_hit *hits, uint32_t count) {
    qsort(hits, count, sizeof *hits, best_first);
}

int with_parents(enum target target, const char *text, const char **into, int count, int room) {
    static struct { char text[64]; } kept[4096];
    static unsigned kept_count;
    char parent[64];
    if (count < room)
        into[count++] = text;
    snprintf(parent, sizeof parent, "%s", text);
    for (;;) {
        char *dash = strrchr(parent, '-'), *dot = strchr(parent, '.');
        unsigned i = 0;
        if (target == TARGET_CATEGORY && strncmp(text, "1:", 2) == 0 && dash) {
            *dash = 0;
        } else if ((target == TARGET_INVENTORY && strncmp(text, "domain:", 7) == 0) ||
                   target == TARGET_ADVERTISER) {
            size_t prefix = target == TARGET_INVENTORY ? 7 : 0;
            if (!dot || !strchr(dot + 1, '.'))
                return count;
            memmove(parent + prefix, dot + 1, strlen(dot + 1) + 1);
        } else {
            return count;
        }
        while (i < kept_count && strcmp(kept[i].text, parent) != 0)
            i++;
        if (i == kept_count)
            memcpy(kept[kept_count++].text, parent, sizeof parent);
        if (count < room)
            into[count++] = kept[i].text;
    }
}
