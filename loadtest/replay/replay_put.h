/* Small writers of JSON members: each puts the comma that it needs before itself. */
#ifndef SLIMBID_LOADTEST_REPLAY_PUT_H
#define SLIMBID_LOADTEST_REPLAY_PUT_H

#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

/* "key": or, with key NULL, the place of the next array item. Keys hold nothing to escape. */
void put_key(struct buf *out, const char *key);
/* "key":{ or "key":[ */
void put_open(struct buf *out, const char *key, char bracket);
void put_close(struct buf *out, char bracket);
/* Nothing when the text is absent. Bytes that are not UTF-8 become U+FFFD. */
void put_text(struct buf *out, const char *key, struct str text);
void put_int(struct buf *out, const char *key, int64_t v);
void put_double(struct buf *out, const char *key, double v);

#endif
