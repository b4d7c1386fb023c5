/* The lines of auctions and of what comes back, to the letter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "clearing_fixture.h"
#include "event_log/event_auction.h"
#include "event_log/event_hold.h"
#include "event_log/event_rings.h"
#include "scratch_directory.h"

static char directory[SCRATCH_DIRECTORY_BYTES];
static struct event_log_stats stats;
static struct event_rings *rings;
static struct event_log *event_log;
static struct ring consumer;
static char text[EVENT_LOG_LINE_BYTES + 1];

static int set_up(void **state) {
    (void)state;
    char error[EVENT_RINGS_ERROR_BYTES];
    scratch_directory_make(directory);
    stats = (struct event_log_stats){0};
    rings = event_rings_open(directory, 1, 65536, error, sizeof error);
    assert_non_null(rings);
    event_log = event_log_create(rings, 0, &stats);
    assert_non_null(event_log);
    assert_int_equal(event_rings_consume(rings, 0, &consumer), 0);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    event_log_destroy(event_log);
    event_rings_close(rings);
    scratch_directory_remove(directory);
    return 0;
}

/* The next line, from its kind on. */
static const char *next_line(void) {
    const void *bytes = NULL;
    size_t n = 0, line_bytes = 0;
    struct event_frame frame;
    const char *line = NULL;
    assert_int_equal(ring_peek(&consumer, &bytes, &n), 1);
    assert_true(event_frame_read(bytes, n, &frame, &line, &line_bytes));
    memcpy(text, line, line_bytes);
    text[line_bytes] = '\0';
    ring_consume(&consumer);
    const char *kind = strstr(text, "\"kind\"");
    assert_non_null(kind);
    return kind;
}

static void log_auction(const struct clearing_fixture *f, uint64_t user) {
    const struct event_auction auction = {.id = 0xa1,
                                          .request = &f->request,
                                          .end = "complete",
                                          .took_us = 1234,
                                          .user = user,
                                          .currency = f->rules.answer_currency,
                                          .bids = f->bids,
                                          .bid_count = f->count};
    event_auction_log(event_log, &auction);
}

static void an_auction_tells_winners_and_refusals(void **state) {
    (void)state;
    struct clearing_fixture f;
    clearing_fixture_init(&f,
                          "{\"id\":\"r\\\"1\",\"at\":1,\"site\":{\"page\":\"https://news.example/a?b=c\"},"
                          "\"device\":{\"ip\":\"192.0.2.7\",\"ifa\":\"personal\"},"
                          "\"imp\":[{\"id\":\"x\",\"banner\":{\"w\":300,\"h\":250}},"
                          "{\"id\":\"y\",\"bidfloor\":1,\"banner\":{\"w\":300,\"h\":250}}]}");
    clearing_fixture_answer(
        &f, 0,
        "{\"id\":\"r\\\"1\",\"cur\":\"USD\",\"seatbid\":[{\"seat\":\"s\",\"bid\":["
        "{\"id\":\"b1\",\"impid\":\"y\",\"price\":1.5,\"crid\":\"c\",\"cid\":\"k\",\"adid\":\"a\",\"w\":300,"
        "\"h\":250,\"adm\":\"<b>\"},{\"id\":\"b2\",\"impid\":\"y\",\"price\":0.5,\"crid\":\"c\",\"w\":300,"
        "\"h\":250,\"adm\":\"<b>\"},{\"id\":\"b3\",\"impid\":\"z\",\"price\":2,\"crid\":\"c\",\"adm\":\"<b>"
        "\"}"
        "]}]}");
    assert_int_equal(clearing_fixture_run(&f), 1);
    for (size_t i = 0; i < f.count; i++)
        if (f.bids[i].won) {
            f.bids[i].hold = 0x1234;
            f.bids[i].nanos = 1500000;
        }
    log_auction(&f, 0xfeed);
    assert_string_equal(
        next_line(),
        "\"kind\":\"auction\",\"auction\":\"00000000000000a1\",\"request\":\"r\\\"1\",\"channel\":\"site\","
        "\"domain\":\"news.example\",\"user\":\"000000000000feed\",\"imps\":2,\"end\":\"complete\",\"took_"
        "us\":"
        "1234,\"bids\":3,\"wins\":[{\"imp\":1,\"impid\":\"y\",\"partner\":\"p0\",\"seat\":\"s\",\"bid\":"
        "\"b1\","
        "\"adid\":\"a\",\"cid\":\"k\",\"crid\":\"c\",\"price\":1.5,\"cur\":\"USD\",\"nanos\":1500000,"
        "\"hold\":"
        "\"0000000000001234\"}],\"refused\":{\"unknown_imp\":1,\"below_floor\":1}}");
    clearing_fixture_cleanup(&f);
}

static void an_auction_without_bids_is_a_line(void **state) {
    (void)state;
    struct clearing_fixture f;
    clearing_fixture_init(&f, "{\"id\":\"r\",\"app\":{\"bundle\":\"com.example.app\"},"
                              "\"imp\":[{\"id\":\"x\",\"banner\":{\"w\":300,\"h\":250}}]}");
    log_auction(&f, 0);
    assert_string_equal(next_line(),
                        "\"kind\":\"auction\",\"auction\":\"00000000000000a1\",\"request\":\"r\",\"channel\":"
                        "\"app\",\"domain\":\"com.example.app\",\"imps\":1,\"end\":\"complete\",\"took_us\":"
                        "1234,\"bids\":0,\"wins\":[],\"refused\":{}}");
    clearing_fixture_cleanup(&f);
}

/* 100 imps, each won by a bid whose texts are as long as they are ever written, of bytes that need escapes.
 */
static void a_line_is_never_too_long(void **state) {
    (void)state;
    struct clearing_fixture f;
    struct buf request, answer;
    char long_text[400], id[512];
    memset(long_text, '\\', sizeof long_text);
    buf_init(&request, 1 << 20);
    buf_init(&answer, 1 << 20);
    buf_printf(&request, "{\"id\":\"%.*s\",\"at\":1,\"site\":{\"id\":\"s\"},\"imp\":[", 400, long_text);
    BUF_ADD_LIT(&answer, "{\"seatbid\":[{\"bid\":[");
    for (int i = 0; i < 100; i++) {
        const char *comma = i ? "," : "";
        buf_printf(&request, "%s{\"id\":\"%d\",\"banner\":{\"w\":300,\"h\":250}}", comma, i);
        snprintf(id, sizeof id, "%d%.*s", i, 400, long_text);
        buf_printf(&answer,
                   "%s{\"id\":\"%s\",\"impid\":\"%d\",\"price\":1,\"crid\":\"%s\",\"cid\":\"%s\","
                   "\"w\":300,\"h\":250,\"adm\":\"<b>\"}",
                   comma, id, i, id, id);
    }
    BUF_ADD_LIT(&request, "]}");
    BUF_ADD_LIT(&answer, "]}]}");
    buf_add_char(&request, '\0');
    buf_add_char(&answer, '\0');
    assert_false(request.failed || answer.failed);
    clearing_fixture_init(&f, request.p);
    clearing_fixture_answer(&f, 0, answer.p);
    assert_int_equal(clearing_fixture_run(&f), 100);
    log_auction(&f, 0);
    assert_int_equal(stats.lines[EVENT_AUCTION], 1);
    const char *line = next_line();
    unsigned listed = 0, left_out = 0;
    for (const char *at = line; (at = strstr(at, "{\"imp\":")); at++)
        listed++;
    const char *rest = strstr(line, "\"wins_left_out\":");
    assert_non_null(rest);
    assert_int_equal(sscanf(rest, "\"wins_left_out\":%u,\"refused\":{}}", &left_out), 1);
    assert_int_equal(listed + left_out, 100);
    assert_true(listed > 20);
    buf_cleanup(&request);
    buf_cleanup(&answer);
    clearing_fixture_cleanup(&f);
}

static void what_comes_back_names_its_auction(void **state) {
    (void)state;
    const struct event_hold own = {.auction = 0xa1,
                                   .imp = 3,
                                   .partner = STR("own campaigns"),
                                   .campaign = STR("caf\xc3\xa9\xc3"), /* cut within a character */
                                   .hold = 7,
                                   .user = 0xabc,
                                   .nanos = 2500000};
    event_hold_log(event_log, EVENT_VIEW, &own);
    assert_string_equal(next_line(),
                        "\"kind\":\"view\",\"auction\":\"00000000000000a1\",\"imp\":3,\"partner\":"
                        "\"own campaigns\",\"campaign\":\"caf\xc3\xa9\",\"nanos\":2500000,"
                        "\"hold\":\"0000000000000007\",\"user\":\"0000000000000abc\"}");
    const struct event_hold least = {.auction = 1, .imp = UINT32_MAX, .hold = 8, .nanos = 5};
    event_hold_log(event_log, EVENT_WIN, &least);
    assert_string_equal(next_line(), "\"kind\":\"win\",\"auction\":\"0000000000000001\",\"nanos\":5,"
                                     "\"hold\":\"0000000000000008\"}");
    event_hold_log(NULL, EVENT_CLICK, &own);
    assert_int_equal(stats.lines[EVENT_VIEW], 1);
    assert_int_equal(stats.lines[EVENT_WIN], 1);
    assert_int_equal(stats.lines[EVENT_CLICK], 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(an_auction_tells_winners_and_refusals),
        CASE(an_auction_without_bids_is_a_line),
        CASE(a_line_is_never_too_long),
        CASE(what_comes_back_names_its_auction),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
