/* How well a way of training does on views that it did not see: prints a report, finds the calibration. */
#ifndef SLIMBID_WORKER_TABLE_VALIDATION_H
#define SLIMBID_WORKER_TABLE_VALIDATION_H

#include <stdint.h>
#include <stdio.h>

#include "base/macros.h"
#include "train/training.h"

#define VALIDATION_MOST_FOLDS 100u

/*
 * Cross-validation in `folds` parts, dealt `repeats` times anew. For each fold and for the mean: AUC, log
 * loss, that of the base rate (of the part learned from), and log loss calibrated on the other folds.
 * *calibration comes from all predictions of views that were held out. -1: out of memory.
 */
int validation_cross(const struct click_log *log, const struct training_options *options, uint32_t folds,
                     uint32_t repeats, struct calibration *calibration, FILE *report) CHECK_RESULT;

/* Learns from the first rows and reports how it does on the last `share` of them: for a log in the order of
 * time. -1: out of memory. */
int validation_holdout(const struct click_log *log, const struct training_options *options, double share,
                       FILE *report) CHECK_RESULT;

/* Reports how a model does on the rows from `first` on. -1: out of memory. */
int validation_rest(const struct click_log *log, const struct trained *trained, size_t first,
                    struct calibration calibration, FILE *report) CHECK_RESULT;

#endif
