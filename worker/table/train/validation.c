/* Cross-validation and holdout; see validation.h. */
#include "train/validation.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const struct calibration uncalibrated = {1, 0};

struct score {
    double auc, loss, base_loss, calibrated_loss;
};

struct cross {
    const struct click_log *log;
    struct training_options options;
    uint32_t folds;
    uint8_t *part;                  /* by row: its fold */
    struct prediction *predictions; /* fold by fold, those of all repeats one behind the other */
    struct prediction *others;      /* room for one repeat */
    size_t *ends;                   /* of each fold in predictions */
    struct score *scores;           /* of each fold of each repeat */
    uint32_t features;              /* used in the last fold */
};

static size_t fold_begin(const struct cross *cross, uint32_t fold) {
    return fold > 0 ? cross->ends[fold - 1] : 0;
}

/* fold counts on over the repeats. */
static int run_fold(struct cross *cross, uint32_t fold) {
    uint8_t part = (uint8_t)(fold % cross->folds);
    struct trained trained;
    size_t from = fold_begin(cross, fold);
    int failed = training_learn(&trained, cross->log, &cross->options,
                                (struct training_rows){cross->part, part, false});
    if (failed == 0) {
        struct prediction *held_out = cross->predictions + from;
        size_t n =
            training_predict(&trained, cross->log, (struct training_rows){cross->part, part, true}, held_out);
        cross->ends[fold] = from + n;
        cross->features = trained.features;
        struct score *score = &cross->scores[fold];
        score->auc = predictions_auc(held_out, n);
        score->loss = predictions_log_loss(held_out, n, uncalibrated);
        score->base_loss = predictions_constant_log_loss(held_out, n, trained.base_rate);
    }
    trained_cleanup(&trained);
    return failed;
}

/* The log losses of a repeat, each fold calibrated on the others. */
static void calibrate_folds(struct cross *cross, uint32_t first) {
    for (uint32_t fold = first; fold < first + cross->folds; fold++) {
        size_t n = 0;
        for (uint32_t other = first; other < first + cross->folds; other++)
            if (other != fold)
                for (size_t i = fold_begin(cross, other); i < cross->ends[other]; i++)
                    cross->others[n++] = cross->predictions[i];
        struct calibration calibration = predictions_calibrate(cross->others, n);
        size_t from = fold_begin(cross, fold);
        cross->scores[fold].calibrated_loss =
            predictions_log_loss(cross->predictions + from, cross->ends[fold] - from, calibration);
    }
}

static double gain(double loss, double base_loss) {
    return 100 * (1 - loss / base_loss);
}

static void print_head(FILE *report) {
    fprintf(report, "fold    views clicks     auc  log loss  base rate    gain  calibrated    gain\n");
}

static void print_row(const char *name, size_t views, size_t clicks, struct score s, FILE *report) {
    fprintf(report, "%-6s %6zu %6zu  %.4f  %.6f   %.6f  %+5.2f%%    %.6f  %+5.2f%%\n", name, views, clicks,
            s.auc, s.loss, s.base_loss, gain(s.loss, s.base_loss), s.calibrated_loss,
            gain(s.calibrated_loss, s.base_loss));
}

static void report_cross(const struct cross *cross, uint32_t repeats, FILE *report) {
    uint32_t runs = cross->folds * repeats;
    struct score mean = {0, 0, 0, 0};
    double squares = 0;
    uint32_t with_auc = 0; /* folds that had both kinds */
    print_head(report);
    for (uint32_t fold = 0; fold < runs; fold++) {
        const struct score *s = &cross->scores[fold];
        size_t from = fold_begin(cross, fold), clicks = 0;
        for (size_t i = from; i < cross->ends[fold]; i++)
            clicks += cross->predictions[i].click;
        char name[32];
        snprintf(name, sizeof name, "%u", fold + 1);
        print_row(name, cross->ends[fold] - from, clicks, *s, report);
        if (!isnan(s->auc)) {
            mean.auc += s->auc;
            squares += s->auc * s->auc;
            with_auc++;
        }
        mean.loss += s->loss / runs;
        mean.base_loss += s->base_loss / runs;
        mean.calibrated_loss += s->calibrated_loss / runs;
    }
    mean.auc = with_auc ? mean.auc / with_auc : (double)NAN;
    double deviation = with_auc > 1 ? sqrt(fmax(squares / with_auc - mean.auc * mean.auc, 0)) : 0;
    print_row("mean", cross->log->rows / cross->folds, cross->log->clicked / cross->folds, mean, report);
    fprintf(report, "%u features were used; the AUC's standard deviation from fold to fold is %.4f\n",
            cross->features, deviation);
}

static int run_cross(struct cross *cross, uint32_t repeats) {
    for (uint32_t repeat = 0; repeat < repeats; repeat++) {
        cross->options.seed++;
        if (training_deal(cross->log, cross->folds, cross->options.seed, cross->part) != 0)
            return -1;
        for (uint32_t fold = 0; fold < cross->folds; fold++)
            if (run_fold(cross, repeat * cross->folds + fold) != 0)
                return -1;
        calibrate_folds(cross, repeat * cross->folds);
    }
    return 0;
}

int validation_cross(const struct click_log *log, const struct training_options *options, uint32_t folds,
                     uint32_t repeats, struct calibration *calibration, FILE *report) {
    size_t runs = (size_t)folds * repeats;
    struct cross cross = {.log = log, .options = *options, .folds = folds};
    cross.part = malloc(log->rows + 1);
    cross.predictions = calloc(log->rows * repeats + 1, sizeof *cross.predictions);
    cross.others = malloc((log->rows + 1) * sizeof *cross.others);
    cross.ends = calloc(runs, sizeof *cross.ends);
    cross.scores = calloc(runs, sizeof *cross.scores);
    int failed = -1;
    if (!cross.part || !cross.predictions || !cross.others || !cross.ends || !cross.scores)
        goto out;
    failed = run_cross(&cross, repeats);
    if (failed != 0)
        goto out;
    report_cross(&cross, repeats, report);
    *calibration = predictions_calibrate(cross.predictions, cross.ends[runs - 1]);
    fprintf(report, "calibration on views held out: a %.4f b %.4f\n", calibration->a, calibration->b);
out:
    free(cross.part);
    free(cross.predictions);
    free(cross.others);
    free(cross.ends);
    free(cross.scores);
    return failed;
}

/* 1 for each row from `first` on. */
static uint8_t *parts_from(const struct click_log *log, size_t first) {
    uint8_t *part = calloc(log->rows + 1, 1);
    if (part)
        memset(part + first, 1, log->rows - first);
    return part;
}

int validation_rest(const struct click_log *log, const struct trained *trained, size_t first,
                    struct calibration calibration, FILE *report) {
    uint8_t *part = parts_from(log, first);
    struct prediction *predictions = calloc(log->rows - first + 1, sizeof *predictions);
    bool ok = part && predictions;
    if (ok) {
        size_t n = training_predict(trained, log, (struct training_rows){part, 1, true}, predictions),
               clicks = 0;
        for (size_t i = 0; i < n; i++)
            clicks += predictions[i].click;
        double base_loss = predictions_constant_log_loss(predictions, n, trained->base_rate);
        double loss = predictions_log_loss(predictions, n, uncalibrated);
        fprintf(
            report,
            "%zu views not learned from, %zu clicks: auc %.4f, log loss %.6f, base rate's %.6f, gain %+.2f%%",
            n, clicks, predictions_auc(predictions, n), loss, base_loss, gain(loss, base_loss));
        if (calibration.a != 1 || calibration.b != 0) {
            loss = predictions_log_loss(predictions, n, calibration);
            fprintf(report, "; calibrated %.6f, gain %+.2f%%", loss, gain(loss, base_loss));
        }
        fprintf(report, "\n");
    }
    free(part);
    free(predictions);
    return ok ? 0 : -1;
}

int validation_holdout(const struct click_log *log, const struct training_options *options, double share,
                       FILE *report) {
    size_t first = log->rows - (size_t)((double)log->rows * share);
    uint8_t *part = parts_from(log, first);
    struct trained trained = {.ftrl = NULL};
    int failed = -1;
    if (part) {
        failed = training_learn(&trained, log, options, (struct training_rows){part, 1, false});
        if (failed == 0)
            failed = validation_rest(log, &trained, first, uncalibrated, report);
    }
    trained_cleanup(&trained);
    free(part);
    return failed;
}
