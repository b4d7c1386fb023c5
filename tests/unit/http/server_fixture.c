/* See server_fixture.h. */
#include "server_fixture.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "http/listener.h"

/* ---- the handler ---- */

struct later {
    struct timer timer;
    struct http_exchange *exchange;
};

static void answer_none(struct http_exchange *exchange, bool close_after) {
    struct http_response response = {.status = 204, .close = close_after};
    http_exchange_respond(exchange, &response);
}

static void on_later(void *ctx) {
    struct later *later = ctx;
    answer_none(later->exchange, false);
    free(later);
}

static void on_later_gone(void *ctx) {
    struct later *later = ctx;
    timer_disarm(&later->timer);
    free(later);
}

static void answer_later(struct fixture *fixture, struct http_exchange *exchange) {
    struct later *later = calloc(1, sizeof *later);
    if (later == NULL) {
        answer_none(exchange, false);
        return;
    }
    later->exchange = exchange;
    timer_init(&later->timer, fixture->loop, on_later, later);
    http_exchange_on_gone(exchange, on_later_gone, later);
    if (timer_arm(&later->timer, loop_now(fixture->loop) + 20000) != 0)
        abort();
}

static void on_held_gone(void *ctx) {
    struct fixture *fixture = ctx;
    atomic_fetch_sub(&fixture->held, 1);
    atomic_fetch_add(&fixture->gone, 1);
}

static size_t query_number(const struct http_request *request) {
    size_t n = 0;
    for (size_t i = 0; i < request->query.n; i++)
        n = n * 10 + (size_t)(request->query.p[i] - '0');
    return n;
}

static void answer_text(struct http_exchange *exchange, struct str type, size_t n) {
    static char text[20000000];
    n = n < sizeof text ? n : sizeof text;
    for (size_t i = 0; i < n; i++)
        text[i] = (char)('a' + i % 23);
    struct http_response response = {.status = 200, .content_type = type, .body = {text, n}};
    http_exchange_respond(exchange, &response);
}

static void answer_stream(struct http_exchange *exchange, size_t pieces, int64_t length) {
    struct http_response head = {.status = 200, .content_type = STR("text/plain")};
    http_exchange_begin(exchange, &head, length, NULL, NULL);
    for (size_t i = 0; i < pieces; i++)
        (void)http_exchange_send(exchange, STR("piece\n"));
    http_exchange_end(exchange);
}

static char endless_piece[65536];

static void send_endless(void *ctx) {
    (void)http_exchange_send(ctx, (struct str){endless_piece, sizeof endless_piece});
}

static void answer_endless(struct fixture *fixture, struct http_exchange *exchange) {
    struct http_response head = {.status = 200};
    atomic_fetch_add(&fixture->held, 1);
    http_exchange_on_gone(exchange, on_held_gone, fixture);
    http_exchange_begin(exchange, &head, -1, send_endless, exchange);
}

static void destroy_server(struct fixture *fixture) {
    http_server_destroy(fixture->server);
    fixture->server = NULL;
}

static void on_request(void *ctx, struct http_exchange *exchange) {
    struct fixture *fixture = ctx;
    const struct http_request *request = http_exchange_request(exchange);
    struct str path = request->path;
    size_t n = query_number(request);
    if (str_eq(path, STR("/echo"))) {
        struct http_response response = {.status = 200, .body = request->body};
        http_exchange_respond(exchange, &response);
    } else if (str_eq(path, STR("/peer"))) {
        struct http_response response = {.status = 200, .body = http_exchange_peer(exchange)};
        http_exchange_respond(exchange, &response);
    } else if (str_eq(path, STR("/later"))) {
        answer_later(fixture, exchange);
    } else if (str_eq(path, STR("/hold"))) {
        atomic_fetch_add(&fixture->held, 1);
        http_exchange_on_gone(exchange, on_held_gone, fixture);
    } else if (str_eq(path, STR("/text"))) {
        answer_text(exchange, STR("text/plain"), n);
    } else if (str_eq(path, STR("/raw"))) {
        answer_text(exchange, STR("application/octet-stream"), n);
    } else if (str_eq(path, STR("/stream"))) {
        answer_stream(exchange, n, -1);
    } else if (str_eq(path, STR("/sized"))) {
        answer_stream(exchange, n, (int64_t)n * 6);
    } else if (str_eq(path, STR("/short"))) {
        answer_stream(exchange, n - 1, (int64_t)n * 6);
    } else if (str_eq(path, STR("/endless"))) {
        answer_endless(fixture, exchange);
    } else if (str_eq(path, STR("/reset"))) {
        http_exchange_reset(exchange);
    } else if (str_eq(path, STR("/destroy"))) {
        destroy_server(fixture);
    } else {
        answer_none(exchange, str_eq(path, STR("/close")));
    }
}

/* ---- the server ---- */

static void on_control(void *ctx, int fd, unsigned ready) {
    struct fixture *fixture = ctx;
    uint64_t command = 0;
    (void)ready;
    if (read(fd, &command, sizeof command) != sizeof command)
        return;
    if (command % FIXTURE_DRAIN == FIXTURE_STOP)
        loop_stop(fixture->loop);
    else if (fixture->server != NULL)
        http_server_drain(fixture->server);
}

static void *run(void *ctx) {
    struct fixture *fixture = ctx;
    if (loop_run(fixture->loop) != 0)
        abort();
    return NULL;
}

void fixture_init(struct fixture *fixture) {
    memset(fixture, 0, sizeof *fixture);
    http_server_options_default(&fixture->options);
    fixture->options.header_timeout_us = 30000000;
    fixture->options.body_timeout_us = 30000000;
    fixture->options.idle_timeout_us = 30000000;
    fixture->options.write_timeout_us = 30000000;
}

void fixture_start(struct fixture *fixture) {
    char error[200] = "", name[100];
    struct http_handler handler = {.on_request = on_request, .ctx = fixture, .on_head = fixture->on_head};
    fixture->loop = loop_create();
    assert_non_null(fixture->loop);
    fixture->server = http_server_create(fixture->loop, &fixture->options, handler, &fixture->stats);
    assert_non_null(fixture->server);
    fixture->listen_fd = listener_open(STR("127.0.0.1:0"), 128, false, error, sizeof error);
    assert_true(fixture->listen_fd >= 0);
    listener_name(fixture->listen_fd, name, sizeof name);
    fixture->port = (uint16_t)atoi(strrchr(name, ':') + 1);
    assert_int_equal(http_server_listen(fixture->server, fixture->listen_fd), 0);
    fixture->control_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    fixture->control = watch_create(fixture->loop, fixture->control_fd, on_control, fixture);
    assert_non_null(fixture->control);
    assert_int_equal(watch_set(fixture->control, WATCH_READ), 0);
    assert_int_equal(pthread_create(&fixture->thread, NULL, run, fixture), 0);
}

static void command(struct fixture *fixture, uint64_t number) {
    assert_int_equal(write(fixture->control_fd, &number, sizeof number), sizeof number);
}

void fixture_drain(struct fixture *fixture) {
    command(fixture, FIXTURE_DRAIN);
}

void fixture_stop(struct fixture *fixture) {
    command(fixture, FIXTURE_STOP);
    assert_int_equal(pthread_join(fixture->thread, NULL), 0);
    http_server_destroy(fixture->server);
    watch_destroy(fixture->control);
    loop_destroy(fixture->loop);
    close(fixture->control_fd);
    close(fixture->listen_fd);
    assert_int_equal(fixture->stats.connections_open, 0);
    assert_int_equal(fixture->stats.connections_idle, 0);
    assert_int_equal(atomic_load(&fixture->held), 0);
}

/* ---- the client ---- */

int client_connect(const struct fixture *fixture) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(fixture->port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval patience = {.tv_sec = 5};
    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

void client_send(int fd, struct str bytes) {
    while (bytes.n > 0) {
        ssize_t n = send(fd, bytes.p, bytes.n, MSG_NOSIGNAL);
        if (n <= 0)
            return; /* the server refused early: the answer tells */
        bytes = (struct str){bytes.p + n, bytes.n - (size_t)n};
    }
}

static bool read_exactly(int fd, char *p, size_t n) {
    while (n > 0) {
        ssize_t got = recv(fd, p, n, 0);
        if (got <= 0)
            return false;
        p += got;
        n -= (size_t)got;
    }
    return true;
}

const char *answer_header(const struct answer *answer, const char *name) {
    static char value[256];
    size_t n = strlen(name);
    for (const char *line = strstr(answer->head, "\r\n"); line != NULL; line = strstr(line + 2, "\r\n")) {
        if (strncasecmp(line + 2, name, n) != 0 || line[2 + n] != ':')
            continue;
        const char *from = line + 2 + n + 2;
        size_t length = strcspn(from, "\r");
        snprintf(value, sizeof value, "%.*s", (int)length, from);
        return value;
    }
    return NULL;
}

void client_answer(int fd, struct answer *answer, bool head_only) {
    memset(answer, 0, sizeof *answer);
    size_t n = 0;
    while (n < 4 || memcmp(answer->head + n - 4, "\r\n\r\n", 4) != 0) {
        assert_true(n + 1 < sizeof answer->head);
        ssize_t got = recv(fd, answer->head + n, 1, 0);
        if (got <= 0) {
            answer->status = got < 0 && errno == EAGAIN ? -1 : 0;
            return;
        }
        n++;
    }
    assert_int_equal(sscanf(answer->head, "HTTP/1.1 %d ", &answer->status), 1);
    const char *length = answer_header(answer, "Content-Length");
    if (length == NULL || head_only)
        return;
    answer->body_n = strtoul(length, NULL, 10);
    answer->body = malloc(answer->body_n + 1);
    assert_non_null(answer->body);
    assert_true(read_exactly(fd, answer->body, answer->body_n));
    answer->body[answer->body_n] = '\0';
}

int client_status(int fd) {
    struct answer answer;
    client_answer(fd, &answer, false);
    answer_cleanup(&answer);
    return answer.status;
}

void answer_cleanup(struct answer *answer) {
    free(answer->body);
    answer->body = NULL;
}

bool client_sees_end(int fd) {
    char byte;
    return recv(fd, &byte, 1, 0) == 0;
}

void wait_for(const atomic_int *counter, int n) {
    const struct timespec pause = {.tv_nsec = 1000000};
    for (int i = 0; i < 5000 && atomic_load(counter) < n; i++)
        nanosleep(&pause, NULL);
    assert_true(atomic_load(counter) >= n);
}
