/*
 * What single header fields mean for a request's framing and routing (RFC 9110 7.2, 7.6.1, 8.6, 10.1.1,
 * RFC 9112 3.2, 6). Where a lenient reading and a strict one would frame a message differently, it is
 * refused.
 */
#include "http/http_fields.h"

#include "http/http_chars.h"

enum {
    SEEN_HOST = 1,
    SEEN_LENGTH = 2,
    SEEN_CODING = 4,
    SEEN_CHUNKED = 8,
    SEEN_CLOSE = 16,
    SEEN_KEEP_ALIVE = 32,
    SEEN_OTHER_EXPECT = 64,
    SEEN_UNKNOWN_CODING = 128,
};

bool http_refuse(struct http_parser *parser, int status, const char *reason) {
    parser->error_status = status;
    parser->error_reason = reason;
    return false;
}

/* The next element of a comma-separated list, trimmed; false at its end. Empty elements are given too. */
static bool next_element(struct str *list, struct str *element) {
    if (list->p == NULL)
        return false;
    const char *comma = memchr(list->p, ',', list->n);
    if (comma == NULL) {
        *element = chars_trim(*list);
        *list = (struct str){NULL, 0};
        return true;
    }
    size_t n = (size_t)(comma - list->p);
    *element = chars_trim((struct str){list->p, n});
    *list = (struct str){comma + 1, list->n - n - 1};
    return true;
}

static bool note_host(struct http_parser *parser, struct str value) {
    if (parser->seen & SEEN_HOST)
        return http_refuse(parser, 400, "more than one Host");
    if (!chars_are_authority(value))
        return http_refuse(parser, 400, "Host is not a host and port");
    parser->seen |= SEEN_HOST;
    parser->request.host = value;
    return true;
}

/* 1*DIGIT without what somebody might read as a list, a sign or an octal number. */
static bool note_length(struct http_parser *parser, struct str value) {
    if (parser->seen & SEEN_LENGTH)
        return http_refuse(parser, 400, "more than one Content-Length");
    parser->seen |= SEEN_LENGTH;
    size_t length = 0;
    for (size_t i = 0; i < value.n; i++) {
        if (!char_is(value.p[i], CHAR_DIGIT) || __builtin_mul_overflow(length, 10, &length) ||
            __builtin_add_overflow(length, (size_t)(value.p[i] - '0'), &length))
            return http_refuse(parser, 400, "Content-Length is not a number");
    }
    if (value.n == 0 || (value.n > 1 && value.p[0] == '0'))
        return http_refuse(parser, 400, "Content-Length is not a plain number");
    parser->body_wanted = length;
    return true;
}

/* transfer-coding = token *( OWS ";" OWS token "=" ( token / quoted-string ) ), of which only the first token
 * is looked at: a coding with parameters is never one that is known here. */
static bool coding_name(struct str element, struct str *name) {
    size_t n = 0;
    while (n < element.n && char_is(element.p[n], CHAR_TOKEN))
        n++;
    *name = (struct str){element.p, n};
    if (n == 0)
        return false;
    struct str rest = chars_trim((struct str){element.p + n, element.n - n});
    return rest.n == 0 || rest.p[0] == ';';
}

static bool note_transfer_encoding(struct http_parser *parser, struct str value) {
    if (parser->seen & SEEN_CODING)
        return http_refuse(parser, 400, "more than one Transfer-Encoding");
    parser->seen |= SEEN_CODING;
    if (LIKELY(str_ieq(value, STR("chunked")))) {
        parser->seen |= SEEN_CHUNKED;
        return true;
    }
    bool last_chunked = false, any_chunked = false;
    unsigned count = 0;
    struct str element, name, list = value;
    while (next_element(&list, &element)) {
        if (!coding_name(element, &name))
            return http_refuse(parser, 400, "malformed Transfer-Encoding");
        last_chunked = str_ieq(name, STR("chunked"));
        if (last_chunked && (any_chunked || name.n != element.n))
            return http_refuse(parser, 400, "chunked twice or with parameters");
        any_chunked |= last_chunked;
        count++;
    }
    if (any_chunked && (!last_chunked || count == 1))
        return http_refuse(parser, 400, "chunked is not the last transfer coding");
    parser->seen |= SEEN_UNKNOWN_CODING;
    return true;
}

static bool note_connection(struct http_parser *parser, struct str value) {
    struct str option, list = value;
    while (next_element(&list, &option)) {
        if (str_ieq(option, STR("close")))
            parser->seen |= SEEN_CLOSE;
        else if (str_ieq(option, STR("keep-alive")))
            parser->seen |= SEEN_KEEP_ALIVE;
    }
    return true;
}

static bool note_expect(struct http_parser *parser, struct str value) {
    if (str_ieq(value, STR("100-continue")))
        parser->request.expect_continue = true;
    else
        parser->seen |= SEEN_OTHER_EXPECT;
    return true;
}

/* For fields that are no list: a second one would be read differently by those that take the first and those
 * that take the last. */
static bool note_once(struct http_parser *parser, struct str *slot, struct str value) {
    if (str_present(*slot))
        return http_refuse(parser, 400, "a header that may come once came twice");
    *slot = value;
    return true;
}

static inline uint64_t load_lower(const char *p, size_t n) {
    uint64_t word = 0;
    memcpy(&word, p, n);
    return word | UINT64_C(0x2020202020202020);
}

/* Equal but for case, for a pattern of 4 to 24 lower-case letters and '-', of the name's length. Names hold
 * tchar only, and no other tchar becomes one of those by or-ing 0x20. n is constant where this is called. */
static inline bool same_name(const char *name, const char *pattern, size_t n) {
    if (n < 8)
        return load_lower(name, 4) == load_lower(pattern, 4) &&
               load_lower(name + n - 4, 4) == load_lower(pattern + n - 4, 4);
    uint64_t differences = (load_lower(name, 8) ^ load_lower(pattern, 8)) |
                           (load_lower(name + n - 8, 8) ^ load_lower(pattern + n - 8, 8));
    if (n > 16)
        differences |= load_lower(name + 8, 8) ^ load_lower(pattern + 8, 8);
    return differences == 0;
}
#define NAME_IS(name, literal) same_name((name).p, "" literal, sizeof(literal) - 1)

/* Equal but for case and '_' in place of '-', which gateways that hand headers on as variables make the same.
 */
static bool disguised_name(struct str name, struct str pattern) {
    if (name.n != pattern.n)
        return false;
    for (size_t i = 0; i < pattern.n; i++) {
        int c = name.p[i] == '_' ? '-' : name.p[i] | 0x20;
        if (c != pattern.p[i])
            return false;
    }
    return true;
}

bool http_field_note(struct http_parser *parser, const struct http_header *header) {
    struct str name = header->name, value = header->value;
    struct http_request *request = &parser->request;
    switch (name.n) {
    case 4:
        if (NAME_IS(name, "host"))
            return note_host(parser, value);
        break;
    case 6:
        if (NAME_IS(name, "expect"))
            return note_expect(parser, value);
        break;
    case 10:
        if (NAME_IS(name, "connection"))
            return note_connection(parser, value);
        break;
    case 12:
        if (NAME_IS(name, "content-type"))
            return note_once(parser, &request->content_type, value);
        break;
    case 14:
        if (NAME_IS(name, "content-length"))
            return note_length(parser, value);
        if (disguised_name(name, STR("content-length")))
            return http_refuse(parser, 400, "Content-Length in disguise");
        break;
    case 15:
        if (NAME_IS(name, "accept-encoding") && !str_present(request->accept_encoding))
            request->accept_encoding = value;
        break;
    case 16:
        if (NAME_IS(name, "content-encoding"))
            return note_once(parser, &request->content_encoding, value);
        break;
    case 17:
        if (NAME_IS(name, "transfer-encoding"))
            return note_transfer_encoding(parser, value);
        if (disguised_name(name, STR("transfer-encoding")))
            return http_refuse(parser, 400, "Transfer-Encoding in disguise");
        break;
    default:
        break;
    }
    return true;
}

bool http_field_check_trailer(struct http_parser *parser, struct str name) {
    /* Framing, routing, request modifiers, authentication, content format, and what steers the connection. */
    static const struct str forbidden[] = {
        STR_INIT("content-length"),
        STR_INIT("transfer-encoding"),
        STR_INIT("host"),
        STR_INIT("trailer"),
        STR_INIT("te"),
        STR_INIT("connection"),
        STR_INIT("keep-alive"),
        STR_INIT("upgrade"),
        STR_INIT("expect"),
        STR_INIT("max-forwards"),
        STR_INIT("cache-control"),
        STR_INIT("pragma"),
        STR_INIT("range"),
        STR_INIT("if-range"),
        STR_INIT("if-match"),
        STR_INIT("if-none-match"),
        STR_INIT("if-modified-since"),
        STR_INIT("if-unmodified-since"),
        STR_INIT("authorization"),
        STR_INIT("cookie"),
        STR_INIT("proxy-authorization"),
        STR_INIT("set-cookie"),
        STR_INIT("content-encoding"),
        STR_INIT("content-type"),
        STR_INIT("content-range"),
        STR_INIT("accept-encoding"),
        STR_INIT("forwarded"),
        STR_INIT("x-forwarded-for"),
        STR_INIT("x-forwarded-host"),
        STR_INIT("x-forwarded-proto"),
        STR_INIT("proxy-connection"),
        STR_INIT("via"),
    };
    for (size_t i = 0; i < COUNT_OF(forbidden); i++)
        if (disguised_name(name, forbidden[i]))
            return http_refuse(parser, 400, "a field that may not be a trailer");
    return true;
}

bool http_head_chunked(const struct http_parser *parser) {
    return (parser->seen & SEEN_CHUNKED) != 0;
}

static bool check_host(struct http_parser *parser) {
    struct http_request *request = &parser->request;
    if (!(parser->seen & SEEN_HOST) && request->minor_version > 0)
        return http_refuse(parser, 400, "no Host");
    /* RFC 9112 3.2.2 lets the target win; RFC 9110 7.2 makes them equal. Whoever sends both differently wants
     * two readers to disagree. */
    if (str_present(parser->authority) && str_present(request->host) &&
        !str_ieq(parser->authority, request->host))
        return http_refuse(parser, 400, "Host differs from the target's");
    return true;
}

static bool check_framing(struct http_parser *parser) {
    const struct http_request *request = &parser->request;
    if (parser->seen & SEEN_CODING) {
        if (request->minor_version == 0)
            return http_refuse(parser, 400, "Transfer-Encoding in HTTP/1.0");
        if (parser->seen & SEEN_LENGTH)
            return http_refuse(parser, 400, "Content-Length beside Transfer-Encoding");
        if (parser->seen & SEEN_UNKNOWN_CODING)
            return http_refuse(parser, 501, "unknown transfer coding");
    }
    bool has_body = (parser->seen & SEEN_CHUNKED) || parser->body_wanted > 0;
    if (has_body && (request->method == HTTP_GET || request->method == HTTP_HEAD ||
                     str_eq(request->method_name, STR("TRACE"))))
        return http_refuse(parser, 400, "a body where the method gives it no meaning");
    return true;
}

bool http_head_check(struct http_parser *parser) {
    struct http_request *request = &parser->request;
    if (!check_host(parser) || !check_framing(parser))
        return false;
    /* RFC 9110 10.1.1: an HTTP/1.0 client does not know it; whatever brought it here is to be ignored. */
    if (request->minor_version == 0)
        request->expect_continue = false;
    else if (parser->seen & SEEN_OTHER_EXPECT)
        return http_refuse(parser, 417, "unknown expectation");
    request->keep_alive =
        !(parser->seen & SEEN_CLOSE) && (request->minor_version > 0 || (parser->seen & SEEN_KEEP_ALIVE));
    return true;
}
