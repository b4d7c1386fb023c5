/* Dealing memory: sums, small containers, tables that are too large, buffers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/budget.h"
#include "base/memory_costs.h"
#include "base/prng.h"
#include "budget/memory_plan.h"

#define MIB (UINT64_C(1) << 20)

static void all_parts_make_the_limit(void **state) {
    (void)state;
    struct memory_plan plan = {
        .limit = 64 * MIB, .margin = 4 * MIB, .idle = 12 * MIB, .table = 20 * MIB, .front_ends = 1};
    assert_int_equal(memory_plan_table_room(&plan), 20 * MIB);
    assert_int_equal(memory_plan_share(&plan), 28 * MIB - MEMORY_PLAN_POOLS_BYTES);
    plan.front_ends = 2;
    assert_int_equal(memory_plan_share(&plan), (28 * MIB - 2 * MEMORY_PLAN_POOLS_BYTES) / 2);
}

static void without_a_limit_there_is_none(void **state) {
    (void)state;
    struct memory_plan plan = {.limit = CONTAINER_MEMORY_NONE, .idle = MIB, .front_ends = 1};
    assert_true(memory_plan_share(&plan) == BUDGET_UNLIMITED);
    assert_int_equal(memory_plan_buffer(CONTAINER_MEMORY_NONE, 4096), 0);
}

static void a_table_larger_than_memory_leaves_traffic_half(void **state) {
    (void)state;
    struct memory_plan plan = {
        .limit = 128 * MIB, .margin = 8 * MIB, .idle = 12 * MIB, .table = 200 * MIB, .front_ends = 1};
    uint64_t both = 108 * MIB - MEMORY_PLAN_POOLS_BYTES;
    assert_int_equal(memory_plan_table_room(&plan), both / 2);
    assert_int_equal(memory_plan_share(&plan), both - both / 2);
}

static void nothing_left_is_the_least(void **state) {
    (void)state;
    struct memory_plan plan = {.limit = 8 * MIB, .margin = 2 * MIB, .idle = 12 * MIB, .front_ends = 1};
    assert_int_equal(memory_plan_share(&plan), MEMORY_PLAN_LEAST_SHARE);
    plan.limit = 0;
    assert_int_equal(memory_plan_share(&plan), MEMORY_PLAN_LEAST_SHARE);
    assert_int_equal(memory_plan_table_room(&plan), 0);
}

static void the_margin_grows_with_the_limit(void **state) {
    (void)state;
    assert_int_equal(memory_plan_margin(16 * MIB, 0), 2 * MIB);
    assert_int_equal(memory_plan_margin(64 * MIB, 0), 4 * MIB);
    assert_int_equal(memory_plan_margin(1024 * MIB, 0), 64 * MIB);
    assert_int_equal(memory_plan_margin(64 * MIB, 7), 7 * MIB);
}

static void buffers_fit_a_quarter_of_the_limit(void **state) {
    (void)state;
    assert_int_equal(memory_plan_buffer(64 * MIB, 4096), MEMORY_PLAN_LEAST_BUFFER);
    uint64_t buffer = memory_plan_buffer(512 * MIB, 4096);
    assert_true(buffer > MEMORY_PLAN_LEAST_BUFFER);
    uint64_t all = 4096 * (MEMORY_CLIENT_BYTES + memory_socket_bytes(buffer, buffer));
    assert_true(all <= 128 * MIB && all > 120 * MIB);
    assert_int_equal(memory_plan_buffer(64 * 1024 * MIB, 4096), 0);
    assert_int_equal(memory_plan_buffer(0, 4096), MEMORY_PLAN_LEAST_BUFFER);
    assert_int_equal(memory_plan_buffer(64 * MIB, 0), 0);
}

static void shares_never_pass_the_limit(void **state) {
    (void)state;
    struct prng prng;
    prng_seed(&prng, 11);
    for (int i = 0; i < 10000; i++) {
        struct memory_plan plan = {.limit = prng_next(&prng) >> (prng_next(&prng) % 64),
                                   .margin = prng_next(&prng) >> (20 + prng_next(&prng) % 40),
                                   .idle = prng_next(&prng) >> (20 + prng_next(&prng) % 40),
                                   .table = prng_next(&prng) >> (prng_next(&prng) % 64),
                                   .front_ends = 1 + (uint32_t)(prng_next(&prng) % 64)};
        if (plan.limit == CONTAINER_MEMORY_NONE)
            continue;
        if (memory_plan_share(&plan) == MEMORY_PLAN_LEAST_SHARE)
            continue;
        uint64_t dealt = memory_plan_share(&plan) * plan.front_ends + memory_plan_table_room(&plan);
        assert_true(dealt <= plan.limit);
        assert_true(plan.limit - dealt >= plan.margin && plan.limit - dealt - plan.margin >= plan.idle);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_parts_make_the_limit),
        cmocka_unit_test(without_a_limit_there_is_none),
        cmocka_unit_test(a_table_larger_than_memory_leaves_traffic_half),
        cmocka_unit_test(nothing_left_is_the_least),
        cmocka_unit_test(the_margin_grows_with_the_limit),
        cmocka_unit_test(buffers_fit_a_quarter_of_the_limit),
        cmocka_unit_test(shares_never_pass_the_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
