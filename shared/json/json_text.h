/* What RFC 3629 and RFC 8259 section 8 ask of the characters of a JSON text. */
#ifndef SLIMBID_JSON_TEXT_H
#define SLIMBID_JSON_TEXT_H

#include <stddef.h>

#include "base/str.h"
#include "base/utf8.h"

#define JSON_TEXT_GOOD UTF8_GOOD

/*
 * A walk from mistake to mistake. Each of the two kinds has its own next place, so that all mistakes of a
 * text together cost one pass over it, however many they are.
 */
struct json_text_scan {
    size_t bad_at;             /* the next mistake; JSON_TEXT_GOOD when there is none */
    const char *why;           /* what is wrong there, in static text */
    size_t escape_at, utf8_at; /* private: the next of each kind */
    const char *escape_why;
};

/*
 * Finds the first byte that is no UTF-8 (overlong forms, surrogates and what lies above U+10FFFF included),
 * or the first escape that stands for no character or for U+0000. Escapes of bad form are left to the parser.
 */
void json_text_scan_begin(struct json_text_scan *scan, struct str text);
/* The first mistake at or after `from`, which must not lie inside a character or an escape. */
void json_text_scan_from(struct json_text_scan *scan, struct str text, size_t from);

#endif
