/* A click log in memory; see click_log.h. */
#include "train/click_log.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/lines.h"
#include "train/click_log_format.h"

const char click_log_no_room[] = "the log does not fit into --memory";
const char click_log_row_full[] = "more than 1024 features";

static size_t bytes_held(const struct click_log *log) {
    return feature_names_bytes(log->features) + log->ids_room * sizeof *log->ids +
           log->rows_room * (sizeof *log->ends + sizeof *log->clicks);
}

/* Grows *room items of *p to twice as many and `least` more, inside the cap. */
static bool grow(struct click_log *log, void **p, size_t *room, size_t item_bytes, size_t least) {
    size_t more = *room + least;
    if (bytes_held(log) + more * item_bytes > log->cap_bytes)
        return false;
    void *grown = realloc(*p, (*room + more) * item_bytes);
    if (!grown)
        return false;
    *p = grown;
    *room += more;
    return true;
}

static bool add_row(struct click_log *log, const struct click_log_row *row) {
    if (log->rows == UINT32_MAX)
        return false;
    size_t used = log->rows > 0 ? log->ends[log->rows - 1] : 0;
    if (log->ids_room - used < row->count &&
        !grow(log, (void **)&log->ids, &log->ids_room, sizeof *log->ids, 16 * CLICK_LOG_ROW_FEATURES))
        return false;
    if (log->rows == log->rows_room) {
        size_t room = log->rows_room;
        if (!grow(log, (void **)&log->clicks, &room, sizeof *log->clicks, 1024))
            return false;
        room = log->rows_room;
        if (!grow(log, (void **)&log->ends, &room, sizeof *log->ends, 1024))
            return false;
        log->rows_room = room;
    }
    if (row->count > 0)
        memcpy(log->ids + used, row->ids, row->count * sizeof *row->ids);
    log->clicks[log->rows] = row->click;
    log->clicked += row->click;
    log->ends[log->rows++] = used + row->count;
    return true;
}

/* Crosses of the row's own features, those of each pair of fields in turn. */
static const char *add_crosses(struct feature_names *features, const struct field_rules *rules,
                               struct click_log_row *row, struct buf *name) {
    uint32_t own = row->count;
    for (size_t c = 0; c < rules->cross_count; c++) {
        for (uint32_t i = 0; i < own; i++) {
            if (!str_eq(feature_names_field(features, row->ids[i]), rules->crosses[c].left))
                continue;
            for (uint32_t j = 0; j < own; j++) {
                if (i == j || !str_eq(feature_names_field(features, row->ids[j]), rules->crosses[c].right))
                    continue;
                buf_clear(name, 2 * FEATURE_NAMES_BYTES);
                buf_add_str(name, feature_names_name(features, row->ids[i]));
                buf_add_char(name, '&');
                buf_add_str(name, feature_names_name(features, row->ids[j]));
                if (name->failed || name->n > FEATURE_NAMES_BYTES)
                    return "the name of a cross is too long";
                uint32_t id = feature_names_take(features, buf_view(name));
                if (id == FEATURE_NAMES_NONE)
                    return click_log_no_room;
                if (!click_log_row_add(row, id))
                    return click_log_row_full;
            }
        }
    }
    return NULL;
}

/* NULL, or what is wrong with the line. */
static const char *take_line(struct click_log *log, const struct click_log_options *options,
                             const struct click_log_svm *svm, struct str line, struct buf *name) {
    struct click_log_row row;
    row.count = 0;
    const char *wrong = NULL;
    switch (options->format) {
    case CLICK_LOG_SVM:
        wrong = click_log_svm_line(svm, line, &row);
        break;
    case CLICK_LOG_NDJSON:
        wrong = click_log_ndjson_line(log->features, &options->rules, line, &row);
        break;
    }
    if (!wrong)
        wrong = add_crosses(log->features, &options->rules, &row, name);
    if (!wrong && !add_row(log, &row))
        wrong = click_log_no_room;
    return wrong;
}

static bool read_lines(struct click_log *log, const struct click_log_options *options,
                       const struct click_log_svm *svm, struct lines *lines, char *error, size_t error_size) {
    char reason[160];
    struct buf name;
    buf_init(&name, 3 * FEATURE_NAMES_BYTES);
    struct str line;
    uint64_t number = 0;
    bool ok = true;
    while (ok) {
        int got = lines_next(lines, &line, reason, sizeof reason);
        if (got == 0)
            break;
        number++;
        const char *wrong = got < 0 ? reason : take_line(log, options, svm, line, &name);
        if (!wrong)
            continue;
        ok = (got > 0 || lines_too_long(lines)) && wrong != click_log_no_room &&
             ++log->bad <= options->most_bad;
        if (ok)
            fprintf(stderr, "%s:%llu: %s\n", options->path, (unsigned long long)number, wrong);
        else
            snprintf(error, error_size, "%s:%llu: %s%s", options->path, (unsigned long long)number, wrong,
                     log->bad > options->most_bad ? "; that is one bad line too many (--max-bad)" : "");
    }
    buf_cleanup(&name);
    return ok;
}

bool click_log_append(struct click_log *log, const struct click_log_options *options, char *error,
                      size_t error_size) {
    struct click_log_svm svm = {NULL, 0};
    struct lines *lines = NULL;
    bool ok = false;
    if (options->format == CLICK_LOG_SVM &&
        !click_log_svm_open(&svm, log->features, options, error, error_size))
        goto out;
    lines = lines_open(options->path, error, error_size);
    if (!lines)
        goto out;
    ok = read_lines(log, options, &svm, lines, error, error_size);
out:
    lines_close(lines);
    click_log_svm_cleanup(&svm);
    return ok;
}

bool click_log_read(struct click_log *log, const struct click_log_options *options, char *error,
                    size_t error_size) {
    *log = (struct click_log){.cap_bytes = options->cap_bytes};
    log->features = feature_names_create(options->cap_bytes);
    if (!log->features) {
        snprintf(error, error_size, "out of memory");
        return false;
    }
    return click_log_append(log, options, error, error_size);
}

void click_log_cleanup(struct click_log *log) {
    feature_names_destroy(log->features);
    free(log->ids);
    free(log->ends);
    free(log->clicks);
    *log = (struct click_log){.features = NULL};
}
