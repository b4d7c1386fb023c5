/* Reading in accepted JSON text; see raw_json.h. */
#include "bid/raw_json.h"

#include <stdint.h>

static bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static size_t skip_space(struct str s, size_t at) {
    while (at < s.n && is_space(s.p[at]))
        at++;
    return at;
}

/* at: the opening quote. Returns the place after the closing one. */
static size_t skip_string(struct str s, size_t at) {
    for (at++; at < s.n; at++) {
        if (s.p[at] == '\\')
            at++;
        else if (s.p[at] == '"')
            return at + 1;
    }
    return s.n;
}

static size_t skip_value(struct str s, size_t at) {
    size_t depth = 0;
    while (at < s.n) {
        char c = s.p[at];
        if (c == '"') {
            at = skip_string(s, at);
            if (depth == 0)
                return at;
            continue;
        }
        if (depth == 0 && (c == ',' || c == '}' || c == ']' || is_space(c)))
            return at;
        at++;
        if (c == '{' || c == '[')
            depth++;
        else if ((c == '}' || c == ']') && --depth == 0)
            return at;
    }
    return s.n;
}

static struct str slice(struct str s, size_t from, size_t to) {
    return (struct str){s.p + from, to - from};
}

bool raw_json_next(struct raw_json_walk *walk, struct raw_json_member *member) {
    struct str s = walk->text;
    size_t at = skip_space(s, walk->at);
    /* Before the first member stands the brace, before any other the comma. */
    if (at >= s.n || s.p[at] != (walk->at == 0 ? '{' : ','))
        return false;
    size_t key = skip_space(s, at + 1);
    if (key >= s.n || s.p[key] != '"')
        return false;
    size_t key_end = skip_string(s, key);
    size_t colon = skip_space(s, key_end);
    if (colon >= s.n || s.p[colon] != ':')
        return false;
    size_t value = skip_space(s, colon + 1);
    size_t end = skip_value(s, value);
    *member = (struct raw_json_member){slice(s, key, end), slice(s, key, key_end), slice(s, value, end)};
    walk->at = end;
    return true;
}

struct str raw_json_find(struct str object, struct str key) {
    struct raw_json_walk walk = {object, 0};
    struct raw_json_member member;
    while (raw_json_next(&walk, &member))
        if (raw_json_is(member.key, key))
            return member.value;
    return (struct str){NULL, 0};
}

static uint32_t hex4(const char *p) {
    uint32_t v = 0;
    for (int i = 0; i < 4; i++) {
        unsigned char c = (unsigned char)p[i];
        v = v * 16 + (c <= '9' ? c - 0x30u : (c | 0x20u) - 0x57u);
    }
    return v & 0xffff;
}

static size_t utf8(uint32_t code, char out[4]) {
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xc0 | code >> 6);
        out[1] = (char)(0x80 | (code & 63));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (char)(0xe0 | code >> 12);
        out[1] = (char)(0x80 | (code >> 6 & 63));
        out[2] = (char)(0x80 | (code & 63));
        return 3;
    }
    out[0] = (char)(0xf0 | code >> 18);
    out[1] = (char)(0x80 | (code >> 12 & 63));
    out[2] = (char)(0x80 | (code >> 6 & 63));
    out[3] = (char)(0x80 | (code & 63));
    return 4;
}

/* Decodes the character or escape at *at; returns the number of bytes in out. */
static size_t decode(struct str s, size_t *at, char out[4]) {
    char c = s.p[(*at)++];
    if (c != '\\' || *at >= s.n) {
        out[0] = c;
        return 1;
    }
    char e = s.p[(*at)++];
    if (e != 'u' || s.n - *at < 4) {
        static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
        const char *known = strchr(from, e);
        out[0] = known && e ? to[known - from] : e;
        return 1;
    }
    uint32_t code = hex4(s.p + *at);
    *at += 4;
    bool high = code >= 0xd800 && code < 0xdc00;
    if (high && s.n - *at >= 6 && s.p[*at] == '\\' && s.p[*at + 1] == 'u') {
        uint32_t low = hex4(s.p + *at + 2);
        if (low >= 0xdc00 && low < 0xe000) {
            code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
            *at += 6;
        }
    }
    return utf8(code, out);
}

bool raw_json_is(struct str text, struct str plain) {
    if (text.n < 2 || text.p[0] != '"' || text.p[text.n - 1] != '"')
        return false;
    struct str s = slice(text, 1, text.n - 1);
    if (!memchr(s.p, '\\', s.n))
        return str_eq(s, plain);
    size_t done = 0;
    for (size_t at = 0; at < s.n;) {
        char bytes[4];
        size_t n = decode(s, &at, bytes);
        if (n > plain.n - done || memcmp(bytes, plain.p + done, n) != 0)
            return false;
        done += n;
    }
    return done == plain.n;
}

void raw_json_unescape(struct str inside, struct buf *out) {
    for (size_t at = 0; at < inside.n;) {
        char bytes[4];
        size_t n = decode(inside, &at, bytes);
        buf_add(out, bytes, n);
    }
}
