/* messageIds: remembered for their time, forgotten early when there are too many, once for all processes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clickstream/seen.h"

#define RACERS    4
#define RACED_IDS 20000u

static uint64_t key_of(const struct seen *seen, unsigned i) {
    char id[32];
    int n = snprintf(id, sizeof id, "message-%u", i);
    return seen_key(seen, 0, (struct str){id, (size_t)n});
}

static void an_id_is_seen_for_its_window(void **state) {
    (void)state;
    struct seen *seen = seen_create(1024, 100);
    assert_non_null(seen);
    uint64_t a = key_of(seen, 1), b = key_of(seen, 2);
    assert_int_equal(seen_add(seen, a, 1000), SEEN_NEW);
    assert_int_equal(seen_add(seen, a, 1000), SEEN_BEFORE);
    assert_int_equal(seen_add(seen, b, 1000), SEEN_NEW);
    assert_int_equal(seen_add(seen, a, 1100), SEEN_BEFORE);
    /* The window runs from the first time on. */
    assert_int_equal(seen_add(seen, a, 1101), SEEN_NEW);
    assert_int_equal(seen_add(seen, a, 1201), SEEN_BEFORE);
    seen_forget(seen, a);
    seen_forget(seen, a);
    assert_int_equal(seen_add(seen, a, 1201), SEEN_NEW);
    /* The same id of another sender is another. */
    assert_int_equal(seen_add(seen, seen_key(seen, 77, STR("message-1")), 1201), SEEN_NEW);
    assert_int_equal(seen_add(seen, a, 1201), SEEN_BEFORE);
    /* Seconds are kept modulo 2^24. */
    assert_int_equal(seen_add(seen, b, (1u << 24) - 1), SEEN_NEW);
    assert_int_equal(seen_add(seen, b, (1u << 24) + 98), SEEN_BEFORE);
    assert_int_equal(seen_add(seen, b, (1u << 24) + 100), SEEN_NEW);
    seen_destroy(seen);
}

static void a_full_table_forgets_the_oldest_and_says_so(void **state) {
    (void)state;
    struct seen *seen = seen_create(1024, 1000);
    assert_non_null(seen);
    unsigned early = 0;
    /* Half of what it is made for: hardly any gives way. */
    for (unsigned i = 0; i < 512; i++)
        early += seen_add(seen, key_of(seen, i), 1000) == SEEN_NEW_EARLY;
    assert_in_range(early, 0, 5);
    /* Then far too many, later. */
    for (unsigned i = 512; i < 20000; i++)
        early += seen_add(seen, key_of(seen, i), 1001 + i / 64) == SEEN_NEW_EARLY;
    assert_in_range(early, 15000, 19488);
    unsigned old = 0, young = 0;
    for (unsigned i = 0; i < 512; i++)
        old += seen_add(seen, key_of(seen, i), 1400) == SEEN_BEFORE;
    assert_int_equal(old, 0);
    for (unsigned i = 19900; i < 20000; i++)
        young += seen_add(seen, key_of(seen, i), 1400) == SEEN_BEFORE;
    assert_in_range(young, 60, 100);
    seen_destroy(seen);
}

/* All ids, in an order of its own; how many were new to it. */
static unsigned race(struct seen *seen, unsigned racer, atomic_uint *ready) {
    unsigned fresh = 0;
    atomic_fetch_add(ready, 1);
    while (atomic_load(ready) < RACERS)
        continue;
    for (unsigned i = 0; i < RACED_IDS; i++) {
        unsigned id = racer % 2 ? i : i ^ 1;
        fresh += seen_add(seen, key_of(seen, id), 1000) != SEEN_BEFORE;
    }
    return fresh;
}

static void of_many_processes_one_is_first(void **state) {
    (void)state;
    struct seen *seen = seen_create(8 * RACED_IDS, 100);
    atomic_uint *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_non_null(seen);
    assert_true(shared != MAP_FAILED);
    for (unsigned r = 0; r < RACERS; r++) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            atomic_fetch_add(&shared[1], race(seen, r, &shared[0]));
            _exit(0);
        }
    }
    for (unsigned r = 0; r < RACERS; r++)
        assert_true(wait(NULL) > 0);
    assert_int_equal(atomic_load(&shared[1]), RACED_IDS);
    munmap(shared, 4096);
    seen_destroy(seen);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_id_is_seen_for_its_window),
        cmocka_unit_test(a_full_table_forgets_the_oldest_and_says_so),
        cmocka_unit_test(of_many_processes_one_is_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
