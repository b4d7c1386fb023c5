/* JSON member by member; see json_put.h. */
#include "generate/json_put.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

void json_names_add(struct json_names *names, const char *name) {
    for (uint32_t i = 0; i < names->count; i++)
        if (strcmp(names->items[i], name) == 0)
            return;
    if (names->count < JSON_NAMES_MOST)
        snprintf(names->items[names->count++], WORLD_TEXT_BYTES, "%s", name);
}

void json_put_comma(struct buf *buf) {
    char last = buf->n > 0 ? buf->p[buf->n - 1] : '{';
    if (last != '{' && last != '[')
        buf_add_char(buf, ',');
}

void json_put_key(struct buf *buf, const char *key) {
    json_put_comma(buf);
    buf_add_json_string(buf, str_from(key));
    buf_add_char(buf, ':');
}

void json_put_text(struct buf *buf, const char *key, const char *text) {
    json_put_key(buf, key);
    buf_add_json_string(buf, str_from(text));
}

void json_put_uint(struct buf *buf, const char *key, uint64_t number) {
    json_put_key(buf, key);
    buf_add_uint(buf, number);
}

void json_put_number(struct buf *buf, const char *key, double number) {
    json_put_key(buf, key);
    buf_add_double(buf, round(number * 1e4) / 1e4);
}

void json_put_flag(struct buf *buf, const char *key, bool flag) {
    json_put_key(buf, key);
    buf_add_str(buf, flag ? STR("true") : STR("false"));
}

void json_put_names(struct buf *buf, const char *key, const struct json_names *names) {
    if (names->count == 0)
        return;
    json_put_key(buf, key);
    buf_add_char(buf, '[');
    for (uint32_t i = 0; i < names->count; i++) {
        json_put_comma(buf);
        buf_add_json_string(buf, str_from(names->items[i]));
    }
    buf_add_char(buf, ']');
}

void json_put_bits(struct buf *buf, const char *key, uint32_t bits) {
    if (bits == 0)
        return;
    json_put_key(buf, key);
    buf_add_char(buf, '[');
    for (uint32_t i = 0; i < 32; i++) {
        if (bits >> i & 1) {
            json_put_comma(buf);
            buf_add_uint(buf, i);
        }
    }
    buf_add_char(buf, ']');
}
