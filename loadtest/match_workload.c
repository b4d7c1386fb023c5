/* Synthetic ads and requests; see match_workload.h. */
#include "match_workload.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "match_table.h"

#define COUNTRIES    60u
#define REGIONS      20u /* of a country */
#define LANGUAGES    24u
#define SYSTEMS      6u
#define DEVICES      7u
#define CATEGORIES   26u
#define SUB          16u /* of a category */
#define DOMAINS      20000u
#define KEYWORDS     10000u
#define SEGMENTS     5000u
#define DEALS        500u
#define ADVERTISERS  8000u
#define PATTERNS     40u /* of hours */
#define ZONES        6u
#define CAMPAIGN_ADS 20u
#define WEIGHT_BITS  18u
#define CROSS_BITS   20u
#define NOW          1700000000

const struct workload_style workload_styles[WORKLOAD_STYLES] = {
    {"default", 1.04, false, WORKLOAD_CROSSES},
    {"tight", 1.7, false, WORKLOAD_CROSSES},
    {"loose", 0.72, false, WORKLOAD_CROSSES},
    {"correlated", 1.04, true, WORKLOAD_CROSSES},
};

static const char *const sizes[] = {"300x250", "728x90",  "320x50",  "video",  "160x600", "300x600",
                                    "970x250", "336x280", "320x100", "native", "468x60",  "250x250"};
#define SIZES (sizeof sizes / sizeof sizes[0])

/* ---- choices ---- */

static uint32_t below(struct prng *prng, uint32_t n) {
    return (uint32_t)(prng_double(prng) * n);
}

static bool chance(struct prng *prng, double share) {
    return prng_double(prng) < share;
}

/* Rank 0 to n - 1: each is as likely as all together from one to twice its rank are of one to two. */
static uint32_t ranked(struct prng *prng, uint32_t n) {
    return (uint32_t)exp(prng_double(prng) * log(n + 1.0)) - 1;
}

PRINTF_LIKE(2, 3) static uint64_t value(enum target target, const char *format, ...) {
    char text[64];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return target_hash(target, (struct str){text, (size_t)n});
}

static uint64_t domain(uint32_t i) {
    return value(TARGET_INVENTORY, "domain:site%u.com", i);
}

static uint64_t category(uint32_t i, uint32_t sub) {
    if (sub == 0)
        return value(TARGET_CATEGORY, "1:IAB%u", i + 1);
    return value(TARGET_CATEGORY, "1:IAB%u-%u", i + 1, sub);
}

/* Where values go with others: for each country every sixtieth domain or segment, and its language. */
static uint32_t of_country(struct prng *prng, const struct workload_style *style, uint32_t n,
                           uint32_t country) {
    uint32_t i = ranked(prng, n);
    if (style->correlated && chance(prng, 0.8))
        i = i - i % COUNTRIES + country;
    return i < n ? i : country;
}

static uint32_t language_of(struct prng *prng, const struct workload_style *style, uint32_t country) {
    if (style->correlated && chance(prng, 0.85))
        return country % LANGUAGES;
    return ranked(prng, LANGUAGES);
}

static uint32_t system_of(struct prng *prng, const struct workload_style *style, uint32_t device) {
    if (style->correlated && chance(prng, 0.9))
        return device % 3;
    return ranked(prng, SYSTEMS);
}

/* ---- ads ---- */

struct ad_lists {
    uint64_t items[TABLE_LISTS_MOST][WORKLOAD_VALUES];
    uint32_t counts[TABLE_LISTS_MOST];
};

struct maker {
    const struct workload_style *style;
    struct prng prng;
    struct table_index *index;
    uint32_t campaign, left; /* ads to come of the campaign */
    struct ad_lists lists;
    struct table_record record;
    uint64_t advertiser, language;
};

static void add_value(struct maker *maker, uint32_t list, uint64_t hash) {
    if (maker->lists.counts[list] < WORKLOAD_VALUES)
        maker->lists.items[list][maker->lists.counts[list]++] = hash;
}

static bool restricts(struct maker *maker, double share) {
    share *= maker->style->restricts;
    return chance(&maker->prng, share < 0.97 ? share : 0.97);
}

static void target_place(struct maker *maker, uint32_t country) {
    struct prng *prng = &maker->prng;
    if (restricts(maker, 0.75)) {
        add_value(maker, TARGET_COUNTRY, value(TARGET_COUNTRY, "C%u", country));
        for (uint32_t i = below(prng, 3); i > 0; i--)
            add_value(maker, TARGET_COUNTRY, value(TARGET_COUNTRY, "C%u", ranked(prng, COUNTRIES)));
    }
    if (restricts(maker, 0.25))
        for (uint32_t i = 1 + below(prng, 4); i > 0; i--)
            add_value(maker, TARGET_REGION, value(TARGET_REGION, "C%u-%u", country, ranked(prng, REGIONS)));
    if (restricts(maker, 0.4))
        for (uint32_t i = 1 + below(prng, 2); i > 0; i--)
            add_value(maker, TARGET_LANGUAGE,
                      value(TARGET_LANGUAGE, "l%u", language_of(prng, maker->style, country)));
}

static void target_device(struct maker *maker) {
    struct prng *prng = &maker->prng;
    uint32_t device = ranked(prng, DEVICES);
    if (restricts(maker, 0.45)) {
        add_value(maker, TARGET_DEVICE_TYPE, value(TARGET_DEVICE_TYPE, "%u", device + 1));
        if (chance(prng, 0.5))
            add_value(maker, TARGET_DEVICE_TYPE, value(TARGET_DEVICE_TYPE, "%u", ranked(prng, DEVICES) + 1));
    }
    if (restricts(maker, 0.45))
        for (uint32_t i = 1 + below(prng, 2); i > 0; i--)
            add_value(maker, TARGET_OS, value(TARGET_OS, "os%u", system_of(prng, maker->style, device)));
}

static void target_context(struct maker *maker, uint32_t country) {
    struct prng *prng = &maker->prng;
    if (restricts(maker, 0.45))
        for (uint32_t i = 1 + below(prng, 4); i > 0; i--)
            add_value(maker, TARGET_CATEGORY,
                      category(ranked(prng, CATEGORIES), chance(prng, 0.5) ? 1 + ranked(prng, SUB) : 0));
    if (restricts(maker, 0.25))
        for (uint32_t i = 1 + below(prng, 10); i > 0; i--)
            add_value(maker, TARGET_INVENTORY, domain(of_country(prng, maker->style, DOMAINS, country)));
    if (restricts(maker, 0.2))
        for (uint32_t i = 1 + below(prng, 8); i > 0; i--)
            add_value(maker, TARGET_KEYWORD, value(TARGET_KEYWORD, "k%u", ranked(prng, KEYWORDS)));
    if (restricts(maker, 0.45))
        for (uint32_t i = 1 + below(prng, 6); i > 0; i--)
            add_value(maker, TARGET_SEGMENT,
                      value(TARGET_SEGMENT, "s%u", of_country(prng, maker->style, SEGMENTS, country)));
    if (restricts(maker, 0.03))
        for (uint32_t i = 1 + below(prng, 2); i > 0; i--)
            add_value(maker, TARGET_DEAL, value(TARGET_DEAL, "d%u", ranked(prng, DEALS)));
}

static void exclude(struct maker *maker) {
    struct prng *prng = &maker->prng;
    uint32_t own = ranked(prng, CATEGORIES);
    if (chance(prng, 0.15))
        for (uint32_t i = 1 + below(prng, 3); i > 0; i--)
            add_value(maker, TABLE_LIST_NOT_CATEGORY, category(ranked(prng, CATEGORIES), 0));
    if (chance(prng, 0.15))
        for (uint32_t i = 1 + below(prng, 10); i > 0; i--)
            add_value(maker, TABLE_LIST_NOT_INVENTORY, domain(ranked(prng, DOMAINS)));
    if (chance(prng, 0.08))
        for (uint32_t i = 1 + below(prng, 3); i > 0; i--)
            add_value(maker, TABLE_LIST_NOT_SEGMENT, value(TARGET_SEGMENT, "s%u", ranked(prng, SEGMENTS)));
    add_value(maker, TABLE_LIST_OWN_CATEGORY, category(own, 0));
    if (chance(prng, 0.5))
        add_value(maker, TABLE_LIST_OWN_CATEGORY, category(own, 1 + ranked(prng, SUB)));
}

static void begin_campaign(struct maker *maker) {
    struct prng *prng = &maker->prng;
    struct table_record *record = &maker->record;
    uint32_t country = ranked(prng, COUNTRIES);
    maker->lists = (struct ad_lists){.counts = {0}};
    maker->campaign++;
    maker->left = 1 + (uint32_t)prng_exponential(prng, CAMPAIGN_ADS - 1);
    *record = (struct table_record){.campaign = maker->campaign - 1, .ends = UINT32_MAX, .cattax = 1};
    record->campaign_key = (uint32_t)value(TARGET_SLOT, "campaign%u", maker->campaign);
    if (chance(prng, 0.1))
        record->starts = (uint32_t)(NOW - 86400 + (int64_t)below(prng, 4 * 86400));
    if (chance(prng, 0.1))
        record->ends = (uint32_t)(NOW + 86400 + (int64_t)below(prng, 30 * 86400));
    record->hours = (uint16_t)(chance(prng, 0.25) ? 1 + below(prng, PATTERNS) : 0);
    record->zone = (uint16_t)below(prng, ZONES + 1);
    record->positions = chance(prng, 0.08) ? 0x0a : 0;
    record->connections = chance(prng, 0.05) ? 0x06 : 0;
    record->flags = (uint8_t)(chance(prng, 0.6) ? TABLE_BY_CLICK : 0);
    if (chance(prng, 0.2))
        record->flags |= TABLE_SECURE_ONLY;
    /* a CPM of about 1 either way: 0.001 a view, 0.2 a click at 0.5 % */
    record->price = exp(prng_normal(prng, record->flags & TABLE_BY_CLICK ? log(0.2) : log(0.001), 0.7));
    record->z = (float)prng_normal(prng, -5.3, 0.5);
    maker->advertiser = value(TARGET_ADVERTISER, "brand%u.com", ranked(prng, ADVERTISERS));
    maker->language = chance(prng, 0.5) ? value(TARGET_LANGUAGE, "l%u", ranked(prng, LANGUAGES)) : 0;
    target_place(maker, country);
    target_device(maker);
    target_context(maker, country);
    exclude(maker);
}

static int add_ad(struct maker *maker) {
    struct prng *prng = &maker->prng;
    struct table_index_ad ad = {.record = maker->record};
    uint32_t size = ranked(prng, SIZES), numbers[2] = {0, 0};
    const char *name = sizes[size];
    bool banner = name[0] >= '0' && name[0] <= '9';
    maker->lists.counts[TARGET_SIZE] = 0;
    add_value(maker, TARGET_SIZE, value(TARGET_SIZE, "%s", name));
    if (banner)
        add_value(maker, TARGET_SIZE, value(TARGET_SIZE, "banner"));
    ad.record.media = banner ? TABLE_BANNER : name[0] == 'v' ? TABLE_VIDEO : TABLE_NATIVE;
    ad.record.price *= 0.8 + 0.4 * prng_double(prng);
    ad.record.z += (float)prng_normal(prng, 0, 0.2);
    ad.record.flags |= (uint8_t)(chance(prng, 0.95) ? TABLE_SECURE : 0);
    ad.record.attr = chance(prng, 0.2) ? 1u << (1 + below(prng, 17)) : 0;
    for (int i = 0; i < TABLE_LISTS_MOST; i++) {
        ad.values[i] = maker->lists.items[i];
        ad.value_counts[i] = maker->lists.counts[i];
    }
    ad.size_numbers = numbers;
    ad.advertiser = &maker->advertiser;
    ad.advertiser_count = 1;
    ad.creative = prng_next(prng);
    ad.language = maker->language;
    return table_index_add(maker->index, &ad);
}

/* ---- the rest of a table ---- */

static void fill_hours(struct prng *prng, struct table_hours *hours) {
    for (uint32_t i = 0; i < PATTERNS; i++) {
        uint32_t from = below(prng, 16), length = 6 + below(prng, 12);
        hours[i] = (struct table_hours){{0}};
        for (uint32_t hour = 0; hour < 168; hour++)
            if ((hour % 24 + 24 - from) % 24 < length)
                hours[i].words[hour / 64] |= UINT64_C(1) << hour % 64;
    }
}

/* As training by FTRL-Proximal leaves them: most are 0. */
static float *make_weights(struct prng *prng, const struct workload_style *style) {
    size_t own = (size_t)1 << WEIGHT_BITS, all = own + TABLE_CROSSES * ((size_t)1 << CROSS_BITS);
    float *weights = malloc(all * sizeof *weights);
    for (size_t i = 0; weights && i < all; i++)
        weights[i] = chance(prng, 0.25) ? (float)prng_normal(prng, 0, i < own ? 0.1 : style->crosses) : 0;
    return weights;
}

int workload_table(const struct workload_style *style, uint32_t ads, uint64_t seed, struct table *table,
                   char *error, size_t error_size) {
    static const struct table_zone zones[ZONES] = {{"America/New_York"}, {"Europe/Berlin"},
                                                   {"Asia/Tokyo"},       {"America/Los_Angeles"},
                                                   {"Asia/Kolkata"},     {"Australia/Sydney"}};
    struct table_hours hours[PATTERNS];
    struct maker maker = {.style = style, .index = table_index_create()};
    int result = maker.index ? 0 : -1;
    prng_seed(&maker.prng, seed);
    fill_hours(&maker.prng, hours);
    float *weights = make_weights(&maker.prng, style);
    for (uint32_t i = 0; result == 0 && weights && i < ads; i++) {
        if (maker.left-- == 0)
            begin_campaign(&maker);
        result = add_ad(&maker);
    }
    if (result == 0 && weights) {
        struct match_table_parts parts = {.hours = hours,
                                          .hours_count = PATTERNS,
                                          .zones = zones,
                                          .zone_count = ZONES,
                                          .campaign_count = maker.campaign,
                                          .weights = weights,
                                          .weight_bits = WEIGHT_BITS,
                                          .cross_bits = CROSS_BITS};
        result = match_table_map(maker.index, &parts, table, error, error_size);
    } else {
        snprintf(error, error_size, "out of memory");
        table_index_destroy(maker.index);
        result = -1;
    }
    free(weights);
    return result;
}

/* ---- requests ---- */

struct list {
    uint64_t *items;
    struct match_hashes *view;
};

static void put(struct list list, uint64_t hash) {
    if (list.view->count < WORKLOAD_VALUES)
        list.items[list.view->count++] = hash;
    list.view->items = list.items;
}

static struct list list_of(struct workload_request *into, enum target target) {
    return (struct list){into->values[target], &into->request.values[target]};
}

static void put_audience(const struct workload_style *style, struct prng *prng, struct workload_request *into,
                         uint32_t country) {
    for (uint32_t i = 1 + below(prng, 3); i > 0; i--) {
        uint32_t top = ranked(prng, CATEGORIES);
        put(list_of(into, TARGET_CATEGORY), category(top, 0));
        if (chance(prng, 0.6))
            put(list_of(into, TARGET_CATEGORY), category(top, 1 + ranked(prng, SUB)));
    }
    uint32_t site = of_country(prng, style, DOMAINS, country);
    put(list_of(into, TARGET_INVENTORY), value(TARGET_INVENTORY, "domain:www.site%u.com", site));
    put(list_of(into, TARGET_INVENTORY), domain(site));
    for (uint32_t i = below(prng, 7); i > 0; i--)
        put(list_of(into, TARGET_KEYWORD), value(TARGET_KEYWORD, "k%u", ranked(prng, KEYWORDS)));
    for (uint32_t i = below(prng, 16); i > 0; i--)
        put(list_of(into, TARGET_SEGMENT),
            value(TARGET_SEGMENT, "s%u", of_country(prng, style, SEGMENTS, country)));
}

static void put_blocks(struct prng *prng, struct workload_request *into) {
    struct match_request *request = &into->request;
    request->cattax = 1;
    if (chance(prng, 0.5))
        for (uint32_t i = 1 + below(prng, 8); i > 0; i--)
            put((struct list){into->bcat, &request->bcat}, category(ranked(prng, CATEGORIES), 0));
    if (chance(prng, 0.5))
        for (uint32_t i = 1 + below(prng, 20); i > 0; i--)
            put((struct list){into->badv, &request->badv},
                value(TARGET_ADVERTISER, "brand%u.com", ranked(prng, ADVERTISERS)));
    if (chance(prng, 0.05))
        put((struct list){into->bcrid, &request->bcrid}, prng_next(prng));
    into->imp.battr = chance(prng, 0.4) ? 0x2100 : 0;
}

static void put_imp(struct prng *prng, struct workload_request *into) {
    struct match_imp *imp = &into->imp;
    imp->deal_floors = into->deal_floors;
    imp->sizes.items = into->sizes;
    for (uint32_t i = 1 + below(prng, 3); i > 0; i--)
        put((struct list){into->sizes, &imp->sizes}, value(TARGET_SIZE, "%s", sizes[ranked(prng, SIZES)]));
    if (chance(prng, 0.1))
        for (uint32_t i = 1 + below(prng, 3); i > 0; i--) {
            into->deal_floors[imp->deals.count] = 0.0005;
            put((struct list){into->deals, &imp->deals}, value(TARGET_DEAL, "d%u", ranked(prng, DEALS)));
        }
    imp->floor = chance(prng, 0.5) ? 0.0001 : 0.0;
    imp->slot = value(TARGET_SLOT, "slot%u", ranked(prng, 1000));
    imp->position = chance(prng, 0.7) ? (uint8_t)below(prng, 8) : 255;
    imp->secure = chance(prng, 0.95);
}

void workload_request(const struct workload_style *style, struct prng *prng, struct workload_request *into) {
    struct match_request *request = &into->request;
    uint32_t country = ranked(prng, COUNTRIES), device = ranked(prng, DEVICES);
    memset(into, 0, sizeof *into);
    put(list_of(into, TARGET_COUNTRY), value(TARGET_COUNTRY, "C%u", country));
    if (chance(prng, 0.8))
        put(list_of(into, TARGET_REGION), value(TARGET_REGION, "C%u-%u", country, ranked(prng, REGIONS)));
    put(list_of(into, TARGET_DEVICE_TYPE), value(TARGET_DEVICE_TYPE, "%u", device + 1));
    put(list_of(into, TARGET_OS), value(TARGET_OS, "os%u", system_of(prng, style, device)));
    if (chance(prng, 0.9))
        put(list_of(into, TARGET_LANGUAGE), value(TARGET_LANGUAGE, "l%u", language_of(prng, style, country)));
    put(list_of(into, TARGET_CITY), value(TARGET_CITY, "city%u", ranked(prng, 2000)));
    put_audience(style, prng, into, country);
    put_blocks(prng, into);
    put_imp(prng, into);
    request->now = NOW + (int64_t)below(prng, 7 * 86400);
    request->utc_offset = MATCH_NO_OFFSET;
    if (chance(prng, 0.6))
        request->utc_offset = (int16_t)(60 * ((int)below(prng, 20) - 8));
    request->connection = chance(prng, 0.7) ? (uint8_t)below(prng, 7) : 255;
}
