/* Device (3.2.18), Geo (3.2.19), UserAgent (3.2.29), BrandVersion (3.2.30). */
#include "openrtb/openrtb_schema.h"

_Static_assert(offsetof(struct openrtb_request, geo_region) == offsetof(struct openrtb_request, geo_country) +
                                                                   offsetof(struct openrtb_place, region) &&
                   offsetof(struct openrtb_request, geo_city) ==
                       offsetof(struct openrtb_request, geo_country) + offsetof(struct openrtb_place, city) &&
                   offsetof(struct openrtb_request, geo_utcoffset) ==
                       offsetof(struct openrtb_request, geo_country) +
                           offsetof(struct openrtb_place, utcoffset),
               "a struct openrtb_place lies in the request");

static const struct json_field geo_fields[] = {
    JSON_NUMBER("lat", JSON_FLOAT, JSON_NOT_KEPT, 0, -90, 90),
    JSON_NUMBER("lon", JSON_FLOAT, JSON_NOT_KEPT, 0, -180, 180),
    NATURAL("type"),
    NATURAL("accuracy"),
    NATURAL("lastfix"),
    NATURAL("ipservice"),
    TEXT_AT("country", struct openrtb_place, country),
    TEXT_AT("region", struct openrtb_place, region),
    TEXT("regionfips104"),
    TEXT("metro"),
    TEXT_AT("city", struct openrtb_place, city),
    TEXT("zip"),
    INTEGER_AT("utcoffset", struct openrtb_place, utcoffset),
    EXT,
};
JSON_OBJECT_SHARED(openrtb_schema_geo, geo_fields);

static const struct json_field brand_version_fields[] = {
    JSON_FIELD("brand", JSON_STRING, JSON_NOT_KEPT, JSON_REQUIRED),
    TEXTS("version"),
    EXT,
};
JSON_OBJECT_LOCAL(brand_version, brand_version_fields);

static const struct json_field user_agent_fields[] = {
    OBJECTS("browsers", &brand_version),
    OBJECT("platform", &brand_version),
    BIT("mobile"),
    TEXT("architecture"),
    TEXT("bitness"),
    TEXT("model"),
    NATURAL("source"),
    EXT,
};
JSON_OBJECT_LOCAL(user_agent, user_agent_fields);

/* Prebid's way to say how much of the screen an interstitial must fill. */
static const struct json_field interstitial_fields[] = {
    JSON_NUMBER("minwidthperc", JSON_INT, JSON_NOT_KEPT, JSON_REQUIRED, 0, 100),
    JSON_NUMBER("minheightperc", JSON_INT, JSON_NOT_KEPT, JSON_REQUIRED, 0, 100),
};
JSON_OBJECT_LOCAL(interstitial, interstitial_fields);

static const struct json_field device_prebid_fields[] = {OBJECT("interstitial", &interstitial)};
JSON_OBJECT_LOCAL(device_prebid, device_prebid_fields);

static const struct json_field device_ext_fields[] = {OBJECT("prebid", &device_prebid)};
JSON_OBJECT_LOCAL(device_ext, device_ext_fields);

static const struct json_field device_fields[] = {
    JSON_FIELD("geo", JSON_OBJECT, offsetof(struct openrtb_request, geo_country), JSON_INLINE,
               .object = &openrtb_schema_geo),
    BIT_AT("dnt", struct openrtb_request, device_dnt),
    BIT_AT("lmt", struct openrtb_request, device_lmt),
    TEXT_AT("ua", struct openrtb_request, device_ua),
    OBJECT("sua", &user_agent),
    TEXT_AT("ip", struct openrtb_request, device_ip),
    TEXT_AT("ipv6", struct openrtb_request, device_ipv6),
    NATURAL_AT("devicetype", struct openrtb_request, device_type),
    TEXT("make"),
    TEXT("model"),
    TEXT_AT("os", struct openrtb_request, device_os),
    TEXT("osv"),
    TEXT("hwv"),
    NATURAL("h"),
    NATURAL("w"),
    NATURAL("ppi"),
    FLOATING_FROM_0("pxratio"),
    BIT("js"),
    BIT("geofetch"),
    TEXT("flashver"),
    TEXT_AT("language", struct openrtb_request, device_language),
    TEXT_AT("langb", struct openrtb_request, device_langb),
    TEXT("carrier"),
    TEXT("mccmnc"),
    NATURAL_AT("connectiontype", struct openrtb_request, device_connection),
    TEXT_AT("ifa", struct openrtb_request, device_ifa),
    TEXT("didsha1"),
    TEXT("didmd5"),
    TEXT("dpidsha1"),
    TEXT("dpidmd5"),
    TEXT("macsha1"),
    TEXT("macmd5"),
    OBJECT("ext", &device_ext),
};
JSON_OBJECT_SHARED(openrtb_schema_device, device_fields, .keeps_members = true,
                   .members_offset = offsetof(struct openrtb_request, device));
