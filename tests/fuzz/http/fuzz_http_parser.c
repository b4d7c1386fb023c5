/*
 * Feeds the parser the same bytes whole and in pieces of random lengths, moved and compacted between them:
 * the outcome must be the same, and each view must lie in the buffer. A third time the body is streamed: its
 * pieces together are the body. The first two bytes seed the cuts.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/prng.h"
#include "http/http_parser.h"

static const struct http_limits limits = {.request_line_bytes = 128,
                                          .header_bytes = 512,
                                          .header_count = 12,
                                          .body_bytes = 2048,
                                          .inflated_bytes = 2048};

struct run {
    struct http_parser parser;
    struct http_header headers[HTTP_MAX_HEADERS];
    char *buffer;
    size_t used;
    size_t removed; /* by compaction */
    enum http_parse result;
};

static void require(bool condition) {
    if (!condition)
        abort();
}

static void check_view(const struct run *run, struct str view) {
    if (view.p == NULL)
        return;
    require(view.p >= run->buffer && view.p + view.n <= run->buffer + run->used);
}

static void check_views(const struct run *run) {
    const struct http_request *request = &run->parser.request;
    const struct str views[] = {request->method_name,
                                request->target,
                                request->path,
                                request->query,
                                request->host,
                                request->content_type,
                                request->accept_encoding,
                                request->content_encoding,
                                request->body};
    for (size_t i = 0; i < COUNT_OF(views); i++)
        check_view(run, views[i]);
    require(request->header_count <= limits.header_count);
    for (size_t i = 0; i < request->header_count; i++) {
        check_view(run, request->headers[i].name);
        check_view(run, request->headers[i].value);
    }
    require(request->body.n <= limits.body_bytes);
}

/* Adds n bytes in a buffer of exactly the right size, so that the sanitizer sees any overrun. */
static void feed(struct run *run, const uint8_t *p, size_t n, bool compact) {
    if (compact) {
        size_t before = run->used;
        run->used = http_parser_compact(&run->parser, run->buffer, run->used);
        run->removed += before - run->used;
    }
    char *moved = malloc(run->used + n + (run->used + n == 0));
    require(moved != NULL);
    if (run->used > 0)
        memcpy(moved, run->buffer, run->used);
    if (n > 0)
        memcpy(moved + run->used, p, n);
    free(run->buffer);
    run->buffer = moved;
    run->used += n;
    do
        run->result = http_parser_feed(&run->parser, run->buffer, run->used);
    while (run->result == HTTP_PARSE_HEAD);
    if (run->result != HTTP_PARSE_ERROR)
        check_views(run);
}

static void check_same(const struct run *a, const struct run *b) {
    require(a->result == b->result);
    if (a->result == HTTP_PARSE_ERROR) {
        require(a->parser.error_status == b->parser.error_status);
        require(strcmp(a->parser.error_reason, b->parser.error_reason) == 0);
    }
    if (a->result != HTTP_PARSE_DONE)
        return;
    const struct http_request *x = &a->parser.request, *y = &b->parser.request;
    require(http_parser_consumed(&a->parser) + a->removed == http_parser_consumed(&b->parser) + b->removed);
    require(x->method == y->method && x->keep_alive == y->keep_alive && x->minor_version == y->minor_version);
    require(x->expect_continue == y->expect_continue && x->header_count == y->header_count);
    require(str_eq(x->path, y->path) && str_eq(x->query, y->query) && str_eq(x->body, y->body));
    for (size_t i = 0; i < x->header_count; i++)
        require(str_eq(x->headers[i].name, y->headers[i].name) &&
                str_eq(x->headers[i].value, y->headers[i].value));
}

/* ---- the same, with a streamed body ---- */

static char streamed[4096]; /* the pieces */
static size_t streamed_n;

/* As the server does: on at the head, pieces taken out one by one. */
static void feed_streamed(struct run *run, const uint8_t *p, size_t n) {
    char *moved = malloc(run->used + n + (run->used + n == 0));
    require(moved != NULL);
    if (run->used > 0)
        memcpy(moved, run->buffer, run->used);
    memcpy(moved + run->used, p, n);
    free(run->buffer);
    run->buffer = moved;
    run->used += n;
    for (;;) {
        run->result = http_parser_feed(&run->parser, run->buffer, run->used);
        if (run->result == HTTP_PARSE_HEAD) {
            http_parser_stream_body(&run->parser, limits.body_bytes);
            continue;
        }
        if (run->result != HTTP_PARSE_PIECE)
            return;
        struct str piece = run->parser.request.body;
        check_views(run);
        require(piece.n > 0 && streamed_n + piece.n <= limits.body_bytes);
        memcpy(streamed + streamed_n, piece.p, piece.n);
        streamed_n += piece.n;
        size_t before = run->used;
        run->used = http_parser_drop_piece(&run->parser, run->buffer, run->used);
        require(run->used <= before - piece.n);
        run->removed += before - run->used - piece.n;
    }
}

static void check_streamed(const struct run *whole, struct run *cut) {
    if (cut->result == HTTP_PARSE_DONE) {
        require(whole->result == HTTP_PARSE_DONE && cut->parser.request.body.n == 0);
        require(str_eq(whole->parser.request.body, (struct str){streamed, streamed_n}));
        /* The same bytes belong to the request. */
        require(http_parser_consumed(&cut->parser) + cut->removed + streamed_n ==
                http_parser_consumed(&whole->parser));
        cut->parser.request.body = whole->parser.request.body;
        return;
    }
    require(cut->result == whole->result);
    if (cut->result == HTTP_PARSE_ERROR)
        require(cut->parser.error_status == whole->parser.error_status &&
                strcmp(cut->parser.error_reason, whole->parser.error_reason) == 0);
}

static void run_streamed(const struct run *whole, struct prng *prng, const uint8_t *data, size_t size) {
    static struct run cut;
    memset(&cut, 0, sizeof cut);
    streamed_n = 0;
    http_parser_init(&cut.parser, &limits, cut.headers);
    size_t longest = 1 + prng_next(prng) % 64;
    for (size_t at = 0; at < size && (at == 0 || cut.result == HTTP_PARSE_MORE);) {
        size_t n = 1 + prng_next(prng) % longest;
        n = n < size - at ? n : size - at;
        feed_streamed(&cut, data + at, n);
        at += n;
    }
    if (size > 0)
        check_streamed(whole, &cut);
    free(cut.buffer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct run whole, cut;
    if (size < 2)
        return 0;
    struct prng prng;
    prng_seed(&prng, (uint64_t)data[0] << 8 | data[1]);
    data += 2;
    size -= 2;
    memset(&whole, 0, sizeof whole);
    memset(&cut, 0, sizeof cut);
    http_parser_init(&whole.parser, &limits, whole.headers);
    http_parser_init(&cut.parser, &limits, cut.headers);
    feed(&whole, data, size, false);
    size_t longest = 1 + prng_next(&prng) % 64;
    for (size_t at = 0; at < size && (at == 0 || cut.result == HTTP_PARSE_MORE);) {
        size_t n = 1 + prng_next(&prng) % longest;
        n = n < size - at ? n : size - at;
        feed(&cut, data + at, n, prng_next(&prng) % 4 == 0);
        at += n;
    }
    if (size > 0)
        check_same(&whole, &cut);
    run_streamed(&whole, &prng, data, size);
    free(whole.buffer);
    free(cut.buffer);
    return 0;
}
