/* Lines into rings: their numbers over deaths, full rings, files of another run, another shape, torn ones. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "event_log/event_log.h"
#include "event_log/event_rings.h"
#include "scratch_directory.h"

#define RING_BYTES ((uint64_t)65536)

static char directory[SCRATCH_DIRECTORY_BYTES];
static struct event_log_stats stats;

static int set_up(void **state) {
    (void)state;
    scratch_directory_make(directory);
    stats = (struct event_log_stats){0};
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    scratch_directory_remove(directory);
    return 0;
}

static struct event_rings *open_rings(uint32_t count, uint64_t ring_bytes) {
    char error[EVENT_RINGS_ERROR_BYTES] = "";
    struct event_rings *rings = event_rings_open(directory, count, ring_bytes, error, sizeof error);
    if (!rings)
        fail_msg("%s", error);
    return rings;
}

static struct event_log *open_log(const struct event_rings *rings, uint32_t front_end) {
    struct event_log *log = event_log_create(rings, front_end, &stats);
    assert_non_null(log);
    return log;
}

static void write_lines(struct event_log *log, uint64_t count, size_t bytes) {
    for (uint64_t i = 0; i < count; i++) {
        struct buf *line = event_log_begin(log, EVENT_CLICK);
        BUF_ADD_LIT(line, ",\"text\":\"");
        for (size_t b = 0; b < bytes; b++)
            buf_add_char(line, 'x');
        buf_add_char(line, '"');
        event_log_end(log);
    }
}

/* Takes every line out and returns how many there were; they must be whole, and numbered on from first. */
static uint64_t take(const struct event_rings *rings, uint32_t index, uint64_t first) {
    struct ring ring;
    assert_int_equal(event_rings_consume(rings, index, &ring), 0);
    const void *bytes = NULL;
    size_t n = 0;
    uint64_t count = 0;
    int got = 0;
    while ((got = ring_peek(&ring, &bytes, &n)) > 0) {
        struct event_frame frame;
        const char *line = NULL;
        size_t line_bytes = 0;
        char start[64];
        assert_true(event_frame_read(bytes, n, &frame, &line, &line_bytes));
        assert_int_equal(frame.seq, first + count);
        int start_bytes = snprintf(start, sizeof start, "{\"front_end\":%u,\"seq\":%llu,\"time\":", index,
                                   (unsigned long long)frame.seq);
        assert_memory_equal(line, start, (size_t)start_bytes);
        assert_int_equal(line[line_bytes - 1], '}');
        atomic_store(&event_rings_shared(rings, index)->taken, frame.seq);
        ring_consume(&ring);
        count++;
    }
    assert_int_equal(got, 0);
    return count;
}

static void a_line_has_its_number_time_and_kind(void **state) {
    (void)state;
    struct event_rings *rings = open_rings(1, RING_BYTES);
    struct event_log *log = open_log(rings, 0);
    write_lines(log, 1, 3);
    struct ring ring;
    const void *bytes = NULL;
    size_t n = 0, line_bytes = 0;
    struct event_frame frame;
    const char *line = NULL;
    assert_int_equal(event_rings_consume(rings, 0, &ring), 0);
    assert_int_equal(ring_peek(&ring, &bytes, &n), 1);
    assert_true(event_frame_read(bytes, n, &frame, &line, &line_bytes));
    char text[256];
    snprintf(text, sizeof text, "%.*s", (int)line_bytes, line);
    long long seconds = 0;
    int micros = 0, end = 0;
    assert_int_equal(
        sscanf(text, "{\"front_end\":0,\"seq\":1,\"time\":%lld.%6d,\"kind\":\"click\",\"text\":\"xxx\"}%n",
               &seconds, &micros, &end),
        2);
    assert_int_equal(end, line_bytes);
    assert_true(seconds > 1700000000);
    assert_int_equal(stats.lines[EVENT_CLICK], 1);
    assert_null(event_log_begin(NULL, EVENT_VIEW));
    event_log_destroy(log);
    event_rings_close(rings);
}

static void numbers_go_on_over_every_death(void **state) {
    (void)state;
    struct event_rings *rings = open_rings(2, RING_BYTES);
    struct event_log *log = open_log(rings, 1);
    write_lines(log, 5, 10);
    event_log_destroy(log);
    log = open_log(rings, 1); /* its successor, the lines not taken yet */
    write_lines(log, 5, 10);
    event_log_destroy(log);
    /* It died between the commit and the noting of the number. */
    atomic_store(&event_rings_shared(rings, 1)->next_seq, 10);
    log = open_log(rings, 1);
    write_lines(log, 1, 10);
    event_log_destroy(log);
    atomic_store(&event_rings_shared(rings, 1)->next_seq, 11);
    assert_int_equal(take(rings, 1, 1), 11); /* the same, and the line was taken at once */
    log = open_log(rings, 1);
    write_lines(log, 2, 10);
    event_log_destroy(log);
    event_rings_close(rings); /* all processes */
    rings = open_rings(2, RING_BYTES);
    assert_true(event_rings_in_file(rings));
    log = open_log(rings, 1);
    write_lines(log, 1, 10);
    assert_int_equal(take(rings, 1, 12), 3);
    assert_int_equal(take(rings, 0, 1), 0);
    event_log_destroy(log);
    event_rings_close(rings);
}

static void a_full_ring_and_a_long_line_leave_counted_gaps(void **state) {
    (void)state;
    struct event_rings *rings = open_rings(1, RING_BYTES);
    struct event_log *log = open_log(rings, 0);
    write_lines(log, 1000, 200);
    uint64_t written = stats.lines[EVENT_CLICK];
    assert_true(written > 100 && written < 1000);
    assert_int_equal(stats.dropped, 1000 - written);
    assert_int_equal(take(rings, 0, 1), written);
    write_lines(log, 1, EVENT_LOG_LINE_BYTES);
    assert_int_equal(stats.too_long, 1);
    write_lines(log, 1, EVENT_LOG_LINE_BYTES - 200);
    assert_int_equal(take(rings, 0, 1002), 1);
    event_log_destroy(log);
    event_rings_close(rings);
}

static void flip(long offset_from_end_of_first_ring) {
    int fd = open(scratch_directory_file(directory, EVENT_RINGS_NAME), O_RDWR);
    char byte = 0;
    off_t at = 4096 + 128 + 192 + offset_from_end_of_first_ring;
    assert_int_equal(pread(fd, &byte, 1, at), 1);
    byte ^= 1;
    assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    close(fd);
}

static void what_is_behind_a_torn_line_is_cut_off(void **state) {
    (void)state;
    struct event_rings *rings = open_rings(2, RING_BYTES);
    struct event_log *log = open_log(rings, 0), *other = open_log(rings, 1);
    write_lines(log, 10, 200);
    write_lines(other, 4, 200);
    event_log_destroy(log);
    event_log_destroy(other);
    event_rings_close(rings);
    flip(1000); /* within the fourth line */
    rings = open_rings(2, RING_BYTES);
    log = open_log(rings, 0);
    assert_int_equal(take(rings, 0, 1), 3);
    assert_int_equal(take(rings, 1, 1), 4);
    write_lines(log, 2, 10);
    assert_int_equal(take(rings, 0, 11), 2);
    event_log_destroy(log);
    event_rings_close(rings);
}

static void every_torn_byte_is_noticed(void **state) {
    (void)state;
    struct event_rings *rings = open_rings(1, RING_BYTES);
    struct event_log *log = open_log(rings, 0);
    write_lines(log, 2, 40);
    event_log_destroy(log);
    event_rings_close(rings);
    int fd = open(scratch_directory_file(directory, EVENT_RINGS_NAME), O_RDWR);
    char whole[4096 * 2];
    assert_int_equal(pread(fd, whole, sizeof whole, 0), sizeof whole);
    close(fd);
    for (long at = 0; at < 200; at++) {
        flip(at);
        rings = open_rings(1, RING_BYTES);
        struct ring ring;
        const void *bytes = NULL;
        size_t n = 0;
        assert_int_equal(event_rings_consume(rings, 0, &ring), 0);
        int got = 0;
        while ((got = ring_peek(&ring, &bytes, &n)) > 0) {
            struct event_frame frame;
            const char *line = NULL;
            size_t line_bytes = 0;
            assert_true(event_frame_read(bytes, n, &frame, &line, &line_bytes));
            ring_next(&ring);
        }
        assert_int_equal(got, 0);
        event_rings_close(rings);
        fd = open(scratch_directory_file(directory, EVENT_RINGS_NAME), O_RDWR);
        assert_int_equal(pwrite(fd, whole, sizeof whole, 0), sizeof whole);
        close(fd);
    }
}

static void another_shape_takes_the_lines_over(void **state) {
    (void)state;
    struct event_rings *rings = open_rings(2, RING_BYTES);
    struct event_log *log = open_log(rings, 0), *other = open_log(rings, 1);
    write_lines(log, 200, 200);
    write_lines(other, 20, 200);
    event_log_destroy(log);
    event_log_destroy(other);
    event_rings_close(rings);
    rings = open_rings(1, RING_BYTES * 2); /* larger; the second front end's lines wait still */
    assert_int_equal(event_rings_count(rings), 2);
    log = open_log(rings, 0);
    write_lines(log, 200, 200);
    assert_int_equal(stats.dropped, 0);
    event_log_destroy(log);
    event_rings_close(rings);
    rings = open_rings(4, RING_BYTES); /* smaller again: the newest stay */
    assert_int_equal(event_rings_count(rings), 4);
    struct ring ring;
    assert_int_equal(event_rings_consume(rings, 0, &ring), 0);
    uint64_t waiting = ring_unread(&ring);
    assert_in_range(waiting, RING_BYTES * 9 / 10, RING_BYTES);
    struct event_frame frame;
    const void *bytes = NULL;
    size_t n = 0;
    assert_int_equal(ring_peek(&ring, &bytes, &n), 1);
    memcpy(&frame, bytes, sizeof frame);
    assert_int_equal(take(rings, 0, frame.seq), 401 - frame.seq);
    assert_int_equal(take(rings, 1, 1), 20);
    log = open_log(rings, 0);
    write_lines(log, 1, 200);
    assert_int_equal(take(rings, 0, 401), 1);
    event_log_destroy(log);
    event_rings_close(rings);
}

static void what_is_no_file_of_rings_is_set_aside(void **state) {
    (void)state;
    FILE *file = fopen(scratch_directory_file(directory, EVENT_RINGS_NAME), "w");
    fputs("something else that somebody may want to keep", file);
    fclose(file);
    struct event_rings *rings = open_rings(1, RING_BYTES);
    struct event_log *log = open_log(rings, 0);
    write_lines(log, 3, 10);
    assert_int_equal(take(rings, 0, 1), 3);
    event_log_destroy(log);
    event_rings_close(rings);
    assert_int_equal(access(scratch_directory_file(directory, EVENT_RINGS_NAME ".damaged"), F_OK), 0);
}

static void two_servers_do_not_log_into_one_directory(void **state) {
    (void)state;
    char error[EVENT_RINGS_ERROR_BYTES] = "";
    struct event_rings *rings = open_rings(1, RING_BYTES);
    assert_null(event_rings_open(directory, 1, RING_BYTES, error, sizeof error));
    assert_non_null(strstr(error, "another server"));
    event_rings_close(rings);
}

static void without_a_file_lines_wait_in_memory(void **state) {
    (void)state;
    char error[EVENT_RINGS_ERROR_BYTES] = "";
    struct event_rings *rings = event_rings_open("/proc/no/such/place", 1, RING_BYTES, error, sizeof error);
    assert_non_null(rings);
    assert_false(event_rings_in_file(rings));
    struct event_log *log = open_log(rings, 0);
    write_lines(log, 3, 10);
    assert_int_equal(take(rings, 0, 1), 3);
    event_log_destroy(log);
    event_rings_close(rings);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(a_line_has_its_number_time_and_kind),
        CASE(numbers_go_on_over_every_death),
        CASE(a_full_ring_and_a_long_line_leave_counted_gaps),
        CASE(what_is_behind_a_torn_line_is_cut_off),
        CASE(every_torn_byte_is_noticed),
        CASE(another_shape_takes_the_lines_over),
        CASE(what_is_no_file_of_rings_is_set_aside),
        CASE(two_servers_do_not_log_into_one_directory),
        CASE(without_a_file_lines_wait_in_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
