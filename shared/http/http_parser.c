/*
 * The parser's states, in the order in which a request passes them; see http_parser.h.
 *
 * A line is looked at in two steps: find_line() finds its CRLF, or the first byte that no line may hold, and
 * remembers how far it came; the whole line is then read by table. All limits and errors are tied to a byte's
 * position, so that the outcome does not depend on how the bytes came in.
 */
#include "http/http_parser.h"

#include <string.h>

#include "http/http_chars.h"
#include "http/http_fields.h"

enum {
    STATE_START,      /* nothing but, perhaps, one empty line */
    STATE_FIRST_BYTE, /* after that empty line */
    STATE_REQUEST_LINE,
    STATE_HEADERS,
    STATE_BODY,
    STATE_CHUNK_SIZE,
    STATE_CHUNK_DATA,
    STATE_CHUNK_END,
    STATE_TRAILERS,
    STATE_DONE,
    STATE_ERROR,
};

enum step {
    STEP_ON,   /* the state changed, go on */
    STEP_MORE, /* bytes are missing */
    STEP_HEAD, /* the head is whole */
    STEP_ERROR,
};

/* ---- lines ---- */

enum line { LINE_WHOLE, LINE_MORE, LINE_TOO_LONG, LINE_BAD };

/* Looks from `at` for the line's CRLF, whose CR may be at text_max at most; *end is then the offset of the CR
 * and `at` the start of the next line. */
static enum line find_line(struct http_parser *parser, const char *p, size_t n, size_t text_max,
                           size_t *end) {
    size_t limit = n <= text_max ? n : text_max + 1;
    size_t i = (size_t)(chars_find_control(p + parser->at, p + limit) - p);
    parser->at = i;
    if (i == limit)
        return n > text_max ? LINE_TOO_LONG : LINE_MORE;
    if (p[i] != '\r')
        return LINE_BAD;
    if (i + 1 == n)
        return LINE_MORE;
    if (p[i + 1] != '\n')
        return LINE_BAD;
    parser->at = i + 2;
    *end = i;
    return LINE_WHOLE;
}

static enum step refuse(struct http_parser *parser, int status, const char *reason) {
    http_refuse(parser, status, reason);
    return STEP_ERROR;
}

/* What to do about a line that is not whole. */
static enum step line_step(struct http_parser *parser, enum line line, int long_status,
                           const char *long_reason) {
    if (line == LINE_MORE)
        return STEP_MORE;
    if (line == LINE_TOO_LONG)
        return refuse(parser, long_status, long_reason);
    return refuse(parser, 400, "a bare CR, a bare LF or a control character");
}

/* ---- request line ---- */

/* RFC 9112 2.2: one empty line before a request is forgiven. */
static enum step on_start(struct http_parser *parser, const char *p, size_t n) {
    size_t at = parser->at;
    if (at == n)
        return STEP_MORE;
    if (p[at] == '\r' && parser->state == STATE_START) {
        if (at + 1 == n)
            return STEP_MORE;
        if (p[at + 1] != '\n')
            return refuse(parser, 400, "a bare CR");
        parser->at = at + 2;
        parser->state = STATE_FIRST_BYTE;
        return STEP_ON;
    }
    if (!char_is(p[at], CHAR_TOKEN))
        return refuse(parser, 400, "a request does not start like this");
    parser->line_start = at;
    parser->state = STATE_REQUEST_LINE;
    return STEP_ON;
}

static enum http_method method_of(struct str name) {
    if (str_eq(name, STR("POST")))
        return HTTP_POST;
    if (str_eq(name, STR("GET")))
        return HTTP_GET;
    if (str_eq(name, STR("HEAD")))
        return HTTP_HEAD;
    if (str_eq(name, STR("OPTIONS")))
        return HTTP_OPTIONS;
    return HTTP_OTHER;
}

static bool set_path(struct http_parser *parser, struct str s) {
    struct http_request *request = &parser->request;
    const char *mark = memchr(s.p, '?', s.n);
    request->path = (struct str){s.p, mark != NULL ? (size_t)(mark - s.p) : s.n};
    if (!chars_are_uri(request->path, CHAR_PATH))
        return http_refuse(parser, 400, "a character that no path may have");
    if (mark == NULL)
        return true;
    request->query = (struct str){mark + 1, s.n - request->path.n - 1};
    /* Stricter than RFC 3986, whose query may begin with a '?': "/??" is what a lossy transcoder makes of a
     * path with bytes outside ASCII, and who splits at the last '?' reads another path. */
    if (!chars_are_uri(request->query, CHAR_QUERY) || (request->query.n > 0 && request->query.p[0] == '?'))
        return http_refuse(parser, 400, "a character that no query may have");
    return true;
}

/* absolute-form, RFC 9112 3.2.2, of http and https. */
static bool set_absolute(struct http_parser *parser, struct str target) {
    size_t scheme = str_ieq((struct str){target.p, target.n < 7 ? 0 : 7}, STR("http://"))    ? 7
                    : str_ieq((struct str){target.p, target.n < 8 ? 0 : 8}, STR("https://")) ? 8
                                                                                             : 0;
    if (scheme == 0)
        return http_refuse(parser, 400, "a target that is neither a path nor an http URI");
    struct str rest = {target.p + scheme, target.n - scheme};
    size_t n = 0;
    while (n < rest.n && rest.p[n] != '/' && rest.p[n] != '?')
        n++;
    parser->authority = (struct str){rest.p, n};
    if (!chars_are_authority(parser->authority))
        return http_refuse(parser, 400, "a target whose authority is not a host and port");
    rest = (struct str){rest.p + n, rest.n - n};
    if (rest.n > 0 && rest.p[0] == '/')
        return set_path(parser, rest);
    if (rest.n > 0 && !set_path(parser, rest))
        return false;
    /* An empty path means "/" (RFC 9110 4.2.3): the scheme's last slash lends itself as the view. */
    parser->request.path = (struct str){target.p + scheme - 1, 1};
    return true;
}

static bool set_target(struct http_parser *parser) {
    struct http_request *request = &parser->request;
    struct str target = request->target;
    if (LIKELY(target.p[0] == '/'))
        return set_path(parser, target);
    if (str_eq(request->method_name, STR("CONNECT")))
        return http_refuse(parser, 501, "CONNECT is not served here");
    if (str_eq(target, STR("*"))) {
        request->path = target;
        return request->method == HTTP_OPTIONS || http_refuse(parser, 400, "'*' is for OPTIONS only");
    }
    return set_absolute(parser, target);
}

/* HTTP-version = "HTTP/" DIGIT "." DIGIT, case-sensitive. */
static bool set_version(struct http_parser *parser, struct str version) {
    if (version.n != 8 || memcmp(version.p, "HTTP/", 5) != 0 || !char_is(version.p[5], CHAR_DIGIT) ||
        version.p[6] != '.' || !char_is(version.p[7], CHAR_DIGIT))
        return http_refuse(parser, 400, "malformed HTTP version");
    if (version.p[5] != '1' || version.p[7] > '1')
        return http_refuse(parser, 505, "HTTP/1.0 and HTTP/1.1 are spoken here");
    parser->request.minor_version = (unsigned)(version.p[7] - '0');
    return true;
}

/* method SP request-target SP HTTP-version; one SP each. */
static bool parse_request_line(struct http_parser *parser, struct str line) {
    struct http_request *request = &parser->request;
    size_t n = 0;
    while (n < line.n && char_is(line.p[n], CHAR_TOKEN))
        n++;
    if (n == 0 || n == line.n || line.p[n] != ' ')
        return http_refuse(parser, 400, "malformed method");
    request->method_name = (struct str){line.p, n};
    request->method = method_of(request->method_name);
    struct str rest = {line.p + n + 1, line.n - n - 1};
    const char *space = memchr(rest.p, ' ', rest.n);
    if (space == NULL || space == rest.p)
        return http_refuse(parser, 400, "malformed request line");
    request->target = (struct str){rest.p, (size_t)(space - rest.p)};
    struct str version = {space + 1, rest.n - request->target.n - 1};
    if (!set_version(parser, version))
        return false;
    if (str_eq(request->method_name, STR("CONNECT")))
        return http_refuse(parser, 501, "CONNECT is not served here");
    return set_target(parser);
}

static enum step on_request_line(struct http_parser *parser, const char *p, size_t n) {
    size_t end = 0;
    enum line line = find_line(parser, p, n, parser->line_start + parser->limits->request_line_bytes, &end);
    if (line != LINE_WHOLE)
        return line_step(parser, line, 414, "the request line is too long");
    if (!parse_request_line(parser, (struct str){p + parser->line_start, end - parser->line_start}))
        return STEP_ERROR;
    parser->line_start = parser->at;
    parser->section_start = parser->at;
    parser->state = STATE_HEADERS;
    return STEP_ON;
}

/* ---- headers and trailers ---- */

/* field-line = field-name ":" OWS field-value OWS */
static bool parse_field(struct http_parser *parser, struct str line, struct http_header *field) {
    size_t n = 0;
    while (n < line.n && char_is(line.p[n], CHAR_TOKEN))
        n++;
    if (n == 0)
        return http_refuse(parser, 400, "a header without a name, or folded");
    if (n == line.n || line.p[n] != ':')
        return http_refuse(parser, 400, "a character that no header name may have");
    field->name = (struct str){line.p, n};
    field->value = chars_trim((struct str){line.p + n + 1, line.n - n - 1});
    return true;
}

/* One field line, or (*last) the empty line that ends the section. */
static enum step next_field(struct http_parser *parser, const char *p, size_t n, struct http_header *field,
                            bool *last) {
    const struct http_limits *limits = parser->limits;
    size_t text_max = parser->section_start + limits->header_bytes;
    *last = false;
    if (parser->line_start == n)
        return STEP_MORE;
    /* The empty line is not charged: a section may fill its limit exactly. */
    if (p[parser->line_start] == '\r')
        text_max = parser->line_start;
    else if (parser->line_start > text_max)
        return refuse(parser, 431, "the headers are too large");
    size_t end = 0;
    enum line line = find_line(parser, p, n, text_max, &end);
    if (line != LINE_WHOLE)
        return line_step(parser, line, 431, "the headers are too large");
    struct str text = {p + parser->line_start, end - parser->line_start};
    parser->line_start = parser->at;
    *last = text.n == 0;
    if (*last)
        return STEP_ON;
    if (parser->field_count >= limits->header_count)
        return refuse(parser, 431, "too many headers");
    parser->field_count++;
    return parse_field(parser, text, field) ? STEP_ON : STEP_ERROR;
}

static enum step head_done(struct http_parser *parser) {
    if (!http_head_check(parser))
        return STEP_ERROR;
    parser->body_start = parser->at;
    parser->line_start = parser->at;
    parser->state = http_head_chunked(parser) ? STATE_CHUNK_SIZE : STATE_BODY;
    return STEP_HEAD;
}

static enum step on_headers(struct http_parser *parser, const char *p, size_t n) {
    for (;;) {
        bool last;
        struct http_header *field = &parser->headers[parser->request.header_count];
        struct http_header overflow;
        if (parser->field_count >= parser->limits->header_count)
            field = &overflow;
        enum step step = next_field(parser, p, n, field, &last);
        if (step != STEP_ON)
            return step;
        if (last)
            return head_done(parser);
        parser->request.header_count++;
        if (!http_field_note(parser, field))
            return STEP_ERROR;
    }
}

static enum step on_trailers(struct http_parser *parser, const char *p, size_t n) {
    for (;;) {
        bool last;
        struct http_header field = {{NULL, 0}, {NULL, 0}};
        enum step step = next_field(parser, p, n, &field, &last);
        if (step != STEP_ON)
            return step;
        if (last) {
            parser->request.body = (struct str){p + parser->body_start, parser->body_bytes};
            parser->state = STATE_DONE;
            return STEP_ON;
        }
        if (!http_field_check_trailer(parser, field.name))
            return STEP_ERROR;
    }
}

/* ---- body ---- */

static enum step on_streamed_body(struct http_parser *parser, const char *p, size_t n) {
    size_t have = n - parser->at;
    size_t take = have < parser->body_wanted ? have : parser->body_wanted;
    parser->body_bytes += take;
    parser->body_wanted -= take;
    parser->at += take;
    if (parser->body_wanted > 0)
        return STEP_MORE;
    parser->request.body = (struct str){p + parser->body_start, parser->body_bytes};
    parser->state = STATE_DONE;
    return STEP_ON;
}

static enum step on_body(struct http_parser *parser, const char *p, size_t n) {
    if (!http_parser_fits(parser))
        return refuse(parser, 413, "the body is too large");
    if (parser->streamed)
        return on_streamed_body(parser, p, n);
    if (n - parser->body_start < parser->body_wanted)
        return STEP_MORE;
    parser->body_bytes = parser->body_wanted;
    parser->at = parser->body_start + parser->body_bytes;
    parser->request.body = (struct str){p + parser->body_start, parser->body_bytes};
    parser->state = STATE_DONE;
    return STEP_ON;
}

/* Offset after any SP and HTAB from i on. */
static size_t skip_space(struct str s, size_t i) {
    while (i < s.n && (s.p[i] == ' ' || s.p[i] == '\t'))
        i++;
    return i;
}

static size_t skip_token(struct str s, size_t i) {
    while (i < s.n && char_is(s.p[i], CHAR_TOKEN))
        i++;
    return i;
}

/* Offset after the quoted-string that starts at i; 0 when it is malformed. */
static size_t skip_quoted(struct str s, size_t i) {
    for (i++; i < s.n && s.p[i] != '"'; i++) {
        if (s.p[i] == '\\') /* find_line() has let only what a quoted-pair may hold pass */
            i++;
        else if (!char_is(s.p[i], CHAR_QUOTED))
            return 0;
    }
    return i < s.n ? i + 1 : 0;
}

/* chunk-ext = *( BWS ";" BWS token [ BWS "=" BWS ( token / quoted-string ) ] ), RFC 9112 7.1.1 */
static bool is_chunk_extension(struct str s) {
    size_t i = 0;
    while (i < s.n) {
        i = skip_space(s, i);
        if (i == s.n || s.p[i] != ';')
            return false;
        size_t name = skip_space(s, i + 1);
        i = skip_token(s, name);
        if (i == name)
            return false;
        size_t equals = skip_space(s, i);
        if (equals == s.n || s.p[equals] != '=')
            continue;
        size_t value = skip_space(s, equals + 1);
        i = value < s.n && s.p[value] == '"' ? skip_quoted(s, value) : skip_token(s, value);
        if (i <= value)
            return false;
    }
    return true;
}

static bool parse_chunk_size(struct http_parser *parser, struct str line) {
    size_t size = 0, i = 0;
    for (; i < line.n && char_is(line.p[i], CHAR_HEX); i++) {
        if (size > SIZE_MAX >> 4)
            return http_refuse(parser, 400, "the chunk's size overflows");
        size = size << 4 | char_hex_value(line.p[i]);
    }
    if (i == 0 || !is_chunk_extension((struct str){line.p + i, line.n - i}))
        return http_refuse(parser, 400, "malformed chunk size");
    if (size > parser->body_limit - parser->body_dropped - parser->body_bytes)
        return http_refuse(parser, 413, "the body is too large");
    parser->body_wanted = size;
    return true;
}

static enum step on_chunk_size(struct http_parser *parser, const char *p, size_t n) {
    size_t end = 0;
    enum line line = find_line(parser, p, n, parser->line_start + HTTP_CHUNK_LINE_BYTES, &end);
    if (line != LINE_WHOLE)
        return line_step(parser, line, 400, "the chunk's size line is too long");
    if (!parse_chunk_size(parser, (struct str){p + parser->line_start, end - parser->line_start}))
        return STEP_ERROR;
    parser->framing_bytes += parser->at - parser->line_start + 2;
    if (parser->framing_bytes > HTTP_CHUNK_FRAMING_SPARED + parser->body_dropped + parser->body_bytes)
        return refuse(parser, 400, "more chunk framing than body");
    parser->line_start = parser->at;
    parser->section_start = parser->at;
    parser->state = parser->body_wanted > 0 ? STATE_CHUNK_DATA : STATE_TRAILERS;
    return STEP_ON;
}

static enum step on_chunk_data(struct http_parser *parser, char *p, size_t n) {
    size_t have = n - parser->at;
    size_t take = have < parser->body_wanted ? have : parser->body_wanted;
    size_t join = parser->body_start + parser->body_bytes;
    memmove(p + join, p + parser->at, take);
    parser->body_bytes += take;
    parser->body_wanted -= take;
    parser->at += take;
    if (parser->body_wanted > 0)
        return STEP_MORE;
    parser->state = STATE_CHUNK_END;
    return STEP_ON;
}

static enum step on_chunk_end(struct http_parser *parser, const char *p, size_t n) {
    static const char crlf[] = "\r\n";
    size_t have = n - parser->at < 2 ? n - parser->at : 2;
    if (memcmp(p + parser->at, crlf, have) != 0)
        return refuse(parser, 400, "a chunk longer than its size");
    if (have < 2)
        return STEP_MORE;
    parser->at += 2;
    parser->line_start = parser->at;
    parser->state = STATE_CHUNK_SIZE;
    return STEP_ON;
}

/* ---- the parser ---- */

static void rebase_view(struct str *view, const char *from, const char *to) {
    if (view->p != NULL)
        view->p = to + ((uintptr_t)view->p - (uintptr_t)from);
}

static void rebase(struct http_parser *parser, const char *p) {
    struct http_request *request = &parser->request;
    struct str *views[] = {
        &request->method_name,
        &request->target,
        &request->path,
        &request->query,
        &request->host,
        &request->body,
        &request->content_type,
        &request->accept_encoding,
        &request->content_encoding,
        &parser->authority,
    };
    if (parser->base != NULL) {
        for (size_t i = 0; i < COUNT_OF(views); i++)
            rebase_view(views[i], parser->base, p);
        for (size_t i = 0; i < request->header_count; i++) {
            rebase_view(&parser->headers[i].name, parser->base, p);
            rebase_view(&parser->headers[i].value, parser->base, p);
        }
    }
    parser->base = p;
}

void http_parser_init(struct http_parser *parser, const struct http_limits *limits,
                      struct http_header *headers) {
    *parser = (struct http_parser){.limits = limits, .headers = headers, .body_limit = limits->body_bytes};
    parser->request.headers = headers;
    parser->request.method = HTTP_OTHER;
}

static enum step run_state(struct http_parser *parser, char *p, size_t n) {
    switch (parser->state) {
    case STATE_START:
    case STATE_FIRST_BYTE:
        return on_start(parser, p, n);
    case STATE_REQUEST_LINE:
        return on_request_line(parser, p, n);
    case STATE_HEADERS:
        return on_headers(parser, p, n);
    case STATE_BODY:
        return on_body(parser, p, n);
    case STATE_CHUNK_SIZE:
        return on_chunk_size(parser, p, n);
    case STATE_CHUNK_DATA:
        return on_chunk_data(parser, p, n);
    case STATE_CHUNK_END:
        return on_chunk_end(parser, p, n);
    case STATE_TRAILERS:
        return on_trailers(parser, p, n);
    }
    return STEP_ERROR;
}

static enum http_parse run(struct http_parser *parser, char *p, size_t n) {
    while (parser->state != STATE_DONE) {
        enum step step = run_state(parser, p, n);
        if (step == STEP_MORE)
            return HTTP_PARSE_MORE;
        if (step == STEP_HEAD)
            return HTTP_PARSE_HEAD;
        if (step == STEP_ERROR) {
            parser->state = STATE_ERROR;
            return HTTP_PARSE_ERROR;
        }
    }
    return HTTP_PARSE_DONE;
}

enum http_parse http_parser_feed(struct http_parser *parser, char *p, size_t n) {
    if (parser->base != p)
        rebase(parser, p);
    enum http_parse result = run(parser, p, n);
    if (LIKELY(!parser->streamed) || parser->body_bytes == 0 ||
        (result != HTTP_PARSE_MORE && result != HTTP_PARSE_DONE))
        return result;
    parser->request.body = (struct str){p + parser->body_start, parser->body_bytes};
    return HTTP_PARSE_PIECE;
}

/* ---- the body's limits, and its pieces ---- */

void http_parser_limit_body(struct http_parser *parser, size_t body_bytes) {
    parser->body_limit = body_bytes;
}

bool http_parser_fits(const struct http_parser *parser) {
    if (parser->state != STATE_BODY || parser->body_dropped + parser->body_bytes > 0)
        return true;
    return parser->body_wanted <= parser->body_limit;
}

bool http_parser_empty(const struct http_parser *parser) {
    return parser->state == STATE_BODY && parser->body_wanted == 0;
}

void http_parser_stream_body(struct http_parser *parser, size_t body_bytes) {
    parser->body_limit = body_bytes;
    parser->streamed = true;
}

/* The first byte behind the body so far that is still to be looked at as a whole. */
static size_t first_kept(const struct http_parser *parser) {
    return parser->state == STATE_CHUNK_SIZE || parser->state == STATE_TRAILERS ? parser->line_start
                                                                                : parser->at;
}

size_t http_parser_drop_piece(struct http_parser *parser, char *p, size_t n) {
    size_t keep = first_kept(parser);
    size_t gap = keep - parser->body_start;
    memmove(p + parser->body_start, p + keep, n - keep);
    parser->body_dropped += parser->body_bytes;
    parser->body_bytes = 0;
    parser->request.body = (struct str){p + parser->body_start, 0};
    parser->at -= gap;
    parser->line_start -= parser->line_start >= keep ? gap : 0;
    parser->section_start -= gap; /* may wrap: only its sum with a limit is used */
    return n - gap;
}

size_t http_parser_compact(struct http_parser *parser, char *p, size_t n) {
    bool framed = parser->state >= STATE_CHUNK_SIZE && parser->state <= STATE_TRAILERS;
    size_t keep = first_kept(parser);
    size_t gap = framed ? keep - (parser->body_start + parser->body_bytes) : 0;
    if (gap == 0)
        return n;
    memmove(p + keep - gap, p + keep, n - keep);
    parser->at -= gap;
    parser->line_start -= parser->line_start >= keep ? gap : 0;
    parser->section_start -= gap; /* may wrap: only its sum with a limit is used */
    return n - gap;
}

size_t http_parser_consumed(const struct http_parser *parser) {
    return parser->at;
}

size_t http_parser_wanted(const struct http_parser *parser) {
    return parser->state == STATE_BODY && !parser->streamed ? parser->body_start + parser->body_wanted : 0;
}

struct str http_request_header(const struct http_request *request, struct str name) {
    for (size_t i = 0; i < request->header_count; i++)
        if (str_ieq(request->headers[i].name, name))
            return request->headers[i].value;
    return (struct str){NULL, 0};
}
