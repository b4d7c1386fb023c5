/*
 * The body of an answer as its sender meant it: out of its chunks, then out of its gzip.
 *
 * libcurl follows the chunks only to find the end (CURLOPT_HTTP_TRANSFER_DECODING is off) and hands us every
 * byte, so that extensions and trailers count against the cap on the answer too. Were they decoded there, a
 * partner that sends a chunk extension without end would keep libcurl 7.88 reading inside one call of ours.
 */
#include "outbound/outbound_internal.h"

#include <string.h>

/* ---- chunks (RFC 9112, 7.1) ---- */

/* The value of the chunk-size line that begins at *p, which is moved behind it; SIZE_MAX when it is none. */
static size_t chunk_size(const char **p, const char *end) {
    const char *line_end = memchr(*p, '\n', (size_t)(end - *p));
    size_t size = 0;
    size_t digits = 0;
    for (const char *c = *p; line_end && c < line_end; c++, digits++) {
        char lower = (char)(*c | 0x20);
        if (*c >= '0' && *c <= '9')
            size = size * 16 + (size_t)(*c - '0');
        else if (lower >= 'a' && lower <= 'f')
            size = size * 16 + (size_t)(lower - 'a') + 10;
        else
            break;
    }
    if (digits == 0 || digits > 16)
        return SIZE_MAX;
    *p = line_end + 1;
    return size;
}

/* Moves the chunks of answer together; false when they are not what libcurl found them to be. */
static bool chunks_join(struct buf *answer) {
    const char *p = answer->p;
    const char *end = p + answer->n;
    size_t n = 0;
    for (;;) {
        size_t size = chunk_size(&p, end);
        if (size == 0)
            break;
        if (size > (size_t)(end - p))
            return false;
        memmove(answer->p + n, p, size);
        n += size;
        p += size;
        p += p < end && *p == '\r';
        if (p == end || *p++ != '\n')
            return false;
    }
    answer->n = n;
    return true;
}

/* ---- codings ---- */

enum coding { CODING_NONE, CODING_CHUNKED, CODING_GZIP, CODING_OTHER };

/* The one coding that the header names. */
static enum coding coding_of(const struct outbound_call *call, const char *name) {
    struct curl_header *header = NULL;
    CURLHcode code = curl_easy_header(call->easy, name, 0, CURLH_HEADER, -1, &header);
    if (code == CURLHE_MISSING || code == CURLHE_NOHEADERS)
        return CODING_NONE;
    if (code != CURLHE_OK || header->amount > 1)
        return CODING_OTHER;
    struct str value = str_from(header->value);
    if (str_ieq(value, STR("identity")))
        return CODING_NONE;
    if (str_ieq(value, STR("chunked")))
        return CODING_CHUNKED;
    return str_ieq(value, STR("gzip")) || str_ieq(value, STR("x-gzip")) ? CODING_GZIP : CODING_OTHER;
}

static enum outbound_outcome inflate(struct outbound_target *target, struct str *body) {
    buf_clear(&target->inflated, OUTBOUND_KEEP_BYTES);
    switch (gzip_inflate(target->outbound->gzip, *body, &target->inflated)) {
    case GZIP_OK:
        *body = buf_view(&target->inflated);
        return OUTBOUND_ANSWERED;
    case GZIP_BAD:
        return OUTBOUND_BAD_ENCODING;
    case GZIP_TOO_LARGE:
        return OUTBOUND_TOO_LARGE;
    case GZIP_NO_MEMORY:
        return OUTBOUND_NO_MEMORY;
    }
    return OUTBOUND_BAD_ENCODING;
}

enum outbound_outcome outbound_answer_read(struct outbound_call *call, struct str *body) {
    struct outbound_target *target = call->target;
    if (call->answer.n > 0) {
        enum coding transfer = coding_of(call, "Transfer-Encoding");
        if (transfer != CODING_NONE && transfer != CODING_CHUNKED)
            return OUTBOUND_BAD_ENCODING;
        if (transfer == CODING_CHUNKED && !chunks_join(&call->answer))
            return OUTBOUND_BROKEN;
    }
    *body = buf_view(&call->answer);
    if (body->n == 0)
        return OUTBOUND_ANSWERED;
    enum coding content = coding_of(call, "Content-Encoding");
    if (content == CODING_NONE)
        return OUTBOUND_ANSWERED;
    if (content != CODING_GZIP || !target->options.gzip_answer)
        return OUTBOUND_BAD_ENCODING;
    return inflate(target, body);
}
