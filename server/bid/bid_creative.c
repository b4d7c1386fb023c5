/* Medium, size, markup and blocks of one bid; see bid_creative.h and bid_check.h. */
#include "bid/bid_creative.h"

#include "bid/bid_macros.h"
#include "bid/markup_secure.h"
#include "bid/raw_json.h"

static bool given(struct str s) {
    return s.n > 0;
}

static bool known(int32_t v) {
    return v != OPENRTB_ABSENT && v > 0;
}

enum bid_refusal bid_creative_markup(const struct bid_rules *rules, struct bid *bid) {
    if (!given(bid->in->crid))
        return BID_NO_CRID;
    if (!given(bid->in->adm) && !given(bid->in->nurl))
        return BID_NO_MARKUP;
    const struct str texts[] = {bid->in->adm, bid->in->nurl, bid->in->burl, bid->in->lurl};
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        if (!bid_macros_fit(rules->request, bid, texts[i], rules->markup_bytes))
            return BID_MARKUP_TOO_LARGE;
    return BID_VALID;
}

/* ---- medium ---- */

/* Whether the bidder was offered that medium: by the imp, less what the partner does not take. */
static bool offers(const struct bid *bid, enum openrtb_mtype mtype) {
    const struct openrtb_imp *imp = bid->imp;
    unsigned taken = bid->partner->media_types;
    switch (mtype) {
    case OPENRTB_MTYPE_NONE:
        return false;
    case OPENRTB_MTYPE_BANNER:
        return imp->banner && (taken & MEDIA_BANNER);
    case OPENRTB_MTYPE_VIDEO:
        return imp->video && (taken & MEDIA_VIDEO);
    case OPENRTB_MTYPE_AUDIO:
        return imp->audio && (taken & MEDIA_AUDIO);
    case OPENRTB_MTYPE_NATIVE:
        return imp->native && (taken & MEDIA_NATIVE);
    }
    return false;
}

/* ext.prebid.type, as partners that serve Prebid name it; NONE when absent or unknown. */
static enum openrtb_mtype declared_in_ext(const struct openrtb_bid *in) {
    static const struct {
        struct str name;
        enum openrtb_mtype mtype;
    } types[] = {{STR_INIT("banner"), OPENRTB_MTYPE_BANNER},
                 {STR_INIT("video"), OPENRTB_MTYPE_VIDEO},
                 {STR_INIT("audio"), OPENRTB_MTYPE_AUDIO},
                 {STR_INIT("native"), OPENRTB_MTYPE_NATIVE}};
    const struct json_member *ext = json_members_find(&in->members, STR("ext"));
    if (!ext)
        return OPENRTB_MTYPE_NONE;
    struct str type = raw_json_find(raw_json_find(ext->value, STR("prebid")), STR("type"));
    for (size_t i = 0; i < COUNT_OF(types); i++)
        if (raw_json_is(type, types[i].name))
            return types[i].mtype;
    return OPENRTB_MTYPE_NONE;
}

static struct str skip_blank(struct str s) {
    if (str_starts(s, STR("\xef\xbb\xbf")))
        s = (struct str){s.p + 3, s.n - 3};
    while (s.n > 0 && (unsigned char)s.p[0] <= ' ')
        s = (struct str){s.p + 1, s.n - 1};
    return s;
}

static bool starts_nocase(struct str s, struct str prefix) {
    return s.n >= prefix.n && strncasecmp(s.p, prefix.p, prefix.n) == 0;
}

static enum openrtb_mtype look_of_markup(const struct openrtb_imp *imp, struct str adm) {
    struct str s = skip_blank(adm);
    if (starts_nocase(s, STR("<?xml")) || starts_nocase(s, STR("<VAST")))
        return imp->video ? OPENRTB_MTYPE_VIDEO : OPENRTB_MTYPE_AUDIO;
    if (str_starts(s, STR("{")) &&
        (str_present(raw_json_find(s, STR("native"))) || str_present(raw_json_find(s, STR("assets")))))
        return OPENRTB_MTYPE_NATIVE;
    return OPENRTB_MTYPE_BANNER;
}

enum bid_refusal bid_creative_medium(const struct bid_rules *rules, struct bid *bid) {
    (void)rules;
    const struct openrtb_bid *in = bid->in;
    const struct openrtb_imp *imp = bid->imp;
    if (in->mtype != OPENRTB_ABSENT) {
        if (in->mtype < OPENRTB_MTYPE_BANNER || in->mtype > OPENRTB_MTYPE_NATIVE)
            return BID_MEDIA_TYPE;
        bid->mtype = (enum openrtb_mtype)in->mtype;
        return offers(bid, bid->mtype) ? BID_VALID : BID_MEDIA_TYPE;
    }
    bid->mtype = declared_in_ext(in);
    if (bid->mtype == OPENRTB_MTYPE_NONE) {
        int media = 0;
        for (int m = OPENRTB_MTYPE_BANNER; m <= OPENRTB_MTYPE_NATIVE; m++) {
            if (!offers(bid, (enum openrtb_mtype)m))
                continue;
            bid->mtype = (enum openrtb_mtype)m;
            media++;
        }
        if (media > 1)
            bid->mtype = look_of_markup(imp, in->adm);
    }
    return offers(bid, bid->mtype) ? BID_VALID : BID_MEDIA_TYPE;
}

/* ---- size ---- */

/* What a banner asks for, gone through once. */
struct asked {
    size_t exact; /* different sizes in pixels */
    bool flexible;
    struct openrtb_size first;
};

static void ask(struct asked *asked, int32_t w, int32_t h) {
    if (!known(w) || !known(h) || (asked->exact == 1 && asked->first.w == w && asked->first.h == h))
        return;
    if (asked->exact++ == 0)
        asked->first = (struct openrtb_size){w, h};
}

static struct asked sizes_asked(const struct openrtb_banner *banner) {
    struct asked asked = {0};
    ask(&asked, banner->w, banner->h);
    for (size_t i = 0; i < banner->format_count; i++) {
        const struct openrtb_format *f = &banner->formats[i];
        ask(&asked, f->w, f->h);
        asked.flexible = asked.flexible || (known(f->wratio) && known(f->hratio));
    }
    return asked;
}

bool bid_creative_fits_ratio(const struct openrtb_format *f, int32_t w, int32_t h) {
    if (!known(f->wratio) || !known(f->hratio) || (known(f->wmin) && w < f->wmin))
        return false;
    int64_t off = (int64_t)w * f->hratio - (int64_t)h * f->wratio;
    return (off < 0 ? -off : off) < f->wratio;
}

static bool size_asked(const struct openrtb_banner *banner, int32_t w, int32_t h) {
    if (banner->w == w && banner->h == h)
        return true;
    for (size_t i = 0; i < banner->format_count; i++)
        if ((banner->formats[i].w == w && banner->formats[i].h == h) ||
            bid_creative_fits_ratio(&banner->formats[i], w, h))
            return true;
    return false;
}

static bool ratio_asked(const struct openrtb_banner *banner, int32_t wratio, int32_t hratio) {
    for (size_t i = 0; i < banner->format_count; i++) {
        const struct openrtb_format *f = &banner->formats[i];
        if (known(f->wratio) && known(f->hratio) &&
            (int64_t)f->wratio * hratio == (int64_t)f->hratio * wratio)
            return true;
    }
    return false;
}

enum bid_refusal bid_creative_size(const struct bid_rules *rules, struct bid *bid) {
    (void)rules;
    const struct openrtb_bid *in = bid->in;
    bid->w = known(in->w) ? in->w : 0;
    bid->h = known(in->h) ? in->h : 0;
    if (bid->mtype != OPENRTB_MTYPE_BANNER)
        return BID_VALID;
    const struct openrtb_banner *banner = bid->imp->banner;
    struct asked asked = sizes_asked(banner);
    if (asked.exact == 0 && !asked.flexible)
        return BID_VALID;
    if (bid->w && bid->h)
        return size_asked(banner, bid->w, bid->h) ? BID_VALID : BID_SIZE;
    if (bid->w || bid->h)
        return BID_SIZE;
    if (known(in->wratio) && known(in->hratio))
        return ratio_asked(banner, in->wratio, in->hratio) ? BID_VALID : BID_SIZE;
    if (asked.flexible)
        return BID_VALID;
    if (asked.exact > 1)
        return BID_SIZE;
    bid->w = asked.first.w;
    bid->h = asked.first.h;
    return BID_VALID;
}

/* ---- secure ---- */

enum bid_refusal bid_creative_secure(const struct bid_rules *rules, struct bid *bid) {
    (void)rules;
    if (bid->imp->secure != 1)
        return BID_VALID;
    if (!given(bid->in->adm)) /* then the markup itself comes from there */
        return markup_url_insecure(bid->in->nurl) ? BID_NOT_SECURE : BID_VALID;
    enum markup_kind kind = MARKUP_HTML;
    if (bid->mtype == OPENRTB_MTYPE_VIDEO || bid->mtype == OPENRTB_MTYPE_AUDIO)
        kind = MARKUP_XML;
    if (bid->mtype == OPENRTB_MTYPE_NATIVE)
        kind = MARKUP_NATIVE;
    return markup_secure(bid->in->adm, kind) ? BID_VALID : BID_NOT_SECURE;
}

/* ---- blocks ---- */

static struct str without_dot(struct str domain) {
    return domain.n > 0 && domain.p[domain.n - 1] == '.' ? (struct str){domain.p, domain.n - 1} : domain;
}

static char lower(char c) {
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* The domain in a bid's adomain: without the scheme, port and path of the URL that some bidders send. */
static struct str domain_of(struct str text) {
    size_t from = 0;
    while (from < text.n && lower(text.p[from]) >= 'a' && lower(text.p[from]) <= 'z')
        from++;
    struct str rest = {text.p + from, text.n - from};
    if (str_starts(rest, STR("://")))
        text = (struct str){rest.p + 3, rest.n - 3};
    size_t n = 0;
    while (n < text.n && !memchr(":/?#", text.p[n], 4))
        n++;
    return without_dot((struct str){text.p, n});
}

bool bid_domain_listed(const struct str_list *list, struct str domain) {
    domain = domain_of(domain);
    if (domain.n == 0)
        return false;
    char last = lower(domain.p[domain.n - 1]);
    for (size_t i = 0; i < list->count; i++) {
        struct str listed = without_dot(list->items[i]);
        /* The last byte and the dot before rule most of a long list out without a call. */
        if (listed.n == 0 || listed.n > domain.n || lower(listed.p[listed.n - 1]) != last)
            continue;
        size_t before = domain.n - listed.n;
        if (before > 0 && domain.p[before - 1] != '.')
            continue;
        if (strncasecmp(domain.p + before, listed.p, listed.n) == 0)
            return true;
    }
    return false;
}

enum bid_refusal bid_creative_advertiser(const struct bid_rules *rules, struct bid *bid) {
    const struct str_list *domains = &bid->in->adomain;
    for (size_t i = 0; i < domains->count; i++)
        if (bid_domain_listed(&rules->request->badv, domains->items[i]))
            return BID_ADVERTISER_BLOCKED;
    return BID_VALID;
}

enum bid_refusal bid_creative_app(const struct bid_rules *rules, struct bid *bid) {
    const struct str_list *blocked = &rules->request->bapp;
    if (blocked->count == 0)
        return BID_VALID;
    const struct json_member *bundle = json_members_find(&bid->in->members, STR("bundle"));
    for (size_t i = 0; bundle && i < blocked->count; i++)
        if (raw_json_is(bundle->value, blocked->items[i]))
            return BID_APP_BLOCKED;
    return BID_VALID;
}

enum bid_refusal bid_creative_category(const struct bid_rules *rules, struct bid *bid) {
    const struct openrtb_request *request = rules->request;
    const struct str_list *cat = &bid->in->cat;
    if (request->bcat.count == 0 || cat->count == 0)
        return BID_VALID;
    int32_t cattax = bid->in->cattax == OPENRTB_ABSENT ? 1 : bid->in->cattax;
    if (cattax != request->cattax)
        return BID_CATEGORY_BLOCKED;
    for (size_t i = 0; i < cat->count; i++)
        for (size_t k = 0; k < request->bcat.count; k++)
            if (openrtb_category_covers(cattax, request->bcat.items[k], cat->items[i]))
                return BID_CATEGORY_BLOCKED;
    return BID_VALID;
}

static const struct int_list *blocked_attributes(const struct bid *bid) {
    switch (bid->mtype) {
    case OPENRTB_MTYPE_NONE:
        break;
    case OPENRTB_MTYPE_BANNER:
        return &bid->imp->banner->battr;
    case OPENRTB_MTYPE_VIDEO:
        return &bid->imp->video->battr;
    case OPENRTB_MTYPE_AUDIO:
        return &bid->imp->audio->battr;
    case OPENRTB_MTYPE_NATIVE:
        return &bid->imp->native->battr;
    }
    return NULL;
}

enum bid_refusal bid_creative_attribute(const struct bid_rules *rules, struct bid *bid) {
    (void)rules;
    const struct int_list *blocked = blocked_attributes(bid);
    for (size_t i = 0; blocked && i < bid->in->attr.count; i++)
        if (int_list_has(blocked, bid->in->attr.items[i]))
            return BID_ATTRIBUTE_BLOCKED;
    return BID_VALID;
}
