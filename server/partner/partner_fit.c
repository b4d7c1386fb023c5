/* Filters of a partner against a request; see partner_fit.h. */
#include "partner/partner_fit.h"

unsigned partner_fit_media(const struct openrtb_imp *imp) {
    return (imp->banner ? MEDIA_BANNER : 0u) | (imp->video ? MEDIA_VIDEO : 0u) |
           (imp->audio ? MEDIA_AUDIO : 0u) | (imp->native ? MEDIA_NATIVE : 0u);
}

static unsigned channel_bit(enum openrtb_channel channel) {
    switch (channel) {
    case OPENRTB_SITE:
        return CHANNEL_SITE;
    case OPENRTB_APP:
        return CHANNEL_APP;
    case OPENRTB_DOOH:
        return CHANNEL_DOOH;
    case OPENRTB_NO_CHANNEL:
        return 0;
    }
    return 0;
}

/* "example.com" covers itself and its subdomains. */
static bool domain_covers(struct str domain, struct str host) {
    if (host.n < domain.n)
        return false;
    struct str tail = {host.p + (host.n - domain.n), domain.n};
    return str_ieq(tail, domain) && (host.n == domain.n || host.p[host.n - domain.n - 1] == '.');
}

static bool list_covers(const struct str_list *domains, struct str host) {
    for (size_t i = 0; i < domains->count; i++)
        if (domain_covers(domains->items[i], host))
            return true;
    return false;
}

/* What site filters look at: the site's domain, else its page's host; the app's bundle. */
static struct str site_name(const struct openrtb_request *request) {
    if (request->channel == OPENRTB_APP && str_present(request->app_bundle))
        return request->app_bundle;
    return openrtb_request_host(request);
}

bool partner_fit_request(const struct config_partner *partner, const struct openrtb_request *request) {
    if (!(partner->channels & channel_bit(request->channel)))
        return false;
    if (partner->countries.count && !str_list_has_nocase(&partner->countries, request->geo_country))
        return false;
    if (partner->blocked_countries.count &&
        str_list_has_nocase(&partner->blocked_countries, request->geo_country))
        return false;
    if (partner->sites.count == 0 && partner->blocked_sites.count == 0)
        return true;
    struct str name = site_name(request);
    if (partner->sites.count && !list_covers(&partner->sites, name))
        return false;
    return !list_covers(&partner->blocked_sites, name);
}

bool partner_fit_imp(const struct config_partner *partner, const struct openrtb_imp *imp,
                     const struct json_member **params, enum partner_skip *why) {
    *params = NULL;
    for (size_t i = 0; i < imp->bidders.count; i++)
        if (str_ieq(imp->bidders.items[i].key, partner->name))
            *params = &imp->bidders.items[i];
    if (imp->bidders.count && !*params) {
        *why = PARTNER_SKIP_NOT_NAMED;
        return false;
    }
    if (!(partner_fit_media(imp) & partner->media_types)) {
        *why = PARTNER_SKIP_UNFIT;
        return false;
    }
    return true;
}
