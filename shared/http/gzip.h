/*
 * gzip in and out, with bounds: the one module that knows zlib. One of each per event loop; the
 * states are made on first use and reused, so that a message costs no allocation.
 */
#ifndef SLIMBID_HTTP_GZIP_H
#define SLIMBID_HTTP_GZIP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/macros.h"
#include "base/str.h"

struct gzip;

struct gzip *gzip_create(void) CHECK_RESULT;
void gzip_destroy(struct gzip *gzip);

enum gzip_result {
    GZIP_OK,
    GZIP_BAD /* not gzip, or cut, or trailing bytes */,
    GZIP_TOO_LARGE,
    GZIP_NO_MEMORY
};

/* Appends the inflated bytes of one gzip member to out; GZIP_TOO_LARGE when out's cap stops it. */
enum gzip_result gzip_inflate(struct gzip *gzip, struct str in, struct buf *out) CHECK_RESULT;
/* Appends in as one gzip member to out. level 1 to 9. */
enum gzip_result gzip_deflate(struct gzip *gzip, struct str in, int level, struct buf *out) CHECK_RESULT;

/* One gzip member that comes in pieces. What it takes: zlib's state and window (zconf.h). */
#define GZIP_STREAM_BYTES (7u * 1024 + 32768 + 256)
struct gzip_stream;

struct gzip_stream *gzip_stream_create(void) CHECK_RESULT;
void gzip_stream_destroy(struct gzip_stream *stream);
/*
 * Inflates from *in, moving it on, into out, which has room for `room` bytes; *made of them are written. Call
 * it again while it has made as many as there was room for, or *in has bytes. GZIP_BAD: no gzip, or bytes
 * behind its end.
 */
enum gzip_result gzip_stream_inflate(struct gzip_stream *stream, struct str *in, char *out, size_t room,
                                     size_t *made) CHECK_RESULT;
/* Whether nothing is missing: the member has ended, or nothing of it has come. */
bool gzip_stream_whole(const struct gzip_stream *stream);

/* Whether an Accept-Encoding value takes gzip (RFC 9110, 12.5.3: q=0 and * included). */
bool gzip_accepted(struct str accept_encoding);

#endif
