/* Content (3.2.16), Producer (3.2.17), Data (3.2.21), Segment (3.2.22), Network (3.2.23), Channel (3.2.24).
 */
#include "openrtb/openrtb_schema.h"

static const struct json_field segment_fields[] = {TEXT("id"), TEXT("name"), TEXT("value"), EXT};
JSON_OBJECT_LOCAL(segment, segment_fields);

static const struct json_field data_fields[] = {
    TEXT("id"), TEXT("name"), TEXTS("cids"), OBJECTS("segment", &segment), EXT,
};
JSON_OBJECT_SHARED(openrtb_schema_data, data_fields);

static const struct json_field user_segment_fields[] = {
    TEXT_AT("id", struct openrtb_segment, id),
    TEXT("name"),
    TEXT("value"),
    EXT,
};
JSON_OBJECT_LOCAL(user_segment, user_segment_fields, .size = sizeof(struct openrtb_segment));

static const struct json_field user_data_fields[] = {
    TEXT("id"),    TEXT("name"),
    TEXTS("cids"), OBJECTS_AT("segment", struct openrtb_data, segments, &user_segment),
    EXT,
};
JSON_OBJECT_SHARED(openrtb_schema_user_data, user_data_fields, .size = sizeof(struct openrtb_data));

static const struct json_field producer_fields[] = {
    TEXT("id"), TEXT("name"), NATURAL("cattax"), TEXTS("cat"), TEXT("domain"), EXT,
};
JSON_OBJECT_LOCAL(producer, producer_fields);

/* Network and Channel have the same members. */
static const struct json_field network_fields[] = {TEXT("id"), TEXT("name"), TEXT("domain"), EXT};
JSON_OBJECT_LOCAL(network, network_fields);

static const struct json_field content_fields[] = {
    TEXT("id"),
    INTEGER("episode"),
    TEXT("title"),
    TEXT("series"),
    TEXT("season"),
    TEXT("artist"),
    TEXT("genre"),
    NATURAL("gtax"),
    TEXTS("genres"),
    TEXT("album"),
    TEXT("isrc"),
    OBJECT("producer", &producer),
    TEXT("url"),
    NATURAL_AT("cattax", struct openrtb_content, cattax),
    TEXTS_AT("cat", struct openrtb_content, cat),
    NATURAL("prodq"),
    NATURAL("videoquality"),
    NATURAL("context"),
    TEXT("contentrating"),
    TEXT("userrating"),
    NATURAL("qagmediarating"),
    TEXT_AT("keywords", struct openrtb_content, keywords),
    TEXTS_AT("kwarray", struct openrtb_content, kwarray),
    NATURAL("livestream"),
    BIT("sourcerelationship"),
    NATURAL("len"),
    TEXT("language"),
    TEXT("langb"),
    BIT("embeddable"),
    OBJECTS("data", &openrtb_schema_data),
    OBJECT("network", &network),
    OBJECT("channel", &network),
    NATURAL("realtime"),
    NATURAL("firstbroadcast"),
    EXT,
};
static const struct openrtb_content content_initial = {.cattax = 1};
JSON_OBJECT_SHARED(openrtb_schema_content, content_fields, .size = sizeof(struct openrtb_content),
                   .initial = &content_initial);
