/* Character classes, and the scans that the parser spends its time in. */
#include "http/http_chars.h"

#include <arpa/inet.h>

#include "base/macros.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define URI (CHAR_PATH | CHAR_QUERY)

const uint8_t http_chars[256] = {
    ['a' ... 'f'] = CHAR_TOKEN | URI | CHAR_HOST | CHAR_HEX | CHAR_QUOTED,
    ['A' ... 'F'] = CHAR_TOKEN | URI | CHAR_HOST | CHAR_HEX | CHAR_QUOTED,
    ['g' ... 'z'] = CHAR_TOKEN | URI | CHAR_HOST | CHAR_QUOTED,
    ['G' ... 'Z'] = CHAR_TOKEN | URI | CHAR_HOST | CHAR_QUOTED,
    ['0' ... '9'] = CHAR_TOKEN | URI | CHAR_HOST | CHAR_HEX | CHAR_DIGIT | CHAR_QUOTED,
    /* unreserved */
    ['-'] = CHAR_TOKEN | URI | CHAR_HOST | CHAR_QUOTED,
    ['.'] = CHAR_TOKEN | URI | CHAR_HOST | CHAR_QUOTED,
    ['_'] = CHAR_TOKEN | URI | CHAR_HOST | CHAR_QUOTED,
    ['~'] = CHAR_TOKEN | URI | CHAR_HOST | CHAR_QUOTED,
    /* sub-delims */
    ['!'] = CHAR_TOKEN | URI | CHAR_HOST | CHAR_QUOTED,
    ['$'] = CHAR_TOKEN | URI | CHAR_HOST | CHAR_QUOTED,
    ['&'] = CHAR_TOKEN | URI | CHAR_HOST | CHAR_QUOTED,
    ['\''] = CHAR_TOKEN | URI | CHAR_HOST | CHAR_QUOTED,
    ['*'] = CHAR_TOKEN | URI | CHAR_HOST | CHAR_QUOTED,
    ['+'] = CHAR_TOKEN | URI | CHAR_HOST | CHAR_QUOTED,
    ['('] = URI | CHAR_HOST | CHAR_QUOTED,
    [')'] = URI | CHAR_HOST | CHAR_QUOTED,
    [';'] = URI | CHAR_HOST | CHAR_QUOTED,
    ['='] = URI | CHAR_HOST | CHAR_QUOTED,
    [','] = URI | CHAR_QUOTED,
    [':'] = URI | CHAR_QUOTED,
    ['@'] = URI | CHAR_QUOTED,
    ['/'] = URI | CHAR_QUOTED,
    ['?'] = CHAR_QUERY | CHAR_QUOTED,
    /* tchar only */
    ['#'] = CHAR_TOKEN | CHAR_QUOTED,
    ['%'] = CHAR_TOKEN | CHAR_QUOTED,
    ['^'] = CHAR_TOKEN | CHAR_QUOTED,
    ['`'] = CHAR_TOKEN | CHAR_QUOTED,
    ['|'] = CHAR_TOKEN | CHAR_QUOTED,
    /* in quoted strings only */
    ['\t'] = CHAR_QUOTED,
    [' '] = CHAR_QUOTED,
    ['['] = CHAR_QUOTED,
    [']'] = CHAR_QUOTED,
    ['{'] = CHAR_QUOTED,
    ['}'] = CHAR_QUOTED,
    ['<'] = CHAR_QUOTED,
    ['>'] = CHAR_QUOTED,
    [0x80 ... 0xff] = CHAR_QUOTED,
};

static inline bool is_control(char c) {
    return ((uint8_t)c < 0x20 && c != '\t') || c == 0x7f;
}

const char *chars_find_control(const char *p, const char *end) {
#ifdef __SSE2__
    const __m128i highest_control = _mm_set1_epi8(0x1f);
    const __m128i tab = _mm_set1_epi8('\t');
    const __m128i del = _mm_set1_epi8(0x7f);
    for (; end - p >= 16; p += 16) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)p);
        __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(bytes, highest_control), bytes);
        __m128i hit =
            _mm_or_si128(_mm_andnot_si128(_mm_cmpeq_epi8(bytes, tab), low), _mm_cmpeq_epi8(bytes, del));
        unsigned mask = (unsigned)_mm_movemask_epi8(hit);
        if (mask != 0)
            return p + __builtin_ctz(mask);
    }
#endif
    while (p < end && !is_control(*p))
        p++;
    return p;
}

bool chars_are_uri(struct str s, unsigned classes) {
    const char *end = s.p + s.n;
    for (const char *p = s.p; p < end; p++) {
        if (LIKELY(char_is(*p, classes)))
            continue;
        if (*p != '%' || end - p < 3 || !char_is(p[1], CHAR_HEX) || !char_is(p[2], CHAR_HEX))
            return false;
        /* RFC 3986 7.3: an encoded NUL is for those who expect it. Nobody here does. */
        if (p[1] == '0' && p[2] == '0')
            return false;
        p += 2;
    }
    return true;
}

/* "[" ( IPv6address / IPvFuture ) "]", given without the brackets. */
static bool is_ip_literal(struct str s) {
    char text[INET6_ADDRSTRLEN];
    struct in6_addr address;
    if (s.n == 0)
        return false;
    if (s.p[0] == 'v' || s.p[0] == 'V') {
        size_t i = 1;
        while (i < s.n && char_is(s.p[i], CHAR_HEX))
            i++;
        if (i == 1 || i + 1 >= s.n || s.p[i] != '.')
            return false;
        for (i++; i < s.n; i++)
            if (!char_is(s.p[i], CHAR_HOST) && s.p[i] != ':')
                return false;
        return true;
    }
    if (s.n >= sizeof(text))
        return false;
    memcpy(text, s.p, s.n);
    text[s.n] = '\0';
    return strlen(text) == s.n && inet_pton(AF_INET6, text, &address) == 1;
}

static bool is_port(struct str s) {
    unsigned port = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (!char_is(s.p[i], CHAR_DIGIT))
            return false;
        port = port * 10 + (unsigned)(s.p[i] - '0');
        if (port > 65535)
            return false;
    }
    return true;
}

bool chars_are_authority(struct str s) {
    if (s.n == 0)
        return false;
    const char *colon;
    if (s.p[0] == '[') {
        const char *close = memchr(s.p, ']', s.n);
        if (close == NULL || !is_ip_literal((struct str){s.p + 1, (size_t)(close - s.p - 1)}))
            return false;
        colon = close + 1;
        if (colon < s.p + s.n && *colon != ':')
            return false;
    } else {
        colon = memchr(s.p, ':', s.n);
        if (colon == NULL)
            colon = s.p + s.n;
        if (colon == s.p || !chars_are_uri((struct str){s.p, (size_t)(colon - s.p)}, CHAR_HOST))
            return false;
    }
    if (colon >= s.p + s.n)
        return true;
    return is_port((struct str){colon + 1, (size_t)(s.p + s.n - colon - 1)});
}

struct str chars_trim(struct str s) {
    while (s.n > 0 && (*s.p == ' ' || *s.p == '\t')) {
        s.p++;
        s.n--;
    }
    while (s.n > 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
        s.n--;
    return s;
}
