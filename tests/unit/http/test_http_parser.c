/* The parser on requests good and bad, whole and cut at every place: the outcome must not depend on the cuts.
 */
#include <stdio.h>

#include "parser_feed.h"

#define HEAD    "POST / HTTP/1.1\r\nHost: a\r\n"
#define CHUNKED HEAD "Transfer-Encoding: chunked\r\n\r\n"

struct parse_case {
    const char *why;
    const char *raw;
    size_t n;   /* 0: up to the NUL */
    int status; /* 200: accepted */
    const char *body;
};
#define WITH_NUL(literal) (literal), sizeof(literal) - 1

static const struct parse_case cases[] = {
    {"plain GET", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 0, 200, ""},
    {"one empty line before", "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 0, 200, ""},
    {"two empty lines before", "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 0, 400, NULL},
    {"bare LF before", "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 0, 400, NULL},
    {"space before", " GET / HTTP/1.1\r\nHost: a\r\n\r\n", 0, 400, NULL},
    {"TLS", "\x16\x03\x01", 0, 400, NULL},
    /* request line */
    {"two spaces", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 0, 400, NULL},
    {"two spaces before the version", "GET /  HTTP/1.1\r\nHost: a\r\n\r\n", 0, 400, NULL},
    {"space after the version", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 0, 400, NULL},
    {"tab between", "GET\t/\tHTTP/1.1\r\nHost: a\r\n\r\n", 0, 400, NULL},
    {"bare LF", "GET / HTTP/1.1\nHost: a\r\n\r\n", 0, 400, NULL},
    {"bare CR", "GET / HTTP/1.1\rHost: a\r\n\r\n", 0, 400, NULL},
    {"no version", "GET /\r\nHost: a\r\n\r\n", 0, 400, NULL},
    {"lower-case version", "GET / http/1.1\r\nHost: a\r\n\r\n", 0, 400, NULL},
    {"version of one digit", "GET / HTTP/1\r\nHost: a\r\n\r\n", 0, 400, NULL},
    {"version of three digits", "GET / HTTP/1.10\r\nHost: a\r\n\r\n", 0, 400, NULL},
    {"HTTP/1.2", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", 0, 505, NULL},
    {"HTTP/2.0", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 0, 505, NULL},
    {"HTTP/0.9", "GET / HTTP/0.9\r\n\r\n", 0, 505, NULL},
    {"method not a token", "G(T / HTTP/1.1\r\nHost: a\r\n\r\n", 0, 400, NULL},
    {"unknown method", "BREW /pot HTTP/1.1\r\nHost: a\r\n\r\n", 0, 200, ""},
    {"CONNECT", "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", 0, 501, NULL},
    {"asterisk", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 0, 200, ""},
    {"asterisk with GET", "GET * HTTP/1.1\r\nHost: a\r\n\r\n", 0, 400, NULL},
    {"target without slash", "GET x HTTP/1.1\r\nHost: a\r\n\r\n", 0, 400, NULL},
    {"fragment", "GET /#x HTTP/1.1\r\nHost: a\r\n\r\n", 0, 400, NULL},
    {"backslash", "GET /a\\b HTTP/1.1\r\nHost: a\r\n\r\n", 0, 400, NULL},
    {"quote in the query", "GET /?a=\"b\" HTTP/1.1\r\nHost: a\r\n\r\n", 0, 400, NULL},
    {"8-bit in the path", "GET /\xc0\xaf HTTP/1.1\r\nHost: a\r\n\r\n", 0, 400, NULL},
    {"8-bit in the query", "GET /?\xff HTTP/1.1\r\nHost: a\r\n\r\n", 0, 400, NULL},
    {"NUL in the path", WITH_NUL("GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n"), 400, NULL},
    {"DEL in the path", "GET /\x7f HTTP/1.1\r\nHost: a\r\n\r\n", 0, 400, NULL},
    {"%XX", "GET /%41%7e?%2f HTTP/1.1\r\nHost: a\r\n\r\n", 0, 200, ""},
    {"bad %", "GET /%4 HTTP/1.1\r\nHost: a\r\n\r\n", 0, 400, NULL},
    {"bad % in the query", "GET /?x=%zz HTTP/1.1\r\nHost: a\r\n\r\n", 0, 400, NULL},
    {"%00", "GET /%00 HTTP/1.1\r\nHost: a\r\n\r\n", 0, 400, NULL},
    {"question mark in the query", "GET /?a?b HTTP/1.1\r\nHost: a\r\n\r\n", 0, 200, ""},
    {"query that begins with one", "GET /?? HTTP/1.1\r\nHost: a\r\n\r\n", 0, 400, NULL},
    {"absolute", "GET http://a/x?y HTTP/1.1\r\nHost: a\r\n\r\n", 0, 200, ""},
    {"absolute, other case", "GET HTTP://A/x HTTP/1.1\r\nHost: a\r\n\r\n", 0, 200, ""},
    {"absolute, no path", "GET http://a HTTP/1.1\r\nHost: a\r\n\r\n", 0, 200, ""},
    {"absolute, query only", "GET http://a?q HTTP/1.1\r\nHost: a\r\n\r\n", 0, 200, ""},
    {"absolute, other host", "GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", 0, 400, NULL},
    {"absolute, other port", "GET http://a:80/ HTTP/1.1\r\nHost: a\r\n\r\n", 0, 400, NULL},
    {"absolute, userinfo", "GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n", 0, 400, NULL},
    {"absolute, no host", "GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n", 0, 400, NULL},
    {"absolute, ftp", "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 0, 400, NULL},
    /* headers */
    {"folded", "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n 2\r\n\r\n", 0, 400, NULL},
    {"folded by tab", "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n\t2\r\n\r\n", 0, 400, NULL},
    {"space before the first header", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", 0, 400, NULL},
    {"space before the colon", "GET / HTTP/1.1\r\nHost : a\r\n\r\n", 0, 400, NULL},
    {"no name", "GET / HTTP/1.1\r\nHost: a\r\n: x\r\n\r\n", 0, 400, NULL},
    {"no colon", "GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n", 0, 400, NULL},
    {"name not a token", "GET / HTTP/1.1\r\nHost: a\r\nX(: 1\r\n\r\n", 0, 400, NULL},
    {"8-bit name", "GET / HTTP/1.1\r\nHost: a\r\n\xc3\xa9: 1\r\n\r\n", 0, 400, NULL},
    {"8-bit value", "GET / HTTP/1.1\r\nHost: a\r\nX: \xc3\xa9\r\n\r\n", 0, 200, ""},
    {"empty value", "GET / HTTP/1.1\r\nHost: a\r\nX:\r\n\r\n", 0, 200, ""},
    {"tab in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: a\tb\r\n\r\n", 0, 200, ""},
    {"NUL in a value", WITH_NUL("GET / HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n"), 400, NULL},
    {"bell in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: \a\r\n\r\n", 0, 400, NULL},
    {"DEL in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: \x7f\r\n\r\n", 0, 400, NULL},
    {"bare CR in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n", 0, 400, NULL},
    {"bare LF after a value", "GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", 0, 400, NULL},
    {"bare LF at the end", "GET / HTTP/1.1\r\nHost: a\r\n\n", 0, 400, NULL},
    {"content type twice", HEAD "Content-Type: a\r\nContent-Type: b\r\n\r\n", 0, 400, NULL},
    /* Host */
    {"no Host", "GET / HTTP/1.1\r\n\r\n", 0, 400, NULL},
    {"no Host in 1.0", "GET / HTTP/1.0\r\n\r\n", 0, 200, ""},
    {"bad Host in 1.0", "GET / HTTP/1.0\r\nHost: a b\r\n\r\n", 0, 400, NULL},
    {"Host twice", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 0, 400, NULL},
    {"Host empty", "GET / HTTP/1.1\r\nHost:\r\n\r\n", 0, 400, NULL},
    {"Host a list", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 0, 400, NULL},
    {"Host a list without space", "GET / HTTP/1.1\r\nHost: a,b\r\n\r\n", 0, 400, NULL},
    {"Host with user", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 0, 400, NULL},
    {"Host with path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 0, 400, NULL},
    {"Host with port", "GET / HTTP/1.1\r\nHost: a.example:8080\r\n\r\n", 0, 200, ""},
    {"Host with large port", "GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n", 0, 400, NULL},
    {"Host with named port", "GET / HTTP/1.1\r\nHost: a:http\r\n\r\n", 0, 400, NULL},
    {"Host with two ports", "GET / HTTP/1.1\r\nHost: a:1:2\r\n\r\n", 0, 400, NULL},
    {"Host only a port", "GET / HTTP/1.1\r\nHost: :80\r\n\r\n", 0, 400, NULL},
    {"Host IPv6", "GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", 0, 200, ""},
    {"Host bad IPv6", "GET / HTTP/1.1\r\nHost: [::g]\r\n\r\n", 0, 400, NULL},
    {"Host IPv6 and more", "GET / HTTP/1.1\r\nHost: [::1]x\r\n\r\n", 0, 400, NULL},
    {"Host IPv6 open", "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", 0, 400, NULL},
    {"Host future literal", "GET / HTTP/1.1\r\nHost: [v1.a:b]\r\n\r\n", 0, 200, ""},
    /* Content-Length */
    {"length", HEAD "Content-Length: 5\r\n\r\nhello", 0, 200, "hello"},
    {"length, OWS", HEAD "Content-Length:\t 5 \t\r\n\r\nhello", 0, 200, "hello"},
    {"length 0", HEAD "Content-Length: 0\r\n\r\n", 0, 200, ""},
    {"no length", HEAD "\r\n", 0, 200, ""},
    {"length twice", HEAD "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", 0, 400, NULL},
    {"length list", HEAD "Content-Length: 5, 5\r\n\r\nhello", 0, 400, NULL},
    {"length +", HEAD "Content-Length: +5\r\n\r\nhello", 0, 400, NULL},
    {"length -", HEAD "Content-Length: -5\r\n\r\nhello", 0, 400, NULL},
    {"length -0", HEAD "Content-Length: -0\r\n\r\n", 0, 400, NULL},
    {"length empty", HEAD "Content-Length:\r\n\r\n", 0, 400, NULL},
    {"length hex", HEAD "Content-Length: 0x5\r\n\r\nhello", 0, 400, NULL},
    {"length octal", HEAD "Content-Length: 05\r\n\r\nhello", 0, 400, NULL},
    {"length with space", HEAD "Content-Length: 1 0\r\n\r\nhellohello", 0, 400, NULL},
    {"length overflows", HEAD "Content-Length: 18446744073709551617\r\n\r\nhello", 0, 400, NULL},
    {"length huge", HEAD "Content-Length: 18446744073709551615\r\n\r\nhello", 0, 413, NULL},
    {"length in disguise", HEAD "Content_Length: 5\r\n\r\nhello", 0, 400, NULL},
    {"GET with a body", "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx", 0, 400, NULL},
    {"GET with length 0", "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", 0, 200, ""},
    {"HEAD with a body", "HEAD / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx", 0, 400, NULL},
    {"GET chunked", "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 0, 400, NULL},
    {"OPTIONS with a body", "OPTIONS / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx", 0, 200, "x"},
    /* Transfer-Encoding */
    {"chunked, any case", HEAD "transfer-encoding: ChunkeD\r\n\r\n0\r\n\r\n", 0, 200, ""},
    {"both", HEAD "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 0, 400, NULL},
    {"unknown coding", HEAD "Transfer-Encoding: gzip\r\n\r\n", 0, 501, NULL},
    {"unknown coding with parameter", HEAD "Transfer-Encoding: x;q=1\r\n\r\n", 0, 501, NULL},
    {"unknown before chunked", HEAD "Transfer-Encoding: gzip, chunked\r\n\r\n", 0, 501, NULL},
    {"chunked not last", HEAD "Transfer-Encoding: chunked, gzip\r\n\r\n", 0, 400, NULL},
    {"chunked twice", HEAD "Transfer-Encoding: chunked, chunked\r\n\r\n", 0, 400, NULL},
    {"two fields", HEAD "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 0, 400, NULL},
    {"coding empty", HEAD "Transfer-Encoding:\r\n\r\n", 0, 400, NULL},
    {"coding and comma", HEAD "Transfer-Encoding: chunked,\r\n\r\n", 0, 400, NULL},
    {"comma and coding", HEAD "Transfer-Encoding: ,chunked\r\n\r\n", 0, 400, NULL},
    {"coding quoted", HEAD "Transfer-Encoding: \"chunked\"\r\n\r\n", 0, 400, NULL},
    {"coding with parameter", HEAD "Transfer-Encoding: chunked;a=b\r\n\r\n", 0, 400, NULL},
    {"coding in disguise", HEAD "Transfer_Encoding: chunked\r\n\r\n", 0, 400, NULL},
    {"coding after VT", HEAD "Transfer-Encoding: \vchunked\r\n\r\n", 0, 400, NULL},
    {"coding in 1.0", "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 0, 400,
     NULL},
    /* Expect */
    {"100-continue", HEAD "Expect: 100-Continue\r\nContent-Length: 1\r\n\r\nx", 0, 200, "x"},
    {"other Expect", HEAD "Expect: miracles\r\n\r\n", 0, 417, NULL},
    {"other Expect in 1.0", "POST / HTTP/1.0\r\nExpect: miracles\r\n\r\n", 0, 200, ""},
    /* chunks */
    {"one chunk", CHUNKED "5\r\nhello\r\n0\r\n\r\n", 0, 200, "hello"},
    {"three chunks", CHUNKED "1\r\na\r\n00A\r\n0123456789\r\nb\r\nabcdefghijk\r\n0000\r\n\r\n", 0, 200,
     "a0123456789abcdefghijk"},
    {"chunk holding CRLF", CHUNKED "4\r\n\r\n\r\n\r\n0\r\n\r\n", 0, 200, "\r\n\r\n"},
    {"extension", CHUNKED "5;a\r\nhello\r\n0;b=c;d=\"e;\\\"f\"\r\n\r\n", 0, 200, "hello"},
    {"extension with BWS", CHUNKED "5 ; a = b\t;c\r\nhello\r\n0\r\n\r\n", 0, 200, "hello"},
    {"bare semicolon", CHUNKED "5;\r\nhello\r\n0\r\n\r\n", 0, 400, NULL},
    {"extension without value", CHUNKED "5;a=\r\nhello\r\n0\r\n\r\n", 0, 400, NULL},
    {"extension quote open", CHUNKED "5;a=\"b\r\nhello\r\n0\r\n\r\n", 0, 400, NULL},
    {"extension ends in backslash", CHUNKED "5;a=\"b\\\r\nhello\r\n0\r\n\r\n", 0, 400, NULL},
    {"space after the size", CHUNKED "5 \r\nhello\r\n0\r\n\r\n", 0, 400, NULL},
    {"space before the size", CHUNKED " 5\r\nhello\r\n0\r\n\r\n", 0, 400, NULL},
    {"size 0x", CHUNKED "0x5\r\nhello\r\n0\r\n\r\n", 0, 400, NULL},
    {"size signed", CHUNKED "+5\r\nhello\r\n0\r\n\r\n", 0, 400, NULL},
    {"size underscore", CHUNKED "1_0\r\nhello\r\n0\r\n\r\n", 0, 400, NULL},
    {"size empty", CHUNKED "\r\nhello\r\n0\r\n\r\n", 0, 400, NULL},
    {"size overflows", CHUNKED "10000000000000005\r\nhello\r\n0\r\n\r\n", 0, 400, NULL},
    {"size huge", CHUNKED "ffffffffffffffff\r\nhello\r\n0\r\n\r\n", 0, 413, NULL},
    {"size line ends in LF", CHUNKED "5\nhello\r\n0\r\n\r\n", 0, 400, NULL},
    {"size line ends in CR", CHUNKED "5\rhello\r\n0\r\n\r\n", 0, 400, NULL},
    {"chunk too long", CHUNKED "4\r\nhello\r\n0\r\n\r\n", 0, 400, NULL},
    {"chunk ends in LF", CHUNKED "5\r\nhello\n0\r\n\r\n", 0, 400, NULL},
    {"NUL in an extension", WITH_NUL(CHUNKED "5;\0\r\nhello\r\n0\r\n\r\n"), 400, NULL},
    {"end in LF", CHUNKED "0\r\n\n", 0, 400, NULL},
    {"trailer", CHUNKED "5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n", 0, 200, "hello"},
    {"trailer folded", CHUNKED "0\r\nX: 1\r\n 2\r\n\r\n", 0, 400, NULL},
    {"trailer Content-Length", CHUNKED "0\r\nContent-Length: 1\r\n\r\n", 0, 400, NULL},
    {"trailer Transfer-Encoding", CHUNKED "0\r\nTransfer-Encoding: chunked\r\n\r\n", 0, 400, NULL},
    {"trailer Host", CHUNKED "0\r\nhost: b\r\n\r\n", 0, 400, NULL},
    {"trailer Authorization", CHUNKED "0\r\nAUTHORIZATION: b\r\n\r\n", 0, 400, NULL},
    {"trailer in disguise", CHUNKED "0\r\nContent_Length: 1\r\n\r\n", 0, 400, NULL},
};

static void check_outcome(const struct parse_case *c, const struct feed *feed, size_t n, const char *how) {
    if (feed_status(feed) != c->status)
        fail_msg("%s (%s): got %d (%s), want %d", c->why, how, feed_status(feed),
                 feed->parser.error_reason ? feed->parser.error_reason : "-", c->status);
    if (c->status != 200)
        return;
    const struct http_request *request = &feed->parser.request;
    assert_int_equal(http_parser_consumed(&feed->parser), n);
    assert_int_equal(request->body.n, strlen(c->body));
    assert_memory_equal(request->body.p, c->body, request->body.n);
    assert_true(request->body.p >= feed->bytes && request->body.p + request->body.n <= feed->bytes + n);
}

/* Whole, byte by byte, and in two pieces cut at each place. */
static void cases_do_not_depend_on_cuts(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct parse_case *c = &cases[i];
        size_t n = c->n ? c->n : strlen(c->raw);
        struct feed feed;
        feed_begin(&feed, &feed_default_limits);
        feed_step(&feed, c->raw, n);
        check_outcome(c, &feed, n, "whole");
        feed_end(&feed);
        feed_begin(&feed, &feed_default_limits);
        for (size_t cut = 1; cut <= n && (cut == 1 || feed.result == HTTP_PARSE_MORE); cut++)
            feed_step(&feed, c->raw, cut);
        check_outcome(c, &feed, n, "byte by byte");
        feed_end(&feed);
        for (size_t cut = 1; cut < n; cut++) {
            feed_begin(&feed, &feed_default_limits);
            if (feed_step(&feed, c->raw, cut) == HTTP_PARSE_MORE)
                feed_step(&feed, c->raw, n);
            check_outcome(c, &feed, n, "in two");
            feed_end(&feed);
        }
    }
}

static void check_str(struct str got, const char *want) {
    if (want == NULL) {
        assert_null(got.p);
        return;
    }
    assert_non_null(got.p);
    assert_int_equal(got.n, strlen(want));
    assert_memory_equal(got.p, want, got.n);
}

static void fields_are_found(void **state) {
    (void)state;
    static const char raw[] = "POST /openrtb2/auction?a=b&c HTTP/1.1\r\n"
                              "Host: exchange.example:8080\r\n"
                              "User-Agent:  some agent \t\r\n"
                              "CONTENT-TYPE: application/json\r\n"
                              "Accept-Encoding: gzip, br\r\n"
                              "Content-Encoding: gzip\r\n"
                              "Expect: 100-continue\r\n"
                              "X-Empty:\r\n"
                              "content-length: 3\r\n\r\nabcGET /next";
    for (int bytewise = 0; bytewise < 2; bytewise++) {
        struct feed feed;
        feed_begin(&feed, &feed_default_limits);
        for (size_t n = bytewise ? 1 : sizeof raw - 1; n < sizeof raw; n++)
            if (feed_step(&feed, raw, n) != HTTP_PARSE_MORE)
                break;
        const struct http_request *request = &feed.parser.request;
        assert_int_equal(feed.result, HTTP_PARSE_DONE);
        assert_int_equal(request->method, HTTP_POST);
        check_str(request->method_name, "POST");
        check_str(request->target, "/openrtb2/auction?a=b&c");
        check_str(request->path, "/openrtb2/auction");
        check_str(request->query, "a=b&c");
        check_str(request->host, "exchange.example:8080");
        check_str(request->content_type, "application/json");
        check_str(request->accept_encoding, "gzip, br");
        check_str(request->content_encoding, "gzip");
        check_str(request->body, "abc");
        check_str(http_request_header(request, STR("user-agent")), "some agent");
        check_str(http_request_header(request, STR("X-EMPTY")), "");
        check_str(http_request_header(request, STR("X-Other")), NULL);
        assert_int_equal(request->header_count, 8);
        assert_int_equal(request->minor_version, 1);
        assert_true(request->keep_alive);
        assert_true(request->expect_continue);
        assert_int_equal(http_parser_consumed(&feed.parser), strlen(raw) - strlen("GET /next"));
        feed_end(&feed);
    }
}

static void absolute_form_gives_a_path(void **state) {
    (void)state;
    static const struct {
        const char *target, *path, *query;
    } targets[] = {
        {"http://h:1/x/y?q", "/x/y", "q"}, {"https://h:1", "/", NULL},
        {"http://h:1?q=1", "/", "q=1"},    {"/only", "/only", NULL},
        {"/only?", "/only", ""},           {"//double/slash", "//double/slash", NULL},
    };
    for (size_t i = 0; i < COUNT_OF(targets); i++) {
        char raw[128];
        snprintf(raw, sizeof raw, "GET %s HTTP/1.1\r\nHost: H:1\r\n\r\n", targets[i].target);
        struct feed feed;
        feed_begin(&feed, &feed_default_limits);
        assert_int_equal(feed_step(&feed, raw, strlen(raw)), HTTP_PARSE_DONE);
        check_str(feed.parser.request.path, targets[i].path);
        check_str(feed.parser.request.query, targets[i].query);
        feed_end(&feed);
    }
}

static void keep_alive_is_decided(void **state) {
    (void)state;
    static const struct {
        const char *version, *connection;
        bool keep;
    } decisions[] = {
        {"1.1", "X: y", true},
        {"1.1", "Connection: close", false},
        {"1.1", "Connection: foo, CLOSE ,bar", false},
        {"1.1", "Connection: keep-alive\r\nConnection: close", false},
        {"1.1", "Connection: closed", true},
        {"1.0", "X: y", false},
        {"1.0", "Connection: Keep-Alive", true},
        {"1.0", "Connection: keep-alive, close", false},
    };
    for (size_t i = 0; i < COUNT_OF(decisions); i++) {
        char raw[160];
        snprintf(raw, sizeof raw, "GET / HTTP/%s\r\nHost: a\r\n%s\r\n\r\n", decisions[i].version,
                 decisions[i].connection);
        struct feed feed;
        feed_begin(&feed, &feed_default_limits);
        assert_int_equal(feed_step(&feed, raw, strlen(raw)), HTTP_PARSE_DONE);
        assert_int_equal(feed.parser.request.keep_alive, decisions[i].keep);
        feed_end(&feed);
    }
}

/* HEAD comes once, before the body; wanted is head and body. */
static void head_comes_before_the_body(void **state) {
    (void)state;
    char raw[] = HEAD "Content-Length: 10\r\n\r\n0123456789";
    size_t head = strlen(raw) - 10;
    struct http_parser parser;
    struct http_header headers[HTTP_MAX_HEADERS];
    http_parser_init(&parser, &feed_default_limits, headers);
    assert_int_equal(http_parser_feed(&parser, raw, head - 1), HTTP_PARSE_MORE);
    assert_int_equal(http_parser_wanted(&parser), 0);
    assert_int_equal(http_parser_feed(&parser, raw, head), HTTP_PARSE_HEAD);
    assert_int_equal(http_parser_wanted(&parser), head + 10);
    assert_int_equal(http_parser_consumed(&parser), head);
    assert_int_equal(http_parser_feed(&parser, raw, head), HTTP_PARSE_MORE);
    assert_int_equal(http_parser_feed(&parser, raw, head + 9), HTTP_PARSE_MORE);
    assert_int_equal(http_parser_feed(&parser, raw, head + 10), HTTP_PARSE_DONE);
    assert_int_equal(http_parser_feed(&parser, raw, head + 10), HTTP_PARSE_DONE);
}

/* An error stays one. */
static void errors_stay(void **state) {
    (void)state;
    char raw[] = "GET /\n";
    struct http_parser parser;
    struct http_header headers[HTTP_MAX_HEADERS];
    http_parser_init(&parser, &feed_default_limits, headers);
    assert_int_equal(http_parser_feed(&parser, raw, strlen(raw)), HTTP_PARSE_ERROR);
    assert_int_equal(http_parser_feed(&parser, raw, strlen(raw)), HTTP_PARSE_ERROR);
    assert_int_equal(parser.error_status, 400);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cases_do_not_depend_on_cuts), cmocka_unit_test(fields_are_found),
        cmocka_unit_test(absolute_form_gives_a_path),  cmocka_unit_test(keep_alive_is_decided),
        cmocka_unit_test(head_comes_before_the_body),  cmocka_unit_test(errors_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
