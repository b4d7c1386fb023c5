/* The state of one json_read(), shared by json_reader.c (the grammar), json_values.c and json_failure.c. */
#ifndef SLIMBID_JSON_READER_STATE_H
#define SLIMBID_JSON_READER_STATE_H

#include <setjmp.h>

#include "json/json_key.h"
#include "json/json_reader.h"
#include "json/json_text.h"

/* An open object or array. */
struct json_frame {
    const struct json_object *object; /* NULL: an array */
    const struct json_field *field;   /* of the current key, NULL when unknown; of the array */
    char *target;                 /* the struct that an object fills, the list that an array fills, or NULL */
    char *item_target;            /* an array of JSON_INLINE objects: what they fill */
    uint64_t seen, nulls;         /* bits of fields */
    struct str key;               /* the current one, unescaped */
    uint32_t count;               /* members or items begun */
    uint32_t keys;                /* where its keys begin on the key stack */
    enum json_kind expect;        /* of the value that comes next */
    struct json_members *members; /* NULL: not kept */
};

struct json_reader {
    struct json_frame *top;
    struct str text; /* without space behind it */
    const char *end; /* of text */
    struct json_text_scan scan;
    struct json_limits limits;
    struct arena *arena;
    struct json_frame *tolerant; /* the open object that swallows failures, or NULL */
    struct json_error *error;
    bool failed; /* *error is filled */
    jmp_buf no_memory;
    struct json_key_stack keys;
    struct json_field root_field;
    struct json_frame frames[JSON_DEPTH_MAX + 1];
};

/* ---- json_failure.c ---- */

/* Ends the reading whatever is tolerated; returns false. The path is that of the current value. */
bool json_stop(struct json_reader *reader, const char *format, ...) PRINTF_LIKE(2, 3);
/* json_fail_value() with what the current value was expected to be. */
bool json_fail_kind(struct json_reader *reader);

/* ---- json_values.c: a value is checked against what is expected, and kept ---- */

/* The object that may have any members. */
extern const struct json_object json_open;

/* Every value of an array counts. Call it first for each value. */
static inline bool json_begin_value(struct json_reader *reader) {
    struct json_frame *frame = reader->top;
    if (frame->object)
        return true;
    if (LIKELY(frame->count++ < reader->limits.array_items))
        return true;
    return json_stop(reader, "has more than %u items", (unsigned)reader->limits.array_items);
}

/* The next item of a list whose items have that size; ends the reading when there is no memory. */
void *json_list_push(struct json_reader *reader, char *list, size_t item_size);
/* The same for a struct with the object's first values. */
void *json_list_push_object(struct json_reader *reader, char *list, const struct json_object *object);
/* False, and the reading stops, when the list that the frame fills has all the items it may. */
bool json_list_has_room(struct json_reader *reader, const struct json_frame *frame);

/* value: unescaped, where it may stay. */
bool json_value_string(struct json_reader *reader, struct str value);
bool json_value_number(struct json_reader *reader, struct str number);
bool json_value_bool(struct json_reader *reader, bool value);
bool json_value_null(struct json_reader *reader);
/* Opens the frame of the object or array that begins. */
bool json_open_object(struct json_reader *reader);
bool json_open_array(struct json_reader *reader);
/* The checks at the end of the top frame, which is popped when they pass. */
bool json_close_object(struct json_reader *reader);
bool json_close_array(struct json_reader *reader);

#endif
