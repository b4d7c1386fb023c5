/*
 * The player against a server in the same loop: everything is sent and counted, rates are kept, and a server
 * that stalls shows in the latencies of all who had to wait for it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "http/http_server.h"
#include "http/listener.h"
#include "replay/replay_player.h"

struct fixture {
    struct loop *loop;
    struct http_server *server;
    struct http_server_stats stats;
    int fd;
    char url[80];
    struct traffic traffic;
    struct tally tally;
    struct timer answer_timer;
    struct http_exchange *held; /* the request that is answered by the timer */
    uint64_t hold_us;           /* of the first request; 0: none is held */
    int status;                 /* of the answers; 0: none at all */
    unsigned seen;
    bool ids_differ;
    char last_id[64];
};

static void answer(struct fixture *f, struct http_exchange *exchange) {
    struct http_response response = {.status = f->status, .content_type = STR("application/json")};
    if (f->status == 200)
        response.body =
            STR("{\"id\":\"x\",\"cur\":\"EUR\",\"seatbid\":[{\"seat\":\"s1\",\"bid\":[{\"id\":\"1\","
                "\"impid\":\"1\",\"price\":2.5}]}]}");
    http_exchange_respond(exchange, &response);
}

static void on_answer_timer(void *ctx) {
    struct fixture *f = ctx;
    answer(f, f->held);
}

static void on_request(void *ctx, struct http_exchange *exchange) {
    struct fixture *f = ctx;
    struct str body = http_exchange_request(exchange)->body;
    size_t n = body.n < sizeof f->last_id - 1 ? body.n : sizeof f->last_id - 1;
    f->ids_differ |= f->seen > 0 && memcmp(f->last_id, body.p, n) != 0;
    memcpy(f->last_id, body.p, n);
    if (f->seen++ == 0 && f->hold_us > 0) {
        f->held = exchange;
        assert_int_equal(timer_arm(&f->answer_timer, loop_now(f->loop) + f->hold_us), 0);
    } else if (f->status > 0) {
        answer(f, exchange);
    }
}

static int setup(void **state) {
    static struct fixture f;
    struct http_server_options options;
    struct traffic_options traffic_options = {.source = TRAFFIC_DEMO, .path = "demo", .max_count = 1};
    char error[200];
    char name[64];
    memset(&f, 0, sizeof f);
    f.status = 204;
    f.loop = loop_create();
    assert_non_null(f.loop);
    timer_init(&f.answer_timer, f.loop, on_answer_timer, &f);
    http_server_options_default(&options);
    f.server = http_server_create(f.loop, &options,
                                  (struct http_handler){.on_request = on_request, .ctx = &f}, &f.stats);
    assert_non_null(f.server);
    f.fd = listener_open(STR("127.0.0.1:0"), 64, false, error, sizeof error);
    assert_true(f.fd >= 0);
    assert_int_equal(http_server_listen(f.server, f.fd), 0);
    snprintf(f.url, sizeof f.url, "http://%s/x", listener_name(f.fd, name, sizeof name));
    assert_int_equal(traffic_load(&f.traffic, &traffic_options, error, sizeof error), 0);
    tally_init(&f.tally);
    *state = &f;
    return 0;
}

static int teardown(void **state) {
    struct fixture *f = *state;
    tally_cleanup(&f->tally);
    traffic_cleanup(&f->traffic);
    http_server_destroy(f->server);
    loop_destroy(f->loop);
    close(f->fd);
    return 0;
}

static void on_end(void *ctx) {
    loop_stop(ctx);
}

static void play(struct fixture *f, struct player_options options) {
    char error[300];
    options.url = f->url;
    options.speed = 1;
    options.tmax_ms = 50;
    struct player *player =
        player_create(f->loop, &options, &f->traffic, &f->tally, on_end, f->loop, error, sizeof error);
    if (!player)
        fail_msg("%s", error);
    assert_int_equal(loop_run(f->loop), 0);
    player_destroy(player);
}

static void all_are_sent_and_counted(void **state) {
    struct fixture *f = *state;
    f->status = 200;
    play(f, (struct player_options){.rate = 1000, .count = 100, .connections = 8, .wait_us = 3000000});
    assert_int_equal(f->tally.sent, 100);
    assert_int_equal(f->seen, 100);
    assert_int_equal(f->tally.outcomes[TALLY_BIDS], 100);
    assert_int_equal(f->tally.imps_won, 100);
    assert_int_equal(f->tally.seat_count, 1);
    assert_string_equal(f->tally.seats[0].name, "s1");
    assert_string_equal(f->tally.seats[0].cur, "EUR");
    assert_true(f->tally.seats[0].price_sum == 250);
    assert_true(f->ids_differ); /* the one request is repeated under new ids */
    /* 99 gaps of 1 ms */
    assert_in_range(f->tally.last_us - f->tally.first_us, 99000 - 1, 99000 + 1);
}

/* One connection, 20 requests at 100 a second, the first held for 150 ms: the ones behind it wait on the
 * clock. */
static void a_stall_counts_for_all_who_waited(void **state) {
    struct fixture *f = *state;
    f->hold_us = 150000;
    play(f, (struct player_options){.rate = 100, .count = 20, .connections = 1, .wait_us = 3000000});
    assert_int_equal(f->tally.outcomes[TALLY_NO_BID], 20);
    assert_true(f->tally.queued >= 10);
    assert_true(f->tally.latency.max >= 149000);
    /* without the wait, all but the first would look fast */
    assert_true(quantiles_at(&f->tally.latency, 0.5) > 3 * quantiles_at(&f->tally.service, 0.5));
    assert_true(quantiles_at(&f->tally.latency, 0.5) > 20000);
}

static void late_and_lost_are_told_apart(void **state) {
    struct fixture *f = *state;
    f->traffic.items[0].tmax_ms = 40;
    f->hold_us = 120000;
    play(f, (struct player_options){.rate = 100, .count = 1, .connections = 1, .wait_us = 3000000});
    assert_int_equal(f->tally.late, 1);
    assert_int_equal(f->tally.outcomes[TALLY_NO_BID], 1);
    f->status = 0;
    play(f, (struct player_options){.rate = 100, .count = 3, .connections = 4, .wait_us = 30000});
    assert_int_equal(f->tally.outcomes[TALLY_LOST], 3);
    assert_int_equal(f->tally.late, 1);
}

static void statuses_have_their_own_counts(void **state) {
    struct fixture *f = *state;
    static const int statuses[] = {400, 503, 500};
    for (size_t i = 0; i < COUNT_OF(statuses); i++) {
        f->status = statuses[i];
        play(f, (struct player_options){.rate = 1000, .count = i + 1, .connections = 2, .wait_us = 3000000});
    }
    assert_int_equal(f->tally.outcomes[TALLY_400], 1);
    assert_int_equal(f->tally.outcomes[TALLY_503], 2);
    assert_int_equal(f->tally.outcomes[TALLY_OTHER], 3);
    tally_answer(&f->tally, 200, STR("<html>"), 1, 1, false);
    assert_int_equal(f->tally.outcomes[TALLY_BROKEN], 1);
}

/* ---- results of click events ---- */

static void results_of_events_are_told_apart(void **state) {
    struct fixture *f = *state;
    static const struct {
        const char *body;
        enum tally_outcome outcome;
    } cases[] = {
        {"{\"results\":[{\"messageId\":\"m\",\"status\":\"bids\",\"response\":{\"id\":\"x\",\"cur\":\"EUR\","
         "\"seatbid\":[{"
         "\"seat\":\"s1\",\"bid\":[{\"id\":\"1\",\"impid\":\"1\",\"price\":2.5}]}]}}]}",
         TALLY_BIDS},
        {"{\"results\":[{\"messageId\":\"m\",\"status\":\"no_bid\"}]}", TALLY_NO_BID},
        {"{\"results\":[{\"messageId\":null,\"status\":\"accepted\"}]}", TALLY_ACCEPTED},
        {"{\"results\":[{\"messageId\":\"m\",\"status\":\"duplicate\"}]}", TALLY_DUPLICATE},
        {"{\"results\":[{\"messageId\":\"m\",\"status\":\"invalid\",\"error\":{}}]}", TALLY_REFUSED},
        {"{\"results\":[{\"messageId\":\"m\",\"status\":\"overload\"}]}", TALLY_REFUSED},
        {"{\"results\":[{\"messageId\":\"m\",\"status\":\"odd\"}]}", TALLY_BROKEN},
        {"{\"results\":[]}", TALLY_BROKEN},
        {"{\"success\":true}", TALLY_BROKEN},
        {"rubbish", TALLY_BROKEN},
    };
    f->tally.events = true;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        uint64_t before = f->tally.outcomes[cases[i].outcome];
        tally_answer(&f->tally, 200, str_from(cases[i].body), 1, 1, false);
        if (f->tally.outcomes[cases[i].outcome] != before + 1)
            fail_msg("%s", cases[i].body);
    }
    assert_int_equal(f->tally.imps_won, 1);
}

#define PLAYER_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        PLAYER_TEST(all_are_sent_and_counted),         PLAYER_TEST(a_stall_counts_for_all_who_waited),
        PLAYER_TEST(late_and_lost_are_told_apart),     PLAYER_TEST(statuses_have_their_own_counts),
        PLAYER_TEST(results_of_events_are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
