/* iPinYou's impression log, 24 tab-separated columns -> OpenRTB 2.6; REPLAY.md says why each goes where. */
#include <ctype.h>
#include <stdio.h>

#include "replay/replay_convert.h"
#include "replay/replay_put.h"

enum column {
    BID_ID,
    TIMESTAMP,
    LOG_TYPE,
    IPINYOU_ID,
    USER_AGENT,
    IP,
    REGION,
    CITY,
    EXCHANGE,
    DOMAIN_HASH,
    URL_HASH,
    ANONYMOUS_URL,
    SLOT_ID,
    SLOT_WIDTH,
    SLOT_HEIGHT,
    SLOT_VISIBILITY,
    SLOT_FORMAT,
    SLOT_FLOOR,
    CREATIVE,
    BIDDING_PRICE,
    PAYING_PRICE,
    LANDING_PAGE,
    ADVERTISER,
    USER_TAGS,
    COLUMNS
};

static size_t split_columns(struct str line, struct str *columns) {
    size_t count = 0;
    const char *p = line.p;
    const char *end = line.p + line.n;
    for (;;) {
        const char *tab = memchr(p, '\t', (size_t)(end - p));
        if (count == COLUMNS)
            return count + 1;
        columns[count] = (struct str){p, (size_t)((tab ? tab : end) - p)};
        if (columns[count].n == 0 || str_eq(columns[count], STR("null")))
            columns[count] = (struct str){NULL, 0};
        count++;
        if (!tab)
            return count;
        p = tab + 1;
    }
}

/* A whole number of at most 9 digits; -1 when it is none. */
static int read_number(struct str text) {
    int v = 0;
    if (text.n == 0 || text.n > 9)
        return -1;
    for (size_t i = 0; i < text.n; i++) {
        if (!isdigit((unsigned char)text.p[i]))
            return -1;
        v = v * 10 + (text.p[i] - '0');
    }
    return v;
}

static int digits(struct str text, size_t at, size_t n) {
    return read_number((struct str){text.p + at, n});
}

/* yyyyMMddHHmmssSSS, China's time, to microseconds since the month began on an endless calendar of 31-day
 * months: only differences count. */
static bool read_time(struct str text, uint64_t *at_us) {
    if (text.n != 17)
        return false;
    int month = digits(text, 4, 2);
    int day = digits(text, 6, 2);
    int hour = digits(text, 8, 2);
    int minute = digits(text, 10, 2);
    int second = digits(text, 12, 2);
    int ms = digits(text, 14, 3);
    if (month < 1 || day < 1 || hour < 0 || minute < 0 || second < 0 || ms < 0)
        return false;
    uint64_t days = (uint64_t)month * 31 + (uint64_t)day;
    *at_us = (((days * 24 + (uint64_t)hour) * 60 + (uint64_t)minute) * 60 + (uint64_t)second) * 1000000u +
             (uint64_t)ms * 1000u;
    return true;
}

/* First screen: above the fold; second and later screens: below it; 0 and 255 say nothing. */
static void put_visibility(struct buf *out, struct str visibility) {
    int v = read_number(visibility);
    if (v >= 1 && v <= 10)
        put_int(out, "pos", v == 1 ? 1 : 3);
}

static void put_ext(struct buf *out) {
    put_open(out, "ext", '{');
    put_open(out, "ipinyou", '{');
}

static void put_ext_end(struct buf *out) {
    put_close(out, '}');
    put_close(out, '}');
}

static void put_imp(struct buf *out, const struct str *columns) {
    int floor_fen = read_number(columns[SLOT_FLOOR]);
    put_open(out, "imp", '[');
    put_open(out, NULL, '{');
    put_text(out, "id", STR("1"));
    put_open(out, "banner", '{');
    put_open(out, "format", '[');
    put_open(out, NULL, '{');
    put_int(out, "w", read_number(columns[SLOT_WIDTH]));
    put_int(out, "h", read_number(columns[SLOT_HEIGHT]));
    put_close(out, '}');
    put_close(out, ']');
    put_visibility(out, columns[SLOT_VISIBILITY]);
    put_close(out, '}');
    put_text(out, "tagid", columns[SLOT_ID]);
    if (floor_fen > 0)
        put_double(out, "bidfloor", floor_fen / 100.0);
    put_text(out, "bidfloorcur", STR("CNY"));
    put_ext(out);
    put_text(out, "format", columns[SLOT_FORMAT]);
    put_text(out, "visibility", columns[SLOT_VISIBILITY]);
    put_ext_end(out);
    put_close(out, '}');
    put_close(out, ']');
}

static void put_site(struct buf *out, const struct str *columns) {
    put_open(out, "site", '{');
    put_text(out, "id", str_present(columns[DOMAIN_HASH]) ? columns[DOMAIN_HASH] : STR("unknown"));
    put_ext(out);
    put_text(out, "url", columns[URL_HASH]);
    put_text(out, "anonymous_url", columns[ANONYMOUS_URL]);
    put_ext_end(out);
    put_close(out, '}');
}

/* "114.100.37.*": the last part was cut off by the recorder. */
static void put_ip(struct buf *out, struct str ip) {
    char text[24];
    if (ip.n < 2 || ip.n >= sizeof text || ip.p[ip.n - 1] != '*')
        return;
    memcpy(text, ip.p, ip.n);
    text[ip.n - 1] = '0';
    put_text(out, "ip", (struct str){text, ip.n});
}

static void put_device(struct buf *out, const struct str *columns) {
    put_open(out, "device", '{');
    put_text(out, "ua", columns[USER_AGENT]);
    put_ip(out, columns[IP]);
    put_open(out, "geo", '{');
    put_text(out, "country", STR("CHN"));
    put_ext(out);
    put_text(out, "region", columns[REGION]);
    put_text(out, "city", columns[CITY]);
    put_ext_end(out);
    put_close(out, '}');
    put_close(out, '}');
}

static void put_user(struct buf *out, const struct str *columns) {
    struct str tags = columns[USER_TAGS];
    put_open(out, "user", '{');
    put_text(out, "id", columns[IPINYOU_ID]);
    if (str_present(tags)) {
        put_open(out, "data", '[');
        put_open(out, NULL, '{');
        put_text(out, "name", STR("ipinyou"));
        put_open(out, "segment", '[');
        while (tags.n > 0) {
            const char *comma = memchr(tags.p, ',', tags.n);
            struct str tag = {tags.p, comma ? (size_t)(comma - tags.p) : tags.n};
            size_t used = tag.n + (comma ? 1 : 0);
            tags = (struct str){tags.p + used, tags.n - used};
            put_open(out, NULL, '{');
            put_text(out, "id", tag);
            put_close(out, '}');
        }
        put_close(out, ']');
        put_close(out, '}');
        put_close(out, ']');
    }
    put_close(out, '}');
}

/* 0, or -1 with the reason in the output's error. */
static int read_columns(const struct convert_input *input, struct convert_output *output,
                        struct str *columns) {
    size_t count = split_columns(input->line, columns);
    if (count != COLUMNS) {
        snprintf(output->error, output->error_size, "not %d columns", COLUMNS);
        return -1;
    }
    if (!str_present(columns[BID_ID]) || !read_time(columns[TIMESTAMP], &output->at_us)) {
        snprintf(output->error, output->error_size, "no bid id or no timestamp");
        return -1;
    }
    if (read_number(columns[SLOT_WIDTH]) < 1 || read_number(columns[SLOT_HEIGHT]) < 1) {
        snprintf(output->error, output->error_size, "no slot size");
        return -1;
    }
    return 0;
}

int ipinyou_convert(const struct convert_input *input, struct convert_output *output) {
    struct str columns[COLUMNS];
    struct buf *out = output->json;
    if (read_columns(input, output, columns) != 0)
        return -1;
    put_open(out, NULL, '{');
    put_text(out, "id", columns[BID_ID]);
    put_imp(out, columns);
    put_site(out, columns);
    put_device(out, columns);
    put_user(out, columns);
    put_int(out, "at", 2);
    put_int(out, "tmax", input->tmax_ms);
    put_open(out, "cur", '[');
    put_text(out, NULL, STR("CNY"));
    put_close(out, ']');
    put_ext(out);
    put_text(out, "exchange", columns[EXCHANGE]);
    put_ext_end(out);
    put_close(out, '}');
    return 0;
}

/* ---- as a click event ---- */

/* The site's hash as a host, the slot's size and the page's hash as a path:
 * "https://trqRTu.ipinyou.example/300x250/9f4e". */
static void put_page(struct buf *out, const struct str *columns) {
    char url[400];
    struct str site = columns[DOMAIN_HASH], page = columns[URL_HASH];
    site = str_present(site) && site.n <= 63 ? site : STR("unknown");
    page = str_present(page) && page.n <= 200 ? page : STR("");
    int n = snprintf(url, sizeof url, "https://%.*s.ipinyou.example/%dx%d/%.*s", STR_ARG(site),
                     read_number(columns[SLOT_WIDTH]), read_number(columns[SLOT_HEIGHT]), STR_ARG(page));
    put_open(out, "page", '{');
    put_text(out, "url", (struct str){url, (size_t)n});
    put_close(out, '}');
}

static void put_tags(struct buf *out, struct str tags) {
    put_open(out, "categories", '[');
    while (tags.n > 0) {
        const char *comma = memchr(tags.p, ',', tags.n);
        struct str tag = {tags.p, comma ? (size_t)(comma - tags.p) : tags.n};
        size_t used = tag.n + (comma ? 1 : 0);
        tags = (struct str){tags.p + used, tags.n - used};
        put_text(out, NULL, tag);
    }
    put_close(out, ']');
}

int ipinyou_convert_event(const struct convert_input *input, struct convert_output *output) {
    struct str columns[COLUMNS];
    struct buf *out = output->json;
    if (read_columns(input, output, columns) != 0)
        return -1;
    put_open(out, NULL, '{');
    put_text(out, "messageId", columns[BID_ID]);
    put_text(out, "type", STR("page"));
    put_text(out, "anonymousId", str_present(columns[IPINYOU_ID]) ? columns[IPINYOU_ID] : STR("unknown"));
    put_open(out, "context", '{');
    put_text(out, "userAgent", columns[USER_AGENT]);
    put_ip(out, columns[IP]);
    put_page(out, columns);
    put_close(out, '}');
    put_open(out, "properties", '{');
    put_tags(out, columns[USER_TAGS]);
    put_close(out, '}');
    put_close(out, '}');
    return 0;
}
