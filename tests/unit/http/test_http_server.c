/* The server over real sockets: answers, their framing and order, refusals, timeouts, clients that leave. */
#include "server_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "http/gzip.h"

#define GET(path)  "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"
#define POST(path) "POST " path " HTTP/1.1\r\nHost: a\r\n"

/* One request on a connection of its own. */
static struct answer ask(const struct fixture *fixture, const char *request, bool head_only) {
    struct answer answer;
    int fd = client_connect(fixture);
    client_send_text(fd, request);
    client_answer(fd, &answer, head_only);
    close(fd);
    return answer;
}

static void plain_answers(void **state) {
    struct fixture *fixture = *state;
    fixture_start(fixture);
    struct answer answer = ask(fixture, POST("/echo") "Content-Length: 5\r\n\r\nhello", false);
    assert_int_equal(answer.status, 200);
    assert_string_equal(answer.body, "hello");
    assert_string_equal(answer_header(&answer, "Content-Length"), "5");
    assert_int_equal(strlen(answer_header(&answer, "Date")), strlen("Sun, 06 Nov 1994 08:49:37 GMT"));
    assert_null(answer_header(&answer, "Connection"));
    assert_null(answer_header(&answer, "Server"));
    answer_cleanup(&answer);
    answer = ask(fixture, GET("/peer"), false);
    assert_string_equal(answer.body, "127.0.0.1");
    answer_cleanup(&answer);
    answer = ask(fixture, GET("/none"), true);
    assert_int_equal(answer.status, 204);
    assert_null(answer_header(&answer, "Content-Length"));
    answer = ask(fixture, "OPTIONS /none HTTP/1.1\r\nHost: a\r\n\r\n", true);
    assert_int_equal(answer.status, 204);
    answer = ask(fixture, "GET /echo HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", false);
    assert_string_equal(answer_header(&answer, "Connection"), "keep-alive");
    assert_string_equal(answer_header(&answer, "Content-Length"), "0");
    answer_cleanup(&answer);
    answer = ask(fixture, "GET /echo HTTP/1.0\r\n\r\n", false);
    assert_string_equal(answer_header(&answer, "Connection"), "close");
    answer_cleanup(&answer);
    fixture_stop(fixture);
    assert_int_equal(fixture->stats.requests, 6);
    assert_int_equal(fixture->stats.connections_accepted, 6);
}

static void head_has_no_body(void **state) {
    struct fixture *fixture = *state;
    fixture_start(fixture);
    int fd = client_connect(fixture);
    struct answer answer;
    client_send_text(fd, "HEAD /raw?1000 HTTP/1.1\r\nHost: a\r\n\r\n" GET("/raw?7"));
    client_answer(fd, &answer, true);
    assert_int_equal(answer.status, 200);
    assert_string_equal(answer_header(&answer, "Content-Length"), "1000");
    client_answer(fd, &answer, false);
    assert_string_equal(answer.body, "abcdefg");
    answer_cleanup(&answer);
    close(fd);
    fixture_stop(fixture);
}

static void chunked_bodies_of_any_size(void **state) {
    struct fixture *fixture = *state;
    fixture->options.limits.body_bytes = 1 << 20;
    fixture_start(fixture);
    int fd = client_connect(fixture);
    for (size_t total = 0; total < 400000; total = total * 3 + 1000) {
        struct buf body, raw;
        buf_init(&body, 1 << 21);
        buf_init(&raw, 1 << 22);
        BUF_ADD_LIT(&raw, POST("/echo") "Transfer-Encoding: chunked\r\n\r\n");
        while (body.n < total) {
            size_t n = 1 + body.n * 7 % 5000;
            buf_printf(&raw, "%zx;a=b\r\n", n);
            for (size_t i = 0; i < n; i++) {
                char c = (char)('a' + (body.n * 31) % 26);
                buf_add_char(&body, c);
                buf_add_char(&raw, c);
            }
            BUF_ADD_LIT(&raw, "\r\n");
        }
        BUF_ADD_LIT(&raw, "0\r\nX-Trailer: x\r\n\r\n");
        assert_false(raw.failed || body.failed);
        struct answer answer;
        client_send(fd, buf_view(&raw));
        client_answer(fd, &answer, false);
        assert_int_equal(answer.status, 200);
        assert_int_equal(answer.body_n, body.n);
        if (body.n > 0)
            assert_memory_equal(answer.body, body.p, body.n);
        answer_cleanup(&answer);
        buf_cleanup(&body);
        buf_cleanup(&raw);
    }
    close(fd);
    fixture_stop(fixture);
}

static void pipelined_answers_keep_their_order(void **state) {
    struct fixture *fixture = *state;
    fixture_start(fixture);
    int fd = client_connect(fixture);
    client_send_text(fd, GET("/raw?1") GET("/later") GET("/raw?2") GET("/later")
                             POST("/echo") "Content-Length: 3\r\n\r\nabc" GET("/raw?4"));
    static const struct {
        int status;
        size_t n;
    } wanted[] = {{200, 1}, {204, 0}, {200, 2}, {204, 0}, {200, 3}, {200, 4}};
    for (size_t i = 0; i < COUNT_OF(wanted); i++) {
        struct answer answer;
        client_answer(fd, &answer, false);
        assert_int_equal(answer.status, wanted[i].status);
        assert_int_equal(answer.body_n, wanted[i].n);
        answer_cleanup(&answer);
    }
    close(fd);
    fixture_stop(fixture);
}

static void continue_is_said_when_awaited(void **state) {
    struct fixture *fixture = *state;
    fixture->options.limits.body_bytes = 100;
    fixture_start(fixture);
    int fd = client_connect(fixture);
    struct answer answer;
    client_send_text(fd, POST("/echo") "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n");
    client_answer(fd, &answer, true);
    assert_int_equal(answer.status, 100);
    client_send_text(fd, "hello");
    client_answer(fd, &answer, false);
    assert_string_equal(answer.body, "hello");
    answer_cleanup(&answer);
    /* not awaited: the body is there */
    client_send_text(fd, POST("/echo") "Expect: 100-continue\r\nContent-Length: 5\r\n\r\nhello");
    assert_int_equal(client_status(fd), 200);
    /* no body to come */
    client_send_text(fd, POST("/echo") "Expect: 100-continue\r\nContent-Length: 0\r\n\r\n");
    assert_int_equal(client_status(fd), 200);
    /* too large: no invitation */
    client_send_text(fd, POST("/echo") "Expect: 100-continue\r\nContent-Length: 101\r\n\r\n");
    assert_int_equal(client_status(fd), 413);
    assert_true(client_sees_end(fd));
    close(fd);
    fixture_stop(fixture);
}

/* The refusal arrives whole though the client is still sending, and an end follows it, not a reset. */
static void refusals_arrive(void **state) {
    struct fixture *fixture = *state;
    fixture_start(fixture);
    static const struct {
        const char *request;
        int status;
        enum http_refusal refusal;
    } refused[] = {
        {"GET / HTTP/1.1\r\n\r\n", 400, HTTP_REFUSED_BAD_REQUEST},
        {POST("/") "Content-Length: 999999999\r\n\r\n", 413, HTTP_REFUSED_BODY_TOO_LARGE},
        {POST("/") "Expect: x\r\n\r\n", 417, HTTP_REFUSED_EXPECTATION},
        {POST("/") "Transfer-Encoding: x\r\n\r\n", 501, HTTP_REFUSED_NOT_IMPLEMENTED},
        {"GET / HTTP/3.0\r\n\r\n", 505, HTTP_REFUSED_VERSION},
        {POST("/") "Content-Encoding: br\r\nContent-Length: 1\r\n\r\n", 415, HTTP_REFUSED_CODING},
        {POST("/") "Content-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx", 400, HTTP_REFUSED_BAD_REQUEST},
    };
    static char more[200000];
    memset(more, 'x', sizeof more);
    uint64_t counted[HTTP_REFUSAL_COUNT] = {0};
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        int fd = client_connect(fixture);
        struct answer answer;
        client_send_text(fd, refused[i].request);
        client_send(fd, (struct str){more, sizeof more});
        client_answer(fd, &answer, false);
        assert_int_equal(answer.status, refused[i].status);
        assert_string_equal(answer_header(&answer, "Connection"), "close");
        assert_true(answer.body_n > 0);
        answer_cleanup(&answer);
        assert_true(client_sees_end(fd));
        close(fd);
        counted[refused[i].refusal]++;
    }
    fixture_stop(fixture);
    assert_memory_equal(fixture->stats.refused, counted, sizeof counted);
    assert_int_equal(fixture->stats.requests, 0);
}

static void answers_before_a_refusal_come_first(void **state) {
    struct fixture *fixture = *state;
    fixture_start(fixture);
    int fd = client_connect(fixture);
    client_send_text(fd, GET("/later") GET("/none") "GET /\n\n");
    assert_int_equal(client_status(fd), 204);
    assert_int_equal(client_status(fd), 204);
    assert_int_equal(client_status(fd), 400);
    assert_true(client_sees_end(fd));
    close(fd);
    fixture_stop(fixture);
}

static void gzip_in(void **state) {
    struct fixture *fixture = *state;
    fixture->options.limits.inflated_bytes = 100000;
    fixture_start(fixture);
    struct gzip *gzip = gzip_create();
    assert_non_null(gzip);
    static char text[100001];
    memset(text, 'z', sizeof text);
    int fd = client_connect(fixture);
    for (size_t n = 1; n <= sizeof text; n = n < 100 ? n * 10 : n * 10 + (n == 10000)) {
        struct buf raw, packed;
        buf_init(&packed, 1 << 20);
        buf_init(&raw, 1 << 20);
        assert_int_equal(gzip_deflate(gzip, (struct str){text, n}, 6, &packed), GZIP_OK);
        buf_printf(&raw, POST("/echo") "Content-Encoding: X-GZip\r\nContent-Length: %zu\r\n\r\n", packed.n);
        buf_add(&raw, packed.p, packed.n);
        client_send(fd, buf_view(&raw));
        struct answer answer;
        client_answer(fd, &answer, false);
        assert_int_equal(answer.status, n > 100000 ? 413 : 200);
        if (answer.status == 200)
            assert_int_equal(answer.body_n, n);
        answer_cleanup(&answer);
        buf_cleanup(&raw);
        buf_cleanup(&packed);
    }
    close(fd);
    gzip_destroy(gzip);
    fixture_stop(fixture);
}

static void no_coding_is_no_coding(void **state) {
    struct fixture *fixture = *state;
    static const char *const requests[] = {
        POST("/echo") "Content-Encoding: Identity\r\nContent-Length: 2\r\n\r\nab",
        POST("/echo") "Content-Encoding:\r\nContent-Length: 2\r\n\r\nab",
    };
    fixture_start(fixture);
    for (size_t i = 0; i < COUNT_OF(requests); i++) {
        struct answer answer = ask(fixture, requests[i], false);
        assert_int_equal(answer.status, 200);
        assert_int_equal(answer.body_n, 2);
        assert_memory_equal(answer.body, "ab", 2);
        answer_cleanup(&answer);
    }
    fixture_stop(fixture);
}

static void gzip_out(void **state) {
    struct fixture *fixture = *state;
    fixture->options.gzip_min_bytes = 500;
    fixture_start(fixture);
    struct answer answer =
        ask(fixture, "GET /text?5000 HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n", false);
    assert_string_equal(answer_header(&answer, "Content-Encoding"), "gzip");
    assert_string_equal(answer_header(&answer, "Vary"), "Accept-Encoding");
    assert_true(answer.body_n < 1000);
    struct gzip *gzip = gzip_create();
    struct buf plain;
    buf_init(&plain, 5000);
    assert_non_null(gzip);
    assert_int_equal(gzip_inflate(gzip, (struct str){answer.body, answer.body_n}, &plain), GZIP_OK);
    assert_int_equal(plain.n, 5000);
    assert_memory_equal(plain.p, "abcdefghijklmnopqrstuvwabc", 26);
    buf_cleanup(&plain);
    gzip_destroy(gzip);
    answer_cleanup(&answer);
    /* not taken by the client: plain, but caches are told */
    answer = ask(fixture, GET("/text?5000"), false);
    assert_null(answer_header(&answer, "Content-Encoding"));
    assert_string_equal(answer_header(&answer, "Vary"), "Accept-Encoding");
    assert_int_equal(answer.body_n, 5000);
    answer_cleanup(&answer);
    /* too short, or of a type that does not shrink */
    static const char *const plain_ones[] = {
        "GET /text?499 HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n",
        "GET /raw?5000 HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n"};
    for (size_t i = 0; i < COUNT_OF(plain_ones); i++) {
        answer = ask(fixture, plain_ones[i], false);
        assert_null(answer_header(&answer, "Content-Encoding"));
        assert_null(answer_header(&answer, "Vary"));
        answer_cleanup(&answer);
    }
    fixture_stop(fixture);
}

static void timeouts_strike(void **state) {
    struct fixture *fixture = *state;
    fixture->options.header_timeout_us = 60000;
    fixture->options.body_timeout_us = 90000;
    fixture->options.idle_timeout_us = 120000;
    fixture_start(fixture);
    int idle = client_connect(fixture), used = client_connect(fixture);
    int head = client_connect(fixture), body = client_connect(fixture);
    client_send_text(used, GET("/none"));
    client_send_text(head, "GET / HT");
    client_send_text(body, POST("/") "Content-Length: 5\r\n\r\nhell");
    assert_int_equal(client_status(used), 204);
    assert_int_equal(client_status(head), 408);
    assert_int_equal(client_status(body), 408);
    assert_true(client_sees_end(idle));
    assert_true(client_sees_end(used));
    assert_true(client_sees_end(head));
    assert_true(client_sees_end(body));
    close(idle);
    close(used);
    close(head);
    close(body);
    fixture_stop(fixture);
    assert_int_equal(fixture->stats.timeouts_header, 1);
    assert_int_equal(fixture->stats.timeouts_body, 1);
    assert_int_equal(fixture->stats.timeouts_idle, 2);
    assert_int_equal(fixture->stats.refused[HTTP_REFUSED_TIMEOUT], 2);
}

/* Bytes that trickle in do not buy more time. */
static void trickling_does_not_help(void **state) {
    struct fixture *fixture = *state;
    fixture->options.header_timeout_us = 100000;
    fixture_start(fixture);
    int fd = client_connect(fixture);
    client_send_text(fd, "GET / HTTP/1.1\r\nX: ");
    for (int i = 0; i < 20; i++) {
        client_send_text(fd, "x");
        usleep(10000);
    }
    assert_int_equal(client_status(fd), 408);
    close(fd);
    fixture_stop(fixture);
}

static void clients_that_leave_are_noticed(void **state) {
    struct fixture *fixture = *state;
    fixture_start(fixture);
    const struct linger reset = {.l_onoff = 1, .l_linger = 0};
    int closing = client_connect(fixture), resetting = client_connect(fixture);
    int half = client_connect(fixture), pipelining = client_connect(fixture);
    static char flood[100000];
    memset(flood, 'G', sizeof flood);
    client_send_text(closing, GET("/hold"));
    client_send_text(resetting, GET("/hold"));
    client_send_text(half, GET("/hold"));
    client_send_text(pipelining, GET("/hold"));
    client_send(pipelining, (struct str){flood, sizeof flood});
    wait_for(&fixture->held, 4);
    close(closing);
    wait_for(&fixture->gone, 1);
    assert_int_equal(setsockopt(resetting, SOL_SOCKET, SO_LINGER, &reset, sizeof reset), 0);
    close(resetting);
    wait_for(&fixture->gone, 2);
    shutdown(half, SHUT_WR);
    wait_for(&fixture->gone, 3);
    close(half);
    /* its read buffer is full: noticed all the same */
    close(pipelining);
    wait_for(&fixture->gone, 4);
    fixture_stop(fixture);
    assert_int_equal(fixture->stats.clients_gone, 4);
}

static void destroy_tells_who_waits(void **state) {
    struct fixture *fixture = *state;
    fixture_start(fixture);
    int first = client_connect(fixture), second = client_connect(fixture), third = client_connect(fixture);
    client_send_text(first, GET("/hold"));
    client_send_text(second, GET("/later") GET("/later"));
    client_send_text(third, GET("/none"));
    wait_for(&fixture->held, 1);
    assert_int_equal(client_status(third), 204);
    fixture_stop(fixture);
    assert_int_equal(atomic_load(&fixture->gone), 1);
    close(first);
    close(second);
    close(third);
}

static void destroy_inside_the_handler(void **state) {
    struct fixture *fixture = *state;
    fixture_start(fixture);
    int first = client_connect(fixture), second = client_connect(fixture);
    client_send_text(first, GET("/hold"));
    wait_for(&fixture->held, 1);
    client_send_text(second, GET("/none") GET("/destroy") GET("/none"));
    assert_int_equal(client_status(second), 204);
    wait_for(&fixture->gone, 1);
    close(first);
    close(second);
    fixture_stop(fixture);
}

static void drain_lets_answers_out(void **state) {
    struct fixture *fixture = *state;
    fixture_start(fixture);
    int idle = client_connect(fixture), busy = client_connect(fixture);
    client_send_text(idle, GET("/none"));
    assert_int_equal(client_status(idle), 204);
    client_send_text(busy, GET("/later"));
    fixture_drain(fixture);
    assert_true(client_sees_end(idle));
    struct answer answer;
    client_answer(busy, &answer, true);
    assert_int_equal(answer.status, 204);
    assert_true(client_sees_end(busy));
    close(idle);
    close(busy);
    fixture_stop(fixture);
}

static void closing_answers_close(void **state) {
    struct fixture *fixture = *state;
    fixture->options.max_requests_per_connection = 2;
    fixture_start(fixture);
    int fd = client_connect(fixture);
    struct answer answer;
    client_send_text(fd, GET("/close") GET("/none"));
    client_answer(fd, &answer, true);
    assert_string_equal(answer_header(&answer, "Connection"), "close");
    assert_true(client_sees_end(fd));
    close(fd);
    fd = client_connect(fixture);
    client_send_text(fd, GET("/none") GET("/none") GET("/none"));
    client_answer(fd, &answer, true);
    assert_null(answer_header(&answer, "Connection"));
    client_answer(fd, &answer, true);
    assert_string_equal(answer_header(&answer, "Connection"), "close");
    assert_true(client_sees_end(fd));
    close(fd);
    fd = client_connect(fixture);
    client_send_text(fd, GET("/reset"));
    assert_int_equal(client_status(fd), 0);
    close(fd);
    fixture_stop(fixture);
    assert_int_equal(fixture->stats.requests, 4);
}

static int setup(void **state) {
    struct fixture *fixture = malloc(sizeof *fixture);
    if (fixture == NULL)
        return -1;
    fixture_init(fixture);
    *state = fixture;
    return 0;
}

static int teardown(void **state) {
    free(*state);
    return 0;
}

#define SERVER_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        SERVER_TEST(plain_answers),
        SERVER_TEST(head_has_no_body),
        SERVER_TEST(chunked_bodies_of_any_size),
        SERVER_TEST(pipelined_answers_keep_their_order),
        SERVER_TEST(continue_is_said_when_awaited),
        SERVER_TEST(refusals_arrive),
        SERVER_TEST(answers_before_a_refusal_come_first),
        SERVER_TEST(gzip_in),
        SERVER_TEST(no_coding_is_no_coding),
        SERVER_TEST(gzip_out),
        SERVER_TEST(timeouts_strike),
        SERVER_TEST(trickling_does_not_help),
        SERVER_TEST(clients_that_leave_are_noticed),
        SERVER_TEST(destroy_tells_who_waits),
        SERVER_TEST(destroy_inside_the_handler),
        SERVER_TEST(drain_lets_answers_out),
        SERVER_TEST(closing_answers_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
