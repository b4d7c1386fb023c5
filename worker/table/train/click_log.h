/*
 * A click log in memory: for each view whether it was clicked, and its features.
 *
 * Two formats, a line a view:
 *   svm     "click id:1 id:1 ..." with a second file of lines "field:value<TAB>id" that names the ids
 *   ndjson  {"click":0,"features":["country=USA","hour=13", ...]}
 * A name that ends in .xz is read through xz, "-" is standard input. A bad line is told with its number and
 * reason and the rest goes on, up to a cap. Memory is capped: a log that does not fit is refused.
 */
#ifndef SLIMBID_WORKER_TABLE_CLICK_LOG_H
#define SLIMBID_WORKER_TABLE_CLICK_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"
#include "train/feature_names.h"
#include "train/field_rules.h"

#define CLICK_LOG_ROW_FEATURES ((size_t)1024) /* of one view, crosses included */

enum click_log_format { CLICK_LOG_SVM, CLICK_LOG_NDJSON };

struct click_log_options {
    enum click_log_format format;
    const char *path;
    const char *names_path; /* of svm */
    struct field_rules rules;
    size_t cap_bytes;
    uint64_t most_bad; /* bad lines that are forgiven */
};

struct click_log {
    struct feature_names *features;
    uint32_t *ids;   /* features of all rows, one row behind the other */
    size_t *ends;    /* of each row's features in ids */
    uint8_t *clicks; /* 0 or 1 */
    size_t rows;
    size_t clicked; /* rows with a click */
    uint64_t bad;   /* lines that were left out */

    size_t ids_room, rows_room;
    size_t cap_bytes;
};

/* Bad lines go to standard error. False, with the reason in error, when reading failed, there are more bad
 * lines than forgiven, or memory ends; *log wants click_log_cleanup() either way. */
bool click_log_read(struct click_log *log, const struct click_log_options *options, char *error,
                    size_t error_size) CHECK_RESULT;
/* Reads another file behind it. */
bool click_log_append(struct click_log *log, const struct click_log_options *options, char *error,
                      size_t error_size) CHECK_RESULT;
void click_log_cleanup(struct click_log *log);

/* The features of a row. */
static inline const uint32_t *click_log_row(const struct click_log *log, size_t row, size_t *n) {
    size_t from = row > 0 ? log->ends[row - 1] : 0;
    *n = log->ends[row] - from;
    return log->ids + from;
}

#endif
