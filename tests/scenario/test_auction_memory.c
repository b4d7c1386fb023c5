/*
 * The request path under a failing allocator, and without any: each allocation of an auction is made to
 * fail in turn, and every run must end in one answer and an idle exchange; once warm, an auction
 * allocates nothing at all, own bids included. Partners and workers are fakes here, so libcurl is out of the
 * picture.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "auction.h"
#include "fake/fake_loop.h"
#include "fake/fake_outbound.h"
#include "fake/fake_pool.h"

/* ---- the allocator ---- */

static unsigned long allocations; /* since the last reset */
static unsigned long fail_at;     /* that one fails; 0: none */
static bool counting;             /* the fakes' own allocations do not count */

void *__real_malloc(size_t n);
void *__real_calloc(size_t count, size_t n);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t count, size_t n);
void *__wrap_realloc(void *p, size_t n);

static bool fails(void) {
    return counting && ++allocations == fail_at;
}

void *__wrap_malloc(size_t n) {
    return fails() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t count, size_t n) {
    return fails() ? NULL : __real_calloc(count, n);
}

void *__wrap_realloc(void *p, size_t n) {
    return fails() ? NULL : __real_realloc(p, n);
}

/* ---- an exchange with two partners ---- */

struct fixture {
    struct config *config;
    struct loop *loop;
    struct outbound *outbound;
    struct stats *stats;
    struct pool *pool;
    struct exchange exchange;
    unsigned replies;
    int status;
};

static const char request[] = "{\"id\":\"r1\",\"at\":1,\"tmax\":100,\"test\":1,\"site\":{\"id\":\"s\","
                              "\"page\":\"https:\\/\\/a.example\"},"
                              "\"imp\":[{\"id\":\"1\",\"banner\":{\"w\":300,\"h\":250}}]}";
static const char answer[] =
    "{\"id\":\"r1\",\"seatbid\":[{\"bid\":[{\"id\":\"b\",\"impid\":\"1\",\"price\":1.5,\"crid\":\"c\","
    "\"adm\":\"<i>${AUCTION_PRICE}\\u00e9<\\/i>\",\"w\":300,\"h\":250}]}]}";

static const struct fake_pool_script own_script = {
    .serves = true,
    .after_us = 3000,
    .bids = {{.deal = TABLE_NONE,
              .score = 0.002,
              .pctr = 1,
              .price = 2,
              .cur = "USD",
              .media = TABLE_BANNER,
              .w = 300,
              .h = 250,
              .attr = 2,
              .cattax = 1,
              .id = STR_INIT("ad"),
              .campaign = STR_INIT("camp"),
              .crid = STR_INIT("cr"),
              .adomain = STR_INIT("own.example"),
              .language = STR_INIT("en"),
              .cats = STR_INIT("IAB1\nIAB2"),
              .markup = STR_INIT("<a href=\"${AUCTION_PRICE}\">own</a>")}},
    .bid_count = 1};

static int set_up(void **state) {
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    f->config = config_default();
    f->config->campaigns.table = STR("/t");
    f->loop = loop_create();
    f->outbound = outbound_create(f->loop);
    f->stats = stats_create(1);
    char error[CONFIG_ERROR_BYTES];
    assert_int_equal(exchange_init(&f->exchange, f->config, f->loop, f->outbound, &f->stats->slots[0], error,
                                   sizeof error),
                     0);
    struct pool_options options = {.workers = 1, .max_in_flight = 16};
    f->pool = pool_create(f->loop, &options, &f->stats->slots[0].pool);
    assert_non_null(f->pool);
    f->exchange.pool = f->pool;
    fake_pool_script(f->pool, &own_script);
    struct fake_script script = {.after_us = 5000, .status = 200, .body = {answer, sizeof answer - 1}};
    fake_outbound_script(fake_outbound_find(f->outbound, STR("alpha")), &script);
    fake_outbound_script(fake_outbound_find(f->outbound, STR("beta")), &script);
    *state = f;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *f = *state;
    exchange_cleanup(&f->exchange);
    pool_destroy(f->pool);
    outbound_destroy(f->outbound);
    stats_destroy(f->stats);
    loop_destroy(f->loop);
    config_destroy(f->config);
    free(f);
    return 0;
}

static void on_reply(void *ctx, const struct auction_reply *reply) {
    struct fixture *f = ctx;
    f->replies++;
    f->status = reply->status;
}

/* One auction to its end; the fakes, which allocate too, run inside and are not told apart. */
static void play(struct fixture *f) {
    struct auction_input input = {.body = {request, sizeof request - 1},
                                  .started_us = loop_now(f->loop),
                                  .client = {.ip = STR("192.0.2.1")}};
    f->replies = 0;
    counting = true;
    allocations = 0;
    auction_start(&f->exchange, &input, on_reply, f);
    fake_loop_advance(f->loop, loop_now(f->loop) + 5000000);
    counting = false;
    assert_int_equal(f->replies, 1);
    assert_int_equal(f->exchange.live, 0);
    assert_int_equal(fake_pool_waiting(f->pool), 0);
    assert_int_equal(f->exchange.arenas.in_use_bytes, 0);
    for (int i = 0; i < AUCTION_STATES; i++)
        assert_int_equal(f->stats->slots[0].auctions_live[i], 0);
}

static void every_allocation_may_fail(void **state) {
    unsigned long most = 0;
    for (unsigned long n = 1; n < 500; n++) {
        tear_down(state);
        set_up(state); /* cold: nothing is kept from the run before */
        struct fixture *f = *state;
        fail_at = n;
        play(f);
        fail_at = 0;
        most = allocations > most ? allocations : most;
        assert_true(f->status == 200 || f->status == 204 || f->status == 400 || f->status == 500 ||
                    f->status == 503);
        if (allocations < n) {
            assert_int_equal(f->status, 200); /* nothing failed */
            play(f);
            assert_int_equal(f->status, 200);
            assert_true(most > 5);
            return;
        }
        play(f); /* and it is well again */
        assert_int_equal(f->status, 200);
    }
    fail_msg("an auction allocates without end");
}

static void a_warm_auction_allocates_nothing(void **state) {
    struct fixture *f = *state;
    struct fake_script silent = {.after_us = 1000, .status = 204};
    static const char *const names[] = {"alpha", "beta", "gamma", "delta"};
    for (size_t i = 0; i < COUNT_OF(names); i++)
        fake_outbound_script(fake_outbound_find(f->outbound, str_from(names[i])), &silent);
    for (int i = 0; i < 3; i++)
        play(f);
    /* What is left are the fakes' own: a call, its body's growth, the copy of the body. */
    unsigned long with_calls = allocations;
    for (uint32_t i = 0; i < f->exchange.partners.count; i++)
        f->config->partners[f->exchange.partners.items[i].index].media_types = MEDIA_VIDEO;
    for (int i = 0; i < 3; i++)
        play(f);
    assert_int_equal(allocations, 0);
    assert_int_equal(f->status, 200); /* by the own bid */
    assert_true(f->stats->slots[0].partners[STATS_OWN].wins >= 3);
    assert_true(with_calls > 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_allocation_may_fail, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_warm_auction_allocates_nothing, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
