/* Calls that go well: answers, what is sent, connections reused, limits on what is in flight. */
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/gzip.h"

static void answered_with_status_and_body(void **state) {
    struct fixture *f = *state;
    struct told told = fixture_ask(f, fixture_target(f, "/ok"), "{\"id\":\"1\"}", 2000);
    assert_int_equal(told.outcome, OUTBOUND_ANSWERED);
    assert_int_equal(told.status, 200);
    assert_string_equal(told.body, "{\"ok\":true}");
    assert_true(told.took_us < 2000000);
}

static void body_arrives_as_written(void **state) {
    struct fixture *f = *state;
    struct outbound_target *target = fixture_target(f, "/echo");
    struct told a = fixture_ask(f, target, "{\"first\":1}", 2000);
    struct told b = fixture_ask(f, target, "{\"second and longer\":2}", 2000);
    assert_string_equal(a.body, "{\"first\":1}");
    assert_string_equal(b.body, "{\"second and longer\":2}");
}

static void every_status_is_an_answer(void **state) {
    struct fixture *f = *state;
    static const struct {
        const char *path;
        int status;
    } cases[] = {{"/status/204", 204}, {"/status/404", 404}, {"/status/503", 503}, {"/redirect", 302}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct told told = fixture_ask(f, fixture_target(f, cases[i].path), "{}", 2000);
        assert_int_equal(told.outcome, OUTBOUND_ANSWERED);
        assert_int_equal(told.status, cases[i].status);
        assert_string_equal(told.body, "");
    }
    assert_int_equal(f->server.requests, COUNT_OF(cases)); /* the redirect was not followed */
}

static void sends_its_headers(void **state) {
    struct fixture *f = *state;
    struct str headers[] = {STR_INIT("x-openrtb-version: 2.6"), STR_INIT("X-Key: abc")};
    f->options.headers = (struct str_list){headers, COUNT_OF(headers)};
    fixture_ask(f, fixture_target(f, "/ok"), "{}", 2000);
    const char *request = f->server.last_request;
    assert_non_null(strstr(request, "POST /ok HTTP/1.1\r\n"));
    assert_non_null(strstr(request, "\r\nContent-Type: application/json\r\n"));
    assert_non_null(strstr(request, "\r\nx-openrtb-version: 2.6\r\n"));
    assert_non_null(strstr(request, "\r\nX-Key: abc\r\n"));
    assert_non_null(strstr(request, "\r\nUser-Agent: slimbid HTTP/1.1\r\n"));
    assert_non_null(strstr(request, "\r\nAccept-Encoding: gzip\r\n"));
    assert_non_null(strstr(request, "\r\nContent-Length: 2\r\n"));
    assert_null(strstr(request, "Expect"));
}

/* The whole head, byte for byte: libcurl must add nothing to what outbound_headers.c puts together. */
static void head_is_exactly_this(void **state) {
    struct fixture *f = *state;
    char expected[600];
    struct str header = STR_INIT("x-openrtb-version: 2.6");
    f->options.headers = (struct str_list){&header, 1};
    fixture_ask(f, fixture_target(f, "/ok?a=1&b=%20"), "{}", 50);
    snprintf(expected, sizeof expected,
             "POST /ok?a=1&b=%%20 HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nx-openrtb-version: 2.6\r\n"
             "Content-Type: application/json\r\nAccept-Encoding: gzip\r\nUser-Agent: slimbid HTTP/1.1\r\n"
             "Content-Length: 2\r\n\r\n{}",
             f->server.port);
    assert_string_equal(f->server.last_request, expected);
}

static void another_user_agent_goes_the_usual_way(void **state) {
    struct fixture *f = *state;
    struct str headers[] = {STR_INIT("User-Agent: other/1"), STR_INIT("content-type: text/plain")};
    f->options.headers = (struct str_list){headers, COUNT_OF(headers)};
    assert_int_equal(fixture_ask(f, fixture_target(f, "/ok"), "{}", 2000).status, 200);
    const char *request = f->server.last_request;
    assert_non_null(strstr(request, "POST /ok HTTP/1.1\r\nHost: 127.0.0.1:"));
    assert_non_null(strstr(request, "\r\nUser-Agent: other/1\r\n"));
    assert_non_null(strstr(request, "\r\ncontent-type: text/plain\r\n"));
    assert_null(strstr(request, "application/json"));
}

static void empty_body_is_a_get_and_back(void **state) {
    struct fixture *f = *state;
    struct outbound_target *target = fixture_target(f, "/ok");
    assert_int_equal(fixture_ask(f, target, NULL, 2000).status, 200);
    assert_non_null(strstr(f->server.last_request, "GET /ok HTTP/1.1\r\n"));
    assert_null(strstr(f->server.last_request, "Content-Type"));
    assert_int_equal(fixture_ask(f, target, "{\"a\":1}", 2000).status, 200);
    assert_non_null(strstr(f->server.last_request, "POST /ok HTTP/1.1\r\n"));
    assert_non_null(strstr(f->server.last_request, "{\"a\":1}"));
}

/* GETs that path of the target's host; what was asked is in f->server.last_request. */
static struct told ask_path(struct fixture *f, struct outbound_target *target, const char *path) {
    struct told told = {.fixture = f};
    struct outbound_call *call = outbound_begin(target);
    assert_non_null(call);
    assert_true(outbound_call_path(call, str_from(path)));
    f->wanted++;
    outbound_send(call, loop_now(f->loop) + 2000000, fixture_done, &told);
    fixture_wait(f);
    return told;
}

static void a_call_can_have_a_path_of_its_own(void **state) {
    struct fixture *f = *state;
    struct str headers[] = {STR_INIT("X-Key: abc"), STR_INIT("User-Agent: other/1")};
    for (size_t count = 1; count <= 2; count++) { /* head of ours, head of libcurl's */
        f->options.headers = (struct str_list){headers, count};
        struct outbound_target *target = fixture_target(f, "/status/404?x");
        assert_int_equal(ask_path(f, target, "/status/200?p=1.5&q=%20${x}").status, 200);
        assert_non_null(
            strstr(f->server.last_request, "GET /status/200?p=1.5&q=%20${x} HTTP/1.1\r\nHost: 127.0.0.1:"));
        assert_non_null(strstr(f->server.last_request, "\r\nX-Key: abc\r\n"));
        assert_int_equal(ask_path(f, target, "/status/503").status, 503);
        assert_int_equal(fixture_ask(f, target, NULL, 2000).status, 404); /* its url again */
        assert_non_null(strstr(f->server.last_request, "GET /status/404?x HTTP/1.1\r\n"));
        assert_int_equal(ask_path(f, target, "/ok").status, 200);
        assert_int_equal(fixture_ask(f, target, "{\"a\":1}", 2000).status, 404);
        assert_non_null(strstr(f->server.last_request, "POST /status/404?x HTTP/1.1\r\n"));
    }
    assert_int_equal(f->server.accepted, 1);
}

static void a_path_that_says_more_is_refused(void **state) {
    struct fixture *f = *state;
    struct outbound_target *target = fixture_target(f, "/ok");
    static const char *const bad[] = {"",     "ok",   "*",     "http://127.0.0.1/", "/a b",      "/a\r\nX: y",
                                      "/a\t", "/a#b", "/\x7f", "/\xc3\xa9",         "/ HTTP/1.1"};
    struct outbound_call *call = outbound_begin(target);
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_false(outbound_call_path(call, str_from(bad[i])));
    static char longest[OUTBOUND_PATH_BYTES + 1];
    memset(longest, '/', sizeof longest);
    assert_true(outbound_call_path(call, (struct str){longest, sizeof longest - 1}));
    assert_false(outbound_call_path(call, (struct str){longest, sizeof longest}));
    outbound_discard(call);
}

static void a_name_can_be_held_to_the_public_internet(void **state) {
    struct fixture *f = *state;
    char url[64], error[256];
    snprintf(url, sizeof url, "http://localhost:%d/ok", f->server.port);
    f->options.url = url;
    for (int only = 0; only < 2; only++) {
        f->options.public_only = only;
        struct outbound_target *target =
            outbound_target_create(f->outbound, &f->options, error, sizeof error);
        assert_non_null(target);
        while (!outbound_target_resolved(target))
            fixture_run_ms(f, 10);
        struct told told = fixture_ask(f, target, "{}", 2000);
        assert_int_equal(told.outcome, only ? OUTBOUND_CONNECT_FAILED : OUTBOUND_ANSWERED);
    }
    assert_int_equal(f->server.requests, 1);
}

static void proxy_of_the_environment_is_ignored(void **state) {
    struct fixture *f = *state;
    setenv("http_proxy", "http://127.0.0.1:1/", 1);
    assert_int_equal(fixture_ask(f, fixture_target(f, "/ok"), "{}", 2000).outcome, OUTBOUND_ANSWERED);
    unsetenv("http_proxy");
}

static void a_hundred_calls_one_connection(void **state) {
    struct fixture *f = *state;
    struct outbound_target *target = fixture_target(f, "/ok");
    for (int i = 0; i < 100; i++)
        assert_int_equal(fixture_ask(f, target, "{}", 2000).outcome, OUTBOUND_ANSWERED);
    assert_int_equal(fixture_stats(target).connections_opened, 1);
    assert_int_equal(f->server.accepted, 1);
    assert_int_equal(fixture_stats(target).in_flight, 0);
    assert_int_equal(fixture_stats(target).bytes_out, 200);
    assert_int_equal(fixture_stats(target).bytes_in, 1100);
}

static void a_burst_of_one_target_keeps_anothers_connections(void **state) {
    struct fixture *f = *state;
    struct told told[40];
    f->options.max_connections = 40;
    struct outbound_target *few = fixture_target(f, "/ok");
    struct outbound_target *many = fixture_target(f, "/echo");
    fixture_ask(f, few, "{}", 2000);
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < COUNT_OF(told); i++)
            fixture_send(f, many, "{}", 2000, &told[i]);
        fixture_wait(f);
    }
    fixture_ask(f, few, "{}", 2000);
    /* libcurl keeps connections by host and port, so the burst may take the one of `few`, never open more. */
    assert_true(fixture_stats(few).connections_opened + fixture_stats(many).connections_opened <= 41);
    assert_int_equal(f->server.open, f->server.accepted);
}

static void closed_while_idle_is_replaced(void **state) {
    struct fixture *f = *state;
    struct outbound_target *target = fixture_target(f, "/early");
    for (int i = 0; i < 5; i++) {
        struct told told = fixture_ask(f, target, "{}", 2000);
        assert_int_equal(told.outcome, OUTBOUND_ANSWERED);
        assert_string_equal(told.body, "{\"ok\":true}");
        fixture_run_ms(f, 5);
    }
    assert_int_equal(fixture_stats(target).connections_opened, 5);
}

/* The peer closes just when the connection is used again; more often than libcurl alone stands in the life of
 * a handle. */
static void closed_on_use_is_tried_again(void **state) {
    struct fixture *f = *state;
    struct outbound_target *target = fixture_target(f, "/stale");
    for (int i = 0; i < 20; i++) {
        struct told told = fixture_ask(f, target, "{}", 2000);
        assert_int_equal(told.outcome, OUTBOUND_ANSWERED);
        assert_string_equal(told.body, "{\"ok\":true}");
    }
    assert_int_equal(fixture_stats(target).connections_opened, 20);
    assert_int_equal(fixture_stats(target).in_flight, 0);
}

static void unasked_bytes_are_nobodys_answer(void **state) {
    struct fixture *f = *state;
    struct outbound_target *target = fixture_target(f, "/twice");
    for (int i = 0; i < 5; i++) {
        struct told told = fixture_ask(f, target, "{}", 2000);
        assert_int_equal(told.outcome, OUTBOUND_ANSWERED);
        assert_string_equal(told.body, "{\"ok\":true}");
        fixture_run_ms(f, 20);
    }
    assert_int_equal(fixture_stats(target).connections_opened, 5);
}

static void chunks_are_joined(void **state) {
    struct fixture *f = *state;
    static const char *const paths[] = {"/chunked", "/gzipchunked"};
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        struct outbound_target *target = fixture_target(f, paths[i]);
        for (int again = 0; again < 3; again++) {
            struct told told = fixture_ask(f, target, "{}", 2000);
            assert_int_equal(told.outcome, OUTBOUND_ANSWERED);
            assert_string_equal(told.body, "{\"ok\":true}");
        }
    }
    assert_int_equal(f->server.accepted, 1);
}

static void max_in_flight_refuses(void **state) {
    struct fixture *f = *state;
    struct told told[3];
    f->options.max_in_flight = 3;
    struct outbound_target *target = fixture_target(f, "/slow/30");
    for (size_t i = 0; i < COUNT_OF(told); i++)
        fixture_send(f, target, "{}", 2000, &told[i]);
    assert_null(outbound_begin(target));
    assert_int_equal(fixture_stats(target).in_flight, 3);
    fixture_wait(f);
    struct outbound_call *call = outbound_begin(target);
    assert_non_null(call);
    outbound_discard(call);
    assert_int_equal(fixture_stats(target).in_flight, 0);
}

static void max_connections_refuses_too(void **state) {
    struct fixture *f = *state;
    struct told told[2];
    f->options.max_connections = 2;
    struct outbound_target *target = fixture_target(f, "/slow/30");
    for (size_t i = 0; i < COUNT_OF(told); i++)
        fixture_send(f, target, "{}", 2000, &told[i]);
    assert_null(outbound_begin(target));
    fixture_wait(f);
    assert_int_equal(told[1].outcome, OUTBOUND_ANSWERED);
}

static void gzip_answer_is_inflated(void **state) {
    struct fixture *f = *state;
    struct outbound_target *target = fixture_target(f, "/gzip");
    for (int i = 0; i < 3; i++) {
        struct told told = fixture_ask(f, target, "{}", 2000);
        assert_int_equal(told.outcome, OUTBOUND_ANSWERED);
        assert_string_equal(told.body, "{\"ok\":true}");
    }
}

static void gzip_request_is_packed(void **state) {
    struct fixture *f = *state;
    f->options.gzip_request = true;
    struct outbound_target *target = fixture_target(f, "/ok");
    for (int i = 0; i < 2; i++) {
        assert_int_equal(
            fixture_ask(f, target, "{\"id\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}", 2000).status, 200);
        assert_non_null(strstr(f->server.last_request, "\r\nContent-Encoding: gzip\r\n"));
        const char *body = strstr(f->server.last_request, "\r\n\r\n") + 4;
        assert_memory_equal(body, "\x1f\x8b", 2);
    }
}

static void body_over_the_cap_is_no_memory(void **state) {
    struct fixture *f = *state;
    struct told told;
    f->options.max_request_bytes = 1000;
    struct outbound_target *target = fixture_target(f, "/ok");
    struct outbound_call *call = outbound_begin(target);
    assert_non_null(call);
    for (int i = 0; i < 100; i++)
        BUF_ADD_LIT(outbound_call_body(call), "123456789012345678901234567890");
    told = (struct told){.fixture = f};
    f->wanted = 1;
    outbound_send(call, loop_now(f->loop) + 1000000, fixture_done, &told);
    assert_int_equal(told.count, 0);
    fixture_wait(f);
    assert_int_equal(told.outcome, OUTBOUND_NO_MEMORY);
    assert_int_equal(f->server.requests, 0);
}

static void large_body_goes_through(void **state) {
    struct fixture *f = *state;
    struct told told = {.fixture = f};
    struct outbound_target *target = fixture_target(f, "/ok");
    struct outbound_call *call = outbound_begin(target);
    assert_non_null(call);
    for (int i = 0; i < 60000; i++)
        buf_add_char(outbound_call_body(call), 'x');
    f->wanted = 1;
    outbound_send(call, loop_now(f->loop) + 5000000, fixture_done, &told);
    fixture_wait(f);
    assert_int_equal(told.outcome, OUTBOUND_ANSWERED);
}

static void no_thread_is_started(void **state) {
    struct fixture *f = *state;
    unsigned before = fixture_threads();
    fixture_ask(f, fixture_target(f, "/ok"), "{}", 2000);
    char url[100];
    char error[200];
    snprintf(url, sizeof url, "http://localhost:%d/ok", f->server.port);
    f->options.url = url;
    struct outbound_target *named = outbound_target_create(f->outbound, &f->options, error, sizeof error);
    assert_non_null(named);
    fixture_run_ms(f, 50);
    assert_int_equal(fixture_ask(f, named, "{}", 2000).outcome, OUTBOUND_ANSWERED);
    assert_int_equal(fixture_threads(), before);
    assert_int_equal(before, 1);
}

static void bad_targets_are_refused_with_a_reason(void **state) {
    struct fixture *f = *state;
    static const char *const urls[] = {"",
                                       "ftp://127.0.0.1/",
                                       "file:///etc/passwd",
                                       "http://user:word@127.0.0.1/",
                                       "http://a b/",
                                       "http://\xc3\xa4.example/",
                                       "http://127.0.0.1:99999/"};
    char error[200];
    for (size_t i = 0; i < COUNT_OF(urls); i++) {
        f->options.url = urls[i];
        error[0] = 0;
        assert_null(outbound_target_create(f->outbound, &f->options, error, sizeof error));
        assert_true(strlen(error) > 0);
    }
    static const struct str headers[] = {STR_INIT("no colon"), STR_INIT("Content-Length: 5"),
                                         STR_INIT("X: a\r\nY: b"), STR_INIT("Empty:"), STR_INIT(": x")};
    f->options.url = "http://127.0.0.1:1/";
    f->options.http2 = true;
    assert_null(outbound_target_create(f->outbound, &f->options, error, sizeof error));
    assert_non_null(strstr(error, "http2 needs https"));
    f->options.http2 = false;
    for (size_t i = 0; i < COUNT_OF(headers); i++) {
        struct str one = headers[i];
        f->options.headers = (struct str_list){&one, 1};
        assert_null(outbound_target_create(f->outbound, &f->options, error, sizeof error));
    }
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, fixture_setup, fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(answered_with_status_and_body),
        TEST(body_arrives_as_written),
        TEST(every_status_is_an_answer),
        TEST(sends_its_headers),
        TEST(head_is_exactly_this),
        TEST(another_user_agent_goes_the_usual_way),
        TEST(empty_body_is_a_get_and_back),
        TEST(a_call_can_have_a_path_of_its_own),
        TEST(a_path_that_says_more_is_refused),
        TEST(a_name_can_be_held_to_the_public_internet),
        TEST(proxy_of_the_environment_is_ignored),
        TEST(a_hundred_calls_one_connection),
        TEST(a_burst_of_one_target_keeps_anothers_connections),
        TEST(closed_while_idle_is_replaced),
        TEST(closed_on_use_is_tried_again),
        TEST(unasked_bytes_are_nobodys_answer),
        TEST(chunks_are_joined),
        TEST(max_in_flight_refuses),
        TEST(max_connections_refuses_too),
        TEST(gzip_answer_is_inflated),
        TEST(gzip_request_is_packed),
        TEST(body_over_the_cap_is_no_memory),
        TEST(large_body_goes_through),
        TEST(no_thread_is_started),
        TEST(bad_targets_are_refused_with_a_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
