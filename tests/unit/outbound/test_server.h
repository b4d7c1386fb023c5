/*
 * A small HTTP server for the tests of outbound, in the same loop as what it tests. It answers well, badly,
 * late or never, by the path of the request:
 *
 *   /ok          200 with {"ok":true}                 /echo       200 with the request's body
 *   /status/NNN  that status, no body                 /redirect   302 to /ok
 *   /slow/MS     /ok after so many milliseconds       /never      nothing
 *   /drip        the head, then a byte every 10 ms    /reset      a reset
 *   /short       less than its Content-Length, closed /garbage    bytes that are not HTTP, closed
 *   /big         Content-Length 10 MB                 /endless    chunks without end
 *   /headers     header lines without end             /once       /ok, and closes after it
 *   /gzip        {"ok":true}, gzipped                 /bomb       4 MB of zeros, gzipped
 *   /badgzip     says gzip, is not                    /br         says br
 *   /early       /ok at once, closes when idle, silently
 *   /chunked     "{"ok":true}" in three chunks, with an extension and a trailer; /gzipchunked: gzipped too
 *   /badte       says Transfer-Encoding: gzip, chunked
 *   /extension   a chunk extension without end        /trailers   trailers without end
 *   /longheader  a header line without end
 *   /stale       /ok; the second request on a connection closes it without a byte
 *   /twice       /ok, and 10 ms later the same unasked, with another body
 */
#ifndef SLIMBID_TESTS_OUTBOUND_TEST_SERVER_H
#define SLIMBID_TESTS_OUTBOUND_TEST_SERVER_H

#include <stddef.h>

#include "base/loop.h"

struct test_server {
    struct loop *loop;
    int listen_fd;
    int port;
    struct watch *watch;
    struct test_connection *connections;
    unsigned accepted;
    unsigned open;
    unsigned requests;
    char last_request[8192]; /* head and body, NUL-terminated, cut */
};

/* Listens on a free port of 127.0.0.1; fails the test when it can't. */
void test_server_init(struct test_server *server, struct loop *loop);
void test_server_cleanup(struct test_server *server);

#endif
