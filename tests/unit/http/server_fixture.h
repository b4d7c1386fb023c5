/*
 * A real server on a loopback port, its loop in a thread of its own, so that a test is a plain blocking
 * client. The handler answers by path:
 *
 * - /echo: 200 with the request's body
 * - /peer: 200 with the client's address
 * - /none: 204
 * - /later: 204 after 20 ms
 * - /close: 204 and Connection: close
 * - /hold: never; what happens to it is counted
 * - /text?N: 200 with N bytes of text
 * - /raw?N: the same as application/octet-stream
 * - /stream?N, /sized?N: N pieces "piece\n", chunked or with a Content-Length
 * - /short?N: one piece less than its Content-Length says
 * - /endless: pieces until the client leaves
 * - /reset: a reset
 * - /destroy: the server is destroyed inside the handler
 */
#ifndef SLIMBID_TESTS_SERVER_FIXTURE_H
#define SLIMBID_TESTS_SERVER_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>

#include "base/loop.h"
#include "base/str.h"
#include "http/http_server.h"

struct fixture {
    struct http_server_options options;                         /* set before fixture_start() */
    void (*on_head)(void *ctx, struct http_exchange *exchange); /* the same; its ctx is the fixture */
    struct loop *loop;
    struct http_server *server;
    struct http_server_stats stats; /* read after fixture_stop() */
    int listen_fd;
    int control_fd; /* eventfd: 1 stops, COMMAND_DRAIN drains */
    uint16_t port;
    pthread_t thread;
    struct watch *control;
    atomic_int held; /* exchanges of /hold that wait */
    atomic_int gone; /* told that their client left */
};

enum { FIXTURE_STOP = 1, FIXTURE_DRAIN = 1000 };

/* Defaults with timeouts of 30 s, so that none strikes by chance. */
void fixture_init(struct fixture *fixture);
void fixture_start(struct fixture *fixture);
void fixture_drain(struct fixture *fixture);
/* Ends the loop, destroys the server; all connections and held exchanges must be gone after it. */
void fixture_stop(struct fixture *fixture);

/* A connected socket; reads time out after 5 s. */
int client_connect(const struct fixture *fixture);
void client_send(int fd, struct str bytes);
static inline void client_send_text(int fd, const char *text) {
    client_send(fd, str_from(text));
}

struct answer {
    int status; /* 0: the connection ended instead, -1: nothing came for 5 s */
    char head[2048];
    char *body; /* the answer's own */
    size_t body_n;
};
/* Reads one answer, byte-exact, and nothing of the next. */
void client_answer(int fd, struct answer *answer, bool head_only);
/* The answer's status, its body thrown away. */
int client_status(int fd);
/* The value of a header of the answer, or NULL. Static storage. */
const char *answer_header(const struct answer *answer, const char *name);
void answer_cleanup(struct answer *answer);
/* True when the server has closed: an end of file, no reset and no byte before it. */
bool client_sees_end(int fd);
/* Waits until *counter is at least n; fails after 5 s. */
void wait_for(const atomic_int *counter, int n);

#endif
