/* One cheap look at the whole text decides for nearly all texts that there is nothing to check. */
#include "json/json_text.h"

#include <stdint.h>

#include "json/json_token.h"

static bool has_high_bit(const unsigned char *p, size_t n) {
    uint64_t seen = 0;
    for (; n >= 32; p += 32, n -= 32) {
        uint64_t w[4];
        memcpy(w, p, sizeof(w));
        seen |= (w[0] | w[1]) | (w[2] | w[3]);
    }
    for (; n > 0; p++, n--)
        seen |= *p;
    return (seen & UINT64_C(0x8080808080808080)) != 0;
}

/* Bytes of the escape at p; 0 and *why when it stands for no character. */
static size_t escape_length(const unsigned char *p, const unsigned char *end, const char **why) {
    int unit = json_code_unit((const char *)p, (const char *)end);
    if (unit < 0)
        return end - p >= 2 ? 2 : 1;
    if (unit == 0) {
        *why = "must not hold \\u0000";
        return 0;
    }
    if (unit < 0xD800 || unit > 0xDFFF)
        return 6;
    int low = unit <= 0xDBFF ? json_code_unit((const char *)p + 6, (const char *)end) : -1;
    if (low < 0xDC00 || low > 0xDFFF) {
        *why = "holds half a surrogate pair";
        return 0;
    }
    return 12;
}

static size_t first_bad_escape(const unsigned char *text, size_t n, size_t from, const char **why) {
    const unsigned char *end = text + n;
    const unsigned char *p = memchr(text + from, '\\', n - from);
    while (p) {
        size_t length = escape_length(p, end, why);
        if (length == 0)
            return (size_t)(p - text);
        p += length;
        p = p < end ? memchr(p, '\\', (size_t)(end - p)) : NULL;
    }
    return JSON_TEXT_GOOD;
}

static void settle(struct json_text_scan *scan) {
    bool escape = scan->escape_at < scan->utf8_at;
    scan->bad_at = escape ? scan->escape_at : scan->utf8_at;
    scan->why = escape ? scan->escape_why : "is not valid UTF-8";
}

void json_text_scan_begin(struct json_text_scan *scan, struct str text) {
    const unsigned char *p = (const unsigned char *)text.p;
    scan->escape_at = scan->utf8_at = JSON_TEXT_GOOD;
    if (text.n > 0) {
        scan->escape_at = first_bad_escape(p, text.n, 0, &scan->escape_why);
        if (has_high_bit(p, text.n))
            scan->utf8_at = utf8_first_bad(text, 0);
    }
    settle(scan);
}

void json_text_scan_from(struct json_text_scan *scan, struct str text, size_t from) {
    const unsigned char *p = (const unsigned char *)text.p;
    if (scan->escape_at < from)
        scan->escape_at = first_bad_escape(p, text.n, from, &scan->escape_why);
    if (scan->utf8_at < from)
        scan->utf8_at = utf8_first_bad(text, from);
    settle(scan);
}
