/* The server against clients that are many, slow, greedy or pipeline a thousand requests; answers in pieces.
 */
#include "server_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"

#define GET(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"

static void a_thousand_pipelined(void **state) {
    struct fixture *fixture = *state;
    fixture_start(fixture);
    int fd = client_connect(fixture), other = client_connect(fixture);
    struct buf raw;
    buf_init(&raw, 1 << 20);
    for (int i = 0; i < 1000; i++)
        buf_printf(&raw, "GET /raw?%d HTTP/1.1\r\nHost: a\r\n\r\n", i % 10);
    client_send(fd, buf_view(&raw));
    client_send_text(other, GET("/none"));
    assert_int_equal(client_status(other), 204);
    for (int i = 0; i < 1000; i++) {
        struct answer answer;
        client_answer(fd, &answer, false);
        assert_int_equal(answer.status, 200);
        assert_int_equal(answer.body_n, i % 10);
        answer_cleanup(&answer);
    }
    buf_cleanup(&raw);
    close(fd);
    close(other);
    fixture_stop(fixture);
    assert_int_equal(fixture->stats.requests, 1001);
}

/* Large answers to a client that reads late: nothing is lost, others are served meanwhile. */
static void a_slow_reader_hurts_nobody(void **state) {
    struct fixture *fixture = *state;
    fixture->options.listen_sndbuf = 8192;
    fixture_start(fixture);
    int slow = client_connect(fixture), other = client_connect(fixture);
    client_send_text(slow, GET("/raw?5000000") GET("/raw?3"));
    for (int i = 0; i < 100; i++) {
        client_send_text(other, GET("/none"));
        assert_int_equal(client_status(other), 204);
    }
    struct answer answer;
    client_answer(slow, &answer, false);
    assert_int_equal(answer.body_n, 5000000);
    for (size_t i = 0; i < answer.body_n; i++)
        if (answer.body[i] != (char)('a' + i % 23))
            fail_msg("byte %zu is wrong", i);
    answer_cleanup(&answer);
    client_answer(slow, &answer, false);
    assert_string_equal(answer.body, "abc");
    answer_cleanup(&answer);
    close(slow);
    close(other);
    fixture_stop(fixture);
}

static void a_reader_that_stops_is_cut(void **state) {
    struct fixture *fixture = *state;
    fixture->options.listen_sndbuf = 8192;
    fixture->options.write_timeout_us = 100000;
    fixture_start(fixture);
    int answered = client_connect(fixture), streamed = client_connect(fixture);
    client_send_text(answered, GET("/raw?9000000"));
    client_send_text(streamed, GET("/endless"));
    wait_for(&fixture->gone, 1);
    usleep(200000);
    fixture_stop(fixture);
    assert_int_equal(fixture->stats.timeouts_write, 2);
    close(answered);
    close(streamed);
}

static void an_answer_beyond_the_cap_is_cut(void **state) {
    struct fixture *fixture = *state;
    fixture->options.listen_sndbuf = 8192;
    fixture->options.unsent_bytes = 100000;
    fixture_start(fixture);
    int fd = client_connect(fixture);
    client_send_text(fd, GET("/raw?20000000"));
    static char bytes[1 << 16];
    size_t total = 0;
    for (ssize_t n; (n = recv(fd, bytes, sizeof bytes, 0)) > 0; total += (size_t)n)
        ;
    assert_true(total < 20000000);
    close(fd);
    fixture_stop(fixture);
}

/* Reads until the server closes. */
static void read_all(int fd, struct buf *all) {
    char bytes[4096];
    for (ssize_t n; (n = recv(fd, bytes, sizeof bytes, 0)) > 0;)
        buf_add(all, bytes, (size_t)n);
}

static void answers_in_pieces(void **state) {
    struct fixture *fixture = *state;
    fixture_start(fixture);
    static const struct {
        const char *request, *header, *end;
    } streams[] = {
        {"GET /stream?2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "Transfer-Encoding: chunked\r\n",
         "\r\n\r\n6\r\npiece\n\r\n6\r\npiece\n\r\n0\r\n\r\n"},
        {"GET /stream?2 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "Connection: close\r\n",
         "\r\n\r\npiece\npiece\n"},
        {"GET /sized?2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "Content-Length: 12\r\n",
         "\r\n\r\npiece\npiece\n"},
        {GET("/short?2"), "Content-Length: 12\r\n", "\r\n\r\npiece\n"},
        {"HEAD /stream?2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "Transfer-Encoding: chunked\r\n",
         "\r\n\r\n"},
        {GET("/stream?0") "GET /none HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "HTTP/1.1 204 ",
         "\r\n\r\n"},
    };
    for (size_t i = 0; i < COUNT_OF(streams); i++) {
        struct buf all;
        buf_init(&all, 1 << 16);
        int fd = client_connect(fixture);
        client_send_text(fd, streams[i].request);
        read_all(fd, &all);
        close(fd);
        buf_add_char(&all, '\0');
        assert_non_null(strstr(all.p, streams[i].header));
        all.n--;
        assert_true(str_ends(buf_view(&all), str_from(streams[i].end)));
        buf_cleanup(&all);
    }
    fixture_stop(fixture);
}

static void an_endless_answer_ends_with_its_client(void **state) {
    struct fixture *fixture = *state;
    fixture_start(fixture);
    int fd = client_connect(fixture);
    client_send_text(fd, GET("/endless"));
    static char bytes[1 << 16];
    for (size_t total = 0; total < 20000000;) {
        ssize_t n = recv(fd, bytes, sizeof bytes, 0);
        assert_true(n > 0);
        total += (size_t)n;
    }
    close(fd);
    wait_for(&fixture->gone, 1);
    fixture_stop(fixture);
    assert_int_equal(fixture->stats.clients_gone, 1);
}

static void clients_beyond_the_cap_wait(void **state) {
    struct fixture *fixture = *state;
    fixture->options.max_connections = 2;
    fixture_start(fixture);
    int fds[5];
    for (size_t i = 0; i < COUNT_OF(fds); i++) {
        fds[i] = client_connect(fixture);
        client_send_text(fds[i], GET("/none"));
    }
    for (size_t i = 0; i < COUNT_OF(fds); i++) {
        assert_int_equal(client_status(fds[i]), 204);
        close(fds[i]); /* lets the next one in */
    }
    fixture_stop(fixture);
    assert_int_equal(fixture->stats.connections_accepted, 5);
    assert_true(fixture->stats.accept_paused > 0);
}

/* Out of descriptors: the client waits in the backlog and is served once there is one. */
static void running_out_of_descriptors_pauses(void **state) {
    struct fixture *fixture = *state;
    fixture_start(fixture);
    struct rlimit usual, tight;
    int next = dup(STDIN_FILENO);
    assert_true(next >= 0);
    close(next);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &usual), 0);
    tight = usual;
    tight.rlim_cur = (rlim_t)next + 1; /* one more, which the client takes */
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
    int fd = client_connect(fixture);
    client_send_text(fd, GET("/none"));
    usleep(80000);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &usual), 0);
    assert_int_equal(client_status(fd), 204);
    close(fd);
    fixture_stop(fixture);
    assert_true(fixture->stats.accept_errors > 0);
    assert_true(fixture->stats.accept_errors < 10); /* paused, not spinning */
}

static void many_connections_come_and_go(void **state) {
    struct fixture *fixture = *state;
    fixture_start(fixture);
    enum { CONNECTIONS = 400 };
    static int fds[CONNECTIONS];
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < CONNECTIONS; i++) {
            fds[i] = client_connect(fixture);
            client_send_text(fds[i], i % 4 == 0   ? GET("/hold")
                                     : i % 4 == 1 ? GET("/later")
                                                  : GET("/raw?100"));
        }
        for (int i = 0; i < CONNECTIONS; i++) {
            if (i % 4 > 1 && round == 0)
                assert_int_equal(client_status(fds[i]), 200);
            close(fds[i]);
        }
        wait_for(&fixture->gone, (round + 1) * CONNECTIONS / 4);
    }
    fixture_stop(fixture);
    assert_int_equal(fixture->stats.connections_accepted, 3 * CONNECTIONS);
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
        SERVER_TEST(a_thousand_pipelined),
        SERVER_TEST(a_slow_reader_hurts_nobody),
        SERVER_TEST(a_reader_that_stops_is_cut),
        SERVER_TEST(an_answer_beyond_the_cap_is_cut),
        SERVER_TEST(answers_in_pieces),
        SERVER_TEST(an_endless_answer_ends_with_its_client),
        SERVER_TEST(clients_beyond_the_cap_wait),
        SERVER_TEST(running_out_of_descriptors_pauses),
        SERVER_TEST(many_connections_come_and_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
