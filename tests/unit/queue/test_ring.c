/* The ring between two sides that keep the rules: order, room, wrapping, every length at every place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/prng.h"
#include "queue/ring_layout.h"
#include "queue_fixture.h"

#define LEAST RING_LEAST_BYTES

static void sizes_are_powers_of_two_within_bounds(void **state) {
    (void)state;
    static const uint64_t illegal[] = {0,
                                       1,
                                       8,
                                       LEAST / 2,
                                       LEAST - 8,
                                       LEAST + 8,
                                       LEAST * 3,
                                       RING_MOST_BYTES * 2,
                                       RING_MOST_BYTES + 4096,
                                       UINT64_MAX,
                                       (uint64_t)1 << 63,
                                       ((uint64_t)1 << 32) + LEAST};
    for (uint64_t size = LEAST; size <= RING_MOST_BYTES; size *= 2) {
        assert_true(ring_size_is_legal(size));
        assert_int_equal(ring_footprint(size), size + 192);
    }
    for (size_t i = 0; i < COUNT_OF(illegal); i++)
        assert_false(ring_size_is_legal(illegal[i]));
}

static void a_header_that_is_not_that_of_the_ring_is_refused(void **state) {
    (void)state;
    struct ring_pair pair;
    struct ring ring;
    ring_pair_init(&pair, LEAST);
    struct ring_shared *shared = pair.producer.shared;
    assert_int_equal(ring_attach(&ring, pair.memory, LEAST), 0);
    assert_int_equal(ring_attach(&ring, pair.memory, LEAST * 2), -1);
    assert_int_equal(ring_attach(&ring, pair.memory, LEAST + 8), -1);
    assert_int_equal(ring_attach(&ring, pair.memory, 0), -1);
    assert_int_equal(ring_attach(&ring, pair.memory + 8, LEAST), -1);
    shared->magic ^= 1;
    assert_int_equal(ring_attach(&ring, pair.memory, LEAST), -1);
    shared->magic ^= 1;
    shared->version++;
    assert_int_equal(ring_attach(&ring, pair.memory, LEAST), -1);
    shared->version--;
    shared->size = LEAST * 2;
    assert_int_equal(ring_attach(&ring, pair.memory, LEAST), -1);
    shared->size = LEAST;
    assert_int_equal(ring_attach(&ring, pair.memory, LEAST), 0);
    ring_pair_cleanup(&pair);
}

static void an_empty_ring_has_no_frame(void **state) {
    (void)state;
    struct ring_pair pair;
    const void *frame;
    size_t n;
    ring_pair_init(&pair, LEAST);
    assert_int_equal(ring_peek(&pair.consumer, &frame, &n), 0);
    ring_consume(&pair.consumer);
    assert_int_equal(ring_peek(&pair.consumer, &frame, &n), 0);
    assert_true(frame_send(&pair.producer, 7, 100));
    assert_int_equal(frame_take(&pair.consumer, 7, 100), 1);
    ring_consume(&pair.consumer);
    assert_int_equal(ring_peek(&pair.consumer, &frame, &n), 0);
    assert_false(pair.consumer.broken);
    ring_pair_cleanup(&pair);
}

static void a_frame_is_there_when_it_is_committed(void **state) {
    (void)state;
    struct ring_pair pair;
    const void *frame, *again;
    size_t n;
    ring_pair_init(&pair, LEAST);
    char *p = ring_reserve(&pair.producer, 100);
    assert_non_null(p);
    assert_int_equal((uintptr_t)p % 8, 0);
    memset(p, 'x', 100);
    assert_int_equal(ring_peek(&pair.consumer, &frame, &n), 0);
    assert_ptr_equal(ring_reserve(&pair.producer, 200), p); /* the first is given up */
    memcpy(p, "eleven byte", 11);
    ring_commit(&pair.producer, 11);
    assert_int_equal(ring_peek(&pair.consumer, &frame, &n), 1);
    assert_int_equal(n, 11);
    assert_memory_equal(frame, "eleven byte", 11);
    assert_int_equal(ring_peek(&pair.consumer, &again, &n), 1);
    assert_ptr_equal(again, frame);
    ring_consume(&pair.consumer);
    ring_consume(&pair.consumer);
    assert_int_equal(ring_peek(&pair.consumer, &frame, &n), 0);
    assert_int_equal(pair.producer.own, 24);
    assert_int_equal(pair.consumer.own, 24);
    ring_pair_cleanup(&pair);
}

static void empty_frames_count(void **state) {
    (void)state;
    struct ring_pair pair;
    const void *frame;
    size_t n = 1, sent = 0, taken = 0;
    ring_pair_init(&pair, LEAST);
    ring_pair_move_to(&pair, 1024);
    for (; ring_reserve(&pair.producer, 0) != NULL; sent++)
        ring_commit(&pair.producer, 0);
    assert_int_equal(sent, LEAST / 8);
    for (; ring_peek(&pair.consumer, &frame, &n) == 1; taken++) {
        assert_int_equal(n, 0);
        ring_consume(&pair.consumer);
    }
    assert_int_equal(taken, sent);
    assert_false(pair.producer.broken || pair.consumer.broken);
    ring_pair_cleanup(&pair);
}

static void every_length_fits_at_every_place(void **state) {
    (void)state;
    struct ring_pair pair;
    ring_pair_init(&pair, LEAST);
    size_t most = ring_frame_max(&pair.producer);
    size_t lengths[] = {most, most - 1, most - 8, most / 2, 1, 7, 8, 9, 0};
    assert_int_equal(most, LEAST / 2 - 8);
    for (uint64_t place = 0; place < LEAST; place += 8) {
        for (size_t i = 0; i < COUNT_OF(lengths); i++) {
            const void *frame;
            size_t n;
            ring_pair_move_to(&pair, place);
            assert_null(ring_reserve(&pair.producer, most + 1));
            assert_null(ring_reserve(&pair.producer, SIZE_MAX));
            void *p = ring_reserve(&pair.producer, lengths[i]);
            assert_non_null(p);
            frame_fill(p, place, lengths[i]);
            ring_commit(&pair.producer, lengths[i]);
            assert_int_equal(ring_peek(&pair.consumer, &frame, &n), 1);
            assert_int_equal(n, lengths[i]);
            assert_true(frame_holds(frame, place, n));
            ring_consume(&pair.consumer);
        }
    }
    ring_pair_cleanup(&pair);
}

static void the_end_of_the_ring_is_skipped(void **state) {
    (void)state;
    struct ring_pair pair;
    uint64_t word;
    const void *frame;
    size_t n;
    ring_pair_init(&pair, LEAST);
    ring_pair_move_to(&pair, LEAST - 64);
    char *p = ring_reserve(&pair.producer, 57); /* 8 + 57 bytes in 64 */
    assert_ptr_equal(p, pair.producer.bytes + 8);
    frame_fill(p, 1, 57);
    ring_commit(&pair.producer, 57);
    memcpy(&word, pair.producer.bytes + LEAST - 64, sizeof word);
    assert_true(word == ((uint64_t)RING_MARK_FILLER << 32 | 56));
    assert_int_equal(pair.producer.own % LEAST, 72);
    assert_int_equal(ring_peek(&pair.consumer, &frame, &n), 1);
    assert_ptr_equal(frame, p);
    assert_true(n == 57 && frame_holds(frame, 1, 57));
    ring_consume(&pair.consumer);
    assert_int_equal(pair.consumer.own, pair.producer.own);

    ring_pair_move_to(&pair, LEAST - 64);
    p = ring_reserve(&pair.producer, 56); /* just fits */
    assert_ptr_equal(p, pair.producer.bytes + LEAST - 56);
    ring_commit(&pair.producer, 56);
    assert_int_equal(pair.producer.own % LEAST, 0);
    ring_pair_cleanup(&pair);
}

static void a_full_ring_takes_a_frame_when_one_is_read(void **state) {
    (void)state;
    struct ring_pair pair;
    const void *frame;
    size_t n;
    ring_pair_init(&pair, LEAST);
    for (int i = 0; i < 4; i++) {
        assert_non_null(ring_reserve(&pair.producer, LEAST / 4 - 8));
        ring_commit(&pair.producer, LEAST / 4 - 8);
    }
    assert_null(ring_reserve(&pair.producer, 0));
    assert_int_equal(ring_peek(&pair.consumer, &frame, &n), 1);
    assert_null(ring_reserve(&pair.producer, 0)); /* looked at, not done with */
    ring_consume(&pair.consumer);
    assert_null(ring_reserve(&pair.producer, LEAST / 4 - 7));
    assert_non_null(ring_reserve(&pair.producer, LEAST / 4 - 8));
    ring_commit(&pair.producer, LEAST / 4 - 8);
    assert_null(ring_reserve(&pair.producer, 0));
    assert_false(pair.producer.broken);
    ring_pair_cleanup(&pair);
}

/* Random steps of both sides against a queue of numbers. */
static void frames_come_out_as_they_went_in(void **state) {
    (void)state;
    for (uint64_t size = LEAST; size <= LEAST * 8; size *= 2) {
        struct ring_pair pair;
        struct prng prng;
        uint64_t sent = 0, taken = 0;
        ring_pair_init(&pair, size);
        prng_seed(&prng, size);
        size_t max = ring_frame_max(&pair.producer);
        for (int step = 0; step < 100000; step++) {
            uint64_t choice = prng_next(&prng) % 16;
            if (choice == 0) {
                size_t n = prng_next(&prng) % max;
                char *p = ring_reserve(&pair.producer, n);
                if (p != NULL)
                    memset(p, 'x', n); /* and nothing comes of it */
            } else if (choice < 8 + (uint64_t)(step / 10000) % 2) {
                sent += frame_send(&pair.producer, sent, max);
            } else {
                int got = frame_take(&pair.consumer, taken, max);
                assert_int_equal(got, taken < sent);
                taken += got == 1;
            }
        }
        assert_true(taken > 10000);
        assert_false(pair.producer.broken);
        ring_pair_cleanup(&pair);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_are_powers_of_two_within_bounds),
        cmocka_unit_test(a_header_that_is_not_that_of_the_ring_is_refused),
        cmocka_unit_test(an_empty_ring_has_no_frame),
        cmocka_unit_test(a_frame_is_there_when_it_is_committed),
        cmocka_unit_test(empty_frames_count),
        cmocka_unit_test(every_length_fits_at_every_place),
        cmocka_unit_test(the_end_of_the_ring_is_skipped),
        cmocka_unit_test(a_full_ring_takes_a_frame_when_one_is_read),
        cmocka_unit_test(frames_come_out_as_they_went_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
