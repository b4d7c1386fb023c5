/*
 * Learning from parts of a click log and looking at the rest: cross-validation, and a holdout in time.
 */
#ifndef SLIMBID_WORKER_TABLE_TRAINING_H
#define SLIMBID_WORKER_TABLE_TRAINING_H

#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"
#include "train/click_log.h"
#include "train/ftrl.h"
#include "train/predictions.h"

struct training_options {
    struct ftrl_options ftrl;
    uint32_t passes;     /* over the rows, each in another order */
    uint32_t least_rows; /* features of fewer rows are left out */
    uint64_t seed;
};

/* A set of rows: row r is in it when part[r] == of is `inside`. part == NULL: all rows. */
struct training_rows {
    const uint8_t *part;
    uint8_t of;
    bool inside;
};

struct trained {
    struct ftrl *ftrl;
    uint8_t *used;     /* by feature: 1 when it was in enough rows */
    uint32_t known;    /* how many features there were */
    uint32_t features; /* that were used */
    size_t rows;
    double
        base_rate; /* clicks a view, as learned from; one of each kind is added so that it lies in (0, 1) */
};

/* Learns from these rows. -1: out of memory. *trained wants trained_cleanup() either way. */
int training_learn(struct trained *trained, const struct click_log *log,
                   const struct training_options *options, struct training_rows rows) CHECK_RESULT;
void trained_cleanup(struct trained *trained);
/* Predicts these rows, in their order, into an array with room for all of them; returns how many. */
size_t training_predict(const struct trained *trained, const struct click_log *log, struct training_rows rows,
                        struct prediction *predictions);

/* Deals the rows into `folds` parts at random, clicks and others apart, so that each has its share of both.
 */
int training_deal(const struct click_log *log, uint32_t folds, uint64_t seed, uint8_t *part) CHECK_RESULT;

#endif
