/*
 * The HTTP/1.1 server: listeners, connections, timeouts, answers in the order of the requests.
 *
 * A connection's life: accepted -> reading a head -> reading a body -> waiting for the handler ->
 * writing -> (keep-alive) idle, reading the next. One request of a connection is in the handler's
 * hands at a time; what is pipelined behind it waits, unparsed, in the read buffer, and when that
 * is full, in the kernel. An idle connection holds no buffer.
 */
#ifndef SLIMBID_HTTP_SERVER_H
#define SLIMBID_HTTP_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/budget.h"
#include "base/loop.h"
#include "base/macros.h"
#include "base/str.h"
#include "http/http_parser.h"

struct http_server;
struct http_exchange; /* one request and its answer */

struct http_server_options {
    struct http_limits limits;
    uint64_t header_timeout_us; /* from the first byte of a request to the end of its head: 408 */
    uint64_t body_timeout_us;   /* from the end of the head to the end of the body, or between two pieces of
                                   one that is streamed: 408 */
    uint64_t idle_timeout_us;   /* between requests: closed without a word */
    uint64_t write_timeout_us;  /* without a byte of progress while an answer waits to be sent */
    uint64_t max_requests_per_connection;
    size_t max_connections; /* beyond it the listener pauses: clients wait in the backlog */
    size_t unsent_bytes;    /* of one answer, waiting for its client: what passes it closes the connection */
    size_t gzip_min_bytes;  /* an answer this long is gzipped when the client takes gzip */
    int gzip_level;         /* 1 to 9 */
    int backlog_batch;      /* connections accepted per turn at most */
    int listen_rcvbuf;      /* SO_RCVBUF and SO_SNDBUF of the sockets, in bytes; 0: the kernel's default */
    int listen_sndbuf;
    struct budgets *budgets; /* what connections, bodies and answers are charged to; NULL: none */
    int overload_status;     /* of requests that there is no memory for: 503 or 204 */
    uint32_t retry_after_s;  /* of the 503 */
};

/* Plain, finite values for everything. */
void http_server_options_default(struct http_server_options *options);

/* Why the server itself answered, before any handler. */
enum http_refusal {
    HTTP_REFUSED_BAD_REQUEST,       /* 400 */
    HTTP_REFUSED_TIMEOUT,           /* 408 */
    HTTP_REFUSED_BODY_TOO_LARGE,    /* 413 */
    HTTP_REFUSED_LINE_TOO_LONG,     /* 414 */
    HTTP_REFUSED_EXPECTATION,       /* 417 */
    HTTP_REFUSED_HEADERS_TOO_LARGE, /* 431 */
    HTTP_REFUSED_NOT_IMPLEMENTED,   /* 501 */
    HTTP_REFUSED_VERSION,           /* 505 */
    HTTP_REFUSED_CODING,            /* 415: a Content-Encoding other than gzip */
    HTTP_REFUSED_NO_MEMORY,         /* 503, or 204 */
    HTTP_REFUSAL_COUNT,
};

/* Counters; the owner reads them, the server writes them. */
struct http_server_stats {
    uint64_t connections_accepted;
    uint64_t connections_open; /* gauge */
    uint64_t connections_idle; /* gauge: open and between requests */
    uint64_t requests;         /* handed to the handler */
    uint64_t refused[HTTP_REFUSAL_COUNT];
    uint64_t clients_gone; /* left while the handler worked */
    uint64_t bytes_in;
    uint64_t bytes_out;
    uint64_t timeouts_header;
    uint64_t timeouts_body;
    uint64_t timeouts_idle;
    uint64_t timeouts_write;
    uint64_t accept_paused; /* times that accepting stopped: connections, descriptors or memory at the cap */
    uint64_t accept_errors;
    uint64_t evicted_idle; /* connections closed while idle, to make room for others */
};

/*
 * The owner's side. on_request is called with a whole request; the handler answers with
 * http_exchange_respond() at once or later. on_head, when there is one, sees each request before its body and
 * may say how that is to be read: http_exchange_limit_body(), http_exchange_stream_body(). `ctx` is the
 * handler's.
 */
struct http_handler {
    void (*on_request)(void *ctx, struct http_exchange *exchange);
    void *ctx;
    void (*on_head)(void *ctx, struct http_exchange *exchange);
};

/* NULL when out of memory. options are copied; stats is written to for the server's whole life. */
struct http_server *http_server_create(struct loop *loop, const struct http_server_options *options,
                                       struct http_handler handler,
                                       struct http_server_stats *stats) CHECK_RESULT;
/*
 * Closes the listeners' watches and all connections; exchanges that wait are told they are gone. Legal inside
 * the handler's callbacks; NULL is legal.
 */
void http_server_destroy(struct http_server *server);
/* Accepts from a bound, listening, non-blocking socket (TCP or unix), which stays the caller's. 0 or -1. */
int http_server_listen(struct http_server *server, int listen_fd) CHECK_RESULT;
/* Stops accepting; idle connections are closed, running ones after their answer. */
void http_server_drain(struct http_server *server);

/* ---- an exchange, seen by the handler ---- */

/* Valid until the exchange is answered or gone. */
const struct http_request *http_exchange_request(const struct http_exchange *exchange);
/* When the request's first byte came, as far as that is known, else a little before (loop time,
 * microseconds): the time that it waited for this loop is counted. */
uint64_t http_exchange_started_us(const struct http_exchange *exchange);
/* The peer's address as text, without port; "unix" for a unix socket. Valid as long as the exchange. */
struct str http_exchange_peer(const struct http_exchange *exchange);
/* fn(ctx) is called once if the client leaves before the answer; the exchange is dead after it. */
void http_exchange_on_gone(struct http_exchange *exchange, void (*fn)(void *ctx), void *ctx);

/* ---- bodies, inside on_head ---- */

/* Other limits for this request's body than the server's. */
void http_exchange_limit_body(struct http_exchange *exchange, size_t body_bytes, size_t inflated_bytes);

/* Who takes a body in pieces. */
struct http_body_reader {
    /* The next bytes, inflated, at most HTTP_PIECE_BYTES; valid during the call. May pause, answer, reset. */
    void (*on_piece)(void *ctx, struct str piece);
    /* That was all of it. May answer. Not called after an answer that came before the end. */
    void (*on_end)(void *ctx);
    void *ctx;
    uint64_t idle_us; /* longest wait for the next piece; 0: the server's body timeout */
};

#define HTTP_PIECE_BYTES 65536

/*
 * The exchange is the handler's from now on, though its body (at most body_bytes as sent) is still to come:
 * the reader gets it, on_request is not called for it. It may be answered at any time, in pieces too; an
 * answer that ends before the body closes the connection. A body that fails (cut, malformed, too large, too
 * slow) is refused by the server when no answer has begun, else the connection closes; on_gone tells the
 * handler. False: refused already, for want of memory; the exchange is dead.
 */
bool http_exchange_stream_body(struct http_exchange *exchange, const struct http_body_reader *reader,
                               size_t body_bytes) CHECK_RESULT;
/* No more pieces until resume; the client is held back by TCP. Later, the next turn at the earliest, they go
 * on. Legal when the body has ended. */
void http_exchange_pause_body(struct http_exchange *exchange);
void http_exchange_resume_body(struct http_exchange *exchange);

struct http_response {
    int status;
    struct str content_type;  /* absent: no Content-Type */
    struct str extra_headers; /* whole lines, each with CRLF; or absent */
    struct str body;          /* needed during the call only */
    bool close;               /* close the connection after it */
    bool never_gzip;
};

/*
 * Answers and ends the exchange: the pointer is dead afterwards. Date, Content-Length, Connection, HEAD and
 * gzip are the server's business. May be called inside on_request; never calls back.
 */
void http_exchange_respond(struct http_exchange *exchange, const struct http_response *response);

/*
 * A body sent in pieces (for slow or endless answers of a test server): begins with status and
 * headers (Content-Length when content_length >= 0, else chunked), then pieces, then the end.
 * http_exchange_send() returns the bytes that still wait in user space; at most HTTP_STREAM_HIGH_WATER are
 * accepted, more returns SIZE_MAX and nothing is taken. After begin and after each send, on_drained (if any)
 * is called once none wait, on a later turn at the earliest: a producer that sends one piece in it goes on
 * for ever without starving others. Ending before content_length bytes were sent closes the connection. None
 * of these calls back; a client found gone meanwhile is told on the next turn.
 */
#define HTTP_STREAM_HIGH_WATER 262144

/* head's body is not looked at. */
void http_exchange_begin(struct http_exchange *exchange, const struct http_response *head,
                         int64_t content_length, void (*on_drained)(void *ctx), void *ctx);
size_t http_exchange_send(struct http_exchange *exchange, struct str piece);
void http_exchange_end(struct http_exchange *exchange);
/* Closes the connection with a reset, no answer (for a test server that misbehaves). */
void http_exchange_reset(struct http_exchange *exchange);

#endif
