/* The model: what counts for an ad, for a request, for both; calibration; bad files. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "builder/weights.h"
#include "scratch_file.h"

#define BITS       10u
#define CROSS_BITS 8u

static char error[300];
static struct table_header header;

static struct weights *load(const char *text) {
    struct scratch_file file;
    scratch_file_write(&file, text, strlen(text));
    error[0] = '\0';
    struct weights *weights = weights_load(file.path, BITS, CROSS_BITS, error, sizeof error);
    scratch_file_remove(&file);
    if (!weights) { /* the path is a new one each time */
        assert_int_equal(strncmp(error, file.path, strlen(file.path)), 0);
        memmove(error, error + strlen(file.path), strlen(error + strlen(file.path)) + 1);
    }
    return weights;
}

static struct weights *load_good(const char *text) {
    struct weights *weights = load(text);
    if (!weights)
        fail_msg("%s", error);
    return weights;
}

/* The ad's z; line as in ads.md. */
static void assert_z(const struct weights *weights, const char *line, double wanted) {
    struct ad_reader *reader = ad_reader_create();
    struct ad ad;
    assert_non_null(reader);
    if (ad_read(reader, str_from(line), &ad, error, sizeof error) != 0)
        fail_msg("%s", error);
    double z = (double)weights_of_ad(weights, &ad);
    if (fabs(z - wanted) > 1e-6)
        fail_msg("%g instead of %g", z, wanted);
    ad_reader_destroy(reader);
}

static float request_weight(const float *section, enum target target, struct str value) {
    return section[target_hash(target, value) >> (64 - BITS)];
}

static float cross_weight(const float *section, enum table_cross cross, struct str campaign,
                          enum target target, struct str value) {
    uint64_t key = target_cross((uint32_t)hash_bytes(campaign, 0), target_hash(target, value));
    return section[(1u << BITS) + ((size_t)cross << CROSS_BITS) + (key >> (64 - CROSS_BITS))];
}

static const char ad_line[] =
    "{\"id\":\"a\",\"campaign\":\"c1\",\"media\":\"banner\",\"sizes\":[\"300x250\",\"728x90\"],\"adm\":\"x\","
    "\"price\":1,\"adomain\":\"Shop.example\",\"crid\":\"cr1\",\"cat\":[\"IAB1-3\",\"IAB1-4\"]}";

static void an_ad_sums_what_it_is(void **state) {
    (void)state;
    struct weights *weights = load_good("# remark\n\nbias\t-4\ncampaign=c1\t0.5\ncampaign=c2\t9\n"
                                        "advertiser=shop.example\t0.25\ncreative=cr1\t1\nmedia=banner\t2\n"
                                        "media=video\t9\nsize=300x250\t0.5\nsize=728x90\t0.25\n"
                                        "adcategory=1:IAB1\t0.125\nadcategory=1:IAB1-3\t0.0625\n");
    assert_z(weights, ad_line, -4 + 0.5 + 0.25 + 1 + 2 + 0.375 + 0.125 + 0.0625);
    weights_destroy(weights);
    weights_destroy(NULL);
}

static void requests_and_crosses_lie_by_their_hashes(void **state) {
    (void)state;
    size_t count = 0;
    struct weights *weights =
        load_good("country=DEU\t0.5\ninventory=domain:a.example\t-0.25\nhour=13\t0.125\n"
                  "campaign=c1&inventory=domain:y\t1.5\ncampaign=c1&device_type=4\t-2\n"
                  "campaign=a&b=c&hour=13\t0.75\ncampaign=x&y\t3\n");
    const float *section = weights_section(weights, &header, &count);
    assert_int_equal(count, (1u << BITS) + TABLE_CROSSES * (1u << CROSS_BITS));
    assert_int_equal(header.weight_bits, BITS);
    assert_int_equal(header.cross_bits, CROSS_BITS);
    assert_true(request_weight(section, TARGET_COUNTRY, STR("DEU")) == 0.5f);
    assert_true(request_weight(section, TARGET_INVENTORY, STR("domain:a.example")) == -0.25f);
    assert_true(request_weight(section, TARGET_HOUR, STR("13")) == 0.125f);
    assert_true(cross_weight(section, TABLE_CROSS_INVENTORY, STR("c1"), TARGET_INVENTORY, STR("domain:y")) ==
                1.5f);
    assert_true(cross_weight(section, TABLE_CROSS_DEVICE_TYPE, STR("c1"), TARGET_DEVICE_TYPE, STR("4")) ==
                -2.0f);
    assert_true(cross_weight(section, TABLE_CROSS_HOUR, STR("a&b=c"), TARGET_HOUR, STR("13")) == 0.75f);
    assert_true(header.cross_max[TABLE_CROSS_INVENTORY] == 1.5f);
    assert_true(header.cross_max[TABLE_CROSS_DEVICE_TYPE] == 0.0f); /* at least 0 */
    assert_true(header.cross_max[TABLE_CROSS_HOUR] == 0.75f);
    weights_destroy(weights);
}

static void features_that_meet_add_up(void **state) {
    (void)state;
    char text[4000];
    size_t n = 0, count = 0;
    double sum = 0;
    for (int i = 0; i < 100; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "keyword=k%d\t%d\n", i, i % 3);
    struct scratch_file file;
    scratch_file_write(&file, text, n);
    struct weights *weights = weights_load(file.path, 1, 1, error, sizeof error);
    scratch_file_remove(&file);
    assert_non_null(weights);
    const float *section = weights_section(weights, &header, &count);
    for (size_t i = 0; i < 2; i++)
        sum += (double)section[i];
    assert_true(sum == 99);
    weights_destroy(weights);
}

static void calibration_changes_all_of_it(void **state) {
    (void)state;
    size_t count = 0;
    struct weights *weights = load_good("calibration.a\t0.5\nbias\t-4\ncampaign=c1\t1\ncountry=DEU\t3\n"
                                        "campaign=c1&hour=1\t2\ncalibration.b\t0.25\n");
    assert_z(weights, ad_line, 0.5 * -3 + 0.25);
    const float *section = weights_section(weights, &header, &count);
    assert_true(request_weight(section, TARGET_COUNTRY, STR("DEU")) == 1.5f);
    assert_true(header.cross_max[TABLE_CROSS_HOUR] == 1.0f);
    weights_destroy(weights);
}

static void without_a_model_all_is_0(void **state) {
    (void)state;
    size_t count = 0;
    struct weights *weights = weights_load(NULL, BITS, CROSS_BITS, error, sizeof error);
    assert_non_null(weights);
    assert_z(weights, ad_line, 0);
    const float *section = weights_section(weights, &header, &count);
    assert_int_equal(count, 2 + 2 * TABLE_CROSSES);
    for (size_t i = 0; i < count; i++)
        assert_true(section[i] == 0);
    weights_destroy(weights);
}

static void what_is_too_much_is_cut(void **state) {
    (void)state;
    struct weights *weights = load_good("bias\t90\ncampaign=c1\t90\n");
    assert_z(weights, ad_line, 100);
    weights_destroy(weights);
}

static void bad_files_are_refused(void **state) {
    (void)state;
    static const struct {
        const char *text, *error;
    } cases[] = {
        {"bias", ":1: must be a feature, a tab and its weight"},
        {"bias\t", ":1: must be a number from -100 to 100: \"\""},
        {"bias\tx", ":1: must be a number from -100 to 100: \"x\""},
        {"bias\tnan", ":1: must be a number from -100 to 100: \"nan\""},
        {"bias\t101", ":1: must be a number from -100 to 100: \"101\""},
        {"\nbias\t1\nbias\t1", ":3: a feature twice: \"bias\""},
        {"country=DEU\t1\ncountry=DEU\t1", ":2: a feature twice: \"country=DEU\""},
        {"campaign=c\t1\ncampaign=c\t1", ":2: a feature twice: \"campaign=c\""},
        {"planet=earth\t1", ":1: unknown feature: \"planet=earth\""},
        {"country=\t1", ":1: unknown feature: \"country=\""},
        {"country\t1", ":1: unknown feature: \"country\""},
        {"\t1", ":1: unknown feature: \"\""},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_null(load(cases[i].text));
        if (strcmp(error, cases[i].error) != 0)
            fail_msg("\"%s\" instead of \"%s\"", error, cases[i].error);
    }
    assert_null(weights_load("/nowhere/weights", BITS, CROSS_BITS, error, sizeof error));
    assert_string_equal(error, "/nowhere/weights: No such file or directory");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_ad_sums_what_it_is),
        cmocka_unit_test(requests_and_crosses_lie_by_their_hashes),
        cmocka_unit_test(features_that_meet_add_up),
        cmocka_unit_test(calibration_changes_all_of_it),
        cmocka_unit_test(without_a_model_all_is_0),
        cmocka_unit_test(what_is_too_much_is_cut),
        cmocka_unit_test(bad_files_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
