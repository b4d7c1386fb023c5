/* The substitution macros of OpenRTB 2.6 section 4.4; see bid_macros.h. */
#include "bid/bid_macros.h"

#include <math.h>

#include "bid/url_text.h"

#define MACRO_START "${AUCTION_"

/* The longest name with suffix and brace; looking no further keeps hostile text linear. */
#define MACRO_NAME_BYTES 20

/* Room for any number of buf_add_double(). */
#define NUMBER_BYTES 48

enum macro {
    MACRO_ID,
    MACRO_BID_ID,
    MACRO_IMP_ID,
    MACRO_SEAT_ID,
    MACRO_AD_ID,
    MACRO_PRICE,
    MACRO_CURRENCY,
    MACRO_MBR,
    MACRO_LOSS,
    MACRO_MIN_TO_WIN,
    MACRO_MULTIPLIER,
    MACRO_IMP_TS,
    MACRO_DISCOUNT_PCT,
    MACRO_DISCOUNT_CPM,
    MACROS
};

static const struct str macro_names[] = {
    [MACRO_ID] = STR_INIT("ID"),
    [MACRO_BID_ID] = STR_INIT("BID_ID"),
    [MACRO_IMP_ID] = STR_INIT("IMP_ID"),
    [MACRO_SEAT_ID] = STR_INIT("SEAT_ID"),
    [MACRO_AD_ID] = STR_INIT("AD_ID"),
    [MACRO_PRICE] = STR_INIT("PRICE"),
    [MACRO_CURRENCY] = STR_INIT("CURRENCY"),
    [MACRO_MBR] = STR_INIT("MBR"),
    [MACRO_LOSS] = STR_INIT("LOSS"),
    [MACRO_MIN_TO_WIN] = STR_INIT("MIN_TO_WIN"),
    [MACRO_MULTIPLIER] = STR_INIT("MULTIPLIER"),
    [MACRO_IMP_TS] = STR_INIT("IMP_TS"),
    [MACRO_DISCOUNT_PCT] = STR_INIT("DISCOUNT_PCT"),
    [MACRO_DISCOUNT_CPM] = STR_INIT("DISCOUNT_CPM"),
};
_Static_assert(COUNT_OF(macro_names) == MACROS, "every macro has its name");

/* ---- values ---- */

static double paid_share(const struct bid *bid) {
    return bid->won && bid->price > 0 ? bid->clearing_price / bid->price : 1;
}

double bid_macros_price(const struct bid *bid) {
    double share = paid_share(bid);
    return share == 1 ? bid->in->price : bid_round(bid->in->price * share);
}

static struct str number(struct buf *digits, double v) {
    if (!isfinite(v))
        return STR("");
    buf_add_double(digits, v);
    return buf_view(digits);
}

/* digits: where a number is written that the value then is a view of. */
static struct str macro_value(const struct bid_macro_values *values, enum macro macro, struct buf *digits) {
    const struct bid *bid = values->bid;
    bool priced = values->context != BID_MACRO_LOSS_URL && bid->price > 0;
    switch (macro) {
    case MACRO_ID:
        return values->request->id;
    case MACRO_BID_ID:
        return values->bid_id;
    case MACRO_IMP_ID:
        return bid->imp ? bid->imp->id : bid->in->impid;
    case MACRO_SEAT_ID:
        return bid->seat;
    case MACRO_AD_ID:
        return bid->in->adid;
    case MACRO_PRICE:
        return priced ? number(digits, bid_macros_price(bid)) : STR("");
    case MACRO_CURRENCY:
        return bid->cur;
    case MACRO_MBR:
        return priced ? number(digits, bid_round(paid_share(bid))) : STR("");
    case MACRO_LOSS:
        return values->loss >= 0 ? number(digits, values->loss) : STR("");
    case MACRO_MIN_TO_WIN:
        return number(digits, values->min_to_win);
    case MACRO_MULTIPLIER:
        return number(digits, bid->imp ? bid->imp->multiplier : 1);
    case MACRO_DISCOUNT_PCT:
    case MACRO_DISCOUNT_CPM:
        return STR("0");
    case MACRO_IMP_TS:
    case MACROS:
        break;
    }
    return STR("");
}

/* ---- encodings ---- */

static bool plain_in(enum bid_macro_context context, unsigned char c) {
    if (context != BID_MACRO_MARKUP)
        return url_text_unreserved((char)c);
    return c > ' ' && c != 0x7f && !strchr("%\"'`<>&\\", c);
}

static void add_encoded(struct buf *out, enum bid_macro_context context, struct str s) {
    if (s.n == 0)
        return;
    size_t from = 0;
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (plain_in(context, c))
            continue;
        buf_add(out, s.p + from, i - from);
        url_text_add_percent(out, s.p[i]);
        from = i + 1;
    }
    buf_add(out, s.p + from, s.n - from);
}

/* ---- search ---- */

static const char *find_start(struct str text) {
    return text.n ? memmem(text.p, text.n, MACRO_START, sizeof MACRO_START - 1) : NULL;
}

struct found {
    enum macro macro;
    bool base64;
    size_t bytes; /* of the whole macro in the text; 0: no macro of ours */
};

/* What stands at the beginning of text, which begins with MACRO_START. */
static struct found read_macro(struct str text) {
    static const struct str suffix = STR_INIT(":B64");
    struct str name = {text.p + sizeof MACRO_START - 1, 0};
    size_t left = text.n - (sizeof MACRO_START - 1);
    const char *end = memchr(name.p, '}', left < MACRO_NAME_BYTES ? left : MACRO_NAME_BYTES);
    if (!end)
        return (struct found){.bytes = 0};
    name.n = (size_t)(end - name.p);
    struct found found = {.base64 = str_ends(name, suffix), .bytes = (size_t)(end - text.p) + 1};
    if (found.base64)
        name.n -= suffix.n;
    for (size_t m = 0; m < MACROS; m++)
        if (str_eq(name, macro_names[m])) {
            found.macro = (enum macro)m;
            return found;
        }
    return (struct found){.bytes = 0};
}

bool bid_macros_fit(const struct openrtb_request *request, const struct bid *bid, struct str text,
                    size_t limit) {
    size_t longest = NUMBER_BYTES; /* bidid is ours and shorter */
    const struct str ids[] = {request->id, bid->imp->id, bid->seat, bid->in->adid, bid->cur};
    for (size_t i = 0; i < COUNT_OF(ids); i++)
        if (ids[i].n > longest)
            longest = ids[i].n;
    longest *= 4; /* Base64 makes 4 bytes of 3, the percent sign 3 of one of these */
    if (text.n > limit)
        return false;
    if (text.n / sizeof MACRO_START * longest <= limit - text.n)
        return true;
    size_t size = text.n;
    for (const char *at = find_start(text); at && size <= limit; at = find_start(text)) {
        size_t skip = (size_t)(at - text.p) + 2;
        text = (struct str){text.p + skip, text.n - skip};
        size += longest;
    }
    return size <= limit;
}

bool bid_macros_present(struct str text) {
    return find_start(text) != NULL;
}

static void add_plain(const struct bid_macro_values *values, const char *p, size_t n, struct buf *out) {
    if (values->json)
        buf_add_json_escaped(out, (struct str){p, n});
    else
        buf_add(out, p, n);
}

void bid_macros_expand(const struct bid_macro_values *values, struct str text, struct buf *out) {
    for (const char *start = find_start(text); start; start = find_start(text)) {
        size_t before = (size_t)(start - text.p);
        struct found found = read_macro((struct str){start, text.n - before});
        size_t kept = before + (found.bytes ? 0 : 2); /* past "${": another macro may follow inside */
        add_plain(values, text.p, kept, out);
        if (found.bytes) {
            char number_bytes[NUMBER_BYTES];
            struct buf digits = {.p = number_bytes, .room = sizeof number_bytes, .cap = sizeof number_bytes};
            struct str value = macro_value(values, found.macro, &digits);
            if (found.base64)
                url_text_add_base64(out, value, values->context != BID_MACRO_MARKUP);
            else
                add_encoded(out, values->context, value);
        }
        text = (struct str){text.p + kept + found.bytes, text.n - kept - found.bytes};
    }
    add_plain(values, text.p, text.n, out);
}
