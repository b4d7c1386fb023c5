/* Banner (3.2.6), Format (3.2.10), Video (3.2.7), Audio (3.2.8), Native (3.2.9). */
#include <stdio.h>

#include "openrtb/openrtb_native.h"
#include "openrtb/openrtb_schema.h"

#define SIZE_REFUSED(name)                                                                                   \
    JSON_NUMBER(name, JSON_INT, JSON_NOT_KEPT, 0, 0, 0, .reason = "is not supported, use banner.format")

static const struct json_field format_fields[] = {
    NATURAL_AT("w", struct openrtb_format, w),           NATURAL_AT("h", struct openrtb_format, h),
    NATURAL_AT("wratio", struct openrtb_format, wratio), NATURAL_AT("hratio", struct openrtb_format, hratio),
    NATURAL_AT("wmin", struct openrtb_format, wmin),     EXT,
};

static bool check_format(struct json_reader *reader, void *target) {
    const struct openrtb_format *format = target;
    bool fixed = format->w > 0 || format->h > 0;
    bool flexible = format->wmin > 0 || format->wratio > 0 || format->hratio > 0;
    if (fixed == flexible)
        return json_fail(reader, NULL, "must have either w and h, or wmin, wratio and hratio");
    if (fixed && (format->w <= 0 || format->h <= 0))
        return json_fail(reader, NULL, "must have w and h above 0");
    if (flexible && (format->wmin <= 0 || format->wratio <= 0 || format->hratio <= 0))
        return json_fail(reader, NULL, "must have wmin, wratio and hratio above 0");
    return true;
}
static const struct openrtb_format format_initial = {
    OPENRTB_ABSENT, OPENRTB_ABSENT, OPENRTB_ABSENT, OPENRTB_ABSENT, OPENRTB_ABSENT,
};
JSON_OBJECT_LOCAL(format, format_fields, .size = sizeof(struct openrtb_format), .initial = &format_initial,
                  .check = check_format);

static const struct json_field banner_fields[] = {
    OBJECTS_AT("format", struct openrtb_banner, formats, &format),
    NATURAL_AT("w", struct openrtb_banner, w),
    NATURAL_AT("h", struct openrtb_banner, h),
    SIZE_REFUSED("wmin"),
    SIZE_REFUSED("wmax"),
    SIZE_REFUSED("hmin"),
    SIZE_REFUSED("hmax"),
    INTEGERS_AT("btype", struct openrtb_banner, btype),
    INTEGERS_AT("battr", struct openrtb_banner, battr),
    NATURAL_AT("pos", struct openrtb_banner, pos),
    TEXTS_AT("mimes", struct openrtb_banner, mimes),
    BIT("topframe"),
    INTEGERS("expdir"),
    INTEGERS_AT("api", struct openrtb_banner, api),
    TEXT("id"),
    BIT("vcm"),
    EXT,
};
static const struct openrtb_banner banner_initial = {
    .w = OPENRTB_ABSENT,
    .h = OPENRTB_ABSENT,
    .pos = OPENRTB_ABSENT,
};
/* Whether it has sizes depends on the imp, which checks it. */
JSON_OBJECT_SHARED(openrtb_schema_banner, banner_fields, .size = sizeof(struct openrtb_banner),
                   .initial = &banner_initial);

#define MIMES                                                                                                \
    JSON_FIELD("mimes", JSON_STRINGS, offsetof(struct openrtb_video, mimes), JSON_REQUIRED | JSON_NONEMPTY)

static const struct json_field video_fields[] = {
    MIMES,
    NATURAL_AT("minduration", struct openrtb_video, minduration),
    NATURAL_AT("maxduration", struct openrtb_video, maxduration),
    INTEGER("startdelay"),
    NATURAL("maxseq"),
    NATURAL("poddur"),
    INTEGERS_AT("protocols", struct openrtb_video, protocols),
    NATURAL("protocol"),
    NATURAL_AT("w", struct openrtb_video, w),
    NATURAL_AT("h", struct openrtb_video, h),
    TEXT("podid"),
    INTEGER("podseq"),
    INTEGERS("rqddurs"),
    NATURAL("placement"),
    NATURAL("plcmt"),
    NATURAL("linearity"),
    BIT("skip"),
    NATURAL("skipmin"),
    NATURAL("skipafter"),
    NATURAL("sequence"),
    INTEGER("slotinpod"),
    FLOATING_FROM_0("mincpmpersec"),
    INTEGERS_AT("battr", struct openrtb_video, battr),
    INTEGER("maxextended"),
    NATURAL("minbitrate"),
    NATURAL("maxbitrate"),
    BIT("boxingallowed"),
    INTEGERS("playbackmethod"),
    NATURAL("playbackend"),
    INTEGERS("delivery"),
    NATURAL_AT("pos", struct openrtb_video, pos),
    OBJECTS("companionad", &openrtb_schema_banner),
    INTEGERS_AT("api", struct openrtb_video, api),
    INTEGERS("companiontype"),
    INTEGERS("poddedupe"),
    OBJECTS("durfloors", &openrtb_schema_dur_floors),
    EXT,
};
static const struct openrtb_video video_initial = {
    .w = OPENRTB_ABSENT,
    .h = OPENRTB_ABSENT,
    .pos = OPENRTB_ABSENT,
    .minduration = OPENRTB_ABSENT,
    .maxduration = OPENRTB_ABSENT,
};
JSON_OBJECT_SHARED(openrtb_schema_video, video_fields, .size = sizeof(struct openrtb_video),
                   .initial = &video_initial);

static const struct json_field audio_fields[] = {
    MIMES,
    NATURAL_AT("minduration", struct openrtb_video, minduration),
    NATURAL_AT("maxduration", struct openrtb_video, maxduration),
    NATURAL("poddur"),
    INTEGERS_AT("protocols", struct openrtb_video, protocols),
    INTEGER("startdelay"),
    INTEGERS("rqddurs"),
    TEXT("podid"),
    INTEGER("podseq"),
    NATURAL("sequence"),
    INTEGER("slotinpod"),
    FLOATING_FROM_0("mincpmpersec"),
    INTEGERS_AT("battr", struct openrtb_video, battr),
    INTEGER("maxextended"),
    NATURAL("minbitrate"),
    NATURAL("maxbitrate"),
    INTEGERS("delivery"),
    OBJECTS("companionad", &openrtb_schema_banner),
    INTEGERS_AT("api", struct openrtb_video, api),
    INTEGERS("companiontype"),
    NATURAL("maxseq"),
    NATURAL("feed"),
    BIT("stitched"),
    NATURAL("nvol"),
    OBJECTS("durfloors", &openrtb_schema_dur_floors),
    EXT,
};
JSON_OBJECT_SHARED(openrtb_schema_audio, audio_fields, .size = sizeof(struct openrtb_video),
                   .initial = &video_initial);

static const struct json_field native_fields[] = {
    JSON_FIELD("request", JSON_STRING, offsetof(struct openrtb_native, request),
               JSON_REQUIRED | JSON_NONEMPTY),
    TEXT_AT("ver", struct openrtb_native, ver),
    INTEGERS_AT("api", struct openrtb_native, api),
    INTEGERS_AT("battr", struct openrtb_native, battr),
    EXT,
};

static bool check_native(struct json_reader *reader, void *target) {
    const struct openrtb_native *native = target;
    struct json_error inner;
    if (openrtb_native_check(native->request, json_reader_limits(reader), json_reader_arena(reader),
                             &inner) == 0)
        return true;
    if (!inner.path[0])
        return json_fail(reader, "request", "%s", inner.reason);
    char member[sizeof(inner.path) + 16];
    snprintf(member, sizeof(member), "request.%s", inner.path);
    return json_fail(reader, member, "%s", inner.reason);
}
JSON_OBJECT_SHARED(openrtb_schema_native, native_fields, .size = sizeof(struct openrtb_native),
                   .check = check_native);
