/* Serialising bid requests; see partner_request.h. */
#include "partner/partner_request.h"

#include "partner/partner_fit.h"

static void add_comma(struct buf *out) {
    if (out->n && out->p[out->n - 1] != '{' && out->p[out->n - 1] != '[')
        buf_add_char(out, ',');
}

static void add_member(struct buf *out, const struct json_member *member) {
    add_comma(out);
    buf_add_str(out, member->text);
}

/* ---- device ---- */

static void add_string_member(struct buf *out, struct str key, struct str value) {
    if (out->n)
        buf_add_char(out, ',');
    buf_add_json_string(out, key);
    buf_add_char(out, ':');
    buf_add_json_string(out, value);
}

void partner_request_fill_device(struct openrtb_request *request, const struct client_info *client,
                                 struct buf *out) {
    bool no_address = request->device_ip.n == 0 && request->device_ipv6.n == 0;
    bool no_language = request->device_language.n == 0 && !json_members_find(&request->device, STR("langb"));
    if (no_address && str_present(client->ip)) {
        bool v6 = memchr(client->ip.p, ':', client->ip.n) != NULL;
        *(v6 ? &request->device_ipv6 : &request->device_ip) = client->ip;
        add_string_member(out, v6 ? STR("ipv6") : STR("ip"), client->ip);
    }
    if (request->device_ua.n == 0 && str_present(client->ua)) {
        request->device_ua = client->ua;
        add_string_member(out, STR("ua"), client->ua);
    }
    if (no_language && str_present(client->language)) {
        request->device_language = client->language;
        add_string_member(out, STR("language"), client->language);
    }
    if (request->device_dnt == OPENRTB_ABSENT && str_present(client->dnt)) {
        request->device_dnt = client->dnt.p[0] - '0';
        if (out->n)
            buf_add_char(out, ',');
        BUF_ADD_LIT(out, "\"dnt\":");
        buf_add_str(out, client->dnt);
    }
}

/* A null or an empty string in the place of what was filled in: must not stand beside it. */
static bool was_filled(const struct openrtb_request *request, const struct json_member *member) {
    const struct {
        struct str key;
        bool present;
    } fields[] = {{STR("ip"), request->device_ip.n > 0},
                  {STR("ipv6"), request->device_ipv6.n > 0},
                  {STR("ua"), request->device_ua.n > 0},
                  {STR("language"), request->device_language.n > 0},
                  {STR("dnt"), request->device_dnt != OPENRTB_ABSENT}};
    if (!str_eq(member->value, STR("null")) && !str_eq(member->value, STR("\"\"")))
        return false;
    for (size_t i = 0; i < COUNT_OF(fields); i++)
        if (str_eq(member->key, fields[i].key))
            return fields[i].present;
    return false;
}

static void write_device(const struct openrtb_request *request, struct str added, struct buf *out) {
    add_comma(out);
    BUF_ADD_LIT(out, "\"device\":{");
    for (size_t i = 0; i < request->device.count; i++) {
        const struct json_member *member = &request->device.items[i];
        if (!was_filled(request, member))
            add_member(out, member);
    }
    add_comma(out);
    buf_add_str(out, added);
    buf_add_char(out, '}');
}

/* ---- the shared part ---- */

/* An object's members but for `prebid`; nothing at all when that leaves none. */
static void write_ext(const struct json_members *ext, struct buf *out) {
    size_t start = out->n;
    add_comma(out);
    BUF_ADD_LIT(out, "\"ext\":{");
    size_t empty = out->n;
    for (size_t i = 0; i < ext->count; i++)
        if (!str_eq(ext->items[i].key, STR("prebid")))
            add_member(out, &ext->items[i]);
    if (out->n == empty && !out->failed)
        out->n = start;
    else
        buf_add_char(out, '}');
}

void partner_request_write_shared(const struct openrtb_request *request, struct str added_device,
                                  struct buf *out) {
    bool wrote_device = false;
    buf_add_char(out, '{');
    for (size_t i = 0; i < request->members.count; i++) {
        const struct json_member *member = &request->members.items[i];
        if (str_eq(member->key, STR("imp")) || str_eq(member->key, STR("tmax")))
            continue;
        if (str_eq(member->key, STR("ext"))) {
            write_ext(&request->ext, out);
        } else if (str_eq(member->key, STR("device")) && added_device.n) {
            write_device(request, added_device, out);
            wrote_device = true;
        } else {
            add_member(out, member);
        }
    }
    if (added_device.n && !wrote_device)
        write_device(request, added_device, out);
}

/* ---- one partner's part ---- */

static unsigned media_of_key(struct str key) {
    if (str_eq(key, STR("banner")))
        return MEDIA_BANNER;
    if (str_eq(key, STR("video")))
        return MEDIA_VIDEO;
    if (str_eq(key, STR("audio")))
        return MEDIA_AUDIO;
    if (str_eq(key, STR("native")))
        return MEDIA_NATIVE;
    return 0;
}

static void write_imp_ext(const struct partner_imp *item, struct buf *out) {
    if (!item->params) {
        write_ext(&item->imp->ext, out);
        return;
    }
    add_comma(out);
    BUF_ADD_LIT(out, "\"ext\":{\"bidder\":");
    buf_add_str(out, item->params->value);
    for (size_t i = 0; i < item->imp->ext.count; i++) {
        struct str key = item->imp->ext.items[i].key;
        if (!str_eq(key, STR("prebid")) && !str_eq(key, STR("bidder")))
            add_member(out, &item->imp->ext.items[i]);
    }
    buf_add_char(out, '}');
}

static void write_imp(const struct partner_imp *item, unsigned media_types, struct buf *out) {
    const struct json_members *members = &item->imp->members;
    bool plain = !item->params && !json_members_find(&item->imp->ext, STR("prebid")) &&
                 !(partner_fit_media(item->imp) & ~media_types);
    buf_add_char(out, '{');
    if (plain && members->count) {
        /* Nothing to change: from the first member to the last as it stands. */
        const struct json_member *last = &members->items[members->count - 1];
        const char *first = members->items[0].text.p;
        buf_add(out, first, (size_t)(last->text.p + last->text.n - first));
        buf_add_char(out, '}');
        return;
    }
    for (size_t i = 0; i < members->count; i++) {
        const struct json_member *member = &members->items[i];
        unsigned media = media_of_key(member->key);
        if (media && !(media & media_types))
            continue;
        if (str_eq(member->key, STR("ext")))
            write_imp_ext(item, out);
        else
            add_member(out, member);
    }
    buf_add_char(out, '}');
}

void partner_request_write(struct str shared, int64_t tmax_ms, const struct config_partner *partner,
                           const struct partner_imp *imps, size_t imp_count, struct buf *out) {
    buf_add_str(out, shared);
    add_comma(out);
    BUF_ADD_LIT(out, "\"tmax\":");
    buf_add_int(out, tmax_ms);
    BUF_ADD_LIT(out, ",\"imp\":[");
    for (size_t i = 0; i < imp_count; i++) {
        if (i)
            buf_add_char(out, ',');
        write_imp(&imps[i], partner->media_types, out);
    }
    BUF_ADD_LIT(out, "]}");
}
