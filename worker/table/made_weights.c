/* Made-up weights; see made_weights.h. */
#include "made_weights.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "base/hash.h"
#include "base/macros.h"
#include "made_creative.h"

/* About the log-odds of 0.2 %, less half the variance of all that is added: so the mean is 0.2 %. */
#define BIAS (-6.21 - 0.25)

/* Campaigns with crosses: the largest, as only what is often seen earns a weight of its own. */
#define CROSSED_CAMPAIGNS 2000u

struct making {
    const struct world *world;
    FILE *file;
};

/* A weight of that spread, which follows from the feature's name. */
static void put(const struct making *m, double spread, const char *format, ...) PRINTF_LIKE(3, 4);

static void put(const struct making *m, double spread, const char *format, ...) {
    char name[4 * WORLD_TEXT_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(name, sizeof name, format, args);
    va_end(args);
    struct prng prng;
    world_seed(m->world, WORLD_WEIGHT, hash_bytes(str_from(name), 0), &prng);
    fprintf(m->file, "%s\t%.4f\n", name, prng_normal(&prng, 0, spread));
}

static void put_places(const struct making *m) {
    for (size_t i = 0; i < world_place_count; i++) {
        const struct world_place *place = &world_places[i];
        put(m, 0.25, "country=%s", place->country);
        for (const char *at = place->regions; *at;) {
            size_t n = strcspn(at, " ");
            put(m, 0.1, "region=%s-%.*s", place->country, (int)n, at);
            at += n + (at[n] == ' ');
        }
        bool first = true; /* several places speak one language, and a feature stands once */
        for (size_t j = 0; j < i; j++)
            first = first && strcmp(world_places[j].language, place->language) != 0;
        if (!first)
            continue;
        put(m, 0.1, "language=%s", place->language);
        for (uint32_t rank = 0; rank < WORLD_SITES / 10; rank++) {
            char name[WORLD_TEXT_BYTES];
            world_site_name(place->language, rank, name);
            put(m, 0.3, "inventory=domain:%s", name);
        }
    }
}

static void put_interests(const struct making *m) {
    char name[WORLD_TEXT_BYTES];
    for (uint8_t main = 1; main <= WORLD_CATEGORIES; main++) {
        world_category_name((struct world_category){main, 0}, name);
        put(m, 0.15, "category=1:%s", name);
        put(m, 0.2, "adcategory=1:%s", name);
        for (uint8_t sub = 1; sub <= 8; sub++) {
            world_category_name((struct world_category){main, sub}, name);
            put(m, 0.1, "category=1:%s", name);
        }
    }
    for (uint32_t rank = 0; rank < WORLD_APPS / 5; rank++) {
        world_app_name(rank, name);
        put(m, 0.3, "inventory=bundle:%s", name);
    }
    for (uint32_t rank = 0; rank < WORLD_SEGMENTS / 5; rank++)
        put(m, 0.08, "segment=s%u", rank);
}

static void put_situation(const struct making *m) {
    static const char *const sizes[] = {"300x250", "320x50",  "728x90",  "320x100", "160x600",
                                        "300x600", "970x250", "336x280", "320x480", "300x50",
                                        "970x90",  "468x60",  "120x600", "250x250"};
    static const double media[] = {[MADE_BANNER] = -0.1, [MADE_VIDEO] = 0.5, [MADE_NATIVE] = 0.3};
    static const uint8_t types[] = {2, 3, 4, 5, 7}, positions[] = {1, 3, 4, 7}, connections[] = {1, 2, 6, 7};
    static const char *const systems[] = {"android",  "ios",   "windows", "macos", "linux",
                                          "chromeos", "tizen", "webos",   "roku"};
    for (size_t i = 0; i < COUNT_OF(sizes); i++)
        put(m, 0.25, "size=%s", sizes[i]);
    for (size_t i = 0; i < COUNT_OF(media); i++)
        fprintf(m->file, "media=%s\t%.4f\n", made_media_names[i], media[i]);
    for (size_t i = 0; i < COUNT_OF(types); i++)
        put(m, 0.2, "device_type=%u", types[i]);
    for (size_t i = 0; i < COUNT_OF(systems); i++)
        put(m, 0.15, "os=%s", systems[i]);
    for (size_t i = 0; i < COUNT_OF(positions); i++)
        put(m, 0.25, "position=%u", positions[i]);
    for (size_t i = 0; i < COUNT_OF(connections); i++)
        put(m, 0.1, "connection=%u", connections[i]);
    for (int hour = 0; hour < 24; hour++) /* evenings click most */
        fprintf(m->file, "hour=%d\t%.4f\n", hour, 0.15 * cos((hour - 20) * 3.14159265 / 12));
    for (int day = 0; day < 7; day++)
        put(m, 0.05, "weekday=%d", day);
    for (int slot = 1; slot <= 12; slot++)
        put(m, 0.1, "slot=slot-%d", slot);
}

/* Some of a campaign's crosses: the sites of its language, devices, hours. */
static void put_crosses(const struct making *m, struct world_campaign *campaign) {
    char name[WORLD_TEXT_BYTES];
    uint32_t number = campaign->number + 1, rank = 0, hour = 0;
    for (int i = 0; i < 3; i++) {
        rank += 1 + world_between(&campaign->prng, 0, 7);
        world_site_name(campaign->home->language, rank - 1, name);
        put(m, 0.2, "campaign=c%u&inventory=domain:%s", number, name);
    }
    put(m, 0.12, "campaign=c%u&device_type=2", number);
    put(m, 0.12, "campaign=c%u&device_type=4", number);
    for (int i = 0; i < 3; i++) {
        hour += 1 + world_between(&campaign->prng, 0, 6);
        put(m, 0.1, "campaign=c%u&hour=%u", number, hour);
    }
}

void made_weights(const struct world *world, FILE *file) {
    struct making m = {world, file};
    fprintf(file, "bias\t%.4f\n", BIAS);
    put_situation(&m);
    put_interests(&m);
    put_places(&m);
    for (uint32_t i = 0; i < world->advertisers; i++) {
        char name[WORLD_TEXT_BYTES];
        world_advertiser_name(i, name);
        put(&m, 0.3, "advertiser=%s", name);
    }
    for (uint32_t i = 0; i < world->campaigns; i++) {
        struct world_campaign campaign;
        put(&m, 0.35, "campaign=c%u", i + 1);
        if (i >= CROSSED_CAMPAIGNS)
            continue;
        world_campaign(world, i, &campaign);
        put_crosses(&m, &campaign);
    }
}
