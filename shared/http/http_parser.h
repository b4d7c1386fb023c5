/*
 * HTTP/1.1 request parser: strict RFC 9110 / RFC 9112, incremental, nothing copied.
 *
 * It is fed a growing contiguous buffer and remembers where it stopped, so no byte is looked at
 * twice. What two parsers could read differently (bare LF, obs-fold, repeated or signed
 * Content-Length, Content-Length beside Transfer-Encoding, ...) is an error, never a guess.
 * A chunked body is joined in place, so that the body is always one view into the buffer. A body that is
 * streamed is handed out in pieces instead, each of them one view, and leaves the buffer piece by piece.
 */
#ifndef SLIMBID_HTTP_PARSER_H
#define SLIMBID_HTTP_PARSER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"
#include "base/str.h"

#define HTTP_MAX_HEADERS 64 /* the largest value that http_limits.header_count may have */

enum http_method {
    HTTP_GET,
    HTTP_HEAD,
    HTTP_POST,
    HTTP_OPTIONS,
    HTTP_OTHER, /* any other token: the router answers 405 or 501 */
};

struct http_header {
    struct str name;
    struct str value; /* without the white space around it */
};

/* One request. Views point into the buffer that was parsed. */
struct http_request {
    enum http_method method;
    struct str method_name;
    struct str target;      /* as sent */
    struct str path;        /* the target up to '?', of origin-form and absolute-form */
    struct str query;       /* after '?', or absent */
    struct str host;        /* the Host header: uri-host [ ":" port ]; absent in HTTP/1.0 without one */
    unsigned minor_version; /* HTTP/1.x */
    struct http_header *headers;
    size_t header_count;
    bool keep_alive;
    bool expect_continue;
    struct str content_type; /* the headers below are absent when not sent */
    struct str accept_encoding;
    struct str content_encoding;
    struct str body; /* whole, chunks joined, inflated when it came as gzip */
};

/* The first header of that name (any case), or an absent view. */
struct str http_request_header(const struct http_request *request, struct str name);

/* All bounds are inclusive and finite. */
struct http_limits {
    size_t request_line_bytes;
    size_t header_bytes; /* request line excluded, all headers together */
    size_t header_count;
    size_t body_bytes;     /* as sent, chunk framing excluded */
    size_t inflated_bytes; /* after gzip */
};

struct http_parser {
    const struct http_limits *limits;
    struct http_header *headers; /* the caller's array of limits->header_count */
    struct http_request request;
    int error_status;
    const char *error_reason; /* a literal */
    int state;                /* private from here on */
    const char *base;         /* the buffer of the last call: what the views are relative to */
    struct str authority;     /* of an absolute-form target */
    size_t at;                /* offset of the next byte to look at */
    size_t line_start;
    size_t section_start; /* of the headers, later of the trailers */
    size_t field_count;   /* headers and trailers */
    size_t body_start;
    size_t body_limit;    /* limits->body_bytes, or what the caller has set since */
    size_t body_bytes;    /* joined so far and not dropped */
    size_t body_dropped;  /* of a streamed body */
    size_t body_wanted;   /* Content-Length, or what is still to come of it or of the chunk being read */
    size_t framing_bytes; /* of the chunks so far: all that is not body */
    bool streamed;
    unsigned seen; /* headers that may come once only, and what Connection said */
};

/* What a chunked body may spend on framing: a line's size and extension, and all lines together
 * beyond as many bytes as the body has. */
#define HTTP_CHUNK_LINE_BYTES     256
#define HTTP_CHUNK_FRAMING_SPARED 16384

enum http_parse {
    HTTP_PARSE_MORE,  /* feed more bytes */
    HTTP_PARSE_HEAD,  /* the head is complete (request is filled but for the body); call again to go on */
    HTTP_PARSE_PIECE, /* of a streamed body: request.body is its next piece, until it is dropped */
    HTTP_PARSE_DONE,  /* whole request; http_parser_consumed() bytes belong to it */
    HTTP_PARSE_ERROR, /* answer error_status (4xx or 5xx, reason in error_reason) and close */
};

/* Ready for a request that starts at the buffer's first byte. */
void http_parser_init(struct http_parser *parser, const struct http_limits *limits,
                      struct http_header *headers);

/*
 * p[0..n) is the whole request so far, n never shrinks between calls; p may move between calls
 * (views are made relative until HEAD and rebased on each call). Chunk framing is overwritten.
 */
enum http_parse http_parser_feed(struct http_parser *parser, char *p, size_t n) CHECK_RESULT;

/*
 * Closes the gap that removed chunk framing left before the bytes not yet looked at, and returns the
 * new n; so a chunked body of any framing fits a buffer of head + body + one chunk line.
 */
size_t http_parser_compact(struct http_parser *parser, char *p, size_t n);

/*
 * After HTTP_PARSE_HEAD and before the next feed: another limit for this body. http_parser_fits() says
 * whether a Content-Length is within it; when it is not, the next feed is the error 413.
 */
void http_parser_limit_body(struct http_parser *parser, size_t body_bytes);
bool http_parser_fits(const struct http_parser *parser);
/* Whether the head says that there is no body. */
bool http_parser_empty(const struct http_parser *parser);

/*
 * The same, and the body comes in pieces: http_parser_feed() returns HTTP_PARSE_PIECE for whatever there is
 * of it, and again until http_parser_drop_piece() has taken it out of the buffer, whose new n that returns.
 * At HTTP_PARSE_DONE the body is empty. Errors behind a piece may come before it.
 */
void http_parser_stream_body(struct http_parser *parser, size_t body_bytes);
size_t http_parser_drop_piece(struct http_parser *parser, char *p, size_t n);

/* Bytes of the buffer that the finished request took. */
size_t http_parser_consumed(const struct http_parser *parser);
/* Bytes the buffer must be able to hold for the body to be read whole; 0 when not known (chunked) or not
 * needed (streamed). */
size_t http_parser_wanted(const struct http_parser *parser);

#endif
