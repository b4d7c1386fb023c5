/* JSON put together member by member, and short lists of names for it. */
#ifndef SLIMBID_WORKER_TABLE_JSON_PUT_H
#define SLIMBID_WORKER_TABLE_JSON_PUT_H

#include "base/buf.h"
#include "generate/world.h"

#define JSON_NAMES_MOST 32

struct json_names {
    char items[JSON_NAMES_MOST][WORLD_TEXT_BYTES];
    uint32_t count;
};

/* Adds a name unless it is there or the list is full. */
void json_names_add(struct json_names *names, const char *name);

/* A comma where one is due: not behind an opening bracket. */
void json_put_comma(struct buf *buf);
/* "key": with the comma before it. */
void json_put_key(struct buf *buf, const char *key);
void json_put_text(struct buf *buf, const char *key, const char *text);
void json_put_uint(struct buf *buf, const char *key, uint64_t number);
/* With at most four decimals. */
void json_put_number(struct buf *buf, const char *key, double number);
void json_put_flag(struct buf *buf, const char *key, bool flag);
/* An array; nothing when the list is empty. */
void json_put_names(struct buf *buf, const char *key, const struct json_names *names);
/* An array of the numbers of the bits that are set; nothing when none is. */
void json_put_bits(struct buf *buf, const char *key, uint32_t bits);

#endif
