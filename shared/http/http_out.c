/* What waits to be sent on a connection. Nothing does, nearly always: then no byte is copied. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "http/http_conn.h"

static bool would_block(int error) {
    return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

/* Keeps the pieces from byte `skip` on. */
static bool keep_rest(struct http_conn *conn, const struct iovec *pieces, size_t count, size_t skip) {
    struct buf *out = &conn->out;
    if (conn->out_at > 0 && conn->out_at >= out->n / 2) {
        memmove(out->p, out->p + conn->out_at, out_waiting(conn));
        out->n -= conn->out_at;
        conn->out_at = 0;
    }
    for (size_t i = 0; i < count; i++) {
        size_t sent = skip < pieces[i].iov_len ? skip : pieces[i].iov_len;
        skip -= sent;
        buf_add(out, (const char *)pieces[i].iov_base + sent, pieces[i].iov_len - sent);
    }
    return !out->failed;
}

/* Sends the pieces, keeping what the kernel does not take. */
static bool send_now(struct http_conn *conn, struct iovec *pieces, size_t count, size_t total) {
    ssize_t n;
    if (count == 1) {
        n = send(conn->fd, pieces[0].iov_base, total, MSG_NOSIGNAL);
    } else {
        struct msghdr message = {.msg_iov = pieces, .msg_iovlen = count};
        n = sendmsg(conn->fd, &message, MSG_NOSIGNAL);
    }
    if (n < 0) {
        if (!would_block(errno))
            return false;
        n = 0;
    }
    conn->server->stats->bytes_out += (size_t)n;
    if (LIKELY((size_t)n == total))
        return true;
    conn->phase_us = loop_now(conn->server->loop);
    return keep_rest(conn, pieces, count, (size_t)n);
}

bool out_write(struct http_conn *conn, struct iovec *pieces, size_t count) {
    size_t total = 0;
    for (size_t i = 0; i < count; i++)
        total += pieces[i].iov_len;
    if (out_waiting(conn) > 0)
        return keep_rest(conn, pieces, count, 0);
    return send_now(conn, pieces, count, total);
}

bool out_write_one(struct http_conn *conn, struct str piece) {
    struct iovec one = {.iov_base = (void *)piece.p, .iov_len = piece.n};
    return out_write(conn, &one, 1);
}

bool out_flush(struct http_conn *conn) {
    size_t waiting = out_waiting(conn);
    if (waiting == 0)
        return true;
    ssize_t n = send(conn->fd, conn->out.p + conn->out_at, waiting, MSG_NOSIGNAL);
    if (n < 0)
        return would_block(errno);
    conn->server->stats->bytes_out += (size_t)n;
    conn->out_at += (size_t)n;
    conn->phase_us = loop_now(conn->server->loop);
    if ((size_t)n == waiting) {
        conn->out_at = 0;
        buf_clear(&conn->out, 0);
    }
    return true;
}

/* ---- answers that leave at the end of the turn ---- */

static void on_turn_end(struct deferred *self) {
    struct http_server *server = CONTAINER_OF(self, struct http_server, leave);
    server->leave_due = false;
    server->depth++;
    out_leave(server);
    server->depth--;
}

bool out_stage(struct http_conn *conn, struct str answer) {
    struct http_server *server = conn->server;
    const struct inbox *inbox = conn->inbox;
    /* What is pipelined behind the request is gone on with at once, and needs its answer out of the way. */
    bool alone = inbox->used == inbox->start + http_parser_consumed(&inbox->parser);
    if (conn->state != CONN_HANDLER || conn->ending != CONN_KEEP_ALIVE || !alone || out_waiting(conn) > 0 ||
        answer.n > SERVER_SCRATCH_BYTES || server->draining)
        return false;
    if (server->staged_count == SERVER_STAGE_COUNT || answer.n > SERVER_STAGE_BYTES - server->staged_bytes)
        return false;
    if (!server->leave_due) {
        server->leave_due = true;
        server->leave.fn = on_turn_end;
        loop_defer(server->loop, &server->leave);
    }
    if (server->staged_count > 0 && loop_clock(server->loop) - server->staged_us > SERVER_STAGE_US)
        out_leave(server); /* the turn is a long one */
    if (server->staged_count == 0)
        server->staged_us = loop_clock(server->loop);
    memcpy(server->stage + server->staged_bytes, answer.p, answer.n);
    server->staged[server->staged_count++] =
        (struct staged_answer){.conn = conn, .at = server->staged_bytes, .n = (uint32_t)answer.n};
    server->staged_bytes += (uint32_t)answer.n;
    conn->staged = true;
    conn->deadline_us = CONN_NO_DEADLINE;
    return true;
}

void out_leave(struct http_server *server) {
    for (uint32_t i = 0; i < server->staged_count; i++) {
        const struct staged_answer *staged = &server->staged[i];
        if (staged->conn == NULL)
            continue;
        struct iovec piece = {.iov_base = server->stage + staged->at, .iov_len = staged->n};
        staged->conn->staged = false;
        conn_left(staged->conn, send_now(staged->conn, &piece, 1, staged->n));
    }
    server->staged_count = 0;
    server->staged_bytes = 0;
}

void out_unstage(struct http_conn *conn) {
    struct http_server *server = conn->server;
    for (uint32_t i = 0; conn->staged && i < server->staged_count; i++)
        if (server->staged[i].conn == conn)
            server->staged[i].conn = NULL;
    conn->staged = false;
}
