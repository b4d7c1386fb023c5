/* Logistic regression by FTRL-Proximal; see ftrl.h. */
#include "train/ftrl.h"

#include <math.h>
#include <stdlib.h>

/* What the paper calls z_i and n_i, and the weight that follows from them. */
struct coordinate {
    double z, n, w;
};

struct ftrl {
    struct ftrl_options options;
    double constant;
    struct coordinate bias;
    uint32_t count;
    struct coordinate coordinates[];
};

struct ftrl *ftrl_create(const struct ftrl_options *options, uint32_t features, double base_rate) {
    struct ftrl *ftrl = calloc(1, sizeof *ftrl + (size_t)features * sizeof(struct coordinate));
    if (!ftrl)
        return NULL;
    ftrl->options = *options;
    ftrl->constant = log(base_rate / (1 - base_rate));
    ftrl->count = features;
    return ftrl;
}

void ftrl_destroy(struct ftrl *ftrl) {
    free(ftrl);
}

double ftrl_sigmoid(double z) {
    if (z >= 0)
        return 1 / (1 + exp(-z));
    double e = exp(z);
    return e / (1 + e);
}

double ftrl_predict(const struct ftrl *ftrl, const uint32_t *ids, size_t n) {
    double z = ftrl->constant + ftrl->bias.w;
    for (size_t i = 0; i < n; i++)
        z += ftrl->coordinates[ids[i]].w;
    return z;
}

static void step(struct coordinate *c, const struct ftrl_options *options, double l1, double l2, double g) {
    double n = c->n + g * g;
    double root = sqrt(n);
    double sigma = (root - sqrt(c->n)) / options->alpha;
    c->z += g - sigma * c->w;
    c->n = n;
    c->w =
        fabs(c->z) <= l1 ? 0 : -(c->z - copysign(l1, c->z)) / ((options->beta + root) / options->alpha + l2);
}

void ftrl_learn(struct ftrl *ftrl, const uint32_t *ids, size_t n, int click) {
    const struct ftrl_options *options = &ftrl->options;
    double g = ftrl_sigmoid(ftrl_predict(ftrl, ids, n)) - click;
    step(&ftrl->bias, options, 0, 0, g);
    for (size_t i = 0; i < n; i++)
        step(&ftrl->coordinates[ids[i]], options, options->l1, options->l2, g);
}

double ftrl_weight(const struct ftrl *ftrl, uint32_t id) {
    return ftrl->coordinates[id].w;
}

double ftrl_bias(const struct ftrl *ftrl) {
    return ftrl->constant + ftrl->bias.w;
}
