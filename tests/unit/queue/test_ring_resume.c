/* A ring in memory that outlives its processes: sides that go on where their predecessors stopped, wherever
 * that was, and a consumer that keeps what it has read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/prng.h"
#include "queue/ring_layout.h"
#include "queue_fixture.h"

#define LEAST ((uint64_t)RING_LEAST_BYTES)
#define MAX   200

static void a_frame_that_was_not_committed_was_never_there(void **state) {
    (void)state;
    struct ring_pair pair;
    ring_pair_init(&pair, LEAST);
    assert_true(frame_send(&pair.producer, 0, MAX));
    void *lost = ring_reserve(&pair.producer, 100);
    assert_non_null(lost);
    memset(lost, 0xee, 100); /* and dies */
    struct ring heir;
    assert_int_equal(ring_resume_producer(&heir, pair.memory, LEAST), 0);
    assert_true(frame_send(&heir, 1, MAX));
    assert_int_equal(frame_take(&pair.consumer, 0, MAX), 1);
    assert_int_equal(frame_take(&pair.consumer, 1, MAX), 1);
    assert_int_equal(frame_take(&pair.consumer, 2, MAX), 0);
    ring_pair_cleanup(&pair);
}

static void what_was_not_given_back_is_read_again(void **state) {
    (void)state;
    struct ring_pair pair;
    ring_pair_init(&pair, LEAST);
    for (uint64_t i = 0; i < 6; i++)
        assert_true(frame_send(&pair.producer, i, MAX));
    const void *frame = NULL;
    size_t n = 0;
    uint64_t second = 0;
    for (int i = 0; i < 4; i++) {
        assert_int_equal(ring_peek(&pair.consumer, &frame, &n), 1);
        ring_next(&pair.consumer);
        if (i == 1)
            second = ring_position(&pair.consumer);
    }
    ring_release(&pair.consumer, second);
    struct ring heir;
    assert_int_equal(ring_resume_consumer(&heir, pair.memory, LEAST), 0);
    for (uint64_t i = 2; i < 6; i++)
        assert_int_equal(frame_take(&heir, i, MAX), 1);
    assert_int_equal(frame_take(&heir, 6, MAX), 0);
    ring_pair_cleanup(&pair);
}

static void room_comes_back_with_release_alone(void **state) {
    (void)state;
    struct ring_pair pair;
    ring_pair_init(&pair, LEAST);
    uint64_t sent = 0;
    while (frame_send(&pair.producer, sent, MAX))
        sent++;
    const void *frame = NULL;
    size_t n = 0;
    for (uint64_t i = 0; i < sent; i++) {
        assert_int_equal(ring_peek(&pair.consumer, &frame, &n), 1);
        assert_true(frame_holds(frame, i, n));
        ring_next(&pair.consumer);
    }
    assert_int_equal(ring_peek(&pair.consumer, &frame, &n), 0);
    assert_int_equal(ring_unread(&pair.consumer), 0);
    assert_false(frame_send(&pair.producer, sent, MAX));
    ring_rewind(&pair.consumer, 0);
    assert_int_equal(ring_peek(&pair.consumer, &frame, &n), 1);
    assert_true(frame_holds(frame, 0, n));
    assert_true(ring_unread(&pair.consumer) > LEAST / 2);
    for (uint64_t i = 0; i < sent; i++) {
        assert_int_equal(ring_peek(&pair.consumer, &frame, &n), 1);
        ring_next(&pair.consumer);
    }
    ring_release(&pair.consumer, ring_position(&pair.consumer));
    assert_true(frame_send(&pair.producer, sent, MAX));
    ring_release(&pair.consumer, 0); /* behind: nothing is given back twice */
    assert_int_equal(frame_take(&pair.consumer, sent, MAX), 1);
    ring_pair_cleanup(&pair);
}

static void what_is_cut_is_gone_and_the_ring_goes_on(void **state) {
    (void)state;
    struct ring_pair pair;
    ring_pair_init(&pair, LEAST);
    for (uint64_t i = 0; i < 5; i++)
        assert_true(frame_send(&pair.producer, i, MAX));
    const void *frame = NULL;
    size_t n = 0;
    assert_int_equal(ring_peek(&pair.consumer, &frame, &n), 1);
    ring_next(&pair.consumer);
    uint64_t *word = (uint64_t *)(void *)(pair.consumer.bytes + ring_position(&pair.consumer));
    *word = 0x6261642062616421; /* torn */
    assert_int_equal(ring_peek(&pair.consumer, &frame, &n), -1);
    ring_cut(&pair.consumer);
    assert_int_equal(ring_peek(&pair.consumer, &frame, &n), 0);
    struct ring producer, consumer;
    assert_int_equal(ring_resume_producer(&producer, pair.memory, LEAST), 0);
    assert_int_equal(ring_resume_consumer(&consumer, pair.memory, LEAST), 0);
    assert_true(frame_send(&producer, 77, MAX));
    assert_int_equal(frame_take(&consumer, 0, MAX), 1); /* it was never given back */
    assert_int_equal(frame_take(&consumer, 77, MAX), 1);
    ring_pair_cleanup(&pair);
}

static void indices_that_no_ring_has_are_refused(void **state) {
    (void)state;
    static const uint64_t bad[][2] = {{8, 0}, {4, 8}, {0, 4}, {0, LEAST + 8}, {UINT64_MAX - 7, 8}};
    struct ring_pair pair;
    struct ring ring;
    ring_pair_init(&pair, LEAST);
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        pair.producer.shared->head = bad[i][0];
        pair.producer.shared->tail = bad[i][1];
        assert_int_equal(ring_resume_producer(&ring, pair.memory, LEAST), -1);
        assert_int_equal(ring_resume_consumer(&ring, pair.memory, LEAST), -1);
    }
    pair.producer.shared->head = 8;
    pair.producer.shared->tail = LEAST + 8;
    assert_int_equal(ring_resume_producer(&ring, pair.memory, LEAST), 0);
    assert_int_equal(ring_resume_consumer(&ring, pair.memory, LEAST), 0);
    assert_int_equal(ring_resume_producer(&ring, pair.memory, LEAST * 2), -1);
    ring_pair_cleanup(&pair);
}

struct play {
    struct ring_pair pair;
    uint64_t sent, seen, given_back;
    uint64_t position_of[LEAST / 8]; /* behind each frame in the ring */
};

static void read_one(struct play *play) {
    const void *frame = NULL;
    size_t n = 0;
    if (play->seen == play->sent) {
        assert_int_equal(ring_peek(&play->pair.consumer, &frame, &n), 0);
        return;
    }
    assert_int_equal(ring_peek(&play->pair.consumer, &frame, &n), 1);
    assert_true(frame_holds(frame, play->seen, n));
    ring_next(&play->pair.consumer);
    play->position_of[play->seen % COUNT_OF(play->position_of)] = ring_position(&play->pair.consumer);
    play->seen++;
}

static void give_back(struct play *play, uint64_t chance) {
    if (play->seen == play->given_back)
        return;
    play->given_back += 1 + chance % (play->seen - play->given_back);
    ring_release(&play->pair.consumer,
                 play->position_of[(play->given_back - 1) % COUNT_OF(play->position_of)]);
}

/* Both sides die again and again, at any step; every committed frame arrives, in order. What was read but not
 * given back comes again, and nothing else does. */
static void deaths_of_both_lose_nothing(void **state) {
    (void)state;
    struct play play = {0};
    struct prng prng;
    ring_pair_init(&play.pair, LEAST);
    prng_seed(&prng, 7);
    for (int step = 0; step < 200000; step++) {
        uint64_t chance = prng_next(&prng);
        unsigned what = chance % 16;
        chance >>= 8;
        if (what == 0) {
            assert_int_equal(ring_resume_producer(&play.pair.producer, play.pair.memory, LEAST), 0);
        } else if (what == 1) {
            assert_int_equal(ring_resume_consumer(&play.pair.consumer, play.pair.memory, LEAST), 0);
            play.seen = play.given_back;
        } else if (what == 2) {
            char *place = ring_reserve(&play.pair.producer, chance % MAX);
            if (place) /* nobody will ever commit it */
                memset(place, 0xee, chance % MAX);
        } else if (what == 3) {
            give_back(&play, chance);
        } else if (what < 9) {
            play.sent += frame_send(&play.pair.producer, play.sent, MAX);
        } else {
            read_one(&play);
        }
    }
    assert_true(play.given_back > 5000);
    ring_pair_cleanup(&play.pair);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_frame_that_was_not_committed_was_never_there),
        cmocka_unit_test(what_was_not_given_back_is_read_again),
        cmocka_unit_test(room_comes_back_with_release_alone),
        cmocka_unit_test(what_is_cut_is_gone_and_the_ring_goes_on),
        cmocka_unit_test(indices_that_no_ring_has_are_refused),
        cmocka_unit_test(deaths_of_both_lose_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
