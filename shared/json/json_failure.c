/* How a reading fails: the path to the culprit, the reason, and what tolerant objects swallow. */
#include <stdarg.h>
#include <stdio.h>

#include "json/json_reader_state.h"

#define KEY_SHOWN_MAX 40

static size_t put(char *out, size_t size, size_t n, const char *p, size_t length) {
    for (size_t i = 0; i < length && n + 1 < size; i++) {
        unsigned char c = (unsigned char)p[i];
        out[n++] = c >= 0x20 && c < 0x7F && c != '"' && c != '\\' ? (char)c : '?';
    }
    out[n] = '\0';
    return n;
}

static size_t put_step(const struct json_frame *frame, char *out, size_t size, size_t n) {
    if (!frame->object) {
        char index[16];
        if (frame->count == 0)
            return n;
        int length = snprintf(index, sizeof(index), "[%u]", (unsigned)(frame->count - 1));
        return put(out, size, n, index, (size_t)length);
    }
    if (!frame->key.p)
        return n;
    if (n > 0)
        n = put(out, size, n, ".", 1);
    n = put(out, size, n, frame->key.p, frame->key.n < KEY_SHOWN_MAX ? frame->key.n : KEY_SHOWN_MAX);
    return frame->key.n > KEY_SHOWN_MAX ? put(out, size, n, "...", 3) : n;
}

/* of_value: the path of the current value; else of the current object, then .member unless it is NULL. */
static void write_path(struct json_reader *reader, bool of_value, const char *member) {
    char *out = reader->error->path;
    size_t size = sizeof(reader->error->path), n = 0;
    out[0] = '\0';
    const struct json_frame *last = of_value ? reader->top + 1 : reader->top;
    for (const struct json_frame *frame = reader->frames + 1; frame < last; frame++)
        n = put_step(frame, out, size, n);
    if (!member)
        return;
    if (n > 0)
        n = put(out, size, n, ".", 1);
    put(out, size, n, member, strlen(member));
}

PRINTF_LIKE(4, 0)
static void write_error(struct json_reader *reader, bool of_value, const char *member, const char *format,
                        va_list args) {
    if (reader->failed)
        return;
    reader->failed = true;
    write_path(reader, of_value, member);
    vsnprintf(reader->error->reason, sizeof(reader->error->reason), format, args);
}

static bool swallow(struct json_reader *reader) {
    const struct json_frame *frame = reader->tolerant;
    if (!frame || !frame->target)
        return false;
    const char **invalid = (const char **)(void *)(frame->target + frame->object->invalid_offset);
    if (!*invalid)
        *invalid =
            frame->field && frame->field->reason ? frame->field->reason : "a member is wrong or there twice";
    return true;
}

bool json_stop(struct json_reader *reader, const char *format, ...) {
    va_list args;
    va_start(args, format);
    write_error(reader, true, NULL, format, args);
    va_end(args);
    return false;
}

bool json_fail(struct json_reader *reader, const char *member, const char *format, ...) {
    if (swallow(reader))
        return true;
    va_list args;
    va_start(args, format);
    write_error(reader, false, member, format, args);
    va_end(args);
    return false;
}

bool json_fail_value(struct json_reader *reader, const char *format, ...) {
    if (swallow(reader))
        return true;
    va_list args;
    va_start(args, format);
    write_error(reader, true, NULL, format, args);
    va_end(args);
    return false;
}

static const char *kind_name(const struct json_frame *frame) {
    switch (frame->expect) {
    case JSON_ANY:
        break;
    case JSON_STRING:
        return frame->field->flags & JSON_OR_OBJECT ? "must be a string or an object" : "must be a string";
    case JSON_INT:
        return "must be an integer";
    case JSON_FLAG:
        return "must be 0 or 1";
    case JSON_BOOL:
        return "must be true or false";
    case JSON_FLOAT:
        return "must be a number";
    case JSON_OBJECT:
        return "must be an object";
    case JSON_STRINGS:
        return "must be a list of strings";
    case JSON_INTS:
        return "must be a list of integers";
    case JSON_FLOATS:
        return "must be a list of numbers";
    case JSON_OBJECTS:
        return "must be a list of objects";
    }
    return "is not expected";
}

/* Whether the item is one of a list of tolerant objects. */
static bool is_tolerated_item(const struct json_frame *frame) {
    return !frame->object && frame->target && frame->expect == JSON_OBJECT && frame->field->object &&
           frame->field->object->tolerant;
}

/* An item that is no object at all leaves an invalid one in the list, which has a bound all the same. */
static bool swallow_item(struct json_reader *reader) {
    struct json_frame *frame = reader->top;
    const struct json_object *object = frame->field->object;
    if (!json_list_has_room(reader, frame))
        return false;
    char *item = json_list_push_object(reader, frame->target, object);
    *(const char **)(void *)(item + object->invalid_offset) = "is not an object";
    return true;
}

bool json_fail_kind(struct json_reader *reader) {
    if (is_tolerated_item(reader->top))
        return swallow_item(reader);
    return json_fail_value(reader, "%s", kind_name(reader->top));
}
