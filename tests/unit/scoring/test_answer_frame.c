/* Frames of answers: what is written is read again; what was tampered with is refused, or is another legal
 * answer. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/prng.h"
#include "scoring/job.h"

static char letters[TABLE_ADM_BYTES + 64];

static struct str some(struct prng *prng, size_t least, size_t most) {
    size_t n = least + prng_next(prng) % (most - least + 1);
    return (struct str){letters + prng_next(prng) % 26, n};
}

static void random_bid(struct prng *prng, struct answer_bid *bid) {
    *bid = (struct answer_bid){
        .deal = prng_next(prng) % 2 ? TABLE_NONE : (uint32_t)(prng_next(prng) % 5),
        .pctr = prng_next(prng) % 2 ? 1 : 1e-9 + prng_double(prng) / 2,
        .price = 0.01 + prng_double(prng),
        .cur = "USD",
        .media = TABLE_BANNER + (uint32_t)(prng_next(prng) % 3),
        .w = (int32_t)(prng_next(prng) % 1000),
        .h = (int32_t)(prng_next(prng) % 1000),
        .attr = (uint32_t)prng_next(prng),
        .cattax = (uint32_t)(prng_next(prng) % 10),
        .campaign_number = (uint32_t)prng_next(prng),
        .daily_budget = prng_next(prng) % 4 ? 0 : (int64_t)(prng_next(prng) % (ANSWER_MOST_BUDGET + 1)),
        .id = some(prng, 1, 20),
        .campaign = some(prng, 0, 20),
        .crid = some(prng, 0, 20),
        .adomain = some(prng, 0, 20),
        .language = some(prng, 0, 2),
        .cats = some(prng, 0, 40),
        .markup = some(prng, 0, 400),
    };
    if (prng_next(prng) % 2) {
        bid->frequency = 1 + (uint32_t)(prng_next(prng) % 1000000);
        bid->frequency_hours = 1 + (uint32_t)(prng_next(prng) % 8760);
    }
}

static void random_answer(struct prng *prng, uint32_t most_bids, struct answer *answer) {
    memset(answer, 0, sizeof *answer);
    answer->id = prng_next(prng);
    answer->generation = (uint32_t)prng_next(prng);
    answer->bid_count = (uint32_t)(prng_next(prng) % (most_bids + 1));
    answer->status =
        answer->bid_count ? ANSWER_DONE : (enum answer_status)(prng_next(prng) % ANSWER_STATUSES);
    uint32_t imp = 0;
    double score = 1;
    for (uint32_t b = 0; b < answer->bid_count; b++) {
        random_bid(prng, &answer->bids[b]);
        if (prng_next(prng) % 3 == 0 && imp + 1 < JOB_MOST_IMPS) {
            imp++;
            score = 1;
        }
        score *= prng_next(prng) % 2 ? 1 : 0.9;
        answer->bids[b].imp = imp;
        answer->bids[b].score = score;
    }
}

static void assert_same_bid(const struct answer_bid *a, const struct answer_bid *b) {
    assert_true(a->imp == b->imp && a->deal == b->deal && a->score == b->score && a->pctr == b->pctr);
    assert_true(a->price == b->price && memcmp(a->cur, b->cur, 4) == 0 && a->media == b->media);
    assert_true(a->w == b->w && a->h == b->h && a->attr == b->attr && a->cattax == b->cattax);
    assert_true(a->campaign_number == b->campaign_number && a->daily_budget == b->daily_budget);
    assert_true(a->frequency == b->frequency && a->frequency_hours == b->frequency_hours);
    assert_true(str_eq(a->id, b->id) && str_eq(a->campaign, b->campaign) && str_eq(a->crid, b->crid));
    assert_true(str_eq(a->adomain, b->adomain) && str_eq(a->language, b->language));
    assert_true(str_eq(a->cats, b->cats) && str_eq(a->markup, b->markup));
}

static void *frame_of(const struct answer *answer, size_t *n) {
    *n = answer_bytes(answer);
    void *frame = malloc(*n);
    assert_non_null(frame);
    answer_frame_write(answer, frame);
    return frame;
}

static void what_is_written_is_read(void **state) {
    (void)state;
    static struct answer answer, copy;
    struct prng prng;
    prng_seed(&prng, 1);
    for (int round = 0; round < 2000; round++) {
        random_answer(&prng, round % 10 ? 9 : 80, &answer);
        size_t n;
        void *frame = frame_of(&answer, &n);
        assert_int_equal(answer_frame_read(frame, n, &copy), 0);
        assert_true(answer.id == copy.id && answer.generation == copy.generation);
        assert_true(answer.status == copy.status && answer.bid_count == copy.bid_count);
        for (uint32_t b = 0; b < copy.bid_count; b++)
            assert_same_bid(&answer.bids[b], &copy.bids[b]);
        free(frame);
    }
}

static void as_many_bids_as_there_may_be(void **state) {
    (void)state;
    static struct answer answer, copy;
    struct prng prng;
    prng_seed(&prng, 6);
    memset(&answer, 0, sizeof answer);
    answer.bid_count = ANSWER_MOST_BIDS;
    for (uint32_t b = 0; b < ANSWER_MOST_BIDS; b++) {
        random_bid(&prng, &answer.bids[b]);
        answer.bids[b].markup.n = 0;
        answer.bids[b].score = 1;
    }
    size_t n;
    void *frame = frame_of(&answer, &n);
    assert_true(n <= ANSWER_MOST_BYTES);
    assert_int_equal(answer_frame_read(frame, n, &copy), 0);
    free(frame);
    answer.bid_count = 1;
    answer.bids[0].markup.n = TABLE_ADM_BYTES; /* legal in a table, but not beside the rest in one frame */
    frame = frame_of(&answer, &n);
    assert_int_equal(answer_frame_read(frame, n, &copy), -1);
    free(frame);
}

static void every_other_length_is_refused(void **state) {
    (void)state;
    static struct answer answer, copy;
    struct prng prng;
    prng_seed(&prng, 2);
    do
        random_answer(&prng, 3, &answer);
    while (answer.bid_count < 2);
    size_t n;
    char *frame = frame_of(&answer, &n);
    for (size_t cut = 0; cut < n; cut++) {
        char *less = malloc(cut + (cut == 0));
        assert_non_null(less);
        memcpy(less, frame, cut);
        assert_int_equal(answer_frame_read(less, cut, &copy), -1);
        free(less);
    }
    for (size_t more = 1; more < 64; more++) {
        char *longer = calloc(1, n + more);
        assert_non_null(longer);
        memcpy(longer, frame, n);
        assert_int_equal(answer_frame_read(longer, n + more, &copy), -1);
        free(longer);
    }
    free(frame);
}

static void a_tampered_frame_is_refused_or_legal(void **state) {
    (void)state;
    static struct answer answer, copy;
    struct prng prng;
    prng_seed(&prng, 3);
    for (int round = 0; round < 20; round++) {
        random_answer(&prng, 4, &answer);
        size_t n;
        unsigned char *frame = frame_of(&answer, &n);
        unsigned char *again = malloc(n);
        assert_non_null(again);
        for (size_t bit = 0; bit < 8 * n; bit++) {
            frame[bit / 8] ^= (unsigned char)(1u << bit % 8);
            if (answer_frame_read(frame, n, &copy) == 0) {
                assert_int_equal(answer_bytes(&copy), n);
                answer_frame_write(&copy, again);
                assert_memory_equal(frame, again, n);
            }
            frame[bit / 8] ^= (unsigned char)(1u << bit % 8);
        }
        free(again);
        free(frame);
    }
}

static int refusal_of(const struct answer *answer) {
    static struct answer copy;
    size_t n;
    void *frame = frame_of(answer, &n);
    int result = answer_frame_read(frame, n, &copy);
    free(frame);
    return result;
}

#define REFUSED(field, value)                                                                                \
    do {                                                                                                     \
        bad = good;                                                                                          \
        bad.field = (value);                                                                                 \
        assert_int_equal(refusal_of(&bad), -1);                                                              \
    } while (0)

static void values_out_of_range_are_refused(void **state) {
    (void)state;
    static struct answer good, bad;
    struct prng prng;
    prng_seed(&prng, 4);
    do
        random_answer(&prng, 4, &good);
    while (good.bid_count < 2 || good.bids[1].imp != 0);
    assert_int_equal(refusal_of(&good), 0);
    REFUSED(status, ANSWER_STATUSES);
    REFUSED(status, ANSWER_LATE); /* with bids */
    static const double amounts[] = {0, -1, NAN, INFINITY, -INFINITY};
    for (size_t i = 0; i < COUNT_OF(amounts); i++) {
        REFUSED(bids[1].score, amounts[i]);
        REFUSED(bids[1].pctr, amounts[i]);
        REFUSED(bids[1].price, amounts[i]);
    }
    REFUSED(bids[0].pctr, 1.5);
    REFUSED(bids[1].score, 2); /* better than the one before */
    REFUSED(bids[0].imp, 1);   /* behind a later imp */
    REFUSED(bids[1].imp, JOB_MOST_IMPS);
    REFUSED(bids[0].deal, MATCH_MOST_VALUES);
    REFUSED(bids[0].cur[1], 'u');
    REFUSED(bids[0].cur[2], '\0');
    REFUSED(bids[0].cur[3], 'X');
    REFUSED(bids[0].media, 0);
    REFUSED(bids[0].media, TABLE_NATIVE + 1);
    REFUSED(bids[0].w, -1);
    REFUSED(bids[0].h, 65536);
    REFUSED(bids[0].cattax, 256);
    REFUSED(bids[0].id.n, 0);
    REFUSED(bids[0].id.n, TABLE_ID_BYTES + 1);
    REFUSED(bids[0].adomain.n, TABLE_ID_BYTES + 1);
}

static void campaigns_out_of_range_are_refused(void **state) {
    (void)state;
    static struct answer good, bad;
    struct prng prng;
    prng_seed(&prng, 7);
    do
        random_answer(&prng, 4, &good);
    while (good.bid_count < 2);
    assert_int_equal(refusal_of(&good), 0);
    REFUSED(bids[0].daily_budget, -1);
    REFUSED(bids[0].daily_budget, ANSWER_MOST_BUDGET + 1);
    REFUSED(bids[0].frequency, good.bids[0].frequency ? 0 : 1);
    REFUSED(bids[0].frequency_hours, good.bids[0].frequency_hours ? 0 : 1);
#undef REFUSED
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(as_many_bids_as_there_may_be),
        cmocka_unit_test(every_other_length_is_refused),
        cmocka_unit_test(a_tampered_frame_is_refused_or_legal),
        cmocka_unit_test(values_out_of_range_are_refused),
        cmocka_unit_test(campaigns_out_of_range_are_refused),
    };
    for (size_t i = 0; i < sizeof letters; i++)
        letters[i] = (char)('a' + i % 26);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
