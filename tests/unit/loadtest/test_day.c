/* A day of campaigns with the real ledger and the real pacing: the spend of each keeps to its plan. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "day/day_plot.h"
#include "day/day_run.h"

#define AUCTIONS 1e6
#define RECORDED SHARED_DATA "/ipinyou/imp.20130606.part.txt.xz"

static struct day *play(struct day_traffic *traffic, enum pacing how, uint32_t campaigns) {
    char error[DAY_ERROR_BYTES] = "";
    struct day *day = calloc(1, sizeof(*day));
    assert_non_null(day);
    day->options = (struct day_options){.how = how, .campaigns = campaigns, .hold_s = 900, .seed = 7};
    day->traffic = traffic;
    day_make_campaigns(day);
    if (day_run(day, error, sizeof(error)) != 0)
        fail_msg("%s", error);
    assert_string_equal(day->fault, "");
    return day;
}

static void keeps_to_the_plans(const struct day *day) {
    assert_true(day_largest_gap(day) <= 0.05);
    for (uint32_t c = 0; c < day->options.campaigns; c++) {
        const struct day_course *course = day->courses + c;
        const struct day_campaign *campaign = day->campaigns + c;
        assert_true(course->spent <= campaign->budget && course->views > 0);
        if (day_is_short(campaign)) /* it took what there was */
            assert_true(course->full > 0.95);
        else if (campaign->begins <= 64800)
            assert_true((double)course->spent >= 0.95 * (double)campaign->budget);
        else /* four times as fast as over a day */
            assert_float_equal((double)course->spent / (double)campaign->budget,
                               4 * (1 - campaign->begins / DAY_SECONDS), 0.02);
    }
}

static void a_day_of_the_built_in_curve(void **state) {
    (void)state;
    struct day_traffic traffic;
    day_traffic_init(&traffic, AUCTIONS, 7);
    struct day *day = play(&traffic, PACING_EVEN, 10);
    keeps_to_the_plans(day);
    assert_true(day->auctions > 0.98 * AUCTIONS && day->auctions < 1.02 * AUCTIONS);
    free(day);
}

static void a_day_of_recorded_traffic(void **state) {
    (void)state;
    struct day_traffic traffic;
    char error[DAY_ERROR_BYTES] = "";
    if (access(RECORDED, R_OK) != 0) {
        print_message("skipped: there is no %s\n", RECORDED);
        skip();
    }
    day_traffic_init(&traffic, AUCTIONS, 7);
    if (day_traffic_load(&traffic, RECORDED, error, sizeof(error)) != 0)
        fail_msg("%s", error);
    assert_int_equal(traffic.count, 10000);
    struct day *day = play(&traffic, PACING_EVEN, 10);
    keeps_to_the_plans(day);
    day_traffic_cleanup(&traffic);
    free(day);
}

/* All budgets are gone before noon, but for those that begin later. */
static void a_day_as_fast_as_possible(void **state) {
    (void)state;
    struct day_traffic traffic;
    day_traffic_init(&traffic, AUCTIONS, 7);
    struct day *day = play(&traffic, PACING_ASAP, 10);
    for (uint32_t c = 0; c < 10; c++)
        if (!day_is_short(day->campaigns + c) && day->campaigns[c].begins == 0 &&
            day->campaigns[c].seen > 0.6)
            assert_true(day->courses[c].samples[DAY_SAMPLES / 2].won >= 0.9);
    free(day);
}

static void a_drawing_has_a_panel_for_each(void **state) {
    (void)state;
    struct day_traffic traffic;
    char path[] = "/tmp/slimbid-day-XXXXXX", *text;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    day_traffic_init(&traffic, 10000, 7);
    struct day *day = play(&traffic, PACING_EVEN, 13);
    assert_int_equal(day_plot(day, path), 0);
    assert_int_equal(day_plot(day, "/nowhere/at/all"), -1);
    assert_non_null(text = calloc(1, 1 << 20));
    assert_true(read(fd, text, (1 << 20) - 1) > 0);
    size_t panels = 0, lines = 0;
    for (const char *p = text; (p = strstr(p, "<g transform")) != NULL; p++)
        panels++;
    for (const char *p = text; (p = strstr(p, "<polyline")) != NULL; p++)
        lines++;
    assert_int_equal(panels, 13);
    assert_int_equal(lines, 4 * 13);
    assert_non_null(strstr(text, "narrow 2"));
    assert_non_null(strstr(text, "</svg>"));
    close(fd);
    unlink(path);
    free(text);
    free(day);
}

static void what_is_no_log_is_refused(void **state) {
    (void)state;
    struct day_traffic traffic;
    char error[DAY_ERROR_BYTES] = "";
    day_traffic_init(&traffic, AUCTIONS, 7);
    assert_int_equal(day_traffic_load(&traffic, "/nowhere/at/all", error, sizeof(error)), -1);
    assert_true(error[0] != '\0');
    assert_int_equal(day_traffic_load(&traffic, "/dev/null", error, sizeof(error)), -1);
    assert_non_null(strstr(error, "fewer than"));
    assert_int_equal(traffic.count, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_day_of_the_built_in_curve), cmocka_unit_test(a_day_of_recorded_traffic),
        cmocka_unit_test(a_day_as_fast_as_possible),   cmocka_unit_test(a_drawing_has_a_panel_for_each),
        cmocka_unit_test(what_is_no_log_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
