/* Matching gives what the naive matcher gives, hit by hit and bit by bit: a short run of match-check. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "random_match.h"

static void small_tables(void **state) {
    struct random_counts counts = {0};
    (void)state;
    for (uint64_t seed = 1000; seed < 1060; seed++)
        assert_int_equal(random_match(seed, 300, 50, &counts), 0);
    assert_true(counts.hits > 1000);
}

/* Bounds cut only where there are several blocks. */
static void tables_of_some_blocks(void **state) {
    struct random_counts counts = {0};
    (void)state;
    for (uint64_t seed = 2000; seed < 2006; seed++)
        assert_int_equal(random_match(seed, 30000, 15, &counts), 0);
    assert_true(counts.hits > 1000);
}

/* Where ads of a kind stand together over several blocks. */
static void tables_of_many_blocks(void **state) {
    struct random_counts counts = {0};
    (void)state;
    for (uint64_t seed = 3000; seed < 3004; seed++)
        assert_int_equal(random_match(seed, 200000, 3, &counts), 0);
    assert_true(counts.hits > 1000 && counts.ads > 300000);
}

static void an_empty_table(void **state) {
    struct random_counts counts = {0};
    (void)state;
    assert_int_equal(random_match(1, 0, 20, &counts), 0);
    assert_int_equal(counts.hits, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_tables),
        cmocka_unit_test(tables_of_some_blocks),
        cmocka_unit_test(tables_of_many_blocks),
        cmocka_unit_test(an_empty_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
