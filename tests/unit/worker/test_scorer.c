/* A job's frame in, an answer's frame out: the bids that matching gives, whatever the job or the table is
 * like. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/prng.h"
#include "fault.h"
#include "scorer.h"
#include "table_file.h"

#define ADS   20000
#define NOW   1000
#define LATER 2000

static struct {
    struct worker_stats stats;
    struct generations generations;
    struct scorer scorer;
    struct job job;
    struct answer answer;
    uint64_t country, size;
    int table_fd;
    _Alignas(8) char frame[JOB_MOST_BYTES];
    _Alignas(8) char reply[ANSWER_MOST_BYTES];
} f;

static int set_up(void **state) {
    (void)state;
    char error[TABLE_ERROR_BYTES];
    memset(&f, 0, sizeof f);
    f.scorer.stats = &f.stats;
    f.scorer.generations = &f.generations;
    f.table_fd = table_file(ADS, 1);
    return generations_add(&f.generations, 7, f.table_fd, error, sizeof error);
}

static int tear_down(void **state) {
    (void)state;
    generations_cleanup(&f.generations);
    close(f.table_fd);
    return 0;
}

/* A request from one of the ads' countries, asked for imps of one of their sizes. */
static void make_job(struct prng *prng, uint32_t imps, uint32_t top) {
    f.country =
        target_hash(TARGET_COUNTRY, str_from(table_file_countries[prng_next(prng) % TABLE_FILE_COUNTRIES]));
    f.size = target_hash(TARGET_SIZE, str_from(table_file_sizes[prng_next(prng) % TABLE_FILE_SIZES]));
    f.job = (struct job){.id = prng_next(prng), .deadline_us = LATER, .generation = 7, .top = top};
    f.job.request =
        (struct match_request){.connection = 255, .utc_offset = MATCH_NO_OFFSET, .now = 1700000000};
    f.job.request.values[TARGET_COUNTRY] = (struct match_hashes){&f.country, 1};
    f.job.imp_count = imps;
    for (uint32_t i = 0; i < imps; i++)
        f.job.imps[i] = (struct match_imp){.sizes = {&f.size, 1}, .position = 255};
}

/* The answer to f.job, in f.answer. */
static void ask(size_t room) {
    size_t n = job_bytes(&f.job);
    assert_true(n <= sizeof f.frame);
    job_write(&f.job, f.frame);
    size_t written = scorer_run(&f.scorer, f.frame, n, NOW, f.reply, room);
    assert_true(written > 0 && written <= room);
    assert_int_equal(answer_frame_read(f.reply, written, &f.answer), 0);
    assert_true(f.answer.id == f.job.id && f.answer.generation == f.job.generation);
}

static int64_t budget_of(const struct table_campaign *campaign) {
    double nanos = campaign->daily_budget * 1e9;
    if (nanos == 0)
        return 0;
    return nanos < 1 ? 1 : nanos > 4e18 ? ANSWER_MOST_BUDGET : (int64_t)(nanos + 0.5);
}

static void bids_are_what_matching_gives(void **state) {
    (void)state;
    struct generation *generation = generations_find(&f.generations, 7);
    struct match_hit hits[MATCH_MOST_HITS];
    struct prng prng;
    uint32_t found = 0, limited = 0, extreme = 0;
    prng_seed(&prng, 1);
    for (int round = 0; round < 300; round++) {
        make_job(&prng, 2, 5);
        ask(sizeof f.reply);
        assert_int_equal(f.answer.status, ANSWER_DONE);
        match_begin(generation->matcher, &f.job.request);
        uint32_t count = match_top(generation->matcher, &f.job.imps[0], 5, hits);
        assert_int_equal(f.answer.bid_count, 2 * count);
        for (uint32_t b = 0; b < f.answer.bid_count; b++) {
            const struct match_hit *hit = &hits[b % count];
            const struct answer_bid *bid = &f.answer.bids[b];
            const struct table_record *record = &generation->table.records[hit->record];
            assert_int_equal(bid->imp, b / count);
            assert_true(bid->score == hit->score && bid->pctr == hit->pctr && bid->deal == hit->deal);
            assert_true(bid->media == record->media && bid->attr == record->attr);
            assert_int_equal(bid->campaign_number, record->campaign);
            const struct table_campaign *campaign = &generation->table.campaigns[record->campaign];
            assert_int_equal(bid->daily_budget, budget_of(campaign));
            extreme += bid->daily_budget == 1000 || bid->daily_budget == ANSWER_MOST_BUDGET;
            assert_int_equal(bid->frequency, campaign->frequency);
            assert_int_equal(bid->frequency_hours, campaign->frequency_hours);
            limited += bid->daily_budget > 0 && bid->frequency > 0;
            const struct table_ad *ad = &generation->table.ads[hit->record];
            assert_true(str_eq(bid->id, table_text(&generation->table, ad->id)));
            assert_true(bid->markup.n == ad->markup_bytes &&
                        memcmp(bid->markup.p, generation->table.markup + ad->markup_at, bid->markup.n) == 0);
            assert_true(bid->w > 0 && bid->h > 0 && memcmp(bid->cur, "USD", 4) == 0);
            assert_true(record->flags & TABLE_BY_CLICK || bid->price == ad->price);
        }
        found += count;
    }
    assert_true(found > 100 && limited > 10 && extreme > 10);
    assert_int_equal(f.stats.jobs, 300);
    assert_int_equal(f.stats.bids, 2 * found);
}

struct ranked {
    double score;
    size_t bytes;
};

static int by_score(const void *a, const void *b) {
    const struct ranked *x = a, *y = b;
    return (x->score < y->score) - (x->score > y->score);
}

/* The best ones are there as far as they fit; where a large one is left out, a smaller lower one may come. */
static void what_does_not_fit_is_cut_lowest_first(void **state) {
    (void)state;
    static struct ranked ranked[ANSWER_MOST_BIDS];
    struct prng prng;
    prng_seed(&prng, 2);
    for (int round = 0; round < 100; round++) {
        make_job(&prng, 1, MATCH_MOST_HITS);
        ask(sizeof f.reply);
        uint32_t all = f.answer.bid_count;
        assert_int_equal(all, MATCH_MOST_HITS);
        for (uint32_t b = 0; b < all; b++)
            ranked[b] = (struct ranked){f.answer.bids[b].score, answer_bid_bytes(&f.answer.bids[b])};
        qsort(ranked, all, sizeof ranked[0], by_score);
        for (size_t room = 24; room < 6000; room += 700) {
            uint64_t cut = f.stats.bids_cut;
            ask(room);
            assert_int_equal(f.answer.bid_count + f.stats.bids_cut - cut, all);
            size_t bytes = 24;
            for (uint32_t b = 0; b < all && bytes + ranked[b].bytes <= room; b++) {
                assert_true(b < f.answer.bid_count && f.answer.bids[b].score == ranked[b].score);
                bytes += ranked[b].bytes;
            }
        }
    }
}

static void more_bids_than_an_answer_takes(void **state) {
    (void)state;
    struct prng prng;
    prng_seed(&prng, 3);
    for (int round = 0; round < 50; round++) {
        make_job(&prng, JOB_MOST_IMPS, MATCH_MOST_HITS);
        ask(sizeof f.reply);
        assert_true(f.answer.bid_count > ANSWER_MOST_BIDS / 2);
    }
    assert_int_equal(f.stats.bids + f.stats.bids_cut, (uint64_t)50 * JOB_MOST_IMPS * MATCH_MOST_HITS);
}

static void jobs_that_are_not_asked_of_a_table(void **state) {
    (void)state;
    struct prng prng;
    prng_seed(&prng, 4);
    make_job(&prng, 1, 5);
    f.job.deadline_us = NOW - 1;
    ask(sizeof f.reply);
    assert_int_equal(f.answer.status, ANSWER_LATE);
    f.job.deadline_us = NOW;
    ask(sizeof f.reply);
    assert_int_equal(f.answer.status, ANSWER_DONE);
    f.job.generation = 8;
    ask(sizeof f.reply);
    assert_int_equal(f.answer.status, ANSWER_NO_TABLE);
    assert_true(f.stats.late == 1 && f.stats.no_table == 1 && f.stats.jobs == 1);
}

static void malformed_jobs_have_no_answer(void **state) {
    (void)state;
    struct prng prng;
    prng_seed(&prng, 5);
    make_job(&prng, 1, 5);
    size_t n = job_bytes(&f.job);
    job_write(&f.job, f.frame);
    assert_int_equal(scorer_run(&f.scorer, f.frame, n - 8, NOW, f.reply, sizeof f.reply), 0);
    assert_int_equal(scorer_run(&f.scorer, f.frame, 0, NOW, f.reply, sizeof f.reply), 0);
    static char large[JOB_MOST_BYTES + 8];
    assert_int_equal(scorer_run(&f.scorer, large, sizeof large, NOW, f.reply, sizeof f.reply), 0);
    f.frame[0] ^= 1;
    assert_int_equal(scorer_run(&f.scorer, f.frame, n, NOW, f.reply, sizeof f.reply), 0);
}

/* Cut at any page: an answer with bids, or one that says that the table is damaged; then it stays so. */
static void a_table_that_is_cut_short(void **state) {
    (void)state;
    struct prng prng;
    prng_seed(&prng, 6);
    assert_int_equal(fault_install(), 0); /* cmocka has a handler of its own for each test */
    assert_int_equal(ftruncate(f.table_fd, 4096), 0);
    make_job(&prng, 1, 5);
    ask(sizeof f.reply);
    assert_int_equal(f.answer.status, ANSWER_FAULT);
    assert_int_equal(f.scorer.damaged->number, 7);
    generation_damage(f.scorer.damaged);
    ask(sizeof f.reply);
    assert_int_equal(f.answer.status, ANSWER_FAULT);
    assert_null(f.scorer.damaged);
    assert_int_equal(f.stats.faults, 2);
    assert_int_equal(f.stats.jobs, 0);
}

int main(void) {
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(bids_are_what_matching_gives),   TEST(what_does_not_fit_is_cut_lowest_first),
        TEST(more_bids_than_an_answer_takes), TEST(jobs_that_are_not_asked_of_a_table),
        TEST(malformed_jobs_have_no_answer),  TEST(a_table_that_is_cut_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
