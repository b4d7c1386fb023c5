/*
 * The tables of OpenRTB 2.6's objects (section 3.2), which the reader of requests walks. Internal.
 *
 * What the specification leaves open stays open here: an enumeration takes whatever number is not
 * negative, so that a value from a newer AdCOM list is no error; an empty string is as good as none.
 */
#ifndef SLIMBID_OPENRTB_SCHEMA_H
#define SLIMBID_OPENRTB_SCHEMA_H

#include "openrtb/openrtb_request.h"
#include "json/json_reader.h"

/* The first value of the ranges that the IAB leaves to vendors. */
#define OPENRTB_VENDOR_FIRST 500

struct openrtb_place {
    struct str country, region, city;
    int32_t utcoffset; /* ABSENT when absent */
};

/* What the tables fill: the request, and what has to be weighed up before it becomes part of it. */
struct openrtb_draft {
    struct openrtb_request request;
    struct openrtb_place user_place;
    struct str_list venuetype;
    int32_t ext_gdpr; /* regs.ext.gdpr */
    struct openrtb_prebid {
        struct json_members aliases, aliasgvlids;
        struct str_list nosale;
        struct str_list chained;     /* the bidders of all schains */
        size_t chains_checked;       /* of them, those of the schains that are read to their end */
        struct str_list eid_sources; /* of data.eidpermissions */
    } prebid;                        /* of ext.prebid, what must fit together */
};

/* Fields that are only checked. */
#define ANY(name)              JSON_FIELD(name, JSON_ANY, JSON_NOT_KEPT, 0)
#define TEXT(name)             JSON_FIELD(name, JSON_STRING, JSON_NOT_KEPT, 0)
#define TEXT_REQUIRED(name)    JSON_FIELD(name, JSON_STRING, JSON_NOT_KEPT, JSON_REQUIRED | JSON_NONEMPTY)
#define TEXTS(name)            JSON_FIELD(name, JSON_STRINGS, JSON_NOT_KEPT, 0)
#define INTEGER(name)          JSON_NUMBER(name, JSON_INT, JSON_NOT_KEPT, 0, INT32_MIN, INT32_MAX)
#define NATURAL(name)          JSON_NUMBER(name, JSON_INT, JSON_NOT_KEPT, 0, 0, INT32_MAX)
#define BIT(name)              JSON_NUMBER(name, JSON_INT, JSON_NOT_KEPT, 0, 0, 1)
#define BOOLEAN(name)          JSON_FIELD(name, JSON_BOOL, JSON_NOT_KEPT, 0)
#define INTEGERS(name)         JSON_NUMBER(name, JSON_INTS, JSON_NOT_KEPT, 0, INT32_MIN, INT32_MAX)
#define FLOATING(name)         JSON_NUMBER(name, JSON_FLOAT, JSON_NOT_KEPT, 0, INT32_MIN, INT32_MAX)
#define FLOATING_FROM_0(name)  JSON_NUMBER(name, JSON_FLOAT, JSON_NOT_KEPT, 0, 0, INT32_MAX)
#define OBJECT(name, object_)  JSON_FIELD(name, JSON_OBJECT, JSON_NOT_KEPT, 0, .object = (object_))
#define OBJECTS(name, object_) JSON_FIELD(name, JSON_OBJECTS, JSON_NOT_KEPT, 0, .object = (object_))
#define EXT                    JSON_FIELD("ext", JSON_OBJECT, JSON_NOT_KEPT, 0)

/* Fields that are kept in type.member. */
#define TEXT_AT(name, type, member)    JSON_FIELD(name, JSON_STRING, offsetof(type, member), 0)
#define TEXTS_AT(name, type, member)   JSON_FIELD(name, JSON_STRINGS, offsetof(type, member), 0)
#define NATURAL_AT(name, type, member) JSON_NUMBER(name, JSON_INT, offsetof(type, member), 0, 0, INT32_MAX)
#define BIT_AT(name, type, member)     JSON_NUMBER(name, JSON_INT, offsetof(type, member), 0, 0, 1)
#define INTEGERS_AT(name, type, member)                                                                      \
    JSON_NUMBER(name, JSON_INTS, offsetof(type, member), 0, INT32_MIN, INT32_MAX)
#define OBJECT_AT(name, type, member, object_)                                                               \
    JSON_FIELD(name, JSON_OBJECT, offsetof(type, member), 0, .object = (object_))
#define OBJECTS_AT(name, type, member, object_)                                                              \
    JSON_FIELD(name, JSON_OBJECTS, offsetof(type, member), 0, .object = (object_))
#define INTEGER_AT(name, type, member)                                                                       \
    JSON_NUMBER(name, JSON_INT, offsetof(type, member), 0, INT32_MIN, INT32_MAX)
/* An object whose fields go into its parent's struct. */
#define OBJECT_INTO(name, object_) JSON_FIELD(name, JSON_OBJECT, 0, JSON_INLINE, .object = (object_))

extern const struct json_object openrtb_schema_request; /* openrtb_schema_request.c */
extern const struct json_object openrtb_schema_supply_chain;
extern const struct json_object openrtb_schema_imp; /* openrtb_schema_imp.c */
extern const struct json_object openrtb_schema_dur_floors;
extern const struct json_object openrtb_schema_imp_ext; /* openrtb_schema_imp_ext.c */
extern const struct json_object openrtb_schema_banner;  /* openrtb_schema_media.c */
extern const struct json_object openrtb_schema_video;
extern const struct json_object openrtb_schema_audio;
extern const struct json_object openrtb_schema_native;
extern const struct json_object openrtb_schema_site; /* openrtb_schema_channel.c */
extern const struct json_object openrtb_schema_app;
extern const struct json_object openrtb_schema_dooh;
extern const struct json_object openrtb_schema_content; /* openrtb_schema_content.c */
extern const struct json_object openrtb_schema_data;
extern const struct json_object openrtb_schema_user_data; /* the same, kept: a struct openrtb_data */
extern const struct json_object openrtb_schema_device;    /* openrtb_schema_device.c */
extern const struct json_object openrtb_schema_geo;       /* fills a struct openrtb_place */
extern const struct json_object openrtb_schema_user;      /* openrtb_schema_user.c */
extern const struct json_object openrtb_schema_ext;       /* openrtb_schema_prebid.c */
extern const struct json_object openrtb_schema_stored_request;

/* A check for currencies (ISO 4217 alphabetic): three letters, or nothing. */
bool openrtb_check_currency(struct json_reader *reader, struct str value);
bool openrtb_is_currency(struct str value);

#endif
