/*
 * Reading in JSON text that a parser has already accepted: one member of an object, one string.
 *
 * For what openrtb keeps as text only (bid.ext, bid.bundle, imp.qty). Nothing is allocated. On text that
 * is no JSON the answers are wrong but nothing is read outside it.
 */
#ifndef SLIMBID_BID_RAW_JSON_H
#define SLIMBID_BID_RAW_JSON_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/str.h"

/* One member of an object, all of it views of the object's text. */
struct raw_json_member {
    struct str text; /* "key" : value */
    struct str key;  /* with its quotes, not unescaped */
    struct str value;
};

/* Walks the members of an object: set text to the object's and at to 0. */
struct raw_json_walk {
    struct str text;
    size_t at;
};

/* The next member; false at the end, or when text is no object. */
bool raw_json_next(struct raw_json_walk *walk, struct raw_json_member *member);
/* The value of the first member of that key; p == NULL when there is none. */
struct str raw_json_find(struct str object, struct str key);
/* Whether text is a JSON string that stands for the bytes of plain, escapes undone. */
bool raw_json_is(struct str text, struct str plain);
/* Appends what the inside of a JSON string stands for. */
void raw_json_unescape(struct str inside, struct buf *out);

#endif
