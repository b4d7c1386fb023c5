/* What RFC 3629 and RFC 8259 section 8 ask of a JSON text and yajl does not check. */
#ifndef SLIMBID_JSON_TEXT_H
#define SLIMBID_JSON_TEXT_H

#include <stddef.h>

#include "base/str.h"

#define JSON_TEXT_GOOD ((size_t)-1)

/*
 * The offset of the first byte at or after `from` that is no UTF-8 (overlong forms, surrogates and
 * what lies above U+10FFFF included), or of an escape that stands for no character or for U+0000;
 * *why then says what is wrong, in static text. JSON_TEXT_GOOD when there is none. `from` must not lie
 * inside a character or an escape. Escapes of bad form are left to the parser.
 */
size_t json_text_scan(struct str text, size_t from, const char **why);

#endif
