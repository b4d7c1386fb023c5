/* Predictions beside what came of them: how good they are, and how to calibrate them. */
#ifndef SLIMBID_WORKER_TABLE_PREDICTIONS_H
#define SLIMBID_WORKER_TABLE_PREDICTIONS_H

#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"

struct prediction {
    double z; /* log-odds of a click */
    uint8_t click;
};

/* pctr = 1 / (1 + exp(-(a z + b))). */
struct calibration {
    double a, b;
};

/* The share of pairs (click, no click) in which the click has the higher z; equal ones count half (Mann and
 * Whitney 1947). NAN when either kind is missing. Sorts the predictions. */
double predictions_auc(struct prediction *predictions, size_t n);
/* Mean of -log of the probability that was given to what came; a probability is kept within 1e-12 of 0 and 1.
 */
double predictions_log_loss(const struct prediction *predictions, size_t n, struct calibration calibration);
/* The same when every view is predicted to be clicked with that probability. */
double predictions_constant_log_loss(const struct prediction *predictions, size_t n, double rate);

/*
 * Platt 1999, by Newton's method with halved steps (Lin, Lin and Weng 2007), with his targets for clicks and
 * the others, which keep it finite. Views that were not used to learn, please. {1, 0} when the predictions
 * say nothing: all equal, one kind missing, or a would not be positive.
 */
struct calibration predictions_calibrate(const struct prediction *predictions, size_t n) CHECK_RESULT;

#endif
