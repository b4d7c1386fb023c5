/* Reads one JSON value by its row of the table; see config_reader.h. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>

#include "config/config_reader.h"
#include "config/config_suggest.h"
#include "currency/json_file.h"

int config_fail(struct config_reader *reader, const char *key, const char *format, ...) {
    char reason[CONFIG_ERROR_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(reason, sizeof reason, format, args);
    va_end(args);
    snprintf(reader->error, reader->error_size, "%s: %s%s%s", reader->file, key ? key : "", key ? ": " : "",
             reason);
    return -1;
}

/* One value on its way into its field. */
struct reading {
    struct config_reader *reader;
    const struct config_option *option;
    const char *key;
    const json_t *json;
    void *field;
};

static int wrong_type(const struct reading *r, const char *wanted) {
    return config_fail(r->reader, r->key, "must be %s, is %s", wanted, json_file_kind(r->json));
}

static int no_memory(const struct reading *r) {
    return config_fail(r->reader, r->key, "out of memory");
}

/* ---- numbers ---- */

static int check_range(const struct reading *r, double value) {
    const struct config_option *o = r->option;
    if (value >= o->min && value <= o->max)
        return 0;
    const char *space = o->unit[0] ? " " : "";
    return config_fail(r->reader, r->key, "must be from %.10g to %.10g%s%s, is %.10g", o->min, o->max, space,
                       o->unit, value);
}

static int read_u32(const struct reading *r) {
    if (!json_is_integer(r->json))
        return wrong_type(r, "a whole number");
    if (check_range(r, (double)json_integer_value(r->json)) != 0)
        return -1;
    *(uint32_t *)r->field = (uint32_t)json_integer_value(r->json);
    return 0;
}

static int read_double(const struct reading *r) {
    if (!json_is_number(r->json))
        return wrong_type(r, "a number");
    if (check_range(r, json_number_value(r->json)) != 0)
        return -1;
    *(double *)r->field = json_number_value(r->json);
    return 0;
}

static int read_bool(const struct reading *r) {
    if (!json_is_boolean(r->json))
        return wrong_type(r, "true or false");
    *(bool *)r->field = json_is_true(r->json);
    return 0;
}

/* ---- strings ---- */

/* A copy in the config's arena, NUL-terminated behind the view. */
static int take_string(const struct reading *r, const json_t *json, struct str *out) {
    struct str s = {json_string_value(json), json_string_length(json)};
    char *copy = arena_alloc(r->reader->arena, s.n + 1);
    if (!copy)
        return no_memory(r);
    memcpy(copy, s.p, s.n);
    copy[s.n] = '\0';
    *out = (struct str){copy, s.n};
    return 0;
}

/* The reason, and the text it is about, made safe for a terminal. */
static int wrong_text(const struct reading *r, const char *key, const char *reason, struct str s) {
    char quoted[120];
    return config_fail(r->reader, key, "%s, is %s", reason, log_quote(s, quoted, sizeof quoted));
}

static int read_string(const struct reading *r) {
    bool optional = r->option->fallback && strcmp(r->option->fallback, "null") == 0;
    if (optional && json_is_null(r->json)) {
        *(struct str *)r->field = (struct str){NULL, 0};
        return 0;
    }
    if (!json_is_string(r->json))
        return wrong_type(r, optional ? "a string or null" : "a string");
    struct str s = {json_string_value(r->json), json_string_length(r->json)};
    const char *wrong = r->option->format ? r->option->format(s) : NULL;
    if (wrong)
        return wrong_text(r, r->key, wrong, s);
    if ((double)s.n < r->option->min || (double)s.n > r->option->max)
        return config_fail(r->reader, r->key, "must be %.0f to %.0f bytes long, is %zu", r->option->min,
                           r->option->max, s.n);
    return take_string(r, r->json, r->field);
}

/* ---- lists ---- */

static int check_list(const struct reading *r) {
    const struct config_option *o = r->option;
    if (!json_is_array(r->json))
        return wrong_type(r, "an array of strings");
    size_t count = json_array_size(r->json);
    if ((double)count < o->min || (double)count > o->max)
        return config_fail(r->reader, r->key, "must hold %.0f to %.0f items, holds %zu", o->min, o->max,
                           count);
    return 0;
}

static int read_item(const struct reading *r, size_t i, struct str *out) {
    char key[CONFIG_KEY_BYTES];
    const json_t *item = json_array_get(r->json, i);
    snprintf(key, sizeof key, "%s[%zu]", r->key, i);
    if (!json_is_string(item))
        return config_fail(r->reader, key, "must be a string, is %s", json_file_kind(item));
    struct str s = {json_string_value(item), json_string_length(item)};
    if (s.n > CONFIG_STRING_BYTES)
        return config_fail(r->reader, key, "must be at most %d bytes long, is %zu", CONFIG_STRING_BYTES, s.n);
    const char *wrong = r->option->format ? r->option->format(s) : NULL;
    if (wrong)
        return wrong_text(r, key, wrong, s);
    return take_string(r, item, out);
}

static int read_list(const struct reading *r) {
    if (check_list(r) != 0)
        return -1;
    size_t count = json_array_size(r->json);
    struct str_list list = {arena_calloc(r->reader->arena, count, sizeof(struct str)), count};
    if (!list.items)
        return no_memory(r);
    for (size_t i = 0; i < count; i++)
        if (read_item(r, i, &list.items[i]) != 0)
            return -1;
    *(struct str_list *)r->field = list;
    return 0;
}

/* ---- names ---- */

/* The index of the name that json is; -1 with the error written. */
static int find_name(const struct reading *r, const char *key, const json_t *json) {
    if (!json_is_string(json))
        return config_fail(r->reader, key, "must be a name, is %s", json_file_kind(json));
    struct str s = {json_string_value(json), json_string_length(json)};
    char known[128];
    size_t n = 0;
    struct config_suggestion near;
    config_suggestion_begin(&near, s);
    for (int i = 0; r->option->names[i]; i++) {
        if (str_eq(s, str_from(r->option->names[i])))
            return i;
        config_suggestion_offer(&near, str_from(r->option->names[i]));
        n += (size_t)snprintf(known + n, sizeof known - n, "%s\"%s\"", i ? ", " : "", r->option->names[i]);
    }
    char quoted[120];
    log_quote(s, quoted, sizeof quoted);
    if (str_present(near.best))
        return config_fail(r->reader, key, "must be one of %s, is %s: did you mean \"%.*s\"?", known, quoted,
                           STR_ARG(near.best));
    return config_fail(r->reader, key, "must be one of %s, is %s", known, quoted);
}

static int read_enum(const struct reading *r) {
    int i = find_name(r, r->key, r->json);
    if (i < 0)
        return -1;
    *(unsigned *)r->field = (unsigned)i;
    return 0;
}

static int read_bits(const struct reading *r) {
    unsigned bits = 0;
    if (check_list(r) != 0)
        return -1;
    for (size_t i = 0; i < json_array_size(r->json); i++) {
        char key[CONFIG_KEY_BYTES];
        snprintf(key, sizeof key, "%s[%zu]", r->key, i);
        int bit = find_name(r, key, json_array_get(r->json, i));
        if (bit < 0)
            return -1;
        bits |= 1u << bit;
    }
    *(unsigned *)r->field = bits;
    return 0;
}

/* ---- JSON that is kept as it is ---- */

static int keep_json(const struct reading *r) {
    char *text = json_dumps(r->json, JSON_COMPACT);
    if (!text)
        return no_memory(r);
    struct str s = arena_dup(r->reader->arena, str_from(text));
    free(text);
    if (!str_present(s))
        return no_memory(r);
    *(struct str *)r->field = s;
    return 0;
}

static int check_size(const struct reading *r, size_t size) {
    if ((double)size >= r->option->min && (double)size <= r->option->max)
        return 0;
    return config_fail(r->reader, r->key, "must hold %.0f to %.0f %s, holds %zu", r->option->min,
                       r->option->max, r->option->unit, size);
}

static int read_json_object(const struct reading *r) {
    bool optional = r->option->fallback && strcmp(r->option->fallback, "null") == 0;
    if (optional && json_is_null(r->json)) {
        *(struct str *)r->field = (struct str){NULL, 0};
        return 0;
    }
    if (!json_is_object(r->json))
        return wrong_type(r, "an object");
    return check_size(r, json_object_size(r->json)) == 0 ? keep_json(r) : -1;
}

static int read_json_array(const struct reading *r) {
    if (!json_is_array(r->json))
        return wrong_type(r, "an array of objects");
    if (check_size(r, json_array_size(r->json)) != 0)
        return -1;
    for (size_t i = 0; i < json_array_size(r->json); i++) {
        const json_t *item = json_array_get(r->json, i);
        char key[CONFIG_KEY_BYTES];
        snprintf(key, sizeof key, "%s[%zu]", r->key, i);
        if (!json_is_object(item))
            return config_fail(r->reader, key, "must be an object, is %s", json_file_kind(item));
    }
    return keep_json(r);
}

int config_value_read(struct config_reader *reader, const struct config_option *option, const char *key,
                      json_t *json, void *base) {
    struct reading r = {reader, option, key, json, (char *)base + option->offset};
    switch (option->type) {
    case CONFIG_U32:
        return read_u32(&r);
    case CONFIG_DOUBLE:
        return read_double(&r);
    case CONFIG_BOOL:
        return read_bool(&r);
    case CONFIG_STRING:
        return read_string(&r);
    case CONFIG_LIST:
        return read_list(&r);
    case CONFIG_ENUM:
        return read_enum(&r);
    case CONFIG_BITS:
        return read_bits(&r);
    case CONFIG_JSON_OBJECT:
        return read_json_object(&r);
    case CONFIG_JSON_ARRAY:
        return read_json_array(&r);
    case CONFIG_OBJECTS:
        return config_objects_read(reader, option, json);
    }
    return -1;
}
