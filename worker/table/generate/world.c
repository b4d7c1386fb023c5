/* Draws, devices, sizes, names and campaigns of the made-up world; see world.h. */
#include "generate/world.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/macros.h"

static uint64_t mix(uint64_t a, uint64_t b) {
    uint64_t x = a + b * UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

void world_init(struct world *world, uint64_t seed, uint64_t ads) {
    world->seed = seed;
    world->campaigns = (uint32_t)(ads / 25 + 1);
    world->advertisers = world->campaigns / 4 + 1;
    zipf_init(&world->campaign, world->campaigns, 0.8);
    zipf_init(&world->advertiser, world->advertisers, 0.8);
    zipf_init(&world->site, WORLD_SITES, 1.0);
    zipf_init(&world->app, WORLD_APPS, 1.0);
    zipf_init(&world->segment, WORLD_SEGMENTS, 0.8);
    zipf_init(&world->keyword, WORLD_KEYWORDS, 0.9);
    zipf_init(&world->deal, WORLD_DEALS, 0.9);
}

void world_seed(const struct world *world, enum world_kind kind, uint64_t number, struct prng *prng) {
    prng_seed(prng, mix(mix(world->seed, (uint64_t)kind), number));
}

bool world_chance(struct prng *prng, double share) {
    return prng_double(prng) < share;
}

uint32_t world_between(struct prng *prng, uint32_t least, uint32_t most) {
    return least + (uint32_t)(prng_double(prng) * (most - least + 1));
}

uint32_t world_pick(struct prng *prng, const float *weights, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += weights[i];
    double left = prng_double(prng) * sum;
    for (size_t i = 0; i + 1 < n; i++) {
        left -= weights[i];
        if (left < 0)
            return (uint32_t)i;
    }
    return (uint32_t)n - 1;
}

double world_log_normal(struct prng *prng, double median, double deviation) {
    return median * exp(prng_normal(prng, 0, deviation));
}

/* ---- devices ---- */

#define WEBKIT "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0"

const struct world_device world_devices[] = {
    {4, "Android", "android", "Mozilla/5.0 (Linux; Android 14; Pixel 7) " WEBKIT " Mobile Safari/537.36",
     true, false},
    {4, "iOS", "ios",
     "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
     "Version/17.4 Mobile/15E148 Safari/604.1",
     true, false},
    {2, "Windows", "windows", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) " WEBKIT " Safari/537.36", false,
     false},
    {2, "macOS", "macos", "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) " WEBKIT " Safari/537.36", false,
     false},
    {2, "Linux", "linux", "Mozilla/5.0 (X11; Linux x86_64) " WEBKIT " Safari/537.36", false, false},
    {2, "ChromeOS", "chromeos", "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) " WEBKIT " Safari/537.36", false,
     false},
    {5, "iOS", "ios",
     "Mozilla/5.0 (iPad; CPU OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 "
     "Mobile/15E148 Safari/604.1",
     true, false},
    {5, "Android", "android", "Mozilla/5.0 (Linux; Android 13; SM-X200) " WEBKIT " Safari/537.36", true,
     false},
    {3, "Android", "android", "Mozilla/5.0 (Linux; Android 12; BRAVIA 4K) " WEBKIT " Safari/537.36", false,
     true},
    {3, "Tizen", "tizen", "Mozilla/5.0 (SMART-TV; LINUX; Tizen 7.0) " WEBKIT " Safari/537.36", false, true},
    {3, "webOS", "webos", "Mozilla/5.0 (Web0S; Linux/SmartTV) " WEBKIT " Safari/537.36", false, true},
    {7, "Roku", "roku", "Roku/DVP-12.5", false, true},
};
const size_t world_device_count = COUNT_OF(world_devices);

static const float device_shares[COUNT_OF(world_devices)] = {41,   17,   21,   5, 1,    1.5F,
                                                             3.5F, 2.5F, 2.5F, 2, 1.5F, 1.5F};

const struct world_device *world_device(struct prng *prng) {
    return &world_devices[world_pick(prng, device_shares, COUNT_OF(device_shares))];
}

/* ---- sizes ---- */

static const struct world_size sizes[] = {{300, 250}, {320, 50},  {728, 90},  {320, 100}, {160, 600},
                                          {300, 600}, {970, 250}, {336, 280}, {320, 480}, {300, 50},
                                          {970, 90},  {468, 60},  {120, 600}, {250, 250}};
static const float handheld_shares[COUNT_OF(sizes)] = {34, 38, 1, 9, 0.2F, 1, 0.2F, 3.6F, 7, 5, 0, 0, 0, 1};
static const float desk_shares[COUNT_OF(sizes)] = {36, 1, 23, 0.3F, 13, 10, 7, 4, 0.2F, 0, 2.5F, 1, 1, 1};

uint32_t world_sizes(struct prng *prng, bool handheld, uint32_t wanted, struct world_size *out) {
    const float *shares = handheld ? handheld_shares : desk_shares;
    uint32_t count = 1;
    out[0] = sizes[world_pick(prng, shares, COUNT_OF(sizes))];
    for (; wanted > 1; wanted--) {
        struct world_size size = sizes[world_pick(prng, shares, COUNT_OF(sizes))];
        bool there = false;
        for (uint32_t i = 0; i < count; i++)
            there = there || (out[i].w == size.w && out[i].h == size.h);
        if (!there)
            out[count++] = size;
    }
    return count;
}

/* ---- interests ---- */

/* How many subcategories each main category of the IAB content taxonomy 1.0 has, and how much is read. */
static const uint8_t subcategories[WORLD_CATEGORIES] = {7, 23, 12, 11, 15, 9,  45, 18, 31, 9,  5, 3, 12,
                                                        8, 10, 7,  44, 6,  36, 27, 3,  4,  10, 0, 7, 4};
static const float category_shares[WORLD_CATEGORIES] = {14, 5, 4, 2, 3, 3, 4, 4,    10, 3,    2, 15,   3,
                                                        4,  2, 1, 9, 3, 8, 4, 1.5F, 3,  0.5F, 1, 0.3F, 0.2F};

struct world_category world_category(struct prng *prng) {
    uint32_t at = world_pick(prng, category_shares, WORLD_CATEGORIES);
    return world_category_beside(prng, (struct world_category){(uint8_t)(at + 1), 0});
}

struct world_category world_category_beside(struct prng *prng, struct world_category category) {
    uint8_t most = subcategories[category.main - 1];
    bool low = prng_double(prng) < 0.5; /* half of what is read is in the first few */
    return (struct world_category){category.main,
                                   (uint8_t)world_between(prng, 0, low && most > 4 ? 4 : most)};
}

void world_category_name(struct world_category category, char out[WORLD_TEXT_BYTES]) {
    if (category.sub)
        snprintf(out, WORLD_TEXT_BYTES, "IAB%u-%u", category.main, category.sub);
    else
        snprintf(out, WORLD_TEXT_BYTES, "IAB%u", category.main);
}

/* ---- names: the same in every world, so that worlds of several seeds meet ---- */

void world_word(uint64_t key, uint32_t most, char out[WORLD_TEXT_BYTES]) {
    static const char consonants[] = "bdfgklmnprstvz", vowels[] = "aeiou";
    uint64_t bits = mix(key, 77);
    uint32_t syllables = most > 1 ? 2 + (uint32_t)(bits % (most - 1)) : 1;
    size_t n = 0;
    bits >>= 4;
    for (uint32_t i = 0; i < syllables && n + 3 < WORLD_TEXT_BYTES; i++) {
        out[n++] = consonants[bits % (sizeof consonants - 1)];
        bits /= sizeof consonants - 1;
        out[n++] = vowels[bits % (sizeof vowels - 1)];
        bits /= sizeof vowels - 1;
    }
    out[n] = '\0';
}

void world_site_name(const char *language, uint32_t rank, char out[WORLD_TEXT_BYTES]) {
    char word[WORLD_TEXT_BYTES];
    uint64_t key = mix(WORLD_SITE, rank) + (uint64_t)language[0] * 256 + (uint64_t)language[1];
    world_word(key, 3, word);
    snprintf(out, WORLD_TEXT_BYTES, "%.12s%u-%.2s.example", word, rank, language);
}

void world_app_name(uint32_t rank, char out[WORLD_TEXT_BYTES]) {
    char word[WORLD_TEXT_BYTES];
    world_word(mix(WORLD_APP, rank), 3, word);
    snprintf(out, WORLD_TEXT_BYTES, "com.%.12s.app%u", word, rank);
}

void world_advertiser_name(uint32_t number, char out[WORLD_TEXT_BYTES]) {
    char word[WORLD_TEXT_BYTES];
    world_word(mix(WORLD_ADVERTISER, number), 3, word);
    snprintf(out, WORLD_TEXT_BYTES, "%.12s%u.example", word, number);
}

void world_keyword_name(uint32_t rank, char out[WORLD_TEXT_BYTES]) {
    world_word(mix(WORLD_KEYWORD, rank), 4, out);
}

void world_segment_name(uint32_t rank, char out[WORLD_TEXT_BYTES]) {
    snprintf(out, WORLD_TEXT_BYTES, "s%u", rank);
}

void world_deal_name(uint32_t rank, char out[WORLD_TEXT_BYTES]) {
    snprintf(out, WORLD_TEXT_BYTES, "deal-%u", rank);
}

/* ---- campaigns ---- */

void world_campaign(const struct world *world, uint32_t number, struct world_campaign *campaign) {
    struct prng *prng = &campaign->prng;
    world_seed(world, WORLD_CAMPAIGN, number, prng);
    campaign->number = number;
    campaign->advertiser = zipf_draw(&world->advertiser, prng);
    world_advertiser_name(campaign->advertiser, campaign->domain);
    /* What an advertiser sells, and where, its campaigns share. */
    struct prng own;
    world_seed(world, WORLD_ADVERTISER, campaign->advertiser, &own);
    campaign->category = world_category(&own);
    campaign->home = world_place(&own);
    campaign->category_beside = world_category_beside(prng, campaign->category);
    if (world_chance(prng, 0.2))
        campaign->home = world_place(prng);
    campaign->by_click = world_chance(prng, 0.8);
    /* At 0.2 % of clicks a view is worth the same either way: CPM = price of a click * 0.002 * 1000. */
    campaign->price = world_log_normal(prng, campaign->by_click ? 0.35 : 0.70, 0.6);
}
