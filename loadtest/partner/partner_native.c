/*
 * Native markup; see partner_native.h. The request's JSON has been validated by the OpenRTB parser already,
 * so finding the assets' ids and kinds takes no more than counting brackets outside of strings.
 */
#include "partner/partner_native.h"

#include <stdlib.h>

#include "base/macros.h"

enum asset_kind { ASSET_NONE, ASSET_TITLE, ASSET_IMAGE, ASSET_VIDEO, ASSET_DATA };

struct scan {
    struct str text;
    size_t at;
};

/* The string that starts at the quote; leaves `at` behind the closing quote. */
static struct str scan_string(struct scan *scan) {
    size_t start = ++scan->at;
    while (scan->at < scan->text.n && scan->text.p[scan->at] != '"')
        scan->at += scan->text.p[scan->at] == '\\' ? 2 : 1;
    size_t end = scan->at < scan->text.n ? scan->at : scan->text.n;
    scan->at = end + 1;
    return (struct str){scan->text.p + start, end - start};
}

static bool next_is_colon(struct scan *scan) {
    while (scan->at < scan->text.n && strchr(" \t\r\n", scan->text.p[scan->at]))
        scan->at++;
    return scan->at < scan->text.n && scan->text.p[scan->at] == ':';
}

static enum asset_kind kind_of(struct str key) {
    static const struct {
        struct str key;
        enum asset_kind kind;
    } kinds[] = {
        {STR_INIT("title"), ASSET_TITLE},
        {STR_INIT("img"), ASSET_IMAGE},
        {STR_INIT("video"), ASSET_VIDEO},
        {STR_INIT("data"), ASSET_DATA},
    };
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        if (str_eq(kinds[i].key, key))
            return kinds[i].kind;
    return ASSET_NONE;
}

static void write_asset(long id, enum asset_kind kind, struct str domain, struct buf *out) {
    if (out->n > 0 && out->p[out->n - 1] == '}')
        BUF_ADD_LIT(out, ",");
    buf_printf(out, "{\"id\":%ld,", id);
    switch (kind) {
    case ASSET_NONE:
    case ASSET_TITLE:
        BUF_ADD_LIT(out, "\"title\":{\"text\":\"Shoes that run\"}}");
        break;
    case ASSET_IMAGE:
        buf_printf(out, "\"img\":{\"url\":\"https://cdn.%.*s/i.jpg\",\"w\":300,\"h\":250}}", STR_ARG(domain));
        break;
    case ASSET_VIDEO:
        BUF_ADD_LIT(out, "\"video\":{\"vasttag\":\"<VAST version=\\\"3.0\\\"/>\"}}");
        break;
    case ASSET_DATA:
        BUF_ADD_LIT(out, "\"data\":{\"value\":\"A pair a year\"}}");
        break;
    }
}

/* Reads one member of an asset: `at` stands on the colon. */
static void take_member(struct scan *scan, struct str key, long *id, enum asset_kind *kind) {
    if (str_eq(key, STR("id")))
        *id = strtol(scan->text.p + scan->at + 1, NULL, 10);
    else if (kind_of(key) != ASSET_NONE)
        *kind = kind_of(key);
}

/* `at` stands on the '[' of assets; an asset's own members are one object deep in it. */
static void write_assets(struct scan *scan, struct str domain, struct buf *out) {
    int depth = 0;
    long id = 0;
    enum asset_kind kind = ASSET_NONE;
    while (scan->at < scan->text.n) {
        char c = scan->text.p[scan->at];
        if (c == '"') {
            struct str key = scan_string(scan);
            if (depth == 2 && next_is_colon(scan))
                take_member(scan, key, &id, &kind);
            continue;
        }
        if (c == '[' || c == '{')
            depth++;
        if (c == ']' || c == '}') {
            depth--;
            if (c == '}' && depth == 1) {
                write_asset(id, kind, domain, out);
                id = 0;
                kind = ASSET_NONE;
            }
            if (depth == 0)
                return;
        }
        scan->at++;
    }
}

void native_write(struct str request, struct str domain, struct buf *out) {
    BUF_ADD_LIT(out, "{\"ver\":\"1.2\",\"assets\":[");
    struct scan scan = {request, 0};
    while (scan.at < request.n) {
        if (request.p[scan.at] != '"') {
            scan.at++;
            continue;
        }
        struct str key = scan_string(&scan);
        if (!str_eq(key, STR("assets")) || !next_is_colon(&scan))
            continue;
        while (scan.at < request.n && request.p[scan.at] != '[')
            scan.at++;
        write_assets(&scan, domain, out);
        break;
    }
    buf_printf(
        out,
        "],\"link\":{\"url\":\"https://%.*s/click\"},\"eventtrackers\":[{\"event\":1,\"method\":1,\"url\":"
        "\"https://t.%.*s/i?p=${AUCTION_PRICE}\"}]}",
        STR_ARG(domain), STR_ARG(domain));
}
