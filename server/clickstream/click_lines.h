/*
 * NDJSON as it comes in pieces: whole lines out, what is left of one kept. A line that is longer than an
 * event may be is thrown away as it comes and told once, at its end.
 */
#ifndef SLIMBID_CLICKSTREAM_CLICK_LINES_H
#define SLIMBID_CLICKSTREAM_CLICK_LINES_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/str.h"

struct budget;

struct click_lines {
    struct buf pending; /* bytes not yet taken, from `at` on */
    size_t at, scanned; /* up to `scanned` there is no end of a line */
    size_t line_bytes;  /* of the longest line */
    bool skipping;      /* what comes belongs to a line that is too long */
    bool ended;         /* what is left is the last line */
};

/* Takes pieces of at most piece_bytes, the next one when click_lines_next() has none left. budget may be
 * NULL. */
void click_lines_init(struct click_lines *lines, size_t line_bytes, size_t piece_bytes,
                      struct budget *budget);
void click_lines_cleanup(struct click_lines *lines);

/* False when there is no memory. */
bool click_lines_add(struct click_lines *lines, struct str piece) CHECK_RESULT;
void click_lines_end(struct click_lines *lines);

enum click_line { CLICK_LINE_NONE, CLICK_LINE_EVENT, CLICK_LINE_TOO_LONG };

/* The next line that is not blank; it is valid until the next call of any of these. */
enum click_line click_lines_next(struct click_lines *lines, struct str *line);
/* Whether nothing is left, not so much as a part of a line. */
bool click_lines_empty(const struct click_lines *lines);

#endif
