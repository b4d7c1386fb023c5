/* Takes one ad into a table under construction; see table_build_state.h. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <unistd.h>

#include <fcntl.h>

#include "builder/table_build_state.h"
#include "currency/currency.h"

#define ZONE_DIRECTORY "/usr/share/zoneinfo"

static enum build_taken bad(struct build *build, const char *reason) {
    build_fail(build, "%s", reason);
    return BUILD_BAD;
}

static enum build_taken failed(struct build *build) {
    build_fail(build, "out of memory");
    return BUILD_FAILED;
}

static enum build_taken failed_disk(struct build *build) {
    build_fail(build, "%s: %s", build->writer.directory, strerror(errno));
    return BUILD_FAILED;
}

/* ---- money ---- */

/* Units of the table's currency for one of the ad's. */
static enum build_taken find_rate(struct build *build, const struct ad *ad, double *rate) {
    const char *from = ad->currency[0] ? ad->currency : build->options->currency;
    *rate = currency_rate(build->rates, str_from(from), str_from(build->options->currency));
    if (isnan(*rate)) {
        build_fail(build, "currency: no rate from %s to %s", from, build->options->currency);
        return BUILD_BAD;
    }
    double price = ad->price * *rate;
    if (!(price / 1000 > 0) || price > TABLE_MOST_PRICE) {
        build_fail(build, "price: out of range: %g %s", price, build->options->currency);
        return BUILD_BAD;
    }
    return BUILD_TAKEN;
}

/* ---- campaigns ---- */

static bool campaigns_agree(const struct table_campaign *a, const struct table_campaign *b) {
    return a->given_budget == b->given_budget &&
           memcmp(a->given_currency, b->given_currency, sizeof a->given_currency) == 0 &&
           a->frequency == b->frequency && a->frequency_hours == b->frequency_hours;
}

static enum build_taken take_campaign(struct build *build, const struct ad *ad, double rate,
                                      uint32_t *number) {
    struct build_campaign new = {.line = build->line};
    struct table_campaign *campaign = &new.campaign;
    if (texts_add(&build->texts, ad->campaign, &campaign->id) != 0)
        return failed(build);
    campaign->given_budget = ad->daily_budget;
    campaign->daily_budget = ad->daily_budget * rate;
    if (ad->daily_budget > 0) {
        memcpy(campaign->given_currency, ad->currency[0] ? ad->currency : build->options->currency, 4);
        if (!(campaign->daily_budget > 0) || !isfinite(campaign->daily_budget))
            return bad(build, "daily_budget: out of range in the table's currency");
    }
    campaign->frequency = ad->frequency;
    campaign->frequency_hours = ad->frequency_hours;
    const struct build_campaign *known = uniques_find(&build->campaigns, &new);
    if (known && !campaigns_agree(&known->campaign, campaign)) {
        build_fail(build, "campaign: daily_budget and frequency_cap differ from line %llu's",
                   (unsigned long long)known->line);
        return BUILD_BAD;
    }
    return uniques_add(&build->campaigns, &new, number) != 0 ? failed(build) : BUILD_TAKEN;
}

/* ---- hours and zones ---- */

/* Whether the machine's database has the zone. */
static bool zone_exists(const struct table_zone *zone) {
    char path[sizeof ZONE_DIRECTORY + sizeof zone->name + 1], magic[4] = "";
    snprintf(path, sizeof path, ZONE_DIRECTORY "/%s", zone->name);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return false;
    ssize_t n = read(fd, magic, sizeof magic);
    close(fd);
    return n == (ssize_t)sizeof magic && memcmp(magic, "TZif", sizeof magic) == 0;
}

static enum build_taken take_times(struct build *build, const struct ad *ad, struct table_record *record) {
    struct table_zone zone = {{0}};
    uint32_t number = 0;
    memcpy(zone.name, ad->time_zone.p, ad->time_zone.n); /* checked: fits */
    if (!uniques_find(&build->zones, &zone) && !zone_exists(&zone))
        return bad(build, "targeting.time_zone: not in the time zone database");
    if (uniques_add(&build->zones, &zone, &number) != 0)
        return failed(build);
    record->zone = (uint16_t)number;
    if (uniques_add(&build->hours, &ad->hours, &number) != 0)
        return bad(build, "targeting.hours: more than 65,536 different ones in a table");
    record->hours = (uint16_t)number;
    record->starts = ad->starts;
    record->ends = ad->ends;
    return BUILD_TAKEN;
}

/* ---- names of values ---- */

static enum build_taken take_name(struct build *build, enum target target, uint64_t hash, struct str text) {
    struct build_name new = {.hash = hash, .target = target};
    uint32_t number = 0;
    const struct build_name *known = uniques_find(&build->names, &new);
    if (known) {
        if (known->target == (uint32_t)target && str_eq(texts_view(&build->texts, known->text), text))
            return BUILD_TAKEN;
        build_fail(build, "two values with the same hash: %s \"%.*s\"", target_name(target), STR_ARG(text));
        return BUILD_BAD;
    }
    if (texts_add(&build->texts, text, &new.text) != 0 || uniques_add(&build->names, &new, &number) != 0)
        return failed(build);
    return BUILD_TAKEN;
}

static enum build_taken take_values(struct build *build, enum target target, const struct ad_values *values) {
    enum build_taken taken = BUILD_TAKEN;
    for (uint32_t i = 0; i < values->count && taken == BUILD_TAKEN; i++)
        taken = take_name(build, target, values->hashes[i], values->texts[i]);
    return taken;
}

static enum target target_of(uint32_t list) {
    switch (list) {
    case TABLE_LIST_NOT_CATEGORY:
    case TABLE_LIST_OWN_CATEGORY:
        return TARGET_CATEGORY;
    case TABLE_LIST_NOT_INVENTORY:
        return TARGET_INVENTORY;
    case TABLE_LIST_NOT_SEGMENT:
        return TARGET_SEGMENT;
    default:
        return (enum target)(list - TABLE_LIST_IN);
    }
}

static enum build_taken take_names(struct build *build, const struct ad *ad) {
    enum build_taken taken = take_values(build, TARGET_ADVERTISER, &ad->domains);
    for (uint32_t list = 0; list < TABLE_LISTS_MOST && taken == BUILD_TAKEN; list++)
        taken = take_values(build, target_of(list), &ad->lists[list]);
    if (taken == BUILD_TAKEN && ad->language.n > 0)
        taken = take_name(build, TARGET_LANGUAGE, target_hash(TARGET_LANGUAGE, ad->language), ad->language);
    return taken;
}

/* ---- the cold record ---- */

/* The id's text; refused when an ad's id began there already. */
static enum build_taken take_id(struct build *build, const struct ad *ad, struct table_text *id) {
    struct region *ids = &build->ids;
    if (texts_add(&build->texts, ad->id, id) != 0)
        return failed(build);
    size_t byte = id->at / 8;
    if (byte >= ids->n) {
        if (region_reserve(ids, byte + 1 - ids->n) != 0)
            return failed(build);
        ids->n = byte + 1;
    }
    return ids->p[byte] >> id->at % 8 & 1 ? bad(build, "id: was there before") : BUILD_TAKEN;
}

static int add_joined(struct build *build, const struct str_list *list, struct table_text *text) {
    buf_clear(&build->joined, SIZE_MAX);
    for (size_t i = 0; i < list->count; i++) {
        if (i > 0)
            buf_add_char(&build->joined, '\n');
        buf_add_str(&build->joined, list->items[i]);
    }
    if (build->joined.failed)
        return -1;
    return texts_add(&build->texts, buf_view(&build->joined), text);
}

/* The last step but the index: an ad that comes so far is in. */
static enum build_taken take_cold(struct build *build, const struct ad *ad, struct table_text id) {
    struct table_ad cold = {.id = id,
                            .markup_bytes = (uint32_t)ad->adm.n,
                            .price = ad->price,
                            .line = build->line < UINT32_MAX ? (uint32_t)build->line : UINT32_MAX};
    memcpy(cold.currency, ad->currency[0] ? ad->currency : build->options->currency, 4);
    if (texts_add(&build->texts, ad->crid, &cold.crid) != 0 ||
        texts_add(&build->texts, ad->adomain, &cold.adomain) != 0 ||
        texts_add(&build->texts, ad->language, &cold.language) != 0 ||
        add_joined(build, &ad->cats, &cold.cats) != 0 || add_joined(build, &ad->deals, &cold.deals) != 0)
        return failed(build);
    if (creatives_add(&build->creatives, ad->adm, &cold.markup_at) != 0 ||
        spool_add(&build->cold, &cold, sizeof cold) != 0)
        return failed_disk(build);
    build->ids.p[id.at / 8] = (char)(build->ids.p[id.at / 8] | 1 << id.at % 8);
    return BUILD_TAKEN;
}

/* ---- the ad ---- */

static void fill_record(const struct build *build, const struct ad *ad, double rate,
                        struct table_record *record) {
    record->price = ad->by_click ? ad->price * rate : ad->price * rate / 1000;
    record->z = weights_of_ad(build->weights, ad);
    record->campaign_key = (uint32_t)hash_bytes(ad->campaign, 0);
    record->attr = ad->attr;
    record->positions = ad->positions;
    record->connections = ad->connections;
    record->media = ad->media;
    record->cattax = ad->cattax;
    record->flags = (uint8_t)((ad->by_click ? TABLE_BY_CLICK : 0) | (ad->secure ? TABLE_SECURE : 0) |
                              (ad->secure_only ? TABLE_SECURE_ONLY : 0));
}

static enum build_taken take_index(struct build *build, const struct ad *ad,
                                   const struct table_record *record) {
    struct table_index_ad in = {.record = *record,
                                .size_numbers = ad->size_numbers,
                                .advertiser = ad->domains.hashes,
                                .advertiser_count = ad->domains.count};
    for (int list = 0; list < TABLE_LISTS_MOST; list++) {
        in.values[list] = ad->lists[list].hashes;
        in.value_counts[list] = ad->lists[list].count;
    }
    if (ad->crid.n > 0)
        in.creative = target_hash(TARGET_CREATIVE, ad->crid);
    if (ad->language.n > 0)
        in.language = target_hash(TARGET_LANGUAGE, ad->language);
    return table_index_add(build->index, &in) != 0 ? failed(build) : BUILD_TAKEN;
}

enum build_taken build_take(struct build *build, const struct ad *ad) {
    struct table_record record = {0};
    struct table_text id;
    double rate = 1;
    enum build_taken taken = take_id(build, ad, &id);
    if (taken == BUILD_TAKEN)
        taken = find_rate(build, ad, &rate);
    if (taken == BUILD_TAKEN)
        taken = take_times(build, ad, &record);
    if (taken == BUILD_TAKEN)
        taken = take_names(build, ad);
    if (taken == BUILD_TAKEN)
        taken = take_campaign(build, ad, rate, &record.campaign);
    if (taken == BUILD_TAKEN)
        taken = take_cold(build, ad, id);
    if (taken != BUILD_TAKEN)
        return taken;
    fill_record(build, ad, rate, &record);
    return take_index(build, ad, &record);
}
