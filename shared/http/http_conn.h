/*
 * One connection of the HTTP server, and what its parts share: http_server.c accepts it and owns the pools,
 * http_conn.c reads and moves it through its states, http_out.c writes to it, http_reply.c is what the
 * handler sees. Private to shared/http.
 */
#ifndef SLIMBID_HTTP_CONN_H
#define SLIMBID_HTTP_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>
#include <time.h>

#include "base/buf.h"
#include "base/loop.h"
#include "base/macros.h"
#include "base/str.h"
#include "http/gzip.h"
#include "http/http_parser.h"
#include "http/http_server.h"

enum {
    INBOX_BYTES = 8192,          /* one pooled read buffer, its parser and header array included */
    INBOX_KEEP = 64,             /* read buffers kept for the next request */
    INBOX_SLACK = 512,           /* behind a body of known length: where a client's end is noticed */
    INFLATED_KEEP_BYTES = 16384, /* of a read buffer's inflated body, kept with it */
    PACKED_KEEP_BYTES = 65536,   /* of the gzip answer buffer */
    CONN_KEEP = 256,             /* structs of closed connections kept for the next */
    CONN_REQUESTS_PER_TURN = 32, /* of one connection, so that one that pipelines starves nobody */
    CONN_PEER_BYTES = 46,        /* INET6_ADDRSTRLEN */
    CONN_LINGER_BYTES = 1 << 20, /* read and thrown away after a refusal, at most */
    CONN_LINGER_US = 2000000,
    INTAKE_READ_BYTES = 65536,      /* of a streamed body at a time */
    INTAKE_ROOM = 16384,            /* inflated bytes handed on at a time */
    INTAKE_TURN_BYTES = 256 * 1024, /* inflated bytes of one connection and turn */
    CONN_POLL_US =
        50000, /* how often a client is looked at whose read buffer is full while its answer is made */
    SERVER_SCRATCH_BYTES = 4096,
    SERVER_STAGE_BYTES = 65536, /* answers of one turn that leave together */
    SERVER_STAGE_COUNT = 64,
    SERVER_STAGE_US = 2000, /* longest time that the first of them waits for the others */
};

#define CONN_NO_DEADLINE UINT64_MAX
#define CONN_UNLINKED_FD (-2) /* closed, and out of the list of open connections */

enum conn_state {
    CONN_IDLE,      /* accepted or answered; no byte of a next request has been parsed */
    CONN_HEAD,      /* a request has begun, its head is not whole */
    CONN_BODY,      /* its head is accepted, its body not whole */
    CONN_HANDLER,   /* with the handler, which has not begun to answer */
    CONN_STREAMING, /* with the handler, which has begun to answer in pieces */
    CONN_WRITING,   /* answered; the rest of the answer waits to be sent */
    CONN_LINGER,    /* shut down; what still comes in is thrown away so that the answer is not reset */
    CONN_CLOSED,    /* freed at the end of the turn */
};

enum conn_ending { CONN_KEEP_ALIVE, CONN_CLOSE, CONN_CLOSE_LINGERING };

/* A read buffer with the parser of the request in it. Held from a request's first byte to its answer. */
struct inbox {
    struct inbox *next;
    char *p;          /* `bytes`, or a larger block on the heap */
    size_t room;      /* bytes at p */
    size_t start;     /* where the current request starts */
    size_t used;      /* where the next byte goes */
    uint64_t read_us; /* when the first byte of the request to begin next came */
    struct buf inflated;
    struct http_parser parser;
    struct http_header headers[HTTP_MAX_HEADERS];
    char bytes[]; /* up to INBOX_BYTES in all */
};
#define INBOX_OWN_ROOM (INBOX_BYTES - sizeof(struct inbox))

struct http_exchange {
    uint64_t started_us;
    void (*on_gone)(void *ctx);
    void *gone_ctx;
    void (*on_drained)(void *ctx);
    void *drained_ctx;
    int64_t to_send; /* of the Content-Length that a streamed answer promised; -1: none was */
    bool chunked;
    bool without_body; /* the answer to HEAD, or 204 and 304 */
};

struct http_conn {
    struct http_server *server;
    struct http_conn *next; /* in the server's list of open, dead or spare connections */
    struct http_conn *prev;
    struct http_conn *next_pending;
    struct watch *watch;
    int fd;
    enum conn_state state;
    enum conn_ending ending;
    bool pending;   /* in the server's list for the next turn */
    bool advancing; /* conn_advance() is on the stack and goes on by itself */
    bool broken;    /* a write failed while the handler streams; it is told on the next turn */
    bool staged;    /* its answer leaves at the end of this turn; see out_stage() */
    bool drain_due; /* the handler is to be told when nothing waits to be sent any more */
    uint8_t peer_bytes;
    struct timer timer;   /* re-armed only to fire earlier: deadline_us is what counts */
    uint64_t deadline_us; /* or CONN_NO_DEADLINE */
    uint64_t phase_us;    /* when the state's clock started */
    struct inbox *inbox;
    struct intake *intake; /* of a body that is streamed and has not ended; else NULL */
    struct buf out;        /* unsent bytes from out_at on */
    size_t out_at;
    size_t lingered_bytes;
    uint64_t requests;
    struct http_exchange exchange;
    char peer[CONN_PEER_BYTES];
};

struct server_listener {
    struct server_listener *next;
    struct http_server *server;
    struct watch *watch;
};

/* An answer that waits for the end of the turn: stage[at .. at + n). conn is NULL when it was closed. */
struct staged_answer {
    struct http_conn *conn;
    uint32_t at, n;
};

struct http_server {
    struct loop *loop;
    struct http_server_options options;
    struct http_handler handler;
    struct http_server_stats *stats;
    struct budget *connections, *bodies, *answers; /* of options.budgets; NULL: none */
    uint64_t connection_bytes;                     /* what one is charged */
    struct server_listener *listeners;
    struct http_conn *open;
    struct http_conn *dead; /* closed in this turn */
    struct http_conn *spare;
    size_t spare_count;
    struct http_conn *pending; /* to go on with in the next turn, oldest first */
    struct http_conn **pending_tail;
    struct timer pending_timer;
    struct timer accept_timer; /* resumes accepting when descriptors ran out */
    struct inbox *inboxes;
    size_t inbox_count;
    struct deferred reap; /* frees `dead`, and the server once destroyed */
    bool reap_due;
    bool accept_paused;
    bool draining;
    bool destroyed;
    unsigned depth; /* calls from the loop on the stack */
    struct gzip *gzip;
    struct buf packed; /* the gzipped answer */
    time_t date_second;
    char date[40];         /* "Date: ...\r\n" */
    struct deferred leave; /* sends what is staged */
    bool leave_due;
    uint32_t staged_count;
    uint32_t staged_bytes;
    uint64_t staged_us; /* when the first of them was */
    struct staged_answer staged[SERVER_STAGE_COUNT];
    char *stage; /* SERVER_STAGE_BYTES */
    char scratch[SERVER_SCRATCH_BYTES];
};

/* ---- http_server.c ---- */

/* A read buffer for a connection's next request; NULL when out of memory. */
struct inbox *server_take_inbox(struct http_server *server) CHECK_RESULT;
void server_give_inbox(struct http_server *server, struct inbox *inbox);
/* Goes on with the connection in the next turn. */
void server_go_on_later(struct http_server *server, struct http_conn *conn);
/* A connection was closed: accepting may go on, its memory is freed at the end of the turn. */
void server_bury(struct http_server *server, struct http_conn *conn);

/* ---- http_conn.c ---- */

/* Starts on a new socket, which it owns; false (and the socket is closed) when out of memory. */
bool conn_open(struct http_conn *conn) CHECK_RESULT;
void conn_set_state(struct http_conn *conn, enum conn_state state);
/* What was put off to this turn. */
void conn_go_on(struct http_conn *conn);
/* Parses and hands over what the read buffer holds. */
void conn_advance(struct http_conn *conn);
/* A staged answer has left, but for what waits in `out`; false: the connection is broken. */
void conn_left(struct http_conn *conn, bool well);
/* The answer is made, and staged, in the kernel or in `out`: what comes next. */
void conn_answered(struct http_conn *conn);
/* Sets watch and timer to what the state waits for. */
void conn_settle(struct http_conn *conn);
/* Closes without a word to the handler. */
void conn_close(struct http_conn *conn);
/* Closes; a handler that is at work is told. */
void conn_gone(struct http_conn *conn);

/* Makes the read buffer at least that large, with the request at its start; false when out of memory. */
bool conn_widen_inbox(struct http_conn *conn, size_t room) CHECK_RESULT;

/* ---- http_intake.c: a body that is taken in pieces ---- */

struct intake {
    struct http_body_reader reader;
    struct budget *budget;
    uint64_t charged;
    struct gzip_stream *gzip; /* NULL: it comes as it is */
    size_t inflated;          /* bytes of the parser's current piece that are inflated already */
    uint64_t since_us;        /* the last piece, or the end of a pause */
    bool paused;
    char room[]; /* INTAKE_ROOM for inflated bytes, when it is gzipped */
};

/* Goes on with what the read buffer holds. True when the body has ended and the exchange goes on or is over.
 */
bool intake_advance(struct http_conn *conn) CHECK_RESULT;
/* The body fails: refused, or closed, and the handler is told. */
void intake_fail(struct http_conn *conn, int status, const char *reason);
/* No more of it is wanted. NULL is legal. */
void intake_destroy(struct intake *intake);

/* ---- http_out.c ---- */

/*
 * Sends, keeping what the kernel does not take; the pieces are needed during the call only. False when the
 * connection is broken or the rest passes the cap: the caller closes it.
 */
bool out_write(struct http_conn *conn, struct iovec *pieces, size_t count) CHECK_RESULT;
/* The same for one piece. */
bool out_write_one(struct http_conn *conn, struct str piece) CHECK_RESULT;
/*
 * Keeps a short answer of a connection that lives on for the end of the turn, when all answers of the turn
 * leave one after the other: the kernel's and our own code stay in the caches, and a client that waits is
 * woken once for many. Measured with 64 connections: 13 % less CPU a request. False: send it at once.
 */
bool out_stage(struct http_conn *conn, struct str answer) CHECK_RESULT;
/* Sends what is staged. */
void out_leave(struct http_server *server);
/* The connection closes: what it has staged does not leave. */
void out_unstage(struct http_conn *conn);
/* Sends of what waits as much as the kernel takes. False when the connection is broken. */
bool out_flush(struct http_conn *conn) CHECK_RESULT;
static inline size_t out_waiting(const struct http_conn *conn) {
    return conn->out.n - conn->out_at;
}

/* ---- http_reply.c ---- */

/* Answers for the server itself and closes, lingering. reason is one line of text; 503 says the same as
 * reply_overload(). */
void reply_refuse(struct http_conn *conn, int status, const char *reason);
/* There is no memory for the request: answered as configured, whatever was read of it, and closed, lingering.
 */
void reply_overload(struct http_conn *conn);

#endif
