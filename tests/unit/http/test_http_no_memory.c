/*
 * One allocation of the server's fails, the first, the second, ... until a whole scenario passes without
 * reaching the failing one. Whatever its clients get, the server must live, serve the next client and lose
 * nothing.
 */
#include "server_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "http/gzip.h"

/* ---- allocations that fail, linked by --wrap ---- */

static atomic_int until_failure;  /* 0: none fails */
static _Thread_local bool spared; /* the client's thread */

void *__real_malloc(size_t n);
void *__real_calloc(size_t count, size_t n);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t count, size_t n);
void *__wrap_realloc(void *p, size_t n);

static bool fails_now(void) {
    if (spared || atomic_load(&until_failure) == 0)
        return false;
    return atomic_fetch_sub(&until_failure, 1) == 1;
}

void *__wrap_malloc(size_t n) {
    return fails_now() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t count, size_t n) {
    return fails_now() ? NULL : __real_calloc(count, n);
}

void *__wrap_realloc(void *p, size_t n) {
    return fails_now() ? NULL : __real_realloc(p, n);
}

/* ---- the scenario ---- */

static struct buf gzipped_request, chunked_request, large_request;

static void make_requests(void) {
    static char text[50000];
    struct gzip *gzip = gzip_create();
    struct buf packed;
    assert_non_null(gzip);
    memset(text, 't', sizeof text);
    buf_init(&packed, 1 << 20);
    assert_int_equal(gzip_deflate(gzip, (struct str){text, sizeof text}, 1, &packed), GZIP_OK);
    gzip_destroy(gzip);
    buf_init(&gzipped_request, 1 << 20);
    buf_printf(&gzipped_request,
               "POST /text?5000 HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\nContent-Encoding: gzip\r\n"
               "Content-Length: %zu\r\n\r\n",
               packed.n);
    buf_add(&gzipped_request, packed.p, packed.n);
    buf_cleanup(&packed);
    buf_init(&large_request, 1 << 20);
    buf_printf(&large_request, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: %zu\r\n\r\n", sizeof text);
    buf_add(&large_request, text, sizeof text);
    buf_init(&chunked_request, 1 << 20);
    BUF_ADD_LIT(&chunked_request,
                "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nc350\r\n");
    buf_add(&chunked_request, text, sizeof text);
    BUF_ADD_LIT(&chunked_request, "\r\n0\r\n\r\n");
    assert_false(gzipped_request.failed || large_request.failed || chunked_request.failed);
}

/* Sends one request and reads until its answer, or its end, or the connection's, came. */
static void try_request(const struct fixture *fixture, struct str request) {
    int fd = client_connect(fixture);
    struct answer answer;
    client_send(fd, request);
    client_answer(fd, &answer, true);
    assert_int_not_equal(answer.status, -1); /* an answer or an end, never silence */
    close(fd);
}

static void play(const struct fixture *fixture) {
    try_request(fixture, STR("GET /later HTTP/1.1\r\nHost: a\r\n\r\nGET /none HTTP/1.1\r\nHost: a\r\n\r\n"));
    try_request(fixture, buf_view(&large_request));
    try_request(fixture, buf_view(&chunked_request));
    try_request(fixture, buf_view(&gzipped_request));
    try_request(fixture, STR("GET /raw?9000000 HTTP/1.1\r\nHost: a\r\n\r\n"));
    try_request(fixture, STR("GET /stream?1000 HTTP/1.1\r\nHost: a\r\n\r\n"));
    try_request(fixture, STR("GET / HTTP/1.1\r\n\r\n"));
}

static void any_allocation_may_fail(void **state) {
    (void)state;
    spared = true;
    make_requests();
    int left = 0, failures = 0;
    for (int k = 1; left == 0; k++) {
        struct fixture fixture;
        fixture_init(&fixture);
        fixture.options.listen_sndbuf = 8192;
        fixture_start(&fixture);
        atomic_store(&until_failure, k);
        play(&fixture);
        left = atomic_exchange(&until_failure, 0);
        int fd = client_connect(&fixture);
        client_send_text(fd, "GET /none HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_int_equal(client_status(fd), 204);
        close(fd);
        fixture_stop(&fixture);
        failures += left == 0;
        assert_true(k < 1000);
    }
    assert_true(failures >= 15); /* it did reach them */
    buf_cleanup(&gzipped_request);
    buf_cleanup(&chunked_request);
    buf_cleanup(&large_request);
}

/* What fails before there is a server. */
static void create_may_fail(void **state) {
    (void)state;
    struct http_server_options options;
    struct http_server_stats stats = {0};
    http_server_options_default(&options);
    struct loop *loop = loop_create();
    assert_non_null(loop);
    spared = false;
    for (int k = 1, left = 0; left == 0; k++) {
        atomic_store(&until_failure, k);
        struct http_server *server =
            http_server_create(loop, &options, (struct http_handler){.on_request = NULL}, &stats);
        left = atomic_exchange(&until_failure, 0);
        assert_true((server != NULL) == (left > 0));
        http_server_destroy(server);
    }
    spared = true;
    loop_destroy(loop);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_allocation_may_fail),
        cmocka_unit_test(create_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
