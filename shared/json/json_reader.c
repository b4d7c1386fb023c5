/*
 * The grammar of RFC 8259, walked once over the text: each token is checked against the tables and kept as
 * json_values.c says. No recursion: open objects and arrays are frames.
 */
#include "json/json_reader.h"

#include <string.h>

#include "json/json_reader_state.h"
#include "json/json_token.h"

/* ---- members as they stand in the text ---- */

static void begin_member(struct json_reader *reader, struct json_frame *frame, struct str key,
                         const char *start) {
    struct json_member *member = json_list_push(reader, (char *)frame->members, sizeof(struct json_member));
    *member = (struct json_member){.key = key, .text = {start, 0}};
}

static inline struct json_member *current_member(const struct json_frame *frame) {
    return &frame->members->items[frame->members->count - 1];
}

static inline void end_member(struct json_frame *frame, const char *value_start, const char *end) {
    if (!frame->members)
        return;
    struct json_member *member = current_member(frame);
    member->value = (struct str){value_start, (size_t)(end - value_start)};
    member->text.n = (size_t)(end - member->text.p);
}

static inline void begin_container(struct json_frame *frame, const char *start) {
    if (frame->members)
        current_member(frame)->value.p = start;
}

static inline void end_container(struct json_reader *reader, const char *end) {
    struct json_frame *frame = reader->top;
    if (frame->members)
        end_member(frame, current_member(frame)->value.p, end);
}

/* ---- what is no JSON ---- */

/* All steps return where they stand afterwards, NULL when the reading has failed. */
static const char *refuse_syntax(struct json_reader *reader, const char *at, const char *why) {
    if (at == reader->end)
        json_stop(reader, "is not JSON: it ends too early, after byte %zu", reader->text.n);
    else
        json_stop(reader, "is not JSON near byte %zu: %s", (size_t)(at - reader->text.p), why);
    return NULL;
}

/* ---- strings ---- */

/* The string that ends at `end` is where the scan of the text found something, or the reading is past it. */
static bool refuse_bad_text(struct json_reader *reader, const char *end) {
    size_t at = (size_t)(end - reader->text.p);
    if (at <= reader->scan.bad_at)
        return true;
    if (!json_fail_value(reader, "%s", reader->scan.why))
        return false;
    json_text_scan_from(&reader->scan, reader->text, at);
    return true;
}

/* Whether the string between the quotes may be; its escapes are of good form. */
static inline bool check_string(struct json_reader *reader, struct str raw, bool escaped) {
    if (UNLIKELY(raw.n > reader->limits.string_bytes) &&
        (!escaped || json_unescape(raw, NULL) > reader->limits.string_bytes))
        return json_stop(reader, "is longer than %u bytes", (unsigned)reader->limits.string_bytes);
    if (LIKELY(reader->scan.bad_at == JSON_TEXT_GOOD))
        return true;
    return refuse_bad_text(reader, raw.p + raw.n);
}

static struct str unescaped(struct json_reader *reader, struct str raw) {
    char *out = arena_alloc(reader->arena, raw.n);
    if (!out)
        longjmp(reader->no_memory, 1);
    return (struct str){out, json_unescape(raw, out)};
}

static const char *read_string(struct json_reader *reader, const char *start) {
    struct json_frame *frame = reader->top;
    struct json_string string = json_string_read(start + 1, reader->end);
    if (UNLIKELY(string.why))
        return refuse_syntax(reader, string.end, string.why);
    struct str value = {start + 1, (size_t)(string.end - start - 1)};
    if (!check_string(reader, value, string.escaped))
        return NULL;
    if (UNLIKELY(string.escaped) && frame->expect != JSON_ANY)
        value = unescaped(reader, value);
    if (!json_value_string(reader, value))
        return NULL;
    end_member(frame, start, string.end + 1);
    return string.end + 1;
}

/* ---- keys ---- */

static bool known_key(struct json_reader *reader, struct json_frame *frame, const struct json_field *field) {
    uint64_t bit = UINT64_C(1) << (field - frame->object->fields);
    if (UNLIKELY(frame->seen & bit)) {
        frame->field = NULL;
        frame->expect = JSON_ANY;
        return json_fail_value(reader, "duplicate key");
    }
    frame->seen |= bit;
    frame->field = field;
    frame->expect = field->kind;
    return true;
}

static bool unknown_key(struct json_reader *reader, struct json_frame *frame, const struct json_key *key) {
    frame->field = NULL;
    frame->expect = JSON_ANY;
    switch (json_key_stack_add(&reader->keys, frame->keys, key, reader->arena)) {
    case JSON_KEY_NEW:
        break;
    case JSON_KEY_DUPLICATE:
        return json_fail_value(reader, "duplicate key");
    case JSON_KEY_NO_MEMORY:
        longjmp(reader->no_memory, 1);
    }
    if (frame->object->rest) {
        frame->field = frame->object->rest;
        frame->expect = frame->field->kind;
    }
    return true;
}

static const char *read_key(struct json_reader *reader, const char *start) {
    struct json_frame *frame = reader->top;
    frame->key = (struct str){NULL, 0};
    frame->field = NULL;
    if (UNLIKELY(start == reader->end || *start != '"'))
        return refuse_syntax(reader, start, "a key in quotes must stand here");
    struct json_string string = json_string_read(start + 1, reader->end);
    if (UNLIKELY(string.why))
        return refuse_syntax(reader, string.end, string.why);
    struct str text = {start + 1, (size_t)(string.end - start - 1)};
    if (UNLIKELY(frame->count++ >= reader->limits.object_members)) {
        json_stop(reader, "has more than %u members", (unsigned)reader->limits.object_members);
        return NULL;
    }
    if (!check_string(reader, text, string.escaped))
        return NULL;
    size_t readable = (size_t)(reader->end - text.p);
    if (UNLIKELY(string.escaped)) {
        text = unescaped(reader, text);
        readable = text.n;
    }
    frame->key = text;
    if (frame->members)
        begin_member(reader, frame, text, start);
    struct json_key key = json_key_make(text, readable);
    const struct json_field *field = frame->object->field_count ? json_key_field(frame->object, &key) : NULL;
    if (!(field ? known_key(reader, frame, field) : unknown_key(reader, frame, &key)))
        return NULL;
    const char *p = json_skip_space(string.end + 1, reader->end);
    if (UNLIKELY(p == reader->end || *p != ':'))
        return refuse_syntax(reader, p, "a colon must stand here");
    return json_skip_space(p + 1, reader->end);
}

/* ---- values ---- */

static const char *read_number(struct json_reader *reader, const char *start) {
    struct json_frame *frame = reader->top;
    const char *end = json_number_end(start, reader->end);
    if (UNLIKELY(!end))
        return refuse_syntax(reader, start, "no number begins so");
    if (!json_value_number(reader, (struct str){start, (size_t)(end - start)}))
        return NULL;
    end_member(frame, start, end);
    return end;
}

static const char *read_word(struct json_reader *reader, const char *start) {
    struct json_frame *frame = reader->top;
    struct str rest = {start, (size_t)(reader->end - start)};
    const char *end = start;
    bool good;
    if (str_starts(rest, STR("true"))) {
        good = json_value_bool(reader, true);
        end += 4;
    } else if (str_starts(rest, STR("false"))) {
        good = json_value_bool(reader, false);
        end += 5;
    } else if (str_starts(rest, STR("null"))) {
        good = json_value_null(reader);
        end += 4;
    } else {
        return refuse_syntax(reader, start, "no value begins so");
    }
    if (!good)
        return NULL;
    end_member(frame, start, end);
    return end;
}

static const char *read_value(struct json_reader *reader, const char *p) {
    struct json_frame *frame = reader->top;
    if (UNLIKELY(p == reader->end))
        return refuse_syntax(reader, p, NULL);
    if (!json_begin_value(reader))
        return NULL;
    switch (*p) {
    case '"':
        return read_string(reader, p);
    case '{':
        begin_container(frame, p);
        return json_open_object(reader) ? p + 1 : NULL;
    case '[':
        begin_container(frame, p);
        return json_open_array(reader) ? p + 1 : NULL;
    case '-':
    case '0':
    case '1':
    case '2':
    case '3':
    case '4':
    case '5':
    case '6':
    case '7':
    case '8':
    case '9':
        return read_number(reader, p);
    default:
        return read_word(reader, p);
    }
}

/* ---- objects and arrays ---- */

static const char *close_container(struct json_reader *reader, const char *p) {
    if (!(reader->top->object ? json_close_object(reader) : json_close_array(reader)))
        return NULL;
    end_container(reader, p + 1);
    return p + 1;
}

/* In an open object or array, behind its bracket or a value: its end, or its next value. */
static const char *read_on(struct json_reader *reader, const char *p) {
    struct json_frame *frame = reader->top;
    p = json_skip_space(p, reader->end);
    if (UNLIKELY(p == reader->end))
        return refuse_syntax(reader, p, NULL);
    if (*p == (frame->object ? '}' : ']'))
        return close_container(reader, p);
    if (frame->count > 0) {
        if (UNLIKELY(*p != ','))
            return refuse_syntax(reader, p, "a comma or the end must stand here");
        p = json_skip_space(p + 1, reader->end);
    }
    if (frame->object) {
        p = read_key(reader, p);
        if (!p)
            return NULL;
    }
    return read_value(reader, p);
}

/* ---- one reading ---- */

static bool run(struct json_reader *reader) {
    if (_setjmp(reader->no_memory))
        return json_stop(reader, "needs more memory than a request may take");
    const char *p = read_value(reader, json_skip_space(reader->text.p, reader->end));
    while (p && reader->top != reader->frames)
        p = read_on(reader, p);
    if (!p)
        return false;
    if (p != reader->end)
        return json_stop(reader, "is not JSON: it goes on behind its end at byte %zu",
                         (size_t)(p - reader->text.p));
    return true;
}

static bool begins_with_bom(struct str text) {
    return str_starts(text, STR("\xEF\xBB\xBF"));
}

static struct str without_trailing_space(struct str text) {
    while (text.n > 0 && json_is_space(text.p[text.n - 1]))
        text.n--;
    return text;
}

int json_read(struct str text, const struct json_object *root, void *target, const struct json_limits *limits,
              struct arena *arena, struct json_error *error) {
    struct json_reader reader;
    reader.text = without_trailing_space(text);
    reader.end = reader.text.p + reader.text.n;
    json_text_scan_begin(&reader.scan, reader.text);
    reader.limits = *limits;
    if (reader.limits.depth > JSON_DEPTH_MAX)
        reader.limits.depth = JSON_DEPTH_MAX;
    reader.arena = arena;
    reader.tolerant = NULL;
    reader.error = error;
    reader.failed = false;
    json_key_stack_init(&reader.keys);
    reader.root_field = (struct json_field){.kind = JSON_OBJECT, .flags = JSON_INLINE, .object = root};
    reader.frames[0] = (struct json_frame){
        .object = &json_open, .field = &reader.root_field, .target = target, .expect = JSON_OBJECT};
    reader.top = reader.frames;
    if (reader.text.n == 0)
        return json_stop(&reader, "is not JSON: it is empty"), -1;
    if (begins_with_bom(text))
        return json_stop(&reader, "begins with a byte order mark"), -1;
    return run(&reader) ? 0 : -1;
}

struct arena *json_reader_arena(struct json_reader *reader) {
    return reader->arena;
}

const struct json_limits *json_reader_limits(const struct json_reader *reader) {
    return &reader->limits;
}

uint64_t json_present(const struct json_reader *reader) {
    return reader->top->seen & ~reader->top->nulls;
}
