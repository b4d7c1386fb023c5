/* A server that misbehaves on demand; see test_server.h. */
#include "test_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "http/gzip.h"

#define REQUEST_BYTES_MAX 65536

struct test_connection {
    struct test_server *server;
    struct test_connection *next;
    int fd;
    struct watch *watch;
    struct timer timer;
    char in[REQUEST_BYTES_MAX];
    size_t in_n;
    const char *filler; /* sent again and again while the peer takes it */
    bool dripping;
    bool unasked; /* the timer sends what nobody asked for */
    unsigned requests;
};

static void connection_close(struct test_connection *c, bool reset) {
    struct test_connection **link = &c->server->connections;
    while (*link != c)
        link = &(*link)->next;
    *link = c->next;
    c->server->open--;
    timer_disarm(&c->timer);
    watch_destroy(c->watch);
    if (reset)
        setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &(struct linger){1, 0}, sizeof(struct linger));
    close(c->fd);
    free(c);
}

static void put(struct test_connection *c, const void *p, size_t n) {
    /* The answers are smaller than a socket's buffer, so one send takes them whole. */
    ssize_t sent = send(c->fd, p, n, MSG_NOSIGNAL | MSG_DONTWAIT);
    (void)sent;
}

static void put_text(struct test_connection *c, const char *text) {
    put(c, text, strlen(text));
}

static void put_ok(struct test_connection *c) {
    put_text(c,
             "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n{\"ok\":true}");
}

static void put_body(struct test_connection *c, const char *encoding, const void *body, size_t n) {
    char head[200];
    int head_n =
        snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\n%s%s%sContent-Length: %zu\r\n\r\n",
                 encoding ? "Content-Encoding: " : "", encoding ? encoding : "", encoding ? "\r\n" : "", n);
    put(c, head, (size_t)head_n);
    put(c, body, n);
}

static void pack(const char *body, size_t n, struct buf *packed) {
    struct gzip *gzip = gzip_create();
    buf_init(packed, 2 * n + 1000);
    assert_non_null(gzip);
    assert_int_equal(gzip_deflate(gzip, (struct str){body, n}, 9, packed), GZIP_OK);
    gzip_destroy(gzip);
}

static void put_gzip(struct test_connection *c, const char *body, size_t n) {
    struct buf packed;
    pack(body, n, &packed);
    put_body(c, "gzip", packed.p, packed.n);
    buf_cleanup(&packed);
}

static void put_bomb(struct test_connection *c) {
    size_t n = 4u << 20;
    char *zeros = calloc(1, n);
    assert_non_null(zeros);
    put_gzip(c, zeros, n);
    free(zeros);
}

static void fill(struct test_connection *c, const char *head, const char *filler) {
    put_text(c, head);
    c->filler = filler;
    assert_int_equal(watch_set(c->watch, WATCH_READ | WATCH_WRITE), 0);
}

static void later(struct test_connection *c, uint64_t ms) {
    assert_int_equal(timer_arm(&c->timer, loop_now(c->server->loop) + ms * 1000), 0);
}

static void on_timer(void *ctx) {
    struct test_connection *c = ctx;
    if (c->dripping) {
        put(c, "x", 1);
        later(c, 10);
    } else if (c->unasked) {
        put_body(c, NULL, "{\"unasked\":true}", 16);
    } else {
        put_ok(c);
    }
}

/* Paths whose answer is the end of the connection. True when it was one. */
static bool answer_and_close(struct test_connection *c, const char *path) {
    if (!strcmp(path, "/reset") || (!strcmp(path, "/stale") && c->requests > 1)) {
        connection_close(c, !strcmp(path, "/reset"));
        return true;
    }
    if (!strcmp(path, "/short"))
        put_text(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"ok\":");
    else if (!strcmp(path, "/garbage"))
        put_text(c, "SSH-2.0-OpenSSH_9.2\r\n\x01\x02\x03");
    else if (!strcmp(path, "/once"))
        put_text(c, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 11\r\n\r\n{\"ok\":true}");
    else if (!strcmp(path, "/early"))
        put_ok(c);
    else
        return false;
    connection_close(c, false);
    return true;
}

static void put_chunks(struct test_connection *c, const char *coding, const char *body, size_t n) {
    size_t cuts[] = {0, 1, n / 2, n};
    char line[100];
    snprintf(line, sizeof line, "HTTP/1.1 200 OK\r\n%sTransfer-Encoding: chunked\r\n\r\n", coding);
    put_text(c, line);
    for (size_t i = 0; i + 1 < COUNT_OF(cuts); i++) {
        snprintf(line, sizeof line, "%zx%s\r\n", cuts[i + 1] - cuts[i], i ? "" : ";name=\"value\"");
        put_text(c, line);
        put(c, body + cuts[i], cuts[i + 1] - cuts[i]);
        put_text(c, "\r\n");
    }
    put_text(c, "000\r\nX-Trailer: 5\r\n\r\n");
}

static void put_gzip_chunks(struct test_connection *c) {
    struct buf packed;
    pack("{\"ok\":true}", 11, &packed);
    put_chunks(c, "Content-Encoding: gzip\r\n", packed.p, packed.n);
    buf_cleanup(&packed);
}

/* Answers of a few chunks or of endless parts. True when path is one of them. */
static bool answer_in_parts(struct test_connection *c, const char *path) {
    if (!strcmp(path, "/chunked"))
        put_chunks(c, "", "{\"ok\":true}", 11);
    else if (!strcmp(path, "/gzipchunked"))
        put_gzip_chunks(c);
    else if (!strcmp(path, "/badte"))
        put_text(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n");
    else if (!strcmp(path, "/endless"))
        fill(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "10\r\nxxxxxxxxxxxxxxxx\r\n");
    else if (!strcmp(path, "/extension"))
        fill(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1", ";extension=extension");
    else if (!strcmp(path, "/trailers"))
        fill(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", "X-Trailer: xxxxxxxx\r\n");
    else if (!strcmp(path, "/headers"))
        fill(c, "HTTP/1.1 200 OK\r\n", "X-Filler: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n");
    else if (!strcmp(path, "/longheader"))
        fill(c, "HTTP/1.1 200 OK\r\nX-Filler: ", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
    else
        return false;
    return true;
}

static void answer(struct test_connection *c, const char *path, const char *body, size_t body_n) {
    char text[100];
    if (answer_in_parts(c, path))
        return;
    if (!strcmp(path, "/ok") || !strcmp(path, "/stale"))
        put_ok(c);
    else if (!strcmp(path, "/twice")) {
        put_ok(c);
        c->unasked = true;
        later(c, 10);
    } else if (!strcmp(path, "/echo"))
        put_body(c, NULL, body, body_n);
    else if (!strncmp(path, "/status/", 8)) {
        snprintf(text, sizeof text, "HTTP/1.1 %.3s x\r\n%s\r\n", path + 8,
                 strcmp(path + 8, "204") ? "Content-Length: 0\r\n" : "");
        put_text(c, text);
    } else if (!strcmp(path, "/redirect"))
        put_text(c, "HTTP/1.1 302 Found\r\nLocation: /ok\r\nContent-Length: 0\r\n\r\n");
    else if (!strncmp(path, "/slow/", 6))
        later(c, strtoull(path + 6, NULL, 10));
    else if (!strcmp(path, "/drip")) {
        put_text(c, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
        c->dripping = true;
        later(c, 10);
    } else if (!strcmp(path, "/big"))
        fill(c, "HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n", "xxxxxxxxxxxxxxxx");
    else if (!strcmp(path, "/gzip"))
        put_gzip(c, "{\"ok\":true}", 11);
    else if (!strcmp(path, "/bomb"))
        put_bomb(c);
    else if (!strcmp(path, "/badgzip"))
        put_body(c, "gzip", "{\"ok\":true}", 11);
    else if (!strcmp(path, "/br"))
        put_body(c, "br", "{\"ok\":true}", 11);
}

/* Answers the request at the front of the buffer if it is whole; false when it isn't or the connection ended.
 */
static bool take_request(struct test_connection *c) {
    c->in[c->in_n] = 0;
    char *end = strstr(c->in, "\r\n\r\n");
    if (!end)
        return false;
    const char *length = strcasestr(c->in, "\r\nContent-Length:");
    size_t body_n = length && length < end ? strtoul(length + 17, NULL, 10) : 0;
    size_t head_n = (size_t)(end - c->in) + 4;
    if (c->in_n < head_n + body_n)
        return false;
    char path[200] = "";
    sscanf(c->in, "%*s %199s", path);
    c->server->requests++;
    c->requests++;
    snprintf(c->server->last_request, sizeof c->server->last_request, "%.*s", (int)(head_n + body_n), c->in);
    if (answer_and_close(c, path))
        return false;
    answer(c, path, c->in + head_n, body_n);
    memmove(c->in, c->in + head_n + body_n, c->in_n - head_n - body_n);
    c->in_n -= head_n + body_n;
    return true;
}

static void on_ready(void *ctx, int fd, unsigned ready) {
    struct test_connection *c = ctx;
    if (ready & WATCH_WRITE && c->filler)
        for (int i = 0; i < 100; i++)
            put_text(c, c->filler);
    if (!(ready & WATCH_READ))
        return;
    ssize_t n = recv(fd, c->in + c->in_n, sizeof c->in - c->in_n - 1, MSG_DONTWAIT);
    if (n == 0 || (n < 0 && errno != EAGAIN)) {
        connection_close(c, false);
        return;
    }
    if (n < 0)
        return;
    c->in_n += (size_t)n;
    while (take_request(c))
        continue;
}

static void on_accept(void *ctx, int fd, unsigned ready) {
    (void)ready;
    struct test_server *server = ctx;
    int client = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (client < 0)
        return;
    struct test_connection *c = calloc(1, sizeof *c);
    assert_non_null(c);
    c->server = server;
    c->fd = client;
    c->watch = watch_create(server->loop, client, on_ready, c);
    assert_non_null(c->watch);
    timer_init(&c->timer, server->loop, on_timer, c);
    assert_int_equal(watch_set(c->watch, WATCH_READ), 0);
    c->next = server->connections;
    server->connections = c;
    server->accepted++;
    server->open++;
}

void test_server_init(struct test_server *server, struct loop *loop) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    *server = (struct test_server){.loop = loop};
    server->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_true(server->listen_fd >= 0);
    assert_int_equal(bind(server->listen_fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(server->listen_fd, 128), 0);
    assert_int_equal(getsockname(server->listen_fd, (struct sockaddr *)&address, &size), 0);
    server->port = ntohs(address.sin_port);
    server->watch = watch_create(loop, server->listen_fd, on_accept, server);
    assert_non_null(server->watch);
    assert_int_equal(watch_set(server->watch, WATCH_READ), 0);
}

void test_server_cleanup(struct test_server *server) {
    while (server->connections)
        connection_close(server->connections, false);
    watch_destroy(server->watch);
    close(server->listen_fd);
}
