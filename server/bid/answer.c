/* The bid response that a publisher gets; see answer.h. */
#include "bid/answer.h"

#include <math.h>

#include "bid/answer_nonbid.h"
#include "bid/bid_macros.h"
#include "bid/clearing.h"
#include "bid/own_markup.h"
#include "bid/raw_json.h"

/* OpenRTB 3.0, List: No-Bid Reason Codes. */
#define NBR_INVALID_REQUEST 2

/* Members of a bid that the exchange writes or looks into. */
enum bid_key {
    KEY_PRICE,
    KEY_ADM,
    KEY_NURL,
    KEY_BURL,
    KEY_LURL,
    KEY_EXT,
    KEY_MTYPE,
    KEY_W,
    KEY_H,
    KEY_OTHER
};

/* One bid on its way into the answer. */
struct bid_writer {
    const struct answer_input *input;
    size_t index; /* of the bid */
    const struct bid *bid;
    struct buf *out;
    bool first;       /* no member written yet */
    unsigned written; /* 1 << bid_key */
};

static double answered_price(const struct bid *bid) {
    return bid->won ? bid->clearing_price : bid->price;
}

static bool price_translated(const struct bid *bid) {
    return bid->rate != 1 || bid->partner->bid_adjustment != 1;
}

static bool known(int32_t v) {
    return v != OPENRTB_ABSENT && v > 0;
}

/* Most keys of a bid are none of these: length and first byte decide before any comparison. */
static enum bid_key bid_key_of(struct str key) {
    static const struct {
        struct str name;
        enum bid_key key;
    } keys[] = {{STR_INIT("price"), KEY_PRICE}, {STR_INIT("adm"), KEY_ADM},   {STR_INIT("nurl"), KEY_NURL},
                {STR_INIT("burl"), KEY_BURL},   {STR_INIT("lurl"), KEY_LURL}, {STR_INIT("ext"), KEY_EXT},
                {STR_INIT("mtype"), KEY_MTYPE}, {STR_INIT("w"), KEY_W},       {STR_INIT("h"), KEY_H}};
    for (size_t i = 0; i < COUNT_OF(keys); i++)
        if (key.n == keys[i].name.n && key.p[0] == keys[i].name.p[0] && str_eq(key, keys[i].name))
            return keys[i].key;
    return KEY_OTHER;
}

static void separate(struct bid_writer *writer) {
    if (!writer->first)
        buf_add_char(writer->out, ',');
    writer->first = false;
}

static void add_key(struct bid_writer *writer, const char *key) {
    separate(writer);
    buf_add_char(writer->out, '"');
    buf_add_str(writer->out, str_from(key));
    BUF_ADD_LIT(writer->out, "\":");
}

/* ---- macros ---- */

static int loss_reason(const struct bid_writer *writer, enum bid_macro_context context) {
    const struct bid *bid = writer->bid;
    if (context != BID_MACRO_LOSS_URL)
        return bid->won ? LOSS_BID_WON : -1;
    if (bid->won)
        return -1;
    const struct bid *winner = bid - bid->rank;
    return winner->deal && !bid->deal ? LOSS_DEAL_BID : LOSS_HIGHER_BID;
}

static struct bid_macro_values macro_values(const struct bid_writer *writer, enum bid_macro_context context) {
    const struct answer_input *input = writer->input;
    return (struct bid_macro_values){.request = input->rules->request,
                                     .bid = writer->bid,
                                     .bid_id = input->bid_id,
                                     .min_to_win =
                                         clearing_min_to_win(input->bids, input->bid_count, writer->index),
                                     .loss = loss_reason(writer, context),
                                     .context = context};
}

/* A text of the bid as a JSON string with its macros replaced. */
static void add_plain_text(struct bid_writer *writer, struct str text, enum bid_macro_context context) {
    struct bid_macro_values values = macro_values(writer, context);
    values.json = true;
    buf_add_char(writer->out, '"');
    bid_macros_expand(&values, text, writer->out);
    buf_add_char(writer->out, '"');
}

static void add_expanded(struct bid_writer *writer, const struct json_member *member, struct str text,
                         enum bid_macro_context context) {
    /* What is put in needs no escapes, so the JSON string can be expanded as it stands; unless a part of a
     * macro may hide behind an escape. */
    if (!memmem(member->value.p, member->value.n, "\\u", 2)) {
        struct bid_macro_values values = macro_values(writer, context);
        bid_macros_expand(&values, member->text, writer->out);
        return;
    }
    buf_add(writer->out, member->text.p, member->text.n - member->value.n);
    add_plain_text(writer, text, context);
}

static void add_text(struct bid_writer *writer, const struct json_member *member, struct str text,
                     enum bid_macro_context context) {
    if (bid_macros_present(text))
        add_expanded(writer, member, text, context);
    else
        buf_add_str(writer->out, member->text);
}

/* ---- URLs of ours ---- */

#define NOTICE_BYTES 4096 /* the longest that is put inside */
_Static_assert(NOTICE_BYTES <= TOKEN_EXTRA_BYTES, "what is signed must be signable");

static bool served_by_nurl(const struct bid *bid) {
    return bid->in->adm.n == 0;
}

/* Our URL of that kind as a JSON string, the bidder's notice inside with its macros replaced. False: the bid
 * has none, nothing is written. */
static bool add_our_url(struct bid_writer *writer, enum token_kind kind, struct str notice) {
    const struct answer_input *input = writer->input;
    if (!input->urls || writer->bid->hold == 0)
        return false;
    char bytes[NOTICE_BYTES];
    struct buf expanded = {.p = bytes, .room = sizeof bytes, .cap = sizeof bytes};
    struct bid_macro_values values = macro_values(writer, BID_MACRO_NOTICE_URL);
    if (notice.n)
        bid_macros_expand(&values, notice, &expanded);
    size_t mark = writer->out->n;
    buf_add_char(writer->out, '"');
    if (!expanded.failed && bid_urls_add(input->urls, input->rules->request, writer->bid, kind,
                                         buf_view(&expanded), writer->out)) {
        buf_add_char(writer->out, '"');
        return true;
    }
    writer->out->n = mark;
    return false;
}

static bool add_our_win_url(struct bid_writer *writer) {
    const struct bid *bid = writer->bid;
    const struct answer_input *input = writer->input;
    /* Of all bids the client chooses, so that it alone knows who has won. */
    bool on_win = input->urls && (input->urls->nurl_on_win || input->all_bids);
    return !served_by_nurl(bid) && add_our_url(writer, TOKEN_WIN, on_win ? bid->in->nurl : STR(""));
}

static bool add_our_view_url(struct bid_writer *writer) {
    return add_our_url(writer, TOKEN_VIEW, writer->bid->in->burl);
}

/* A member whose value is our URL, when there is one. */
static void add_our_member(struct bid_writer *writer, const char *key,
                           bool (*add_value)(struct bid_writer *writer)) {
    struct buf *out = writer->out;
    size_t mark = out->n;
    bool first = writer->first;
    add_key(writer, key);
    if (add_value(writer))
        return;
    out->n = mark;
    writer->first = first;
}

/* The member with our URL in place of the bidder's own, where there is one. */
static void add_notice(struct bid_writer *writer, const struct json_member *member, struct str notice,
                       bool (*add_ours)(struct bid_writer *writer)) {
    struct buf *out = writer->out;
    size_t mark = out->n;
    buf_add(out, member->text.p, member->text.n - member->value.n);
    if (add_ours(writer))
        return;
    out->n = mark;
    add_text(writer, member, notice, BID_MACRO_NOTICE_URL);
}

/* ---- members ---- */

/* "ext" with what the price was before; member: the bid's own ext, or NULL. */
static void add_ext(struct bid_writer *writer, const struct json_member *member) {
    struct buf *out = writer->out;
    BUF_ADD_LIT(out, "\"ext\":{\"origbidcpm\":");
    buf_add_double(out, bid_macros_price(writer->bid));
    BUF_ADD_LIT(out, ",\"origbidcur\":");
    buf_add_json_string(out, writer->bid->cur);
    struct raw_json_walk walk = {member ? member->value : STR(""), 0};
    struct raw_json_member own;
    while (raw_json_next(&walk, &own)) {
        if (raw_json_is(own.key, STR("origbidcpm")) || raw_json_is(own.key, STR("origbidcur")))
            continue;
        buf_add_char(out, ',');
        buf_add_str(out, own.text);
    }
    buf_add_char(out, '}');
}

static void add_price(struct bid_writer *writer) {
    BUF_ADD_LIT(writer->out, "\"price\":");
    buf_add_double(writer->out, answered_price(writer->bid));
}

static void add_member(struct bid_writer *writer, const struct json_member *member) {
    const struct openrtb_bid *in = writer->bid->in;
    enum bid_key key = bid_key_of(member->key);
    if (key != KEY_OTHER && writer->written & 1u << key)
        return;
    writer->written |= 1u << key;
    separate(writer);
    switch (key) {
    case KEY_PRICE:
        add_price(writer);
        return;
    case KEY_ADM:
        add_text(writer, member, in->adm, BID_MACRO_MARKUP);
        return;
    case KEY_NURL:
        add_notice(writer, member, in->nurl, add_our_win_url);
        return;
    case KEY_BURL:
        add_notice(writer, member, in->burl, add_our_view_url);
        return;
    case KEY_LURL:
        add_text(writer, member, in->lurl, BID_MACRO_LOSS_URL);
        return;
    case KEY_EXT:
        if (price_translated(writer->bid))
            add_ext(writer, member);
        else
            buf_add_str(writer->out, member->text);
        return;
    case KEY_MTYPE:
    case KEY_W:
    case KEY_H:
    case KEY_OTHER:
        break;
    }
    buf_add_str(writer->out, member->text);
}

static void add_int_member(struct bid_writer *writer, const char *key, int32_t v) {
    add_key(writer, key);
    buf_add_int(writer->out, v);
}

static bool lacks(const struct bid_writer *writer, enum bid_key key) {
    return !(writer->written & 1u << key);
}

/* What the bid left out and the exchange knows. */
static void add_missing(struct bid_writer *writer) {
    const struct bid *bid = writer->bid;
    if (lacks(writer, KEY_NURL))
        add_our_member(writer, "nurl", add_our_win_url);
    if (lacks(writer, KEY_BURL))
        add_our_member(writer, "burl", add_our_view_url);
    if (lacks(writer, KEY_MTYPE))
        add_int_member(writer, "mtype", (int32_t)bid->mtype);
    if (!known(bid->in->w) && !known(bid->in->h) && bid->w && lacks(writer, KEY_W) && lacks(writer, KEY_H)) {
        add_int_member(writer, "w", bid->w);
        add_int_member(writer, "h", bid->h);
    }
    if (lacks(writer, KEY_EXT) && price_translated(bid)) {
        separate(writer);
        add_ext(writer, NULL);
    }
}

/* ---- the exchange's own bids ---- */

static void add_string_member(struct bid_writer *writer, const char *key, struct str value) {
    if (value.n == 0)
        return;
    add_key(writer, key);
    buf_add_json_string(writer->out, value);
}

static void add_list_member(struct bid_writer *writer, const char *key, const struct str_list *list) {
    if (list->count == 0)
        return;
    add_key(writer, key);
    for (size_t i = 0; i < list->count; i++) {
        buf_add_char(writer->out, i ? ',' : '[');
        buf_add_json_string(writer->out, list->items[i]);
    }
    buf_add_char(writer->out, ']');
}

static void add_attributes(struct bid_writer *writer, const struct int_list *attr) {
    if (attr->count == 0)
        return;
    add_key(writer, "attr");
    for (size_t i = 0; i < attr->count; i++) {
        buf_add_char(writer->out, i ? ',' : '[');
        buf_add_int(writer->out, attr->items[i]);
    }
    buf_add_char(writer->out, ']');
}

static void add_own_markup(struct bid_writer *writer) {
    struct bid_macro_values values = macro_values(writer, BID_MACRO_MARKUP);
    values.json = true;
    buf_add_char(writer->out, '"');
    own_markup_write(&values, writer->input->urls, writer->out);
    buf_add_char(writer->out, '"');
}

/* A bid that was never a text: of an own campaign. */
static void add_own(struct bid_writer *writer) {
    const struct openrtb_bid *in = writer->bid->in;
    add_string_member(writer, "id", in->id);
    add_string_member(writer, "impid", in->impid);
    separate(writer);
    add_price(writer);
    add_key(writer, "adm");
    add_own_markup(writer);
    add_string_member(writer, "adid", in->adid);
    add_list_member(writer, "adomain", &in->adomain);
    add_string_member(writer, "cid", in->cid);
    add_string_member(writer, "crid", in->crid);
    add_list_member(writer, "cat", &in->cat);
    if (in->cat.count)
        add_int_member(writer, "cattax", in->cattax);
    add_attributes(writer, &in->attr);
    add_string_member(writer, "dealid", in->dealid);
    add_string_member(writer, "language", in->language);
    if (known(in->w) && known(in->h)) {
        add_int_member(writer, "w", in->w);
        add_int_member(writer, "h", in->h);
    }
}

static void add_bid(const struct answer_input *input, size_t index, struct buf *out) {
    struct bid_writer writer = {
        .input = input, .index = index, .bid = &input->bids[index], .out = out, .first = true};
    const struct json_members *members = &writer.bid->in->members;
    buf_add_char(out, '{');
    if (members->count == 0)
        add_own(&writer);
    for (size_t i = 0; i < members->count; i++)
        add_member(&writer, &members->items[i]);
    add_missing(&writer);
    buf_add_char(out, '}');
}

/* ---- the response ---- */

static bool listed(const struct answer_input *input, const struct bid *bid) {
    return bid->refusal == BID_VALID && (bid->won || input->all_bids);
}

/* Room for what follows the bids, so that the last bid can't take it. */
#define TAIL_BYTES 512

static void add_seatbids(const struct answer_input *input, struct buf *out) {
    const struct bid *open = NULL; /* a bid of the seat whose list is open */
    for (size_t i = 0; i < input->bid_count; i++) {
        size_t index = input->bids[i].order;
        const struct bid *bid = &input->bids[index];
        if (!listed(input, bid))
            continue;
        size_t mark = out->n;
        bool same_seat = open && str_eq(open->seat, bid->seat);
        if (same_seat) {
            buf_add_char(out, ',');
        } else {
            if (open)
                BUF_ADD_LIT(out, "]},");
            BUF_ADD_LIT(out, "{\"seat\":");
            buf_add_json_string(out, bid->seat);
            BUF_ADD_LIT(out, ",\"bid\":[");
        }
        add_bid(input, index, out);
        if (out->failed || out->cap - out->n < TAIL_BYTES) {
            out->n = mark;
            out->failed = false;
        } else {
            open = bid;
        }
    }
    if (open)
        BUF_ADD_LIT(out, "]}");
}

static void add_id(const struct answer_input *input, struct buf *out) {
    BUF_ADD_LIT(out, "{\"id\":");
    buf_add_json_string(out, input->rules->request->id);
}

static void add_end(const struct answer_input *input, struct buf *out) {
    if (input->seat_non_bid) {
        size_t mark = out->n;
        bool failed = out->failed;
        BUF_ADD_LIT(out, ",\"ext\":{\"seatnonbid\":[");
        answer_nonbid_add(input, out);
        BUF_ADD_LIT(out, "]}");
        if (!failed && (out->failed || out->n == out->cap)) {
            out->n = mark;
            out->failed = false;
        }
    }
    buf_add_char(out, '}');
}

void answer_write(const struct answer_input *input, struct buf *out) {
    add_id(input, out);
    BUF_ADD_LIT(out, ",\"seatbid\":[");
    add_seatbids(input, out);
    BUF_ADD_LIT(out, "]");
    if (str_present(input->bid_id)) {
        BUF_ADD_LIT(out, ",\"bidid\":");
        buf_add_json_string(out, input->bid_id);
    }
    BUF_ADD_LIT(out, ",\"cur\":");
    buf_add_json_string(out, input->rules->answer_currency);
    add_end(input, out);
}

void answer_write_no_bid(const struct answer_input *input, int nbr, struct buf *out) {
    add_id(input, out);
    BUF_ADD_LIT(out, ",\"nbr\":");
    buf_add_int(out, nbr);
    add_end(input, out);
}

/* The texts quote the request's keys, cut to their room, perhaps within a character. */
static void add_ascii_string(struct buf *out, const char *text, size_t size) {
    char ascii[sizeof((struct openrtb_error *)0)->reason];
    size_t n = 0;
    for (; n < size && n < sizeof ascii && text[n]; n++)
        ascii[n] = (unsigned char)text[n] < 0x80 ? text[n] : '?';
    buf_add_json_string(out, (struct str){ascii, n});
}

void answer_write_invalid(const struct openrtb_error *error, struct buf *out) {
    BUF_ADD_LIT(out, "{\"id\":\"\",\"nbr\":");
    buf_add_int(out, NBR_INVALID_REQUEST);
    if (error) {
        BUF_ADD_LIT(out, ",\"ext\":{\"error\":{\"path\":");
        add_ascii_string(out, error->path, sizeof error->path);
        BUF_ADD_LIT(out, ",\"reason\":");
        add_ascii_string(out, error->reason, sizeof error->reason);
        BUF_ADD_LIT(out, "}}");
    }
    buf_add_char(out, '}');
}
