/* Learning from parts of a click log; see training.h. */
#include "train/training.h"

#include <stdlib.h>

#include "base/prng.h"

static bool has(struct training_rows rows, size_t row) {
    return !rows.part || (rows.part[row] == rows.of) == rows.inside;
}

/* Fisher and Yates; the remainder's bias of 2^-32 and less does not matter here. */
static void shuffle(uint32_t *items, size_t n, struct prng *prng) {
    for (size_t i = n; i > 1; i--) {
        size_t j = (size_t)(prng_next(prng) % i);
        uint32_t held = items[i - 1];
        items[i - 1] = items[j];
        items[j] = held;
    }
}

/* Counts what the rows have, and decides which features are used. */
static int count_features(struct trained *trained, const struct click_log *log, uint32_t least_rows,
                          struct training_rows rows) {
    uint32_t features = feature_names_count(log->features);
    uint32_t *seen = calloc((size_t)features + 1, sizeof *seen);
    trained->used = calloc((size_t)features + 1, 1);
    if (!seen || !trained->used) {
        free(seen);
        return -1;
    }
    trained->known = features;
    size_t clicked = 0;
    for (size_t row = 0; row < log->rows; row++) {
        if (!has(rows, row))
            continue;
        size_t n;
        const uint32_t *ids = click_log_row(log, row, &n);
        for (size_t i = 0; i < n; i++)
            seen[ids[i]]++;
        trained->rows++;
        clicked += log->clicks[row];
    }
    for (uint32_t i = 0; i < features; i++) {
        trained->used[i] = seen[i] > 0 && seen[i] >= least_rows;
        trained->features += trained->used[i];
    }
    free(seen);
    trained->base_rate = ((double)clicked + 1) / ((double)trained->rows + 2);
    return 0;
}

/* The features of a row that are used; kept has room for a whole row. */
static size_t used_features(const struct trained *trained, const struct click_log *log, size_t row,
                            uint32_t *kept) {
    size_t n, count = 0;
    const uint32_t *ids = click_log_row(log, row, &n);
    for (size_t i = 0; i < n; i++)
        if (ids[i] < trained->known && trained->used[ids[i]])
            kept[count++] = ids[i];
    return count;
}

int training_learn(struct trained *trained, const struct click_log *log,
                   const struct training_options *options, struct training_rows rows) {
    *trained = (struct trained){.ftrl = NULL};
    uint32_t *order = malloc((log->rows + 1) * sizeof *order);
    if (!order || count_features(trained, log, options->least_rows, rows) != 0)
        goto fail;
    trained->ftrl = ftrl_create(&options->ftrl, feature_names_count(log->features), trained->base_rate);
    if (!trained->ftrl)
        goto fail;
    size_t count = 0;
    for (size_t row = 0; row < log->rows; row++)
        if (has(rows, row))
            order[count++] = (uint32_t)row;
    struct prng prng;
    prng_seed(&prng, options->seed);
    uint32_t kept[CLICK_LOG_ROW_FEATURES];
    for (uint32_t pass = 0; pass < options->passes; pass++) {
        shuffle(order, count, &prng);
        for (size_t i = 0; i < count; i++) {
            size_t n = used_features(trained, log, order[i], kept);
            ftrl_learn(trained->ftrl, kept, n, log->clicks[order[i]]);
        }
    }
    free(order);
    return 0;
fail:
    free(order);
    return -1;
}

void trained_cleanup(struct trained *trained) {
    ftrl_destroy(trained->ftrl);
    free(trained->used);
    *trained = (struct trained){.ftrl = NULL};
}

size_t training_predict(const struct trained *trained, const struct click_log *log, struct training_rows rows,
                        struct prediction *predictions) {
    uint32_t kept[CLICK_LOG_ROW_FEATURES];
    size_t count = 0;
    for (size_t row = 0; row < log->rows; row++) {
        if (!has(rows, row))
            continue;
        size_t n = used_features(trained, log, row, kept);
        predictions[count++] = (struct prediction){ftrl_predict(trained->ftrl, kept, n), log->clicks[row]};
    }
    return count;
}

int training_deal(const struct click_log *log, uint32_t folds, uint64_t seed, uint8_t *part) {
    uint32_t *order = malloc((log->rows + 1) * sizeof *order);
    if (!order)
        return -1;
    for (size_t i = 0; i < log->rows; i++)
        order[i] = (uint32_t)i;
    struct prng prng;
    prng_seed(&prng, seed);
    shuffle(order, log->rows, &prng);
    uint32_t next[2] = {0, 0};
    for (size_t i = 0; i < log->rows; i++)
        part[order[i]] = (uint8_t)(next[log->clicks[order[i]]]++ % folds);
    free(order);
    return 0;
}
