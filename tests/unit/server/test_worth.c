/* What asking a partner is worth: money for each byte and millisecond. */
#include <float.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "partner/worth.h"

/* `calls` calls of which every `each`-th wins at that price; 0: none. */
static void play(struct worth *worth, unsigned calls, unsigned each, double price, uint64_t bytes,
                 uint64_t took_us) {
    for (unsigned i = 1; i <= calls; i++) {
        worth_call(worth, bytes, took_us);
        if (each && i % each == 0)
            worth_win(worth, price);
    }
}

static void who_earns_more_for_the_same_is_worth_more(void **state) {
    (void)state;
    struct worth rich = {0}, poor = {0}, rare = {0}, never = {0};
    play(&rich, 1000, 5, 2.0, 3000, 50000);
    play(&poor, 1000, 5, 1.0, 3000, 50000);
    play(&rare, 1000, 20, 1.0, 3000, 50000);
    play(&never, 1000, 0, 0, 3000, 50000);
    assert_true(worth_value(&rich) > 1.7 * worth_value(&poor));
    assert_true(worth_value(&poor) > 2 * worth_value(&rare));
    assert_true(worth_value(&never) == 0);
}

static void who_takes_more_for_the_same_is_worth_less(void **state) {
    (void)state;
    struct worth usual = {0}, slow = {0}, large = {0};
    play(&usual, 1000, 5, 1.0, 3000, 50000);
    play(&slow, 1000, 5, 1.0, 3000, 200000);
    play(&large, 1000, 5, 1.0, 100000, 50000);
    assert_true(worth_value(&usual) > 3 * worth_value(&slow));
    assert_true(worth_value(&usual) > 3 * worth_value(&large));
}

static void the_past_fades(void **state) {
    (void)state;
    struct worth worth = {0};
    play(&worth, 1000, 5, 1.0, 3000, 50000);
    double then = worth_value(&worth);
    play(&worth, 1000, 0, 0, 3000, 50000);
    assert_true(worth_value(&worth) < then / 20);
    play(&worth, 1000, 5, 1.0, 3000, 50000);
    assert_true(worth_value(&worth) > then / 1.2 && worth_value(&worth) < then * 1.2);
}

static void a_newcomer_is_tried(void **state) {
    (void)state;
    struct worth worth = {0};
    worth_win(&worth, 5.0); /* of a call from before a restart: no harm */
    play(&worth, 31, 0, 0, 3000, 50000);
    assert_true(worth_value(&worth) == DBL_MAX);
    play(&worth, 1, 0, 0, 3000, 50000);
    assert_true(worth_value(&worth) == 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_earns_more_for_the_same_is_worth_more),
        cmocka_unit_test(who_takes_more_for_the_same_is_worth_less),
        cmocka_unit_test(the_past_fades),
        cmocka_unit_test(a_newcomer_is_tried),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
