/*
 * Batches of click events with auctions in virtual time: results in the order of the events whatever the
 * order of the auctions' ends, windows, duplicates, answers that are too large, overload, clients that leave,
 * and each allocation made to fail in turn.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "auction.h"
#include "base/hash.h"
#include "clickstream/click_batch.h"
#include "clickstream/click_time.h"
#include "fake/fake_loop.h"
#include "fake/fake_outbound.h"
#include "ledger/ledger.h"
#include "ledger/users.h"

/* ---- the allocator ---- */

static unsigned long allocations, fail_at;
static bool counting;

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

/* ---- an exchange with one partner and one placement ---- */

static const char config_text[] =
    "{\"partners\":[{\"name\":\"alpha\",\"url\":\"http://127.0.0.1:9/a\"}],\"clickstream\":{\"window\":4,"
    "\"answer_bytes\":1024},\"placements\":[{\"name\":\"front\",\"site\":\"a.example\",\"cat\":[\"IAB12\"],"
    "\"request\":{\"tmax\":100},\"imps\":[{\"id\":\"1\",\"banner\":{\"w\":300,\"h\":250}}]}]}";

struct fixture {
    struct config *config;
    struct loop *loop;
    struct outbound *outbound;
    struct stats *stats;
    struct seen *seen;
    struct ledger *ledger;
    struct exchange exchange;
    struct clickstream clickstream;
    struct click_batch *batch;
    unsigned progress;
};

static struct click_stats *clicks(struct fixture *f) {
    return &f->stats->slots[0].click;
}

static void on_progress(void *ctx) {
    struct fixture *f = ctx;
    f->progress++;
}

static struct config *read_config(void) {
    char path[] = "/tmp/slimbid-click-batch-XXXXXX", error[CONFIG_ERROR_BYTES];
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, config_text, sizeof config_text - 1), sizeof config_text - 1);
    close(fd);
    struct config *config = config_load(path, error, sizeof error);
    unlink(path);
    if (!config)
        fail_msg("%s", error);
    return config;
}

static int set_up(void **state) {
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    f->config = read_config();
    f->loop = loop_create();
    f->outbound = outbound_create(f->loop);
    f->stats = stats_create(1);
    f->seen = seen_create(1024, 3600);
    char error[CONFIG_ERROR_BYTES];
    assert_int_equal(exchange_init(&f->exchange, f->config, f->loop, f->outbound, &f->stats->slots[0], error,
                                   sizeof error),
                     0);
    struct ledger_sizes sizes = {.writers = 1, .campaigns = 16, .holds = 64, .users = 1024};
    f->ledger = ledger_open(NULL, &sizes, 1700000000, error, sizeof error);
    assert_non_null(f->ledger);
    f->exchange.ledger = f->ledger;
    f->exchange.users = ledger_users(f->ledger);
    assert_int_equal(clickstream_init(&f->clickstream, &f->exchange, f->seen), 0);
    *state = f;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *f = *state;
    click_batch_destroy(f->batch);
    fake_loop_advance(f->loop, loop_now(f->loop) + 1000000);
    assert_int_equal(f->exchange.live, 0);
    click_batch_free_spares(&f->clickstream);
    clickstream_cleanup(&f->clickstream);
    assert_int_equal(f->exchange.arenas.in_use_bytes, 0);
    exchange_cleanup(&f->exchange);
    ledger_close(f->ledger);
    seen_destroy(f->seen);
    outbound_destroy(f->outbound);
    stats_destroy(f->stats);
    loop_destroy(f->loop);
    config_destroy(f->config);
    free(f);
    return 0;
}

static void begin(struct fixture *f, bool answered) {
    struct click_batch_options options = {
        .source = {.answered = answered, .type = CLICK_TYPES, .sent_us = CLICK_TIME_NONE},
        .between = STR(""),
        .behind = STR("\n"),
        .on_progress = on_progress,
        .ctx = f,
    };
    f->batch = click_batch_create(&f->clickstream, &options);
    assert_non_null(f->batch);
}

/* ---- events and answers ---- */

#define PAGE "{\"type\":\"page\",\"userId\":\"u\",\"context\":{\"page\":{\"url\":\"https://a.example/x\"}},"

static void add_view(struct fixture *f, const char *id) {
    char text[300];
    snprintf(text, sizeof text, PAGE "\"messageId\":\"%s\"}", id);
    click_batch_add(f->batch, str_from(text));
}

static void add_track(struct fixture *f, const char *id) {
    char text[300];
    snprintf(text, sizeof text,
             "{\"type\":\"track\",\"event\":\"e\",\"userId\":\"u\",\"messageId\":\"%s\",\"properties\":{"
             "\"category\":\"Games\"}}",
             id);
    click_batch_add(f->batch, str_from(text));
}

/* What the partner does about the next calls; ids of requests are messageIds. */
static void partner_bids(struct fixture *f, const char *id, uint64_t after_us, size_t markup) {
    static char body[4096];
    static char filler[2048];
    memset(filler, 'x', sizeof filler);
    int n = snprintf(
        body, sizeof body,
        "{\"id\":\"%s\",\"seatbid\":[{\"bid\":[{\"id\":\"b\",\"impid\":\"1\",\"price\":2,\"crid\":\"c\","
        "\"adm\":\"%.*s\",\"w\":300,\"h\":250}]}]}",
        id, (int)markup, filler);
    struct fake_script script = {.after_us = after_us, .status = 200, .body = {body, (size_t)n}};
    fake_outbound_script(fake_outbound_find(f->outbound, STR("alpha")), &script);
}

static void partner_is_silent(struct fixture *f) {
    struct fake_script script = {.never = true};
    fake_outbound_script(fake_outbound_find(f->outbound, STR("alpha")), &script);
}

static void pass(struct fixture *f, uint64_t us) {
    fake_loop_advance(f->loop, loop_now(f->loop) + us);
}

/* The results so far, a line each, as "id status"; they are taken. */
static void assert_results(struct fixture *f, const char *expected) {
    char got[4096] = "";
    struct str results = click_batch_results(f->batch);
    const char *p = results.p, *end = results.p + results.n;
    while (p < end) {
        const char *newline = memchr(p, '\n', (size_t)(end - p));
        assert_non_null(newline);
        char id[300] = "", status[20] = "";
        if (sscanf(p, "{\"messageId\":\"%299[^\"]\",\"status\":\"%19[^\"]\"", id, status) != 2)
            assert_int_equal(sscanf(p, "{\"messageId\":null,\"status\":\"%19[^\"]\"", status), 1);
        size_t n = strlen(got);
        snprintf(got + n, sizeof got - n, "%s %s\n", id, status);
        p = newline + 1;
    }
    assert_string_equal(got, expected);
    click_batch_taken(f->batch, results.n);
}

/* ---- tests ---- */

static void results_keep_the_order_of_events(void **state) {
    struct fixture *f = *state;
    begin(f, true);
    partner_bids(f, "m1", 50000, 10);
    add_view(f, "m1");
    add_track(f, "m2");
    partner_bids(f, "m3", 10000, 10);
    add_view(f, "m3");
    assert_results(f, "");
    pass(f, 20000); /* m3 is there, m1 is not */
    assert_results(f, "");
    assert_int_equal(f->progress, 1);
    partner_bids(f, "m1", 50000, 10); /* the call under way ends with what is scripted then */
    pass(f, 40000);
    assert_int_equal(f->progress, 2);
    assert_results(f, "m1 bids\nm2 accepted\nm3 bids\n");
    assert_true(click_batch_idle(f->batch));
    add_track(f, "m4");
    click_batch_add(f->batch, STR("{\"messageId\":\"m5\"}"));
    click_batch_add(f->batch, STR("rubbish"));
    assert_results(f, "m4 accepted\nm5 invalid\n invalid\n");
    assert_int_equal(clicks(f)->outcomes[CLICK_BIDS], 2);
    assert_int_equal(clicks(f)->outcomes[CLICK_ACCEPTED], 2);
    assert_int_equal(clicks(f)->outcomes[CLICK_INVALID], 2);
    assert_int_equal(clicks(f)->placed, 2);
}

static void a_window_bounds_what_waits(void **state) {
    struct fixture *f = *state;
    begin(f, true);
    partner_is_silent(f);
    char id[32];
    for (int i = 0; i < 4; i++) {
        assert_true(click_batch_has_room(f->batch));
        snprintf(id, sizeof id, "w%d", i);
        add_view(f, id);
    }
    assert_false(click_batch_has_room(f->batch));
    assert_int_equal(f->exchange.live, 4);
    pass(f, 200000); /* beyond tmax */
    assert_true(click_batch_has_room(f->batch));
    assert_results(f, "w0 no_bid\nw1 no_bid\nw2 no_bid\nw3 no_bid\n");
}

static void results_that_nobody_takes_leave_no_room(void **state) {
    struct fixture *f = *state;
    begin(f, true);
    unsigned added = 0;
    for (char id[16]; click_batch_has_room(f->batch); added++) {
        snprintf(id, sizeof id, "t%u", added);
        add_track(f, id);
    }
    assert_in_range(added, 500, 5000);
    size_t full = click_batch_results(f->batch).n;
    assert_in_range(full, 65536, 70000);
    click_batch_taken(f->batch, 10);
    click_batch_taken(f->batch, 60000);
    assert_int_equal(click_batch_results(f->batch).n, full - 60010);
    assert_true(click_batch_has_room(f->batch));
}

static void a_message_is_auctioned_once(void **state) {
    struct fixture *f = *state;
    begin(f, true);
    partner_bids(f, "d1", 10000, 10);
    add_view(f, "d1");
    add_view(f, "d1"); /* while it is auctioned */
    pass(f, 20000);
    add_view(f, "d1");
    assert_results(f, "d1 bids\nd1 duplicate\nd1 duplicate\n");
    assert_int_equal(f->stats->slots[0].requests[REQUEST_BIDS], 1);
    pass(f, (uint64_t)3601 * 1000000);
    partner_bids(f, "d1", 10000, 10);
    add_view(f, "d1");
    pass(f, 20000);
    assert_results(f, "d1 bids\n");
    /* Events without an id are never the same. */
    click_batch_add(f->batch, STR("{\"type\":\"track\",\"event\":\"e\",\"userId\":\"u\"}"));
    click_batch_add(f->batch, STR("{\"type\":\"track\",\"event\":\"e\",\"userId\":\"u\"}"));
    assert_results(f, " accepted\n accepted\n");
}

static void an_answer_that_is_too_large_is_told(void **state) {
    struct fixture *f = *state;
    begin(f, true);
    partner_bids(f, "l1", 10000, 1500);
    add_view(f, "l1");
    pass(f, 20000);
    assert_results(f, "l1 failed\n");
}

static void overload_may_come_again(void **state) {
    struct fixture *f = *state;
    f->config->auction.max_concurrent = 1;
    begin(f, true);
    partner_bids(f, "o1", 10000, 10);
    add_view(f, "o1");
    add_view(f, "o2");
    pass(f, 20000);
    assert_results(f, "o1 bids\no2 overload\n");
    partner_bids(f, "o2", 10000, 10);
    add_view(f, "o2");
    pass(f, 20000);
    assert_results(f, "o2 bids\n");
}

static void who_leaves_cancels(void **state) {
    struct fixture *f = *state;
    begin(f, true);
    partner_is_silent(f);
    add_view(f, "c1");
    add_track(f, "c2");
    assert_int_equal(f->exchange.live, 1);
    click_batch_destroy(f->batch);
    assert_int_equal(f->exchange.live, 0);
    assert_int_equal(clicks(f)->outcomes[CLICK_CANCELLED], 1);
    assert_int_equal(clicks(f)->outcomes[CLICK_ACCEPTED], 1);
    /* What was not answered may come again; what was taken is taken. */
    begin(f, true);
    partner_bids(f, "c1", 10000, 10);
    add_view(f, "c1");
    add_track(f, "c2");
    pass(f, 20000);
    assert_results(f, "c1 bids\nc2 duplicate\n");
}

static void a_batch_may_end_before_it_is_told(void **state) {
    struct fixture *f = *state;
    begin(f, true);
    partner_bids(f, "e1", 0, 10);
    add_view(f, "e1");
    pass(f, 0);
    click_batch_destroy(f->batch);
    f->batch = NULL;
    unsigned before = f->progress;
    pass(f, 20000);
    assert_int_equal(f->progress, before);
}

static void only_some_views_are_auctioned(void **state) {
    struct fixture *f = *state;
    begin(f, false);
    add_view(f, "s1");
    assert_results(f, "s1 accepted\n");
    f->config->placements[0].auction = PLACEMENT_AUCTION_ALWAYS;
    partner_bids(f, "s2", 10000, 10);
    add_view(f, "s2");
    pass(f, 20000);
    assert_results(f, "s2 bids\n");
    /* One of long ago is not. */
    click_batch_add(f->batch, STR(PAGE "\"messageId\":\"s3\",\"timestamp\":\"1970-01-01T00:00:00Z\"}"));
    assert_results(f, "s3 accepted\n");
    assert_int_equal(clicks(f)->too_old, 1);
    /* One whose sender's clock is a century ahead is, for it was sent when it happened. */
    partner_bids(f, "s4", 10000, 10);
    click_batch_add(f->batch, STR(PAGE "\"messageId\":\"s4\",\"originalTimestamp\":\"2100-01-01T00:00:00Z\","
                                       "\"sentAt\":\"2100-01-01T00:00:01Z\"}"));
    pass(f, 20000);
    assert_results(f, "s4 bids\n");
}

static void what_is_seen_becomes_an_interest(void **state) {
    struct fixture *f = *state;
    begin(f, true);
    add_track(f, "i1");
    partner_is_silent(f);
    click_batch_add(f->batch, STR(PAGE "\"messageId\":\"i2\",\"category\":\"News\"}"));
    uint64_t key = hash_bytes(STR("u"), ledger_salt(f->ledger));
    struct user_profile profile;
    assert_true(users_read(f->exchange.users, key, time(NULL), &profile));
    assert_int_equal(profile.interest_count, 3);
    assert_string_equal(profile.interests[0].name.p, "Games"); /* an action weighs more */
    assert_true(profile.interests[0].weight > profile.interests[1].weight);
    clickstream_forget_user(&f->clickstream, STR("u"));
    assert_false(users_read(f->exchange.users, key, time(NULL), &profile));
    assert_int_equal(clicks(f)->users_deleted, 1);
    pass(f, 200000);
    assert_results(f, "i1 accepted\ni2 no_bid\n");
}

/* Every event has its result, whatever allocation fails; the exchange is idle after it. */
static void any_allocation_may_fail(void **state) {
    unsigned long k = 0;
    bool more = true;
    for (; more; k++) {
        void *own = NULL;
        set_up(&own);
        struct fixture *f = own;
        begin(f, true);
        partner_bids(f, "f1", 10000, 10);
        counting = true;
        allocations = 0;
        fail_at = k + 1;
        add_view(f, "f1");
        add_track(f, "f2");
        click_batch_add(f->batch, STR("rubbish"));
        counting = false;
        more = allocations >= fail_at;
        pass(f, 200000);
        struct str results = click_batch_results(f->batch);
        unsigned lines = 0;
        for (size_t i = 0; i < results.n; i++)
            lines += results.p[i] == '\n';
        assert_true(lines == 3 || click_batch_failed(f->batch));
        assert_int_equal(f->exchange.live, 0);
        tear_down(&own);
    }
    assert_true(k > 3);
    (void)state;
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(results_keep_the_order_of_events),
        CASE(a_window_bounds_what_waits),
        CASE(results_that_nobody_takes_leave_no_room),
        CASE(a_message_is_auctioned_once),
        CASE(an_answer_that_is_too_large_is_told),
        CASE(overload_may_come_again),
        CASE(who_leaves_cancels),
        CASE(a_batch_may_end_before_it_is_told),
        CASE(only_some_views_are_auctioned),
        CASE(what_is_seen_becomes_an_interest),
        cmocka_unit_test(any_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
