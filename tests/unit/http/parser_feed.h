/* Feeds a parser whole, or in pieces that lie elsewhere in memory each time, and keeps what came out. */
#ifndef SLIMBID_TESTS_PARSER_FEED_H
#define SLIMBID_TESTS_PARSER_FEED_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "http/http_parser.h"

static const struct http_limits feed_default_limits = {
    .request_line_bytes = 256,
    .header_bytes = 1024,
    .header_count = 16,
    .body_bytes = 4096,
    .inflated_bytes = 4096,
};

struct feed {
    struct http_parser parser;
    struct http_header headers[HTTP_MAX_HEADERS];
    char *bytes; /* the buffer that the views point into */
    size_t n;
    enum http_parse result;
};

/* Calls the parser on the first n bytes of raw until it asks for more or ends. */
static inline enum http_parse feed_step(struct feed *feed, const char *raw, size_t n) {
    char *moved = malloc(n + 1);
    assert_non_null(moved);
    if (feed->n > 0)
        memcpy(moved, feed->bytes, feed->n); /* what was fed may have been joined: it moves as it is */
    memcpy(moved + feed->n, raw + feed->n, n - feed->n);
    free(feed->bytes);
    feed->bytes = moved;
    feed->n = n;
    do
        feed->result = http_parser_feed(&feed->parser, feed->bytes, n);
    while (feed->result == HTTP_PARSE_HEAD);
    return feed->result;
}

static inline void feed_begin(struct feed *feed, const struct http_limits *limits) {
    memset(feed, 0, sizeof *feed);
    http_parser_init(&feed->parser, limits, feed->headers);
}

static inline void feed_end(struct feed *feed) {
    free(feed->bytes);
    feed->bytes = NULL;
}

/* The status that a request ends with: 200 accepted, 0 unfinished, else the refusal's. */
static inline int feed_status(const struct feed *feed) {
    if (feed->result == HTTP_PARSE_ERROR)
        return feed->parser.error_status;
    return feed->result == HTTP_PARSE_DONE ? 200 : 0;
}

#endif
