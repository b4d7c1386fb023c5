/* Answers: the handler's side of an exchange, and the server's own refusals. */
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "http/http_conn.h"

static struct http_conn *conn_of(const struct http_exchange *exchange) {
    return CONTAINER_OF((struct http_exchange *)exchange, struct http_conn, exchange);
}

/* ---- what the handler may ask ---- */

const struct http_request *http_exchange_request(const struct http_exchange *exchange) {
    return &conn_of(exchange)->inbox->parser.request;
}

uint64_t http_exchange_started_us(const struct http_exchange *exchange) {
    return exchange->started_us;
}

struct str http_exchange_peer(const struct http_exchange *exchange) {
    const struct http_conn *conn = conn_of(exchange);
    return (struct str){conn->peer, conn->peer_bytes};
}

void http_exchange_on_gone(struct http_exchange *exchange, void (*fn)(void *ctx), void *ctx) {
    exchange->on_gone = fn;
    exchange->gone_ctx = ctx;
}

/* ---- the head ---- */

static struct str reason_phrase(int status) {
    static const struct {
        int status;
        struct str phrase;
    } phrases[] = {
        {200, STR_INIT("OK")},
        {201, STR_INIT("Created")},
        {202, STR_INIT("Accepted")},
        {204, STR_INIT("No Content")},
        {301, STR_INIT("Moved Permanently")},
        {302, STR_INIT("Found")},
        {303, STR_INIT("See Other")},
        {304, STR_INIT("Not Modified")},
        {307, STR_INIT("Temporary Redirect")},
        {308, STR_INIT("Permanent Redirect")},
        {400, STR_INIT("Bad Request")},
        {401, STR_INIT("Unauthorized")},
        {403, STR_INIT("Forbidden")},
        {404, STR_INIT("Not Found")},
        {405, STR_INIT("Method Not Allowed")},
        {406, STR_INIT("Not Acceptable")},
        {408, STR_INIT("Request Timeout")},
        {409, STR_INIT("Conflict")},
        {410, STR_INIT("Gone")},
        {411, STR_INIT("Length Required")},
        {413, STR_INIT("Content Too Large")},
        {414, STR_INIT("URI Too Long")},
        {415, STR_INIT("Unsupported Media Type")},
        {417, STR_INIT("Expectation Failed")},
        {422, STR_INIT("Unprocessable Content")},
        {429, STR_INIT("Too Many Requests")},
        {431, STR_INIT("Request Header Fields Too Large")},
        {500, STR_INIT("Internal Server Error")},
        {501, STR_INIT("Not Implemented")},
        {502, STR_INIT("Bad Gateway")},
        {503, STR_INIT("Service Unavailable")},
        {504, STR_INIT("Gateway Timeout")},
        {505, STR_INIT("HTTP Version Not Supported")},
    };
    for (size_t i = 0; i < COUNT_OF(phrases); i++)
        if (phrases[i].status == status)
            return phrases[i].phrase;
    return STR("Unknown");
}

/* Text being put together in the server's scratch space. All that goes in is short and counted. */
struct head {
    char *p;
    size_t n;
};

static void head_add(struct head *head, struct str s) {
    memcpy(head->p + head->n, s.p, s.n);
    head->n += s.n;
}

static void head_add_uint(struct head *head, uint64_t v) {
    char digits[20];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + v % 10);
        v /= 10;
    } while (v != 0);
    head_add(head, (struct str){digits + at, sizeof digits - at});
}

/* RFC 9110 6.6.1: an origin server with a clock sends Date. Written once a second. */
static struct str date_line(struct http_server *server) {
    time_t now = time(NULL);
    if (UNLIKELY(now != server->date_second)) {
        struct tm tm;
        gmtime_r(&now, &tm);
        strftime(server->date, sizeof server->date, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &tm);
        server->date_second = now;
    }
    return (struct str){server->date, 37};
}

/* RFC 9110 8.6 and 15.3.5, 15.4.5: these have neither a body nor, here, a Content-Length. */
static bool status_without_body(int status) {
    return status == 204 || status == 304 || status < 200;
}

/* How the answer is framed and encoded. */
struct framing {
    int64_t content_length; /* -1: none */
    bool chunked;
    bool gzipped;
    bool varies; /* it would be gzipped for another client */
};

/* Status line and the server's own headers, but for the end of the Content-Type line if there is one. */
static struct head make_head(struct http_conn *conn, const struct http_response *response,
                             const struct framing *framing) {
    struct http_server *server = conn->server;
    struct head head = {server->scratch, 0};
    head_add(&head, STR("HTTP/1.1 "));
    head_add_uint(&head,
                  (uint64_t)(response->status >= 100 && response->status <= 999 ? response->status : 500));
    head_add(&head, STR(" "));
    head_add(&head, reason_phrase(response->status));
    head_add(&head, STR("\r\n"));
    head_add(&head, date_line(server));
    if (framing->gzipped)
        head_add(&head, STR("Content-Encoding: gzip\r\n"));
    if (framing->varies)
        head_add(&head, STR("Vary: Accept-Encoding\r\n"));
    if (framing->chunked) {
        head_add(&head, STR("Transfer-Encoding: chunked\r\n"));
    } else if (framing->content_length >= 0) {
        head_add(&head, STR("Content-Length: "));
        head_add_uint(&head, (uint64_t)framing->content_length);
        head_add(&head, STR("\r\n"));
    }
    if (conn->ending != CONN_KEEP_ALIVE)
        head_add(&head, STR("Connection: close\r\n"));
    else if (UNLIKELY(conn->inbox->parser.request.minor_version == 0))
        head_add(&head, STR("Connection: keep-alive\r\n"));
    if (str_present(response->content_type))
        head_add(&head, STR("Content-Type: "));
    return head;
}

static void add_piece(struct iovec *pieces, size_t *count, struct str s) {
    if (s.n > 0)
        pieces[(*count)++] = (struct iovec){.iov_base = (void *)s.p, .iov_len = s.n};
}

/* Sends head and body in one system call; false when the connection is broken. */
static bool send_answer(struct http_conn *conn, const struct http_response *response,
                        const struct framing *framing, struct str body) {
    struct head head = make_head(conn, response, framing);
    size_t n = head.n + response->content_type.n + response->extra_headers.n + body.n + 4;
    if (LIKELY(n <= SERVER_SCRATCH_BYTES)) {
        if (str_present(response->content_type)) {
            head_add(&head, response->content_type);
            head_add(&head, STR("\r\n"));
        }
        if (response->extra_headers.n > 0)
            head_add(&head, response->extra_headers);
        head_add(&head, STR("\r\n"));
        if (body.n > 0)
            head_add(&head, body);
        struct str answer = {head.p, head.n};
        return out_stage(conn, answer) || out_write_one(conn, answer);
    }
    struct iovec pieces[6];
    size_t count = 0;
    add_piece(pieces, &count, (struct str){head.p, head.n});
    if (str_present(response->content_type)) {
        add_piece(pieces, &count, response->content_type);
        add_piece(pieces, &count, STR("\r\n"));
    }
    add_piece(pieces, &count, response->extra_headers);
    add_piece(pieces, &count, STR("\r\n"));
    add_piece(pieces, &count, body);
    return out_write(conn, pieces, count);
}

/* ---- gzip ---- */

static bool has_content_encoding(struct str lines) {
    const struct str name = STR("Content-Encoding:");
    const char *end = lines.p + lines.n;
    for (const char *p = lines.p; p != NULL && (size_t)(end - p) > name.n;) {
        if (strncasecmp(p, name.p, name.n) == 0)
            return true;
        p = memchr(p, '\n', (size_t)(end - p));
        p = p != NULL ? p + 1 : NULL;
    }
    return false;
}

static bool is_compressible(struct str type) {
    static const struct str words[] = {STR_INIT("json"), STR_INIT("xml"), STR_INIT("javascript")};
    if (!str_present(type))
        return false;
    if (str_starts(type, STR("text/")))
        return true;
    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (memmem(type.p, type.n, words[i].p, words[i].n) != NULL)
            return true;
    return false;
}

/* The body as it is to be sent: gzipped where that is wanted, possible and shorter. */
static struct str pack_body(struct http_conn *conn, const struct http_response *response,
                            struct framing *framing) {
    struct http_server *server = conn->server;
    struct str body = response->body;
    if (LIKELY(body.n < server->options.gzip_min_bytes) || response->never_gzip ||
        !is_compressible(response->content_type) || has_content_encoding(response->extra_headers))
        return body;
    framing->varies = true;
    if (!gzip_accepted(conn->inbox->parser.request.accept_encoding))
        return body;
    buf_clear(&server->packed, PACKED_KEEP_BYTES);
    if (gzip_deflate(server->gzip, body, server->options.gzip_level, &server->packed) != GZIP_OK ||
        server->packed.n >= body.n)
        return body;
    framing->gzipped = true;
    return buf_view(&server->packed);
}

/* ---- whole answers ---- */

/* Whether the connection lives on (not while others wait in the backlog for its place), and if not, how it
 * ends: a client that may still be sending, because the end was not its own wish, is lingered for. */
static void decide_ending(struct http_conn *conn, bool close_wanted) {
    const struct http_server *server = conn->server;
    const struct inbox *inbox = conn->inbox;
    bool asked = !inbox->parser.request.keep_alive;
    bool more = inbox->used > inbox->start + http_parser_consumed(&inbox->parser);
    if (asked && !more)
        conn->ending = CONN_CLOSE;
    else if (asked || close_wanted || server->draining || server->accept_paused ||
             conn->requests >= server->options.max_requests_per_connection)
        conn->ending = CONN_CLOSE_LINGERING;
    else
        conn->ending = CONN_KEEP_ALIVE;
}

void http_exchange_respond(struct http_exchange *exchange, const struct http_response *response) {
    struct http_conn *conn = conn_of(exchange);
    if (conn->state != CONN_HANDLER)
        return;
    exchange->on_gone = NULL;
    decide_ending(conn, response->close || conn->intake != NULL);
    struct framing framing = {.content_length = -1};
    struct str body = {NULL, 0};
    if (!status_without_body(response->status)) {
        body = pack_body(conn, response, &framing);
        framing.content_length = (int64_t)body.n;
        if (conn->inbox->parser.request.method == HTTP_HEAD)
            body = (struct str){NULL, 0};
    }
    if (send_answer(conn, response, &framing, body))
        conn_answered(conn);
    else
        conn_close(conn);
}

static void count_refusal(struct http_server_stats *stats, int status) {
    static const struct {
        int status;
        enum http_refusal refusal;
    } refusals[] = {
        {400, HTTP_REFUSED_BAD_REQUEST},
        {408, HTTP_REFUSED_TIMEOUT},
        {413, HTTP_REFUSED_BODY_TOO_LARGE},
        {414, HTTP_REFUSED_LINE_TOO_LONG},
        {415, HTTP_REFUSED_CODING},
        {417, HTTP_REFUSED_EXPECTATION},
        {431, HTTP_REFUSED_HEADERS_TOO_LARGE},
        {501, HTTP_REFUSED_NOT_IMPLEMENTED},
        {503, HTTP_REFUSED_NO_MEMORY},
        {505, HTTP_REFUSED_VERSION},
    };
    for (size_t i = 0; i < COUNT_OF(refusals); i++)
        if (refusals[i].status == status)
            stats->refused[refusals[i].refusal]++;
}

void reply_overload(struct http_conn *conn) {
    struct http_server *server = conn->server;
    struct head head = {server->scratch, 0};
    count_refusal(server->stats, 503);
    conn->ending = CONN_CLOSE_LINGERING;
    bool silent = server->options.overload_status == 204;
    head_add(&head,
             silent ? STR("HTTP/1.1 204 No Content\r\n") : STR("HTTP/1.1 503 Service Unavailable\r\n"));
    head_add(&head, date_line(server));
    if (!silent) {
        head_add(&head, STR("Retry-After: "));
        head_add_uint(&head, server->options.retry_after_s);
        head_add(&head, STR("\r\nContent-Length: 0\r\n"));
    }
    head_add(&head, STR("Connection: close\r\n\r\n"));
    if (out_write_one(conn, (struct str){head.p, head.n}))
        conn_answered(conn);
    else
        conn_close(conn);
}

void reply_refuse(struct http_conn *conn, int status, const char *reason) {
    if (status == 503) {
        log_debug("http", "refused for want of memory peer=%s: %s", conn->peer, reason);
        reply_overload(conn);
        return;
    }
    char text[160];
    int n = snprintf(text, sizeof text, "%d %s\n", status, reason);
    struct http_response response = {
        .status = status,
        .content_type = STR("text/plain; charset=utf-8"),
        /* RFC 9110 12.5.3: what would have been taken. */
        .extra_headers = status == 415 ? STR("Accept-Encoding: gzip\r\n") : (struct str){NULL, 0},
        .body = {text, (size_t)n < sizeof text ? (size_t)n : sizeof text - 1},
    };
    struct framing framing = {.content_length = (int64_t)response.body.n};
    count_refusal(conn->server->stats, status);
    conn->ending = CONN_CLOSE_LINGERING;
    bool head_only = conn->inbox->parser.request.method == HTTP_HEAD;
    if (send_answer(conn, &response, &framing, head_only ? (struct str){NULL, 0} : response.body))
        conn_answered(conn);
    else
        conn_close(conn);
}

/* ---- answers in pieces ---- */

/* Sees to it that the rest is sent, and that the handler hears when none is left. */
static void piece_sent(struct http_conn *conn) {
    conn->drain_due = conn->exchange.on_drained != NULL;
    if (conn->drain_due && out_waiting(conn) == 0)
        server_go_on_later(conn->server, conn);
    if (!conn->advancing)
        conn_settle(conn);
}

/* The handler learns on the next turn that its client is gone. */
static void set_broken(struct http_conn *conn) {
    conn->broken = true;
    server_go_on_later(conn->server, conn);
}

void http_exchange_begin(struct http_exchange *exchange, const struct http_response *response,
                         int64_t content_length, void (*on_drained)(void *ctx), void *ctx) {
    struct http_conn *conn = conn_of(exchange);
    if (conn->state != CONN_HANDLER)
        return;
    const struct http_request *request = &conn->inbox->parser.request;
    bool no_body = status_without_body(response->status);
    exchange->to_send = no_body ? 0 : content_length;
    exchange->chunked = !no_body && content_length < 0 && request->minor_version > 0;
    exchange->without_body = no_body || request->method == HTTP_HEAD;
    exchange->on_drained = on_drained;
    exchange->drained_ctx = ctx;
    /* An HTTP/1.0 client learns the end of a body of unknown length by the close. */
    decide_ending(conn, response->close || (!no_body && content_length < 0 && !exchange->chunked));
    struct framing framing = {.content_length = no_body ? -1 : content_length, .chunked = exchange->chunked};
    conn_set_state(conn, CONN_STREAMING);
    if (send_answer(conn, response, &framing, (struct str){NULL, 0}))
        piece_sent(conn);
    else
        set_broken(conn);
}

/* One piece, as a chunk where the answer is chunked. */
static bool send_piece(struct http_conn *conn, struct str piece) {
    if (!conn->exchange.chunked)
        return out_write_one(conn, piece);
    char size[20];
    int n = snprintf(size, sizeof size, "%zx\r\n", piece.n);
    struct iovec pieces[3];
    size_t count = 0;
    add_piece(pieces, &count, (struct str){size, (size_t)n});
    add_piece(pieces, &count, piece);
    add_piece(pieces, &count, STR("\r\n"));
    return out_write(conn, pieces, count);
}

size_t http_exchange_send(struct http_exchange *exchange, struct str piece) {
    struct http_conn *conn = conn_of(exchange);
    if (conn->state != CONN_STREAMING || conn->broken || out_waiting(conn) + piece.n > HTTP_STREAM_HIGH_WATER)
        return SIZE_MAX;
    if (exchange->to_send >= 0) {
        if (piece.n > (size_t)exchange->to_send)
            piece.n = (size_t)exchange->to_send;
        exchange->to_send -= (int64_t)piece.n;
    }
    if (piece.n > 0 && !exchange->without_body && !send_piece(conn, piece)) {
        set_broken(conn);
        return SIZE_MAX;
    }
    piece_sent(conn);
    return out_waiting(conn);
}

void http_exchange_end(struct http_exchange *exchange) {
    struct http_conn *conn = conn_of(exchange);
    if (conn->state != CONN_STREAMING)
        return;
    exchange->on_gone = NULL;
    bool whole = !conn->broken;
    if (whole && exchange->chunked && !exchange->without_body)
        whole = out_write_one(conn, STR("0\r\n\r\n"));
    if (exchange->to_send > 0 && !exchange->without_body)
        conn->ending = CONN_CLOSE; /* the client must not wait for what was promised */
    if (whole)
        conn_answered(conn);
    else
        conn_close(conn);
}

void http_exchange_reset(struct http_exchange *exchange) {
    struct http_conn *conn = conn_of(exchange);
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    if (conn->state != CONN_HANDLER && conn->state != CONN_STREAMING)
        return;
    exchange->on_gone = NULL;
    (void)setsockopt(conn->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    conn_close(conn);
}
