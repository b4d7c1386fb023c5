/* Charges: bounds, ceilings, new limits, and that the sums hold whatever happens. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/budget.h"
#include "base/prng.h"

static void what_fits_is_charged_in_both(void **state) {
    (void)state;
    struct budgets budgets;
    budgets_init(&budgets, 1000);
    assert_true(budget_charge(&budgets.kinds[BUDGET_ARENAS], 700));
    assert_true(budget_charge(&budgets.kinds[BUDGET_ANSWERS], 200));
    assert_int_equal(budgets.kinds[BUDGET_ARENAS].used, 700);
    assert_int_equal(budgets.process.used, 900);
    assert_false(budget_charge(&budgets.kinds[BUDGET_ARENAS], 101));
    assert_int_equal(budgets.kinds[BUDGET_ARENAS].refused, 1);
    assert_int_equal(budgets.process.refused, 1);
    assert_int_equal(budgets.process.used, 900);
    assert_true(budget_charge(&budgets.kinds[BUDGET_ARENAS], 100));
    budget_return(&budgets.kinds[BUDGET_ARENAS], 800);
    budget_return(&budgets.kinds[BUDGET_ANSWERS], 200);
    assert_int_equal(budgets.process.used, 0);
    assert_int_equal(budgets.process.peak, 1000);
    assert_int_equal(budgets.kinds[BUDGET_ARENAS].peak, 800);
}

static void a_kind_stays_below_its_own_limit(void **state) {
    (void)state;
    struct budgets budgets;
    budgets_init(&budgets, 1000000);
    struct budget *connections = &budgets.kinds[BUDGET_CONNECTIONS];
    while (budget_charge(connections, 1000))
        assert_true(connections->used <= connections->limit);
    assert_true(connections->limit < 1000000);
    assert_int_equal(connections->used, connections->limit);
    assert_true(budget_charge(&budgets.kinds[BUDGET_ARENAS], 1000000 - connections->limit));
}

/* What has not begun is refused while what runs still gets its memory. */
static void new_work_leaves_room_for_running_work(void **state) {
    (void)state;
    struct budgets budgets;
    budgets_init(&budgets, 1000000);
    uint64_t most = budgets.kinds[BUDGET_CONNECTIONS].ceiling;
    assert_true(budget_charge(&budgets.kinds[BUDGET_ARENAS], most));
    assert_false(budget_charge(&budgets.kinds[BUDGET_NOTICES], 1));
    assert_false(budget_charge(&budgets.kinds[BUDGET_CONNECTIONS], 1));
    assert_true(budget_charge(&budgets.kinds[BUDGET_TRANSFERS], 1000));
    assert_true(budget_charge(&budgets.kinds[BUDGET_ARENAS], 1000000 - most - 1000));
    assert_false(budget_charge(&budgets.kinds[BUDGET_TRANSFERS], 1));
}

static void a_limit_below_what_is_used_refuses_until_enough_is_back(void **state) {
    (void)state;
    struct budgets budgets;
    budgets_init(&budgets, BUDGET_UNLIMITED);
    struct budget *arenas = &budgets.kinds[BUDGET_ARENAS];
    assert_true(budget_charge(arenas, 5000));
    budgets_set_limit(&budgets, 3000);
    assert_false(budget_charge(arenas, 1));
    budget_return(arenas, 2500);
    assert_true(budget_charge(arenas, 500));
    assert_false(budget_charge(arenas, 1));
    assert_int_equal(budgets.process.used, 3000);
}

static void sizes_do_not_wrap(void **state) {
    (void)state;
    struct budgets budgets;
    budgets_init(&budgets, 1000);
    assert_true(budget_charge(&budgets.kinds[BUDGET_ARENAS], 10));
    assert_false(budget_charge(&budgets.kinds[BUDGET_ARENAS], UINT64_MAX));
    assert_false(budget_charge(&budgets.kinds[BUDGET_ARENAS], UINT64_MAX - 5));
    budgets_set_limit(&budgets, BUDGET_UNLIMITED - 1);
    assert_true(budgets.kinds[BUDGET_ARENAS].limit == BUDGET_UNLIMITED - 1);
    assert_false(budget_charge(&budgets.kinds[BUDGET_ARENAS], UINT64_MAX - 5));
}

static void without_a_budget_everything_fits(void **state) {
    (void)state;
    assert_true(budget_charge(NULL, UINT64_MAX));
    budget_return(NULL, UINT64_MAX);
    budget_move(NULL, NULL, 1);
    assert_true(budget_fits(NULL, 1));
}

static void every_kind_has_its_name(void **state) {
    (void)state;
    for (int i = 0; i < BUDGET_KINDS; i++) {
        assert_non_null(budget_kind_name((enum budget_kind)i));
        for (int j = 0; j < i; j++)
            assert_string_not_equal(budget_kind_name((enum budget_kind)i),
                                    budget_kind_name((enum budget_kind)j));
    }
}

/* ---- whatever happens ---- */

static uint64_t below(struct prng *prng, uint64_t n) {
    return prng_next(prng) % n;
}

static void assert_sums_hold(const struct budgets *budgets, const uint64_t *held) {
    uint64_t sum = 0;
    for (int i = 0; i < BUDGET_KINDS; i++) {
        assert_int_equal(budgets->kinds[i].used, held[i]);
        assert_true(budgets->kinds[i].peak >= held[i]);
        sum += held[i];
    }
    assert_int_equal(budgets->process.used, sum);
}

/* One random step; what was refused must have had a reason, and what was taken none. */
static void step(struct budgets *budgets, uint64_t *held, struct prng *prng) {
    int kind = (int)below(prng, BUDGET_KINDS);
    struct budget *budget = &budgets->kinds[kind];
    uint64_t bytes = below(prng, 4) ? below(prng, 300) : below(prng, 20000);
    switch (below(prng, 5)) {
    case 0:
    case 1: {
        uint64_t all = budgets->process.used + bytes;
        bool fits =
            held[kind] + bytes <= budget->limit && all <= budget->ceiling && all <= budgets->process.limit;
        uint64_t refused = budget->refused;
        assert_int_equal(budget_charge(budget, bytes), fits);
        assert_int_equal(budget->refused - refused, !fits);
        held[kind] += fits ? bytes : 0;
        break;
    }
    case 2:
    case 3:
        bytes = bytes < held[kind] ? bytes : held[kind];
        budget_return(budget, bytes);
        held[kind] -= bytes;
        break;
    default: {
        int to = (int)below(prng, BUDGET_KINDS);
        bytes = bytes < held[kind] ? bytes : held[kind];
        budget_move(budget, &budgets->kinds[to], bytes);
        held[kind] -= bytes;
        held[to] += bytes;
    }
    }
}

static void the_sum_of_kinds_is_the_process(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 50; seed++) {
        struct prng prng;
        struct budgets budgets;
        uint64_t held[BUDGET_KINDS] = {0};
        prng_seed(&prng, seed);
        uint64_t limit = 20000 + below(&prng, 50000);
        budgets_init(&budgets, limit);
        for (int i = 0; i < 2000; i++) {
            step(&budgets, held, &prng);
            assert_sums_hold(&budgets, held);
            assert_true(budgets.process.used <= limit);
        }
        for (int i = 0; i < BUDGET_KINDS; i++)
            budget_return(&budgets.kinds[i], held[i]);
        assert_int_equal(budgets.process.used, 0);
        assert_true(budgets.process.peak <= limit);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_fits_is_charged_in_both),
        cmocka_unit_test(a_kind_stays_below_its_own_limit),
        cmocka_unit_test(new_work_leaves_room_for_running_work),
        cmocka_unit_test(a_limit_below_what_is_used_refuses_until_enough_is_back),
        cmocka_unit_test(sizes_do_not_wrap),
        cmocka_unit_test(without_a_budget_everything_fits),
        cmocka_unit_test(every_kind_has_its_name),
        cmocka_unit_test(the_sum_of_kinds_is_the_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
