/* Whether bytes are well-formed UTF-8 (RFC 3629 section 4: no overlong forms, no surrogates). */
#ifndef SLIMBID_BASE_UTF8_H
#define SLIMBID_BASE_UTF8_H

#include "base/str.h"

#define UTF8_GOOD ((size_t)-1)

/* The place of the first byte, from `from` on, where no character stands; UTF8_GOOD when there is none. */
size_t utf8_first_bad(struct str s, size_t from);

#endif
