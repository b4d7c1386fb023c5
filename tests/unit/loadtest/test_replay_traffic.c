/* Loading of traffic: files, xz, what is skipped, the order of time; and all recorded data, where it is
 * there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/lines.h"
#include "base/macros.h"
#include "replay/replay_traffic.h"

static char error[300];

/* A file of that content and name ending; the caller unlinks and frees. */
static char *write_file(const void *content, size_t n, const char *ending) {
    char *path = malloc(64);
    assert_non_null(path);
    snprintf(path, 64, "./traffic-XXXXXX%s", ending);
    int fd = mkstemps(path, (int)strlen(ending));
    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, n), (ssize_t)n);
    close(fd);
    return path;
}

static void drop_file(char *path) {
    unlink(path);
    free(path);
}

static int load(struct traffic *traffic, enum traffic_source source, const char *path) {
    struct traffic_options options = {.source = source, .path = path, .tmax_ms = 100};
    return traffic_load(traffic, &options, error, sizeof error);
}

static void ndjson_is_taken_as_it_is(void **state) {
    (void)state;
    static const char text[] = "{\"id\":\"1\",\"imp\":[{\"id\":\"1\",\"banner\":{\"w\":1,\"h\":1}}],\"site\":"
                               "{\"id\":\"s\"},\"tmax\":77}\r\n"
                               "\n"
                               "not a request";
    struct traffic traffic;
    char *path = write_file(text, sizeof text - 1, "");
    assert_int_equal(load(&traffic, TRAFFIC_NDJSON, path), 0);
    assert_int_equal(traffic.count, 2);
    assert_int_equal(traffic.invalid, 1);
    assert_non_null(strstr(traffic.first_invalid, "line 3"));
    assert_int_equal(traffic.items[0].tmax_ms, 77);
    assert_int_equal(traffic.items[0].id_end, strlen("{\"id\":\"1"));
    assert_int_equal(traffic.items[1].tmax_ms, 0);
    assert_true(str_eq(traffic.items[1].json, STR("not a request")));
    traffic_cleanup(&traffic);
    drop_file(path);
}

static void requests_are_put_in_the_order_of_time(void **state) {
    (void)state;
    static const char text[] =
        "{\"id\":\"late\",\"timestamp\":100.5,\"spots\":[{\"id\":\"1\",\"formats\":[\"1x1\"]}]}\n"
        "broken\n"
        "{\"id\":\"early\",\"timestamp\":100.25,\"spots\":[{\"id\":\"1\",\"formats\":[\"1x1\"]}]}\n";
    struct traffic traffic;
    char *path = write_file(text, sizeof text - 1, "");
    assert_int_equal(load(&traffic, TRAFFIC_RTBKIT, path), 0);
    assert_int_equal(traffic.count, 2);
    assert_int_equal(traffic.skipped, 1);
    assert_non_null(strstr(traffic.first_skip, "line 2"));
    assert_int_equal(traffic.items[0].at_us, 0);
    assert_int_equal(traffic.items[1].at_us, 250000);
    assert_true(str_starts(traffic.items[0].json, STR("{\"id\":\"early\"")));
    traffic_cleanup(&traffic);
    drop_file(path);
}

static void what_cannot_be_read_is_said(void **state) {
    (void)state;
    struct traffic traffic;
    assert_int_equal(load(&traffic, TRAFFIC_NDJSON, "./no-such-file"), -1);
    assert_non_null(strstr(error, "no-such-file"));
    char *empty = write_file("\n\n", 2, "");
    assert_int_equal(load(&traffic, TRAFFIC_NDJSON, empty), -1);
    assert_non_null(strstr(error, "no request"));
    drop_file(empty);
    char *no_xz = write_file("plain text\n", 11, ".xz");
    assert_int_equal(load(&traffic, TRAFFIC_NDJSON, no_xz), -1);
    assert_non_null(strstr(error, "xz"));
    drop_file(no_xz);
}

static void a_line_has_a_cap(void **state) {
    (void)state;
    size_t n = LINES_MAX_BYTES + 200000;
    char *text = malloc(n);
    assert_non_null(text);
    memset(text, 'x', n);
    char *path = write_file(text, n, "");
    struct traffic traffic;
    assert_int_equal(load(&traffic, TRAFFIC_NDJSON, path), -1);
    assert_non_null(strstr(error, "longer"));
    drop_file(path);
    free(text);
}

static void load_all_valid(enum traffic_source source, const char *path, size_t count) {
    struct traffic traffic;
    if (access(path, R_OK) != 0) {
        print_message("skipped: %s is not there\n", path);
        skip();
    }
    if (load(&traffic, source, path) != 0)
        fail_msg("%s", error);
    if (traffic.invalid > 0 || traffic.skipped > 0)
        fail_msg("%s %s", traffic.first_invalid, traffic.first_skip);
    assert_int_equal(traffic.count, count);
    for (size_t i = 1; i < traffic.count; i++)
        assert_true(traffic.items[i].at_us >= traffic.items[i - 1].at_us);
    traffic_cleanup(&traffic);
}

static void all_recorded_auctions_of_rtbkit_become_valid(void **state) {
    (void)state;
    load_all_valid(TRAFFIC_RTBKIT, SHARED_DATA "/rtbkit/20000-datacratic-auctions.ndjson.xz", 20000);
}

static void all_rows_of_ipinyou_become_valid(void **state) {
    (void)state;
    load_all_valid(TRAFFIC_IPINYOU, SHARED_DATA "/ipinyou/imp.20130606.part.txt.xz", 10000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ndjson_is_taken_as_it_is),
        cmocka_unit_test(requests_are_put_in_the_order_of_time),
        cmocka_unit_test(what_cannot_be_read_is_said),
        cmocka_unit_test(a_line_has_a_cap),
        cmocka_unit_test(all_recorded_auctions_of_rtbkit_become_valid),
        cmocka_unit_test(all_rows_of_ipinyou_become_valid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
