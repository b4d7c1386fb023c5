/* FTRL-Proximal: the paper's update worked out by hand, what the regularisers do, a known model learned. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/prng.h"
#include "train/ftrl.h"
#include "train/predictions.h"

static void the_first_step_is_the_papers(void **state) {
    (void)state;
    const struct ftrl_options options = {.alpha = 0.1, .beta = 1, .l1 = 0.2, .l2 = 3};
    struct ftrl *ftrl = ftrl_create(&options, 2, 0.5);
    const uint32_t ids[] = {1};
    assert_non_null(ftrl);
    assert_true(ftrl_predict(ftrl, ids, 1) == 0);
    ftrl_learn(ftrl, ids, 1, 1); /* p = 0.5, g = -0.5, n = 0.25, sigma = 5, z = -0.5, w = 0 before */
    double w = (0.5 - 0.2) / ((1 + 0.5) / 0.1 + 3);
    assert_true(fabs(ftrl_weight(ftrl, 1) - w) < 1e-15);
    assert_true(fabs(ftrl_bias(ftrl) - 0.5 / (1.5 / 0.1)) < 1e-15); /* neither l1 nor l2 */
    assert_true(ftrl_weight(ftrl, 0) == 0);
    double g = ftrl_sigmoid(ftrl_predict(ftrl, ids, 1)), n = 0.25 + g * g; /* no click */
    double z = -0.5 + g - (sqrt(n) - 0.5) / 0.1 * w;
    ftrl_learn(ftrl, ids, 1, 0);
    double second = fabs(z) <= 0.2 ? 0 : -(z - copysign(0.2, z)) / ((1 + sqrt(n)) / 0.1 + 3);
    assert_true(fabs(ftrl_weight(ftrl, 1) - second) < 1e-15);
    ftrl_destroy(ftrl);
    ftrl_destroy(NULL);
}

static void l1_leaves_out_what_says_little(void **state) {
    (void)state;
    const struct ftrl_options options = {.alpha = 0.1, .beta = 1, .l1 = 5, .l2 = 0};
    struct ftrl *ftrl = ftrl_create(&options, 3, 0.5);
    assert_non_null(ftrl);
    for (uint32_t i = 0; i < 200; i++) { /* 0 is clicked always, 2 never, 1 half of the time */
        ftrl_learn(ftrl, (const uint32_t[]){0}, 1, 1);
        ftrl_learn(ftrl, (const uint32_t[]){1}, 1, (int)(i % 2));
        ftrl_learn(ftrl, (const uint32_t[]){2}, 1, 0);
    }
    assert_true(ftrl_weight(ftrl, 0) > 0.5);
    assert_true(ftrl_weight(ftrl, 1) == 0);
    assert_true(ftrl_weight(ftrl, 2) < -0.5);
    ftrl_destroy(ftrl);
}

static void sigmoid_bears_all(void **state) {
    (void)state;
    assert_true(ftrl_sigmoid(0) == 0.5);
    assert_true(ftrl_sigmoid(1e6) == 1 && ftrl_sigmoid(-1e6) == 0);
    assert_true(fabs(ftrl_sigmoid(log(3)) - 0.75) < 1e-15);
}

enum { A = 20, B = 30, VIEWS = 60000, UNSEEN = 30000 };

/* A click's log-odds are -2.5 + a weight of each of two fields. */
static double draw_view(const double *weights, struct prng *prng, uint32_t ids[2], uint8_t *click) {
    ids[0] = (uint32_t)(prng_next(prng) % A);
    ids[1] = A + (uint32_t)(prng_next(prng) % B);
    double z = -2.5 + weights[ids[0]] + weights[ids[1]];
    *click = prng_double(prng) < ftrl_sigmoid(z);
    return z;
}

static void a_known_model_is_found(void **state) {
    (void)state;
    static struct prediction found[UNSEEN], true_ones[UNSEEN];
    const struct ftrl_options options = {.alpha = 0.1, .beta = 1, .l1 = 0.1, .l2 = 1};
    const struct calibration none = {1, 0};
    double weights[A + B];
    struct prng prng;
    prng_seed(&prng, 11);
    for (int i = 0; i < A + B; i++)
        weights[i] = prng_normal(&prng, 0, 0.7);
    struct ftrl *ftrl = ftrl_create(&options, A + B, 0.1);
    assert_non_null(ftrl);
    uint32_t ids[2];
    uint8_t click;
    for (int i = 0; i < VIEWS; i++) {
        draw_view(weights, &prng, ids, &click);
        ftrl_learn(ftrl, ids, 2, click);
    }
    double rate = 0;
    for (int i = 0; i < UNSEEN; i++) {
        double z = draw_view(weights, &prng, ids, &click);
        true_ones[i] = (struct prediction){z, click};
        found[i] = (struct prediction){ftrl_predict(ftrl, ids, 2), click};
        rate += (double)click / UNSEEN;
    }
    double best_loss = predictions_log_loss(true_ones, UNSEEN, none);
    double base_loss = predictions_constant_log_loss(found, UNSEEN, rate);
    double loss = predictions_log_loss(found, UNSEEN, none);
    double best_auc = predictions_auc(true_ones, UNSEEN), auc = predictions_auc(found, UNSEEN);
    assert_true(best_auc > 0.7); /* there is something to find: always the majority would give 0.5 */
    assert_true(auc > best_auc - 0.01 && auc < best_auc + 0.01);
    assert_true(loss < base_loss && loss - best_loss < 0.05 * (base_loss - best_loss));
    ftrl_destroy(ftrl);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_step_is_the_papers),
        cmocka_unit_test(l1_leaves_out_what_says_little),
        cmocka_unit_test(sigmoid_bears_all),
        cmocka_unit_test(a_known_model_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
