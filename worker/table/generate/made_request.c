/* Made-up bid requests; see made_request.h. */
#include "generate/made_request.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/macros.h"
#include "generate/json_put.h"

struct making {
    const struct world *world;
    struct prng *prng;
    const struct world_place *place;
    const struct world_device *device;
    const char *language; /* the user's */
    struct buf *line;
};

/* ---- imps ---- */

static void put_banner(struct making *m) {
    static const float counts[] = {74, 20, 6};
    struct world_size sizes[COUNT_OF(counts)];
    uint32_t wanted = 1 + world_pick(m->prng, counts, COUNT_OF(counts));
    uint32_t count = world_sizes(m->prng, m->device->handheld, wanted, sizes);
    json_put_key(m->line, "banner");
    BUF_ADD_LIT(m->line, "{\"format\":[");
    for (uint32_t i = 0; i < count; i++) {
        json_put_comma(m->line);
        buf_printf(m->line, "{\"w\":%u,\"h\":%u}", sizes[i].w, sizes[i].h);
    }
    buf_printf(m->line, "],\"w\":%u,\"h\":%u", sizes[0].w, sizes[0].h);
}

static void put_video(struct making *m) {
    json_put_key(m->line, "video");
    BUF_ADD_LIT(m->line,
                "{\"mimes\":[\"video/mp4\"],\"minduration\":5,\"maxduration\":60,\"protocols\":[2,3,5,6],"
                "\"w\":640,\"h\":360,\"linearity\":1,\"api\":[7]");
}

static void put_native(struct making *m) {
    json_put_key(m->line, "native");
    BUF_ADD_LIT(m->line, "{\"ver\":\"1.2\",\"request\":");
    buf_add_json_string(
        m->line,
        STR("{\"native\":{\"ver\":\"1.2\",\"context\":1,\"plcmttype\":1,\"eventtrackers\":[{\"event\":1,"
            "\"methods\":[1]}],\"assets\":[{\"id\":1,\"required\":1,\"title\":{\"len\":140}},{\"id\":2,"
            "\"required\":1,\"img\":{\"type\":3,\"wmin\":300,\"hmin\":157}},{\"id\":3,\"data\":{\"type\":1,"
            "\"len\":80}}]}}"));
}

/* The rest of a banner, video or native: position (not of native) and blocked attributes. */
static void end_medium(struct making *m, bool position) {
    static const uint8_t positions[] = {1, 3, 4, 7};
    static const float shares[] = {45, 35, 12, 8};
    if (position && world_chance(m->prng, 0.7))
        json_put_uint(m->line, "pos", positions[world_pick(m->prng, shares, COUNT_OF(shares))]);
    if (world_chance(m->prng, 0.3))
        json_put_bits(m->line, "battr",
                      world_chance(m->prng, 0.5) ? 0x0002u : 0x0742u); /* 1, or 1 6 8 9 10 */
    buf_add_char(m->line, '}');
}

static void put_media(struct making *m) {
    double which = prng_double(m->prng);
    bool video = m->device->television || which < 0.09, native = !video && which < 0.19;
    if (!video && !native) {
        put_banner(m);
        end_medium(m, true);
    }
    if (video || (!native && which > 0.97)) {
        put_video(m);
        end_medium(m, true);
    }
    if (native || (!video && which > 0.2 && which < 0.22)) {
        put_native(m);
        end_medium(m, false);
    }
}

static void put_deals(struct making *m) {
    if (!world_chance(m->prng, 0.1))
        return;
    json_put_key(m->line, "pmp");
    buf_printf(m->line, "{\"private_auction\":%d,\"deals\":[", world_chance(m->prng, 0.1));
    for (uint32_t i = world_between(m->prng, 1, 3); i > 0; i--) {
        char name[WORLD_TEXT_BYTES];
        world_deal_name(zipf_draw(&m->world->deal, m->prng), name);
        json_put_comma(m->line);
        buf_add_char(m->line, '{');
        json_put_text(m->line, "id", name);
        json_put_number(m->line, "bidfloor", round(world_log_normal(m->prng, 0.5, 0.6) * 100) / 100);
        json_put_text(m->line, "bidfloorcur", "USD");
        buf_add_char(m->line, '}');
    }
    BUF_ADD_LIT(m->line, "]}");
}

static void put_imp(struct making *m, uint32_t number) {
    char text[WORLD_TEXT_BYTES];
    json_put_comma(m->line);
    buf_add_char(m->line, '{');
    snprintf(text, sizeof text, "%u", number);
    json_put_text(m->line, "id", text);
    put_media(m);
    snprintf(text, sizeof text, "slot-%u", world_between(m->prng, 1, 12));
    json_put_text(m->line, "tagid", text);
    if (world_chance(m->prng, 0.8)) {
        json_put_number(m->line, "bidfloor",
                        fmax(round(world_log_normal(m->prng, 0.15, 0.9) * 100) / 100, 0.01));
        json_put_text(m->line, "bidfloorcur", "USD");
    }
    json_put_uint(m->line, "secure", world_chance(m->prng, 0.92));
    put_deals(m);
    buf_add_char(m->line, '}');
}

/* ---- site, app ---- */

static void put_keywords(struct making *m, double share) {
    char text[8 * WORLD_TEXT_BYTES] = "";
    size_t n = 0;
    if (!world_chance(m->prng, share))
        return;
    for (uint32_t i = world_between(m->prng, 1, 5); i > 0; i--) {
        char word[WORLD_TEXT_BYTES];
        world_keyword_name(zipf_draw(&m->world->keyword, m->prng), word);
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%s", n ? "," : "", word);
    }
    json_put_text(m->line, "keywords", text);
}

/* A site or an app is about the same things in every request: about follows from its rank and language. */
static void put_categories(struct making *m, enum world_kind kind, uint64_t number) {
    struct prng about;
    struct json_names names = {.count = 0};
    char name[WORLD_TEXT_BYTES];
    world_seed(m->world, kind, number, &about);
    struct world_category category = world_category(&about);
    for (uint32_t i = world_between(&about, 1, 2); i > 0; i--) {
        world_category_name(category, name);
        json_names_add(&names, name);
        category =
            world_chance(&about, 0.6) ? world_category_beside(&about, category) : world_category(&about);
    }
    json_put_names(m->line, "cat", &names);
    json_put_uint(m->line, "cattax", 1);
}

static void put_site(struct making *m) {
    char name[WORLD_TEXT_BYTES], text[4 * WORLD_TEXT_BYTES], word[WORLD_TEXT_BYTES];
    const char *language = world_chance(m->prng, 0.8) ? m->place->language : "en";
    uint32_t rank = zipf_draw(&m->world->site, m->prng);
    world_site_name(language, rank, name);
    json_put_key(m->line, "site");
    buf_add_char(m->line, '{');
    snprintf(text, sizeof text, "%s-%u", language, rank);
    json_put_text(m->line, "id", text);
    const char *below = rank % 3 == 0 ? "news." : "";
    snprintf(text, sizeof text, "%s%s", below, name);
    json_put_text(m->line, "domain", text);
    world_word(world_between(m->prng, 0, 9999), 4, word);
    snprintf(text, sizeof text, "https://%s%s/%s/%u", below, name, word, world_between(m->prng, 1, 99999));
    json_put_text(m->line, "page", text);
    put_categories(m, WORLD_SITE,
                   (uint64_t)rank << 16 | (uint64_t)(uint8_t)language[0] << 8 | (uint8_t)language[1]);
    put_keywords(m, 0.25);
    buf_printf(m->line, ",\"publisher\":{\"id\":\"p%u\"}}", rank % 700);
}

static void put_app(struct making *m) {
    char name[WORLD_TEXT_BYTES], id[WORLD_TEXT_BYTES];
    uint32_t rank = zipf_draw(&m->world->app, m->prng);
    world_app_name(rank, name);
    snprintf(id, sizeof id, "app-%u", rank);
    json_put_key(m->line, "app");
    buf_add_char(m->line, '{');
    json_put_text(m->line, "id", id);
    json_put_text(m->line, "bundle", name);
    put_categories(m, WORLD_APP, rank);
    put_keywords(m, 0.2);
    buf_printf(m->line, ",\"publisher\":{\"id\":\"p%u\"}}", rank % 700);
}

/* ---- device, user, limits ---- */

static void put_device(struct making *m) {
    static const float shares[] = {55, 22, 8, 5, 10};
    static const uint8_t types[] = {2, 6, 7, 1, 0}; /* wifi, 4G, 5G, ethernet; 0: not said */
    struct buf *line = m->line;
    char region[WORLD_TEXT_BYTES], city[WORLD_TEXT_BYTES];
    world_region(m->place, m->prng, region);
    world_word(world_between(m->prng, 0, 5) + (uint64_t)(region[0] + m->place->country[0] * 256) * 8, 3,
               city);
    city[0] = (char)(city[0] - 'a' + 'A');
    json_put_key(line, "device");
    buf_add_char(line, '{');
    json_put_text(line, "ua", m->device->user_agent);
    buf_printf(line, ",\"ip\":\"203.0.113.%u\"", world_between(m->prng, 1, 254));
    json_put_uint(line, "devicetype", m->device->type);
    json_put_text(line, "os", m->device->os);
    json_put_text(line, "language", m->language);
    uint8_t connection = types[world_pick(m->prng, shares, COUNT_OF(shares))];
    if (connection)
        json_put_uint(line, "connectiontype", connection);
    json_put_key(line, "geo");
    buf_add_char(line, '{');
    json_put_text(line, "country", m->place->country);
    json_put_text(line, "region", region);
    json_put_text(line, "city", city);
    buf_printf(line, ",\"utcoffset\":%d}}", m->place->utc_minutes);
}

static void put_user(struct making *m) {
    struct buf *line = m->line;
    json_put_key(line, "user");
    buf_printf(line, "{\"id\":\"u%u\"", world_between(m->prng, 1, 200000));
    if (world_chance(m->prng, 0.55)) {
        BUF_ADD_LIT(line, ",\"data\":[{\"id\":\"dmp\",\"segment\":[");
        uint32_t count = 1 + (uint32_t)fmin(prng_exponential(m->prng, 7), 29);
        for (; count > 0; count--) {
            char name[WORLD_TEXT_BYTES];
            world_segment_name(zipf_draw(&m->world->segment, m->prng), name);
            json_put_comma(line);
            buf_printf(line, "{\"id\":\"%s\"}", name);
        }
        BUF_ADD_LIT(line, "]}]");
    }
    buf_add_char(line, '}');
}

static void put_blocks(struct making *m) {
    struct json_names names = {.count = 0};
    char name[WORLD_TEXT_BYTES];
    if (world_chance(m->prng, 0.3))
        for (uint32_t i = world_between(m->prng, 1, 10); i > 0; i--) {
            world_advertiser_name(zipf_draw(&m->world->advertiser, m->prng), name);
            json_names_add(&names, name);
        }
    json_put_names(m->line, "badv", &names);
    if (!world_chance(m->prng, 0.4))
        return;
    json_put_key(m->line, "bcat");
    buf_add_str(m->line, world_chance(m->prng, 0.5)
                             ? STR("[\"IAB25\",\"IAB26\"]")
                             : STR("[\"IAB7-39\",\"IAB8-5\",\"IAB8-18\",\"IAB25\",\"IAB26\"]"));
    json_put_uint(m->line, "cattax", 1);
}

void made_request(const struct world *world, uint64_t number, struct buf *line) {
    static const float imps[] = {90, 7, 3};
    struct prng prng;
    char id[WORLD_TEXT_BYTES];
    world_seed(world, WORLD_REQUEST, number, &prng);
    struct making m = {.world = world,
                       .prng = &prng,
                       .place = world_place(&prng),
                       .device = world_device(&prng),
                       .line = line};
    m.language = world_chance(&prng, 0.88) ? m.place->language : "en";
    buf_add_char(line, '{');
    snprintf(id, sizeof id, "r%llu", (unsigned long long)number + 1);
    json_put_text(line, "id", id);
    json_put_key(line, "imp");
    buf_add_char(line, '[');
    uint32_t count = 1 + world_pick(&prng, imps, COUNT_OF(imps));
    for (uint32_t i = 1; i <= count; i++)
        put_imp(&m, i);
    buf_add_char(line, ']');
    if (m.device->television || (m.device->handheld && world_chance(&prng, 0.5)))
        put_app(&m);
    else
        put_site(&m);
    put_device(&m);
    put_user(&m);
    put_blocks(&m);
    buf_printf(line, ",\"at\":1,\"tmax\":%u,\"cur\":[\"USD\"]}\n", world_between(&prng, 12, 30) * 10);
}
