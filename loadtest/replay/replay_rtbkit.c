/*
 * RTBkit's own auction JSON -> OpenRTB 2.6; REPLAY.md says why each field goes where it goes. The one file of
 * the replay that knows jansson.
 */
#include <ctype.h>
#include <math.h>
#include <stdio.h>

#include <jansson.h>

#include "replay/replay_convert.h"
#include "replay/replay_country.h"
#include "replay/replay_put.h"

static struct str text_of(const json_t *object, const char *key) {
    const json_t *value = json_object_get(object, key);
    if (!json_is_string(value))
        return (struct str){NULL, 0};
    return (struct str){json_string_value(value), json_string_length(value)};
}

static int add_bytes(const char *p, size_t n, void *ctx) {
    buf_add(ctx, p, n);
    return 0;
}

/* The value as it came. Nothing when it is absent or null. */
static void put_value(struct buf *out, const char *key, const json_t *value) {
    if (!value || json_is_null(value))
        return;
    put_key(out, key);
    if (json_dump_callback(value, add_bytes, out, JSON_COMPACT | JSON_ENCODE_ANY) != 0)
        out->failed = true;
}

/* ---- imp ---- */

/* "300x250". */
static bool read_size(const char *text, int *w, int *h) {
    int used = 0;
    return text && sscanf(text, "%5dx%5d%n", w, h, &used) == 2 && text[used] == 0 && *w > 0 && *h > 0;
}

static int put_formats(struct buf *out, const json_t *spot) {
    const json_t *formats = json_object_get(spot, "formats");
    const json_t *format;
    size_t i;
    put_open(out, "format", '[');
    json_array_foreach(formats, i, format) {
        int w;
        int h;
        if (!read_size(json_string_value(format), &w, &h))
            return -1;
        put_open(out, NULL, '{');
        put_int(out, "w", w);
        put_int(out, "h", h);
        put_close(out, '}');
    }
    put_close(out, ']');
    return json_array_size(formats) > 0 ? 0 : -1;
}

/* AdCOM's Placement Positions. NONE and what is not known: no pos. */
static void put_position(struct buf *out, struct str position) {
    if (str_ieq(position, STR("ABOVE_THE_FOLD")) || str_ieq(position, STR("ABOVE")))
        put_int(out, "pos", 1);
    else if (str_ieq(position, STR("BELOW_THE_FOLD")) || str_ieq(position, STR("BELOW")))
        put_int(out, "pos", 3);
}

static void put_imp_ext(struct buf *out, const json_t *restrictions) {
    static const char *const kept[] = {"creativeAttribute", "sensitiveCategoryAttribute", "vertical"};
    put_open(out, "ext", '{');
    put_open(out, "rtbkit", '{');
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
        put_value(out, kept[i], json_object_get(restrictions, kept[i]));
    put_close(out, '}');
    put_close(out, '}');
}

static int put_imps(struct buf *out, const json_t *auction) {
    const json_t *spots = json_object_get(auction, "spots");
    const json_t *spot;
    size_t i;
    put_open(out, "imp", '[');
    json_array_foreach(spots, i, spot) {
        struct str id = text_of(spot, "id");
        double reserve = json_number_value(json_object_get(spot, "reservePrice"));
        if (id.n == 0)
            return -1;
        put_open(out, NULL, '{');
        put_text(out, "id", id);
        put_open(out, "banner", '{');
        if (put_formats(out, spot) != 0)
            return -1;
        put_position(out, text_of(spot, "position"));
        put_close(out, '}');
        if (reserve > 0)
            put_double(out, "bidfloor", reserve);
        put_imp_ext(out, json_object_get(auction, "restrictions"));
        put_close(out, '}');
    }
    put_close(out, ']');
    return json_array_size(spots) > 0 ? 0 : -1;
}

/* ---- site ---- */

/* The host of a URL in small letters, in out; false when it has none. */
static bool read_host(struct str url, char *out, size_t out_size, struct str *host) {
    const char *p = memmem(url.p, url.n, "://", 3);
    if (!p)
        return false;
    p += 3;
    size_t left = url.n - (size_t)(p - url.p);
    size_t n = 0;
    while (n < left && n < out_size && (isalnum((unsigned char)p[n]) || p[n] == '.' || p[n] == '-')) {
        out[n] = (char)tolower((unsigned char)p[n]);
        n++;
    }
    *host = (struct str){out, n};
    return n > 0 && n < out_size;
}

/* Verticals are [id, weight] or a bare id. */
static void put_segment(struct buf *out, const json_t *entry) {
    const json_t *id = json_is_array(entry) ? json_array_get(entry, 0) : entry;
    const json_t *weight = json_is_array(entry) ? json_array_get(entry, 1) : NULL;
    char text[32];
    if (!json_is_integer(id))
        return;
    put_open(out, NULL, '{');
    int n = snprintf(text, sizeof text, "%lld", (long long)json_integer_value(id));
    put_text(out, "id", (struct str){text, (size_t)n});
    if (json_is_number(weight)) {
        n = snprintf(text, sizeof text, "%.6g", json_number_value(weight));
        put_text(out, "value", (struct str){text, (size_t)n});
    }
    put_close(out, '}');
}

static void put_data(struct buf *out, const char *name, const json_t *entries) {
    const json_t *entry;
    size_t i;
    if (json_array_size(entries) == 0)
        return;
    put_open(out, "data", '[');
    put_open(out, NULL, '{');
    put_text(out, "name", str_from(name));
    put_open(out, "segment", '[');
    json_array_foreach(entries, i, entry) {
        put_segment(out, entry);
    }
    put_close(out, ']');
    put_close(out, '}');
    put_close(out, ']');
}

static void put_site(struct buf *out, const json_t *auction) {
    struct str url = text_of(auction, "url");
    const json_t *verticals = json_object_get(json_object_get(auction, "segments"), "adxVerticals");
    char host_text[256];
    struct str host;
    put_open(out, "site", '{');
    if (url.n > 0) {
        if (read_host(url, host_text, sizeof host_text, &host))
            put_text(out, "domain", host);
        put_text(out, "page", url);
    } else {
        put_text(out, "id", STR("unknown"));
    }
    if (json_array_size(verticals) > 0) {
        put_open(out, "content", '{');
        put_data(out, "adx-verticals", verticals);
        put_close(out, '}');
    }
    put_close(out, '}');
}

/* ---- device and user ---- */

static void put_geo(struct buf *out, const json_t *location, struct str exchange) {
    struct str country = text_of(location, "countryCode");
    struct str region = text_of(location, "regionCode");
    const json_t *dma = json_object_get(location, "dma");
    const json_t *offset = json_object_get(location, "timezoneOffsetMinutes");
    bool iso_region = str_eq(country, STR("US")) || str_eq(country, STR("CA"));
    char metro[24];
    put_open(out, "geo", '{');
    put_text(out, "country", country_alpha3(country));
    if (iso_region)
        put_text(out, "region", region);
    if (json_is_integer(dma)) {
        int n = snprintf(metro, sizeof metro, "%lld", (long long)json_integer_value(dma));
        put_text(out, "metro", (struct str){metro, (size_t)n});
    }
    put_text(out, "city", text_of(location, "cityName"));
    put_text(out, "zip", text_of(location, "postalCode"));
    if (json_is_integer(offset)) {
        /* this exchange counts minutes west of Greenwich, OpenRTB and the other one count them east */
        bool west = str_eq(exchange, STR("context_web"));
        put_int(out, "utcoffset", (west ? -1 : 1) * json_integer_value(offset));
    }
    if (!iso_region && region.n > 0) {
        put_open(out, "ext", '{');
        put_open(out, "rtbkit", '{');
        put_text(out, "regionCode", region);
        put_close(out, '}');
        put_close(out, '}');
    }
    put_close(out, '}');
}

static void put_device(struct buf *out, const json_t *auction) {
    put_open(out, "device", '{');
    put_text(out, "ua", text_of(auction, "userAgent"));
    put_text(out, "ip", text_of(auction, "ipAddress"));
    put_text(out, "language", text_of(auction, "language"));
    put_geo(out, json_object_get(auction, "location"), text_of(auction, "exchange"));
    put_close(out, '}');
}

/* xchg is the exchange's id of the user, prov the buyer's; the others repeat one of the two. */
static void put_user(struct buf *out, const json_t *auction) {
    json_t *ids = json_object_get(auction, "userIds");
    struct str own = text_of(ids, "xchg");
    struct str buyer = text_of(ids, "prov");
    const char *key;
    json_t *value;
    bool ext = false;
    put_open(out, "user", '{');
    put_text(out, "id", own);
    put_text(out, "buyeruid", buyer);
    put_data(out, "adgear", json_object_get(json_object_get(auction, "segments"), "adgear"));
    json_object_foreach(ids, key, value) {
        struct str id = text_of(ids, key);
        if (id.n == 0 || str_eq(id, own) || str_eq(id, buyer))
            continue;
        if (!ext) {
            put_open(out, "ext", '{');
            put_open(out, "rtbkit", '{');
            ext = true;
        }
        put_value(out, key, value);
    }
    if (ext) {
        put_close(out, '}');
        put_close(out, '}');
    }
    put_close(out, '}');
}

/* ---- the request ---- */

static bool is_domain(struct str text) {
    if (text.n == 0 || !memchr(text.p, '.', text.n))
        return false;
    for (size_t i = 0; i < text.n; i++)
        if (!isalnum((unsigned char)text.p[i]) && text.p[i] != '.' && text.p[i] != '-')
            return false;
    return true;
}

/* Writes those click URLs that are domains (or those that are not); returns whether there was any. */
static bool put_click_urls(struct buf *out, const char *key, const json_t *urls, bool domains) {
    const json_t *url;
    size_t i;
    bool any = false;
    json_array_foreach(urls, i, url) {
        struct str text = {json_string_value(url), json_string_length(url)};
        if (!json_is_string(url) || is_domain(text) != domains)
            continue;
        if (!any)
            put_open(out, key, '[');
        any = true;
        put_text(out, NULL, text);
    }
    if (any)
        put_close(out, ']');
    return any;
}

static int put_request(struct buf *out, const json_t *auction, uint32_t tmax_ms) {
    const json_t *click_urls = json_object_get(json_object_get(auction, "restrictions"), "clickUrl");
    put_open(out, NULL, '{');
    put_text(out, "id", text_of(auction, "id"));
    if (put_imps(out, auction) != 0)
        return -1;
    put_site(out, auction);
    put_device(out, auction);
    put_user(out, auction);
    put_int(out, "at", 2);
    put_int(out, "tmax", tmax_ms);
    put_open(out, "cur", '[');
    put_text(out, NULL, STR("USD"));
    put_close(out, ']');
    put_click_urls(out, "badv", click_urls, true);
    put_open(out, "ext", '{');
    put_open(out, "rtbkit", '{');
    put_text(out, "exchange", text_of(auction, "exchange"));
    put_text(out, "provider", text_of(auction, "provider"));
    put_click_urls(out, "clickUrl", click_urls, false);
    put_close(out, '}');
    put_close(out, '}');
    put_close(out, '}');
    return 0;
}

int rtbkit_convert(const struct convert_input *input, struct convert_output *output) {
    json_error_t error;
    json_t *auction = json_loadb(input->line.p, input->line.n, JSON_REJECT_DUPLICATES, &error);
    double at = json_number_value(json_object_get(auction, "timestamp"));
    int status = -1;
    if (!json_is_object(auction))
        snprintf(output->error, output->error_size, "not a JSON object: %s", error.text);
    else if (text_of(auction, "id").n == 0)
        snprintf(output->error, output->error_size, "no id");
    else if (!(at >= 0 && at < 1e11))
        snprintf(output->error, output->error_size, "no timestamp");
    else if (put_request(output->json, auction, input->tmax_ms) != 0)
        snprintf(output->error, output->error_size, "no spots with formats like 300x250");
    else
        status = 0;
    output->at_us = status == 0 ? (uint64_t)llround(at * 1e6) : 0;
    json_decref(auction);
    return status;
}
