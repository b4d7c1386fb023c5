/* `slimbid-table train`; see train.h. */
#include "train/train.h"

#include <stdio.h>
#include <string.h>

#include "base/macros.h"
#include "base/options.h"
#include "train/trained_weights.h"
#include "train/validation.h"

struct train_options {
    const char *format, *features, *log, *output, *test;
    struct option_texts maps, drops, crosses;
    double alpha, beta, l1, l2, holdout;
    uint64_t passes, least_rows, folds, repeats, seed, memory_mb, most_bad;
    bool strict;
};

static const struct train_options defaults = {
    .format = "ndjson",
    .alpha = 0.05,
    .beta = 1,
    .l1 = 2,
    .l2 = 5,
    .passes = 10,
    .least_rows = 2,
    .seed = 1,
    .repeats = 1,
    .memory_mb = 1024,
    .most_bad = 1000,
};

static void read_options(struct train_options *o, int argc, char **argv) {
    const struct option_row rows[] = {
        {"log", "FILE", "the click log; .xz is read through xz, - is standard input", OPTION_TEXT, &o->log, 0,
         0},
        {"format", "NAME", "ndjson (default) or svm", OPTION_TEXT, &o->format, 0, 0},
        {"features", "FILE", "of svm: lines field:value<TAB>id", OPTION_TEXT, &o->features, 0, 0},
        {"output", "FILE", "the weights; without it nothing is written", OPTION_TEXT, &o->output, 0, 0},
        {"map", "FIELD=TARGET[=PREFIX]", "what the log calls FIELD is TARGET; PREFIX goes before values",
         OPTION_EACH, &o->maps, 0, 0},
        {"drop", "FIELD", "leave this field out", OPTION_EACH, &o->drops, 0, 0},
        {"cross", "LEFT*RIGHT", "pairs of values of these fields (as mapped) are features too", OPTION_EACH,
         &o->crosses, 0, 0},
        {"alpha", "X", "learning rate", OPTION_NUMBER, &o->alpha, 1e-6, 1e3},
        {"beta", "X", "softens the first steps", OPTION_NUMBER, &o->beta, 0, 1e6},
        {"l1", "X", "weights with less evidence are 0", OPTION_NUMBER, &o->l1, 0, 1e6},
        {"l2", "X", "draws weights to 0", OPTION_NUMBER, &o->l2, 0, 1e6},
        {"passes", "N", "over the log", OPTION_UINT, &o->passes, 1, 10000},
        {"least-rows", "N", "features of fewer views are left out", OPTION_UINT, &o->least_rows, 1, 1e9},
        {"folds", "K", "cross-validate in K parts and calibrate", OPTION_UINT, &o->folds, 2,
         VALIDATION_MOST_FOLDS},
        {"repeats", "N", "deal the folds N times", OPTION_UINT, &o->repeats, 1, 100},
        {"holdout", "SHARE", "report on the log's last part, learned from its first", OPTION_NUMBER,
         &o->holdout, 0.001, 0.999},
        {"test", "FILE", "report on another log of the same format, not learned from", OPTION_TEXT, &o->test,
         0, 0},
        {"seed", "N", "of the folds and of the order of views", OPTION_UINT, &o->seed, 0, 9e15},
        {"memory", "MB", "the most that the log may take", OPTION_UINT, &o->memory_mb, 1, 1 << 20},
        {"max-bad", "N", "end when more lines are bad", OPTION_UINT, &o->most_bad, 0, 9e15},
        {"strict", NULL, "end at the first bad line", OPTION_FLAG, &o->strict, 0, 0},
    };
    const struct option_table table = {
        "slimbid-table train",
        "Learns weights of features from a click log: logistic regression by FTRL-Proximal.",
        "A feature of our vocabulary (shared/table/target.h) is what a table is built with; those of other\n"
        "fields stand in the output as comments. docs/train.md tells more.",
        rows, COUNT_OF(rows)};
    options_read(&table, argc, argv);
    if (!o->log)
        options_refuse(&table, "wants --log", NULL);
    bool svm = strcmp(o->format, "svm") == 0;
    if (!svm && strcmp(o->format, "ndjson") != 0)
        options_refuse(&table, "no such format", o->format);
    if (svm != (o->features != NULL))
        options_refuse(&table, "--features goes with --format svm, and it alone", NULL);
    if (!o->folds && !o->holdout && !o->output && !o->test)
        options_refuse(&table, "wants --output, --folds, --holdout or --test", NULL);
}

/* ---- the steps: each 0, or -1 with the reason in error ---- */

#define ERROR_BYTES 512

static int no_memory(char *error) {
    snprintf(error, ERROR_BYTES, "out of memory");
    return -1;
}

static int read_log(struct click_log *log, const struct click_log_options *options, char *error) {
    if (!click_log_read(log, options, error, ERROR_BYTES))
        return -1;
    if (log->clicked == 0 || log->clicked == log->rows) {
        snprintf(error, ERROR_BYTES, "%s: %zu views, %zu clicks: nothing to learn", options->path, log->rows,
                 log->clicked);
        return -1;
    }
    printf("%zu views, %zu clicks (%.3f %%), %u features, %llu bad lines\n", log->rows, log->clicked,
           100 * (double)log->clicked / (double)log->rows, feature_names_count(log->features),
           (unsigned long long)log->bad);
    return 0;
}

static int put_weights(const struct train_options *o, const struct click_log *log,
                       const struct trained *trained, struct calibration calibration, char *error) {
    struct trained_weights_counts counts;
    if (trained_weights_put(log, trained, o->folds ? &calibration : NULL, o->output, &counts, error,
                            ERROR_BYTES) != 0)
        return -1;
    printf("%s: %u weights that a table uses, %u others as comments\n", o->output, counts.used,
           counts.commented);
    return 0;
}

/* Reads the other log behind the one that was learned from. */
static int test(struct click_log *log, struct click_log_options options, const struct trained *trained,
                const char *path, struct calibration calibration, char *error) {
    size_t first = log->rows;
    options.path = path;
    if (!click_log_append(log, &options, error, ERROR_BYTES))
        return -1;
    return validation_rest(log, trained, first, calibration, stdout) == 0 ? 0 : no_memory(error);
}

static int learn(const struct train_options *o, struct click_log *log,
                 const struct click_log_options *log_options, char *error) {
    struct training_options options = {.ftrl = {o->alpha, o->beta, o->l1, o->l2},
                                       .passes = (uint32_t)o->passes,
                                       .least_rows = (uint32_t)o->least_rows,
                                       .seed = o->seed};
    struct calibration calibration = {1, 0};
    if (o->folds &&
        validation_cross(log, &options, (uint32_t)o->folds, (uint32_t)o->repeats, &calibration, stdout) != 0)
        return no_memory(error);
    if (o->holdout > 0 && validation_holdout(log, &options, o->holdout, stdout) != 0)
        return no_memory(error);
    if (!o->output && !o->test)
        return 0;
    struct trained trained;
    int failed = training_learn(&trained, log, &options, (struct training_rows){NULL, 0, true});
    if (failed != 0)
        failed = no_memory(error);
    if (failed == 0 && o->output)
        failed = put_weights(o, log, &trained, calibration, error);
    if (failed == 0 && o->test)
        failed = test(log, *log_options, &trained, o->test, calibration, error);
    trained_cleanup(&trained);
    return failed;
}

int table_train_run(int argc, char **argv) {
    struct train_options o = defaults;
    read_options(&o, argc, argv);
    struct click_log_options log_options = {
        .format = strcmp(o.format, "svm") == 0 ? CLICK_LOG_SVM : CLICK_LOG_NDJSON,
        .path = o.log,
        .names_path = o.features,
        .cap_bytes = (size_t)o.memory_mb << 20,
        .most_bad = o.strict ? 0 : o.most_bad,
    };
    struct click_log log = {.features = NULL};
    char error[ERROR_BYTES];
    int failed = -1;
    if (field_rules_read(&log_options.rules, &o.maps, &o.drops, &o.crosses, error, sizeof error) &&
        read_log(&log, &log_options, error) == 0)
        failed = learn(&o, &log, &log_options, error);
    if (failed)
        fprintf(stderr, "slimbid-table: %s\n", error);
    click_log_cleanup(&log);
    return failed ? 1 : 0;
}
