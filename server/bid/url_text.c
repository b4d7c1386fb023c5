/* Encodings; see url_text.h. */
#include "bid/url_text.h"

#include <stdint.h>

bool url_text_unreserved(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

void url_text_add_percent(struct buf *out, char c) {
    static const char hex[] = "0123456789ABCDEF";
    unsigned char byte = (unsigned char)c;
    char escape[3] = {'%', hex[byte >> 4], hex[byte & 15]};
    buf_add(out, escape, sizeof escape);
}

void url_text_add_encoded(struct buf *out, struct str s) {
    size_t from = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (url_text_unreserved(s.p[i]))
            continue;
        buf_add(out, s.p + from, i - from);
        url_text_add_percent(out, s.p[i]);
        from = i + 1;
    }
    if (from < s.n)
        buf_add(out, s.p + from, s.n - from);
}

void url_text_add_base64(struct buf *out, struct str s, bool in_url) {
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < s.n; i += 3) {
        size_t n = s.n - i < 3 ? s.n - i : 3;
        uint32_t bits = 0;
        for (size_t k = 0; k < 3; k++)
            bits = bits << 8 | (k < n ? (unsigned char)s.p[i + k] : 0);
        for (size_t k = 0; k < 4; k++) {
            char c = k <= n ? alphabet[bits >> (18 - 6 * k) & 63] : '=';
            if (c == '+' && in_url)
                url_text_add_percent(out, c);
            else
                buf_add_char(out, c);
        }
    }
}
