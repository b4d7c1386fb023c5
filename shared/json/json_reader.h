/*
 * Reads a JSON text into C structs, as the tables of json_schema.h describe them.
 *
 * One pass, a tokenizer of its own: it takes half the time of yajl's, whose places of tokens it would have to
 * work out again. No malloc: what is kept lies in the arena, what the pass needs on the stack (about 8 KB).
 * A fuzzer holds it to what yajl takes. Refused, with the path of the culprit: what is no JSON by RFC 8259
 * (a BOM, bytes after the end, bad UTF-8), escapes that stand for no character or for U+0000, duplicate
 * keys in whatever object, what the tables forbid, and what is beyond the limits. A member that a table
 * knows and whose value is null counts as absent.
 */
#ifndef SLIMBID_JSON_READER_H
#define SLIMBID_JSON_READER_H

#include "base/arena.h"
#include "base/macros.h"
#include "base/str.h"
#include "json/json_schema.h"

#define JSON_DEPTH_MAX 64

struct json_limits {
    uint32_t depth;          /* open arrays and objects at a time; more than JSON_DEPTH_MAX is that */
    uint32_t array_items;    /* of any array */
    uint32_t object_members; /* of any object */
    uint32_t string_bytes;   /* of any string or key, unescaped */
    uint32_t listed;         /* items of a list with JSON_LISTED */
};

struct json_error {
    char path[128];   /* "imp[0].banner.w"; empty for the whole text */
    char reason[160]; /* "must be >= 0" */
};

/*
 * Reads text, which must be one object. target is root's struct, which the caller has set to its initial
 * values. 0, or -1 with *error filled; target is then of no use. Strings are views into text or, when
 * they have escapes, into the arena. Needs, besides what the tables keep, the strings with
 * escapes that they only check, and at most 3 times the text's keys.
 */
int json_read(struct str text, const struct json_object *root, void *target, const struct json_limits *limits,
              struct arena *arena, struct json_error *error) CHECK_RESULT;

/*
 * For the checks of the tables: they refuse the member of the current object (NULL: the object itself; it
 * may be a longer path below it) or the current value. All return false, to be returned in turn; within a
 * tolerant object they return true, and the reading goes on.
 */
bool json_fail(struct json_reader *reader, const char *member, const char *format, ...) PRINTF_LIKE(3, 4);
bool json_fail_value(struct json_reader *reader, const char *format, ...) PRINTF_LIKE(2, 3);

/* Bit i: the current object has a member of its field i, and it is not null. */
uint64_t json_present(const struct json_reader *reader);

struct arena *json_reader_arena(struct json_reader *reader);
const struct json_limits *json_reader_limits(const struct json_reader *reader);

#endif
