/* gzip on zlib; see gzip.h. */
#include "http/gzip.h"

#include <limits.h>
#include <stdlib.h>

#include <zlib.h>

#include "http/http_chars.h"

enum {
    GZIP_WINDOW_BITS = 15 + 16, /* +16: the gzip format and no other */
    GZIP_MEMORY_LEVEL = 8,      /* deflate's state takes 268 KB with it, inflate's 44 KB */
    GZIP_FIRST_BYTES = 4096,
};

struct gzip {
    z_stream in;
    z_stream out;
    bool in_ready;
    bool out_ready;
    int level; /* that `out` is set to */
};

struct gzip *gzip_create(void) {
    return calloc(1, sizeof(struct gzip));
}

void gzip_destroy(struct gzip *gzip) {
    if (gzip == NULL)
        return;
    if (gzip->in_ready)
        inflateEnd(&gzip->in);
    if (gzip->out_ready)
        deflateEnd(&gzip->out);
    free(gzip);
}

static bool inflate_ready(struct gzip *gzip) {
    if (gzip->in_ready)
        return inflateReset(&gzip->in) == Z_OK;
    gzip->in_ready = inflateInit2(&gzip->in, GZIP_WINDOW_BITS) == Z_OK;
    return gzip->in_ready;
}

static bool deflate_ready(struct gzip *gzip, int level) {
    if (gzip->out_ready && gzip->level != level) {
        deflateEnd(&gzip->out);
        gzip->out_ready = false;
    }
    if (gzip->out_ready)
        return deflateReset(&gzip->out) == Z_OK;
    gzip->level = level;
    gzip->out_ready = deflateInit2(&gzip->out, level, Z_DEFLATED, GZIP_WINDOW_BITS, GZIP_MEMORY_LEVEL,
                                   Z_DEFAULT_STRATEGY) == Z_OK;
    return gzip->out_ready;
}

/* Makes room for more output: as much again as there is, within the cap. False when the cap is reached. */
static bool more_room(struct buf *out, size_t first) {
    size_t left = out->cap - out->n;
    size_t want = out->n > first ? out->n : first;
    return left > 0 && buf_reserve(out, want < left ? want : left);
}

static unsigned at_most_uint(size_t n) {
    return n < UINT_MAX ? (unsigned)n : UINT_MAX;
}

enum gzip_result gzip_inflate(struct gzip *gzip, struct str in, struct buf *out) {
    if (in.n > UINT_MAX || !inflate_ready(gzip))
        return in.n > UINT_MAX ? GZIP_TOO_LARGE : GZIP_NO_MEMORY;
    z_stream *z = &gzip->in;
    unsigned char beyond; /* where the first byte past the cap would go */
    z->next_in = (unsigned char *)in.p;
    z->avail_in = (unsigned)in.n;
    for (;;) {
        bool full = out->n == out->cap;
        if (!full && out->room == out->n &&
            !more_room(out, in.n < GZIP_FIRST_BYTES ? GZIP_FIRST_BYTES : in.n * 2))
            return GZIP_NO_MEMORY;
        size_t room = out->room < out->cap ? out->room - out->n : out->cap - out->n;
        unsigned given = full ? 1 : at_most_uint(room);
        z->next_out = full ? &beyond : (unsigned char *)out->p + out->n;
        z->avail_out = given;
        int status = inflate(z, Z_NO_FLUSH);
        unsigned made = given - z->avail_out;
        if (full && made > 0)
            return GZIP_TOO_LARGE;
        out->n += made;
        if (status == Z_STREAM_END)
            return z->avail_in == 0 ? GZIP_OK : GZIP_BAD;
        if (status == Z_MEM_ERROR)
            return GZIP_NO_MEMORY;
        /* Room left over without an end: the input was cut. */
        if (status != Z_OK || z->avail_out > 0)
            return GZIP_BAD;
    }
}

/* ---- in pieces ---- */

struct gzip_stream {
    z_stream z;
    bool begun;
    bool ended;
};

struct gzip_stream *gzip_stream_create(void) {
    struct gzip_stream *stream = calloc(1, sizeof *stream);
    if (stream != NULL && inflateInit2(&stream->z, GZIP_WINDOW_BITS) != Z_OK) {
        free(stream);
        return NULL;
    }
    return stream;
}

void gzip_stream_destroy(struct gzip_stream *stream) {
    if (stream == NULL)
        return;
    inflateEnd(&stream->z);
    free(stream);
}

bool gzip_stream_whole(const struct gzip_stream *stream) {
    return stream->ended || !stream->begun;
}

enum gzip_result gzip_stream_inflate(struct gzip_stream *stream, struct str *in, char *out, size_t room,
                                     size_t *made) {
    z_stream *z = &stream->z;
    *made = 0;
    if (stream->ended)
        return in->n > 0 ? GZIP_BAD : GZIP_OK;
    stream->begun = stream->begun || in->n > 0;
    unsigned given = at_most_uint(in->n), space = at_most_uint(room);
    z->next_in = (unsigned char *)in->p;
    z->avail_in = given;
    z->next_out = (unsigned char *)out;
    z->avail_out = space;
    int status = inflate(z, Z_NO_FLUSH);
    *made = space - z->avail_out;
    *in = (struct str){in->p + (given - z->avail_in), in->n - (given - z->avail_in)};
    if (status == Z_STREAM_END) {
        stream->ended = true;
        return in->n > 0 ? GZIP_BAD : GZIP_OK;
    }
    if (status == Z_MEM_ERROR)
        return GZIP_NO_MEMORY;
    return status == Z_OK || status == Z_BUF_ERROR ? GZIP_OK : GZIP_BAD;
}

enum gzip_result gzip_deflate(struct gzip *gzip, struct str in, int level, struct buf *out) {
    if (in.n > UINT_MAX || !deflate_ready(gzip, level))
        return in.n > UINT_MAX ? GZIP_TOO_LARGE : GZIP_NO_MEMORY;
    z_stream *z = &gzip->out;
    size_t bound = deflateBound(z, (unsigned long)in.n);
    if (!buf_reserve(out, bound))
        return bound > out->cap - out->n ? GZIP_TOO_LARGE : GZIP_NO_MEMORY;
    z->next_in = (unsigned char *)in.p;
    z->avail_in = (unsigned)in.n;
    z->next_out = (unsigned char *)out->p + out->n;
    z->avail_out = at_most_uint(out->room - out->n);
    if (deflate(z, Z_FINISH) != Z_STREAM_END)
        return GZIP_NO_MEMORY;
    out->n += z->total_out;
    return GZIP_OK;
}

/* weight = OWS ";" OWS "q=" qvalue, given from the ';' on; true when it is above zero. No weight is 1. */
static bool weight_above_zero(struct str s) {
    s = chars_trim(s);
    if (s.n == 0)
        return true;
    if (s.p[0] != ';')
        return false;
    s = chars_trim((struct str){s.p + 1, s.n - 1});
    if (s.n < 3 || (s.p[0] | 0x20) != 'q' || s.p[1] != '=')
        return false;
    for (size_t i = 2; i < s.n; i++)
        if (s.p[i] >= '1' && s.p[i] <= '9')
            return true;
    return false;
}

bool gzip_accepted(struct str accept_encoding) {
    bool any = false;
    const char *end = accept_encoding.p + accept_encoding.n;
    for (const char *p = accept_encoding.p; p != NULL && p < end;) {
        const char *comma = memchr(p, ',', (size_t)(end - p));
        const char *stop = comma != NULL ? comma : end;
        struct str element = chars_trim((struct str){p, (size_t)(stop - p)});
        size_t n = 0;
        while (n < element.n && char_is(element.p[n], CHAR_TOKEN))
            n++;
        struct str name = {element.p, n};
        bool wanted = weight_above_zero((struct str){element.p + n, element.n - n});
        if (str_ieq(name, STR("gzip")) || str_ieq(name, STR("x-gzip")))
            return wanted;
        if (str_eq(name, STR("*")))
            any = wanted;
        p = comma != NULL ? comma + 1 : end;
    }
    return any;
}
