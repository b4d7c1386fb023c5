/* The ledger's rates come to the tables' campaigns, by their ids, whatever order these have there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/hash.h"
#include "fault.h"
#include "generations.h"
#include "ledger/ledger.h"
#include "rates.h"
#include "table_file.h"

#define ADS  9000 /* 20 of a campaign */
#define NOON INT64_C(1700000000)

static struct {
    struct ledger *ledger;
    struct generations generations;
    struct rates_source source;
    uint64_t now_us;
} f;

static void add(uint32_t number, uint32_t ads) {
    char error[TABLE_ERROR_BYTES];
    int fd = table_file(ads, number);
    if (generations_add(&f.generations, number, fd, error, sizeof error) != 0)
        fail_msg("%s", error);
    close(fd);
    rates_source_add(&f.source);
}

static int set_up(void **state) {
    (void)state;
    static const struct ledger_sizes sizes = {.writers = 1, .campaigns = 1024, .holds = 64, .users = 0};
    char error[LEDGER_ERROR_BYTES];
    f.generations = (struct generations){.rated = true};
    f.now_us = 1;
    f.ledger = ledger_open(NULL, &sizes, NOON, error, sizeof error);
    if (!f.ledger)
        fail_msg("%s", error);
    rates_source_init(&f.source, ledger_fd(f.ledger));
    assert_non_null(f.source.ledger);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    rates_source_cleanup(&f.source);
    generations_cleanup(&f.generations);
    ledger_close(f.ledger);
    return 0;
}

/* Works until nothing is to be done; returns how many pieces there were. */
static int work(void) {
    int pieces = 0;
    while (rates_source_work(&f.source, &f.generations, f.now_us))
        pieces++;
    return pieces;
}

/* The campaign of table_file.c in the ledger, at a rate. */
static void pace(uint32_t number, uint16_t rate) {
    char id[32];
    int n = snprintf(id, sizeof id, "c%u", number);
    struct str text = {id, (size_t)n};
    struct ledger_campaign_facts facts = {.key = hash_bytes(text, 0), .id = text};
    uint32_t campaign = ledger_campaign_note(f.ledger, &facts, NOON);
    assert_int_not_equal(campaign, LEDGER_NONE);
    ledger_pace(f.ledger, campaign, INT64_MAX, rate);
}

/* Of the campaign in a table, as its matcher reads it. */
static uint16_t rate_of(uint32_t generation, uint32_t number) {
    const struct generation *in = generations_find(&f.generations, generation);
    char id[32];
    int n = snprintf(id, sizeof id, "c%u", number);
    for (uint32_t i = 0; i < in->table.campaign_count; i++)
        if (str_eq(table_text(&in->table, in->table.campaigns[i].id), (struct str){id, (size_t)n}))
            return in->rates.items[i];
    fail_msg("no campaign %s", id);
    return 0;
}

static void a_campaign_that_the_ledger_does_not_know_takes_part(void **state) {
    (void)state;
    add(1, ADS);
    work();
    for (uint32_t i = 0; i < ADS / 20; i++)
        assert_int_equal(rate_of(1, i), LEDGER_RATE_FULL);
}

static void each_gets_its_own(void **state) {
    (void)state;
    for (uint32_t i = 0; i < ADS / 20; i += 2)
        pace(i, (uint16_t)(i * 100));
    add(1, ADS);
    assert_true(work() > 1);
    for (uint32_t i = 0; i < ADS / 20; i++)
        assert_int_equal(rate_of(1, i), i % 2 ? LEDGER_RATE_FULL : i * 100);
    add(2, ADS / 2);
    work();
    for (uint32_t i = 0; i < ADS / 40; i++)
        assert_int_equal(rate_of(2, i), i % 2 ? LEDGER_RATE_FULL : i * 100);
}

/* What is known within a tenth of a second, what is new within a second; nothing when nothing moved. */
static void what_changes_comes_in_time(void **state) {
    (void)state;
    pace(3, 100);
    add(1, ADS);
    work();
    f.now_us += 5000000;
    assert_int_equal(work(), 0);
    pace(3, 200);
    assert_int_equal(work(), 0);
    f.now_us += 100000;
    assert_true(work() > 0);
    assert_int_equal(rate_of(1, 3), 200);
    pace(4, 300);
    pace(3, 0);
    f.now_us += 100000;
    assert_true(work() > 0);
    assert_int_equal(rate_of(1, 3), 0);
    f.now_us += 1000000;
    work();
    assert_int_equal(rate_of(1, 4), 300);
    f.now_us += 5000000;
    assert_int_equal(work(), 0);
}

static void tables_may_go_in_between(void **state) {
    (void)state;
    pace(3, 100);
    add(1, ADS);
    add(2, ADS);
    assert_true(rates_source_work(&f.source, &f.generations, f.now_us));
    generations_retire(&f.generations, 2);
    while (generations_release(&f.generations))
        continue;
    assert_true(work() > 0);
    assert_int_equal(rate_of(2, 3), 100);
    generation_damage(&f.generations.items[0]);
    rates_source_add(&f.source);
    assert_int_equal(work(), 0);
}

static void matching_reads_them(void **state) {
    (void)state;
    struct match_hit hits[MATCH_MOST_HITS];
    uint64_t size = target_hash(TARGET_SIZE, str_from(table_file_sizes[0]));
    struct match_request request = {.connection = 255, .utc_offset = MATCH_NO_OFFSET, .now = NOON};
    struct match_imp imp = {.sizes = {&size, 1}, .position = 255};
    add(1, 20);
    work();
    struct matcher *matcher = generations_find(&f.generations, 1)->matcher;
    match_begin(matcher, &request);
    assert_true(match_top(matcher, &imp, MATCH_MOST_HITS, hits) > 0);
    pace(0, 0);
    f.now_us += 5000000;
    work();
    assert_int_equal(match_top(matcher, &imp, MATCH_MOST_HITS, hits), 0);
}

/* The rates stay, the process too. */
static void a_ledger_that_is_cut_short(void **state) {
    (void)state;
    pace(3, 100);
    add(1, ADS);
    work();
    assert_int_equal(fault_install(), 0); /* cmocka has a handler of its own for each test */
    struct stat status;
    assert_int_equal(fstat(ledger_fd(f.ledger), &status), 0);
    assert_int_equal(ftruncate(ledger_fd(f.ledger), 0), 0);
    f.now_us += 5000000;
    rates_source_add(&f.source);
    work();
    assert_null(f.source.ledger);
    assert_int_equal(rate_of(1, 3), 100);
    rates_source_init(&f.source, ledger_fd(f.ledger));
    assert_null(f.source.ledger);
    assert_int_equal(work(), 0);
    assert_int_equal(ftruncate(ledger_fd(f.ledger), status.st_size), 0); /* for its end */
}

int main(void) {
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_campaign_that_the_ledger_does_not_know_takes_part),
        TEST(each_gets_its_own),
        TEST(what_changes_comes_in_time),
        TEST(tables_may_go_in_between),
        TEST(matching_reads_them),
        TEST(a_ledger_that_is_cut_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
