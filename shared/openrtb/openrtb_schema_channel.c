/* Where the ad will be seen: Site (3.2.13), App (3.2.14), DOOH (3.2.32), Publisher (3.2.15). */
#include "openrtb/openrtb_schema.h"

static const struct json_field publisher_fields[] = {
    TEXT_AT("id", struct openrtb_request, publisher_id),
    TEXT("name"),
    NATURAL("cattax"),
    TEXTS("cat"),
    TEXT("domain"),
    EXT,
};
JSON_OBJECT_LOCAL(publisher, publisher_fields);

/* Prebid's mark of AMP pages. */
static const struct json_field site_ext_fields[] = {BIT("amp")};
JSON_OBJECT_LOCAL(site_ext, site_ext_fields);

static const struct json_field site_fields[] = {
    TEXT_AT("id", struct openrtb_request, channel_id),
    TEXT("name"),
    TEXT_AT("domain", struct openrtb_request, channel_domain),
    NATURAL_AT("cattax", struct openrtb_request, channel_cattax),
    TEXTS_AT("cat", struct openrtb_request, channel_cat),
    TEXTS_AT("sectioncat", struct openrtb_request, channel_sectioncat),
    TEXTS_AT("pagecat", struct openrtb_request, channel_pagecat),
    TEXT_AT("page", struct openrtb_request, site_page),
    TEXT_AT("ref", struct openrtb_request, site_ref),
    TEXT("search"),
    BIT("mobile"),
    BIT("privacypolicy"),
    OBJECT_INTO("publisher", &publisher),
    OBJECT_AT("content", struct openrtb_request, content, &openrtb_schema_content),
    TEXT_AT("keywords", struct openrtb_request, channel_keywords),
    TEXTS_AT("kwarray", struct openrtb_request, channel_kwarray),
    TEXT("inventorypartnerdomain"),
    OBJECT("ext", &site_ext),
};

static bool check_site(struct json_reader *reader, void *target) {
    const struct openrtb_draft *draft = target;
    if (draft->request.channel_id.n > 0 || draft->request.site_page.n > 0)
        return true;
    return json_fail(reader, NULL, "must have an id or a page");
}
JSON_OBJECT_SHARED(openrtb_schema_site, site_fields, .check = check_site);

/* The SDK that made the request, as Prebid's tell it. */
static const struct json_field app_prebid_fields[] = {TEXT("source"), TEXT("version")};
JSON_OBJECT_LOCAL(app_prebid, app_prebid_fields);

static const struct json_field app_ext_fields[] = {OBJECT("prebid", &app_prebid)};
JSON_OBJECT_LOCAL(app_ext, app_ext_fields);

static const struct json_field app_fields[] = {
    TEXT_AT("id", struct openrtb_request, channel_id),
    TEXT("name"),
    TEXT_AT("bundle", struct openrtb_request, app_bundle),
    TEXT_AT("domain", struct openrtb_request, channel_domain),
    TEXT("storeurl"),
    NATURAL_AT("cattax", struct openrtb_request, channel_cattax),
    TEXTS_AT("cat", struct openrtb_request, channel_cat),
    TEXTS_AT("sectioncat", struct openrtb_request, channel_sectioncat),
    TEXTS_AT("pagecat", struct openrtb_request, channel_pagecat),
    TEXT("ver"),
    BIT("privacypolicy"),
    BIT("paid"),
    OBJECT_INTO("publisher", &publisher),
    OBJECT_AT("content", struct openrtb_request, content, &openrtb_schema_content),
    TEXT_AT("keywords", struct openrtb_request, channel_keywords),
    TEXTS_AT("kwarray", struct openrtb_request, channel_kwarray),
    TEXT("inventorypartnerdomain"),
    OBJECT("ext", &app_ext),
};
JSON_OBJECT_SHARED(openrtb_schema_app, app_fields);

static const struct json_field dooh_fields[] = {
    TEXT_AT("id", struct openrtb_request, channel_id),
    TEXT("name"),
    TEXTS_AT("venuetype", struct openrtb_draft, venuetype),
    NATURAL("venuetypetax"),
    OBJECT_INTO("publisher", &publisher),
    TEXT_AT("domain", struct openrtb_request, channel_domain),
    TEXT_AT("keywords", struct openrtb_request, channel_keywords),
    OBJECT_AT("content", struct openrtb_request, content, &openrtb_schema_content),
    EXT,
};

static bool check_dooh(struct json_reader *reader, void *target) {
    const struct openrtb_draft *draft = target;
    if (draft->request.channel_id.n > 0 || draft->venuetype.count > 0)
        return true;
    return json_fail(reader, NULL, "must have an id or a venuetype");
}
JSON_OBJECT_SHARED(openrtb_schema_dooh, dooh_fields, .check = check_dooh);
