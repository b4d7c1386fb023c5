/* AUC, log loss and calibration, against values worked out by hand. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/macros.h"
#include "base/prng.h"
#include "train/ftrl.h"
#include "train/predictions.h"

static const struct calibration none = {1, 0};

static void auc_counts_pairs(void **state) {
    (void)state;
    struct prediction mixed[] = {{0.35, 1}, {0.1, 0}, {0.8, 1}, {0.4, 0}}; /* 3 of 4 pairs */
    struct prediction right[] = {{-1, 0}, {2, 1}, {-3, 0}, {4, 1}};
    struct prediction wrong[] = {{-1, 1}, {2, 0}};
    assert_true(predictions_auc(mixed, COUNT_OF(mixed)) == 0.75);
    assert_true(predictions_auc(right, COUNT_OF(right)) == 1);
    assert_true(predictions_auc(wrong, COUNT_OF(wrong)) == 0);
}

static void ties_count_half(void **state) {
    (void)state;
    struct prediction ties[] = {{1, 0}, {1, 1}, {2, 0}}; /* half of one pair, none of the other */
    struct prediction equal[] = {{0, 0}, {0, 1}, {0, 0}, {0, 1}, {0, 0}};
    assert_true(predictions_auc(ties, COUNT_OF(ties)) == 0.25);
    assert_true(predictions_auc(equal, COUNT_OF(equal)) == 0.5);
}

static void auc_wants_both_kinds(void **state) {
    (void)state;
    struct prediction clicks[] = {{1, 1}, {2, 1}};
    assert_true(isnan(predictions_auc(clicks, COUNT_OF(clicks))));
    assert_true(isnan(predictions_auc(clicks, 0)));
}

static void log_loss(void **state) {
    (void)state;
    const struct prediction even[] = {{0, 1}, {0, 0}, {0, 0}};
    const struct prediction three_to_one[] = {{log(3), 1}, {log(3), 0}};
    assert_true(fabs(predictions_log_loss(even, 3, none) - log(2)) < 1e-12);
    assert_true(fabs(predictions_log_loss(three_to_one, 2, none) - (log(4.0 / 3) + log(4)) / 2) < 1e-12);
    /* a z + b = log 3 again */
    const struct prediction half[] = {{(log(3) - 1) / 2, 1}, {(log(3) - 1) / 2, 0}};
    assert_true(fabs(predictions_log_loss(half, 2, (struct calibration){2, 1}) -
                     (log(4.0 / 3) + log(4)) / 2) < 1e-12);
    assert_true(fabs(predictions_constant_log_loss(even, 3, 1.0 / 3) - (log(3) + 2 * log(1.5)) / 3) < 1e-12);
}

static void a_sure_mistake_is_dear_but_finite(void **state) {
    (void)state;
    const struct prediction sure[] = {{1000, 0}, {-1000, 1}};
    assert_true(fabs(predictions_log_loss(sure, 2, none) + log(1e-12)) < 1e-9);
}

#define MANY 60000

static void calibration_finds_the_line(void **state) {
    (void)state;
    static struct prediction predictions[MANY];
    struct prng prng;
    prng_seed(&prng, 3);
    for (int i = 0; i < MANY; i++) { /* true log-odds are 2 z + 0.5 */
        double z = prng_normal(&prng, -1, 0.7);
        predictions[i] = (struct prediction){z, prng_double(&prng) < ftrl_sigmoid(2 * z + 0.5)};
    }
    struct calibration found = predictions_calibrate(predictions, MANY);
    assert_true(fabs(found.a - 2) < 0.08);
    assert_true(fabs(found.b - 0.5) < 0.08);
    assert_true(predictions_log_loss(predictions, MANY, found) <
                predictions_log_loss(predictions, MANY, none));
}

static void calibration_of_nothing_is_none(void **state) {
    (void)state;
    struct prediction equal[] = {{-1, 0}, {-1, 1}, {-1, 0}};
    struct prediction clicks[] = {{1, 1}, {2, 1}};
    struct prediction backwards[] = {{3, 0}, {2, 0}, {1, 1}, {0, 1}};
    struct prediction separated[] = {{-3, 0}, {-2, 0}, {1, 1}, {2, 1}};
    const struct {
        struct prediction *items;
        size_t n;
    } cases[] = {{equal, 3}, {clicks, 2}, {backwards, 4}, {clicks, 0}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct calibration found = predictions_calibrate(cases[i].items, cases[i].n);
        assert_true(found.a == 1 && found.b == 0);
    }
    struct calibration found = predictions_calibrate(separated, 4);
    assert_true(found.a > 0 && isfinite(found.a) && isfinite(found.b));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(auc_counts_pairs),
        cmocka_unit_test(ties_count_half),
        cmocka_unit_test(auc_wants_both_kinds),
        cmocka_unit_test(log_loss),
        cmocka_unit_test(a_sure_mistake_is_dear_but_finite),
        cmocka_unit_test(calibration_finds_the_line),
        cmocka_unit_test(calibration_of_nothing_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
