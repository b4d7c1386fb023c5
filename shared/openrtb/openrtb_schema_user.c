/* User (3.2.20), EID (3.2.27), UID (3.2.28), and the homes that OpenRTB 2.5 and Prebid gave them in ext. */
#include "openrtb/openrtb_schema.h"

static const struct json_field uid_fields[] = {TEXT_REQUIRED("id"), NATURAL("atype"), EXT};
JSON_OBJECT_LOCAL(uid, uid_fields);

static const struct json_field eid_fields[] = {
    TEXT("inserter"),
    TEXT_REQUIRED("source"),
    TEXT("matcher"),
    NATURAL("mm"),
    JSON_FIELD("uids", JSON_OBJECTS, JSON_NOT_KEPT, JSON_REQUIRED | JSON_NONEMPTY, .object = &uid),
    EXT,
};
JSON_OBJECT_LOCAL(eid, eid_fields);

static const struct json_field buyer_uid = JSON_FIELD("", JSON_STRING, JSON_NOT_KEPT, 0);

static bool check_buyer_uids(struct json_reader *reader, void *target) {
    const struct json_members *members = target;
    return members->count > 0 || json_fail(reader, NULL, "must not be empty");
}
JSON_MAP_LOCAL(buyer_uids, &buyer_uid, .size = sizeof(struct json_members), .keeps_members = true,
               .check = check_buyer_uids);

static const struct json_field user_prebid_fields[] = {
    JSON_FIELD("buyeruids", JSON_OBJECT, JSON_NOT_KEPT, JSON_REQUIRED, .object = &buyer_uids),
};
JSON_OBJECT_LOCAL(user_prebid, user_prebid_fields);

static const struct json_field user_ext_fields[] = {
    TEXT("consent"),
    OBJECTS("eids", &eid),
    OBJECT("prebid", &user_prebid),
};
JSON_OBJECT_LOCAL(user_ext, user_ext_fields);

static const struct json_field user_fields[] = {
    TEXT_AT("id", struct openrtb_request, user_id),
    TEXT_AT("buyeruid", struct openrtb_request, user_buyeruid),
    INTEGER("yob"),
    TEXT("gender"),
    TEXT_AT("keywords", struct openrtb_request, user_keywords),
    TEXTS_AT("kwarray", struct openrtb_request, user_kwarray),
    TEXT("customdata"),
    JSON_FIELD("geo", JSON_OBJECT, offsetof(struct openrtb_draft, user_place), JSON_INLINE,
               .object = &openrtb_schema_geo),
    OBJECTS_AT("data", struct openrtb_request, user_data, &openrtb_schema_user_data),
    TEXT("consent"),
    OBJECTS("eids", &eid),
    OBJECT("ext", &user_ext),
};
JSON_OBJECT_SHARED(openrtb_schema_user, user_fields);
