/*
 * How the members of a JSON object are described: one static const table an object.
 *
 * A field says which kind of value its member has, within which bounds, and where it is kept, if it is.
 * An object says which fields it has, what becomes of other members, and what is checked at its end.
 */
#ifndef SLIMBID_JSON_SCHEMA_H
#define SLIMBID_JSON_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"
#include "base/str.h"
#include "json/json_member.h"

struct json_reader;
struct json_object;

enum json_kind {
    JSON_ANY,
    JSON_STRING,  /* kept as struct str */
    JSON_INT,     /* kept as int32_t; whole numbers however they are written */
    JSON_FLAG,    /* 0 or 1; kept as bool */
    JSON_BOOL,    /* true or false; kept as bool */
    JSON_FLOAT,   /* kept as double */
    JSON_OBJECT,  /* see json_object.size */
    JSON_STRINGS, /* a list; kept as struct str_list */
    JSON_INTS,    /* a list; kept as struct int_list */
    JSON_FLOATS,  /* a list; not kept */
    JSON_OBJECTS, /* a list; kept as struct { T *items; size_t count; } */
};

enum json_field_flag {
    JSON_REQUIRED = 1,  /* must be there; null is absent */
    JSON_NONEMPTY = 2,  /* a string or a list */
    JSON_OR_OBJECT = 4, /* a string, or an object of .object */
    JSON_OR_500 = 8,    /* an integer within min and max, or of the vendors' range from 500 */
    JSON_POSITIVE = 16, /* a float > 0 */
    JSON_LISTED = 32,   /* a list whose count is bounded by json_limits.listed */
    JSON_INLINE = 64,   /* an object or a list of objects that fills its parent's struct, from .offset on */
};

#define JSON_NOT_KEPT UINT16_MAX

struct json_field {
    const char *name;
    uint8_t name_length;
    uint8_t kind;                     /* enum json_kind */
    uint8_t flags;                    /* enum json_field_flag */
    uint16_t offset;                  /* in the object's struct, or JSON_NOT_KEPT */
    int32_t min, max;                 /* bounds of a number and of the items of a list of them */
    const struct json_object *object; /* of objects and lists of objects; NULL: of any members */
    /* Of a string, or of each string of a list: looks at the value; calls json_fail_value() on refusal. */
    bool (*check)(struct json_reader *reader, struct str value);
    /* Why a number is out of its bounds, in place of the general words; and what a tolerant object notes
     * when this field is wrong. */
    const char *reason;
};

/* at: JSON_NOT_KEPT or an offsetof(); flags: 0 or an or of json_field_flag; then designated initialisers. */
#define JSON_FIELD(name_, kind_, at_, flags_, ...)                                                           \
    {                                                                                                        \
        .name = (name_), .name_length = sizeof(name_) - 1, .kind = (kind_), .flags = (flags_),               \
        .offset = (at_), __VA_ARGS__                                                                         \
    }
/* The same for integers, floats and lists of them. INT32_MIN and INT32_MAX: no bounds. */
#define JSON_NUMBER(name_, kind_, at_, flags_, min_, max_, ...)                                              \
    JSON_FIELD(name_, kind_, at_, flags_, .min = (min_), .max = (max_), __VA_ARGS__)

#define JSON_MAX_FIELDS 64
#define JSON_SLOTS      128

/* The key lookup of one object, filled once before its first use: an open-addressed table. */
struct json_index {
    bool ready;
    uint64_t required; /* a bit for each JSON_REQUIRED field */
    struct {
        uint64_t head, tail, length;
    } names[JSON_MAX_FIELDS];  /* see struct json_key */
    uint8_t slots[JSON_SLOTS]; /* field + 1, 0 is free */
};

struct json_object {
    const struct json_field *fields;
    uint8_t field_count; /* at most JSON_MAX_FIELDS */
    struct json_index *index;
    const struct json_field *rest; /* what members of other names must be; NULL: anything */
    /*
     * The struct that an object of this kind fills when its field is not JSON_INLINE. It comes from the
     * arena: an item of the list, or a pointer kept at the field's offset, or scratch for `check`.
     * 0: nothing is kept.
     */
    uint16_t size;
    const void *initial; /* size bytes to start from; NULL: zeros */
    bool keeps_members;  /* lists its members in the struct json_members at members_offset */
    uint16_t members_offset;
    /*
     * A tolerant object lives on when one of its members, however deep, is wrong: the first reason goes
     * into the const char * at invalid_offset of its struct. What is no JSON or beyond a limit still
     * ends the reading.
     */
    bool tolerant;
    uint16_t invalid_offset;
    /* At the object's end; target is its struct, or NULL. false after json_fail(). */
    bool (*check)(struct json_reader *reader, void *target);
};

/* An object for this file, for others, and one whose members are all of one kind and named by their sender.
 */
#define JSON_OBJECT_LOCAL(name_, fields_, ...)                                                               \
    static struct json_index name_##_index;                                                                  \
    static const struct json_object name_ = JSON_OBJECT_OF_(name_, fields_, __VA_ARGS__)
#define JSON_OBJECT_SHARED(name_, fields_, ...)                                                              \
    static struct json_index name_##_index;                                                                  \
    const struct json_object name_ = JSON_OBJECT_OF_(name_, fields_, __VA_ARGS__)
#define JSON_MAP_LOCAL(name_, rest_, ...)                                                                    \
    static struct json_index name_##_index;                                                                  \
    static const struct json_object name_ = {.index = &name_##_index, .rest = (rest_), __VA_ARGS__}
#define JSON_OBJECT_OF_(name_, fields_, ...)                                                                 \
    { .fields = (fields_), .field_count = COUNT_OF(fields_), .index = &name_##_index, __VA_ARGS__ }

/* Makes the key lookups of an object and of all below it. Call it once, before the first json_read(). */
void json_object_prepare(const struct json_object *object);

#endif
