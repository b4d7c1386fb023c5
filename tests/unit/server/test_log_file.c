/* The log's files: names, rotation, what stays, what is found at the start, what was taken away. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "keeper/log_file.h"
#include "scratch_directory.h"

#define NOW 1764040320 /* 2025-11-25T03:12:00Z */

static char directory[SCRATCH_DIRECTORY_BYTES];
static struct log_file_stats stats;

static int set_up(void **state) {
    (void)state;
    scratch_directory_make(directory);
    stats = (struct log_file_stats){0};
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    scratch_directory_remove(directory);
    return 0;
}

static struct log_file_options options_of(uint64_t rotate_bytes) {
    return (struct log_file_options){.directory = directory,
                                     .stats = &stats,
                                     .rotate_bytes = rotate_bytes,
                                     .rotate_s = 60,
                                     .keep_files = 3,
                                     .keep_bytes = UINT64_MAX};
}

static void append(struct log_file *file, const char *lines, int64_t now) {
    size_t taken = 0;
    assert_int_equal(log_file_append(file, lines, strlen(lines), now, &taken), 0);
    assert_int_equal(taken, strlen(lines));
}

/* "NAME SIZE" of each file, ".open" ones with a *, in order. */
static const char *listing(void) {
    static char text[2048];
    struct event_files files;
    assert_int_equal(event_files_list(directory, &files), 0);
    size_t n = 0;
    text[0] = '\0';
    for (size_t i = 0; i < files.count; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%.*s%s:%llu", i ? " " : "",
                              (int)(strlen(files.items[i].name) - strlen("events-20251125T.ndjson")),
                              files.items[i].name + strlen("events-20251125T"),
                              files.items[i].open ? "*" : "", (unsigned long long)files.items[i].bytes);
    event_files_free(&files);
    return text;
}

static void make_file(const char *name, const char *text) {
    FILE *file = fopen(scratch_directory_file(directory, name), "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void names_are_times(void **state) {
    (void)state;
    char name[EVENT_FILE_NAME_BYTES];
    int64_t seconds = 0;
    unsigned number = 0;
    event_file_name(NOW, 0, name);
    assert_string_equal(name, "events-20251125T031200.ndjson");
    assert_true(event_file_time(name, &seconds, &number));
    assert_int_equal(seconds, NOW);
    assert_int_equal(number, 0);
    event_file_name(NOW, 999, name);
    assert_string_equal(name, "events-20251125T031200_999.ndjson");
    assert_true(event_file_time(name, &seconds, &number));
    assert_int_equal(number, 999);
    static const char *const others[] = {"events-20251125T031200_1.ndjson",
                                         "events-20251125T031260.ndjson",
                                         "events-20251125T031200_000.ndjson",
                                         "events-20251125T0312.ndjson",
                                         "events-20251125T031200.ndjson.gz",
                                         "rings",
                                         "",
                                         "events-"};
    for (size_t i = 0; i < COUNT_OF(others); i++)
        assert_false(event_file_time(others[i], &seconds, &number));
}

static void a_full_file_is_followed_by_the_next(void **state) {
    (void)state;
    struct log_file file;
    const struct log_file_options options = options_of(10);
    log_file_init(&file, &options);
    append(&file, "abc\nde\n", NOW);
    assert_string_equal(listing(), "031200*:7");
    append(&file, "fg\nhij\nk\n", NOW); /* three bytes fit */
    assert_string_equal(listing(), "031200:10 031200_001*:6");
    append(&file, "a line that is longer than a file may be\nx\n", NOW + 1);
    assert_string_equal(listing(), "031200:10 031200_001:6 031201:41 031201_001*:2");
    append(&file, "0123456789\n", NOW - 30); /* the clock went back: names go on */
    append(&file, "0\n", NOW - 30);
    assert_string_equal(listing(), "031201:41 031201_001:2 031201_002:11 031201_003*:2"); /* three stay */
    assert_int_equal(stats.removed, 2);
    assert_int_equal(stats.begun, 6);
    log_file_cleanup(&file);
}

static void an_old_file_is_closed_and_bytes_are_bounded(void **state) {
    (void)state;
    struct log_file file;
    struct log_file_options options = options_of(1000);
    options.keep_bytes = 8;
    log_file_init(&file, &options);
    assert_int_equal(log_file_sync(&file, NOW), 0);
    for (int i = 0; i < 4; i++) {
        append(&file, "abc\n", NOW + i * 100);
        assert_int_equal(log_file_sync(&file, NOW + i * 100 + 59), 0);
        assert_true(file.fd >= 0);
        assert_int_equal(log_file_sync(&file, NOW + i * 100 + 60), 0);
        assert_true(file.fd < 0);
    }
    assert_string_equal(listing(), "031520:4 031700:4");
    log_file_cleanup(&file);
}

static void the_start_goes_on_behind_the_last_whole_line(void **state) {
    (void)state;
    struct log_file file;
    const struct log_file_options options = options_of(1000);
    make_file("events-20251125T031000.ndjson", "one\n");
    make_file("events-20251125T031100.ndjson.open", "two\n"); /* a rename that was not done */
    make_file("events-20251125T031200.ndjson.open", "three\nfour\nhalf a li");
    make_file("events-of-somebody-else", "x");
    log_file_init(&file, &options);
    assert_string_equal(listing(), "031000:4 031100:4 031200*:11");
    append(&file, "five\n", NOW + 5);
    assert_string_equal(listing(), "031000:4 031100:4 031200*:16");
    log_file_cleanup(&file);
    log_file_init(&file, &options); /* nothing was cut off that is whole */
    assert_string_equal(listing(), "031000:4 031100:4 031200*:16");
    log_file_cleanup(&file);
    make_file("events-20251125T031300.ndjson.open", "no end of line at all");
    log_file_init(&file, &options);
    assert_string_equal(listing(), "031000:4 031100:4 031200:16 031300*:0");
    log_file_cleanup(&file);
}

static void what_is_taken_away_is_begun_anew(void **state) {
    (void)state;
    struct log_file file;
    size_t taken = 0;
    const struct log_file_options options = options_of(1000);
    log_file_init(&file, &options);
    append(&file, "abc\n", NOW);
    assert_int_equal(unlink(scratch_directory_file(directory, "events-20251125T031200.ndjson.open")), 0);
    assert_int_equal(log_file_sync(&file, NOW), 0);
    append(&file, "de\n", NOW + 1);
    assert_string_equal(listing(), "031201*:3");
    scratch_directory_remove(directory);
    assert_int_equal(log_file_sync(&file, NOW + 2), 0);
    append(&file, "f\n", NOW + 2); /* the directory is made again */
    assert_string_equal(listing(), "031202*:2");
    scratch_directory_remove(directory);
    int fd = open(directory, O_CREAT | O_WRONLY, 0600); /* something else in its place */
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(log_file_sync(&file, NOW + 3), 0);
    assert_int_equal(log_file_append(&file, "g\n", 2, NOW + 3, &taken), -1);
    assert_int_equal(errno, ENOTDIR);
    assert_int_equal(taken, 0);
    unlink(directory);
    append(&file, "g\n", NOW + 4);
    assert_string_equal(listing(), "031204*:2");
    log_file_cleanup(&file);
}

static void a_file_may_not_grow_as_large(void **state) {
    (void)state;
    struct log_file file;
    size_t taken = 0;
    struct rlimit before, limit;
    const struct log_file_options options = options_of(1000);
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before);
    limit = (struct rlimit){.rlim_cur = 10, .rlim_max = before.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
    log_file_init(&file, &options);
    append(&file, "abcd\nefgh\nijkl\n", NOW); /* the third line is cut, and written into the next file */
    assert_string_equal(listing(), "031200:10 031200_001*:5");
    assert_int_equal(log_file_append(&file, "longer than ten\n", 16, NOW, &taken), -1);
    assert_int_equal(errno, EFBIG);
    assert_int_equal(taken, 0);
    setrlimit(RLIMIT_FSIZE, &before);
    append(&file, "longer than ten\n", NOW);
    log_file_cleanup(&file);
    struct event_files files;
    assert_int_equal(event_files_list(directory, &files), 0);
    assert_int_equal(files.items[files.count - 1].bytes, 16); /* no half line before it */
    event_files_free(&files);
}

static void the_last_numbers_are_found(void **state) {
    (void)state;
    uint64_t last[EVENT_RINGS_MOST] = {0};
    assert_int_equal(event_files_last(directory, false, last), 0);
    make_file("events-20251125T031000.ndjson", "{\"front_end\":2,\"seq\":7,\"time\":1,\"kind\":\"view\"}\n");
    make_file("events-20251125T031100.ndjson.open",
              "{\"front_end\":0,\"seq\":41,\"time\":1.5,\"kind\":\"gap\",\"to\":50,\"lines\":10}\n"
              "{\"front_end\":1,\"seq\":9,\"time\":1.5,\"kind\":\"view\",\"text\":\"{\\\"front_end\\\":1,"
              "\\\"seq\\\":99,\"}\n"
              "{\"front_end\":1,\"seq\":8,\"time\":1.5,\"kind\":\"view\"}\n"
              "{\"front_end\":64,\"seq\":8,\"time\":1.5}\n"
              "not a line of ours\n\n"
              "{\"front_end\":0,\"seq\":51,\"time\":1.5"); /* cut within the write */
    last[3] = 17;
    assert_int_equal(event_files_last(directory, false, last), 0);
    assert_int_equal(last[0], 50);
    assert_int_equal(last[1], 9);
    assert_int_equal(last[2], 7);
    assert_int_equal(last[3], 17);
}

/* Only the tail of much is read, which is more than a batch; a whole look takes the last two files. */
static void of_large_files_the_tail_is_read(void **state) {
    (void)state;
    uint64_t last[EVENT_RINGS_MOST] = {0};
    for (int i = 0; i < 3; i++) {
        char name[64];
        snprintf(name, sizeof name, "events-20251125T03100%d.ndjson", i);
        FILE *file = fopen(scratch_directory_file(directory, name), "w");
        assert_non_null(file);
        fprintf(file, "{\"front_end\":%d,\"seq\":5,\"time\":1}\n", i);
        for (int line = 0; line < 40000; line++)
            fprintf(file, "{\"front_end\":9,\"seq\":%d,\"time\":1}\n", i * 40000 + line + 1);
        fclose(file);
    }
    assert_int_equal(event_files_last(directory, false, last), 0);
    assert_int_equal(last[9], 120000);
    assert_int_equal(last[0] + last[1] + last[2], 0);
    assert_int_equal(event_files_last(directory, true, last), 0);
    assert_int_equal(last[0], 0);
    assert_int_equal(last[1], 5);
    assert_int_equal(last[2], 5);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(names_are_times),
        CASE(a_full_file_is_followed_by_the_next),
        CASE(an_old_file_is_closed_and_bytes_are_bounded),
        CASE(the_start_goes_on_behind_the_last_whole_line),
        CASE(what_is_taken_away_is_begun_anew),
        CASE(a_file_may_not_grow_as_large),
        CASE(the_last_numbers_are_found),
        CASE(of_large_files_the_tail_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
