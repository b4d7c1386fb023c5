/*
 * The ring beside a side that lies: each index and each word that can't be breaks the ring for good, and
 * nothing outside its bytes is touched.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/prng.h"
#include "queue/ring_layout.h"
#include "queue_fixture.h"

#define SIZE  RING_LEAST_BYTES
#define FRAME ((uint64_t)RING_MARK_FRAME << 32)
#define FILL  ((uint64_t)RING_MARK_FILLER << 32)

static void put_word(const struct ring_pair *pair, uint64_t place, uint64_t word) {
    memcpy(pair->producer.bytes + place, &word, sizeof word);
}

/* ---- the tail that a consumer reads ---- */

static void a_tail_that_cannot_be_breaks_the_ring(void **state) {
    (void)state;
    static const uint64_t ahead[] = {1,
                                     4,
                                     7,
                                     SIZE - 1,
                                     SIZE + 8,
                                     SIZE * 2,
                                     (uint64_t)0 - 8, /* backwards */
                                     (uint64_t)0 - SIZE,
                                     (uint64_t)1 << 63,
                                     (uint64_t)1 << 32};
    for (size_t i = 0; i < COUNT_OF(ahead); i++) {
        for (uint64_t place = 0; place < SIZE; place += 1024) {
            struct ring_pair pair;
            const void *frame;
            size_t n;
            ring_pair_init(&pair, SIZE);
            ring_pair_move_to(&pair, place);
            pair.consumer.shared->tail = pair.consumer.own + ahead[i];
            assert_int_equal(ring_peek(&pair.consumer, &frame, &n), -1);
            assert_true(pair.consumer.broken);
            pair.consumer.shared->tail = pair.consumer.own; /* too late */
            assert_int_equal(ring_peek(&pair.consumer, &frame, &n), -1);
            ring_pair_cleanup(&pair);
        }
    }
}

/* ---- the head that a producer reads ---- */

/* Full, with head at first and tail at first + SIZE; both sides have seen it so. */
static void fill(struct ring_pair *pair, uint64_t first) {
    ring_pair_init(pair, SIZE);
    ring_pair_move_to(pair, first);
    while (ring_reserve(&pair->producer, 0) != NULL)
        ring_commit(&pair->producer, 0);
    assert_int_equal(pair->producer.other, first);
    assert_int_equal(pair->producer.own, first + SIZE);
}

static void a_head_that_cannot_be_breaks_the_ring(void **state) {
    (void)state;
    static const uint64_t heads[] = {1024 + 1, /* from head 1024 and tail 1024 + SIZE */
                                     1024 + 4,        1024 - 8,          0,
                                     1024 + SIZE + 8, 1024 + SIZE * 2,   UINT64_MAX,
                                     UINT64_MAX - 7,  (uint64_t)1 << 63, (uint64_t)1 << 32};
    for (size_t i = 0; i < COUNT_OF(heads); i++) {
        struct ring_pair pair;
        fill(&pair, 1024);
        pair.producer.shared->head = heads[i];
        assert_null(ring_reserve(&pair.producer, 0));
        assert_true(pair.producer.broken);
        pair.producer.shared->head = 1024 + SIZE;
        assert_null(ring_reserve(&pair.producer, 0));
        ring_pair_cleanup(&pair);
    }
}

static void every_head_that_can_be_is_taken(void **state) {
    (void)state;
    for (uint64_t head = 1024; head <= 1024 + SIZE; head += 8) {
        struct ring_pair pair;
        fill(&pair, 1024);
        pair.producer.shared->head = head;
        assert_int_equal(ring_reserve(&pair.producer, 0) != NULL, head > 1024);
        assert_false(pair.producer.broken);
        ring_pair_cleanup(&pair);
    }
}

/* ---- what lies in the ring ---- */

struct words {
    uint64_t place, ahead; /* the consumer is at place; the tail is so far ahead */
    uint64_t word, at_start;
};

static void a_word_that_cannot_be_breaks_the_ring(void **state) {
    (void)state;
    static const struct words cases[] = {
        {0, 64, 0, 0},
        {0, 64, UINT64_MAX, 0},
        {0, 64, 56, 0},                     /* no mark */
        {0, 64, FRAME + 57, 0},             /* beyond the tail, by a byte */
        {0, 8, FRAME + 1, 0},               /* all of it beyond the tail */
        {0, SIZE, FRAME + SIZE / 2 - 7, 0}, /* larger than any frame */
        {0, SIZE, FRAME + SIZE - 8, 0},     /* the whole ring */
        {0, 64, FRAME + 0xffffffff, 0},     /* + 8 overflows 32 bits */
        {0, 64, FRAME + 0xfffffff8, 0},     /* rounded up it does */
        {0, 64, FRAME + 0x80000000, 0},     /* negative for some */
        {SIZE - 64, SIZE, FRAME + 57, 0},   /* across the end */
        {SIZE - 8, SIZE, FRAME + 1, 0},     /* the same, all but its word */
        {SIZE - 64, 128, FILL + 48, FRAME}, /* a filler that ends too early */
        {SIZE - 64, 128, FILL + 64, FRAME}, /* or too late */
        {SIZE - 64, 128, FILL, FRAME},      /* or at once */
        {SIZE - 64, 128, FILL + 0xfffffff8, FRAME},
        {SIZE - 64, 64, FILL + 56, FRAME},             /* a filler and no frame */
        {SIZE - 64, 32, FILL + 56, FRAME},             /* a filler beyond the tail */
        {0, SIZE, FILL + SIZE - 8, 0},                 /* a filler of the whole ring */
        {64, SIZE, FILL + SIZE - 72, FILL + SIZE - 8}, /* two fillers */
        {SIZE - 64, 128, FILL + 56, FILL + 56},
        {SIZE - 64, 128, FILL + 56, 0},          /* a filler, then nothing */
        {SIZE - 64, 128, FILL + 56, FRAME + 57}, /* a filler, then beyond the tail */
        {SIZE - 64, SIZE, FILL + 56, FRAME + SIZE / 2 - 7},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct ring_pair pair;
        const void *frame;
        size_t n;
        ring_pair_init(&pair, SIZE);
        ring_pair_move_to(&pair, cases[i].place);
        put_word(&pair, 0, cases[i].at_start);
        put_word(&pair, cases[i].place, cases[i].word);
        pair.consumer.shared->tail = pair.consumer.own + cases[i].ahead;
        if (ring_peek(&pair.consumer, &frame, &n) != -1)
            fail_msg("case %zu is taken", i);
        assert_true(pair.consumer.broken);
        uint64_t own = pair.consumer.own;
        ring_consume(&pair.consumer);
        assert_true(pair.consumer.own == own);
        pair.consumer.shared->tail = own;
        assert_int_equal(ring_peek(&pair.consumer, &frame, &n), -1);
        ring_pair_cleanup(&pair);
    }
}

static void a_frame_that_just_fits_is_taken(void **state) {
    (void)state;
    static const struct words cases[] = {
        {0, 64, FRAME + 56, 0},
        {0, 8, FRAME, 0},
        {0, SIZE, FRAME + SIZE / 2 - 8, 0},
        {SIZE - 64, SIZE, FRAME + 56, 0},
        {SIZE - 8, 8, FRAME, 0},
        {SIZE - 64, 72, FILL + 56, FRAME},
        {SIZE - 8, SIZE, FILL, FRAME + SIZE / 2 - 8},
        {SIZE - 64, 128, FILL + 56, FRAME + 56},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct ring_pair pair;
        const void *frame;
        size_t n;
        ring_pair_init(&pair, SIZE);
        ring_pair_move_to(&pair, cases[i].place);
        put_word(&pair, 0, cases[i].at_start);
        put_word(&pair, cases[i].place, cases[i].word);
        pair.consumer.shared->tail = pair.consumer.own + cases[i].ahead;
        if (ring_peek(&pair.consumer, &frame, &n) != 1)
            fail_msg("case %zu is refused", i);
        ring_pair_cleanup(&pair);
    }
}

/* ---- what is read once, and what is not read at all ---- */

static void a_length_that_changes_later_changes_nothing(void **state) {
    (void)state;
    struct ring_pair pair;
    const void *frame;
    size_t n;
    ring_pair_init(&pair, SIZE);
    assert_non_null(ring_reserve(&pair.producer, 100));
    ring_commit(&pair.producer, 100);
    assert_true(frame_send(&pair.producer, 1, 50));
    assert_int_equal(ring_peek(&pair.consumer, &frame, &n), 1);
    put_word(&pair, 0, FRAME + 1000000);
    ring_consume(&pair.consumer);
    assert_int_equal(pair.consumer.own, 112);
    assert_int_equal(frame_take(&pair.consumer, 1, 50), 1);
    ring_pair_cleanup(&pair);
}

static void a_side_believes_its_own_index(void **state) {
    (void)state;
    struct ring_pair pair;
    ring_pair_init(&pair, SIZE);
    struct ring_shared *shared = pair.producer.shared;
    for (uint64_t number = 0; number < 1000; number++) {
        assert_true(frame_send(&pair.producer, number, 100));
        shared->head = number * 12345;
        assert_int_equal(frame_take(&pair.consumer, number, 100), 1);
        shared->tail = UINT64_MAX / (number + 1);
        shared->size = number;
        shared->magic = (uint32_t)number;
    }
    assert_false(pair.producer.broken || pair.consumer.broken);
    ring_pair_cleanup(&pair);
}

/* ---- anything ---- */

static uint64_t random_word(struct prng *prng) {
    uint64_t random = prng_next(prng);
    switch (random % 5) {
    case 0:
        return random;
    case 1:
        return FRAME + (random >> 8) % SIZE;
    case 2:
        return FRAME + (random >> 8) % 64;
    case 3:
        return FILL + (random >> 8) % SIZE / 8 * 8;
    default:
        return 0;
    }
}

/* Reads until there is nothing or no sense: at most as often as frames have room. */
static void drain(struct ring *ring) {
    const void *frame;
    size_t n;
    int got, rounds = 0;
    while ((got = ring_peek(ring, &frame, &n)) == 1) {
        const char *p = frame;
        assert_true(n <= ring_frame_max(ring));
        assert_true(p >= ring->bytes && p + n <= ring->bytes + SIZE);
        ring_consume(ring);
        assert_true(++rounds <= (int)SIZE / 8);
    }
    assert_int_equal(got == -1, ring->broken);
}

static void rubbish_stays_within_the_ring(void **state) {
    (void)state;
    struct ring_pair pair;
    struct prng prng;
    prng_seed(&prng, 4);
    ring_pair_init(&pair, SIZE);
    for (int round = 0; round < 3000; round++) {
        ring_format(pair.memory, SIZE);
        assert_int_equal(ring_attach(&pair.producer, pair.memory, SIZE), 0);
        assert_int_equal(ring_attach(&pair.consumer, pair.memory, SIZE), 0);
        ring_pair_move_to(&pair, prng_next(&prng) % SIZE / 8 * 8);
        for (uint64_t place = 0; place < SIZE; place += 8)
            put_word(&pair, place, random_word(&prng));
        pair.consumer.shared->tail = pair.consumer.own + prng_next(&prng) % (SIZE + 64) / 8 * 8;
        drain(&pair.consumer);
        for (int i = 0; i < 20; i++) {
            size_t n = prng_next(&prng) % SIZE;
            char *p = ring_reserve(&pair.producer, n);
            if (p != NULL) {
                assert_true(p >= pair.producer.bytes && p + n <= pair.producer.bytes + SIZE);
                ring_commit(&pair.producer, n);
            }
            if (i % 8 == 7)
                pair.producer.shared->head += prng_next(&prng) % SIZE / 8 * 8;
        }
    }
    ring_pair_cleanup(&pair);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tail_that_cannot_be_breaks_the_ring),
        cmocka_unit_test(a_head_that_cannot_be_breaks_the_ring),
        cmocka_unit_test(every_head_that_can_be_is_taken),
        cmocka_unit_test(a_word_that_cannot_be_breaks_the_ring),
        cmocka_unit_test(a_frame_that_just_fits_is_taken),
        cmocka_unit_test(a_length_that_changes_later_changes_nothing),
        cmocka_unit_test(a_side_believes_its_own_index),
        cmocka_unit_test(rubbish_stays_within_the_ring),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
