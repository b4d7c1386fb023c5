/* Tokens; see json_token.h. */
#include "json/json_token.h"

#include <stdint.h>

/* ---- strings ---- */

#define EVERY_BYTE(c) (UINT64_C(0x0101010101010101) * (c))

/* The high bit of each byte that ends the plain part of a string: a quote, a backslash, a control character.
 * Above the lowest one, others may be set by mistake. */
static inline uint64_t special_bytes(uint64_t word) {
    uint64_t quote = word ^ EVERY_BYTE('"'), backslash = word ^ EVERY_BYTE('\\');
    return (((quote - EVERY_BYTE(1)) & ~quote) | ((backslash - EVERY_BYTE(1)) & ~backslash) |
            ((word - EVERY_BYTE(0x20)) & ~word)) &
           EVERY_BYTE(0x80);
}

static inline const char *next_special(const char *p, const char *end) {
    while (end - p >= 8) {
        uint64_t word;
        memcpy(&word, p, sizeof word);
        uint64_t special = special_bytes(word);
        if (special)
            return p + (__builtin_ctzll(special) >> 3);
        p += 8;
    }
    while (p < end && *p != '"' && *p != '\\' && (unsigned char)*p >= 0x20)
        p++;
    return p;
}

/* Bytes of the escape at p, 0 when it has no good form. */
static size_t escape_bytes(const char *p, const char *end) {
    if (end - p < 2)
        return 0;
    switch (p[1]) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
        return 2;
    case 'u':
        return json_code_unit(p, end) >= 0 ? 6 : 0;
    default:
        return 0;
    }
}

struct json_string json_string_read(const char *p, const char *end) {
    struct json_string string = {.escaped = false};
    for (;;) {
        p = next_special(p, end);
        string.end = p;
        if (LIKELY(p < end && *p == '"'))
            return string;
        size_t escape = p < end && *p == '\\' ? escape_bytes(p, end) : 0;
        if (escape == 0) {
            string.why =
                p < end && *p == '\\' ? "no escape is written so" : "a string may not hold this byte";
            return string;
        }
        string.escaped = true;
        p += escape;
    }
}

/* ---- escapes ---- */

static int hex_value(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int json_code_unit(const char *p, const char *end) {
    if (end - p < 6 || p[0] != '\\' || p[1] != 'u')
        return -1;
    int unit = 0;
    for (int i = 2; i < 6; i++) {
        int digit = hex_value(p[i]);
        if (digit < 0)
            return -1;
        unit = unit * 16 + digit;
    }
    return unit;
}

static size_t put_utf8(uint32_t c, char *out) {
    char bytes[4];
    size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    if (n == 1) {
        bytes[0] = (char)c;
    } else {
        for (size_t i = n - 1; i > 0; i--, c >>= 6)
            bytes[i] = (char)(0x80 | (c & 0x3F));
        bytes[0] = (char)((0xF00u >> n & 0xF0u) | c);
    }
    if (out)
        memcpy(out, bytes, n);
    return n;
}

static char short_escape(char c) {
    switch (c) {
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    default:
        return c; /* quote, backslash, slash */
    }
}

/* The character of the \uXXXX, or pair of them, at *p, which is moved behind it. */
static uint32_t take_code_point(const char **p, const char *end) {
    uint32_t unit = (uint32_t)json_code_unit(*p, end);
    *p += 6;
    if (unit < 0xD800 || unit > 0xDFFF)
        return unit;
    int low = unit <= 0xDBFF ? json_code_unit(*p, end) : -1;
    if (low < 0xDC00 || low > 0xDFFF)
        return 0xFFFD;
    *p += 6;
    return 0x10000 + ((unit - 0xD800) << 10) + ((uint32_t)low - 0xDC00);
}

size_t json_unescape(struct str raw, char *out) {
    const char *p = raw.p, *end = raw.p + raw.n;
    size_t n = 0;
    while (p < end) {
        const char *escape = memchr(p, '\\', (size_t)(end - p));
        size_t plain = (size_t)((escape ? escape : end) - p);
        if (out)
            memcpy(out + n, p, plain);
        n += plain;
        p += plain;
        if (!escape)
            break;
        if (p[1] == 'u') {
            uint32_t c = take_code_point(&p, end);
            n += put_utf8(c, out ? out + n : NULL);
        } else {
            if (out)
                out[n] = short_escape(p[1]);
            n++;
            p += 2;
        }
    }
    return n;
}

/* ---- numbers ---- */

static inline bool is_digit(const char *p, const char *end) {
    return p < end && (unsigned char)(*p - '0') < 10;
}

static inline const char *skip_digits(const char *p, const char *end) {
    while (is_digit(p, end))
        p++;
    return p;
}

const char *json_number_end(const char *p, const char *end) {
    if (p < end && *p == '-')
        p++;
    if (!is_digit(p, end))
        return NULL;
    p = *p == '0' ? p + 1 : skip_digits(p, end);
    if (p < end && *p == '.') {
        if (!is_digit(p + 1, end))
            return NULL;
        p = skip_digits(p + 1, end);
    }
    if (p < end && (*p | 0x20) == 'e') {
        p++;
        if (p < end && (*p == '+' || *p == '-'))
            p++;
        if (!is_digit(p, end))
            return NULL;
        p = skip_digits(p, end);
    }
    return p;
}
