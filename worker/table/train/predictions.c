/* How good predictions are; see predictions.h. */
#include "train/predictions.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "train/ftrl.h"

#define LEAST_PROBABILITY 1e-12
#define NEWTON_STEPS      100
#define HALVINGS          34

static int by_z(const void *left, const void *right) {
    double a = ((const struct prediction *)left)->z, b = ((const struct prediction *)right)->z;
    return (a > b) - (a < b);
}

double predictions_auc(struct prediction *predictions, size_t n) {
    qsort(predictions, n, sizeof *predictions, by_z);
    double won = 0;
    size_t clicks = 0, others = 0; /* so far */
    for (size_t from = 0, to; from < n; from = to) {
        size_t tied_clicks = 0;
        for (to = from; to < n && predictions[to].z == predictions[from].z; to++)
            tied_clicks += predictions[to].click;
        size_t tied_others = to - from - tied_clicks;
        won += (double)tied_clicks * ((double)others + (double)tied_others / 2);
        clicks += tied_clicks;
        others += tied_others;
    }
    return clicks && others ? won / ((double)clicks * (double)others) : (double)NAN;
}

static double loss(double p, int click) {
    return -log(fmax(click ? p : 1 - p, LEAST_PROBABILITY));
}

double predictions_log_loss(const struct prediction *predictions, size_t n, struct calibration calibration) {
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += loss(ftrl_sigmoid(calibration.a * predictions[i].z + calibration.b), predictions[i].click);
    return n ? sum / (double)n : (double)NAN;
}

double predictions_constant_log_loss(const struct prediction *predictions, size_t n, double rate) {
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += loss(rate, predictions[i].click);
    return n ? sum / (double)n : (double)NAN;
}

/* Platt's targets: as if one more click and one more view without had been seen. */
struct targets {
    double click, other;
};

static double target_loss(const struct prediction *predictions, size_t n, struct targets targets,
                          struct calibration c) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        double f = c.a * predictions[i].z + c.b;
        double t = predictions[i].click ? targets.click : targets.other;
        /* -t log p - (1 - t) log(1 - p), without overflow */
        sum += log1p(exp(-fabs(f))) + fmax(f, 0) - t * f;
    }
    return sum;
}

/* The Newton step from *c; false when the curvature is none. */
static bool newton_step(const struct prediction *predictions, size_t n, struct targets targets,
                        struct calibration c, struct calibration *step) {
    double ga = 0, gb = 0, haa = 1e-12, hab = 0, hbb = 1e-12;
    for (size_t i = 0; i < n; i++) {
        double z = predictions[i].z;
        double p = ftrl_sigmoid(c.a * z + c.b);
        double g = p - (predictions[i].click ? targets.click : targets.other);
        double h = p * (1 - p);
        ga += g * z;
        gb += g;
        haa += h * z * z;
        hab += h * z;
        hbb += h;
    }
    double determinant = haa * hbb - hab * hab;
    if (!(determinant > 1e-9 * haa * hbb)) /* all z are equal, or nearly */
        return false;
    *step = (struct calibration){-(hbb * ga - hab * gb) / determinant, -(haa * gb - hab * ga) / determinant};
    return true;
}

/* Moves *c along the step, halved until the loss does not grow. False: no way down, or hardly any. */
static bool go_down(const struct prediction *predictions, size_t n, struct targets targets,
                    struct calibration step, struct calibration *c, double *loss_now) {
    for (int i = 0; i < HALVINGS; i++, step.a /= 2, step.b /= 2) {
        struct calibration next = {c->a + step.a, c->b + step.b};
        double next_loss = target_loss(predictions, n, targets, next);
        if (!(next_loss <= *loss_now))
            continue;
        bool worth = *loss_now - next_loss > 1e-10 * *loss_now;
        *c = next;
        *loss_now = next_loss;
        return worth;
    }
    return false;
}

struct calibration predictions_calibrate(const struct prediction *predictions, size_t n) {
    const struct calibration none = {1, 0};
    double clicks = 0;
    for (size_t i = 0; i < n; i++)
        clicks += predictions[i].click;
    double others = (double)n - clicks;
    if (clicks == 0 || others == 0)
        return none;
    struct targets targets = {(clicks + 1) / (clicks + 2), 1 / (others + 2)};
    struct calibration c = none;
    double loss_now = target_loss(predictions, n, targets, c);
    for (int i = 0; i < NEWTON_STEPS; i++) {
        struct calibration step;
        if (!newton_step(predictions, n, targets, c, &step))
            return none;
        if (!go_down(predictions, n, targets, step, &c, &loss_now))
            break;
    }
    return c.a > 0 ? c : none;
}
