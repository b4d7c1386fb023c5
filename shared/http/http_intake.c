/* A request's body on its way to a handler that takes it in pieces; see http_exchange_stream_body(). */
#include <stdlib.h>

#include "http/http_conn.h"

_Static_assert(INTAKE_READ_BYTES <= HTTP_PIECE_BYTES && INTAKE_ROOM <= HTTP_PIECE_BYTES, "as promised");

static struct http_conn *conn_of(struct http_exchange *exchange) {
    return CONTAINER_OF(exchange, struct http_conn, exchange);
}

/* ---- begin and end ---- */

static struct intake *intake_create(struct budget *budget, const struct http_body_reader *reader,
                                    bool gzipped) {
    uint64_t charged = sizeof(struct intake) + (gzipped ? INTAKE_ROOM + GZIP_STREAM_BYTES : 0);
    if (!budget_charge(budget, charged))
        return NULL;
    struct intake *intake = malloc(sizeof *intake + (gzipped ? INTAKE_ROOM : 0));
    if (intake == NULL) {
        budget_return(budget, charged);
        return NULL;
    }
    *intake = (struct intake){.reader = *reader, .budget = budget, .charged = charged};
    intake->gzip = gzipped ? gzip_stream_create() : NULL;
    if (intake->gzip != NULL || !gzipped)
        return intake;
    intake_destroy(intake);
    return NULL;
}

void intake_destroy(struct intake *intake) {
    if (intake == NULL)
        return;
    gzip_stream_destroy(intake->gzip);
    budget_return(intake->budget, intake->charged);
    free(intake);
}

/* Room for the head, a piece, a chunk's size line, and trailers as long as they may be. */
static size_t room_wanted(const struct http_conn *conn) {
    return http_parser_consumed(&conn->inbox->parser) + INTAKE_READ_BYTES + HTTP_CHUNK_LINE_BYTES +
           conn->server->options.limits.header_bytes + 64;
}

void http_exchange_limit_body(struct http_exchange *exchange, size_t body_bytes, size_t inflated_bytes) {
    struct http_conn *conn = conn_of(exchange);
    if (conn->state != CONN_BODY)
        return;
    http_parser_limit_body(&conn->inbox->parser, body_bytes);
    conn->inbox->inflated.cap = inflated_bytes;
}

bool http_exchange_stream_body(struct http_exchange *exchange, const struct http_body_reader *reader,
                               size_t body_bytes) {
    struct http_conn *conn = conn_of(exchange);
    struct http_parser *parser = &conn->inbox->parser;
    bool gzipped = str_present(parser->request.content_encoding);
    http_parser_stream_body(parser, body_bytes);
    struct intake *intake = NULL;
    if (conn_widen_inbox(conn, room_wanted(conn)))
        intake = intake_create(conn->server->bodies, reader, gzipped);
    if (intake == NULL) {
        reply_refuse(conn, 503, "no memory for the body");
        return false;
    }
    if (intake->reader.idle_us == 0)
        intake->reader.idle_us = conn->server->options.body_timeout_us;
    intake->since_us = loop_now(conn->server->loop);
    conn->intake = intake;
    conn_set_state(conn, CONN_HANDLER);
    conn->requests++;
    conn->server->stats->requests++;
    return true;
}

void http_exchange_pause_body(struct http_exchange *exchange) {
    struct http_conn *conn = conn_of(exchange);
    if (conn->intake != NULL)
        conn->intake->paused = true;
}

void http_exchange_resume_body(struct http_exchange *exchange) {
    struct http_conn *conn = conn_of(exchange);
    if (conn->intake == NULL || !conn->intake->paused)
        return;
    conn->intake->paused = false;
    conn->intake->since_us = loop_now(conn->server->loop);
    server_go_on_later(conn->server, conn);
}

void intake_fail(struct http_conn *conn, int status, const char *reason) {
    void (*on_gone)(void *ctx) = conn->exchange.on_gone;
    void *ctx = conn->exchange.gone_ctx;
    intake_destroy(conn->intake);
    conn->intake = NULL;
    if (conn->state == CONN_HANDLER)
        reply_refuse(conn, status, reason);
    else
        conn_close(conn);
    if (on_gone != NULL)
        on_gone(ctx);
}

/* ---- pieces ---- */

enum handing { HANDED_ALL, HANDED_PART, HANDED_FAILED };

/* Hands a piece over; what is left of it waits while the handler has paused. The intake may be gone after. */
static enum handing hand_plain(struct http_conn *conn, struct str piece) {
    conn->intake->reader.on_piece(conn->intake->reader.ctx, piece);
    return HANDED_ALL;
}

static enum handing hand_inflated(struct http_conn *conn, struct str piece, size_t *budget) {
    struct intake *intake = conn->intake;
    struct str in = {piece.p + intake->inflated, piece.n - intake->inflated};
    size_t made = INTAKE_ROOM;
    while (in.n > 0 || made == INTAKE_ROOM) {
        if (intake->paused || *budget == 0)
            return HANDED_PART;
        enum gzip_result result = gzip_stream_inflate(intake->gzip, &in, intake->room, INTAKE_ROOM, &made);
        intake->inflated = piece.n - in.n;
        if (result == GZIP_BAD || result == GZIP_TOO_LARGE) {
            intake_fail(conn, 400, "the body is not one whole gzip member");
            return HANDED_FAILED;
        }
        if (result == GZIP_NO_MEMORY) {
            intake_fail(conn, 503, "no memory for the body");
            return HANDED_FAILED;
        }
        *budget -= made < *budget ? made : *budget;
        if (made > 0)
            intake->reader.on_piece(intake->reader.ctx, (struct str){intake->room, made});
        if (conn->intake != intake)
            return HANDED_ALL; /* answered, or reset */
    }
    intake->inflated = 0;
    return HANDED_ALL;
}

/* True when the piece is out of the buffer and the intake lives. */
static bool hand_over(struct http_conn *conn, size_t *budget) {
    struct inbox *inbox = conn->inbox;
    struct intake *intake = conn->intake;
    struct str piece = inbox->parser.request.body;
    intake->since_us = loop_now(conn->server->loop);
    enum handing handing =
        intake->gzip != NULL ? hand_inflated(conn, piece, budget) : hand_plain(conn, piece);
    if (conn->intake != intake)
        return false;
    if (handing == HANDED_PART) {
        if (!intake->paused)
            server_go_on_later(conn->server, conn);
        return false;
    }
    size_t n = http_parser_drop_piece(&inbox->parser, inbox->p + inbox->start, inbox->used - inbox->start);
    inbox->used = inbox->start + n;
    return true;
}

static bool on_whole_body(struct http_conn *conn) {
    struct intake *intake = conn->intake;
    if (intake->gzip != NULL && !gzip_stream_whole(intake->gzip)) {
        intake_fail(conn, 400, "the body is not one whole gzip member");
        return false;
    }
    conn->intake = NULL;
    intake->reader.on_end(intake->reader.ctx);
    intake_destroy(intake);
    return true;
}

bool intake_advance(struct http_conn *conn) {
    size_t budget = INTAKE_TURN_BYTES;
    while (conn->intake != NULL && !conn->intake->paused) {
        struct inbox *inbox = conn->inbox;
        enum http_parse parse =
            http_parser_feed(&inbox->parser, inbox->p + inbox->start, inbox->used - inbox->start);
        switch (parse) {
        case HTTP_PARSE_PIECE:
            if (hand_over(conn, &budget))
                continue;
            return false;
        case HTTP_PARSE_DONE:
            return on_whole_body(conn);
        case HTTP_PARSE_ERROR:
            intake_fail(conn, inbox->parser.error_status, inbox->parser.error_reason);
            return false;
        case HTTP_PARSE_MORE:
        case HTTP_PARSE_HEAD:
            return false;
        }
    }
    return false;
}
