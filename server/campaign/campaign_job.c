/* What a request says in the words of the ad table; see campaign_job.h and table/target.h. */
#include "campaign/campaign_job.h"

#include "campaign/campaign_caps.h"

#include <math.h>

#include "bid/bid_creative.h"

#define FORM_BYTES   (TABLE_ID_BYTES + 16) /* the longest value with a prefix */
#define DOMAIN_BYTES 253u                  /* RFC 1035 section 2.3.4 */
#define UNKNOWN      255u                  /* position, connection */

/* One value's text in its normal form. */
struct form {
    char p[FORM_BYTES];
    size_t n;
};

/* ---- forms ---- */

static bool usable(struct str s) {
    return s.n > 0 && s.n <= TABLE_ID_BYTES;
}

static char lower(char c) {
    return c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c;
}

static char upper(char c) {
    return c >= 'a' && c <= 'z' ? (char)(c - ('a' - 'A')) : c;
}

static struct str trim(struct str s) {
    while (s.n > 0 && (unsigned char)s.p[0] <= ' ')
        s = (struct str){s.p + 1, s.n - 1};
    while (s.n > 0 && (unsigned char)s.p[s.n - 1] <= ' ')
        s.n--;
    return s;
}

static void form_add(struct form *form, struct str s, char (*letter)(char)) {
    for (size_t i = 0; i < s.n && form->n < FORM_BYTES; i++)
        form->p[form->n++] = letter(s.p[i]);
}

static void form_add_plain(struct form *form, struct str s) {
    size_t n = s.n < FORM_BYTES - form->n ? s.n : FORM_BYTES - form->n;
    memcpy(form->p + form->n, s.p, n);
    form->n += n;
}

static void form_add_number(struct form *form, int32_t v) {
    char digits[12];
    size_t at = sizeof digits;
    uint32_t rest = v < 0 ? 0 : (uint32_t)v;
    do
        digits[--at] = (char)('0' + rest % 10);
    while (rest /= 10, rest > 0);
    form_add_plain(form, (struct str){digits + at, sizeof digits - at});
}

static struct str form_view(const struct form *form) {
    return (struct str){form->p, form->n};
}

/* ---- lists ---- */

static struct match_hashes list_begin(const struct campaign_job *made) {
    return (struct match_hashes){.items = made->hashes + made->hash_count};
}

/* The list must be the last one begun. */
static void list_add(struct campaign_job *made, struct match_hashes *list, uint32_t cap, enum target target,
                     struct str value) {
    if (!usable(value) || list->count >= cap || made->hash_count >= CAMPAIGN_JOB_HASHES)
        return;
    made->hashes[made->hash_count++] = target_hash(target, value);
    list->count++;
}

/* The same of a value of the request. */
static void add(struct campaign_job *made, enum target target, struct str value) {
    list_add(made, &made->job.request.values[target], CAMPAIGN_JOB_LIST, target, value);
}

static struct match_hashes *begin(struct campaign_job *made, enum target target) {
    struct match_hashes *list = &made->job.request.values[target];
    *list = list_begin(made);
    return list;
}

/* ---- the place, the device, the user ---- */

static void add_lower(struct campaign_job *made, enum target target, struct str value) {
    struct form form = {.n = 0};
    value = trim(value);
    if (!usable(value))
        return;
    form_add(&form, value, lower);
    add(made, target, form_view(&form));
}

static void add_number(struct campaign_job *made, enum target target, int32_t v) {
    struct form form = {.n = 0};
    if (v < 0)
        return;
    form_add_number(&form, v);
    add(made, target, form_view(&form));
}

/* "CA" of "US-CA". */
static struct str without_country(struct str region) {
    return region.n > 3 && region.p[2] == '-' ? (struct str){region.p + 3, region.n - 3} : region;
}

static void add_place(struct campaign_job *made, const struct openrtb_request *request) {
    struct form form = {.n = 0};
    begin(made, TARGET_COUNTRY);
    if (usable(request->geo_country) && request->geo_country.n < TABLE_ID_BYTES / 2) {
        form_add(&form, request->geo_country, upper);
        add(made, TARGET_COUNTRY, form_view(&form));
    }
    begin(made, TARGET_REGION);
    struct str region = without_country(request->geo_region);
    if (form.n > 0 && region.n > 0 && region.n < TABLE_ID_BYTES / 2) {
        form_add_plain(&form, STR("-"));
        form_add(&form, region, upper);
        add(made, TARGET_REGION, form_view(&form));
    }
    begin(made, TARGET_CITY);
    add_lower(made, TARGET_CITY, request->geo_city);
}

/* "de" of "de-CH". */
static struct str primary_language(struct str tag) {
    size_t n = 0;
    tag = trim(tag);
    while (n < tag.n && tag.p[n] != '-' && tag.p[n] != '_')
        n++;
    return (struct str){tag.p, n};
}

static void add_device(struct campaign_job *made, const struct campaign_job_input *input) {
    const struct openrtb_request *request = input->request;
    struct match_request *match = &made->job.request;
    begin(made, TARGET_DEVICE_TYPE);
    add_number(made, TARGET_DEVICE_TYPE, request->device_type);
    begin(made, TARGET_OS);
    add_lower(made, TARGET_OS, request->device_os);
    struct str language = request->device_language;
    if (language.n == 0)
        language = request->device_langb;
    if (language.n == 0)
        language = input->language;
    begin(made, TARGET_LANGUAGE);
    add_lower(made, TARGET_LANGUAGE, primary_language(language));
    begin(made, TARGET_CONNECTION);
    add_number(made, TARGET_CONNECTION, request->device_connection);
    bool known = request->device_connection >= 0 && request->device_connection <= 15;
    match->connection = known ? (uint8_t)request->device_connection : UNKNOWN;
    bool zone = request->geo_utcoffset >= -720 && request->geo_utcoffset <= 840;
    match->utc_offset = zone ? (int16_t)request->geo_utcoffset : MATCH_NO_OFFSET;
}

static void add_segments(struct campaign_job *made, const struct openrtb_request *request) {
    begin(made, TARGET_SEGMENT);
    for (size_t i = 0; i < request->user_data_count; i++)
        for (size_t k = 0; k < request->user_data[i].segment_count; k++)
            add(made, TARGET_SEGMENT, request->user_data[i].segments[k].id);
}

/* Behind the request's own segments, in their list. */
static void add_interests(struct campaign_job *made, const struct user_profile *profile) {
    for (uint32_t i = 0; i < profile->interest_count; i++) {
        struct form form = {.n = 0};
        form_add_plain(&form, STR("interest:"));
        form_add_plain(&form, profile->interests[i].name);
        add(made, TARGET_SEGMENT, form_view(&form));
    }
}

static void add_user(struct campaign_job *made, const struct campaign_job_input *input) {
    struct match_request *match = &made->job.request;
    add_interests(made, input->profile);
    match->caps = made->caps;
    match->cap_count = campaign_caps(input->ledger, input->profile, input->now, made->caps);
}

/* ---- what the page or app is about ---- */

static void add_keywords(struct campaign_job *made, struct str joined, const struct str_list *array) {
    while (joined.n > 0) {
        const char *comma = memchr(joined.p, ',', joined.n);
        size_t n = comma ? (size_t)(comma - joined.p) : joined.n;
        size_t skip = comma ? n + 1 : n;
        add_lower(made, TARGET_KEYWORD, (struct str){joined.p, n});
        joined = (struct str){joined.p + skip, joined.n - skip};
        if (made->job.request.values[TARGET_KEYWORD].count >= CAMPAIGN_JOB_LIST)
            return;
    }
    for (size_t i = 0; i < array->count; i++)
        add_lower(made, TARGET_KEYWORD, array->items[i]);
}

static void add_all_keywords(struct campaign_job *made, const struct openrtb_request *request) {
    begin(made, TARGET_KEYWORD);
    add_keywords(made, request->channel_keywords, &request->channel_kwarray);
    if (request->content)
        add_keywords(made, request->content->keywords, &request->content->kwarray);
    add_keywords(made, request->user_keywords, &request->user_kwarray);
}

/* "6:123"; false when it is too long to be in any table. */
static bool category_form(struct form *form, int32_t cattax, struct str id) {
    form->n = 0;
    if (!usable(id))
        return false;
    form_add_number(form, cattax);
    form_add_plain(form, STR(":"));
    form_add_plain(form, id);
    return form->n <= TABLE_ID_BYTES;
}

static void add_categories(struct campaign_job *made, int32_t cattax, const struct str_list *ids) {
    struct form form;
    for (size_t i = 0; i < ids->count; i++) {
        if (!category_form(&form, cattax, ids->items[i]))
            continue;
        add(made, TARGET_CATEGORY, form_view(&form));
        for (size_t n = form.n; cattax == 1 && n-- > 0;)
            if (form.p[n] == '-')
                add(made, TARGET_CATEGORY, (struct str){form.p, n});
    }
}

static void add_all_categories(struct campaign_job *made, const struct openrtb_request *request) {
    begin(made, TARGET_CATEGORY);
    add_categories(made, request->channel_cattax, &request->channel_cat);
    add_categories(made, request->channel_cattax, &request->channel_sectioncat);
    add_categories(made, request->channel_cattax, &request->channel_pagecat);
    if (request->content)
        add_categories(made, request->content->cattax, &request->content->cat);
}

static struct str without_dot(struct str domain) {
    return domain.n > 0 && domain.p[domain.n - 1] == '.' ? (struct str){domain.p, domain.n - 1} : domain;
}

/* The domain and, from the most specific on, its parents that have a dot. */
static void add_domain(struct campaign_job *made, struct str domain) {
    static const struct str prefix = STR_INIT("domain:");
    domain = without_dot(trim(domain));
    if (domain.n == 0 || domain.n > DOMAIN_BYTES)
        return;
    struct form form = {.n = 0};
    form_add_plain(&form, prefix);
    form_add(&form, domain, lower);
    add(made, TARGET_INVENTORY, form_view(&form));
    for (size_t at = prefix.n; at < form.n; at++) {
        if (form.p[at] != '.' || !memchr(form.p + at + 1, '.', form.n - at - 1))
            continue;
        /* What stands before is not needed again: the prefix moves up to the parent. */
        struct str parent = {form.p + at + 1 - prefix.n, form.n - at - 1 + prefix.n};
        memcpy(form.p + at + 1 - prefix.n, prefix.p, prefix.n);
        add(made, TARGET_INVENTORY, parent);
    }
}

static void add_inventory(struct campaign_job *made, const struct openrtb_request *request) {
    struct form form = {.n = 0};
    begin(made, TARGET_INVENTORY);
    if (request->app_bundle.n > 0 && request->app_bundle.n <= TABLE_ID_BYTES) {
        form_add_plain(&form, STR("bundle:"));
        form_add_plain(&form, request->app_bundle);
        add(made, TARGET_INVENTORY, form_view(&form));
    }
    add_domain(made, openrtb_request_host(request));
}

/* ---- blocks: last, so that they get what room is left ---- */

static void add_advertisers(struct campaign_job *made, const struct openrtb_request *request) {
    struct match_hashes *list = &made->job.request.badv;
    *list = list_begin(made);
    for (size_t i = 0; i < request->badv.count; i++) {
        struct form form = {.n = 0};
        struct str domain = without_dot(request->badv.items[i]);
        if (!usable(domain))
            continue;
        form_add(&form, domain, lower);
        list_add(made, list, MATCH_MOST_VALUES, TARGET_ADVERTISER, form_view(&form));
    }
}

static void add_blocks(struct campaign_job *made, const struct openrtb_request *request) {
    struct match_request *match = &made->job.request;
    struct form form;
    match->wlang = list_begin(made);
    const struct str_list *languages[] = {&request->wlang, &request->wlangb};
    for (size_t l = 0; l < COUNT_OF(languages); l++)
        for (size_t i = 0; i < languages[l]->count; i++) {
            form.n = 0;
            form_add(&form, primary_language(languages[l]->items[i]), lower);
            list_add(made, &match->wlang, CAMPAIGN_JOB_LIST, TARGET_LANGUAGE, form_view(&form));
        }
    match->cattax = request->cattax > 0 && request->cattax < UINT8_MAX ? (uint8_t)request->cattax : UINT8_MAX;
    match->bcat = list_begin(made);
    for (size_t i = 0; i < request->bcat.count; i++)
        if (category_form(&form, request->cattax, request->bcat.items[i]))
            list_add(made, &match->bcat, MATCH_MOST_VALUES, TARGET_CATEGORY, form_view(&form));
    match->bcrid = list_begin(made);
    for (size_t i = 0; i < request->bcrid.count; i++)
        list_add(made, &match->bcrid, MATCH_MOST_VALUES, TARGET_CREATIVE, request->bcrid.items[i]);
    add_advertisers(made, request);
}

/* ---- imps ---- */

/* One medium of an imp. */
struct medium {
    const struct openrtb_banner *banner;
    struct str name; /* of another medium */
    uint32_t battr;
    uint8_t position;
};

/* What is remembered from imp to imp. */
struct money {
    const struct currency_rates *rates;
    struct str cur;
    double rate; /* of cur; valid while cur.p != NULL */
};

/* An amount of that currency a thousand views, in the table's a view; INFINITY when it is not known. */
static double worth(struct money *money, double cpm, struct str cur) {
    if (!(cpm > 0))
        return 0;
    if (!money->cur.p || !str_eq(money->cur, cur)) {
        money->cur = cur;
        money->rate = currency_rate(money->rates, cur, CAMPAIGN_CURRENCY);
    }
    return isfinite(money->rate) && money->rate > 0 ? cpm * money->rate / 1000 : INFINITY;
}

static uint32_t attribute_bits(const struct int_list *battr) {
    uint32_t bits = 0;
    for (size_t i = 0; i < battr->count; i++)
        if (battr->items[i] > 0 && battr->items[i] < 32)
            bits |= 1u << battr->items[i];
    return bits;
}

static uint8_t position_of(int32_t pos) {
    return pos >= 0 && pos <= 15 ? (uint8_t)pos : UNKNOWN;
}

static size_t media_of(const struct openrtb_imp *imp, struct medium media[3]) {
    size_t count = 0;
    if (imp->banner)
        media[count++] = (struct medium){.banner = imp->banner,
                                         .battr = attribute_bits(&imp->banner->battr),
                                         .position = position_of(imp->banner->pos)};
    if (imp->video)
        media[count++] = (struct medium){.name = STR("video"),
                                         .battr = attribute_bits(&imp->video->battr),
                                         .position = position_of(imp->video->pos)};
    if (imp->native)
        media[count++] = (struct medium){
            .name = STR("native"), .battr = attribute_bits(&imp->native->battr), .position = UNKNOWN};
    return count;
}

static void add_size(struct campaign_job *made, struct match_hashes *sizes, int32_t w, int32_t h) {
    struct form form = {.n = 0};
    form_add_number(&form, w);
    form_add_plain(&form, STR("x"));
    form_add_number(&form, h);
    list_add(made, sizes, CAMPAIGN_JOB_SIZES, TARGET_SIZE, form_view(&form));
}

static void add_flexible(struct campaign_job *made, struct match_hashes *sizes,
                         const struct openrtb_format *format) {
    static const struct openrtb_size common[] = {
        {300, 250},  {728, 90},   {320, 50},  {160, 600},  {300, 600}, {970, 250}, {320, 100},  {336, 280},
        {468, 60},   {970, 90},   {300, 50},  {120, 600},  {250, 250}, {200, 200}, {320, 480},  {480, 320},
        {768, 1024}, {1024, 768}, {640, 480}, {300, 1050}, {180, 150}, {640, 360}, {1280, 720}, {1920, 1080}};
    for (size_t i = 0; i < COUNT_OF(common); i++)
        if (bid_creative_fits_ratio(format, common[i].w, common[i].h))
            add_size(made, sizes, common[i].w, common[i].h);
}

static void add_banner(struct campaign_job *made, struct match_hashes *sizes,
                       const struct openrtb_banner *banner) {
    bool named = banner->w > 0 && banner->h > 0;
    if (named)
        add_size(made, sizes, banner->w, banner->h);
    for (size_t i = 0; i < banner->format_count; i++) {
        const struct openrtb_format *format = &banner->formats[i];
        named = true;
        if (format->w > 0 && format->h > 0)
            add_size(made, sizes, format->w, format->h);
        else
            add_flexible(made, sizes, format);
    }
    if (!named)
        list_add(made, sizes, CAMPAIGN_JOB_SIZES, TARGET_SIZE, STR("banner"));
}

static void add_deals(struct campaign_job *made, struct match_imp *out, const struct openrtb_imp *imp,
                      struct str seat, struct money *money) {
    out->deals = list_begin(made);
    out->deal_floors = made->floors + made->floor_count;
    for (size_t i = 0; i < imp->deal_count; i++) {
        const struct openrtb_deal *deal = &imp->deals[i];
        uint32_t before = out->deals.count;
        if (made->floor_count < CAMPAIGN_JOB_FLOORS)
            list_add(made, &out->deals, CAMPAIGN_JOB_SIZES, TARGET_DEAL, deal->id);
        if (out->deals.count == before)
            return; /* an answer names deals by their place, so there must be no hole */
        bool ours = deal->wseat.count == 0 || str_list_has(&deal->wseat, seat);
        made->floors[made->floor_count++] =
            ours ? worth(money, deal->bidfloor, deal->bidfloorcur) : (double)INFINITY;
    }
}

static void add_imp(struct campaign_job *made, const struct openrtb_imp *imp, const struct medium *media,
                    size_t media_count, struct str seat, struct money *money) {
    struct match_imp *out = &made->job.imps[made->job.imp_count];
    *out = (struct match_imp){.floor = worth(money, imp->bidfloor, imp->bidfloorcur),
                              .battr = media[0].battr,
                              .position = media[0].position,
                              .secure = imp->secure == 1,
                              .private_auction = imp->private_auction};
    if (usable(imp->tagid))
        out->slot = target_hash(TARGET_SLOT, imp->tagid);
    out->sizes = list_begin(made);
    for (size_t i = 0; i < media_count; i++) {
        if (media[i].banner)
            add_banner(made, &out->sizes, media[i].banner);
        else
            list_add(made, &out->sizes, CAMPAIGN_JOB_SIZES, TARGET_SIZE, media[i].name);
    }
    if (out->sizes.count == 0)
        return; /* a flexible format that no common size fits, or no room */
    add_deals(made, out, imp, seat, money);
    made->imps[made->job.imp_count++] = imp;
}

/* Media that are blocked alike and stand at one place are one question. */
static void add_media(struct campaign_job *made, const struct openrtb_imp *imp, struct str seat,
                      struct money *money) {
    struct medium media[3], same[3];
    size_t count = media_of(imp, media);
    for (size_t i = 0; i < count; i++) {
        size_t alike = 0;
        bool done = false;
        for (size_t k = 0; k < count; k++) {
            if (media[k].battr != media[i].battr || media[k].position != media[i].position)
                continue;
            done = done || k < i;
            same[alike++] = media[k];
        }
        if (!done && made->job.imp_count < JOB_MOST_IMPS)
            add_imp(made, imp, same, alike, seat, money);
    }
}

static bool named(const struct openrtb_imp *imp, struct str seat) {
    for (size_t i = 0; i < imp->bidders.count; i++)
        if (str_ieq(imp->bidders.items[i].key, seat))
            return true;
    return imp->bidders.count == 0;
}

/* ---- all of it ---- */

enum campaign_job_result campaign_job_make(struct campaign_job *made,
                                           const struct campaign_job_input *input) {
    const struct openrtb_request *request = input->request;
    struct money money = {.rates = input->rates};
    if ((request->wseat.count > 0 && !str_list_has(&request->wseat, input->seat)) ||
        str_list_has(&request->bseat, input->seat))
        return CAMPAIGN_UNFIT;
    made->hash_count = made->floor_count = made->job.imp_count = 0;
    made->job.deadline_us = input->deadline_us;
    made->job.top = input->bids_per_imp;
    made->job.request =
        (struct match_request){.now = input->now, .least_pctr = input->least_ctr, .salt = input->salt};
    bool any_named = false;
    for (size_t i = 0; i < request->imp_count; i++) {
        if (!named(&request->imps[i], input->seat))
            continue;
        any_named = true;
        add_media(made, &request->imps[i], input->seat, &money);
    }
    if (made->job.imp_count == 0)
        return any_named ? CAMPAIGN_UNFIT : CAMPAIGN_NOT_NAMED;
    add_place(made, request);
    add_device(made, input);
    add_inventory(made, request);
    add_all_categories(made, request);
    add_all_keywords(made, request);
    add_segments(made, request);
    if (input->profile)
        add_user(made, input);
    add_blocks(made, request);
    return CAMPAIGN_JOB;
}
