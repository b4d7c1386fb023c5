/* Batches taken apart; see click_body.h. */
#include "clickstream/click_body.h"

#include <stdio.h>
#include <string.h>

#include "json/json_token.h"

static int fail(struct json_error *error, const char *path, const char *reason) {
    snprintf(error->path, sizeof error->path, "%s", path);
    snprintf(error->reason, sizeof error->reason, "%s", reason);
    return -1;
}

static int fail_syntax(struct json_error *error, const char *path, size_t at, const char *reason) {
    snprintf(error->path, sizeof error->path, "%s", path);
    snprintf(error->reason, sizeof error->reason, "is not JSON near byte %zu: %s", at, reason);
    return -1;
}

/* ---- values, skipped ---- */

/* Whether the quote at p is escaped: an odd number of backslashes stands before it, at most back to `from`.
 */
static bool is_escaped(const char *p, const char *from) {
    const char *q = p;
    while (q > from && q[-1] == '\\')
        q--;
    return (p - q) % 2 != 0;
}

/* The end of the string whose opening quote is at p; NULL when it has none. */
static const char *skip_string(const char *p, const char *end) {
    const char *from = p + 1;
    for (const char *q = from; q < end; q++) {
        q = memchr(q, '"', (size_t)(end - q));
        if (!q)
            return NULL;
        if (!is_escaped(q, from))
            return q + 1;
    }
    return NULL;
}

/* What skip_container() stops at: a quote, or a bracket, which changes the depth. */
static const signed char stops[256] = {['"'] = 2, ['{'] = 1, ['['] = 1, ['}'] = -1, [']'] = -1};

/* The end of the object or array that begins at p. */
static const char *skip_container(const char *p, const char *end) {
    size_t depth = 0;
    while (p && p < end) {
        signed char stop = stops[(unsigned char)*p];
        if (stop == 2) {
            p = skip_string(p, end);
            continue;
        }
        p++;
        depth += (size_t)stop; /* -1 wraps around, and back */
        if (stop == -1 && depth == 0)
            return p;
    }
    return NULL;
}

static bool ends_word(char c) {
    return json_is_space(c) || c == ',' || c == '}' || c == ']' || c == '{' || c == '[' || c == '"';
}

/* The end of the value that begins at p; NULL when it has none, or there is none. */
static const char *skip_value(const char *p, const char *end) {
    if (p == end)
        return NULL;
    if (*p == '"')
        return skip_string(p, end);
    if (*p == '{' || *p == '[')
        return skip_container(p, end);
    const char *q = p;
    while (q < end && !ends_word(*q))
        q++;
    return q > p ? q : NULL;
}

/* ---- the batch ---- */

/* Walks the items between the brackets. */
static int count_items(struct str array, struct click_body *body, struct json_error *error) {
    const char *end = array.p + array.n - 1;
    const char *p = json_skip_space(array.p + 1, end);
    body->at = p;
    body->end = end;
    while (p < end) {
        const char *q = skip_value(p, end);
        if (!q)
            return fail_syntax(error, "batch", (size_t)(p - array.p), "no value begins so");
        body->count++;
        p = json_skip_space(q, end);
        if (p == end)
            break;
        if (*p != ',')
            return fail_syntax(error, "batch", (size_t)(p - array.p), "a comma or the end must stand here");
        p = json_skip_space(p + 1, end);
        if (p == end)
            return fail_syntax(error, "batch", (size_t)(p - array.p), "no value begins so");
    }
    return 0;
}

bool click_body_next(struct click_body *body, struct str *event) {
    if (body->at == body->end)
        return false;
    const char *p = body->at;
    const char *q = body->is_batch ? skip_value(p, body->end) : body->end;
    if (!q)
        return false; /* click_body_read() has seen to it that there is one */
    *event = (struct str){p, (size_t)(q - p)};
    p = json_skip_space(q, body->end);
    if (p < body->end && *p == ',')
        p = json_skip_space(p + 1, body->end);
    body->at = p;
    return true;
}

/* ---- the object around it ---- */

/* What a member is kept as; a second one of the same name is refused. */
static int keep(struct click_body *body, struct str key, struct str value, struct json_error *error) {
    const struct {
        struct str name, *into;
    } kept[] = {
        {STR_INIT("\"sentAt\""), &body->sent_at},
        {STR_INIT("\"context\""), &body->context},
        {STR_INIT("\"writeKey\""), &body->write_key},
    };
    for (size_t i = 0; i < COUNT_OF(kept); i++) {
        if (!str_eq(key, kept[i].name))
            continue;
        if (str_present(*kept[i].into))
            return fail(error, "", "has a duplicate key");
        *kept[i].into = value;
    }
    if (!str_eq(key, STR("\"batch\"")))
        return 0;
    if (body->is_batch)
        return fail(error, "batch", "duplicate key");
    if (value.p[0] != '[')
        return fail(error, "batch", "must be an array");
    body->is_batch = true;
    return count_items(value, body, error);
}

/* One member, from its key on; the place behind it. */
static const char *read_member(struct str text, const char *p, struct click_body *body,
                               struct json_error *error) {
    const char *end = text.p + text.n;
    const char *key_end = p < end && *p == '"' ? skip_string(p, end) : NULL;
    const char *colon = key_end ? json_skip_space(key_end, end) : NULL;
    const char *value = colon && colon < end && *colon == ':' ? json_skip_space(colon + 1, end) : NULL;
    const char *value_end = value ? skip_value(value, end) : NULL;
    if (!value_end) {
        fail_syntax(error, "", (size_t)(p - text.p), "a member must stand here");
        return NULL;
    }
    struct str key = {p, (size_t)(key_end - p)}, kept = {value, (size_t)(value_end - value)};
    return keep(body, key, kept, error) == 0 ? value_end : NULL;
}

static int read_members(struct str text, struct click_body *body, struct json_error *error) {
    const char *end = text.p + text.n;
    const char *p = json_skip_space(text.p, end);
    if (p == end || *p != '{')
        return fail(error, "", "must be a JSON object");
    p = json_skip_space(p + 1, end);
    bool closed = p < end && *p == '}';
    while (!closed) {
        p = read_member(text, p, body, error);
        if (!p)
            return -1;
        p = json_skip_space(p, end);
        closed = p < end && *p == '}';
        if (!closed && (p == end || *p != ','))
            return fail_syntax(error, "", (size_t)(p - text.p), "a comma or the end must stand here");
        if (!closed)
            p = json_skip_space(p + 1, end);
    }
    p = json_skip_space(p + 1, end);
    return p == end ? 0 : fail_syntax(error, "", (size_t)(p - text.p), "it goes on behind its end");
}

int click_body_read(struct str text, struct click_body *body, struct json_error *error) {
    *body = (struct click_body){0};
    if (text.n == 0)
        return fail(error, "", "is not JSON: it is empty");
    if (read_members(text, body, error) != 0)
        return -1;
    if (body->is_batch)
        return 0;
    body->count = 1;
    body->at = text.p;
    body->end = text.p + text.n;
    return 0;
}
