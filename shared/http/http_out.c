/* What waits to be sent on a connection. Nothing does, nearly always: then no byte is copied. */
#include <errno.h>
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

bool out_write(struct http_conn *conn, struct iovec *pieces, size_t count) {
    size_t total = 0;
    for (size_t i = 0; i < count; i++)
        total += pieces[i].iov_len;
    if (out_waiting(conn) > 0)
        return keep_rest(conn, pieces, count, 0);
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
