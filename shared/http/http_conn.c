/*
 * A connection's life, in time order: opened, reading, handing over, answered, closing; see http_server.h.
 *
 * In the steady state a request costs one recv() and one send(): the read watch stays armed from the accept
 * on, and the timer is touched only when it would fire too late.
 */
#include "http/http_conn.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- states ---- */

static bool is_reading(enum conn_state state) {
    return state == CONN_IDLE || state == CONN_HEAD || state == CONN_BODY;
}

static bool with_handler(enum conn_state state) {
    return state == CONN_HANDLER || state == CONN_STREAMING;
}

/* The states that may follow each state, as bits. */
static unsigned followers(enum conn_state state) {
    const unsigned closed = 1u << CONN_CLOSED;
    const unsigned refused = 1u << CONN_WRITING | closed;
    switch (state) {
    case CONN_IDLE:
        return 1u << CONN_HEAD | refused;
    case CONN_HEAD:
        return 1u << CONN_BODY | refused;
    case CONN_BODY:
        return 1u << CONN_HANDLER | refused;
    case CONN_HANDLER:
        return 1u << CONN_STREAMING | 1u << CONN_WRITING | closed;
    case CONN_STREAMING:
        return 1u << CONN_WRITING | closed;
    case CONN_WRITING:
        return 1u << CONN_IDLE | 1u << CONN_LINGER | closed;
    case CONN_LINGER:
        return closed;
    case CONN_CLOSED:
        break;
    }
    return 0;
}

void conn_set_state(struct http_conn *conn, enum conn_state state) {
    struct http_server_stats *stats = conn->server->stats;
    bool legal = (followers(conn->state) & 1u << state) != 0;
    assert(legal);
    (void)legal;
    if (conn->state == CONN_IDLE)
        stats->connections_idle--;
    if (state == CONN_IDLE)
        stats->connections_idle++;
    conn->state = state;
}

/* ---- the end ---- */

static void release_inbox(struct http_conn *conn) {
    if (conn->inbox != NULL)
        server_give_inbox(conn->server, conn->inbox);
    conn->inbox = NULL;
}

void conn_close(struct http_conn *conn) {
    if (conn->state == CONN_CLOSED)
        return;
    conn_set_state(conn, CONN_CLOSED);
    out_unstage(conn);
    timer_disarm(&conn->timer);
    watch_destroy(conn->watch);
    conn->watch = NULL;
    close(conn->fd);
    conn->fd = -1;
    release_inbox(conn);
    intake_destroy(conn->intake);
    conn->intake = NULL;
    buf_cleanup(&conn->out);
    server_bury(conn->server, conn);
}

void conn_gone(struct http_conn *conn) {
    bool told = with_handler(conn->state);
    void (*on_gone)(void *ctx) = conn->exchange.on_gone;
    void *ctx = conn->exchange.gone_ctx;
    conn_close(conn);
    if (!told)
        return;
    conn->server->stats->clients_gone++;
    if (on_gone != NULL)
        on_gone(ctx);
}

/* ---- what a state waits for ---- */

static bool inbox_is_full(const struct inbox *inbox) {
    return inbox != NULL && inbox->used == inbox->room;
}

/* Whether nothing is read while the handler works: its client's end is then noticed by looking now and then.
 */
static bool is_held_back(const struct http_conn *conn) {
    return inbox_is_full(conn->inbox) || (conn->intake != NULL && conn->intake->paused);
}

static uint64_t deadline_of_intake(const struct http_conn *conn) {
    if (conn->intake == NULL || conn->intake->paused)
        return CONN_NO_DEADLINE;
    return conn->intake->since_us + conn->intake->reader.idle_us;
}

static uint64_t deadline_of_handler(const struct http_conn *conn) {
    uint64_t intake_us = deadline_of_intake(conn), own_us = CONN_NO_DEADLINE;
    if (out_waiting(conn) > 0)
        own_us = conn->phase_us + conn->server->options.write_timeout_us;
    else if (is_held_back(conn))
        own_us = loop_now(conn->server->loop) + CONN_POLL_US;
    return intake_us < own_us ? intake_us : own_us;
}

static uint64_t deadline_of(const struct http_conn *conn) {
    const struct http_server_options *options = &conn->server->options;
    switch (conn->state) {
    case CONN_IDLE:
        return conn->phase_us + options->idle_timeout_us;
    case CONN_HEAD:
        return conn->phase_us + options->header_timeout_us;
    case CONN_BODY:
        return conn->phase_us + options->body_timeout_us;
    case CONN_HANDLER:
    case CONN_STREAMING:
        return deadline_of_handler(conn);
    case CONN_WRITING:
        return conn->phase_us + options->write_timeout_us;
    case CONN_LINGER:
        return conn->phase_us + CONN_LINGER_US;
    case CONN_CLOSED:
        break;
    }
    return CONN_NO_DEADLINE;
}

static unsigned watch_of(const struct http_conn *conn) {
    unsigned write = out_waiting(conn) > 0 ? WATCH_WRITE : 0;
    if (conn->state == CONN_WRITING)
        return write;
    /* A hang-up watch alone does not see a reset, and would spin on it: a full buffer is polled by timer. */
    if (with_handler(conn->state) && is_held_back(conn))
        return write;
    return WATCH_READ | write;
}

void conn_settle(struct http_conn *conn) {
    if (conn->state == CONN_CLOSED || conn->staged)
        return;
    conn->deadline_us = deadline_of(conn);
    bool armed = true;
    if (conn->deadline_us != CONN_NO_DEADLINE &&
        (!timer_armed(&conn->timer) || conn->timer.at_us > conn->deadline_us))
        armed = timer_arm(&conn->timer, conn->deadline_us) == 0;
    if (armed && watch_set(conn->watch, watch_of(conn)) == 0)
        return;
    /* Out of memory. A handler is not called back out of its own call. */
    if (with_handler(conn->state)) {
        conn->broken = true;
        server_go_on_later(conn->server, conn);
    } else {
        conn_close(conn);
    }
}

/* ---- the read buffer ---- */

/* Moves the bytes into a block of `room` bytes. */
static bool grow_inbox(struct http_conn *conn, size_t room) {
    struct inbox *inbox = conn->inbox;
    struct budget *budget = conn->server->bodies;
    size_t n = inbox->used - inbox->start;
    if (!budget_charge(budget, room))
        return false;
    char *p = malloc(room);
    if (p == NULL) {
        budget_return(budget, room);
        return false;
    }
    memcpy(p, inbox->p + inbox->start, n);
    if (inbox->p != inbox->bytes) {
        budget_return(budget, inbox->room);
        free(inbox->p);
    }
    inbox->p = p;
    inbox->room = room;
    inbox->start = 0;
    inbox->used = n;
    return true;
}

static void move_to_front(struct inbox *inbox) {
    size_t n = inbox->used - inbox->start;
    memmove(inbox->p, inbox->p + inbox->start, n);
    inbox->start = 0;
    inbox->used = n;
}

bool conn_widen_inbox(struct http_conn *conn, size_t room) {
    struct inbox *inbox = conn->inbox;
    if (room > inbox->room)
        return grow_inbox(conn, room);
    move_to_front(inbox);
    return true;
}

/* The largest a request can get: the parser refuses before. */
static size_t inbox_max(const struct http_conn *conn) {
    const struct http_limits *limits = &conn->server->options.limits;
    return limits->request_line_bytes + 2 * limits->header_bytes + conn->inbox->parser.body_limit +
           HTTP_CHUNK_LINE_BYTES + 64;
}

/* Makes room behind the request that is being read: by moving it, closing a chunked body's gaps, growing. */
static bool make_room(struct http_conn *conn) {
    struct inbox *inbox = conn->inbox;
    if (inbox->used < inbox->room)
        return true;
    if (inbox->start > 0)
        move_to_front(inbox);
    inbox->used = http_parser_compact(&inbox->parser, inbox->p, inbox->used);
    if (inbox->used < inbox->room)
        return true;
    size_t max = inbox_max(conn);
    size_t room = inbox->room * 2 < max ? inbox->room * 2 : max;
    return room > inbox->room && grow_inbox(conn, room);
}

/* Makes room for a body of known length, and for a little of what follows it. */
static bool make_room_for_body(struct http_conn *conn) {
    struct inbox *inbox = conn->inbox;
    size_t wanted = http_parser_wanted(&inbox->parser);
    if (inbox->start + wanted <= inbox->room)
        return true;
    if (wanted > inbox->room)
        return grow_inbox(conn, wanted + INBOX_SLACK);
    move_to_front(inbox);
    return true;
}

/* ---- a request comes in ---- */

static void begin_request(struct http_conn *conn) {
    struct inbox *inbox = conn->inbox;
    http_parser_init(&inbox->parser, &conn->server->options.limits, inbox->headers);
    conn->exchange = (struct http_exchange){.started_us = inbox->read_us};
    conn->phase_us = loop_now(conn->server->loop);
    conn_set_state(conn, CONN_HEAD);
}

static bool is_gzip(struct str coding) {
    return str_ieq(coding, STR("gzip")) || str_ieq(coding, STR("x-gzip"));
}

/* RFC 9110 8.4.1: identity should not be sent, but says nothing wrong; nor does an empty list of codings. */
static bool is_no_coding(struct str coding) {
    return coding.n == 0 || str_ieq(coding, STR("identity"));
}

/* A client that waits for it is told to send the body: RFC 9110 10.1.1, not who did not wait, nor when
 * nothing will come. */
static void send_continue(struct http_conn *conn) {
    struct inbox *inbox = conn->inbox;
    const struct http_parser *parser = &inbox->parser;
    size_t head = http_parser_consumed(parser);
    bool awaited = head == inbox->used - inbox->start && !http_parser_empty(parser);
    if (parser->request.expect_continue && awaited &&
        !out_write_one(conn, STR("HTTP/1.1 100 Continue\r\n\r\n")))
        conn_gone(conn);
}

/* Whether there is a place for the body; refused otherwise. */
static bool admit_body(struct http_conn *conn) {
    struct http_server *server = conn->server;
    if (server->handler.on_head != NULL)
        server->handler.on_head(server->handler.ctx, &conn->exchange);
    if (conn->state != CONN_BODY)
        return conn->intake != NULL;
    if (!http_parser_fits(&conn->inbox->parser))
        return true; /* the parser's to refuse */
    if (make_room_for_body(conn))
        return true;
    reply_refuse(conn, 503, "no memory for the body");
    return false;
}

static void on_head(struct http_conn *conn) {
    struct http_request *request = &conn->inbox->parser.request;
    conn_set_state(conn, CONN_BODY);
    conn->phase_us = loop_now(conn->server->loop);
    if (is_no_coding(request->content_encoding))
        request->content_encoding = (struct str){NULL, 0};
    else if (!is_gzip(request->content_encoding)) {
        reply_refuse(conn, 415, "the one content coding that is taken is gzip");
        return;
    }
    if (admit_body(conn) && http_parser_fits(&conn->inbox->parser))
        send_continue(conn);
}

/* Replaces the body by what it was before gzip; false when that was refused. */
static bool inflate_body(struct http_conn *conn) {
    struct http_server *server = conn->server;
    struct inbox *inbox = conn->inbox;
    struct http_request *request = &inbox->parser.request;
    buf_clear(&inbox->inflated, INFLATED_KEEP_BYTES);
    switch (gzip_inflate(server->gzip, request->body, &inbox->inflated)) {
    case GZIP_OK:
        request->body = inbox->inflated.n > 0 ? buf_view(&inbox->inflated) : (struct str){request->body.p, 0};
        return true;
    case GZIP_BAD:
        reply_refuse(conn, 400, "the body is not one whole gzip member");
        break;
    case GZIP_TOO_LARGE:
        reply_refuse(conn, 413, "the inflated body is too large");
        break;
    case GZIP_NO_MEMORY:
        reply_refuse(conn, 503, "no memory for the body");
        break;
    }
    return false;
}

static void on_whole_request(struct http_conn *conn) {
    struct http_server *server = conn->server;
    const struct http_request *request = &conn->inbox->parser.request;
    if (UNLIKELY(str_present(request->content_encoding)) && request->body.n > 0 && !inflate_body(conn))
        return;
    conn_set_state(conn, CONN_HANDLER);
    conn->requests++;
    server->stats->requests++;
    server->handler.on_request(server->handler.ctx, &conn->exchange);
}

/* One step of reading a request; false when bytes are missing. */
static bool parse_on(struct http_conn *conn) {
    struct inbox *inbox = conn->inbox;
    switch (http_parser_feed(&inbox->parser, inbox->p + inbox->start, inbox->used - inbox->start)) {
    case HTTP_PARSE_MORE:
    case HTTP_PARSE_PIECE: /* an intake's, which has its own way */
        return false;
    case HTTP_PARSE_ERROR:
        reply_refuse(conn, inbox->parser.error_status, inbox->parser.error_reason);
        break;
    case HTTP_PARSE_HEAD:
        on_head(conn);
        break;
    case HTTP_PARSE_DONE:
        on_whole_request(conn);
        break;
    }
    return true;
}

void conn_advance(struct http_conn *conn) {
    unsigned budget = CONN_REQUESTS_PER_TURN;
    bool more = true;
    conn->advancing = true;
    while (more) {
        if (UNLIKELY(conn->intake != NULL)) {
            more = intake_advance(conn);
            continue;
        }
        if (!is_reading(conn->state) || conn->inbox == NULL || conn->inbox->used == conn->inbox->start)
            break;
        if (conn->state == CONN_IDLE) {
            if (budget-- == 0) {
                server_go_on_later(conn->server, conn);
                break;
            }
            begin_request(conn);
        }
        more = parse_on(conn);
    }
    conn->advancing = false;
    conn_settle(conn);
}

/* ---- reading ---- */

/* Whether bytes of a request that is not begun wait in the read buffer. */
static bool holds_next_request(const struct http_conn *conn) {
    const struct inbox *inbox = conn->inbox;
    size_t begun = with_handler(conn->state) ? http_parser_consumed(&inbox->parser) : 0;
    return !(conn->state == CONN_HEAD || conn->state == CONN_BODY) && inbox->used > inbox->start + begun;
}

/*
 * When the bytes just read came, or a little before: sockets that could be read before were read in the last
 * turn. A connection's first bytes may have come while it waited in the backlog; the kernel knows, in
 * milliseconds.
 */
static uint64_t came_at(const struct http_conn *conn) {
    uint64_t at_us = loop_came_after(conn->server->loop);
    struct tcp_info info;
    socklen_t size = sizeof info;
    if (LIKELY(conn->requests > 0) || conn->state != CONN_IDLE ||
        getsockopt(conn->fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0)
        return at_us;
    uint64_t waited_us = (uint64_t)info.tcpi_last_data_recv * 1000;
    uint64_t now_us = loop_turn(conn->server->loop);
    return waited_us < now_us && now_us - waited_us < at_us ? now_us - waited_us : at_us;
}

/* Reads what comes into the room there is. True when there are new bytes; else the connection may be closed.
 */
static bool read_bytes(struct http_conn *conn) {
    struct inbox *inbox = conn->inbox;
    size_t room = inbox->room - inbox->used;
    if (UNLIKELY(conn->intake != NULL) && room > INTAKE_READ_BYTES)
        room = INTAKE_READ_BYTES;
    ssize_t n = recv(conn->fd, inbox->p + inbox->used, room, 0);
    if (n <= 0) {
        if (n == 0 || (errno != EAGAIN && errno != EINTR))
            conn_gone(conn);
        else if (conn->state == CONN_IDLE && inbox->used == inbox->start)
            release_inbox(conn);
        return false;
    }
    if (!holds_next_request(conn))
        inbox->read_us = came_at(conn);
    inbox->used += (size_t)n;
    conn->server->stats->bytes_in += (uint64_t)n;
    return true;
}

/* There is no buffer to read into: whoever did not come to say good-bye is answered unread. */
static void refuse_unread(struct http_conn *conn) {
    char bytes[4096];
    ssize_t n = recv(conn->fd, bytes, sizeof bytes, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        conn_gone(conn);
        return;
    }
    conn->server->stats->bytes_in += (uint64_t)n;
    reply_overload(conn);
}

static void read_request(struct http_conn *conn) {
    if (conn->inbox == NULL)
        conn->inbox = server_take_inbox(conn->server);
    if (UNLIKELY(conn->inbox == NULL || !make_room(conn))) {
        refuse_unread(conn);
        return;
    }
    if (read_bytes(conn))
        conn_advance(conn);
}

/* The handler is at work: what comes is kept, or is more of its body, and the end is noticed. */
static void read_ahead(struct http_conn *conn) {
    if (conn->intake != NULL) {
        if (!is_held_back(conn) && read_bytes(conn))
            conn_advance(conn);
        conn_settle(conn);
        return;
    }
    if (!inbox_is_full(conn->inbox))
        read_bytes(conn);
    conn_settle(conn);
}

static void read_and_forget(struct http_conn *conn) {
    char bytes[16384];
    ssize_t n = recv(conn->fd, bytes, sizeof bytes, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    conn->lingered_bytes += n > 0 ? (size_t)n : 0;
    if (n <= 0 || conn->lingered_bytes > CONN_LINGER_BYTES)
        conn_close(conn);
}

/* ---- answered ---- */

static void linger(struct http_conn *conn) {
    release_inbox(conn);
    if (shutdown(conn->fd, SHUT_WR) != 0) {
        conn_close(conn);
        return;
    }
    conn->phase_us = loop_now(conn->server->loop);
    conn_set_state(conn, CONN_LINGER);
}

/* The answer is in the kernel: the next request, or the end. */
static void on_answer_sent(struct http_conn *conn) {
    struct inbox *inbox = conn->inbox;
    switch (conn->ending) {
    case CONN_CLOSE:
        conn_close(conn);
        return;
    case CONN_CLOSE_LINGERING:
        linger(conn);
        return;
    case CONN_KEEP_ALIVE:
        break;
    }
    if (conn->server->draining) {
        linger(conn);
        return;
    }
    inbox->start += http_parser_consumed(&inbox->parser);
    conn->phase_us = loop_now(conn->server->loop);
    conn_set_state(conn, CONN_IDLE);
    if (inbox->start == inbox->used)
        release_inbox(conn);
}

void conn_left(struct http_conn *conn, bool well) {
    if (!well)
        conn_close(conn);
    else if (out_waiting(conn) == 0)
        on_answer_sent(conn);
    conn_settle(conn);
}

void conn_answered(struct http_conn *conn) {
    conn_set_state(conn, CONN_WRITING);
    if (UNLIKELY(conn->intake != NULL)) { /* answered before its body's end: the rest is of no use */
        intake_destroy(conn->intake);
        conn->intake = NULL;
        conn->ending = CONN_CLOSE_LINGERING;
    }
    if (conn->staged)
        return; /* goes on in conn_left() */
    if (out_waiting(conn) == 0)
        on_answer_sent(conn);
    if (conn->advancing || conn->state == CONN_CLOSED)
        return;
    if (conn->state == CONN_IDLE && conn->inbox != NULL)
        server_go_on_later(conn->server, conn);
    conn_settle(conn);
}

static void tell_drained(struct http_conn *conn) {
    if (conn->state != CONN_STREAMING || !conn->drain_due || out_waiting(conn) > 0)
        return;
    conn->drain_due = false;
    conn->exchange.on_drained(conn->exchange.drained_ctx);
}

static void on_writable(struct http_conn *conn) {
    if (!out_flush(conn)) {
        conn_gone(conn);
        return;
    }
    if (out_waiting(conn) == 0) {
        if (conn->state == CONN_WRITING) {
            on_answer_sent(conn);
            if (conn->state == CONN_IDLE && conn->inbox != NULL) {
                conn_advance(conn);
                return;
            }
        } else {
            tell_drained(conn);
        }
    }
    conn_settle(conn);
}

void conn_go_on(struct http_conn *conn) {
    if (conn->broken) {
        conn_gone(conn);
        return;
    }
    tell_drained(conn);
    if (conn->state != CONN_CLOSED)
        conn_advance(conn);
}

/* ---- called by the loop ---- */

static void on_ready(void *ctx, int fd, unsigned ready) {
    struct http_conn *conn = ctx;
    struct http_server *server = conn->server;
    (void)fd;
    server->depth++;
    if (ready & WATCH_WRITE)
        on_writable(conn);
    if (ready & (WATCH_READ | WATCH_HANGUP)) {
        if (is_reading(conn->state))
            read_request(conn);
        else if (with_handler(conn->state))
            read_ahead(conn);
        else if (conn->state == CONN_LINGER)
            read_and_forget(conn);
    }
    server->depth--;
}

/* Whether the peer has closed or reset, though bytes before that are still unread. */
static bool has_hung_up(int fd) {
    struct pollfd poll_fd = {.fd = fd, .events = POLLRDHUP};
    return poll(&poll_fd, 1, 0) == 1;
}

static void on_deadline(struct http_conn *conn) {
    struct http_server_stats *stats = conn->server->stats;
    switch (conn->state) {
    case CONN_IDLE:
        stats->timeouts_idle++;
        conn_close(conn);
        break;
    case CONN_HEAD:
        stats->timeouts_header++;
        reply_refuse(conn, 408, "the request's head took too long");
        break;
    case CONN_BODY:
        stats->timeouts_body++;
        reply_refuse(conn, 408, "the request's body took too long");
        break;
    case CONN_HANDLER:
    case CONN_STREAMING:
        if (deadline_of_intake(conn) <= loop_now(conn->server->loop)) {
            stats->timeouts_body++;
            intake_fail(conn, 408, "the request's body took too long");
            break;
        }
        if (out_waiting(conn) > 0)
            stats->timeouts_write++;
        if (out_waiting(conn) > 0 || has_hung_up(conn->fd))
            conn_gone(conn);
        break;
    case CONN_WRITING:
        stats->timeouts_write++;
        conn_close(conn);
        break;
    case CONN_LINGER:
        conn_close(conn);
        break;
    case CONN_CLOSED:
        break;
    }
}

static void on_timer(void *ctx) {
    struct http_conn *conn = ctx;
    struct http_server *server = conn->server;
    server->depth++;
    if (conn->deadline_us <= loop_now(server->loop))
        on_deadline(conn);
    conn_settle(conn);
    server->depth--;
}

bool conn_open(struct http_conn *conn) {
    struct http_server *server = conn->server;
    conn->watch = watch_create(server->loop, conn->fd, on_ready, conn);
    if (conn->watch == NULL)
        return false;
    timer_init(&conn->timer, server->loop, on_timer, conn);
    buf_init(&conn->out, server->options.unsent_bytes);
    conn->phase_us = loop_now(server->loop);
    conn->deadline_us = deadline_of(conn);
    if (timer_arm(&conn->timer, conn->deadline_us) == 0 && watch_set(conn->watch, WATCH_READ) == 0)
        return true;
    timer_disarm(&conn->timer);
    watch_destroy(conn->watch);
    conn->watch = NULL;
    return false;
}
