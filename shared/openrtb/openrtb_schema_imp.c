/* Imp (3.2.4), Metric (3.2.5), Pmp and Deal (3.2.11, 3.2.12), Qty, Refresh, RefSettings, DurFloors (3.2.31
 * on). */
#include "openrtb/openrtb_schema.h"

static const struct json_field metric_fields[] = {
    JSON_FIELD("type", JSON_STRING, JSON_NOT_KEPT, JSON_REQUIRED),
    JSON_NUMBER("value", JSON_FLOAT, JSON_NOT_KEPT, JSON_REQUIRED, INT32_MIN, INT32_MAX),
    TEXT("vendor"),
    EXT,
};
JSON_OBJECT_LOCAL(metric, metric_fields);

static const struct json_field dur_floors_fields[] = {
    NATURAL("mindur"),
    NATURAL("maxdur"),
    FLOATING_FROM_0("bidfloor"),
    EXT,
};
JSON_OBJECT_SHARED(openrtb_schema_dur_floors, dur_floors_fields);

static const struct json_field deal_fields[] = {
    JSON_FIELD("id", JSON_STRING, offsetof(struct openrtb_deal, id), JSON_REQUIRED | JSON_NONEMPTY),
    JSON_NUMBER("bidfloor", JSON_FLOAT, offsetof(struct openrtb_deal, bidfloor), 0, 0, INT32_MAX),
    JSON_FIELD("bidfloorcur", JSON_STRING, offsetof(struct openrtb_deal, bidfloorcur), 0,
               .check = openrtb_check_currency),
    JSON_NUMBER("at", JSON_INT, offsetof(struct openrtb_deal, at), JSON_OR_500, 1, 3),
    TEXTS_AT("wseat", struct openrtb_deal, wseat),
    TEXTS_AT("wadomain", struct openrtb_deal, wadomain),
    BIT("guar"),
    FLOATING_FROM_0("mincpmpersec"),
    OBJECTS("durfloors", &openrtb_schema_dur_floors),
    EXT,
};
static const struct openrtb_deal deal_initial = {.bidfloorcur = STR_INIT("USD"), .at = OPENRTB_ABSENT};

static bool check_deal(struct json_reader *reader, void *target) {
    (void)reader;
    struct openrtb_deal *deal = target;
    if (deal->bidfloorcur.n == 0)
        deal->bidfloorcur = STR("USD");
    return true;
}
JSON_OBJECT_LOCAL(deal, deal_fields, .size = sizeof(struct openrtb_deal), .initial = &deal_initial,
                  .check = check_deal);

static const struct json_field pmp_fields[] = {
    JSON_FIELD("private_auction", JSON_FLAG, offsetof(struct openrtb_imp, private_auction), 0),
    OBJECTS_AT("deals", struct openrtb_imp, deals, &deal),
    EXT,
};
JSON_OBJECT_LOCAL(pmp, pmp_fields);

static const struct json_field qty_fields[] = {
    JSON_NUMBER("multiplier", JSON_FLOAT, offsetof(struct openrtb_imp, multiplier), JSON_REQUIRED, 0,
                INT32_MAX),
    NATURAL("sourcetype"),
    TEXT("vendor"),
    EXT,
};
JSON_OBJECT_LOCAL(qty, qty_fields);

static const struct json_field ref_settings_fields[] = {NATURAL("reftype"), NATURAL("minint"), EXT};
JSON_OBJECT_LOCAL(ref_settings, ref_settings_fields);

static const struct json_field refresh_fields[] = {OBJECTS("refsettings", &ref_settings), NATURAL("count"),
                                                   EXT};
JSON_OBJECT_LOCAL(refresh, refresh_fields);

static const struct json_field imp_fields[] = {
    JSON_FIELD("id", JSON_STRING, offsetof(struct openrtb_imp, id), JSON_REQUIRED | JSON_NONEMPTY),
    OBJECTS("metric", &metric),
    OBJECT_AT("banner", struct openrtb_imp, banner, &openrtb_schema_banner),
    OBJECT_AT("video", struct openrtb_imp, video, &openrtb_schema_video),
    OBJECT_AT("audio", struct openrtb_imp, audio, &openrtb_schema_audio),
    OBJECT_AT("native", struct openrtb_imp, native, &openrtb_schema_native),
    OBJECT_INTO("pmp", &pmp),
    TEXT("displaymanager"),
    TEXT("displaymanagerver"),
    BIT_AT("instl", struct openrtb_imp, instl),
    TEXT_AT("tagid", struct openrtb_imp, tagid),
    JSON_NUMBER("bidfloor", JSON_FLOAT, offsetof(struct openrtb_imp, bidfloor), 0, 0, INT32_MAX),
    JSON_FIELD("bidfloorcur", JSON_STRING, offsetof(struct openrtb_imp, bidfloorcur), 0,
               .check = openrtb_check_currency),
    BIT("clickbrowser"),
    BIT_AT("secure", struct openrtb_imp, secure),
    TEXTS("iframebuster"),
    BIT_AT("rwdd", struct openrtb_imp, rwdd),
    NATURAL("ssai"),
    NATURAL("exp"),
    OBJECT_INTO("qty", &qty),
    FLOATING("dt"),
    OBJECT("refresh", &refresh),
    OBJECT_INTO("ext", &openrtb_schema_imp_ext),
};
static const struct openrtb_imp imp_initial = {
    .bidfloorcur = STR_INIT("USD"),
    .multiplier = 1,
    .secure = OPENRTB_ABSENT,
    .instl = OPENRTB_ABSENT,
    .rwdd = OPENRTB_ABSENT,
};

/* An interstitial takes its size from the screen (device.w and h). */
static bool check_banner_sizes(struct json_reader *reader, const struct openrtb_imp *imp) {
    const struct openrtb_banner *banner = imp->banner;
    if (!banner || banner->format_count > 0 || (banner->w > 0 && banner->h > 0) || imp->instl == 1)
        return true;
    return json_fail(reader, "banner", "has no sizes: w and h, or format");
}

static bool check_imp(struct json_reader *reader, void *target) {
    struct openrtb_imp *imp = target;
    if (imp->bidfloorcur.n == 0)
        imp->bidfloorcur = STR("USD");
    if (!imp->banner && !imp->video && !imp->audio && !imp->native)
        return json_fail(reader, NULL, "must have a banner, a video, an audio or a native");
    return check_banner_sizes(reader, imp);
}
JSON_OBJECT_SHARED(openrtb_schema_imp, imp_fields, .size = sizeof(struct openrtb_imp),
                   .initial = &imp_initial, .keeps_members = true,
                   .members_offset = offsetof(struct openrtb_imp, members), .check = check_imp);
