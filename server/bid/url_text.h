/* Text on its way into a URL, and bytes as Base64 text. */
#ifndef SLIMBID_BID_URL_TEXT_H
#define SLIMBID_BID_URL_TEXT_H

#include <stdbool.h>

#include "base/buf.h"

/* Of RFC 3986 section 2.3: what a URL may hold anywhere. */
bool url_text_unreserved(char c);
/* "%2F" of '/'. */
void url_text_add_percent(struct buf *out, char c);
/* All but the unreserved become percent signs. */
void url_text_add_encoded(struct buf *out, struct str s);
/* RFC 4648 section 4, padded. in_url: a + becomes %2B, since a form decoder reads a bare one as a space. */
void url_text_add_base64(struct buf *out, struct str s, bool in_url);

#endif
