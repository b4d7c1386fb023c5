/* `slimbid-table train`; see train.h. */
#include "train.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/macros.h"
#include "base/options.h"
#include "validation.h"

struct train_options {
    const char *format, *features, *log, *output;
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
        {"seed", "N", "of the folds and of the order of views", OPTION_UINT, &o->seed, 0, 9e15},
        {"memory", "MB", "the most that the log may take", OPTION_UINT, &o->memory_mb, 1, 1 << 20},
        {"bad-lines", "N", "forgive so many", OPTION_UINT, &o->most_bad, 0, 9e15},
        {"strict", NULL, "forgive none", OPTION_FLAG, &o->strict, 0, 0},
    };
    const struct option_table table = {
        "slimbid-table train",
        "Learns weights of features from a click log: logistic regression by FTRL-Proximal.",
        "The weights are lines feature<TAB>weight. The features of our vocabulary (shared/table/target.h) "
        "are\n"
        "what a table is built with; those of other fields are kept in the file, and build ignores them.",
        rows, COUNT_OF(rows)};
    options_read(&table, argc, argv);
    if (!o->log)
        options_refuse(&table, "wants --log", NULL);
    bool svm = strcmp(o->format, "svm") == 0;
    if (!svm && strcmp(o->format, "ndjson") != 0)
        options_refuse(&table, "no such format", o->format);
    if (svm != (o->features != NULL))
        options_refuse(&table, "--features goes with --format svm, and it alone", NULL);
    if (!o->folds && !o->holdout && !o->output)
        options_refuse(&table, "wants --output, --folds or --holdout", NULL);
}

static void write_weights(const struct click_log *log, const struct trained *trained,
                          const struct calibration *calibration, FILE *file) {
    fprintf(file, "bias\t%.9g\n", ftrl_bias(trained->ftrl));
    if (calibration)
        fprintf(file, "calibration.a\t%.9g\ncalibration.b\t%.9g\n", calibration->a, calibration->b);
    for (uint32_t i = 0; i < feature_names_count(log->features); i++) {
        double weight = trained->used[i] ? ftrl_weight(trained->ftrl, i) : 0;
        struct str name = feature_names_name(log->features, i);
        if (weight != 0)
            fprintf(file, "%.*s\t%.9g\n", STR_ARG(name), weight);
    }
}

/* Writes the file beside its place, then renames it. */
static int put_weights(const struct click_log *log, const struct trained *trained,
                       const struct calibration *calibration, const char *path) {
    char temporary[4096];
    int n = snprintf(temporary, sizeof temporary, "%s.new", path);
    FILE *file = n > 0 && (size_t)n < sizeof temporary ? fopen(temporary, "we") : NULL;
    if (!file) {
        fprintf(stderr, "slimbid-table: %s: %s\n", path, strerror(errno));
        return 1;
    }
    write_weights(log, trained, calibration, file);
    bool failed = ferror(file) != 0 || fflush(file) != 0 || fsync(fileno(file)) != 0;
    failed = fclose(file) != 0 || failed;
    if (failed || rename(temporary, path) != 0) {
        fprintf(stderr, "slimbid-table: %s: %s\n", path, strerror(errno));
        unlink(temporary);
        return 1;
    }
    return 0;
}

/* 0, 1 (failed and told), -1: out of memory. */
static int train(const struct train_options *o, const struct click_log *log) {
    struct training_options options = {.ftrl = {o->alpha, o->beta, o->l1, o->l2},
                                       .passes = (uint32_t)o->passes,
                                       .least_rows = (uint32_t)o->least_rows,
                                       .seed = o->seed};
    struct calibration calibration = {1, 0};
    if (o->folds &&
        validation_cross(log, &options, (uint32_t)o->folds, (uint32_t)o->repeats, &calibration, stdout) != 0)
        return -1;
    if (o->holdout > 0 && validation_holdout(log, &options, o->holdout, stdout) != 0)
        return -1;
    if (!o->output)
        return 0;
    struct trained trained;
    int failed = training_learn(&trained, log, &options, (struct training_rows){NULL, 0, true});
    if (failed == 0)
        failed = put_weights(log, &trained, o->folds ? &calibration : NULL, o->output);
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
    char error[512] = "out of memory";
    int status = -1;
    if (!field_rules_read(&log_options.rules, &o.maps, &o.drops, &o.crosses, error, sizeof error))
        goto out;
    if (!click_log_read(&log, &log_options, error, sizeof error))
        goto out;
    if (log.clicked == 0 || log.clicked == log.rows) {
        snprintf(error, sizeof error, "%s: %zu views, %zu clicks: nothing to learn", o.log, log.rows,
                 log.clicked);
        goto out;
    }
    printf("%zu views, %zu clicks (%.3f %%), %u features, %llu bad lines\n", log.rows, log.clicked,
           100 * (double)log.clicked / (double)log.rows, feature_names_count(log.features),
           (unsigned long long)log.bad);
    status = train(&o, &log);
    if (status < 0)
        snprintf(error, sizeof error, "out of memory");
out:
    if (status < 0)
        fprintf(stderr, "slimbid-table: %s\n", error);
    click_log_cleanup(&log);
    return status == 0 ? 0 : 1;
}
