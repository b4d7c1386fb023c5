/* Well-formed UTF-8; see utf8.h. */
#include "base/utf8.h"

#include <stdbool.h>
#include <stdint.h>

static bool continues(const unsigned char *p, size_t count) {
    for (size_t i = 0; i < count; i++)
        if ((p[i] & 0xC0) != 0x80)
            return false;
    return true;
}

/* Bytes of the well-formed character at p (RFC 3629 section 4), 0 when there is none. */
static size_t utf8_length(const unsigned char *p, size_t left) {
    unsigned char a = p[0];
    if (a < 0x80)
        return 1;
    if (a >= 0xC2 && a <= 0xDF)
        return left >= 2 && continues(p + 1, 1) ? 2 : 0;
    if (a >= 0xE0 && a <= 0xEF) {
        if (left < 3 || !continues(p + 1, 2))
            return 0;
        bool overlong = a == 0xE0 && p[1] < 0xA0;
        bool surrogate = a == 0xED && p[1] > 0x9F;
        return overlong || surrogate ? 0 : 3;
    }
    if (a >= 0xF0 && a <= 0xF4) {
        if (left < 4 || !continues(p + 1, 3))
            return 0;
        bool overlong = a == 0xF0 && p[1] < 0x90;
        bool too_large = a == 0xF4 && p[1] > 0x8F;
        return overlong || too_large ? 0 : 4;
    }
    return 0;
}

/* How many of the n bytes at p are surely ASCII: some of them, by whole words. */
static size_t ascii_run(const unsigned char *p, size_t n) {
    const uint64_t high = UINT64_C(0x8080808080808080);
    size_t run = 0;
    uint64_t w[4];
    for (; run + sizeof w <= n; run += sizeof w) {
        memcpy(w, p + run, sizeof w);
        if (((w[0] | w[1] | w[2] | w[3]) & high) != 0)
            break;
    }
    for (; run + sizeof w[0] <= n; run += sizeof w[0]) {
        memcpy(w, p + run, sizeof w[0]);
        if ((w[0] & high) != 0)
            break;
    }
    return run;
}

size_t utf8_first_bad(struct str s, size_t from) {
    const unsigned char *p = (const unsigned char *)s.p;
    while (from < s.n) {
        from += ascii_run(p + from, s.n - from);
        if (from == s.n)
            break;
        size_t length = utf8_length(p + from, s.n - from);
        if (length == 0)
            return from;
        from += length;
    }
    return UTF8_GOOD;
}
