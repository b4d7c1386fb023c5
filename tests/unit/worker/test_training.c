/* Folds, leaving out rare features, reports, and the weights file that a table is built with. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../scratch_file.h"
#include "base/prng.h"
#include "builder/weights.h"
#include "train/trained_weights.h"
#include "train/validation.h"

struct fixture {
    struct scratch_file file;
    struct click_log log;
    struct training_options options;
    char error[300];
};

/* 6,000 views: country USA clicks in 20 %, DEU in 5 %; a page of each view is seen once only. */
static int set_up(void **state) {
    struct fixture *f = calloc(1, sizeof *f);
    struct buf text;
    struct prng prng;
    assert_non_null(f);
    prng_seed(&prng, 2);
    buf_init(&text, 4u << 20);
    for (int i = 0; i < 6000; i++) {
        bool usa = prng_next(&prng) % 2;
        buf_printf(&text, "{\"click\":%d,\"features\":[\"country=%s\",\"page=%d\",\"slotprice=%d\"]}\n",
                   prng_double(&prng) < (usa ? 0.2 : 0.05), usa ? "USA" : "DEU", i, usa);
    }
    scratch_file_write(&f->file, text.p, text.n);
    buf_cleanup(&text);
    const struct click_log_options options = {
        .format = CLICK_LOG_NDJSON, .path = f->file.path, .cap_bytes = 16u << 20};
    assert_true(click_log_read(&f->log, &options, f->error, sizeof f->error));
    f->options = (struct training_options){
        .ftrl = {.alpha = 0.1, .beta = 1, .l1 = 0.5, .l2 = 1}, .passes = 3, .least_rows = 2, .seed = 1};
    *state = f;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *f = *state;
    click_log_cleanup(&f->log);
    scratch_file_remove(&f->file);
    free(f);
    return 0;
}

static void folds_share_clicks(void **state) {
    struct fixture *f = *state;
    uint8_t *part = malloc(f->log.rows), *again = malloc(f->log.rows), *other = malloc(f->log.rows);
    size_t rows[7] = {0}, clicks[7] = {0};
    assert_int_equal(training_deal(&f->log, 7, 1, part), 0);
    assert_int_equal(training_deal(&f->log, 7, 1, again), 0);
    assert_int_equal(training_deal(&f->log, 7, 2, other), 0);
    assert_memory_equal(part, again, f->log.rows);
    assert_memory_not_equal(part, other, f->log.rows);
    for (size_t i = 0; i < f->log.rows; i++) {
        assert_true(part[i] < 7);
        rows[part[i]]++;
        clicks[part[i]] += f->log.clicks[i];
    }
    for (size_t i = 0; i < 7; i++) {
        assert_true(rows[i] + 2 >= f->log.rows / 7 && rows[i] <= f->log.rows / 7 + 2);
        assert_true(clicks[i] + 1 >= f->log.clicked / 7 && clicks[i] <= f->log.clicked / 7 + 1);
    }
    free(part);
    free(again);
    free(other);
}

static void rare_features_are_left_out(void **state) {
    struct fixture *f = *state;
    struct trained trained;
    assert_int_equal(training_learn(&trained, &f->log, &f->options, (struct training_rows){NULL, 0, true}),
                     0);
    assert_int_equal(trained.features, 4); /* two countries, two prices, no page */
    assert_int_equal(trained.rows, 6000);
    trained_cleanup(&trained);
    f->options.least_rows = 1;
    assert_int_equal(training_learn(&trained, &f->log, &f->options, (struct training_rows){NULL, 0, true}),
                     0);
    assert_int_equal(trained.features, 6004);
    trained_cleanup(&trained);
}

static void a_seed_repeats(void **state) {
    struct fixture *f = *state;
    struct trained a, b;
    assert_int_equal(training_learn(&a, &f->log, &f->options, (struct training_rows){NULL, 0, true}), 0);
    assert_int_equal(training_learn(&b, &f->log, &f->options, (struct training_rows){NULL, 0, true}), 0);
    for (uint32_t i = 0; i < a.known; i++)
        assert_true(ftrl_weight(a.ftrl, i) == ftrl_weight(b.ftrl, i));
    trained_cleanup(&a);
    trained_cleanup(&b);
}

static void cross_validation_reports(void **state) {
    struct fixture *f = *state;
    char *text = NULL;
    size_t n = 0;
    struct calibration calibration;
    FILE *report = open_memstream(&text, &n);
    assert_non_null(report);
    assert_int_equal(validation_cross(&f->log, &f->options, 5, 2, &calibration, report), 0);
    assert_int_equal(validation_holdout(&f->log, &f->options, 0.25, report), 0);
    fclose(report);
    const char *mean = strstr(text, "\nmean");
    assert_non_null(mean);
    size_t views = 0, clicks = 0;
    double auc = 0, loss = 0, base = 0;
    assert_int_equal(sscanf(mean, " mean %zu %zu %lf %lf %lf", &views, &clicks, &auc, &loss, &base), 5);
    assert_int_equal(views, 1200);
    assert_true(auc > 0.63 && auc < 0.75); /* the two countries apart: about 0.67 */
    assert_true(loss < base);
    assert_true(calibration.a > 0.8 && calibration.a < 1.25);
    assert_non_null(strstr(text, "\n10 "));
    assert_non_null(strstr(text, "1500 views not learned from"));
    free(text);
}

static void what_a_table_knows(void **state) {
    (void)state;
    static const char *const known[] = {"country=USA",
                                        "hour=3",
                                        "campaign=c1",
                                        "creative=cr=2",
                                        "size=300x250",
                                        "media=video",
                                        "adcategory=1:IAB1",
                                        "campaign=c1&inventory=domain:a.example",
                                        "campaign=c&device_type=2",
                                        "campaign=a&b&hour=0",
                                        "city=berlin",
                                        "slot=s&p"};
    static const char *const unknown[] = {"slotprice=1",
                                          "countryx=USA",
                                          "country",
                                          "country=",
                                          "hour=3&country=USA",
                                          "campaign=c1&country=USA",
                                          "slotprice=1&hour=3",
                                          "",
                                          "bias",
                                          "IP=1.2.3.*"};
    for (size_t i = 0; i < COUNT_OF(known); i++)
        assert_true(trained_weights_known(str_from(known[i])));
    for (size_t i = 0; i < COUNT_OF(unknown); i++)
        assert_false(trained_weights_known(str_from(unknown[i])));
}

static void weights_are_read_by_the_builder(void **state) {
    struct fixture *f = *state;
    struct trained trained;
    struct trained_weights_counts counts;
    struct scratch_file file;
    char text[4000];
    scratch_file_write(&file, "", 0);
    assert_int_equal(training_learn(&trained, &f->log, &f->options, (struct training_rows){NULL, 0, true}),
                     0);
    const struct calibration calibration = {0.5, -1};
    assert_int_equal(
        trained_weights_put(&f->log, &trained, &calibration, file.path, &counts, f->error, sizeof f->error),
        0);
    assert_int_equal(counts.used, 2);
    assert_int_equal(counts.commented, 2);
    FILE *in = fopen(file.path, "r");
    assert_non_null(in);
    text[fread(text, 1, sizeof text - 1, in)] = '\0';
    fclose(in);
    assert_non_null(strstr(text, "\ncountry=USA\t"));
    assert_non_null(strstr(text, "\n# slotprice=1\t"));
    assert_non_null(strstr(text, "\ncalibration.a\t0.5\ncalibration.b\t-1\n"));
    struct weights *weights = weights_load(file.path, 10, 10, f->error, sizeof f->error);
    assert_non_null(weights);
    weights_destroy(weights);
    assert_int_equal(
        trained_weights_put(&f->log, &trained, NULL, "/nowhere/weights", &counts, f->error, sizeof f->error),
        1);
    assert_non_null(strstr(f->error, "/nowhere/weights"));
    trained_cleanup(&trained);
    scratch_file_remove(&file);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(folds_share_clicks),
        TEST(rare_features_are_left_out),
        TEST(a_seed_repeats),
        TEST(cross_validation_reports),
        cmocka_unit_test(what_a_table_knows),
        TEST(weights_are_read_by_the_builder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
