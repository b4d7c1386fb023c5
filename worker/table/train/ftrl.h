/*
 * Logistic regression by FTRL-Proximal, a learning rate for each coordinate: McMahan et al., Ad Click
 * Prediction: a View from the Trenches, KDD 2013, algorithm 1. Features are 0 or 1.
 *
 * The log-odds of a click are a constant (those of the base rate), a bias that is learned without
 * regularisation, and the weights of the view's features.
 */
#ifndef SLIMBID_WORKER_TABLE_FTRL_H
#define SLIMBID_WORKER_TABLE_FTRL_H

#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"

struct ftrl_options {
    double alpha; /* learning rate: the step of a coordinate is alpha / (beta + sqrt(sum of g^2)) */
    double beta;
    double l1; /* weights whose gradients do not pass this are 0 */
    double l2;
};

struct ftrl;

/* features: their numbers are below this. base_rate: clicks a view, in (0, 1). NULL: out of memory. */
struct ftrl *ftrl_create(const struct ftrl_options *options, uint32_t features,
                         double base_rate) CHECK_RESULT;
void ftrl_destroy(struct ftrl *ftrl);

/* Log-odds of a click on a view with these features. */
double ftrl_predict(const struct ftrl *ftrl, const uint32_t *ids, size_t n);
void ftrl_learn(struct ftrl *ftrl, const uint32_t *ids, size_t n, int click);

double ftrl_weight(const struct ftrl *ftrl, uint32_t id);
/* Constant and bias. */
double ftrl_bias(const struct ftrl *ftrl);

/* 1 / (1 + exp(-z)), for any z. */
double ftrl_sigmoid(double z);

#endif
