/* Notices in virtual time: who may be called, how often, and that nothing is more than its bound. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/budget.h"
#include "fake/fake_loop.h"
#include "fake/fake_outbound.h"
#include "notice/notice_auction.h"
#include "notice/notice_url.h"

#define MS 1000u

/* ---- the allocator ---- */

static unsigned long fail_in; /* that allocation from now fails; 0: none */

void *__real_malloc(size_t n);
void *__real_calloc(size_t count, size_t n);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t count, size_t n);
void *__wrap_realloc(void *p, size_t n);

static bool fails(void) {
    return fail_in && --fail_in == 0;
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

/* ---- what the tests stand on ---- */

struct notice_fixture {
    struct config *config;
    struct loop *loop;
    struct outbound *outbound;
    struct notice_stats stats[CONFIG_MAX_PARTNERS];
    struct budgets budgets;
    struct notices *notices;
};

static struct config *load(const char *text) {
    char path[] = "/tmp/slimbid-notices-XXXXXX", error[CONFIG_ERROR_BYTES];
    int fd = mkstemp(path);
    assert_true(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
    struct config *config = config_load(path, error, sizeof error);
    unlink(path);
    if (!config)
        fail_msg("%s", error);
    return config;
}

static void init(struct notice_fixture *f, const char *config) {
    *f = (struct notice_fixture){.config = load(config)};
    f->loop = loop_create();
    f->outbound = outbound_create(f->loop);
    budgets_init(&f->budgets, BUDGET_UNLIMITED);
    f->notices = notices_create(f->config, f->loop, f->outbound, f->stats, &f->budgets.kinds[BUDGET_NOTICES]);
    assert_non_null(f->notices);
}

static void cleanup(struct notice_fixture *f) {
    notices_destroy(f->notices);
    assert_int_equal(f->budgets.process.used, 0);
    outbound_destroy(f->outbound);
    assert_int_equal(fake_loop_timers(f->loop), 0);
    loop_destroy(f->loop);
    config_destroy(f->config);
}

#define PARTNER                                                                                              \
    "\"partners\":[{\"name\":\"p\",\"url\":\"http://bid.acme.example:9000/x\"},{\"name\":\"q\",\"url\":"     \
    "\"http://bid.acme.example:9000/x\"}]"

/* Makes p's target by a first notice (which no answer comes to yet), and lets it answer by script. */
static struct outbound_target *scripted(struct notice_fixture *f, const struct fake_script *script) {
    notices_send(f->notices, 0, NOTICE_WIN, STR("http://n.acme.example/first"));
    struct outbound_target *target = fake_outbound_find(f->outbound, STR("p notices"));
    assert_non_null(target);
    fake_outbound_script(target, script);
    fake_loop_advance(f->loop, loop_now(f->loop) + 60000 * (uint64_t)MS); /* the first one's tries */
    assert_int_equal(notices_waiting(f->notices), 0);
    f->stats[0] = (struct notice_stats){.waiting = 0};
    fake_outbound_reset_counts(f->outbound);
    return target;
}

static void a_notice_is_sent_once(void **state) {
    (void)state;
    struct notice_fixture f;
    init(&f, "{" PARTNER "}");
    struct outbound_target *target = scripted(&f, &(struct fake_script){.after_us = 5 * MS, .status = 204});
    static const char *const paths[][2] = {{"http://n.acme.example/a?b=c#d", "/a?b=c"},
                                           {"http://n.acme.example", "/"},
                                           {"HTTP://N.acme.example?x", "/?x"}};
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        notices_send(f.notices, 0, NOTICE_BILLING, str_from(paths[i][0]));
        assert_int_equal(f.stats[0].waiting, 1);
        assert_true(str_eq(fake_outbound_last_path(target), str_from(paths[i][1])));
        fake_loop_advance(f.loop, loop_now(f.loop) + 5 * MS);
        assert_int_equal(f.stats[0].waiting, 0);
        assert_int_equal(f.stats[0].sent[NOTICE_BILLING], i + 1);
        assert_int_equal(fake_outbound_calls(target), i + 1);
    }
    assert_int_equal(f.stats[0].retries + f.stats[0].shed + f.stats[0].refused_url, 0);
    assert_int_equal(f.stats[1].sent[NOTICE_BILLING], 0);
    cleanup(&f);
}

static void what_fails_is_tried_again_with_longer_pauses(void **state) {
    (void)state;
    struct notice_fixture f;
    init(&f, "{\"notices\":{\"tries\":4,\"retry_ms\":100}," PARTNER "}");
    static const struct fake_script failures[] = {
        {.status = 500}, {.status = 429}, {.status = 408}, {.outcome = OUTBOUND_CONNECT_FAILED}};
    for (size_t i = 0; i < COUNT_OF(failures); i++) {
        struct outbound_target *target = scripted(&f, &failures[i]);
        uint64_t start = loop_now(f.loop);
        notices_send(f.notices, 0, NOTICE_LOSS, STR("http://n.acme.example/a"));
        static const unsigned at_ms[] = {0, 100, 300, 700}; /* 100, 200 and 400 later */
        for (unsigned tries = 1; tries <= 4; tries++) {
            fake_loop_advance(f.loop, start + at_ms[tries - 1] * (uint64_t)MS);
            assert_int_equal(fake_outbound_calls(target), tries);
            assert_int_equal(f.stats[0].waiting, tries < 4);
        }
        assert_int_equal(f.stats[0].failed[NOTICE_LOSS], 1);
        assert_int_equal(f.stats[0].retries, 3);
    }
    cleanup(&f);
}

static void a_try_that_helps_ends_it(void **state) {
    (void)state;
    struct notice_fixture f;
    init(&f, "{\"notices\":{\"timeout_ms\":50,\"retry_ms\":100}," PARTNER "}");
    struct outbound_target *target = scripted(&f, &(struct fake_script){.never = true});
    notices_send(f.notices, 0, NOTICE_WIN, STR("http://n.acme.example/a"));
    fake_loop_advance(f.loop, loop_now(f.loop) + 60 * MS);
    fake_outbound_script(target, &(struct fake_script){.status = 302}); /* not followed, but taken */
    fake_loop_advance(f.loop, loop_now(f.loop) + 100 * MS);
    assert_int_equal(fake_outbound_calls(target), 2);
    assert_int_equal(f.stats[0].sent[NOTICE_WIN], 1);
    assert_int_equal(f.stats[0].failed[NOTICE_WIN], 0);
    cleanup(&f);
}

static void a_refusal_is_final(void **state) {
    (void)state;
    struct notice_fixture f;
    init(&f, "{" PARTNER "}");
    static const struct fake_script refusals[] = {
        {.status = 404}, {.status = 400}, {.outcome = OUTBOUND_TOO_LARGE}};
    for (size_t i = 0; i < COUNT_OF(refusals); i++) {
        struct outbound_target *target = scripted(&f, &refusals[i]);
        notices_send(f.notices, 0, NOTICE_WIN, STR("http://n.acme.example/a"));
        fake_loop_advance(f.loop, loop_now(f.loop) + 20000 * (uint64_t)MS);
        assert_int_equal(fake_outbound_calls(target), 1);
        assert_int_equal(f.stats[0].failed[NOTICE_WIN], 1);
    }
    cleanup(&f);
}

static void queue_and_calls_are_bounded(void **state) {
    (void)state;
    struct notice_fixture f;
    init(&f, "{\"notices\":{\"queue\":10,\"max_in_flight\":3}," PARTNER "}");
    struct outbound_target *target = scripted(&f, &(struct fake_script){.after_us = 10 * MS, .status = 200});
    for (unsigned i = 0; i < 25; i++)
        notices_send(f.notices, 0, NOTICE_WIN, STR("http://n.acme.example/a"));
    assert_int_equal(f.stats[0].waiting, 10);
    assert_int_equal(f.stats[0].shed, 15);
    assert_int_equal(fake_outbound_calls(target), 3);
    notices_send(f.notices, 1, NOTICE_WIN, STR("http://n.acme.example/a")); /* nobody else's problem */
    assert_int_equal(f.stats[1].waiting, 1);
    fake_loop_advance(f.loop, loop_now(f.loop) + 10 * MS);
    assert_int_equal(fake_outbound_calls(target), 6);
    fake_loop_advance(f.loop, loop_now(f.loop) + 30 * MS);
    assert_int_equal(f.stats[0].sent[NOTICE_WIN], 10);
    assert_int_equal(f.stats[0].waiting, 0);
    cleanup(&f);
}

static void memory_is_bounded(void **state) {
    (void)state;
    struct notice_fixture f;
    init(&f, "{\"notices\":{\"queue\":65536}," PARTNER "}");
    struct outbound_target *target = scripted(&f, &(struct fake_script){.after_us = 10 * MS, .status = 200});
    char url[4000];
    memset(url, 'x', sizeof url);
    memcpy(url, "http://n.acme.example/", 22);
    for (unsigned i = 0; i < 10000; i++)
        notices_send(f.notices, 0, NOTICE_WIN, (struct str){url, sizeof url});
    assert_true(f.stats[0].waiting > 1000 && f.stats[0].waiting * sizeof url < 8 << 20);
    assert_int_equal(f.stats[0].waiting + f.stats[0].shed, 10000);
    assert_true(f.budgets.process.used > f.stats[0].waiting * sizeof url);
    fake_loop_advance(f.loop, loop_now(f.loop) + 60000 * (uint64_t)MS);
    assert_int_equal(f.budgets.process.used, 0);
    budgets_set_limit(&f.budgets, 100000); /* of which 15 % are for notices */
    f.stats[0].shed = 0;
    for (unsigned i = 0; i < 100; i++)
        notices_send(f.notices, 0, NOTICE_WIN, (struct str){url, sizeof url});
    assert_in_range(f.stats[0].waiting, 1, 15000 / sizeof url);
    assert_int_equal(f.stats[0].waiting + f.stats[0].shed, 100);
    assert_true(fake_outbound_calls(target) > 0);
    cleanup(&f);
}

/* Each allocation from the first notice of a host to its end fails in turn: it is sent, or counted. */
static void want_of_memory_is_counted(void **state) {
    (void)state;
    bool failed = true;
    for (unsigned long at = 1; failed; at++) {
        struct notice_fixture f;
        init(&f, "{\"notices\":{\"tries\":2}," PARTNER "}");
        fake_outbound_script_next(f.outbound, &(struct fake_script){.after_us = MS, .status = 200});
        fail_in = at;
        notices_send(f.notices, 0, NOTICE_WIN, STR("http://n.acme.example/a"));
        fake_loop_advance(f.loop, loop_now(f.loop) + 60000 * (uint64_t)MS);
        failed = fail_in == 0;
        fail_in = 0;
        const struct notice_stats *stats = &f.stats[0];
        assert_int_equal(stats->sent[NOTICE_WIN] + stats->failed[NOTICE_WIN] + stats->shed, 1);
        assert_int_equal(notices_waiting(f.notices), 0);
        cleanup(&f);
    }
    struct config *config = load("{" PARTNER "}");
    fail_in = 1;
    assert_null(notices_create(config, NULL, NULL, NULL, NULL));
    config_destroy(config);
}

static void hosts_give_way_when_they_are_idle(void **state) {
    (void)state;
    struct notice_fixture f;
    init(&f, "{\"notices\":{\"hosts\":2,\"tries\":1,\"timeout_ms\":100}," PARTNER "}");
    char url[64];
    for (unsigned i = 0; i < 5; i++) { /* each is answered with silence, and counts as failed in the end */
        snprintf(url, sizeof url, "http://n%u.acme.example/a", i);
        notices_send(f.notices, 0, NOTICE_WIN, str_from(url));
    }
    assert_int_equal(f.stats[0].waiting, 2);
    assert_int_equal(f.stats[0].shed, 3);
    fake_loop_advance(f.loop, loop_now(f.loop) + 100 * MS);
    assert_int_equal(f.stats[0].failed[NOTICE_WIN], 2);
    notices_send(f.notices, 0, NOTICE_WIN, STR("http://n4.acme.example/a"));
    notices_send(f.notices, 0, NOTICE_WIN, STR("https://n4.acme.example/a")); /* another target */
    assert_int_equal(f.stats[0].waiting, 2);
    assert_int_equal(f.stats[0].shed, 3);
    cleanup(&f);
    assert_int_equal(f.stats[0].failed[NOTICE_WIN], 4); /* those that waited at the end */
    assert_int_equal(f.stats[0].waiting, 0);
}

static void a_new_host_is_looked_up_first(void **state) {
    (void)state;
    struct notice_fixture f;
    init(&f, "{\"notices\":{\"retry_ms\":100}," PARTNER "}");
    struct outbound_target *target = scripted(&f, &(struct fake_script){.unresolved = true});
    notices_send(f.notices, 0, NOTICE_WIN, STR("http://n.acme.example/a"));
    assert_int_equal(fake_outbound_calls(target), 0);
    fake_outbound_script(target, &(struct fake_script){.status = 200});
    fake_loop_advance(f.loop, loop_now(f.loop) + 100 * MS);
    assert_int_equal(f.stats[0].sent[NOTICE_WIN], 1);
    cleanup(&f);
}

/* ---- URLs ---- */

static bool allowed(const char *partner_url, const char *hosts, const char *url) {
    struct str listed = str_from(hosts);
    struct config_partner partner = {.url = str_from(partner_url), .notice_hosts = {&listed, *hosts ? 1 : 0}};
    struct notice_url read;
    return notice_url_read(str_from(url), &read) && notice_url_allowed(&partner, &read);
}

static void a_partner_names_its_own_hosts_only(void **state) {
    (void)state;
    static const struct {
        const char *partner, *hosts;
        const char *good[8], *bad[14];
    } cases[] = {
        {"https://bid.acme.example/x",
         "",
         {"https://bid.acme.example/y", "http://n.acme.example", "https://acme.example?x",
          "https://a.b.acme.EXAMPLE/"},
         {"https://evil.example/", "https://acme.example.evil.example/", "https://xacme.example/",
          "https://example/", "http://127.0.0.1/", "https://bid.acme.example:22/", "http://localhost/",
          "https://10.0.0.1/", "http://[::1]/", "http://169.254.169.254/latest",
          "https://user@bid.acme.example/"}},
        {"https://bid.acme.example:8443/x",
         "",
         {"https://n.acme.example:8443/", "https://n.acme.example/", "http://n.acme.example/",
          "http://n.acme.example:8443/"},
         {"https://n.acme.example:8444/", "http://n.acme.example:443/"}},
        {"https://acme.example/x", "", {"https://n.acme.example/"}, {"https://other.example/"}},
        {"https://acme.co.uk/", "", {"https://n.acme.co.uk/"}, {"https://other.co.uk/"}},
        {"https://rtb.acme.github.io/", "", {"https://n.ACME.github.io/"}, {"https://other.github.io/"}},
        {"http://127.0.0.1:9100/a",
         "",
         {"http://127.0.0.1:9100/notice"},
         {"http://127.0.0.1/", "http://127.0.0.1:8081/", "http://127.0.0.2:9100/", "http://1.127.0.0.1:9100/",
          "http://0.0.1:9100/"}},
        {"http://partner:9000/",
         "",
         {"http://partner:9000/n"},
         {"http://partner/", "http://x.partner:9000/"}},
        {"http://[::1]:9000/", "", {"http://[::1]:9000/n"}, {"http://[::2]:9000/", "http://[::1]/"}},
        {"https://bid.acme.example/x",
         "notify.example",
         {"https://notify.example/", "https://a.notify.example/", "https://n.acme.example/"},
         {"https://xnotify.example/", "https://notify.example.x/", "https://notify.example:9999/"}},
        {"https://bid.acme.example/x",
         "192.0.2.1",
         {"http://192.0.2.1/"},
         {"http://9.192.0.2.1/", "http://192.0.2.1:6379/"}},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        for (size_t k = 0; k < COUNT_OF(cases[i].good) && cases[i].good[k]; k++)
            if (!allowed(cases[i].partner, cases[i].hosts, cases[i].good[k]))
                fail_msg("%s may not name %s", cases[i].partner, cases[i].good[k]);
        for (size_t k = 0; k < COUNT_OF(cases[i].bad) && cases[i].bad[k]; k++)
            if (allowed(cases[i].partner, cases[i].hosts, cases[i].bad[k]))
                fail_msg("%s may name %s", cases[i].partner, cases[i].bad[k]);
    }
}

static void only_configured_hosts_may_be_private(void **state) {
    (void)state;
    struct str listed = STR("notify.example");
    struct config_partner partner = {.url = STR("https://bid.acme.example/x"), .notice_hosts = {&listed, 1}};
    static const struct {
        const char *url;
        bool configured;
    } cases[] = {{"https://BID.acme.example/n", true},
                 {"https://Notify.example/n", true},
                 {"https://n.acme.example/n", false},
                 {"https://acme.example/n", false},
                 {"https://a.notify.example/n", false}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct notice_url url;
        assert_true(notice_url_read(str_from(cases[i].url), &url));
        assert_true(notice_url_allowed(&partner, &url));
        assert_int_equal(notice_url_configured(&partner, &url), cases[i].configured);
    }
}

static void what_is_no_url_is_refused_and_counted(void **state) {
    (void)state;
    struct notice_fixture f;
    init(&f, "{" PARTNER "}");
    static const char *const bad[] = {"",
                                      "/path",
                                      "ftp://n.acme.example/",
                                      "http://",
                                      "http:///a",
                                      "http://n.acme.example:/a",
                                      "http://n.acme.example:0/a",
                                      "http://n.acme.example:65536/a",
                                      "http://n.acme.example:9000x/a",
                                      "http://n.acme.example/a b",
                                      "http://n.acme.example/\r\nX: y",
                                      "http://n.acme.example\\@evil.example/",
                                      "http://n.acme.example@evil.example/",
                                      "http://n.acme.example%2eevil/",
                                      "http://-n.acme.example/",
                                      "http://.acme.example/",
                                      "http://[/",
                                      "http://[]/"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        notices_send(f.notices, 0, NOTICE_WIN, str_from(bad[i]));
        if (f.stats[0].refused_url != i + 1)
            fail_msg("taken: %s", bad[i]);
    }
    char *longest = malloc(NOTICE_URL_BYTES + 1);
    memset(longest, 'x', NOTICE_URL_BYTES + 1);
    memcpy(longest, "http://n.acme.example/", 22);
    notices_send(f.notices, 0, NOTICE_WIN, (struct str){longest, NOTICE_URL_BYTES + 1});
    assert_int_equal(f.stats[0].refused_url, COUNT_OF(bad) + 1);
    notices_send(f.notices, 0, NOTICE_WIN, (struct str){longest, NOTICE_URL_BYTES});
    assert_int_equal(f.stats[0].waiting, 1);
    free(longest);
    notices_send(f.notices, 2, NOTICE_WIN, STR("http://n.acme.example/")); /* no such partner */
    notices_send(NULL, 0, NOTICE_WIN, STR("http://n.acme.example/"));
    assert_int_equal(f.stats[2].waiting, 0);
    cleanup(&f);
}

/* ---- after an auction ---- */

/* The paths of p's target, one notice after the other. */
struct heard {
    char text[512];
};

static struct heard end_auction(struct notice_fixture *f, struct notice_auction *auction, struct bid *bids,
                                size_t count) {
    struct heard heard = {""};
    struct outbound_target *target = scripted(f, &(struct fake_script){.after_us = MS, .status = 204});
    auction->bids = bids;
    auction->bid_count = count;
    notice_auction_ended(f->notices, auction);
    unsigned calls = 0;
    while (f->stats[0].waiting || fake_outbound_calls(target) > calls) { /* one in flight: in their order */
        calls = fake_outbound_calls(target);
        size_t n = strlen(heard.text);
        snprintf(heard.text + n, sizeof heard.text - n, "%.*s ", STR_ARG(fake_outbound_last_path(target)));
        fake_loop_advance(f->loop, loop_now(f->loop) + MS);
    }
    return heard;
}

static void winners_and_losers_are_told(void **state) {
    (void)state;
    struct notice_fixture f;
    init(&f, "{\"notices\":{\"max_in_flight\":1}," PARTNER "}");
    struct openrtb_imp imp = {.id = STR("1"), .multiplier = 1};
    struct openrtb_request request = {.id = STR("r"), .imps = &imp, .imp_count = 1};
#define URL(name) STR("http://n.acme.example/" name "?p=${AUCTION_PRICE}&l=${AUCTION_LOSS}&i=${AUCTION_ID}")
    struct openrtb_bid in = {
        .id = STR("b"), .price = 3, .adm = STR("x"), .nurl = URL("n"), .burl = URL("b"), .lurl = URL("l")};
    struct openrtb_bid served = in; /* its nurl is its markup */
    served.adm = (struct str){NULL, 0};
    struct bid won = {.in = &in,
                      .imp = &imp,
                      .price = 3,
                      .clearing_price = 2,
                      .rate = 1,
                      .won = true,
                      .hold = 9,
                      .partner = &f.config->partners[0]};
    struct bid lost = won, refused = won, own = won, without = won, by_nurl = won;
    lost.won = false;
    lost.rank = 1;
    lost.hold = 0;
    lost.clearing_price = 0;
    refused = lost;
    refused.rank = 0;
    refused.refusal = BID_BELOW_FLOOR;
    own.partner_index = CONFIG_MAX_PARTNERS;
    without.hold = 0;
    by_nurl.in = &served;
    struct notice_auction auction = {.request = &request, .bid_id = STR("x"), .won_here = true};
    struct bid some[] = {won, lost, refused};
    assert_string_equal(end_auction(&f, &auction, some, 3).text,
                        "/n?p=2&l=0&i=r /l?p=&l=102&i=r /l?p=&l=100&i=r ");
    assert_int_equal(f.stats[0].sent[NOTICE_WIN], 1);
    assert_int_equal(f.stats[0].sent[NOTICE_LOSS], 2);
    auction.all_bids = true; /* then nobody has lost who could still be chosen */
    assert_string_equal(end_auction(&f, &auction, some, 3).text, "/n?p=2&l=0&i=r /l?p=&l=100&i=r ");
    auction.all_bids = false;
    auction.won_here = false;
    assert_string_equal(end_auction(&f, &auction, some, 1).text, "");
    auction.won_here = true;
    struct bid silent[] = {own, without, by_nurl};
    for (size_t i = 0; i < COUNT_OF(silent); i++)
        assert_string_equal(end_auction(&f, &auction, &silent[i], 1).text, "");
    struct openrtb_deal deal = {.id = STR("d")};
    some[0].deal = &deal;
    assert_string_equal(end_auction(&f, &auction, some, 2).text, "/n?p=2&l=0&i=r /l?p=&l=103&i=r ");
    cleanup(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_notice_is_sent_once),
        cmocka_unit_test(what_fails_is_tried_again_with_longer_pauses),
        cmocka_unit_test(a_try_that_helps_ends_it),
        cmocka_unit_test(a_refusal_is_final),
        cmocka_unit_test(queue_and_calls_are_bounded),
        cmocka_unit_test(memory_is_bounded),
        cmocka_unit_test(want_of_memory_is_counted),
        cmocka_unit_test(hosts_give_way_when_they_are_idle),
        cmocka_unit_test(a_new_host_is_looked_up_first),
        cmocka_unit_test(a_partner_names_its_own_hosts_only),
        cmocka_unit_test(only_configured_hosts_may_be_private),
        cmocka_unit_test(what_is_no_url_is_refused_and_counted),
        cmocka_unit_test(winners_and_losers_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
