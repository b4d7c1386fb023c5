/*
 * The made-up world that `slimbid-table generate` draws ads, requests and weights from: places, devices,
 * sizes, sites, apps, interests, campaigns. Everything in it follows from the seed and a number, so nothing
 * is kept: campaign 7 is worked out anew for each of its ads. Shares and laws: docs/generate.md.
 */
#ifndef SLIMBID_WORKER_TABLE_WORLD_H
#define SLIMBID_WORKER_TABLE_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/prng.h"
#include "generate/zipf.h"

#define WORLD_TEXT_BYTES 48 /* of a name, its end included */

struct world {
    uint64_t seed;
    uint32_t campaigns, advertisers; /* how many there are */
    struct zipf campaign, advertiser, site, app, segment, keyword, deal;
};

enum {
    WORLD_SITES = 3000, /* of each language */
    WORLD_APPS = 5000,
    WORLD_SEGMENTS = 5000,
    WORLD_KEYWORDS = 3000,
    WORLD_DEALS = 500
};

/* ads: how many the world has. */
void world_init(struct world *world, uint64_t seed, uint64_t ads);

/* What is worked out from numbers; each kind has its own streams of random numbers. */
enum world_kind {
    WORLD_CAMPAIGN = 1,
    WORLD_ADVERTISER,
    WORLD_CREATIVE,
    WORLD_AD,
    WORLD_REQUEST,
    WORLD_SITE,
    WORLD_APP,
    WORLD_KEYWORD,
    WORLD_CITY,
    WORLD_PHRASE,
    WORLD_WEIGHT
};

/* The random numbers of one thing. */
void world_seed(const struct world *world, enum world_kind kind, uint64_t number, struct prng *prng);

/* ---- draws ---- */

bool world_chance(struct prng *prng, double share);
/* In [least, most]. */
uint32_t world_between(struct prng *prng, uint32_t least, uint32_t most);
/* An index with probability proportional to its weight. */
uint32_t world_pick(struct prng *prng, const float *weights, size_t n);
/* exp of a normal: median, and the deviation of the logarithm. */
double world_log_normal(struct prng *prng, double median, double deviation);

/* ---- places ---- */

struct world_place {
    const char *country;  /* alpha-3 */
    const char *language; /* the one most spoken: two letters */
    const char *zone;     /* of the IANA data base */
    int16_t utc_minutes;  /* standard time */
    const char *regions;  /* ISO 3166-2 without the country, joined by blanks, the most people first */
};

extern const struct world_place world_places[];
extern const size_t world_place_count;

/* By internet users. */
const struct world_place *world_place(struct prng *prng);
/* A region of it, the first ones more often; out gets "CA". */
void world_region(const struct world_place *place, struct prng *prng, char out[WORLD_TEXT_BYTES]);

/* ---- devices ---- */

struct world_device {
    uint8_t type;       /* AdCOM */
    const char *os;     /* as devices write it, "iOS" */
    const char *os_key; /* lower case */
    const char *user_agent;
    bool handheld;
    bool television;
};

extern const struct world_device world_devices[];
extern const size_t world_device_count;
const struct world_device *world_device(struct prng *prng);

/* ---- sizes ---- */

struct world_size {
    uint16_t w, h;
};

/* Draws `wanted` sizes of a banner (>= 1), by how often handhelds or others have them; returns how many
 * different ones came into sizes. */
uint32_t world_sizes(struct prng *prng, bool handheld, uint32_t wanted, struct world_size *sizes);

/* ---- sites, apps, interests ---- */

/* Main and sub category of the IAB content taxonomy 1.0: "IAB1-3", sub 0: "IAB1". */
struct world_category {
    uint8_t main, sub;
};
#define WORLD_CATEGORIES 26

struct world_category world_category(struct prng *prng);
/* Another one below the same main one. */
struct world_category world_category_beside(struct prng *prng, struct world_category category);
void world_category_name(struct world_category category, char out[WORLD_TEXT_BYTES]);

void world_site_name(const char *language, uint32_t rank, char out[WORLD_TEXT_BYTES]);
void world_app_name(uint32_t rank, char out[WORLD_TEXT_BYTES]);
void world_advertiser_name(uint32_t number, char out[WORLD_TEXT_BYTES]);
void world_keyword_name(uint32_t rank, char out[WORLD_TEXT_BYTES]);
void world_segment_name(uint32_t rank, char out[WORLD_TEXT_BYTES]);
void world_deal_name(uint32_t rank, char out[WORLD_TEXT_BYTES]);
/* A word of one to `most` syllables; the same for the same key. */
void world_word(uint64_t key, uint32_t most, char out[WORLD_TEXT_BYTES]);

/* ---- campaigns ---- */

struct world_campaign {
    uint32_t number, advertiser;
    char domain[WORLD_TEXT_BYTES]; /* the advertiser's */
    struct world_category category, category_beside;
    const struct world_place *home;
    bool by_click;
    double price;     /* what its ads cost about: USD a click, or CPM */
    struct prng prng; /* goes on with the rest of what its ads share */
};

void world_campaign(const struct world *world, uint32_t number, struct world_campaign *campaign);

#endif
