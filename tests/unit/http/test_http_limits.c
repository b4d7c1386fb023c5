/* The parser's limits, at their boundary and one beyond, and chunked bodies joined in a buffer of bounded
 * size. */
#include <stdio.h>

#include "base/buf.h"
#include "parser_feed.h"

static int status_of(const struct http_limits *limits, const char *raw, size_t n) {
    struct feed whole, bytewise;
    feed_begin(&whole, limits);
    feed_step(&whole, raw, n);
    feed_begin(&bytewise, limits);
    for (size_t i = 1; i <= n; i++)
        if (feed_step(&bytewise, raw, i) != HTTP_PARSE_MORE)
            break;
    int status = feed_status(&whole);
    assert_int_equal(feed_status(&bytewise), status);
    feed_end(&whole);
    feed_end(&bytewise);
    return status;
}

static void request_line_limit(void **state) {
    (void)state;
    char path[400], raw[600];
    for (size_t extra = 0; extra < 3; extra++) {
        /* "GET " + path + " HTTP/1.1" */
        size_t n = feed_default_limits.request_line_bytes - 4 - 9 + extra;
        memset(path, 'a', n);
        path[0] = '/';
        path[n] = '\0';
        snprintf(raw, sizeof raw, "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", path);
        assert_int_equal(status_of(&feed_default_limits, raw, strlen(raw)), extra == 0 ? 200 : 414);
        /* Refused as soon as it is too long, not when it ends. */
        snprintf(raw, sizeof raw, "GET %s HTTP/1.1", path);
        assert_int_equal(status_of(&feed_default_limits, raw, strlen(raw)), extra == 0 ? 0 : 414);
    }
}

static void header_bytes_limit(void **state) {
    (void)state;
    char value[1100], raw[1400];
    for (size_t extra = 0; extra < 3; extra++) {
        /* "Host: a\r\nX: " + value; the last line's CRLF is not charged */
        size_t n = feed_default_limits.header_bytes - 9 - 3 + extra;
        memset(value, 'v', n);
        value[n] = '\0';
        snprintf(raw, sizeof raw, "GET / HTTP/1.1\r\nHost: a\r\nX: %s\r\n\r\n", value);
        assert_int_equal(status_of(&feed_default_limits, raw, strlen(raw)), extra == 0 ? 200 : 431);
    }
    /* One more line, however short, when the limit is used up. */
    value[feed_default_limits.header_bytes - 9 - 3] = '\0';
    snprintf(raw, sizeof raw, "GET / HTTP/1.1\r\nHost: a\r\nX: %s\r\nY:\r\n\r\n", value);
    assert_int_equal(status_of(&feed_default_limits, raw, strlen(raw)), 431);
}

#define CHUNKED_HEAD "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"

/* start, then `count` times the line, then end. */
static int status_of_lines(const char *start, size_t count, const char *line, const char *end) {
    struct buf raw;
    buf_init(&raw, 1 << 16);
    buf_add_str(&raw, str_from(start));
    for (size_t i = 0; i < count; i++)
        buf_add_str(&raw, str_from(line));
    buf_add_str(&raw, str_from(end));
    assert_false(raw.failed);
    int status = status_of(&feed_default_limits, raw.p, raw.n);
    buf_cleanup(&raw);
    return status;
}

static void header_count_limit(void **state) {
    (void)state;
    const char *start = "GET / HTTP/1.1\r\nHost: a\r\n";
    size_t most = feed_default_limits.header_count - 1;
    assert_int_equal(status_of_lines(start, most, "A: b\r\n", "\r\n"), 200);
    assert_int_equal(status_of_lines(start, most + 1, "A: b\r\n", "\r\n"), 431);
}

static void trailers_share_the_limits(void **state) {
    (void)state;
    const char *start = CHUNKED_HEAD "0\r\n";
    size_t most = feed_default_limits.header_count - 2;
    assert_int_equal(status_of_lines(start, most, "A: b\r\n", "\r\n"), 200);
    assert_int_equal(status_of_lines(start, most + 1, "A: b\r\n", "\r\n"), 431);
    size_t bytes = feed_default_limits.header_bytes - 3;
    assert_int_equal(status_of_lines(CHUNKED_HEAD "0\r\nX: ", bytes, "x", "\r\n\r\n"), 200);
    assert_int_equal(status_of_lines(CHUNKED_HEAD "0\r\nX: ", bytes + 1, "x", "\r\n\r\n"), 431);
}

static void body_limit(void **state) {
    (void)state;
    struct http_limits limits = feed_default_limits;
    limits.body_bytes = 8;
    static const struct {
        const char *raw;
        int status;
    } bodies[] = {
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\n12345678", 200},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n", 413},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n12345678\r\n0\r\n\r\n", 200},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n", 413},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n1234\r\n5\r\n", 413},
    };
    for (size_t i = 0; i < COUNT_OF(bodies); i++)
        assert_int_equal(status_of(&limits, bodies[i].raw, strlen(bodies[i].raw)), bodies[i].status);
}

static void chunk_line_limit(void **state) {
    (void)state;
    size_t most = HTTP_CHUNK_LINE_BYTES - 2;
    assert_int_equal(status_of_lines(CHUNKED_HEAD "1;", most, "x", "\r\na\r\n0\r\n\r\n"), 200);
    assert_int_equal(status_of_lines(CHUNKED_HEAD "1;", most + 1, "x", "\r\na\r\n0\r\n\r\n"), 400);
}

/* A body of chunks of one byte is mostly framing: a little of that is taken, more is not. */
static void framing_limit(void **state) {
    (void)state;
    assert_int_equal(status_of_lines(CHUNKED_HEAD, 100, "1\r\na\r\n", "0\r\n\r\n"), 200);
    assert_int_equal(status_of_lines(CHUNKED_HEAD, 3990, "1;extension\r\na\r\n", "0\r\n\r\n"), 400);
}

/* Bytes come in portions; framing is compacted away, so that the buffer stays near the body's size. */
static void compaction_keeps_the_buffer_small(void **state) {
    (void)state;
    struct http_limits limits = feed_default_limits;
    limits.body_bytes = 1 << 20;
    for (size_t portion = 1; portion < 40; portion++) {
        static const char head[] = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
        char raw[4096], body[2048], buffer[sizeof head + 1200];
        size_t n = (size_t)sprintf(raw, "%s", head), body_n = 0;
        for (size_t i = 1; i <= 40; i++) {
            n += (size_t)sprintf(raw + n, "%zx;ext=\"%zu\"\r\n", i, i);
            for (size_t j = 0; j < i; j++)
                raw[n++] = body[body_n++] = (char)('a' + (i + j) % 26);
            n += (size_t)sprintf(raw + n, "\r\n");
        }
        n += (size_t)sprintf(raw + n, "0\r\nX-Trailer: 1\r\nX-Other: 2\r\n\r\nNEXT");
        struct http_parser parser;
        struct http_header headers[HTTP_MAX_HEADERS];
        http_parser_init(&parser, &limits, headers);
        size_t used = 0, taken = 0;
        enum http_parse result = HTTP_PARSE_MORE;
        while (result == HTTP_PARSE_MORE && taken < n) {
            size_t take = n - taken < portion ? n - taken : portion;
            used = http_parser_compact(&parser, buffer, used);
            assert_true(used + take <= sizeof buffer);
            memcpy(buffer + used, raw + taken, take);
            used += take;
            taken += take;
            do
                result = http_parser_feed(&parser, buffer, used);
            while (result == HTTP_PARSE_HEAD);
        }
        assert_int_equal(result, HTTP_PARSE_DONE);
        assert_int_equal(parser.request.body.n, body_n);
        assert_memory_equal(parser.request.body.p, body, body_n);
        assert_memory_equal(buffer + http_parser_consumed(&parser), "NEXT",
                            used - http_parser_consumed(&parser));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(request_line_limit), cmocka_unit_test(header_bytes_limit),
        cmocka_unit_test(header_count_limit), cmocka_unit_test(trailers_share_the_limits),
        cmocka_unit_test(body_limit),         cmocka_unit_test(chunk_line_limit),
        cmocka_unit_test(framing_limit),      cmocka_unit_test(compaction_keeps_the_buffer_small),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
