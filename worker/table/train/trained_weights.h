/*
 * A trained model as a weights file (weights.h reads it): bias, calibration.a and .b, then the features whose
 * weight is not 0.
 *
 * What a table has no use for stands in the file as a comment, "# slotprice=101+<TAB>0.32": features of
 * fields that are not of our vocabulary, and crosses other than campaign=X with inventory, device_type or
 * hour.
 */
#ifndef SLIMBID_WORKER_TABLE_TRAINED_WEIGHTS_H
#define SLIMBID_WORKER_TABLE_TRAINED_WEIGHTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"
#include "base/str.h"
#include "train/training.h"

/* What is left out: by what a table uses. */
struct trained_weights_counts {
    uint32_t used, commented;
};

/* Whether a table has a use for the feature. */
bool trained_weights_known(struct str feature);

/* Writes beside the path, then renames. calibration may be NULL. 0, or 1 with the reason in error. */
int trained_weights_put(const struct click_log *log, const struct trained *trained,
                        const struct calibration *calibration, const char *path,
                        struct trained_weights_counts *counts, char *error, size_t error_size) CHECK_RESULT;

#endif
