/* Content (3.2.16), Producer (3.2.17), Data (3.2.21), Segment (3.2.22), Network (3.2.23), Channel (3.2.24).
 */
#include "openrtb/openrtb_schema.h"

static const struct json_field segment_fields[] = {TEXT("id"), TEXT("name"), TEXT("value"), EXT};
JSON_OBJECT_LOCAL(segment, segment_fields);

static const struct json_field data_fields[] = {
    TEXT("id"), TEXT("name"), TEXTS("cids"), OBJECTS("segment", &segment), EXT,
};
JSON_OBJECT_SHARED(openrtb_schema_data, data_fields);

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
    NATURAL("cattax"),
    TEXTS("cat"),
    NATURAL("prodq"),
    NATURAL("videoquality"),
    NATURAL("context"),
    TEXT("contentrating"),
    TEXT("userrating"),
    NATURAL("qagmediarating"),
    TEXT("keywords"),
    TEXTS("kwarray"),
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
JSON_OBJECT_SHARED(openrtb_schema_content, content_fields);
