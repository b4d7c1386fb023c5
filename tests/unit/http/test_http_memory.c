/* The server and its budget: what is charged comes back, and what does not fit is answered in time. */
#include "server_fixture.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/memory_costs.h"
#include "http/gzip.h"

#define GET(path)  "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"
#define POST(path) "POST " path " HTTP/1.1\r\nHost: a\r\n"

#define ONE_CONNECTION (MEMORY_CLIENT_BYTES + MEMORY_SOCKET_BYTES) /* of a fixture that sets no buffers */

static struct budgets budgets;

static int set_up(void **state) {
    static struct fixture fixture;
    fixture_init(&fixture);
    budgets_init(&budgets, BUDGET_UNLIMITED);
    fixture.options.budgets = &budgets;
    fixture.options.limits.body_bytes = 1 << 20;
    *state = &fixture;
    return 0;
}

/* Stops the server; nothing may be charged any more. */
static void stop_and_check(struct fixture *fixture) {
    fixture_stop(fixture);
    for (int i = 0; i < BUDGET_KINDS; i++)
        assert_int_equal(budgets.kinds[i].used, 0);
    assert_int_equal(budgets.process.used, 0);
    assert_true(budgets.process.peak <= budgets.process.limit);
}

static struct buf long_body(size_t n) {
    struct buf body;
    buf_init(&body, n);
    while (body.n < n)
        buf_add_char(&body, (char)('a' + body.n * 7 % 26));
    return body;
}

static void send_body(int fd, const char *headers, struct str body) {
    struct buf request;
    buf_init(&request, body.n + 1000);
    buf_printf(&request, POST("/echo") "%sContent-Length: %zu\r\n\r\n", headers, body.n);
    buf_add_str(&request, body);
    assert_false(request.failed);
    client_send(fd, buf_view(&request));
    buf_cleanup(&request);
}

static void all_that_is_charged_comes_back(void **state) {
    struct fixture *fixture = *state;
    fixture_start(fixture);
    struct buf body = long_body(300000), packed;
    buf_init(&packed, 1 << 20);
    struct gzip *gzip = gzip_create();
    assert_int_equal(gzip_deflate(gzip, buf_view(&body), 1, &packed), GZIP_OK);
    int fd = client_connect(fixture), other = client_connect(fixture);
    for (int i = 0; i < 3; i++) {
        send_body(fd, "", buf_view(&body));
        assert_int_equal(client_status(fd), 200);
        send_body(other, "Content-Encoding: gzip\r\n", buf_view(&packed));
        assert_int_equal(client_status(other), 200);
        client_send_text(fd, GET("/sized?2000"));
        assert_int_equal(client_status(fd), 200);
    }
    client_send_text(other, POST("/echo") "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
    assert_int_equal(client_status(other), 200);
    close(fd);
    close(other);
    gzip_destroy(gzip);
    buf_cleanup(&body);
    buf_cleanup(&packed);
    stop_and_check(fixture);
    assert_int_equal(budgets.kinds[BUDGET_CONNECTIONS].peak, 2 * ONE_CONNECTION);
    assert_true(budgets.kinds[BUDGET_BODIES].peak > 300000);
}

/* A client that takes nothing of a large answer: what waits for it is charged, until it leaves. */
static void an_answer_that_waits_is_charged(void **state) {
    struct fixture *fixture = *state;
    fixture->options.unsent_bytes = 64u << 20;
    fixture_start(fixture);
    int fd = client_connect(fixture);
    client_send_text(fd, GET("/raw?30000000"));
    struct pollfd readable = {.fd = fd, .events = POLLIN};
    assert_int_equal(poll(&readable, 1, 5000), 1);
    close(fd);
    stop_and_check(fixture);
    assert_true(budgets.kinds[BUDGET_ANSWERS].peak > 10000000);
}

/* The answer comes while the body has not been sent. */
static void a_body_without_room_is_refused_before_it_is_read(void **state) {
    struct fixture *fixture = *state;
    budgets_set_limit(&budgets, 100000);
    fixture_start(fixture);
    int fd = client_connect(fixture);
    struct answer answer;
    client_send_text(fd, POST("/echo") "Expect: 100-continue\r\nContent-Length: 200000\r\n\r\n");
    client_answer(fd, &answer, false);
    assert_int_equal(answer.status, 503);
    assert_string_equal(answer_header(&answer, "Retry-After"), "1");
    assert_string_equal(answer_header(&answer, "Connection"), "close");
    answer_cleanup(&answer);
    close(fd);
    fd = client_connect(fixture);
    struct buf body = long_body(20000);
    send_body(fd, "", buf_view(&body));
    assert_int_equal(client_status(fd), 200);
    close(fd);
    buf_cleanup(&body);
    stop_and_check(fixture);
    assert_int_equal(fixture->stats.refused[HTTP_REFUSED_NO_MEMORY], 1);
    assert_int_equal(fixture->stats.requests, 1);
}

/* Of unknown length: refused when it has grown too large. */
static void a_chunked_body_without_room(void **state) {
    struct fixture *fixture = *state;
    budgets_set_limit(&budgets, 100000);
    fixture->options.overload_status = 204;
    fixture_start(fixture);
    int fd = client_connect(fixture);
    struct buf body = long_body(100000), request;
    struct answer answer;
    buf_init(&request, 1 << 20);
    buf_printf(&request, POST("/echo") "Transfer-Encoding: chunked\r\n\r\n%zx\r\n", body.n);
    buf_add_str(&request, buf_view(&body));
    client_send(fd, buf_view(&request));
    client_answer(fd, &answer, false);
    assert_int_equal(answer.status, 204);
    assert_null(answer_header(&answer, "Retry-After"));
    assert_null(answer_header(&answer, "Content-Length"));
    answer_cleanup(&answer);
    close(fd);
    buf_cleanup(&body);
    buf_cleanup(&request);
    stop_and_check(fixture);
    assert_int_equal(fixture->stats.requests, 0);
}

/* There is not even a read buffer: whoever asks is answered, whoever leaves just leaves. */
static void without_a_read_buffer(void **state) {
    struct fixture *fixture = *state;
    budgets_set_limit(&budgets, 2 * ONE_CONNECTION);
    fixture->options.retry_after_s = 7;
    fixture_start(fixture);
    int fd = client_connect(fixture);
    struct answer answer;
    client_send_text(fd, GET("/none"));
    client_answer(fd, &answer, false);
    assert_int_equal(answer.status, 503);
    assert_string_equal(answer_header(&answer, "Retry-After"), "7");
    answer_cleanup(&answer);
    assert_true(client_sees_end(fd));
    close(fd);
    close(client_connect(fixture));
    stop_and_check(fixture);
    assert_int_equal(fixture->stats.refused[HTTP_REFUSED_NO_MEMORY], 1);
}

/* Clients beyond the budget wait in the backlog until another one leaves. */
static void accepting_pauses_while_connections_do_not_fit(void **state) {
    struct fixture *fixture = *state;
    budgets_set_limit(&budgets, 4 * ONE_CONNECTION + 3 * 8192);
    uint64_t room = budgets.kinds[BUDGET_CONNECTIONS].limit / ONE_CONNECTION;
    assert_in_range(room, 2, 8);
    fixture_start(fixture);
    int fds[8];
    for (uint64_t i = 0; i < room; i++) {
        fds[i] = client_connect(fixture);
        client_send_text(fds[i], GET("/none"));
        assert_int_equal(client_status(fds[i]), 204);
    }
    int waits = client_connect(fixture);
    client_send_text(waits, GET("/none"));
    struct pollfd readable = {.fd = waits, .events = POLLIN};
    assert_int_equal(poll(&readable, 1, 200), 0);
    close(fds[0]);
    assert_int_equal(client_status(waits), 204);
    for (uint64_t i = 1; i < room; i++)
        close(fds[i]);
    close(waits);
    stop_and_check(fixture);
    assert_true(fixture->stats.accept_paused > 0);
    assert_int_equal(fixture->stats.connections_accepted, room + 1);
}

/* Nobody has to leave for the next one to be served: who is silent for long gives way. */
static void silent_connections_give_way(void **state) {
    struct fixture *fixture = *state;
    budgets_set_limit(&budgets, 4 * ONE_CONNECTION + 3 * 8192);
    uint64_t room = budgets.kinds[BUDGET_CONNECTIONS].limit / ONE_CONNECTION;
    fixture_start(fixture);
    int fds[8];
    for (uint64_t i = 0; i < room; i++)
        fds[i] = client_connect(fixture);
    int waits = client_connect(fixture);
    client_send_text(waits, GET("/none"));
    assert_int_equal(client_status(waits), 204);
    for (uint64_t i = 0; i < room; i++)
        close(fds[i]);
    close(waits);
    stop_and_check(fixture);
    assert_true(fixture->stats.evicted_idle > 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(all_that_is_charged_comes_back, set_up),
        cmocka_unit_test_setup(an_answer_that_waits_is_charged, set_up),
        cmocka_unit_test_setup(a_body_without_room_is_refused_before_it_is_read, set_up),
        cmocka_unit_test_setup(a_chunked_body_without_room, set_up),
        cmocka_unit_test_setup(without_a_read_buffer, set_up),
        cmocka_unit_test_setup(accepting_pauses_while_connections_do_not_fit, set_up),
        cmocka_unit_test_setup(silent_connections_give_way, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
