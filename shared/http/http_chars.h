/* Character classes of RFC 9110 and RFC 3986, one bit each in one table. Private to shared/http. */
#ifndef SLIMBID_HTTP_CHARS_H
#define SLIMBID_HTTP_CHARS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

enum {
    CHAR_TOKEN = 1,  /* tchar, RFC 9110 5.6.2 */
    CHAR_PATH = 2,   /* pchar without '%', and '/'; RFC 3986 3.3 */
    CHAR_QUERY = 4,  /* the same and '?'; RFC 3986 3.4 */
    CHAR_HOST = 8,   /* reg-name without '%' and ','; RFC 3986 3.2.2 */
    CHAR_DIGIT = 16, /* DIGIT */
    CHAR_HEX = 32,   /* HEXDIG */
    CHAR_QUOTED = 64 /* qdtext, RFC 9110 5.6.4 */
};

extern const uint8_t http_chars[256];

static inline bool char_is(char c, unsigned classes) {
    return (http_chars[(uint8_t)c] & classes) != 0;
}

/* The value of a HEXDIG. */
static inline unsigned char_hex_value(char c) {
    return c <= '9' ? (unsigned)(c - '0') : (unsigned)((c | 0x20) - 'a' + 10);
}

/* The first byte of [p, end) that no line may hold: a control other than HTAB, or DEL; end when there is
 * none. */
const char *chars_find_control(const char *p, const char *end);

/* Whether every byte is of the classes, or part of a valid %XX other than %00. */
bool chars_are_uri(struct str s, unsigned classes);
/* uri-host [ ":" port ] with a host that is not empty and no comma; RFC 9110 7.2, RFC 3986 3.2. */
bool chars_are_authority(struct str s);
/* s without the SP and HTAB around it. */
struct str chars_trim(struct str s);

#endif
