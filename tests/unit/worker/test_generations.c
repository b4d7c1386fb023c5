/* Tables come, are warmed, found, retired and given back in pieces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "fault.h"
#include "generations.h"
#include "match/match_internal.h"
#include "table_file.h"

static char error[TABLE_ERROR_BYTES];

/* Warms all that is not; returns the number that became warm last. */
static uint32_t warm_all(struct generations *generations) {
    uint32_t warm = 0, last = 0;
    while (generations_warm(generations, &warm))
        last = warm ? warm : last;
    return last;
}

static void add(struct generations *generations, uint32_t number, uint32_t ads) {
    int fd = table_file(ads, number);
    if (generations_add(generations, number, fd, error, sizeof error) != 0)
        fail_msg("%s", error);
    close(fd);
}

static void a_table_comes_and_goes(void **state) {
    (void)state;
    static struct generations generations;
    add(&generations, 3, 20000);
    assert_int_equal(warm_all(&generations), 3);
    assert_int_equal(warm_all(&generations), 0);
    add(&generations, 5, 300);
    assert_int_equal(warm_all(&generations), 5);
    assert_int_equal(generations_find(&generations, 3)->table.ad_count, 20000);
    assert_int_equal(generations_find(&generations, 5)->table.ad_count, 300);
    assert_null(generations_find(&generations, 4));
    generations_retire(&generations, 3);
    assert_false(generations_release(&generations));
    generations_retire(&generations, 5);
    assert_null(generations_find(&generations, 3));
    while (generations_release(&generations))
        continue;
    assert_int_equal(generations.count, 1);
    assert_non_null(generations_find(&generations, 5));
    generations_cleanup(&generations);
}

static void the_newest_stays(void **state) {
    (void)state;
    static struct generations generations;
    add(&generations, 1, 10);
    generations_retire(&generations, UINT32_MAX);
    assert_false(generations_release(&generations));
    assert_non_null(generations_find(&generations, 1));
    add(&generations, 2, 10);
    add(&generations, 3, 10);
    generations_retire(&generations, UINT32_MAX);
    while (generations_release(&generations))
        continue;
    assert_int_equal(generations.count, 1);
    assert_int_equal(generations.items[0].number, 3);
    /* It stands where another one stood: its matcher has come along. */
    assert_ptr_equal(generations.items[0].matcher->table, &generations.items[0].table);
    generations_cleanup(&generations);
}

static void there_is_an_end_to_them(void **state) {
    (void)state;
    static struct generations generations;
    for (uint32_t number = 1; number <= GENERATIONS_MOST; number++)
        add(&generations, number, 10);
    int fd = table_file(10, 9);
    assert_int_equal(generations_add(&generations, 9, fd, error, sizeof error), -1);
    generations_retire(&generations, 2);
    while (generations_release(&generations))
        continue;
    assert_int_equal(generations_add(&generations, 9, fd, error, sizeof error), 0);
    close(fd);
    generations_cleanup(&generations);
    assert_int_equal(generations.count, 0);
}

static void what_is_no_table_is_refused(void **state) {
    (void)state;
    static struct generations generations;
    int fd = table_file(10, 1);
    assert_int_equal(fault_install(), 0); /* cmocka has a handler of its own for each test */
    assert_int_equal(ftruncate(fd, 5000), 0);
    error[0] = '\0';
    assert_int_equal(generations_add(&generations, 1, fd, error, sizeof error), -1);
    assert_true(error[0] != '\0');
    assert_int_equal(ftruncate(fd, 0), 0);
    assert_int_equal(generations_add(&generations, 1, fd, error, sizeof error), -1);
    close(fd);
    assert_int_equal(generations_add(&generations, 1, fd, error, sizeof error), -1);
    assert_int_equal(generations.count, 0);
}

static void a_table_that_is_cut_is_warmed_without_harm(void **state) {
    (void)state;
    static struct generations generations;
    int fd = table_file(20000, 1);
    assert_int_equal(fault_install(), 0);
    assert_int_equal(generations_add(&generations, 1, fd, error, sizeof error), 0);
    assert_int_equal(ftruncate(fd, 0), 0);
    assert_int_equal(warm_all(&generations), 1); /* its first job finds out */
    generation_damage(generations_find(&generations, 1));
    assert_null(generations_find(&generations, 1)->matcher);
    close(fd);
    generations_cleanup(&generations);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_comes_and_goes),
        cmocka_unit_test(the_newest_stays),
        cmocka_unit_test(there_is_an_end_to_them),
        cmocka_unit_test(what_is_no_table_is_refused),
        cmocka_unit_test(a_table_that_is_cut_is_warmed_without_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
