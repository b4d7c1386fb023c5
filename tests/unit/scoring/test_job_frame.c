/* Frames of jobs: what is written is read again; what was tampered with is refused, or is another legal job.
 */
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

static uint64_t hashes[MATCH_MOST_VALUES + 1];
static double floors[MATCH_MOST_VALUES + 1];
static struct match_cap seen[MATCH_MOST_CAPS + 1];

static bool in_request(uint32_t target) {
    return target != TARGET_SIZE && target != TARGET_DEAL && target != TARGET_POSITION &&
           target != TARGET_SLOT && target != TARGET_HOUR && target != TARGET_WEEKDAY;
}

static void fill_values(void) {
    struct prng prng;
    prng_seed(&prng, 11);
    for (size_t i = 0; i < COUNT_OF(hashes); i++) {
        hashes[i] = prng_next(&prng);
        floors[i] = prng_double(&prng);
    }
    floors[0] = INFINITY;
    for (size_t i = 0; i < COUNT_OF(seen); i++)
        seen[i] = (struct match_cap){prng_next(&prng), (uint32_t)prng_next(&prng)};
}

static struct match_hashes some(struct prng *prng, uint32_t most) {
    uint32_t count = (uint32_t)(prng_next(prng) % (most + 1));
    return (struct match_hashes){hashes + prng_next(prng) % (COUNT_OF(hashes) - count), count};
}

static void random_job(struct prng *prng, struct job *job) {
    memset(job, 0, sizeof *job);
    job->id = prng_next(prng);
    job->deadline_us = prng_next(prng);
    job->generation = (uint32_t)prng_next(prng);
    job->top = 1 + (uint32_t)(prng_next(prng) % MATCH_MOST_HITS);
    job->imp_count = 1 + (uint32_t)(prng_next(prng) % (prng_next(prng) % 4 ? 3 : JOB_MOST_IMPS));
    struct match_request *request = &job->request;
    for (uint32_t t = 0; t < TARGETS; t++)
        if (in_request(t))
            request->values[t] = some(prng, 5);
    request->badv = some(prng, 20);
    request->bcat = some(prng, 20);
    request->bcrid = some(prng, 3);
    request->wlang = some(prng, 2);
    request->cattax = (uint8_t)prng_next(prng);
    request->connection = prng_next(prng) % 2 ? 255 : (uint8_t)(prng_next(prng) % 16);
    request->utc_offset =
        prng_next(prng) % 2 ? MATCH_NO_OFFSET : (int16_t)((int)(prng_next(prng) % 1561) - 720);
    request->now = (int64_t)(prng_next(prng) >> 32);
    request->least_pctr = prng_double(prng);
    request->salt = prng_next(prng);
    request->caps = seen + prng_next(prng) % (MATCH_MOST_CAPS / 2);
    request->cap_count = (uint32_t)(prng_next(prng) % (MATCH_MOST_CAPS / 2 + 1));
    for (uint32_t i = 0; i < job->imp_count; i++) {
        struct match_imp *imp = &job->imps[i];
        imp->sizes = some(prng, 4);
        imp->deals = some(prng, 3);
        imp->deal_floors = floors + prng_next(prng) % 100;
        imp->floor = prng_next(prng) % 8 ? prng_double(prng) : INFINITY;
        imp->slot = prng_next(prng);
        imp->battr = (uint32_t)prng_next(prng);
        imp->position = prng_next(prng) % 2 ? 255 : (uint8_t)(prng_next(prng) % 16);
        imp->secure = prng_next(prng) % 2;
        imp->private_auction = prng_next(prng) % 2;
    }
}

static void assert_same_hashes(struct match_hashes a, struct match_hashes b) {
    assert_int_equal(a.count, b.count);
    if (a.count)
        assert_memory_equal(a.items, b.items, a.count * sizeof *a.items);
}

static void assert_same_imp(const struct match_imp *a, const struct match_imp *b) {
    assert_same_hashes(a->sizes, b->sizes);
    assert_same_hashes(a->deals, b->deals);
    for (uint32_t d = 0; d < a->deals.count; d++)
        assert_true(a->deal_floors[d] == b->deal_floors[d]);
    assert_true(a->floor == b->floor && a->slot == b->slot && a->battr == b->battr);
    assert_true(a->position == b->position && a->secure == b->secure);
    assert_true(a->private_auction == b->private_auction);
}

static void assert_same_job(const struct job *a, const struct job *b) {
    assert_true(a->id == b->id && a->deadline_us == b->deadline_us && a->generation == b->generation);
    assert_true(a->top == b->top && a->imp_count == b->imp_count);
    const struct match_request *x = &a->request, *y = &b->request;
    for (uint32_t t = 0; t < TARGETS; t++)
        assert_same_hashes(x->values[t], y->values[t]);
    assert_same_hashes(x->badv, y->badv);
    assert_same_hashes(x->bcat, y->bcat);
    assert_same_hashes(x->bcrid, y->bcrid);
    assert_same_hashes(x->wlang, y->wlang);
    assert_true(x->cattax == y->cattax && x->connection == y->connection && x->utc_offset == y->utc_offset);
    assert_true(x->now == y->now && x->least_pctr == y->least_pctr && x->salt == y->salt);
    assert_int_equal(x->cap_count, y->cap_count);
    for (uint32_t i = 0; i < x->cap_count; i++)
        assert_true(x->caps[i].campaign == y->caps[i].campaign && x->caps[i].views == y->caps[i].views);
    for (uint32_t i = 0; i < a->imp_count; i++)
        assert_same_imp(&a->imps[i], &b->imps[i]);
}

/* A frame in a block of exactly its size, so that a sanitizer sees whoever reads beyond. */
static void *frame_of(const struct job *job, size_t *n) {
    *n = job_bytes(job);
    void *frame = malloc(*n);
    assert_non_null(frame);
    job_write(job, frame);
    return frame;
}

static void what_is_written_is_read(void **state) {
    (void)state;
    static struct job job, copy;
    struct prng prng;
    prng_seed(&prng, 1);
    for (int round = 0; round < 2000; round++) {
        random_job(&prng, &job);
        if (job_bytes(&job) > JOB_MOST_BYTES)
            continue;
        size_t n;
        void *frame = frame_of(&job, &n);
        assert_int_equal(job_read(frame, n, &copy), 0);
        assert_same_job(&job, &copy);
        free(frame);
    }
}

static void what_is_too_large_says_so(void **state) {
    (void)state;
    static struct job job;
    job = (struct job){.top = 1, .imp_count = 1};
    job.request.badv = (struct match_hashes){hashes, MATCH_MOST_VALUES};
    assert_true(job_bytes(&job) <= JOB_MOST_BYTES);
    job.request.badv.count++;
    assert_true(job_bytes(&job) > JOB_MOST_BYTES);
    job.request.badv.count = 0;
    job.imps[0].deals = (struct match_hashes){hashes, MATCH_MOST_VALUES + 1};
    assert_true(job_bytes(&job) > JOB_MOST_BYTES);
    job.imps[0].deals.count = MATCH_MOST_VALUES;
    assert_true(job_bytes(&job) > JOB_MOST_BYTES); /* as many floors beside */
    job.imps[0].deals.count = 0;
    job.request.caps = seen;
    job.request.cap_count = MATCH_MOST_CAPS;
    assert_true(job_bytes(&job) <= JOB_MOST_BYTES);
    job.request.cap_count++;
    assert_true(job_bytes(&job) > JOB_MOST_BYTES);
    job.imps[0].deals.count = 0;
    job.imp_count = JOB_MOST_IMPS + 1;
    assert_true(job_bytes(&job) > JOB_MOST_BYTES);
}

static void every_other_length_is_refused(void **state) {
    (void)state;
    static struct job job, copy;
    struct prng prng;
    prng_seed(&prng, 2);
    do
        random_job(&prng, &job);
    while (job.imp_count > 3);
    size_t n;
    char *frame = frame_of(&job, &n);
    for (size_t cut = 0; cut < n; cut++) {
        char *less = malloc(cut + (cut == 0));
        assert_non_null(less);
        memcpy(less, frame, cut);
        assert_int_equal(job_read(less, cut, &copy), -1);
        free(less);
    }
    for (size_t more = 1; more < 64; more++) {
        char *longer = calloc(1, n + more);
        assert_non_null(longer);
        memcpy(longer, frame, n);
        assert_int_equal(job_read(longer, n + more, &copy), -1);
        free(longer);
    }
    free(frame);
    char *huge = calloc(1, JOB_MOST_BYTES + 8);
    assert_int_equal(job_read(huge, JOB_MOST_BYTES + 8, &copy), -1);
    free(huge);
}

/* Every byte, every bit: refused, or read as a job that writes itself to the very same bytes. So no bit of a
 * frame is without a meaning, and none is believed that does not fit. */
static void a_tampered_frame_is_refused_or_legal(void **state) {
    (void)state;
    static struct job job, copy;
    struct prng prng;
    prng_seed(&prng, 3);
    for (int round = 0; round < 20; round++) {
        do
            random_job(&prng, &job);
        while (job.imp_count > 3);
        size_t n;
        unsigned char *frame = frame_of(&job, &n);
        unsigned char *again = malloc(n);
        assert_non_null(again);
        for (size_t bit = 0; bit < 8 * n; bit++) {
            frame[bit / 8] ^= (unsigned char)(1u << bit % 8);
            if (job_read(frame, n, &copy) == 0) {
                assert_int_equal(job_bytes(&copy), n);
                job_write(&copy, again);
                assert_memory_equal(frame, again, n);
            }
            frame[bit / 8] ^= (unsigned char)(1u << bit % 8);
        }
        free(again);
        free(frame);
    }
}

static int refusal_of(struct job *job) {
    static struct job copy;
    size_t n;
    void *frame = frame_of(job, &n);
    int result = job_read(frame, n, &copy);
    free(frame);
    return result;
}

/* One value out of its range at a time. */
static void values_out_of_range_are_refused(void **state) {
    (void)state;
    static struct job good, bad;
    struct prng prng;
    prng_seed(&prng, 4);
    do
        random_job(&prng, &good);
    while (good.imp_count > 3 || good.imps[0].deals.count == 0);
    assert_int_equal(refusal_of(&good), 0);
#define REFUSED(field, value)                                                                                \
    do {                                                                                                     \
        bad = good;                                                                                          \
        bad.field = (value);                                                                                 \
        assert_int_equal(refusal_of(&bad), -1);                                                              \
    } while (0)
    REFUSED(top, 0);
    REFUSED(top, MATCH_MOST_HITS + 1);
    REFUSED(imp_count, 0);
    REFUSED(request.connection, 16);
    REFUSED(request.connection, 254);
    REFUSED(request.utc_offset, -721);
    REFUSED(request.utc_offset, 841);
    REFUSED(request.now, -1);
    REFUSED(request.now, INT64_MAX);
    REFUSED(request.least_pctr, -0.1);
    REFUSED(request.least_pctr, 1.1);
    REFUSED(request.least_pctr, NAN);
    REFUSED(imps[0].floor, NAN);
    REFUSED(imps[0].floor, -1);
    REFUSED(imps[0].floor, -INFINITY);
    REFUSED(imps[0].position, 16);
    static const double nan_floor[3] = {NAN, NAN, NAN};
    REFUSED(imps[0].deal_floors, nan_floor);
#undef REFUSED
    for (uint32_t t = 0; t < TARGETS; t++) {
        bad = good;
        bad.request.values[t] = (struct match_hashes){hashes, 1};
        assert_int_equal(refusal_of(&bad), in_request(t) ? 0 : -1);
    }
}

static void random_bytes_are_harmless(void **state) {
    (void)state;
    static struct job job, copy;
    struct prng prng;
    prng_seed(&prng, 5);
    for (int round = 0; round < 3000; round++) {
        random_job(&prng, &job);
        if (job_bytes(&job) > JOB_MOST_BYTES)
            continue;
        size_t n;
        unsigned char *frame = frame_of(&job, &n);
        for (int change = 0; change < 8; change++)
            frame[prng_next(&prng) % n] = (unsigned char)prng_next(&prng);
        if (job_read(frame, n, &copy) == 0)
            assert_int_equal(job_bytes(&copy), n);
        free(frame);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(what_is_too_large_says_so),
        cmocka_unit_test(every_other_length_is_refused),
        cmocka_unit_test(a_tampered_frame_is_refused_or_legal),
        cmocka_unit_test(values_out_of_range_are_refused),
        cmocka_unit_test(random_bytes_are_harmless),
    };
    fill_values();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
