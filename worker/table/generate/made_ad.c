/* Made-up ads; see made_ad.h. */
#include "generate/made_ad.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/macros.h"
#include "generate/json_put.h"
#include "generate/made_creative.h"

/* One ad while it is put together. */
struct making {
    const struct world *world;
    struct prng *prng;               /* the ad's */
    struct world_campaign *campaign; /* its prng: what all ads of the campaign share */
    struct made_creative creative;
    struct buf *line;
    bool one_country;
};

static double round_to(double v, double unit) {
    return round(v / unit) * unit;
}

static void put_category_list(struct buf *line, const char *key, struct world_category a,
                              struct world_category b) {
    struct json_names names = {.count = 0};
    char name[WORLD_TEXT_BYTES];
    world_category_name(a, name);
    json_names_add(&names, name);
    world_category_name(b, name);
    json_names_add(&names, name);
    json_put_names(line, key, &names);
}

static void put_what_it_is(struct making *m, uint64_t number) {
    struct buf *line = m->line;
    const struct made_creative *c = &m->creative;
    char text[WORLD_TEXT_BYTES];
    snprintf(text, sizeof text, "a%llu", (unsigned long long)number + 1);
    json_put_text(line, "id", text);
    snprintf(text, sizeof text, "c%u", m->campaign->number + 1);
    json_put_text(line, "campaign", text);
    json_put_text(line, "adomain", m->campaign->domain);
    json_put_text(line, "crid", c->crid);
    put_category_list(line, "cat", m->campaign->category, m->campaign->category_beside);
    json_put_uint(line, "cattax", 1);
    json_put_text(line, "media", made_media_names[c->media]);
    struct json_names sizes = {.count = 0};
    for (uint32_t i = 0; i < c->size_count; i++) {
        snprintf(text, sizeof text, "%ux%u", c->sizes[i].w, c->sizes[i].h);
        json_names_add(&sizes, text);
    }
    json_put_names(line, "sizes", &sizes);
    json_put_text(line, "adm", c->markup);
    json_put_flag(line, "secure", c->secure);
    json_put_bits(line, "attr", c->attr);
    json_put_text(line, "language", m->campaign->home->language);
}

/* Most run for years; a few are over, or to come. */
static void put_times(struct prng *shared, struct buf *line) {
    char text[WORLD_TEXT_BYTES];
    double when = prng_double(shared);
    int start = when < 0.01 ? 2035 : 2025, end = when > 0.99 ? 2025 : 2036;
    uint32_t month = world_between(shared, 1, end == 2025 ? 3 : 12), day = world_between(shared, 1, 28);
    snprintf(text, sizeof text, "%d-%02u-%02uT00:00:00Z", start, month, day);
    json_put_text(line, "start", text);
    snprintf(text, sizeof text, "%d-%02u-%02uT00:00:00Z", end, end == 2025 ? 6 : month, day);
    json_put_text(line, "end", text);
}

static void put_price(struct making *m) {
    static const uint8_t views[] = {1, 2, 3, 3, 5, 10}, hours[] = {1, 6, 24, 24, 24, 168};
    struct buf *line = m->line;
    struct prng *shared = &m->campaign->prng;
    json_put_text(line, "bid", m->campaign->by_click ? "cpc" : "cpm");
    double price = m->campaign->price * world_log_normal(m->prng, 1, 0.25);
    json_put_number(line, "price", fmax(round_to(price, 0.001), 0.01));
    json_put_text(line, "currency", "USD");
    if (world_chance(shared, 0.9))
        json_put_number(line, "daily_budget", fmax(round_to(world_log_normal(shared, 200, 1.2), 1), 5));
    if (world_chance(shared, 0.6)) {
        json_put_key(line, "frequency_cap");
        buf_add_char(line, '{');
        json_put_uint(line, "views", views[world_between(shared, 0, COUNT_OF(views) - 1)]);
        json_put_uint(line, "hours", hours[world_between(shared, 0, COUNT_OF(hours) - 1)]);
        buf_add_char(line, '}');
    }
    put_times(shared, line);
    if (world_chance(shared, 0.05)) {
        struct json_names deals = {.count = 0};
        char name[WORLD_TEXT_BYTES];
        for (uint32_t i = world_between(shared, 1, 3); i > 0; i--) {
            world_deal_name(zipf_draw(&m->world->deal, shared), name);
            json_names_add(&deals, name);
        }
        json_put_names(line, "deals", &deals);
    }
}

/* ---- targeting that a campaign's ads share ---- */

static void put_countries(struct making *m) {
    static const float counts[] = {84, 9, 4, 2, 1};
    struct prng *shared = &m->campaign->prng;
    struct json_names names = {.count = 0};
    if (!world_chance(shared, 0.97))
        return;
    json_names_add(&names, m->campaign->home->country);
    for (uint32_t i = world_pick(shared, counts, COUNT_OF(counts)); i > 0; i--)
        json_names_add(&names, world_place(shared)->country);
    m->one_country = names.count == 1;
    json_put_names(m->line, "countries", &names);
}

static void put_languages(struct making *m) {
    struct prng *shared = &m->campaign->prng;
    struct json_names names = {.count = 0};
    if (!world_chance(shared, 0.4))
        return;
    json_names_add(&names, m->campaign->home->language);
    if (world_chance(shared, 0.3))
        json_names_add(&names, "en");
    json_put_names(m->line, "languages", &names);
}

static void put_categories(struct making *m) {
    static const struct world_category unwanted[] = {{25, 0}, {26, 0}, {7, 39}, {14, 1}, {11, 4}, {23, 0}};
    struct prng *shared = &m->campaign->prng;
    struct json_names names = {.count = 0};
    char name[WORLD_TEXT_BYTES];
    if (world_chance(shared, 0.5)) {
        for (uint32_t i = world_between(shared, 1, 3); i > 0; i--) {
            struct world_category category = world_category(shared);
            if (world_chance(shared, 0.35))
                category.sub = 0;
            world_category_name(category, name);
            json_names_add(&names, name);
        }
        json_put_names(m->line, "categories", &names);
    }
    names.count = 0;
    if (world_chance(shared, 0.25)) {
        for (uint32_t i = world_between(shared, 1, 3); i > 0; i--) {
            world_category_name(unwanted[world_between(shared, 0, COUNT_OF(unwanted) - 1)], name);
            json_names_add(&names, name);
        }
        json_put_names(m->line, "not_categories", &names);
    }
}

static void put_hours(struct making *m) {
    static const char *const days[] = {"[\"mon\",\"tue\",\"wed\",\"thu\",\"fri\"]", "[\"sat\",\"sun\"]",
                                       "[\"mon\",\"tue\",\"wed\",\"thu\",\"fri\",\"sat\",\"sun\"]"};
    struct prng *shared = &m->campaign->prng;
    if (!world_chance(shared, 0.12))
        return;
    json_put_key(m->line, "hours");
    buf_add_char(m->line, '[');
    uint32_t windows = world_chance(shared, 0.25) ? 2 : 1;
    for (uint32_t i = 0; i < windows; i++) {
        json_put_comma(m->line);
        buf_printf(m->line, "{\"days\":%s,", windows == 2 ? days[i] : days[world_between(shared, 0, 2)]);
        uint32_t from = world_between(shared, 6, 17);
        buf_printf(m->line, "\"from\":%u,\"to\":%u}", from, world_between(shared, from + 3, 24));
    }
    buf_add_char(m->line, ']');
    json_put_text(m->line, "time_zone", m->campaign->home->zone);
}

/* ---- targeting of each ad ---- */

static void put_regions(struct making *m) {
    struct json_names names = {.count = 0};
    if (!m->one_country || !world_chance(m->prng, 0.45))
        return;
    for (uint32_t i = world_between(m->prng, 1, 5); i > 0; i--) {
        char code[WORLD_TEXT_BYTES], name[2 * WORLD_TEXT_BYTES];
        world_region(m->campaign->home, m->prng, code);
        snprintf(name, sizeof name, "%s-%s", m->campaign->home->country, code);
        json_names_add(&names, name);
    }
    json_put_names(m->line, "regions", &names);
}

static void put_devices(struct making *m) {
    static const char *const handheld[] = {"android", "ios"}, *const desk[] = {"windows", "macos"};
    const struct made_creative *c = &m->creative;
    struct prng *prng = m->prng;
    if (world_chance(prng, 0.8)) {
        uint32_t types = c->handheld ? 1u << 4 : 1u << 2;
        if (c->handheld && world_chance(prng, 0.5))
            types = 1u << 4 | 1u << 5;
        if (!c->handheld && c->media == MADE_VIDEO && world_chance(prng, 0.6))
            types = 1u << 3 | 1u << 7;
        json_put_bits(m->line, "device_types", types);
    }
    if (world_chance(prng, 0.25)) {
        struct json_names names = {.count = 0};
        const char *const *os = c->handheld ? handheld : desk;
        json_names_add(&names, os[world_chance(prng, 0.4)]);
        if (!c->handheld && world_chance(prng, 0.3))
            json_names_add(&names, os[0]);
        json_put_names(m->line, "os", &names);
    }
}

/* Most lists are short, a few are long. */
static uint32_t list_length(struct prng *prng, double mean) {
    return 1 + (uint32_t)fmin(prng_exponential(prng, mean), 23);
}

static void add_sites(struct making *m, double mean, struct json_names *names) {
    char name[WORLD_TEXT_BYTES];
    for (uint32_t i = list_length(m->prng, mean); i > 0; i--) {
        bool own = world_chance(m->prng, 0.8);
        world_site_name(own ? m->campaign->home->language : "en", zipf_draw(&m->world->site, m->prng), name);
        json_names_add(names, name);
    }
}

static void add_apps(struct making *m, double mean, struct json_names *names) {
    char name[WORLD_TEXT_BYTES];
    for (uint32_t i = list_length(m->prng, mean); i > 0; i--) {
        world_app_name(zipf_draw(&m->world->app, m->prng), name);
        json_names_add(names, name);
    }
}

static void put_inventory(struct making *m) {
    struct json_names names = {.count = 0};
    bool domains = world_chance(m->prng, 0.25), apps = m->creative.handheld && world_chance(m->prng, 0.12);
    if (domains)
        add_sites(m, 5, &names);
    json_put_names(m->line, "domains", &names);
    names.count = 0;
    if (!domains && world_chance(m->prng, 0.1))
        add_sites(m, 3, &names);
    json_put_names(m->line, "not_domains", &names);
    names.count = 0;
    if (apps)
        add_apps(m, 4, &names);
    json_put_names(m->line, "bundles", &names);
    names.count = 0;
    if (!apps && world_chance(m->prng, 0.04))
        add_apps(m, 3, &names);
    json_put_names(m->line, "not_bundles", &names);
}

static void put_interests(struct making *m) {
    struct json_names names = {.count = 0};
    char name[WORLD_TEXT_BYTES];
    if (world_chance(m->prng, 0.07))
        for (uint32_t i = world_between(m->prng, 1, 6); i > 0; i--) {
            world_keyword_name(zipf_draw(&m->world->keyword, m->prng), name);
            json_names_add(&names, name);
        }
    json_put_names(m->line, "keywords", &names);
    names.count = 0;
    if (world_chance(m->prng, 0.35))
        for (uint32_t i = world_between(m->prng, 1, 4); i > 0; i--) {
            world_segment_name(zipf_draw(&m->world->segment, m->prng), name);
            json_names_add(&names, name);
        }
    json_put_names(m->line, "segments", &names);
    names.count = 0;
    if (world_chance(m->prng, 0.06))
        for (uint32_t i = world_between(m->prng, 1, 3); i > 0; i--) {
            world_segment_name(zipf_draw(&m->world->segment, m->prng), name);
            json_names_add(&names, name);
        }
    json_put_names(m->line, "not_segments", &names);
}

static void put_targeting(struct making *m) {
    json_put_key(m->line, "targeting");
    buf_add_char(m->line, '{');
    put_countries(m);
    put_languages(m);
    json_put_uint(m->line, "cattax", 1);
    put_categories(m);
    put_hours(m);
    if (world_chance(&m->campaign->prng, 0.1))
        json_put_flag(m->line, "secure_only", true);
    put_regions(m);
    put_devices(m);
    put_inventory(m);
    put_interests(m);
    if (world_chance(m->prng, 0.06))
        json_put_bits(m->line, "positions",
                      world_chance(m->prng, 0.7) ? 1u << 1 : 1u << 1 | 1u << 3 | 1u << 4);
    if (world_chance(m->prng, 0.05))
        json_put_bits(m->line, "connection_types", world_chance(m->prng, 0.7) ? 1u << 2 : 1u << 6 | 1u << 7);
    buf_add_char(m->line, '}');
}

void made_ad(const struct world *world, uint64_t number, struct buf *line) {
    struct prng prng;
    struct world_campaign campaign;
    world_seed(world, WORLD_AD, number, &prng);
    world_campaign(world, zipf_draw(&world->campaign, &prng), &campaign);
    struct making m = {.world = world, .prng = &prng, .campaign = &campaign, .line = line};
    made_creative(world, &campaign, number, &prng, &m.creative);
    buf_add_char(line, '{');
    put_what_it_is(&m, number);
    put_price(&m);
    put_targeting(&m);
    BUF_ADD_LIT(line, "}\n");
}
