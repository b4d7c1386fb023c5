/* A growing byte buffer with a cap; see buf.h. */
#include "base/buf.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define BUF_FIRST_BYTES 256

void buf_init(struct buf *buf, size_t cap) {
    *buf = (struct buf){.cap = cap};
}

void buf_charge_to(struct buf *buf, struct budget *budget, size_t spared) {
    buf->budget = budget;
    buf->spared = spared;
}

static size_t beyond(size_t room, size_t spared) {
    return room > spared ? room - spared : 0;
}

size_t buf_charged(const struct buf *buf) {
    return buf->budget ? beyond(buf->room, buf->spared) : 0;
}

static void give_back(struct buf *buf) {
    budget_return(buf->budget, buf_charged(buf));
    free(buf->p);
    buf->p = NULL;
    buf->room = 0;
}

void buf_cleanup(struct buf *buf) {
    give_back(buf);
    *buf = (struct buf){.cap = buf->cap, .budget = buf->budget, .spared = buf->spared};
}

void buf_clear(struct buf *buf, size_t keep_bytes) {
    if (buf->room > keep_bytes)
        give_back(buf);
    buf->n = 0;
    buf->failed = buf->starved = false;
}

static bool buf_grow(struct buf *buf, size_t n) {
    if (buf->failed)
        return false;
    if (n > buf->cap - buf->n) {
        buf->failed = true;
        return false;
    }
    size_t wanted = buf->n + n;
    size_t room = buf->room ? buf->room : BUF_FIRST_BYTES;
    while (room < wanted)
        room *= 2;
    if (room > buf->cap)
        room = buf->cap;
    uint64_t more = beyond(room, buf->spared) - beyond(buf->room, buf->spared);
    if (!budget_charge(buf->budget, more)) {
        buf->failed = buf->starved = true;
        return false;
    }
    char *p = realloc(buf->p, room);
    if (!p) {
        budget_return(buf->budget, more);
        buf->failed = buf->starved = true;
        return false;
    }
    buf->p = p;
    buf->room = room;
    return true;
}

bool buf_reserve(struct buf *buf, size_t n) {
    if (LIKELY(!buf->failed && n <= buf->room - buf->n))
        return true;
    return buf_grow(buf, n);
}

void buf_add(struct buf *buf, const void *p, size_t n) {
    if (n == 0 || !buf_reserve(buf, n))
        return;
    memcpy(buf->p + buf->n, p, n);
    buf->n += n;
}

void buf_add_char(struct buf *buf, char c) {
    if (buf_reserve(buf, 1))
        buf->p[buf->n++] = c;
}

void buf_add_uint(struct buf *buf, uint64_t v) {
    char digits[20];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + v % 10);
        v /= 10;
    } while (v);
    buf_add(buf, digits + at, sizeof digits - at);
}

void buf_add_int(struct buf *buf, int64_t v) {
    if (v < 0) {
        buf_add_char(buf, '-');
        buf_add_uint(buf, (uint64_t)0 - (uint64_t)v);
    } else {
        buf_add_uint(buf, (uint64_t)v);
    }
}

/* Prices have few decimals: v * 10^k is tried as a whole number before the general way. */
static bool add_short_decimal(struct buf *buf, double v) {
    static const double powers[] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6};
    double magnitude = fabs(v);
    if (magnitude >= 1e9)
        return false;
    for (size_t k = 0; k < COUNT_OF(powers); k++) {
        double scaled = nearbyint(magnitude * powers[k]);
        if (scaled / powers[k] != magnitude)
            continue;
        uint64_t whole = (uint64_t)scaled;
        uint64_t unit = (uint64_t)powers[k];
        if (signbit(v) && whole)
            buf_add_char(buf, '-');
        buf_add_uint(buf, whole / unit);
        if (k) {
            char fraction[8];
            uint64_t rest = whole % unit;
            for (size_t i = k; i-- > 0; rest /= 10)
                fraction[i] = (char)('0' + rest % 10);
            buf_add_char(buf, '.');
            buf_add(buf, fraction, k);
        }
        return true;
    }
    return false;
}

/* Drops the zeros that end a fraction. */
static size_t without_zeros(const char *text) {
    size_t n = strlen(text);
    if (!strchr(text, '.') || strchr(text, 'e'))
        return n;
    while (text[n - 1] == '0')
        n--;
    return text[n - 1] == '.' ? n - 1 : n;
}

void buf_add_double(struct buf *buf, double v) {
    if (add_short_decimal(buf, v))
        return;
    char text[48];
    int digits = 15;
    while (digits < 17 && (snprintf(text, sizeof text, "%.*g", digits, v), strtod(text, NULL) != v))
        digits++;
    double magnitude = fabs(v);
    if (magnitude >= 1e-6 && magnitude < 1e15) {
        /* The same digits without an exponent: %.*f counts from the point, %.*g from the first digit. */
        int before_point = (int)floor(log10(magnitude)) + 1;
        do {
            int decimals = digits - before_point;
            snprintf(text, sizeof text, "%.*f", decimals > 0 ? decimals : 0, v);
        } while (strtod(text, NULL) != v && digits++ < 18);
    } else {
        snprintf(text, sizeof text, "%.*g", digits, v);
    }
    buf_add(buf, text, without_zeros(text));
}

void buf_printf(struct buf *buf, const char *format, ...) {
    va_list args;
    va_start(args, format);
    char small[256];
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(small, sizeof small, format, args);
    if (n < 0) {
        buf->failed = true;
    } else if ((size_t)n < sizeof small) {
        buf_add(buf, small, (size_t)n);
    } else if (buf_reserve(buf, (size_t)n + 1)) {
        vsnprintf(buf->p + buf->n, (size_t)n + 1, format, again);
        buf->n += (size_t)n;
    }
    va_end(again);
    va_end(args);
}

void buf_add_json_escaped(struct buf *buf, struct str s) {
    static const char hex[] = "0123456789abcdef";
    size_t from = 0;
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (LIKELY(c >= 0x20 && c != '"' && c != '\\'))
            continue;
        buf_add(buf, s.p + from, i - from);
        from = i + 1;
        char escape[6] = {'\\', (char)c};
        size_t n = 2;
        switch (c) {
        case '\n':
            escape[1] = 'n';
            break;
        case '\r':
            escape[1] = 'r';
            break;
        case '\t':
            escape[1] = 't';
            break;
        case '"':
        case '\\':
            break;
        default:
            memcpy(escape + 1, "u00", 3);
            escape[4] = hex[c >> 4];
            escape[5] = hex[c & 15];
            n = 6;
        }
        buf_add(buf, escape, n);
    }
    buf_add(buf, s.p + from, s.n - from);
}

void buf_add_json_string(struct buf *buf, struct str s) {
    buf_add_char(buf, '"');
    buf_add_json_escaped(buf, s);
    buf_add_char(buf, '"');
}
