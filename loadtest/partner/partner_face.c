/* The keys of a face; see partner_face.h. */
#include "partner/partner_face.h"

#include <stdio.h>

static const char *const mode_names[FACE_MODES] = {
    [FACE_BID] = "bid",
    [FACE_NO_BID] = "no-bid",
    [FACE_NBR] = "nbr",
    [FACE_EMPTY] = "empty",
    [FACE_NEVER] = "never",
    [FACE_DRIP] = "drip",
    [FACE_HUGE] = "huge",
    [FACE_GARBAGE] = "garbage",
    [FACE_NOT_JSON] = "not-json",
    [FACE_CUT] = "cut",
    [FACE_WRONG_IMP] = "wrong-imp",
    [FACE_WRONG_ID] = "wrong-id",
    [FACE_DUPLICATE] = "duplicate",
    [FACE_WRONG_CUR] = "wrong-currency",
    [FACE_WRONG_SIZE] = "wrong-size",
    [FACE_HIGH_PRICE] = "high-price",
    [FACE_NEGATIVE] = "negative",
    [FACE_INSECURE] = "insecure",
    [FACE_GZIP_BOMB] = "gzip-bomb",
    [FACE_BAD_GZIP] = "bad-gzip",
    [FACE_RESET] = "reset",
    [FACE_ERROR] = "error",
    [FACE_REDIRECT] = "redirect",
};

const char *face_mode_name(enum face_mode mode) {
    return mode_names[mode];
}

const char *face_keys_help(void) {
    return "A face is a path, /NAME, and its behaviour a query string: POST "
           "/alpha?bid=0.8&delay=uniform:5,20.\n"
           "Keys (in --face and in the request's query; the request's own come on top):\n"
           "  mode=MODE        bid (default), no-bid, nbr, empty, never, drip, huge, garbage, not-json, "
           "cut,\n"
           "                   wrong-imp, wrong-id, duplicate, wrong-currency, wrong-size, high-price,\n"
           "                   negative, insecure, gzip-bomb, bad-gzip, reset, error, redirect\n"
           "  share=P          the share of requests that get MODE; the others get a good answer (1)\n"
           "  bid=P            probability of a bid, for each imp (1); no bid at all: 204\n"
           "  price=DIST       CPM (lognormal:1,0.5)\n"
           "  under-floor=P    share of the prices below the floor that are bid all the same (0.05); the\n"
           "                   others are raised above it; a floor in another currency is not looked at\n"
           "  deal=P           probability of bidding under a deal, where one is offered (0.5)\n"
           "  delay=DIST       milliseconds before the answer (none)\n"
           "  drip=BYTES,MS    mode=drip: BYTES bytes each MS milliseconds (16,10)\n"
           "  bytes=N          size of huge (1073741824) and gzip-bomb (16777216 unless given)\n"
           "  adm=N            bytes of markup (350)\n"
           "  media=LIST       banner,video,audio,native (all)\n"
           "  cur=CODE         currency; default USD, or the request's first when it does not list USD\n"
           "  seat=NAME        seat (the face's name)\n"
           "  domain=NAME      adomain (NAME.example)\n"
           "  cat=CODE         category of the bids (none)\n"
           "  nurl=0           no win notice (1)\n"
           "  notices=1        nurl, burl and lurl that come back here; GET /notices tells which did\n"
           "  close=1          closes the connection after each answer\n"
           "  gzip=1           gzips answers for clients that take it\n"
           "DIST is N, fixed:N, uniform:LOW,HIGH, normal:MEAN,DEVIATION, lognormal:MEDIAN,SIGMA,\n"
           "exponential:MEAN or none. The same seed, face and request id give the same answer and delay,\n"
           "whatever the order of arrival.\n"
           "GET /status gives the counts as JSON.";
}

void face_default(struct face *face) {
    *face = (struct face){
        .mode = FACE_BID,
        .share = 1,
        .bid = 1,
        .price = {DISTRIBUTION_LOGNORMAL, 1, 0.5},
        .under_floor = 0.05,
        .deal = 0.5,
        .delay = {DISTRIBUTION_FIXED, 0, 0},
        .drip_bytes = 16,
        .drip_ms = 10,
        .adm_bytes = 350,
        .media = FACE_MEDIA,
        .win_notice = true,
    };
}

/* ---- one parser for each kind of value ---- */

static bool take_share(struct str value, double *share) {
    double v;
    if (!number_parse(value, &v) || v < 0 || v > 1)
        return false;
    *share = v;
    return true;
}

static bool take_count(struct str value, double max, double *count) {
    return number_parse(value, count) && *count >= 0 && *count <= max && *count == (double)(uint64_t)*count;
}

static bool take_bytes(struct str value, uint64_t *bytes) {
    double v;
    if (!take_count(value, 1e13, &v))
        return false;
    *bytes = (uint64_t)v;
    return true;
}

static bool take_unsigned(struct str value, double max, unsigned *out) {
    double v;
    if (!take_count(value, max, &v))
        return false;
    *out = (unsigned)v;
    return true;
}

static bool take_bool(struct str value, bool *out) {
    if (!str_eq(value, STR("0")) && !str_eq(value, STR("1")))
        return false;
    *out = value.p[0] == '1';
    return true;
}

/* Names go into JSON and URLs as they stand, so they hold nothing that needs escaping there. */
static bool take_name(struct str value, struct face_text *text) {
    if (value.n == 0 || value.n > sizeof text->p)
        return false;
    for (size_t i = 0; i < value.n; i++) {
        char c = value.p[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!plain && c != '-' && c != '_' && c != '.')
            return false;
    }
    memcpy(text->p, value.p, value.n);
    text->n = value.n;
    return true;
}

static bool take_mode(struct str value, enum face_mode *mode) {
    for (int i = 0; i < FACE_MODES; i++) {
        if (str_eq(value, str_from(mode_names[i]))) {
            *mode = (enum face_mode)i;
            return true;
        }
    }
    return false;
}

/* Cuts the text before the first `at` off *rest. */
static struct str next_part(struct str *rest, char at) {
    const char *end = memchr(rest->p, at, rest->n);
    struct str part = {rest->p, end ? (size_t)(end - rest->p) : rest->n};
    size_t used = end ? part.n + 1 : part.n;
    *rest = (struct str){rest->p + used, rest->n - used};
    return part;
}

static bool take_drip(struct str value, struct face *face) {
    struct str bytes = next_part(&value, ',');
    return take_unsigned(bytes, 1 << 20, &face->drip_bytes) && face->drip_bytes > 0 &&
           take_unsigned(value, 3600000, &face->drip_ms) && face->drip_ms > 0;
}

static bool take_media(struct str value, unsigned *media) {
    static const struct str names[] = {STR_INIT("banner"), STR_INIT("video"), STR_INIT("audio"),
                                       STR_INIT("native")};
    unsigned bits = 0;
    while (value.n > 0) {
        struct str name = next_part(&value, ',');
        unsigned bit = 0;
        for (size_t i = 0; i < COUNT_OF(names); i++)
            if (str_eq(name, names[i]))
                bit = 1u << i;
        if (bit == 0)
            return false;
        bits |= bit;
    }
    *media = bits;
    return bits != 0;
}

static bool take_key(struct str key, struct str value, struct face *face) {
    struct {
        struct str key;
        struct face_text *text;
    } texts[] = {
        {STR("seat"), &face->seat},
        {STR("domain"), &face->domain},
        {STR("cat"), &face->category},
        {STR("cur"), &face->currency},
    };
    struct {
        struct str key;
        double *share;
    } shares[] = {
        {STR("share"), &face->share},
        {STR("bid"), &face->bid},
        {STR("under-floor"), &face->under_floor},
        {STR("deal"), &face->deal},
    };
    struct {
        struct str key;
        bool *flag;
    } flags[] = {
        {STR("close"), &face->close},
        {STR("gzip"), &face->gzip},
        {STR("nurl"), &face->win_notice},
        {STR("notices"), &face->notices},
    };
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        if (str_eq(key, texts[i].key))
            return take_name(value, texts[i].text);
    for (size_t i = 0; i < COUNT_OF(shares); i++)
        if (str_eq(key, shares[i].key))
            return take_share(value, shares[i].share);
    for (size_t i = 0; i < COUNT_OF(flags); i++)
        if (str_eq(key, flags[i].key))
            return take_bool(value, flags[i].flag);
    if (str_eq(key, STR("mode")))
        return take_mode(value, &face->mode);
    if (str_eq(key, STR("price")))
        return distribution_parse(value, &face->price);
    if (str_eq(key, STR("delay")))
        return distribution_parse(value, &face->delay);
    if (str_eq(key, STR("drip")))
        return take_drip(value, face);
    if (str_eq(key, STR("media")))
        return take_media(value, &face->media);
    if (str_eq(key, STR("bytes")))
        return take_bytes(value, &face->bytes);
    if (str_eq(key, STR("adm")))
        return take_unsigned(value, 1 << 20, &face->adm_bytes);
    return false;
}

int face_parse(struct str query, struct face *face, char *error, size_t error_size) {
    while (query.n > 0) {
        struct str pair = next_part(&query, '&');
        struct str value = pair;
        struct str key = next_part(&value, '=');
        if (pair.n > 0 && !take_key(key, value, face)) {
            snprintf(error, error_size, "no such key or value: %.*s", STR_ARG(pair));
            return -1;
        }
    }
    return 0;
}
