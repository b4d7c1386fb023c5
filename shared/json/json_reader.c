/*
 * The only file that knows yajl: its callbacks, its memory, and the places of tokens in the text.
 *
 * yajl gives strings and numbers as views into the text, strings with escapes as views into a buffer of
 * its own. Inside a callback yajl_get_bytes_consumed() is the end of the current token, exactly.
 */
#include "json/json_reader.h"

#include <string.h>
#include <yajl/yajl_parse.h>

#include "json/json_reader_state.h"

/* ---- memory for yajl: it does not check for NULL, so a refusal leaves it by longjmp ---- */

#define BLOCK_HEADER 16 /* holds the size; keeps the alignment */

static size_t block_size(const void *block) {
    size_t size;
    memcpy(&size, (const char *)block - BLOCK_HEADER, sizeof(size));
    return size;
}

static void *new_block(struct json_reader *reader, size_t size) {
    size_t whole = (size + BLOCK_HEADER + 15) & ~(size_t)15;
    char *p;
    if (size < JSON_POOL_BYTES && whole <= JSON_POOL_BYTES - reader->pool_used) {
        p = reader->pool + reader->pool_used;
        reader->pool_used += whole;
    } else {
        p = size < SIZE_MAX - 64 ? arena_alloc(reader->arena, whole) : NULL;
        if (!p)
            longjmp(reader->no_memory, 1);
    }
    memcpy(p, &size, sizeof(size));
    return p + BLOCK_HEADER;
}

static void *yajl_side_malloc(void *ctx, size_t size) {
    return new_block(ctx, size);
}

static void yajl_side_free(void *ctx, void *block) {
    (void)ctx;
    (void)block;
}

static void *yajl_side_realloc(void *ctx, void *old, size_t size) {
    struct json_reader *reader = ctx;
    if (!old)
        return new_block(reader, size);
    size_t old_size = block_size(old);
    if (size <= old_size)
        return old;
    void *block = new_block(reader, size);
    memcpy(block, old, old_size);
    return block;
}

/* ---- places in the text ---- */

static inline const char *position(const struct json_reader *reader) {
    return reader->text.p + yajl_get_bytes_consumed(reader->yajl);
}

static inline bool in_text(const struct json_reader *reader, const char *p) {
    return (uintptr_t)p - (uintptr_t)reader->text.p < reader->text.n;
}

/* Over what may stand between two tokens. */
static const char *skip_between(const char *p) {
    while (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r' || *p == ',' || *p == ':')
        p++;
    return p;
}

static void begin_member(struct json_reader *reader, struct json_frame *frame, struct str key,
                         const char *start, const char *end) {
    struct json_member *member = json_list_push(reader, (char *)frame->members, sizeof(struct json_member));
    *member = (struct json_member){.key = key, .text = {start ? start : skip_between(frame->mark), 0}};
    frame->mark = end;
}

static inline struct json_member *current_member(const struct json_frame *frame) {
    return &frame->members->items[frame->members->count - 1];
}

static inline void end_member(struct json_frame *frame, const char *value_start, const char *end) {
    struct json_member *member = current_member(frame);
    member->value = (struct str){value_start, (size_t)(end - value_start)};
    member->text.n = (size_t)(end - member->text.p);
    frame->mark = end;
}

/* ---- what the callbacks have in common ---- */

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

static inline bool check_string(struct json_reader *reader, struct str value, bool escaped) {
    if (UNLIKELY(value.n > reader->limits.string_bytes))
        return json_stop(reader, "is longer than %u bytes", (unsigned)reader->limits.string_bytes);
    if (LIKELY(reader->scan.bad_at == JSON_TEXT_GOOD))
        return true;
    return refuse_bad_text(reader, escaped ? position(reader) : value.p + value.n);
}

static int on_string(void *ctx, const unsigned char *p, size_t n) {
    struct json_reader *reader = ctx;
    struct json_frame *frame = reader->top;
    struct str value = {(const char *)p, n};
    bool escaped = !in_text(reader, value.p);
    if (!json_begin_value(reader) || !check_string(reader, value, escaped) ||
        !json_value_string(reader, value, escaped))
        return 0;
    if (frame->members) {
        if (escaped)
            end_member(frame, skip_between(frame->mark), position(reader));
        else
            end_member(frame, value.p - 1, value.p + n + 1);
    }
    return 1;
}

static int on_number(void *ctx, const char *p, size_t n) {
    struct json_reader *reader = ctx;
    struct json_frame *frame = reader->top;
    if (!json_begin_value(reader) || !json_value_number(reader, (struct str){p, n}))
        return 0;
    if (frame->members)
        end_member(frame, p, p + n);
    return 1;
}

static int on_boolean(void *ctx, int value) {
    struct json_reader *reader = ctx;
    struct json_frame *frame = reader->top;
    if (!json_begin_value(reader) || !json_value_bool(reader, value != 0))
        return 0;
    if (frame->members)
        end_member(frame, position(reader) - (value ? 4 : 5), position(reader));
    return 1;
}

static int on_null(void *ctx) {
    struct json_reader *reader = ctx;
    struct json_frame *frame = reader->top;
    if (!json_begin_value(reader) || !json_value_null(reader))
        return 0;
    if (frame->members)
        end_member(frame, position(reader) - 4, position(reader));
    return 1;
}

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

/* yajl's buffer is overwritten by the next escapes, and keys are remembered. */
static struct str keep_key(struct json_reader *reader, struct str key) {
    key = arena_dup(reader->arena, key);
    if (!key.p)
        longjmp(reader->no_memory, 1);
    return key;
}

static int on_key(void *ctx, const unsigned char *p, size_t n) {
    struct json_reader *reader = ctx;
    struct json_frame *frame = reader->top;
    struct str text = {(const char *)p, n};
    bool escaped = !in_text(reader, text.p);
    frame->key = (struct str){NULL, 0};
    frame->field = NULL;
    if (UNLIKELY(frame->count++ >= reader->limits.object_members))
        return json_stop(reader, "has more than %u members", (unsigned)reader->limits.object_members);
    if (!check_string(reader, text, escaped))
        return 0;
    if (UNLIKELY(escaped))
        text = keep_key(reader, text);
    frame->key = text;
    if (frame->members)
        begin_member(reader, frame, text, escaped ? NULL : text.p - 1,
                     escaped ? position(reader) : text.p + n + 1);
    size_t readable = UNLIKELY(escaped) ? n : (size_t)(reader->text.p + reader->text.n - text.p);
    struct json_key key = json_key_make(text, readable);
    const struct json_field *field = frame->object->field_count ? json_key_field(frame->object, &key) : NULL;
    return field ? known_key(reader, frame, field) : unknown_key(reader, frame, &key);
}

static int on_start_map(void *ctx) {
    struct json_reader *reader = ctx;
    struct json_frame *parent = reader->top;
    if (!json_begin_value(reader))
        return 0;
    if (parent->members)
        current_member(parent)->value.p = position(reader) - 1;
    if (!json_open_object(reader))
        return 0;
    if (reader->top->members)
        reader->top->mark = position(reader);
    return 1;
}

static int on_start_array(void *ctx) {
    struct json_reader *reader = ctx;
    struct json_frame *parent = reader->top;
    if (!json_begin_value(reader))
        return 0;
    if (parent->members)
        current_member(parent)->value.p = position(reader) - 1;
    return json_open_array(reader);
}

static inline void end_container(struct json_reader *reader) {
    struct json_frame *frame = reader->top;
    if (frame->members)
        end_member(frame, current_member(frame)->value.p, position(reader));
}

static int on_end_map(void *ctx) {
    struct json_reader *reader = ctx;
    if (!json_close_object(reader))
        return 0;
    if (UNLIKELY(reader->top == reader->frames))
        reader->done_at = (size_t)(position(reader) - reader->text.p);
    end_container(reader);
    return 1;
}

static int on_end_array(void *ctx) {
    struct json_reader *reader = ctx;
    if (!json_close_array(reader))
        return 0;
    end_container(reader);
    return 1;
}

static const yajl_callbacks callbacks = {
    .yajl_null = on_null,
    .yajl_boolean = on_boolean,
    .yajl_number = on_number,
    .yajl_string = on_string,
    .yajl_start_map = on_start_map,
    .yajl_map_key = on_key,
    .yajl_end_map = on_end_map,
    .yajl_start_array = on_start_array,
    .yajl_end_array = on_end_array,
};

/* ---- one reading ---- */

static bool refuse_syntax(struct json_reader *reader) {
    const char *why = (const char *)yajl_get_error(reader->yajl, 0, NULL, 0);
    int length = (int)strcspn(why, "\n");
    /* Which item it was is not known: the path is that of the array. */
    if (!reader->top->object)
        reader->top->count = 0;
    return json_stop(reader, "is not JSON near byte %zu: %.*s", yajl_get_bytes_consumed(reader->yajl), length,
                     why);
}

static bool run(struct json_reader *reader) {
    if (_setjmp(reader->no_memory))
        return json_stop(reader, "needs more memory than a request may take");
    yajl_alloc_funcs memory = {yajl_side_malloc, yajl_side_realloc, yajl_side_free, reader};
    reader->yajl = yajl_alloc(&callbacks, &memory, reader);
    /* What yajl lets pass (overlong forms, surrogates) has to be checked anyway: json_text.h. */
    yajl_config(reader->yajl, yajl_dont_validate_strings, 1);
    yajl_status status = yajl_parse(reader->yajl, (const unsigned char *)reader->text.p, reader->text.n);
    if (reader->failed)
        return false;
    /* Not left to yajl: to it, what may be the beginning of a token behind the end is no mistake yet. */
    if (reader->done_at == reader->text.n)
        return true;
    if (reader->done_at > 0)
        return json_stop(reader, "is not JSON: it goes on behind its end at byte %zu", reader->done_at);
    if (status != yajl_status_ok)
        return refuse_syntax(reader);
    if (reader->top == reader->frames)
        return json_stop(reader, "must be an object");
    return json_stop(reader, "is not JSON: it ends too early, after byte %zu", reader->text.n);
}

static bool begins_with_bom(struct str text) {
    return str_starts(text, STR("\xEF\xBB\xBF"));
}

static inline bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* yajl would look for a token in trailing space and allocate a buffer for it. */
static struct str without_trailing_space(struct str text) {
    while (text.n > 0 && is_space(text.p[text.n - 1]))
        text.n--;
    return text;
}

int json_read(struct str text, const struct json_object *root, void *target, const struct json_limits *limits,
              struct arena *arena, struct json_error *error) {
    struct json_reader reader;
    reader.text = without_trailing_space(text);
    json_text_scan_begin(&reader.scan, reader.text);
    reader.limits = *limits;
    if (reader.limits.depth > JSON_DEPTH_MAX)
        reader.limits.depth = JSON_DEPTH_MAX;
    reader.arena = arena;
    reader.tolerant = NULL;
    reader.error = error;
    reader.failed = false;
    reader.done_at = 0;
    reader.pool_used = 0;
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
