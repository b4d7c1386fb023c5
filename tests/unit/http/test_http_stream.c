/* Request bodies in pieces: order, back pressure both ways, gzip, limits, clients that leave. */
#include "server_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "http/gzip.h"

#define POST(path)   "POST " path " HTTP/1.1\r\nHost: a\r\n"
#define CHUNKED      "Transfer-Encoding: chunked\r\n"
#define GZIPPED      "Content-Encoding: gzip\r\n"
#define LONG_BODY    (3u << 20)
#define PAUSE_US     2000
#define MOST_WAITING 32768 /* bytes of the answer of /pipe that wait before it pauses its body */

/*
 * What on_head does, by path:
 *
 * - /collect: takes the body in pieces, answers it whole at its end
 * - /slow: the same, but pauses after each piece for 2 ms
 * - /pipe: sends each piece back at once; pauses while too much of the answer waits
 * - /early: answers 401 before the body
 * - /middle: answers 429 at the first piece
 * - /large: not streamed, but with a limit of its own
 */
struct taken {
    struct fixture *fixture;
    struct http_exchange *exchange;
    struct buf body;
    struct timer timer;
    bool pipe, slow, middle;
};

static atomic_int alive;      /* of struct taken */
static atomic_int most_piece; /* bytes */
static atomic_int pauses;

static void taken_free(void *ctx) {
    struct taken *taken = ctx;
    timer_disarm(&taken->timer);
    buf_cleanup(&taken->body);
    free(taken);
    atomic_fetch_sub(&alive, 1);
}

static void respond(struct taken *taken, int status) {
    struct http_response response = {.status = status, .body = buf_view(&taken->body), .never_gzip = true};
    if (taken->body.failed)
        abort();
    http_exchange_respond(taken->exchange, &response);
    taken_free(taken);
}

static void on_drained(void *ctx) {
    struct taken *taken = ctx;
    http_exchange_resume_body(taken->exchange);
}

static void on_pause_over(void *ctx) {
    struct taken *taken = ctx;
    http_exchange_resume_body(taken->exchange);
}

static void pipe_on(struct taken *taken, struct str piece) {
    size_t waiting = http_exchange_send(taken->exchange, piece);
    if (waiting == SIZE_MAX)
        return; /* the client is gone: told on the next turn */
    if (waiting > MOST_WAITING) {
        atomic_fetch_add(&pauses, 1);
        http_exchange_pause_body(taken->exchange);
    }
}

static void on_piece(void *ctx, struct str piece) {
    struct taken *taken = ctx;
    if ((int)piece.n > atomic_load(&most_piece))
        atomic_store(&most_piece, (int)piece.n);
    if (taken->middle) {
        respond(taken, 429);
    } else if (taken->pipe) {
        pipe_on(taken, piece);
    } else {
        buf_add_str(&taken->body, piece);
        if (!taken->slow)
            return;
        http_exchange_pause_body(taken->exchange);
        if (timer_arm(&taken->timer, loop_now(taken->fixture->loop) + PAUSE_US) != 0)
            abort();
    }
}

static void on_end(void *ctx) {
    struct taken *taken = ctx;
    if (!taken->pipe) {
        respond(taken, 200);
        return;
    }
    http_exchange_end(taken->exchange);
    taken_free(taken);
}

static void take(struct fixture *fixture, struct http_exchange *exchange, struct str path) {
    struct taken *taken = calloc(1, sizeof *taken);
    if (taken == NULL)
        abort();
    taken->fixture = fixture;
    taken->exchange = exchange;
    taken->pipe = str_eq(path, STR("/pipe"));
    taken->slow = str_eq(path, STR("/slow"));
    taken->middle = str_eq(path, STR("/middle"));
    buf_init(&taken->body, 8u << 20);
    timer_init(&taken->timer, fixture->loop, on_pause_over, taken);
    atomic_fetch_add(&alive, 1);
    struct http_body_reader reader = {.on_piece = on_piece, .on_end = on_end, .ctx = taken};
    if (!http_exchange_stream_body(exchange, &reader, 4u << 20))
        abort();
    http_exchange_on_gone(exchange, taken_free, taken);
    struct http_response head = {.status = 200};
    if (taken->pipe)
        http_exchange_begin(exchange, &head, -1, on_drained, taken);
    if (str_eq(path, STR("/early")))
        respond(taken, 401);
}

static void on_head(void *ctx, struct http_exchange *exchange) {
    struct str path = http_exchange_request(exchange)->path;
    if (str_eq(path, STR("/echo")))
        return;
    if (str_eq(path, STR("/large")))
        http_exchange_limit_body(exchange, 4u << 20, 4u << 20);
    else
        take(ctx, exchange, path);
}

static int setup(void **state) {
    static struct fixture fixture;
    fixture_init(&fixture);
    fixture.on_head = on_head;
    fixture.options.limits.body_bytes = 1000;
    atomic_store(&most_piece, 0);
    atomic_store(&pauses, 0);
    *state = &fixture;
    return 0;
}

static int teardown(void **state) {
    (void)state;
    assert_int_equal(atomic_load(&alive), 0);
    return 0;
}

/* ---- bodies ---- */

static struct buf make_body(size_t n) {
    struct buf body;
    buf_init(&body, n + 1);
    for (size_t i = 0; i < n; i++)
        buf_add_char(&body, (char)('a' + (i * 7 + i / 26) % 26));
    assert_false(body.failed);
    return body;
}

static void add_chunked(struct buf *raw, struct str body) {
    for (size_t at = 0; at < body.n;) {
        size_t n = 1 + at * 7 % 9000;
        n = n < body.n - at ? n : body.n - at;
        buf_printf(raw, "%zx;x=y\r\n", n);
        buf_add(raw, body.p + at, n);
        BUF_ADD_LIT(raw, "\r\n");
        at += n;
    }
    BUF_ADD_LIT(raw, "0\r\nX-Trailer: x\r\n\r\n");
}

static void check_echo(int fd, struct str body) {
    struct answer answer;
    client_answer(fd, &answer, false);
    assert_int_equal(answer.status, 200);
    assert_int_equal(answer.body_n, body.n);
    assert_memory_equal(answer.body, body.p, body.n);
    answer_cleanup(&answer);
}

static void bodies_of_any_framing_come_whole(void **state) {
    struct fixture *fixture = *state;
    fixture_start(fixture);
    int fd = client_connect(fixture);
    const size_t sizes[] = {1, 5000, 70000, LONG_BODY};
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        struct buf body = make_body(sizes[i]), raw;
        buf_init(&raw, 2 * sizes[i] + 1000);
        buf_printf(&raw, POST("/collect") "Content-Length: %zu\r\n\r\n", body.n);
        buf_add_str(&raw, buf_view(&body));
        client_send(fd, buf_view(&raw));
        check_echo(fd, buf_view(&body));
        buf_clear(&raw, raw.cap);
        BUF_ADD_LIT(&raw, POST("/slow") CHUNKED "\r\n");
        add_chunked(&raw, buf_view(&body));
        /* A plain one behind it, as a client that pipelines sends it. */
        BUF_ADD_LIT(&raw, POST("/echo") "Content-Length: 3\r\n\r\nend");
        assert_false(raw.failed);
        client_send(fd, buf_view(&raw));
        check_echo(fd, buf_view(&body));
        check_echo(fd, STR("end"));
        buf_cleanup(&raw);
        buf_cleanup(&body);
    }
    client_send_text(fd, POST("/collect") "Content-Length: 0\r\n\r\n");
    assert_int_equal(client_status(fd), 200);
    close(fd);
    fixture_stop(fixture);
    assert_int_equal(fixture->stats.requests, 13);
    assert_true(atomic_load(&most_piece) <= HTTP_PIECE_BYTES);
}

static void every_cut_gives_the_same(void **state) {
    struct fixture *fixture = *state;
    fixture_start(fixture);
    static const char request[] =
        POST("/collect") CHUNKED "\r\n3\r\nabc\r\n5;a=b\r\ndefgh\r\n0\r\nA: b\r\n\r\n";
    for (size_t cut = 1; cut < sizeof request - 1; cut++) {
        int fd = client_connect(fixture);
        client_send(fd, (struct str){request, cut});
        usleep(500);
        client_send(fd, (struct str){request + cut, sizeof request - 1 - cut});
        check_echo(fd, STR("abcdefgh"));
        close(fd);
    }
    fixture_stop(fixture);
}

static void gzip_is_inflated_in_pieces(void **state) {
    struct fixture *fixture = *state;
    fixture_start(fixture);
    struct gzip *gzip = gzip_create();
    struct buf body = make_body(LONG_BODY), packed, raw;
    buf_init(&packed, 8u << 20);
    buf_init(&raw, 8u << 20);
    assert_int_equal(gzip_deflate(gzip, buf_view(&body), 6, &packed), GZIP_OK);
    int fd = client_connect(fixture);
    buf_printf(&raw, POST("/collect") GZIPPED "Content-Length: %zu\r\n\r\n", packed.n);
    buf_add_str(&raw, buf_view(&packed));
    client_send(fd, buf_view(&raw));
    check_echo(fd, buf_view(&body));
    buf_clear(&raw, raw.cap);
    BUF_ADD_LIT(&raw, POST("/slow") GZIPPED CHUNKED "\r\n");
    add_chunked(&raw, buf_view(&packed));
    client_send(fd, buf_view(&raw));
    check_echo(fd, buf_view(&body));
    /* Cut, and with a byte behind its end. */
    for (int more = -1; more <= 1; more += 2) {
        buf_clear(&raw, raw.cap);
        buf_printf(&raw, POST("/collect") GZIPPED "Content-Length: %zu\r\n\r\n", packed.n + (size_t)more);
        buf_add(&raw, packed.p, packed.n - (more < 0));
        buf_add(&raw, "x", more > 0);
        int own = client_connect(fixture);
        client_send(own, buf_view(&raw));
        assert_int_equal(client_status(own), 400);
        close(own);
    }
    close(fd);
    fixture_stop(fixture);
    buf_cleanup(&raw);
    buf_cleanup(&packed);
    buf_cleanup(&body);
    gzip_destroy(gzip);
    assert_int_equal(fixture->stats.refused[HTTP_REFUSED_BAD_REQUEST], 2);
}

/* Reads a chunked answer to its end, or so many bytes of it. */
static size_t read_chunks(int fd, char *out, size_t room) {
    size_t n = 0;
    for (;;) {
        char line[32];
        size_t at = 0;
        while (at < 2 || line[at - 1] != '\n') {
            if (recv(fd, line + at, 1, 0) != 1)
                return n;
            at++;
            assert_true(at < sizeof line);
        }
        size_t size = strtoul(line, NULL, 16);
        assert_true(n + size <= room);
        for (size_t got = 0; got < size + 2;) {
            char end[2];
            bool text = got < size;
            ssize_t here = recv(fd, text ? out + n + got : end, text ? size - got : size + 2 - got, 0);
            assert_true(here > 0);
            got += (size_t)here;
        }
        n += size;
        if (size == 0)
            return n;
    }
}

/* A client that reads nothing for a while: the answer fills, the body is held back, nothing is lost. */
static void a_slow_reader_holds_its_own_body_back(void **state) {
    struct fixture *fixture = *state;
    fixture->options.listen_rcvbuf = fixture->options.listen_sndbuf = 16384;
    fixture_start(fixture);
    struct buf body = make_body(400000), raw;
    buf_init(&raw, 1u << 20);
    buf_printf(&raw, POST("/pipe") "Content-Length: %zu\r\n\r\n", body.n);
    buf_add_str(&raw, buf_view(&body));
    int fd = client_connect(fixture);
    const int small = 16384;
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small), 0);
    pid_t sender = fork();
    assert_true(sender >= 0);
    if (sender == 0) {
        client_send(fd, buf_view(&raw));
        _exit(0);
    }
    wait_for(&pauses, 1);
    struct answer answer;
    client_answer(fd, &answer, true);
    assert_int_equal(answer.status, 200);
    char *back = malloc(body.n);
    assert_non_null(back);
    assert_int_equal(read_chunks(fd, back, body.n), body.n);
    assert_memory_equal(back, body.p, body.n);
    free(back);
    assert_int_equal(waitpid(sender, NULL, 0), sender);
    /* The connection lives on. */
    client_send_text(fd, POST("/echo") "Content-Length: 3\r\n\r\nend");
    check_echo(fd, STR("end"));
    close(fd);
    fixture_stop(fixture);
    buf_cleanup(&raw);
    buf_cleanup(&body);
}

static void an_early_answer_ends_the_body(void **state) {
    struct fixture *fixture = *state;
    fixture_start(fixture);
    const char *const requests[] = {
        POST("/early") "Content-Length: 100000\r\n\r\nabc",
        POST("/early") "Expect: 100-continue\r\nContent-Length: 100000\r\n\r\n",
        POST("/middle") "Content-Length: 100000\r\n\r\nabc",
    };
    const int statuses[] = {401, 401, 429};
    for (size_t i = 0; i < COUNT_OF(requests); i++) {
        int fd = client_connect(fixture);
        client_send_text(fd, requests[i]);
        struct answer answer;
        client_answer(fd, &answer, false);
        assert_int_equal(answer.status, statuses[i]);
        assert_string_equal(answer_header(&answer, "Connection"), "close");
        answer_cleanup(&answer);
        assert_true(client_sees_end(fd));
        close(fd);
    }
    fixture_stop(fixture);
}

static void continue_is_sent_to_who_waits(void **state) {
    struct fixture *fixture = *state;
    fixture_start(fixture);
    int fd = client_connect(fixture);
    client_send_text(fd, POST("/collect") "Expect: 100-continue\r\nContent-Length: 3\r\n\r\n");
    assert_int_equal(client_status(fd), 100);
    client_send_text(fd, "abc");
    check_echo(fd, STR("abc"));
    close(fd);
    fixture_stop(fixture);
}

static void limits_hold(void **state) {
    struct fixture *fixture = *state;
    fixture_start(fixture);
    const struct {
        const char *request;
        int status;
    } cases[] = {
        {POST("/collect") "Content-Length: 4194305\r\n\r\n", 413},
        {POST("/collect") CHUNKED "\r\n400001\r\n", 413},
        {POST("/collect") CHUNKED "\r\n1\r\na\r\n400000\r\n", 413},
        {POST("/collect") CHUNKED "\r\n1\r\nab\r\n", 400},
        {POST("/collect") "Content-Encoding: br\r\nContent-Length: 1\r\n\r\na", 415},
        {POST("/collect") GZIPPED "Content-Length: 4\r\n\r\nabcd", 400},
        {POST("/large") "Content-Length: 4194305\r\n\r\n", 413},
        {POST("/echo") "Content-Length: 1001\r\n\r\n", 413},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        int fd = client_connect(fixture);
        client_send_text(fd, cases[i].request);
        assert_int_equal(client_status(fd), cases[i].status);
        assert_true(client_sees_end(fd));
        close(fd);
    }
    fixture_stop(fixture);
}

static void another_limit_for_a_whole_body(void **state) {
    struct fixture *fixture = *state;
    fixture_start(fixture);
    struct buf body = make_body(2u << 20), raw;
    buf_init(&raw, 8u << 20);
    buf_printf(&raw, POST("/large") "Content-Length: %zu\r\n\r\n", body.n);
    buf_add_str(&raw, buf_view(&body));
    int fd = client_connect(fixture);
    client_send(fd, buf_view(&raw));
    assert_int_equal(client_status(fd), 204); /* no path of the fixture's */
    client_send_text(fd, POST("/echo") "Content-Length: 3\r\n\r\nend");
    check_echo(fd, STR("end"));
    close(fd);
    buf_cleanup(&raw);
    buf_cleanup(&body);
    fixture_stop(fixture);
}

static void a_body_that_stops_is_timed_out(void **state) {
    struct fixture *fixture = *state;
    fixture->options.body_timeout_us = 30000;
    fixture_start(fixture);
    int fd = client_connect(fixture);
    client_send_text(fd, POST("/collect") "Content-Length: 10\r\n\r\nabc");
    assert_int_equal(client_status(fd), 408);
    close(fd);
    /* An answer that has begun can't say so: the connection closes. */
    fd = client_connect(fixture);
    client_send_text(fd, POST("/pipe") "Content-Length: 10\r\n\r\n");
    struct answer answer;
    client_answer(fd, &answer, true);
    assert_int_equal(answer.status, 200);
    assert_true(client_sees_end(fd));
    close(fd);
    fixture_stop(fixture);
    assert_int_equal(fixture->stats.timeouts_body, 2);
}

static void clients_that_leave_are_noticed(void **state) {
    struct fixture *fixture = *state;
    fixture_start(fixture);
    const char *const paths[] = {"/collect", "/pipe", "/slow"};
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        int fd = client_connect(fixture);
        char request[200];
        snprintf(request, sizeof request, "POST %s HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc",
                 paths[i]);
        client_send_text(fd, request);
        wait_for(&alive, 1);
        usleep(5000);
        close(fd);
        for (int wait = 0; wait < 5000 && atomic_load(&alive) > 0; wait++)
            usleep(1000);
        assert_int_equal(atomic_load(&alive), 0);
    }
    /* And one that leaves with the server. */
    int fd = client_connect(fixture);
    client_send_text(fd, POST("/collect") "Content-Length: 10\r\n\r\nabc");
    wait_for(&alive, 1);
    fixture_stop(fixture);
    close(fd);
    assert_int_equal(fixture->stats.clients_gone, 4);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(bodies_of_any_framing_come_whole),
        CASE(every_cut_gives_the_same),
        CASE(gzip_is_inflated_in_pieces),
        CASE(a_slow_reader_holds_its_own_body_back),
        CASE(an_early_answer_ends_the_body),
        CASE(continue_is_sent_to_who_waits),
        CASE(limits_hold),
        CASE(another_limit_for_a_whole_body),
        CASE(a_body_that_stops_is_timed_out),
        CASE(clients_that_leave_are_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
