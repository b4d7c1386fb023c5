/* The log: levels, the line's form, storms, quoting. Standard error is a pipe while a line is written. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"

struct capture {
    int saved, ends[2];
    char text[60000];
};

static struct capture capture;

static void capture_begin(void) {
    assert_int_equal(pipe2(capture.ends, O_CLOEXEC | O_NONBLOCK), 0);
    capture.saved = dup(STDERR_FILENO);
    assert_true(capture.saved >= 0);
    assert_true(dup2(capture.ends[1], STDERR_FILENO) >= 0);
}

static const char *capture_end(void) {
    dup2(capture.saved, STDERR_FILENO);
    close(capture.saved);
    close(capture.ends[1]);
    size_t n = 0;
    ssize_t got = 0;
    while ((got = read(capture.ends[0], capture.text + n, sizeof capture.text - 1 - n)) > 0)
        n += (size_t)got;
    close(capture.ends[0]);
    capture.text[n] = '\0';
    return capture.text;
}

static int count_lines(const char *text) {
    int lines = 0;
    for (; *text; text++)
        lines += *text == '\n';
    return lines;
}

static void levels_have_names(void **state) {
    (void)state;
    enum log_level level = LOG_LEVEL_ERROR;
    for (enum log_level wanted = LOG_LEVEL_ERROR; wanted <= LOG_LEVEL_DEBUG; wanted++) {
        assert_true(log_level_parse(str_from(log_level_name(wanted)), &level));
        assert_int_equal(level, wanted);
    }
    level = LOG_LEVEL_WARN;
    assert_false(log_level_parse(STR("Info"), &level));
    assert_false(log_level_parse(STR("inf"), &level));
    assert_false(log_level_parse(STR(""), &level));
    assert_int_equal(level, LOG_LEVEL_WARN);
}

static void a_line_has_time_level_area_and_message(void **state) {
    (void)state;
    capture_begin();
    log_warn("auction", "late partner=%s ms=%d", "alpha", 7);
    const char *line = capture_end();
    /* 2024-01-02T03:04:05.678Z warn auction: ... */
    assert_int_equal(strlen(line), 24 + strlen(" warn auction: late partner=alpha ms=7\n"));
    assert_string_equal(line + 24, " warn auction: late partner=alpha ms=7\n");
    assert_int_equal(line[10], 'T');
    assert_int_equal(line[19], '.');
    assert_int_equal(line[23], 'Z');
}

static void levels_below_the_threshold_are_silent(void **state) {
    (void)state;
    int evaluated = 0;
    log_set_level(LOG_LEVEL_WARN);
    capture_begin();
    log_error("a", "1");
    log_warn("a", "2");
    log_info("a", "%d", ++evaluated);
    log_debug("a", "%d", ++evaluated);
    log_set_level(LOG_LEVEL_DEBUG);
    log_debug("a", "5");
    log_set_level(LOG_LEVEL_INFO);
    const char *text = capture_end();
    assert_int_equal(count_lines(text), 3);
    assert_non_null(strstr(text, " debug a: 5\n"));
    assert_int_equal(evaluated, 0); /* an off level costs one compare */
}

static void a_storm_is_cut_and_told(void **state) {
    (void)state;
    struct log_site site = {0};
    time_t before = 0;
    time_t after = 1;
    const char *text = NULL;
    for (int attempt = 0; before != after && attempt < 10; attempt++) { /* all in one second of the clock */
        site = (struct log_site){0};
        before = time(NULL);
        capture_begin();
        for (int i = 0; i < LOG_BURST + 30; i++)
            log_write(&site, LOG_LEVEL_WARN, "a", "n=%d", i);
        text = capture_end();
        after = time(NULL);
    }
    assert_int_equal(before, after);
    assert_int_equal(count_lines(text), LOG_BURST);
    assert_non_null(strstr(text, "n=19\n"));
    assert_int_equal(site.swallowed, 30);
    site.second = 1; /* as if that had been long ago */
    capture_begin();
    log_write(&site, LOG_LEVEL_WARN, "a", "again");
    text = capture_end();
    assert_non_null(strstr(text, "again swallowed=30\n"));
    assert_int_equal(site.swallowed, 0);
    assert_int_equal(site.lines, 1);
}

static void debug_lines_are_never_swallowed(void **state) {
    (void)state;
    struct log_site site = {0};
    capture_begin();
    for (int i = 0; i < 3 * LOG_BURST; i++)
        log_write(&site, LOG_LEVEL_DEBUG, "a", "n=%d", i);
    assert_int_equal(count_lines(capture_end()), 3 * LOG_BURST);
}

static void a_long_line_is_cut_and_ends(void **state) {
    (void)state;
    char text[5000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    struct log_site site = {.second = 1, .swallowed = 4000000000u};
    capture_begin();
    log_write(&site, LOG_LEVEL_ERROR, "a", "%s", text);
    const char *line = capture_end();
    assert_int_equal(count_lines(line), 1);
    assert_true(strlen(line) <= 1024);
    assert_true(strlen(line) > 900);
    assert_non_null(strstr(line, "xxx swallowed=4000000000\n"));
}

static void quoted_text_stays_on_its_line(void **state) {
    (void)state;
    char out[1000];
    assert_string_equal(log_quote(STR("plain /x?y"), out, sizeof out), "\"plain /x?y\"");
    assert_string_equal(log_quote(STR("a\"b\\c"), out, sizeof out), "\"a\\x22b\\x5cc\"");
    assert_string_equal(log_quote(STR("\n\x1b[0m\0\x7f\xc3"), out, sizeof out),
                        "\"\\x0a\\x1b[0m\\x00\\x7f\\xc3\"");
    assert_string_equal(log_quote(STR(""), out, sizeof out), "\"\"");
    char many[300];
    memset(many, 'a', sizeof many);
    assert_int_equal(strlen(log_quote((struct str){many, sizeof many}, out, sizeof out)), 202);
}

static void quoting_stays_in_its_buffer(void **state) {
    (void)state;
    char many[300];
    memset(many, '\n', sizeof many);
    for (size_t size = 8; size < 100; size++) {
        char *out = malloc(size); /* a sanitizer sees a write behind its end */
        assert_non_null(out);
        log_quote((struct str){many, sizeof many}, out, size);
        assert_true(strlen(out) < size);
        assert_int_equal(out[strlen(out) - 1], '"');
        free(out);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(levels_have_names),
        cmocka_unit_test(a_line_has_time_level_area_and_message),
        cmocka_unit_test(levels_below_the_threshold_are_silent),
        cmocka_unit_test(a_storm_is_cut_and_told),
        cmocka_unit_test(debug_lines_are_never_swallowed),
        cmocka_unit_test(a_long_line_is_cut_and_ends),
        cmocka_unit_test(quoted_text_stays_on_its_line),
        cmocka_unit_test(quoting_stays_in_its_buffer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
