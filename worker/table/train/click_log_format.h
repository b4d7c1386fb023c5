/* What the readers of a click log's formats give to click_log.c: one line becomes one row. */
#ifndef SLIMBID_WORKER_TABLE_CLICK_LOG_FORMAT_H
#define SLIMBID_WORKER_TABLE_CLICK_LOG_FORMAT_H

#include "train/click_log.h"

/* One view's features, each once. */
struct click_log_row {
    uint8_t click;
    uint32_t ids[CLICK_LOG_ROW_FEATURES];
    uint32_t count;
};

/* False: the row is full. */
static inline bool click_log_row_add(struct click_log_row *row, uint32_t id) {
    for (uint32_t i = 0; i < row->count; i++)
        if (row->ids[i] == id)
            return true;
    if (row->count == CLICK_LOG_ROW_FEATURES)
        return false;
    row->ids[row->count++] = id;
    return true;
}

/* Words for what is wrong with a line. */
extern const char click_log_no_room[]; /* ends the reading: no line behind it would fit either */
extern const char click_log_row_full[];

/* The names of the ids of a log in svm format. */
struct click_log_svm {
    uint32_t *features; /* by id: a feature's number, CLICK_LOG_DROPPED or FEATURE_NAMES_NONE (no such id) */
    uint32_t count;
};
#define CLICK_LOG_DROPPED (FEATURE_NAMES_NONE - 1)

/* Reads the names. False with the reason in error. */
bool click_log_svm_open(struct click_log_svm *svm, struct feature_names *features,
                        const struct click_log_options *options, char *error, size_t error_size) CHECK_RESULT;
void click_log_svm_cleanup(struct click_log_svm *svm);
/* NULL, or what is wrong with the line. */
const char *click_log_svm_line(const struct click_log_svm *svm, struct str line,
                               struct click_log_row *row) CHECK_RESULT;

const char *click_log_ndjson_line(struct feature_names *features, const struct field_rules *rules,
                                  struct str line, struct click_log_row *row) CHECK_RESULT;

#endif
