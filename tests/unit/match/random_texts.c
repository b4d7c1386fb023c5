/* Words to choose from, and choices; see random_texts.h. */
#include "random_texts.h"

#include <math.h>
#include <string.h>

#include "base/macros.h"

#define NOW 1700000000 /* 2023-11-14 */

static const char *const sizes[] = {"300x250", "728x90", "320x50", "160x600", "970x250", "video", "native"};
static const char *const countries[] = {"USA", "DEU", "FRA", "GBR", "BRA", "IND", "JPN", "ESP", "AUT"};
static const char *const regions[] = {"USA-CA", "USA-NY", "DEU-BE", "DEU-BY", "FRA-IDF", "GBR-ENG"};
static const char *const device_types[] = {"1", "2", "3", "4", "5", "6", "7"};
static const char *const systems[] = {"ios", "android", "windows", "mac os", "linux"};
static const char *const languages[] = {"en", "de", "fr", "es", "pt", "hi"};
static const char *const categories[] = {"1:IAB1",    "1:IAB1-1", "1:IAB1-2",  "1:IAB2",
                                         "1:IAB2-3",  "1:IAB10",  "1:IAB10-1", "1:IAB19",
                                         "1:IAB19-6", "2:10",     "2:11",      "7:IAB1"};
static const char *const inventory[] = {"domain:a.com",     "domain:news.a.com",  "domain:x.news.a.com",
                                        "domain:b.org",     "domain:shop.b.org",  "domain:ab.org",
                                        "domain:c.co.uk",   "domain:www.c.co.uk", "bundle:com.example.app",
                                        "bundle:123456789", "domain:localhost",   "domain:news.com"};
static const char *const keywords[] = {"cars",  "bikes",   "trains", "music",  "jazz",   "cooking",
                                       "news",  "sports",  "golf",   "tennis", "travel", "asia",
                                       "loans", "gardens", "dogs",   "cats"};
static const char *const segments[] = {"s1",  "s2",  "s3",  "s4",  "s5",  "s6",  "s7",  "s8",  "s9", "s10",
                                       "s11", "s12", "s13", "s14", "s15", "s16", "s17", "s18", "s19"};
static const char *const deals[] = {"d1", "d2", "d3", "d4", "d5"};
static const char *const domains[] = {"adv.com",    "shop.adv.com", "x.shop.adv.com", "other.com",
                                      "badadv.com", "big.co.uk",    "www.big.co.uk",  "single"};
static const char *const crids[] = {"c1", "c2", "c3", "c4", "c5", "c6", "c7", "c8"};
static const char *const slots[] = {"top", "side", "foot"};
static const char *const cities[] = {"berlin", "paris"};
static const struct table_zone zones[RANDOM_ZONES] = {
    {"America/New_York"}, {"Europe/Berlin"},  {"Asia/Kolkata"}, {"Australia/Lord_Howe"},
    {"Asia/Kathmandu"},   {"Nowhere/At_All"}, {"Etc/GMT+11"},   {"America/Sao_Paulo"}};

struct vocabulary {
    const char *const *words;
    uint32_t count;
};
#define WORDS(array)                                                                                         \
    { array, COUNT_OF(array) }
static const struct vocabulary vocabularies[TARGETS] = {
    [TARGET_SIZE] = WORDS(sizes),          [TARGET_COUNTRY] = WORDS(countries),
    [TARGET_REGION] = WORDS(regions),      [TARGET_DEVICE_TYPE] = WORDS(device_types),
    [TARGET_OS] = WORDS(systems),          [TARGET_LANGUAGE] = WORDS(languages),
    [TARGET_CATEGORY] = WORDS(categories), [TARGET_INVENTORY] = WORDS(inventory),
    [TARGET_KEYWORD] = WORDS(keywords),    [TARGET_SEGMENT] = WORDS(segments),
    [TARGET_DEAL] = WORDS(deals),          [TARGET_ADVERTISER] = WORDS(domains),
    [TARGET_CREATIVE] = WORDS(crids),      [TARGET_SLOT] = WORDS(slots),
    [TARGET_CITY] = WORDS(cities),
};

const struct table_zone *random_zones(void) {
    return zones;
}

uint16_t random_zone_number(const char *zone) {
    for (uint16_t i = 0; zone && i < RANDOM_ZONES; i++)
        if (strcmp(zones[i].name, zone) == 0)
            return (uint16_t)(i + 1);
    return 0;
}

uint32_t random_below(struct prng *prng, uint32_t n) {
    return n ? (uint32_t)(prng_next(prng) >> 32) % n : 0;
}

static bool chance(struct prng *prng, double share) {
    return prng_double(prng) < share;
}

/* Early words far more often than late ones. */
static const char *word(struct prng *prng, enum target target) {
    double u = prng_double(prng);
    return vocabularies[target].words[(uint32_t)(u * u * u * vocabularies[target].count)];
}

static void some_words(struct prng *prng, enum target target, uint32_t least, uint32_t most,
                       struct texts *texts) {
    int count = (int)(least + random_below(prng, most - least + 1));
    for (texts->count = 0; texts->count < count; texts->count++)
        texts->items[texts->count] = word(prng, target);
}

void random_style(struct prng *prng, struct random_style *style) {
    static const double shares[] = {0, 0.02, 0.2, 0.5, 0.95, 1};
    for (int i = 0; i < TARGET_INDEXED; i++)
        style->restricts[i] = shares[random_below(prng, i == TARGET_DEAL ? 4 : COUNT_OF(shares))];
    for (uint32_t i = 4 + random_below(prng, 16); i > 0; i--) /* else next to nothing ever fits */
        style->restricts[random_below(prng, TARGET_INDEXED)] = shares[random_below(prng, 3)];
    style->restricts[TARGET_SIZE] = 1;
    style->extras = shares[random_below(prng, 4)];
    style->request_fullness = sqrt(prng_double(prng));
    style->prices = (int)random_below(prng, 4);
    style->weights = (int)random_below(prng, 3);
    if (style->prices == 3)
        style->weights = 3;
    style->spread = pow(10, -6 * prng_double(prng));
    style->by_click = shares[random_below(prng, COUNT_OF(shares))];
    style->now = NOW + (int64_t)random_below(prng, 3u * 365 * 86400);
}

static void random_worth(struct prng *prng, const struct random_style *style, struct text_ad *ad) {
    static const double few[] = {0.001, 0.002, 0.5};
    if (style->prices == 0)
        ad->price = few[random_below(prng, 3)];
    else if (style->prices == 1)
        ad->price = exp(prng_normal(prng, -5, 1));
    else if (style->prices == 2)
        ad->price = pow(10, prng_double(prng) * 15 - 9);
    else
        ad->price = 0.002 * (1 + style->spread * prng_double(prng));
    if (style->weights == 3)
        ad->z = -40;
    else if (style->weights == 1)
        ad->z = (float)prng_normal(prng, -3, 1);
    else if (style->weights == 2)
        ad->z = (float)(prng_double(prng) * 200 - 100);
    ad->by_click = chance(prng, style->by_click);
}

static void random_blockable(struct prng *prng, struct text_ad *ad) {
    static const uint8_t taxonomies[] = {1, 1, 1, 2, 7};
    ad->cattax = taxonomies[random_below(prng, 5)];
    if (chance(prng, 0.7))
        some_words(prng, TARGET_CATEGORY, 1, 3, &ad->own);
    int kept = 0;
    for (int i = 0; i < ad->own.count; i++)
        if (ad->own.items[i][0] - '0' == ad->cattax)
            ad->own.items[kept++] = ad->own.items[i];
    ad->own.count = kept;
    ad->domain = chance(prng, 0.9) ? word(prng, TARGET_ADVERTISER) : NULL;
    ad->crid = chance(prng, 0.9) ? word(prng, TARGET_CREATIVE) : NULL;
    ad->language = chance(prng, 0.5) ? word(prng, TARGET_LANGUAGE) : NULL;
    ad->attr = chance(prng, 0.3) ? 1u << (1 + random_below(prng, 17)) : 0;
}

static void random_time(struct prng *prng, const struct random_style *style, struct text_ad *ad) {
    ad->starts = 0;
    ad->ends = UINT32_MAX;
    if (chance(prng, style->extras))
        ad->starts = style->now - INT64_C(3) * 86400 + random_below(prng, 6 * 86400);
    if (chance(prng, style->extras))
        ad->ends = ad->starts + 1 + random_below(prng, 6 * 86400);
    if (ad->ends > UINT32_MAX)
        ad->ends = UINT32_MAX;
    ad->all_hours = !chance(prng, style->extras);
    uint32_t from = random_below(prng, 4) * 6, length = 1 + random_below(prng, 3) * 6;
    for (uint32_t i = 0; i < 168; i++)
        ad->hours[i] = !ad->all_hours && (i % 24 + 24 - from) % 24 < length && i / 24 != from / 6;
    if (chance(prng, 0.7))
        ad->zone = zones[random_below(prng, RANDOM_ZONES)].name;
}

void random_ad(struct prng *prng, const struct random_style *style, struct text_ad *ad) {
    memset(ad, 0, sizeof *ad);
    for (int i = 0; i < TARGET_INDEXED; i++)
        if (chance(prng, style->restricts[i]))
            some_words(prng, (enum target)i, 1, chance(prng, 0.1) ? 12 : 3, &ad->in[i]);
    if (chance(prng, style->extras))
        some_words(prng, TARGET_CATEGORY, 1, 3, &ad->not_category);
    if (chance(prng, style->extras))
        some_words(prng, TARGET_INVENTORY, 1, 3, &ad->not_inventory);
    if (chance(prng, style->extras))
        some_words(prng, TARGET_SEGMENT, 1, 3, &ad->not_segment);
    ad->campaign = (int)random_below(prng, RANDOM_CAMPAIGNS);
    ad->secure = chance(prng, 0.9);
    ad->secure_only = chance(prng, style->extras);
    ad->positions = (uint16_t)(chance(prng, style->extras) ? prng_next(prng) & 0xff : 0);
    ad->connections = (uint16_t)(chance(prng, style->extras) ? prng_next(prng) & 0xff : 0);
    random_worth(prng, style, ad);
    random_blockable(prng, ad);
    random_time(prng, style, ad);
}

/* ---- requests ---- */

static void random_blocks(struct prng *prng, struct text_request *request) {
    request->cattax = chance(prng, 0.8) ? 1 : 2;
    if (chance(prng, 0.4))
        some_words(prng, TARGET_CATEGORY, 1, 2, &request->bcat);
    int kept = 0;
    for (int i = 0; i < request->bcat.count; i++)
        if (request->bcat.items[i][0] - '0' == request->cattax)
            request->bcat.items[kept++] = request->bcat.items[i];
    request->bcat.count = kept;
    if (chance(prng, 0.4))
        some_words(prng, TARGET_ADVERTISER, 1, 2, &request->badv);
    if (chance(prng, 0.3))
        some_words(prng, TARGET_CREATIVE, 1, 3, &request->bcrid);
    if (chance(prng, 0.3))
        some_words(prng, TARGET_LANGUAGE, 1, 3, &request->wlang);
    request->battr = chance(prng, 0.3) ? (uint32_t)prng_next(prng) & 0x3fffe : 0;
}

uint16_t random_rate(struct prng *prng) {
    static const uint16_t rates[] = {0, 1, 65534};
    uint32_t kind = random_below(prng, 20);
    if (kind >= 5)
        return 65535;
    return kind < COUNT_OF(rates) ? rates[kind] : (uint16_t)prng_next(prng);
}

static void random_user(struct prng *prng, struct text_request *request) {
    request->salt = prng_next(prng);
    if (!chance(prng, 0.4))
        return;
    request->cap_count = (int)(1 + random_below(prng, 5));
    for (int i = 0; i < request->cap_count; i++)
        request->caps[i] = (struct text_cap){.campaign = (int)random_below(prng, RANDOM_CAMPAIGNS),
                                             .views = random_below(prng, 4),
                                             .other = chance(prng, 0.2)};
}

static double random_floor(struct prng *prng, const struct random_style *style) {
    static const double floors[] = {0, 0, 0, 0, 0.0001, 0.0005, 0.001, 0.002, 1, INFINITY};
    if (style->prices == 3 && chance(prng, 0.7)) /* scores are very small */
        return 0;
    if (style->prices == 2 && chance(prng, 0.3))
        return pow(10, prng_double(prng) * 15 - 9);
    return floors[random_below(prng, COUNT_OF(floors))];
}

static void random_imp(struct prng *prng, const struct random_style *style, struct text_request *request) {
    some_words(prng, TARGET_SIZE, 1, 1 + (uint32_t)(style->request_fullness * 6), &request->sizes);
    if (chance(prng, 0.3))
        some_words(prng, TARGET_DEAL, 1, 4, &request->deals);
    if (chance(prng, 0.05))
        request->deals.items[request->deals.count++] = "unknown";
    for (int i = 0; i < request->deals.count; i++)
        request->deal_floors[i] = random_floor(prng, style);
    request->floor = random_floor(prng, style);
    request->slot = chance(prng, 0.5) ? word(prng, TARGET_SLOT) : NULL;
    request->position = chance(prng, 0.7) ? (uint8_t)random_below(prng, 9) : 255;
    request->secure = chance(prng, 0.7);
    request->private_auction = chance(prng, 0.1);
}

void random_request(struct prng *prng, const struct random_style *style, struct text_request *request) {
    static const enum target several[] = {TARGET_CATEGORY, TARGET_INVENTORY, TARGET_KEYWORD, TARGET_SEGMENT};
    static const enum target one[] = {TARGET_COUNTRY,  TARGET_REGION, TARGET_DEVICE_TYPE,
                                      TARGET_LANGUAGE, TARGET_OS,     TARGET_CITY};
    memset(request, 0, sizeof *request);
    for (size_t i = 0; i < COUNT_OF(one); i++)
        if (chance(prng, 0.5 + style->request_fullness / 2))
            some_words(prng, one[i], 1, 1, &request->is[one[i]]);
    for (size_t i = 0; i < COUNT_OF(several); i++)
        if (chance(prng, 0.3 + style->request_fullness / 2))
            some_words(prng, several[i], 1, 1 + (uint32_t)(style->request_fullness * 9),
                       &request->is[several[i]]);
    if (chance(prng, 0.1))
        request->is[TARGET_KEYWORD].items[request->is[TARGET_KEYWORD].count++] = "unknown";
    request->utc_offset = MATCH_NO_OFFSET;
    if (chance(prng, 0.5))
        request->utc_offset = -720 + (int)random_below(prng, 105) * 15;
    request->now = style->now + (int64_t)random_below(prng, 12) * 43200 - INT64_C(3) * 86400;
    request->connection = chance(prng, 0.7) ? (uint8_t)random_below(prng, 9) : 255;
    request->least_pctr = chance(prng, 0.2) && style->prices != 3 ? 0.02 : 0;
    random_blocks(prng, request);
    random_user(prng, request);
    random_imp(prng, style, request);
}

static float random_weight(struct prng *prng, const struct random_style *style) {
    if (style->weights == 3)
        return (float)(0.5 * (1 - style->spread * prng_double(prng)));
    if (style->weights == 0 || chance(prng, 0.3))
        return 0;
    if (style->weights == 1)
        return (float)prng_normal(prng, 0, 0.4);
    return (float)(prng_double(prng) * 200 - 100);
}

void random_weights(struct prng *prng, const struct random_style *style, struct text_weights *weights) {
    for (size_t i = 0; i < COUNT_OF(weights->own); i++)
        weights->own[i] = random_weight(prng, style);
    for (size_t i = 0; i < TABLE_CROSSES; i++)
        for (size_t j = 0; j < COUNT_OF(weights->crosses[i]); j++)
            weights->crosses[i][j] = random_weight(prng, style);
}
