/* Values against the tables: their kind, their bounds, and where they are kept. */
#include <math.h>

#include "json/json_number.h"
#include "json/json_reader_state.h"

#define LIST_FIRST 4 /* items of a list's first allocation, a power of two; it doubles when full */

/* Any list: { T *items; size_t count; }. */
struct list {
    void *items;
    size_t count;
};

static struct json_index json_open_index;
const struct json_object json_open = {.index = &json_open_index};

static void *allocate(struct json_reader *reader, size_t size) {
    void *p = arena_alloc(reader->arena, size);
    if (UNLIKELY(!p))
        longjmp(reader->no_memory, 1);
    return p;
}

void *json_list_push(struct json_reader *reader, char *list_at, size_t item_size) {
    struct list *list = (struct list *)(void *)list_at;
    size_t n = list->count;
    if (n == 0) {
        list->items = allocate(reader, LIST_FIRST * item_size);
    } else if (n >= LIST_FIRST && (n & (n - 1)) == 0) {
        void *items = arena_grow(reader->arena, list->items, n * item_size, 2 * n * item_size);
        if (!items)
            longjmp(reader->no_memory, 1);
        list->items = items;
    }
    list->count = n + 1;
    return (char *)list->items + n * item_size;
}

/* Where a scalar goes: into its struct, onto its list, or nowhere. */
static inline void *place(struct json_reader *reader, const struct json_frame *frame, size_t size) {
    if (!frame->target)
        return NULL;
    if (!frame->object)
        return json_list_push(reader, frame->target, size);
    uint16_t offset = frame->field->offset;
    return offset == JSON_NOT_KEPT ? NULL : frame->target + offset;
}

static inline bool is_kept(const struct json_frame *frame) {
    return frame->target && (!frame->object || frame->field->offset != JSON_NOT_KEPT);
}

bool json_value_string(struct json_reader *reader, struct str value) {
    const struct json_frame *frame = reader->top;
    if (frame->expect == JSON_ANY)
        return true;
    if (UNLIKELY(frame->expect != JSON_STRING))
        return json_fail_kind(reader);
    const struct json_field *field = frame->field;
    if (UNLIKELY(value.n == 0 && (field->flags & JSON_NONEMPTY) && frame->object))
        return json_fail_value(reader, "must not be empty");
    if (!is_kept(frame))
        return !field->check || field->check(reader, value);
    if (field->check && !field->check(reader, value))
        return false;
    *(struct str *)place(reader, frame, sizeof(value)) = value;
    return true;
}

static bool out_of_bounds(struct json_reader *reader, const struct json_field *field) {
    if (field->reason)
        return json_fail_value(reader, "%s", field->reason);
    if (field->flags & JSON_OR_500)
        return json_fail_value(reader, "must be between %d and %d, or 500 and above", field->min, field->max);
    if (field->min == 0 && field->max == 1)
        return json_fail_value(reader, "must be 0 or 1");
    if (field->max == INT32_MAX)
        return json_fail_value(reader, "must be >= %d", field->min);
    return json_fail_value(reader, "must be between %d and %d", field->min, field->max);
}

static bool integer_value(struct json_reader *reader, struct str number) {
    const struct json_frame *frame = reader->top;
    const struct json_field *field = frame->field;
    int32_t v = 0;
    switch (json_number_int32(number, &v)) {
    case JSON_INT_OK:
        break;
    case JSON_INT_FRACTION:
        return json_fail_value(reader, "must be an integer");
    case JSON_INT_RANGE:
        return json_fail_value(reader, "is out of range");
    }
    if (UNLIKELY(v < field->min || v > field->max) && !((field->flags & JSON_OR_500) && v >= 500))
        return out_of_bounds(reader, field);
    if (is_kept(frame))
        *(int32_t *)place(reader, frame, sizeof(v)) = v;
    return true;
}

static bool flag_value(struct json_reader *reader, struct str number) {
    const struct json_frame *frame = reader->top;
    int32_t v = 0;
    if (json_number_int32(number, &v) != JSON_INT_OK || (v != 0 && v != 1))
        return json_fail_value(reader, "must be 0 or 1");
    if (is_kept(frame))
        *(bool *)place(reader, frame, sizeof(bool)) = v == 1;
    return true;
}

static bool float_value(struct json_reader *reader, struct str number) {
    const struct json_frame *frame = reader->top;
    const struct json_field *field = frame->field;
    double v;
    if (!json_number_double(number, &v))
        return json_fail_value(reader, "is out of range");
    if (UNLIKELY((field->flags & JSON_POSITIVE) && v <= 0))
        return json_fail_value(reader, "must be > 0");
    if (UNLIKELY((field->min != INT32_MIN && v < field->min) || (field->max != INT32_MAX && v > field->max)))
        return out_of_bounds(reader, field);
    if (is_kept(frame))
        *(double *)place(reader, frame, sizeof(v)) = v;
    return true;
}

/* A number that nobody here reads must still be one that every reader can hold. */
static bool any_number(struct json_reader *reader, struct str number) {
    bool exponent = false;
    for (size_t i = 0; i < number.n; i++)
        exponent |= (number.p[i] | 0x20) == 'e';
    double v;
    if (LIKELY(!exponent && number.n < 300))
        return true;
    return json_number_double(number, &v) || json_fail_value(reader, "is out of range");
}

bool json_value_number(struct json_reader *reader, struct str number) {
    switch (reader->top->expect) {
    case JSON_ANY:
        return any_number(reader, number);
    case JSON_INT:
        return integer_value(reader, number);
    case JSON_FLAG:
        return flag_value(reader, number);
    case JSON_FLOAT:
        return float_value(reader, number);
    case JSON_STRING:
    case JSON_BOOL:
    case JSON_OBJECT:
    case JSON_STRINGS:
    case JSON_INTS:
    case JSON_FLOATS:
    case JSON_OBJECTS:
        break;
    }
    return json_fail_kind(reader);
}

bool json_value_bool(struct json_reader *reader, bool value) {
    const struct json_frame *frame = reader->top;
    if (frame->expect == JSON_ANY)
        return true;
    if (frame->expect != JSON_BOOL)
        return json_fail_kind(reader);
    if (is_kept(frame))
        *(bool *)place(reader, frame, sizeof(value)) = value;
    return true;
}

bool json_value_null(struct json_reader *reader) {
    struct json_frame *frame = reader->top;
    if (frame->expect == JSON_ANY)
        return true;
    if (!frame->object || frame == reader->frames)
        return json_fail_kind(reader);
    if (frame->field != frame->object->rest)
        frame->nulls |= UINT64_C(1) << (frame->field - frame->object->fields);
    return true;
}

static void begin_struct(char *target, const struct json_object *object) {
    if (object->initial)
        memcpy(target, object->initial, object->size);
    else
        memset(target, 0, object->size);
}

void *json_list_push_object(struct json_reader *reader, char *list, const struct json_object *object) {
    char *target = json_list_push(reader, list, object->size);
    begin_struct(target, object);
    return target;
}

bool json_list_has_room(struct json_reader *reader, const struct json_frame *frame) {
    if (LIKELY(!(frame->field->flags & JSON_LISTED) || !frame->target ||
               ((struct list *)(void *)frame->target)->count < reader->limits.listed))
        return true;
    return json_stop(reader, "is more than the %u allowed", (unsigned)reader->limits.listed);
}

static char *new_struct(struct json_reader *reader, struct json_frame *parent,
                        const struct json_object *object) {
    if (!parent->object && parent->target)
        return json_list_push_object(reader, parent->target, object);
    char *target = allocate(reader, object->size);
    if (parent->object && is_kept(parent))
        *(void **)(void *)(parent->target + parent->field->offset) = target;
    begin_struct(target, object);
    return target;
}

/* The struct that the object about to begin fills, NULL when it fills none. */
static char *target_of(struct json_reader *reader, struct json_frame *parent,
                       const struct json_object *object) {
    const struct json_field *field = parent->field;
    if (field->flags & JSON_INLINE) {
        if (!parent->object)
            return parent->item_target;
        return parent->target ? parent->target + field->offset : NULL;
    }
    return object->size ? new_struct(reader, parent, object) : NULL;
}

/* Nothing that the last use of the frame left is kept, but not all of it is worth clearing. */
static struct json_frame *push_frame(struct json_reader *reader, const struct json_object *object,
                                     const struct json_field *field) {
    struct json_frame *frame = reader->top + 1;
    frame->object = object;
    frame->field = field;
    frame->target = NULL;
    frame->item_target = NULL;
    frame->seen = frame->nulls = 0;
    frame->key.p = NULL;
    frame->count = 0;
    frame->keys = reader->keys.count;
    frame->expect = JSON_ANY;
    frame->members = NULL;
    return frame;
}

static inline bool too_deep(struct json_reader *reader) {
    return (size_t)(reader->top - reader->frames) >= reader->limits.depth;
}

bool json_open_object(struct json_reader *reader) {
    struct json_frame *parent = reader->top;
    const struct json_object *object = &json_open;
    char *target = NULL;
    if (UNLIKELY(too_deep(reader)))
        return json_stop(reader, "is nested more than %u deep", (unsigned)reader->limits.depth);
    if (parent->expect == JSON_OBJECT ||
        (parent->expect == JSON_STRING && (parent->field->flags & JSON_OR_OBJECT))) {
        const struct json_field *field = parent->field;
        if (!json_list_has_room(reader, parent))
            return false;
        if (field->object)
            object = field->object;
        target = target_of(reader, parent, object);
    } else if (UNLIKELY(parent->expect != JSON_ANY) && !json_fail_kind(reader)) {
        return false;
    }
    struct json_frame *frame = push_frame(reader, object, NULL);
    frame->target = target;
    if (object->keeps_members && target)
        frame->members = (struct json_members *)(void *)(target + object->members_offset);
    if (object->tolerant)
        reader->tolerant = frame;
    reader->top = frame;
    return true;
}

static enum json_kind item_kind(enum json_kind list) {
    switch (list) {
    case JSON_STRINGS:
        return JSON_STRING;
    case JSON_INTS:
        return JSON_INT;
    case JSON_FLOATS:
        return JSON_FLOAT;
    case JSON_OBJECTS:
        return JSON_OBJECT;
    case JSON_ANY:
    case JSON_STRING:
    case JSON_INT:
    case JSON_FLAG:
    case JSON_BOOL:
    case JSON_FLOAT:
    case JSON_OBJECT:
        break;
    }
    return JSON_ANY;
}

bool json_open_array(struct json_reader *reader) {
    struct json_frame *parent = reader->top;
    if (UNLIKELY(too_deep(reader)))
        return json_stop(reader, "is nested more than %u deep", (unsigned)reader->limits.depth);
    struct json_frame *frame = push_frame(reader, NULL, NULL);
    enum json_kind items = item_kind(parent->expect);
    if (items != JSON_ANY) {
        const struct json_field *field = parent->field;
        frame->field = field;
        frame->expect = items;
        if (field->flags & JSON_INLINE)
            frame->item_target = parent->target;
        else if (is_kept(parent))
            frame->target = parent->target + field->offset;
    } else if (UNLIKELY(parent->expect != JSON_ANY) && !json_fail_kind(reader)) {
        return false;
    }
    reader->top = frame;
    return true;
}

static bool check_required(struct json_reader *reader, struct json_frame *frame) {
    const struct json_object *object = frame->object;
    uint64_t missing = object->index->required & ~(frame->seen & ~frame->nulls);
    if (LIKELY(missing == 0))
        return true;
    frame->field = &object->fields[__builtin_ctzll(missing)];
    return json_fail(reader, frame->field->name, "is required");
}

bool json_close_object(struct json_reader *reader) {
    struct json_frame *frame = reader->top;
    const struct json_object *object = frame->object;
    if (!check_required(reader, frame))
        return false;
    if (object->check && !object->check(reader, frame->target))
        return false;
    if (reader->tolerant == frame)
        reader->tolerant = NULL;
    reader->keys.count = frame->keys;
    reader->top = frame - 1;
    return true;
}

bool json_close_array(struct json_reader *reader) {
    struct json_frame *frame = reader->top;
    if (frame->field && (frame->field->flags & JSON_NONEMPTY) && frame->count == 0 &&
        !json_fail(reader, NULL, "must not be empty"))
        return false;
    reader->top = frame - 1;
    return true;
}
