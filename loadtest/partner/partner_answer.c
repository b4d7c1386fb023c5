/* The stub partner's bid response; see partner_answer.h. */
#include "partner/partner_answer.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "base/hash.h"
#include "partner/partner_native.h"
#include "partner/partner_notices.h"

#define HIGH_PRICE 1e9

/* One bid while it is put together. */
struct draft {
    const struct answer_input *input;
    const struct openrtb_imp *imp;
    const struct openrtb_deal *deal; /* NULL: open auction */
    struct str domain;
    unsigned media; /* one of FACE_BANNER ... */
    uint64_t id;
    double price;
    int32_t w, h;
};

static struct str view(const struct face_text *text) {
    return (struct str){text->p, text->n};
}

static struct str answer_currency(const struct answer_input *input) {
    const struct str_list *wanted = &input->request->cur;
    if (input->mode == FACE_WRONG_CUR)
        return STR("ZZZ");
    if (input->face->currency.n > 0)
        return view(&input->face->currency);
    if (wanted->count == 0 || str_list_has_nocase(wanted, STR("USD")))
        return STR("USD");
    return wanted->items[0];
}

/* ---- drawing a bid ---- */

static unsigned offered_media(const struct openrtb_imp *imp) {
    return (imp->banner ? FACE_BANNER : 0u) | (imp->video ? FACE_VIDEO : 0u) |
           (imp->audio ? FACE_AUDIO : 0u) | (imp->native ? FACE_NATIVE : 0u);
}

/* One of the bits that are set. */
static unsigned draw_bit(unsigned bits, struct prng *prng) {
    unsigned skip = (unsigned)(prng_double(prng) * __builtin_popcount(bits));
    while (skip-- > 0)
        bits &= bits - 1;
    return bits & -bits;
}

static const struct openrtb_deal *draw_deal(const struct draft *draft, struct str seat, struct prng *prng) {
    const struct openrtb_imp *imp = draft->imp;
    if (imp->deal_count == 0)
        return NULL;
    bool wanted = imp->private_auction || prng_double(prng) < draft->input->face->deal;
    for (size_t i = 0; wanted && i < imp->deal_count; i++)
        if (imp->deals[i].wseat.count == 0 || str_list_has(&imp->deals[i].wseat, seat))
            return &imp->deals[i];
    return NULL;
}

static void draw_size(struct draft *draft, struct prng *prng) {
    const struct openrtb_banner *banner = draft->imp->banner;
    const struct openrtb_video *video = draft->imp->video;
    draft->w = draft->h = OPENRTB_ABSENT;
    if (draft->input->mode == FACE_WRONG_SIZE) {
        draft->w = draft->h = 7;
    } else if (draft->media == FACE_BANNER && banner->format_count > 0) {
        const struct openrtb_format *format =
            &banner->formats[(size_t)(prng_double(prng) * (double)banner->format_count)];
        draft->w = format->w;
        draft->h = format->h;
    } else if (draft->media == FACE_BANNER) {
        draft->w = banner->w;
        draft->h = banner->h;
    } else if (draft->media == FACE_VIDEO) {
        draft->w = video->w;
        draft->h = video->h;
    }
}

static double draw_price(const struct draft *draft, struct prng *prng) {
    const struct answer_input *input = draft->input;
    double price = distribution_draw(&input->face->price, prng);
    double floor_price = draft->deal ? draft->deal->bidfloor : draft->imp->bidfloor;
    struct str floor_cur = draft->deal ? draft->deal->bidfloorcur : draft->imp->bidfloorcur;
    double raise = prng_double(prng);
    bool as_drawn = prng_double(prng) < input->face->under_floor;
    if (floor_cur.n == 0)
        floor_cur = STR("USD");
    if (price < floor_price && !as_drawn && str_ieq(floor_cur, answer_currency(input)))
        price = floor_price * (1 + 0.3 * raise);
    if (input->mode == FACE_HIGH_PRICE)
        return HIGH_PRICE;
    price = fmax(0.01, ceil(price * 1e4) / 1e4);
    return input->mode == FACE_NEGATIVE ? -price : price;
}

/* False when this imp gets no bid. */
static bool draw_bid(struct draft *draft, struct str seat) {
    const struct answer_input *input = draft->input;
    struct prng prng;
    prng_seed(&prng, hash_bytes(draft->imp->id, input->seed));
    unsigned media = offered_media(draft->imp) & input->face->media;
    bool bids = prng_double(&prng) < input->face->bid;
    if (!bids || media == 0)
        return false;
    draft->id = prng_next(&prng);
    draft->media = draw_bit(media, &prng);
    draft->deal = draw_deal(draft, seat, &prng);
    draft->price = draw_price(draft, &prng);
    draw_size(draft, &prng);
    return true;
}

/* ---- writing it down ---- */

static void pad(struct buf *out, size_t from, size_t length, struct str filler) {
    while (!out->failed && out->n - from < length) {
        size_t left = length - (out->n - from);
        buf_add(out, filler.p, left < filler.n ? left : filler.n);
    }
}

/* Markup has no double quotes, so that it needs no escaping. */
static void write_banner(const struct draft *draft, const char *scheme, struct buf *out) {
    size_t from = out->n;
    buf_printf(out,
               "<a href='%s://%.*s/click/%016" PRIx64 "'><img src='%s://cdn.%.*s/%016" PRIx64
               ".png?p=${AUCTION_PRICE}' alt=''",
               scheme, STR_ARG(draft->domain), draft->id, scheme, STR_ARG(draft->domain), draft->id);
    if (draft->w > 0 && draft->h > 0)
        buf_printf(out, " width='%d' height='%d'", draft->w, draft->h);
    BUF_ADD_LIT(out, "></a><!-- ");
    pad(out, from, draft->input->face->adm_bytes > 4 ? draft->input->face->adm_bytes - 4 : 0,
        STR("the quick brown fox jumps over the lazy dog "));
    BUF_ADD_LIT(out, " -->");
}

static void write_vast(const struct draft *draft, const char *scheme, struct buf *out) {
    buf_printf(
        out,
        "<VAST version='3.0'><Ad id='%016" PRIx64 "'><InLine><AdSystem>stub</AdSystem><AdTitle>stub</AdTitle>"
        "<Impression><![CDATA[%s://t.%.*s/i?p=${AUCTION_PRICE}]]></Impression><Creatives><Creative><Linear>"
        "<Duration>00:00:15</Duration><MediaFiles><MediaFile delivery='progressive' type='%s' width='%d' "
        "height='%d'><![CDATA[%s://cdn.%.*s/%016" PRIx64 ".mp4]]></MediaFile></MediaFiles></Linear>"
        "</Creative></Creatives></InLine></Ad></VAST>",
        draft->id, scheme, STR_ARG(draft->domain), draft->media == FACE_AUDIO ? "audio/mp4" : "video/mp4",
        draft->w > 0 ? draft->w : 640, draft->h > 0 ? draft->h : 360, scheme, STR_ARG(draft->domain),
        draft->id);
}

static void write_markup(const struct draft *draft, struct buf *out) {
    const char *scheme = draft->input->mode == FACE_INSECURE ? "http" : "https";
    BUF_ADD_LIT(out, ",\"adm\":");
    if (draft->media == FACE_NATIVE) {
        struct buf *scratch = draft->input->scratch;
        buf_clear(scratch, 65536);
        native_write(draft->imp->native->request, draft->domain, scratch);
        buf_add_json_string(out, buf_view(scratch));
        out->failed |= scratch->failed;
        return;
    }
    BUF_ADD_LIT(out, "\"");
    if (draft->media == FACE_BANNER)
        write_banner(draft, scheme, out);
    else
        write_vast(draft, scheme, out);
    BUF_ADD_LIT(out, "\"");
}

/* Each tells its face, bid, kind, and what the exchange says. */
static void write_notices(const struct draft *draft, struct buf *out) {
    static const char *const kinds[][2] = {{"nurl", "win"}, {"burl", "billing"}, {"lurl", "loss"}};
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        buf_printf(
            out,
            ",\"%s\":\"http://%.*s" NOTICE_PATH "?kind=%s&face=%.*s&id=%016" PRIx64
            "&request=${AUCTION_ID}&imp=${AUCTION_IMP_ID}&price=${AUCTION_PRICE}&loss=${AUCTION_LOSS}\"",
            kinds[i][0], STR_ARG(draft->input->host), kinds[i][1], STR_ARG(draft->input->name), draft->id);
}

static void write_bid(const struct draft *draft, struct buf *out) {
    const struct answer_input *input = draft->input;
    const struct face *face = input->face;
    buf_printf(out, "{\"id\":\"%016" PRIx64 "\",\"impid\":", draft->id);
    buf_add_json_string(out, input->mode == FACE_WRONG_IMP ? STR("no-such-imp") : draft->imp->id);
    BUF_ADD_LIT(out, ",\"price\":");
    buf_add_double(out, draft->price);
    buf_printf(out, ",\"crid\":\"%.*s-%" PRIu64 "\",\"adomain\":[\"%.*s\"],\"mtype\":%d",
               STR_ARG(input->name), draft->id % 1000, STR_ARG(draft->domain),
               __builtin_ffs((int)draft->media));
    if (face->category.n > 0)
        buf_printf(out, ",\"cat\":[\"%.*s\"]", STR_ARG(face->category));
    if (draft->w > 0 && draft->h > 0)
        buf_printf(out, ",\"w\":%d,\"h\":%d", draft->w, draft->h);
    if (draft->deal) {
        BUF_ADD_LIT(out, ",\"dealid\":");
        buf_add_json_string(out, draft->deal->id);
    }
    if (face->notices && input->host.n > 0)
        write_notices(draft, out);
    else if (face->win_notice)
        buf_printf(out, ",\"nurl\":\"https://win.%.*s/n?id=%016" PRIx64 "&p=${AUCTION_PRICE}\"",
                   STR_ARG(draft->domain), draft->id);
    write_markup(draft, out);
    BUF_ADD_LIT(out, "}");
}

static void write_head(const struct answer_input *input, struct str seat, struct buf *out) {
    BUF_ADD_LIT(out, "{\"id\":");
    buf_add_json_string(out, input->mode == FACE_WRONG_ID ? STR("another-request") : input->request->id);
    BUF_ADD_LIT(out, ",\"cur\":");
    buf_add_json_string(out, answer_currency(input));
    buf_printf(out, ",\"bidid\":\"%016" PRIx64 "\",\"seatbid\":[{\"seat\":\"%.*s\",\"bid\":[", input->seed,
               STR_ARG(seat));
}

unsigned answer_write(const struct answer_input *input, struct buf *out) {
    const struct face *face = input->face;
    struct str seat = face->seat.n > 0 ? view(&face->seat) : input->name;
    char default_domain[FACE_NAME_MAX + 16];
    struct str domain = view(&face->domain);
    if (domain.n == 0) {
        int n = snprintf(default_domain, sizeof default_domain, "%.*s.example", STR_ARG(input->name));
        domain = (struct str){default_domain, (size_t)n};
    }
    unsigned bids = 0;
    for (size_t i = 0; i < input->request->imp_count; i++) {
        struct draft draft = {.input = input, .imp = &input->request->imps[i], .domain = domain};
        if (!draw_bid(&draft, seat))
            continue;
        for (int copy = input->mode == FACE_DUPLICATE ? 2 : 1; copy > 0; copy--) {
            if (bids++ == 0)
                write_head(input, seat, out);
            else
                BUF_ADD_LIT(out, ",");
            write_bid(&draft, out);
        }
    }
    if (bids > 0)
        BUF_ADD_LIT(out, "]}]}");
    return bids;
}
