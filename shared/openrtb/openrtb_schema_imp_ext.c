/* imp.ext, where Prebid's publishers name the partners to ask and their parameters. */
#include "openrtb/openrtb_schema.h"

static const struct json_field bidder_params = JSON_FIELD("", JSON_OBJECT, JSON_NOT_KEPT, 0);
JSON_MAP_LOCAL(bidders, &bidder_params, .keeps_members = true,
               .members_offset = offsetof(struct openrtb_imp, bidders));

static const struct json_field options_fields[] = {BOOLEAN("echovideoattrs")};
JSON_OBJECT_LOCAL(options, options_fields);

/* What Prebid's publishers have stored in place of an auction or of a bidder's answer. */
static const struct json_field stored_bid_fields[] = {TEXT_REQUIRED("bidder"), TEXT_REQUIRED("id")};
JSON_OBJECT_LOCAL(stored_bid, stored_bid_fields);

static const struct json_field prebid_fields[] = {
    OBJECT_INTO("bidder", &bidders),
    OBJECT("storedrequest", &openrtb_schema_stored_request),
    OBJECT("storedauctionresponse", &openrtb_schema_stored_request),
    OBJECTS("storedbidresponse", &stored_bid),
    OBJECT("options", &options),
};
JSON_OBJECT_LOCAL(prebid, prebid_fields, .keeps_members = true,
                  .members_offset = offsetof(struct openrtb_imp, ext_prebid));

static const struct json_field imp_ext_fields[] = {OBJECT_INTO("prebid", &prebid)};
JSON_OBJECT_SHARED(openrtb_schema_imp_ext, imp_ext_fields, .keeps_members = true,
                   .members_offset = offsetof(struct openrtb_imp, ext));
