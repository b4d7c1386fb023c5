/* Lines of files: ends, blocks' borders, a line that is too long. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/lines.h"

static char error[200];
static char path[64];

static struct lines *open_text(const char *text, size_t n) {
    snprintf(path, sizeof path, "/tmp/slimbid-lines-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, n), (ssize_t)n);
    close(fd);
    struct lines *lines = lines_open(path, error, sizeof error);
    unlink(path);
    assert_non_null(lines);
    return lines;
}

static void assert_line(struct lines *lines, const char *wanted) {
    struct str line;
    assert_int_equal(lines_next(lines, &line, error, sizeof error), 1);
    if (!str_eq(line, str_from(wanted)))
        fail_msg("\"%.*s\" instead of \"%s\"", STR_ARG(line), wanted);
}

static void assert_end(struct lines *lines) {
    struct str line;
    assert_int_equal(lines_next(lines, &line, error, sizeof error), 0);
    lines_close(lines);
}

static void every_end_of_line_counts(void **state) {
    (void)state;
    static const char text[] = "a\n\nb\r\nlast";
    struct lines *lines = open_text(text, strlen(text));
    assert_line(lines, "a");
    assert_line(lines, "");
    assert_line(lines, "b");
    assert_line(lines, "last");
    assert_end(lines);
    assert_end(open_text("", 0));
}

static void what_is_too_long_is_told_and_skipped(void **state) {
    (void)state;
    size_t n = 3 * LINES_MAX_BYTES;
    char *text = malloc(n + 16);
    assert_non_null(text);
    memset(text, 'x', n);
    memcpy(text, "one\n", 4);
    memcpy(text + n, "\ntwo\n", 5);
    struct lines *lines = open_text(text, n + 5);
    struct str line;
    assert_line(lines, "one");
    assert_int_equal(lines_next(lines, &line, error, sizeof error), -1);
    assert_string_equal(error, "a line is longer than 8388608 bytes");
    assert_true(lines_too_long(lines));
    assert_line(lines, "two");
    assert_false(lines_too_long(lines));
    assert_end(lines);
    lines = open_text(text, n); /* nothing behind it */
    assert_line(lines, "one");
    assert_int_equal(lines_next(lines, &line, error, sizeof error), -1);
    assert_end(lines);
    memset(text, 'x', LINES_MAX_BYTES + 1);
    memcpy(text + LINES_MAX_BYTES + 1, "\nthree", 6);
    lines = open_text(text + 1, LINES_MAX_BYTES + 6); /* as long as may be */
    assert_int_equal(lines_next(lines, &line, error, sizeof error), 1);
    assert_int_equal(line.n, LINES_MAX_BYTES);
    assert_line(lines, "three");
    assert_end(lines);
    lines = open_text(text, LINES_MAX_BYTES + 7);
    assert_int_equal(lines_next(lines, &line, error, sizeof error), -1);
    assert_true(lines_too_long(lines));
    assert_line(lines, "three");
    assert_end(lines);
    free(text);
}

static void what_is_not_there_is_told(void **state) {
    (void)state;
    assert_null(lines_open("/nowhere/at-all", error, sizeof error));
    assert_string_equal(error, "/nowhere/at-all: No such file or directory");
    lines_close(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_end_of_line_counts),
        cmocka_unit_test(what_is_too_long_is_told_and_skipped),
        cmocka_unit_test(what_is_not_there_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
