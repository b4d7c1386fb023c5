/* Partners that fail: each way has its outcome, within the caps, and the next call works. */
#include "fixture.h"

#include <stdio.h>
#include <sys/resource.h>

static void expect(struct fixture *f, const char *path, enum outbound_outcome outcome) {
    struct outbound_target *target = fixture_target(f, path);
    for (int i = 0; i < 3; i++) {
        struct told told = fixture_ask(f, target, "{}", 5000);
        if (told.outcome != outcome)
            fail_msg("%s: %s, not %s", path, outbound_outcome_name(told.outcome),
                     outbound_outcome_name(outcome));
        assert_int_equal(told.status, 0);
        assert_string_equal(told.body, "");
    }
    assert_int_equal(fixture_stats(target).in_flight, 0);
    assert_int_equal(fixture_ask(f, fixture_target(f, "/ok"), "{}", 2000).outcome, OUTBOUND_ANSWERED);
}

static void reset_is_broken(void **state) {
    expect(*state, "/reset", OUTBOUND_BROKEN);
}

static void cut_short_is_broken(void **state) {
    expect(*state, "/short", OUTBOUND_BROKEN);
}

static void garbage_is_broken(void **state) {
    expect(*state, "/garbage", OUTBOUND_BROKEN);
}

static void declared_too_large(void **state) {
    expect(*state, "/big", OUTBOUND_TOO_LARGE);
}

static void endless_is_too_large(void **state) {
    struct fixture *f = *state;
    f->options.max_answer_bytes = 50000;
    expect(f, "/endless", OUTBOUND_TOO_LARGE);
}

static void endless_headers_are_broken(void **state) {
    expect(*state, "/headers", OUTBOUND_BROKEN);
}

/* What is no body counts too: libcurl would read it for ever, without coming back to the loop. */
static void endless_extension_is_too_large(void **state) {
    expect(*state, "/extension", OUTBOUND_TOO_LARGE);
}

static void endless_trailers_are_too_large(void **state) {
    expect(*state, "/trailers", OUTBOUND_TOO_LARGE);
}

static void endless_header_line_is_broken(void **state) {
    expect(*state, "/longheader", OUTBOUND_BROKEN);
}

static void unknown_transfer_coding_is_bad_encoding(void **state) {
    expect(*state, "/badte", OUTBOUND_BAD_ENCODING);
}

static void bomb_is_too_large(void **state) {
    expect(*state, "/bomb", OUTBOUND_TOO_LARGE); /* 4 MB of zeros; the cap is 1 MB */
}

static void bad_gzip_is_bad_encoding(void **state) {
    expect(*state, "/badgzip", OUTBOUND_BAD_ENCODING);
}

static void unknown_encoding_is_bad_encoding(void **state) {
    expect(*state, "/br", OUTBOUND_BAD_ENCODING);
}

static void gzip_not_asked_for_is_bad_encoding(void **state) {
    struct fixture *f = *state;
    f->options.gzip_answer = false;
    expect(f, "/gzip", OUTBOUND_BAD_ENCODING);
}

static void drip_is_a_timeout(void **state) {
    struct fixture *f = *state;
    assert_int_equal(fixture_ask(f, fixture_target(f, "/drip"), "{}", 60).outcome, OUTBOUND_TIMEOUT);
}

static struct outbound_target *target_at(struct fixture *f, const char *url) {
    char error[200] = "";
    f->options.url = url;
    struct outbound_target *target = outbound_target_create(f->outbound, &f->options, error, sizeof error);
    if (!target)
        fail_msg("%s", error);
    return target;
}

static void refused_port_is_connect_failed(void **state) {
    struct fixture *f = *state;
    struct test_server closed;
    char url[60];
    test_server_init(&closed, f->loop);
    snprintf(url, sizeof url, "http://127.0.0.1:%d/", closed.port);
    test_server_cleanup(&closed);
    struct outbound_target *target = target_at(f, url);
    for (int i = 0; i < 20; i++)
        assert_int_equal(fixture_ask(f, target, "{}", 2000).outcome, OUTBOUND_CONNECT_FAILED);
}

static void unresolved_name_is_connect_failed_at_once(void **state) {
    struct fixture *f = *state;
    struct outbound_target *target = target_at(f, "http://no-such-host.invalid/");
    assert_false(outbound_target_resolved(target));
    assert_true(outbound_target_resolved(fixture_target(f, "/ok"))); /* a numeric host */
    unsigned threads = fixture_threads();
    struct told told = fixture_ask(f, target, "{}", 5000);
    assert_int_equal(told.outcome, OUTBOUND_CONNECT_FAILED);
    assert_true(told.took_us < 100000);
    assert_int_equal(fixture_threads(), threads);
}

/* A listening socket whose backlog is full: the kernel drops the SYN, nothing answers. */
static void connect_timeout_is_connect_failed(void **state) {
    struct fixture *f = *state;
    struct test_server *server = &f->server;
    struct told told[600];
    f->options.connect_timeout_us = 200000;
    f->options.max_in_flight = COUNT_OF(told);
    f->options.max_connections = COUNT_OF(told);
    struct outbound_target *target = fixture_target(f, "/ok");
    assert_int_equal(watch_set(server->watch, 0), 0); /* nobody accepts */
    for (size_t i = 0; i < COUNT_OF(told); i++)
        fixture_send(f, target, "{}", 3000, &told[i]);
    fixture_wait(f);
    unsigned failed = 0;
    for (size_t i = 0; i < COUNT_OF(told); i++) {
        failed += told[i].outcome == OUTBOUND_CONNECT_FAILED;
        assert_true(told[i].outcome == OUTBOUND_CONNECT_FAILED || told[i].outcome == OUTBOUND_TIMEOUT);
        if (told[i].outcome == OUTBOUND_CONNECT_FAILED)
            assert_true(told[i].took_us < 2000000); /* long before the deadline */
    }
    assert_true(failed > 300); /* the backlog holds about 128 */
    assert_int_equal(watch_set(server->watch, WATCH_READ), 0);
}

/* No descriptor is free: the call fails for want of ours, nothing leaks, and it works again when there is
 * one.
 */
static void out_of_descriptors_is_no_memory(void **state) {
    struct fixture *f = *state;
    struct rlimit limit;
    struct outbound_target *target = fixture_target(f, "/ok");
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    struct rlimit none = {.rlim_cur = 3, .rlim_max = limit.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    enum outbound_outcome outcome = fixture_ask(f, target, "{}", 2000).outcome;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_int_equal(outcome, OUTBOUND_NO_MEMORY);
    assert_int_equal(fixture_ask(f, target, "{}", 2000).outcome, OUTBOUND_ANSWERED);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, fixture_setup, fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(reset_is_broken),
        TEST(cut_short_is_broken),
        TEST(garbage_is_broken),
        TEST(declared_too_large),
        TEST(endless_is_too_large),
        TEST(endless_extension_is_too_large),
        TEST(endless_trailers_are_too_large),
        TEST(endless_headers_are_broken),
        TEST(endless_header_line_is_broken),
        TEST(unknown_transfer_coding_is_bad_encoding),
        TEST(bomb_is_too_large),
        TEST(bad_gzip_is_bad_encoding),
        TEST(unknown_encoding_is_bad_encoding),
        TEST(gzip_not_asked_for_is_bad_encoding),
        TEST(drip_is_a_timeout),
        TEST(refused_port_is_connect_failed),
        TEST(unresolved_name_is_connect_failed_at_once),
        TEST(connect_timeout_is_connect_failed),
        TEST(out_of_descriptors_is_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
