/*
 * The demo's bid requests: made up, every kind of inventory a few times, always the same. Hosts are under
 * .example, addresses from the blocks that RFC 5737 sets aside for documentation.
 */
#include <stdio.h>

#include "replay/replay_convert.h"
#include "replay/replay_put.h"

enum demo_kind {
    DEMO_ARTICLE,    /* one banner, several sizes */
    DEMO_HOME_PAGE,  /* three banners on one page */
    DEMO_VIDEO,      /* in-stream video */
    DEMO_NATIVE,     /* a feed */
    DEMO_APP_BANNER, /* in-app, with coordinates */
    DEMO_APP_VIDEO,  /* a rewarded interstitial, video or banner */
    DEMO_DEALS,      /* deals beside the open auction */
    DEMO_PRIVATE,    /* deals only */
    DEMO_EURO,       /* another currency */
    DEMO_STRICT,     /* block lists and a high floor, secure */
    DEMO_TEST,       /* test = 1 */
    DEMO_SECOND_PRICE /* at = 2, two imps, audio or banner */,
    DEMO_KINDS
};

struct demo {
    unsigned number; /* of the request */
    unsigned round;  /* how often the kind was there before */
    struct buf *out;
};

static const char *const sites[] = {"news.example", "recipes.example", "soccer.example", "weather.example"};
static const char *const agents[] = {
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 "
    "Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.5 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0",
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile "
    "Safari/537.36",
};
static const struct {
    const char *country, *language;
    double lat, lon;
} places[] = {{"USA", "en", 40.71, -74.0},
              {"DEU", "de", 52.52, 13.4},
              {"JPN", "ja", 35.68, 139.7},
              {"BRA", "pt", -23.5, -46.6}};

static void put_name(struct buf *out, const char *key, const char *text) {
    put_text(out, key, str_from(text));
}

static void put_ints(struct buf *out, const char *key, const int *values, size_t count) {
    put_open(out, key, '[');
    for (size_t i = 0; i < count; i++)
        put_int(out, NULL, values[i]);
    put_close(out, ']');
}

/* ---- imps ---- */

static void begin_imp(struct buf *out, const char *id, double bidfloor) {
    put_open(out, NULL, '{');
    put_name(out, "id", id);
    put_double(out, "bidfloor", bidfloor);
    put_int(out, "secure", 1);
}

/* sizes: pairs of width and height. */
static void put_banner(struct buf *out, const int *sizes, size_t count, int pos) {
    put_open(out, "banner", '{');
    put_open(out, "format", '[');
    for (size_t i = 0; i < count; i++) {
        put_open(out, NULL, '{');
        put_int(out, "w", sizes[2 * i]);
        put_int(out, "h", sizes[2 * i + 1]);
        put_close(out, '}');
    }
    put_close(out, ']');
    put_int(out, "pos", pos);
    put_close(out, '}');
}

static void put_video(struct buf *out, int w, int h) {
    static const int protocols[] = {2, 3, 5, 6};
    put_open(out, "video", '{');
    put_open(out, "mimes", '[');
    put_name(out, NULL, "video/mp4");
    put_close(out, ']');
    put_int(out, "minduration", 5);
    put_int(out, "maxduration", 30);
    put_ints(out, "protocols", protocols, 4);
    put_int(out, "w", w);
    put_int(out, "h", h);
    put_int(out, "plcmt", 1);
    put_int(out, "linearity", 1);
    put_close(out, '}');
}

static void put_audio(struct buf *out) {
    put_open(out, "audio", '{');
    put_open(out, "mimes", '[');
    put_name(out, NULL, "audio/mp4");
    put_close(out, ']');
    put_int(out, "minduration", 5);
    put_int(out, "maxduration", 30);
    put_close(out, '}');
}

static void put_native(struct buf *out) {
    put_open(out, "native", '{');
    put_name(out, "request",
             "{\"ver\":\"1.2\",\"context\":1,\"plcmttype\":1,\"assets\":["
             "{\"id\":1,\"required\":1,\"title\":{\"len\":90}},"
             "{\"id\":2,\"required\":1,\"img\":{\"type\":3,\"wmin\":300,\"hmin\":250}},"
             "{\"id\":3,\"required\":0,\"data\":{\"type\":2,\"len\":120}}],"
             "\"eventtrackers\":[{\"event\":1,\"methods\":[1]}]}");
    put_name(out, "ver", "1.2");
    put_close(out, '}');
}

static void put_deal(struct buf *out, const char *id, double bidfloor) {
    put_open(out, NULL, '{');
    put_name(out, "id", id);
    put_double(out, "bidfloor", bidfloor);
    put_int(out, "at", 1);
    put_close(out, '}');
}

static void put_deals(struct buf *out, bool private_auction) {
    put_open(out, "pmp", '{');
    put_int(out, "private_auction", private_auction);
    put_open(out, "deals", '[');
    put_deal(out, "spring-homepage", 2.0);
    put_deal(out, "evergreen", 0.8);
    put_close(out, ']');
    put_close(out, '}');
}

static void put_one_banner(const struct demo *demo, double bidfloor) {
    static const int sizes[] = {300, 250, 336, 280, 300, 600};
    begin_imp(demo->out, "1", bidfloor);
    put_banner(demo->out, sizes, 1 + demo->round % 3, 1);
    put_name(demo->out, "tagid", demo->round % 2 ? "article-mid" : "article-top");
}

static void put_home_page(struct buf *out) {
    static const int top[] = {970, 250, 728, 90};
    static const int side[] = {160, 600};
    static const int box[] = {300, 250};
    begin_imp(out, "top", 0.9);
    put_banner(out, top, 2, 1);
    put_close(out, '}');
    begin_imp(out, "side", 0.4);
    put_banner(out, side, 1, 1);
    put_close(out, '}');
    begin_imp(out, "foot", 0.1);
    put_banner(out, box, 1, 3);
    put_close(out, '}');
}

static void put_imps(const struct demo *demo, enum demo_kind kind) {
    static const int phone[] = {320, 50, 300, 50};
    static const int full[] = {320, 480};
    struct buf *out = demo->out;
    switch (kind) {
    case DEMO_HOME_PAGE:
        put_home_page(out);
        return;
    case DEMO_VIDEO:
        begin_imp(out, "1", 2.5);
        put_video(out, 640, 360);
        break;
    case DEMO_NATIVE:
        begin_imp(out, "1", 0.3);
        put_native(out);
        break;
    case DEMO_APP_BANNER:
        begin_imp(out, "1", 0.2);
        put_banner(out, phone, 2, 7);
        break;
    case DEMO_APP_VIDEO:
        begin_imp(out, "1", 1.5);
        put_banner(out, full, 1, 7);
        put_video(out, 320, 480);
        put_int(out, "instl", 1);
        put_int(out, "rwdd", 1);
        break;
    case DEMO_DEALS:
    case DEMO_PRIVATE:
        put_one_banner(demo, 0.5);
        put_deals(out, kind == DEMO_PRIVATE);
        break;
    case DEMO_EURO:
        put_one_banner(demo, 0.6);
        put_name(out, "bidfloorcur", "EUR");
        break;
    case DEMO_STRICT:
        put_one_banner(demo, 3.5);
        break;
    case DEMO_SECOND_PRICE:
        put_one_banner(demo, 0.25);
        put_close(out, '}');
        begin_imp(out, "2", 0.25);
        put_audio(out);
        break;
    case DEMO_ARTICLE:
    case DEMO_TEST:
    case DEMO_KINDS:
        put_one_banner(demo, 0.2 + 0.1 * demo->round);
        break;
    }
    put_close(out, '}');
}

/* ---- around the imps ---- */

static void put_channel(const struct demo *demo, bool app) {
    struct buf *out = demo->out;
    const char *site = sites[demo->number % 4];
    char page[80];
    put_open(out, app ? "app" : "site", '{');
    put_name(out, "id", app ? "app-77" : "site-12");
    if (app) {
        put_name(out, "name", "Puzzle Garden");
        put_name(out, "bundle", "com.example.puzzlegarden");
        put_name(out, "ver", "4.2.0");
    } else {
        put_name(out, "domain", site);
        snprintf(page, sizeof page, "https://www.%s/2024/story-%u.html", site, demo->number);
        put_name(out, "page", page);
    }
    put_open(out, "publisher", '{');
    put_name(out, "id", app ? "pub-9" : "pub-4");
    put_close(out, '}');
    put_close(out, '}');
}

static void put_device(const struct demo *demo, bool app) {
    struct buf *out = demo->out;
    unsigned place = demo->round % 4;
    char ip[20];
    put_open(out, "device", '{');
    put_name(out, "ua", agents[app ? 1 + 2 * (demo->round % 2) : demo->number % 4]);
    snprintf(ip, sizeof ip, "198.51.100.%u", 1 + demo->number);
    put_name(out, "ip", ip);
    put_name(out, "language", places[place].language);
    put_int(out, "devicetype", app ? 4 : 2);
    put_int(out, "dnt", 0);
    if (app)
        put_name(out, "ifa", "6d92078a-8246-4ba4-ae5b-76104861e7dc");
    put_open(out, "geo", '{');
    put_name(out, "country", places[place].country);
    if (app) {
        put_double(out, "lat", places[place].lat);
        put_double(out, "lon", places[place].lon);
        put_int(out, "type", 1);
    }
    put_close(out, '}');
    put_close(out, '}');
}

static void put_blocks(struct buf *out) {
    put_open(out, "bcat", '[');
    put_name(out, NULL, "IAB25");
    put_name(out, NULL, "IAB26");
    put_close(out, ']');
    put_open(out, "badv", '[');
    put_name(out, NULL, "delta.example");
    put_name(out, NULL, "competitor.example");
    put_close(out, ']');
}

void demo_write(unsigned i, struct buf *json) {
    struct demo demo = {i, i / DEMO_KINDS, json};
    enum demo_kind kind = (enum demo_kind)(i % DEMO_KINDS);
    bool app = kind == DEMO_APP_BANNER || kind == DEMO_APP_VIDEO;
    char text[40];
    put_open(json, NULL, '{');
    snprintf(text, sizeof text, "demo-%02u", i);
    put_name(json, "id", text);
    put_open(json, "imp", '[');
    put_imps(&demo, kind);
    put_close(json, ']');
    put_channel(&demo, app);
    put_device(&demo, app);
    put_open(json, "user", '{');
    snprintf(text, sizeof text, "visitor-%u", i * 7919 % 1000);
    put_name(json, "id", text);
    put_close(json, '}');
    put_int(json, "at", kind == DEMO_SECOND_PRICE ? 2 : 1);
    put_int(json, "tmax", 150 + 50 * (int)(i % 4));
    put_open(json, "cur", '[');
    put_name(json, NULL, kind == DEMO_EURO ? "EUR" : "USD");
    put_close(json, ']');
    if (kind == DEMO_TEST)
        put_int(json, "test", 1);
    if (kind == DEMO_STRICT)
        put_blocks(json);
    put_open(json, "source", '{');
    snprintf(text, sizeof text, "tid-%02u", i);
    put_name(json, "tid", text);
    put_close(json, '}');
    put_close(json, '}');
}
