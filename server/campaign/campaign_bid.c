/* Bids of own campaigns; see campaign_bid.h. */
#include "campaign/campaign_bid.h"

#include <stdio.h>

#include "base/utf8.h"
#include "bid/bid.h"

#define ID_EXTRA_BYTES 24 /* two numbers of 32 bits with their dashes */

/* ---- what may not bid ---- */

static bool readable(struct str s) {
    return s.n == 0 || (!memchr(s.p, 0, s.n) && utf8_first_bad(s, 0) == UTF8_GOOD);
}

static bool all_readable(const struct answer_bid *bid) {
    const struct str texts[] = {bid->id,       bid->campaign, bid->crid,  bid->adomain,
                                bid->language, bid->cats,     bid->markup};
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        if (!readable(texts[i]))
            return false;
    return true;
}

static struct str primary_language(struct str tag) {
    size_t n = 0;
    while (n < tag.n && tag.p[n] != '-' && tag.p[n] != '_')
        n++;
    return (struct str){tag.p, n};
}

static bool lists_language(const struct str_list *list, struct str language) {
    for (size_t i = 0; i < list->count; i++)
        if (str_ieq(primary_language(list->items[i]), language))
            return true;
    return false;
}

/* An ad that does not say what language it is in passes, as a bid without one does. */
static bool language_wanted(const struct openrtb_request *request, struct str language) {
    if (language.n == 0 || (request->wlang.count == 0 && request->wlangb.count == 0))
        return true;
    language = primary_language(language);
    return lists_language(&request->wlang, language) || lists_language(&request->wlangb, language);
}

static struct str creative_of(const struct answer_bid *bid) {
    return bid->crid.n ? bid->crid : bid->id;
}

static bool may_bid(const struct campaign_bid_input *input, const struct answer_bid *bid) {
    if (bid->imp >= input->imp_count || !all_readable(bid))
        return false;
    if (bid->deal != TABLE_NONE && bid->deal >= input->imps[bid->imp]->deal_count)
        return false;
    return !str_list_has(&input->request->bcrid, creative_of(bid)) &&
           language_wanted(input->request, bid->language);
}

/* ---- texts ---- */

/* Copies s, where it is not empty. */
static bool copy(struct arena *arena, struct str s, struct str *out) {
    *out = (struct str){NULL, 0};
    if (s.n)
        *out = arena_dup(arena, s);
    return s.n == 0 || str_present(*out);
}

static bool make_id(const struct campaign_bid_input *input, size_t imp, size_t number, struct arena *arena,
                    struct str *out) {
    size_t room = input->auction_id.n + ID_EXTRA_BYTES;
    char *text = arena_alloc(arena, room);
    if (!text)
        return false;
    memcpy(text, input->auction_id.p, input->auction_id.n);
    int n = snprintf(text + input->auction_id.n, ID_EXTRA_BYTES, "-%zu-%zu", imp, number);
    *out = (struct str){text, input->auction_id.n + (size_t)n};
    return true;
}

/* The lines of a text as a list, in a copy of it. */
static bool split(struct arena *arena, struct str lines, struct str_list *list) {
    struct str text;
    *list = (struct str_list){.count = 0};
    if (lines.n == 0)
        return true;
    size_t most = 1;
    for (size_t i = 0; i < lines.n; i++)
        most += lines.p[i] == '\n';
    list->items = arena_calloc(arena, most, sizeof *list->items);
    if (!list->items || !copy(arena, lines, &text))
        return false;
    while (text.n > 0) {
        const char *end = memchr(text.p, '\n', text.n);
        size_t n = end ? (size_t)(end - text.p) : text.n;
        size_t skip = end ? n + 1 : n;
        if (n > 0)
            list->items[list->count++] = (struct str){text.p, n};
        text = (struct str){text.p + skip, text.n - skip};
    }
    return true;
}

static bool attributes(struct arena *arena, uint32_t bits, struct int_list *list) {
    *list = (struct int_list){.count = 0};
    if (bits == 0)
        return true;
    list->items = arena_calloc(arena, 32, sizeof *list->items);
    if (!list->items)
        return false;
    for (int32_t n = 0; n < 32; n++)
        if (bits >> n & 1)
            list->items[list->count++] = n;
    return true;
}

/* ---- bids ---- */

/* The price of an ad paid by click is a product: to a millionth, as all amounts here, and up, since it has
 * met its floor. What is off by the last bits only is that amount. */
static double payable(double price) {
    double rounded = bid_round(price);
    return rounded >= price * (1 - 1e-12) ? rounded : bid_round(rounded + 1e-6);
}

static int32_t mtype_of(uint32_t media) {
    if (media == TABLE_VIDEO)
        return OPENRTB_MTYPE_VIDEO;
    return media == TABLE_NATIVE ? OPENRTB_MTYPE_NATIVE : OPENRTB_MTYPE_BANNER;
}

static int32_t known_size(int32_t v) {
    return v > 0 ? v : OPENRTB_ABSENT;
}

static bool make_texts(const struct answer_bid *from, struct arena *arena, struct campaign_bid *out) {
    struct openrtb_bid *bid = &out->bid;
    struct str adomain;
    if (!copy(arena, from->id, &bid->adid) || !copy(arena, from->campaign, &bid->cid) ||
        !copy(arena, from->crid, &bid->crid) || !copy(arena, from->language, &bid->language) ||
        !copy(arena, from->markup, &bid->adm) || !copy(arena, from->adomain, &adomain) ||
        !copy(arena, (struct str){from->cur, 3}, &out->cur))
        return false;
    if (bid->crid.n == 0)
        bid->crid = bid->adid;
    return split(arena, adomain, &bid->adomain) && split(arena, from->cats, &bid->cat) &&
           attributes(arena, from->attr, &bid->attr);
}

static bool make_bid(const struct campaign_bid_input *input, const struct answer_bid *from, size_t number,
                     struct arena *arena, struct campaign_bid *out) {
    const struct openrtb_imp *imp = input->imps[from->imp];
    *out = (struct campaign_bid){.bid = {.impid = imp->id,
                                         .price = payable(from->price),
                                         .w = known_size(from->w),
                                         .h = known_size(from->h),
                                         .wratio = OPENRTB_ABSENT,
                                         .hratio = OPENRTB_ABSENT,
                                         .mtype = mtype_of(from->media),
                                         .cattax = from->cattax ? (int32_t)from->cattax : 1,
                                         .exp = OPENRTB_ABSENT,
                                         .dur = OPENRTB_ABSENT},
                                 .daily_budget = from->daily_budget,
                                 .frequency = from->frequency,
                                 .frequency_hours = from->frequency_hours};
    if (from->deal != TABLE_NONE)
        out->bid.dealid = imp->deals[from->deal].id;
    return make_id(input, (size_t)(imp - input->request->imps), number, arena, &out->bid.id) &&
           make_texts(from, arena, out);
}

int campaign_bid_make(const struct campaign_bid_input *input, struct arena *arena,
                      struct campaign_bids *bids) {
    const struct answer *answer = input->answer;
    *bids = (struct campaign_bids){.count = 0};
    if (answer->bid_count == 0)
        return 0;
    bids->items = arena_alloc(arena, answer->bid_count * sizeof *bids->items);
    if (!bids->items)
        return -1;
    for (uint32_t i = 0; i < answer->bid_count; i++) {
        if (!may_bid(input, &answer->bids[i]))
            continue;
        if (!make_bid(input, &answer->bids[i], i, arena, &bids->items[bids->count]))
            return -1;
        bids->count++;
    }
    return 0;
}
