/* The tables of the native request's objects, and what must hold between their members. */
#include "openrtb/openrtb_native.h"

#include <stdio.h>

#include "openrtb/openrtb_schema.h"

#define ITEMS_MAX 128 /* of a list; ids of assets are compared each with each */

/* ---- the four kinds of asset ---- */

static const struct json_field title_fields[] = {
    JSON_NUMBER("len", JSON_INT, JSON_NOT_KEPT, JSON_REQUIRED, 1, INT32_MAX),
    EXT,
};
JSON_OBJECT_LOCAL(title, title_fields);

static const struct json_field image_fields[] = {
    NATURAL("type"), NATURAL("w"), NATURAL("h"), NATURAL("wmin"), NATURAL("hmin"), TEXTS("mimes"), EXT,
};
JSON_OBJECT_LOCAL(image, image_fields);

/* Protocols end at 14 in today's AdCOM list; there is room for the next versions of VAST. */
static const struct json_field video_fields[] = {
    JSON_FIELD("mimes", JSON_STRINGS, JSON_NOT_KEPT, JSON_REQUIRED | JSON_NONEMPTY),
    JSON_NUMBER("minduration", JSON_INT, JSON_NOT_KEPT, JSON_REQUIRED, 1, INT32_MAX),
    JSON_NUMBER("maxduration", JSON_INT, JSON_NOT_KEPT, JSON_REQUIRED, 1, INT32_MAX),
    JSON_NUMBER("protocols", JSON_INTS, JSON_NOT_KEPT, JSON_REQUIRED | JSON_NONEMPTY | JSON_OR_500, 1, 20),
    EXT,
};
JSON_OBJECT_LOCAL(video, video_fields);

static const struct json_field data_fields[] = {
    JSON_NUMBER("type", JSON_INT, JSON_NOT_KEPT, JSON_REQUIRED | JSON_OR_500, 1, 12),
    NATURAL("len"),
    EXT,
};
JSON_OBJECT_LOCAL(data, data_fields);

/* ---- an asset is exactly one of them ---- */

enum asset_field { ASSET_ID, ASSET_REQUIRED, ASSET_TITLE, ASSET_IMG, ASSET_VIDEO, ASSET_DATA, ASSET_EXT };
#define ASSET_KINDS (1u << ASSET_TITLE | 1u << ASSET_IMG | 1u << ASSET_VIDEO | 1u << ASSET_DATA)

struct asset {
    int32_t id;
};

static const struct json_field asset_fields[] = {
    [ASSET_ID] = NATURAL_AT("id", struct asset, id),
    [ASSET_REQUIRED] = BIT("required"),
    [ASSET_TITLE] = OBJECT("title", &title),
    [ASSET_IMG] = OBJECT("img", &image),
    [ASSET_VIDEO] = OBJECT("video", &video),
    [ASSET_DATA] = OBJECT("data", &data),
    [ASSET_EXT] = EXT,
};
static const struct asset asset_initial = {OPENRTB_ABSENT};

static bool check_asset(struct json_reader *reader, void *target) {
    (void)target;
    uint64_t kinds = json_present(reader) & ASSET_KINDS;
    bool one = kinds && (kinds & (kinds - 1)) == 0;
    return one || json_fail(reader, NULL, "must have exactly one of title, img, video and data");
}
JSON_OBJECT_LOCAL(asset, asset_fields, .size = sizeof(struct asset), .initial = &asset_initial,
                  .check = check_asset);

static const struct json_field tracker_fields[] = {
    JSON_NUMBER("event", JSON_INT, JSON_NOT_KEPT, JSON_REQUIRED | JSON_OR_500, 1, 4),
    JSON_NUMBER("methods", JSON_INTS, JSON_NOT_KEPT, JSON_REQUIRED | JSON_NONEMPTY | JSON_OR_500, 1, 2),
    EXT,
};
JSON_OBJECT_LOCAL(tracker, tracker_fields);

/* ---- the request ---- */

struct native_request {
    struct asset *assets;
    size_t asset_count;
    int32_t context, contextsubtype;
};

/* 0 is what clients send for "none". */
#define CODE(name, max_) JSON_NUMBER(name, JSON_INT, JSON_NOT_KEPT, JSON_OR_500, 0, max_)
/* The subtypes of each context: 10 to 15 content, 20 to 22 social, 30 to 32 product. */
static bool check_context(struct json_reader *reader, const struct native_request *request) {
    int32_t subtype = request->contextsubtype, context = request->context;
    if (context == 0 || subtype == 0 || subtype >= OPENRTB_VENDOR_FIRST)
        return true;
    bool listed = (subtype >= 10 && subtype <= 15) || (subtype >= 20 && subtype <= 22) ||
                  (subtype >= 30 && subtype <= 32);
    if (!listed)
        return json_fail(reader, "contextsubtype", "is not in the list of context subtypes");
    if (context < OPENRTB_VENDOR_FIRST && subtype / 10 != context)
        return json_fail(reader, "contextsubtype", "does not fit context %d", (int)context);
    return true;
}

/* Whether two assets have the same id, and where. All have one when this is asked. */
static bool check_unique_ids(struct json_reader *reader, const struct native_request *request) {
    for (size_t i = 1; i < request->asset_count; i++)
        for (size_t j = 0; j < i; j++)
            if (request->assets[i].id == request->assets[j].id) {
                char member[48];
                snprintf(member, sizeof(member), "assets[%zu].id", i);
                return json_fail(reader, member, "is the id of assets[%zu] too", j);
            }
    return true;
}

static bool check_asset_ids(struct json_reader *reader, const struct native_request *request) {
    size_t with_id = 0;
    for (size_t i = 0; i < request->asset_count; i++)
        with_id += request->assets[i].id != OPENRTB_ABSENT;
    if (with_id == 0)
        return true;
    if (with_id != request->asset_count)
        return json_fail(reader, "assets", "must all have ids or none");
    return check_unique_ids(reader, request);
}

static bool check_request(struct json_reader *reader, void *target) {
    const struct native_request *request = target;
    return check_context(reader, request) && check_asset_ids(reader, request);
}

static const struct json_field request_fields[] = {
    TEXT("ver"),
    JSON_NUMBER("context", JSON_INT, offsetof(struct native_request, context), JSON_OR_500, 0, 3),
    NATURAL_AT("contextsubtype", struct native_request, contextsubtype),
    CODE("plcmttype", 4),
    NATURAL("plcmtcnt"),
    NATURAL("seq"),
    NATURAL("layout"),
    NATURAL("adunit"),
    JSON_FIELD("assets", JSON_OBJECTS, offsetof(struct native_request, assets), JSON_REQUIRED | JSON_NONEMPTY,
               .object = &asset),
    BIT("aurlsupport"),
    BIT("durlsupport"),
    OBJECTS("eventtrackers", &tracker),
    BIT("privacy"),
    EXT,
};
JSON_OBJECT_LOCAL(inner, request_fields, .size = sizeof(struct native_request), .check = check_request);

/* Version 1.0 wraps the request into {"native": ...}. */
static const struct json_field wrapped_fields[] = {
    JSON_FIELD("native", JSON_OBJECT, JSON_NOT_KEPT, JSON_REQUIRED, .object = &inner),
};
JSON_OBJECT_LOCAL(wrapped, wrapped_fields);

void openrtb_native_prepare(void) {
    json_object_prepare(&inner);
    json_object_prepare(&wrapped);
}

static struct str skip_space(struct str text) {
    while (text.n > 0 && (*text.p == ' ' || *text.p == '\t' || *text.p == '\r' || *text.p == '\n'))
        text = (struct str){text.p + 1, text.n - 1};
    return text;
}

/* The wrapper's only member comes first. */
static bool is_wrapped(struct str request) {
    request = skip_space(request);
    if (request.n == 0 || request.p[0] != '{')
        return false;
    request = skip_space((struct str){request.p + 1, request.n - 1});
    return str_starts(request, STR("\"native\""));
}

int openrtb_native_check(struct str request, const struct json_limits *limits, struct arena *arena,
                         struct json_error *error) {
    struct native_request target = {0};
    struct json_limits inner_limits = *limits;
    if (inner_limits.array_items > ITEMS_MAX)
        inner_limits.array_items = ITEMS_MAX;
    return json_read(request, is_wrapped(request) ? &wrapped : &inner, &target, &inner_limits, arena, error);
}
