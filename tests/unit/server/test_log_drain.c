/*
 * From rings to files, with a keeper that dies at every point: whatever happens, each number of each front
 * end is told exactly once, by its line or by a gap's, and gaps are what was counted.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/prng.h"
#include "event_log/event_log.h"
#include "keeper/log_drain.h"
#include "keeper/log_file.h"
#include "scratch_directory.h"

#define RING_BYTES ((uint64_t)65536)
#define FRONT_ENDS 3
#define NOW        1800000000

struct world {
    char directory[SCRATCH_DIRECTORY_BYTES];
    struct event_rings *rings;
    struct event_log *logs[FRONT_ENDS];
    struct event_log_stats logged[FRONT_ENDS];
    struct keeper_stats stats;
    struct log_file_options options;
    struct log_drain drain;
    struct log_file file;
    struct prng prng;
};

/* ---- processes ---- */

static void keeper_starts(struct world *w) {
    assert_int_equal(log_drain_init(&w->drain, w->rings, &w->stats), 0);
    assert_int_equal(log_drain_recover(&w->drain, w->directory), 0);
    log_file_init(&w->file, &w->options);
}

/* The memory of a process that died is gone; its file may end within a line. */
static void keeper_dies(struct world *w) {
    log_drain_cleanup(&w->drain);
    if (w->file.fd >= 0)
        close(w->file.fd);
    keeper_starts(w);
}

static void front_end_starts(struct world *w, uint32_t f) {
    event_log_destroy(w->logs[f]);
    w->logs[f] = event_log_create(w->rings, f, &w->logged[f]);
    assert_non_null(w->logs[f]);
}

static void server_starts(struct world *w) {
    char error[EVENT_RINGS_ERROR_BYTES];
    w->rings = event_rings_open(w->directory, FRONT_ENDS, RING_BYTES, error, sizeof error);
    assert_non_null(w->rings);
    for (uint32_t f = 0; f < FRONT_ENDS; f++)
        front_end_starts(w, f);
    keeper_starts(w);
}

static void server_ends(struct world *w) {
    log_drain_cleanup(&w->drain);
    log_file_cleanup(&w->file);
    for (uint32_t f = 0; f < FRONT_ENDS; f++) {
        event_log_destroy(w->logs[f]);
        w->logs[f] = NULL;
    }
    event_rings_close(w->rings);
}

static void world_init(struct world *w, uint64_t seed) {
    *w = (struct world){0};
    scratch_directory_make(w->directory);
    w->options = (struct log_file_options){.directory = w->directory,
                                           .stats = &w->stats.files,
                                           .rotate_bytes = 20000,
                                           .rotate_s = 3600,
                                           .keep_files = 10000,
                                           .keep_bytes = UINT64_MAX};
    prng_seed(&w->prng, seed);
    server_starts(w);
}

static void world_cleanup(struct world *w) {
    server_ends(w);
    scratch_directory_remove(w->directory);
}

/* ---- what they do ---- */

static uint64_t chance(struct world *w, uint64_t below) {
    return prng_next(&w->prng) % below;
}

static void log_lines(struct world *w, uint32_t f, uint64_t count) {
    for (uint64_t i = 0; i < count; i++) {
        struct buf *line = event_log_begin(w->logs[f], EVENT_VIEW);
        uint64_t bytes = chance(w, 400);
        BUF_ADD_LIT(line, ",\"text\":\"");
        for (uint64_t b = 0; b < bytes; b++)
            buf_add_char(line, 'x');
        buf_add_char(line, '"');
        event_log_end(w->logs[f]);
    }
}

static void append_and_tell(struct world *w, size_t n, enum keeper_trouble trouble) {
    size_t taken = 0;
    assert_int_equal(log_file_append(&w->file, w->drain.batch.p, n, NOW, &taken), 0);
    assert_int_equal(taken, n);
    log_drain_done(&w->drain, taken, trouble);
}

static size_t whole_lines_up_to(const struct buf *batch, size_t n) {
    const char *end = memrchr(batch->p, '\n', n);
    return end ? (size_t)(end - batch->p) + 1 : 0;
}

/* The batch in flight meets one of the ends that there are. */
static void write_batch(struct world *w) {
    const struct buf *batch = &w->drain.batch;
    size_t taken = 0, part = chance(w, batch->n + 1);
    switch (chance(w, 8)) {
    case 0: /* killed before the write */
        keeper_dies(w);
        break;
    case 1: /* killed after it */
        assert_int_equal(log_file_append(&w->file, batch->p, batch->n, NOW, &taken), 0);
        keeper_dies(w);
        break;
    case 2: /* killed within it */
        part = part % 3000;
        if (w->file.fd >= 0)
            assert_true(pwrite(w->file.fd, batch->p, part, (off_t)w->file.size) >= 0);
        keeper_dies(w);
        break;
    case 3: /* the disk is full half-way */
        append_and_tell(w, whole_lines_up_to(batch, part), KEEPER_NO_SPACE);
        log_drain_relieve(&w->drain, KEEPER_NO_SPACE);
        break;
    case 4: /* it is full altogether */
        log_drain_done(&w->drain, 0, KEEPER_NO_SPACE);
        log_drain_relieve(&w->drain, KEEPER_NO_SPACE);
        break;
    default:
        append_and_tell(w, batch->n, KEEPER_FINE);
    }
}

static void drain_all(struct world *w) {
    while (log_drain_collect(&w->drain, true))
        append_and_tell(w, w->drain.batch.n, KEEPER_FINE);
    assert_int_equal(log_drain_waiting(&w->drain), 0);
}

/* ---- what a reader finds ---- */

struct reader {
    uint64_t next[FRONT_ENDS];
    uint64_t lines, in_gaps;
};

static void read_line(struct reader *reader, const char *line) {
    unsigned f = 0;
    unsigned long long seq = 0, to = 0;
    assert_int_equal(sscanf(line, "{\"front_end\":%u,\"seq\":%llu,", &f, &seq), 2);
    assert_true(f < FRONT_ENDS && line[strlen(line) - 2] == '}');
    if (seq != reader->next[f])
        fail_msg("front end %u: %llu where %llu is next", f, seq, (unsigned long long)reader->next[f]);
    const char *gap = strstr(line, "\"kind\":\"gap\",\"to\":");
    if (gap) {
        assert_int_equal(sscanf(gap, "\"kind\":\"gap\",\"to\":%llu", &to), 1);
        assert_true(to >= seq);
        reader->in_gaps += to - seq + 1;
        reader->next[f] = to + 1;
    } else {
        reader->lines++;
        reader->next[f] = seq + 1;
    }
}

static struct reader read_files(const struct world *w) {
    struct event_files files;
    struct reader reader = {.next = {1, 1, 1}};
    static char line[EVENT_LOG_LINE_BYTES + 2];
    assert_int_equal(event_files_list(w->directory, &files), 0);
    for (size_t i = 0; i < files.count; i++) {
        char name[EVENT_FILE_NAME_BYTES + 8];
        snprintf(name, sizeof name, "%s%s", files.items[i].name, files.items[i].open ? EVENT_FILE_OPEN : "");
        FILE *file = fopen(scratch_directory_file(w->directory, name), "r");
        assert_non_null(file);
        while (fgets(line, sizeof line, file))
            read_line(&reader, line);
        fclose(file);
    }
    event_files_free(&files);
    return reader;
}

static uint64_t counted_as_lost(const struct world *w) {
    uint64_t lost = 0;
    for (uint32_t f = 0; f < FRONT_ENDS; f++)
        lost += w->logged[f].dropped + w->logged[f].too_long;
    for (int i = 0; i < KEEPER_TROUBLES; i++)
        lost += w->stats.discarded[i];
    return lost;
}

static uint64_t counted_as_logged(const struct world *w) {
    uint64_t lines = 0;
    for (uint32_t f = 0; f < FRONT_ENDS; f++)
        lines += w->logged[f].lines[EVENT_VIEW];
    return lines;
}

/* ---- the tests ---- */

static void every_number_is_told_once_whoever_dies(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct world w;
        world_init(&w, seed);
        for (int step = 0; step < 400; step++) {
            uint64_t what = chance(&w, 100);
            uint32_t f = (uint32_t)chance(&w, FRONT_ENDS);
            if (what < 60) {
                log_lines(&w, f, chance(&w, what < 3 ? 300 : 12));
            } else if (what < 62) {
                front_end_starts(&w, f);
            } else if (what == 62) {
                server_ends(&w); /* all at once */
                server_starts(&w);
            } else if (log_drain_collect(&w.drain, false)) {
                write_batch(&w);
            }
        }
        drain_all(&w);
        struct reader reader = read_files(&w);
        assert_int_equal(reader.in_gaps, counted_as_lost(&w));
        assert_int_equal(reader.lines + reader.in_gaps,
                         counted_as_logged(&w) + counted_as_lost(&w) - w.stats.discarded[KEEPER_NO_SPACE]);
        assert_true(reader.lines > 500);
        world_cleanup(&w);
    }
}

/* The disk is at work for long: room in the ring is made by giving up what comes behind the batch. */
static void a_write_that_takes_long_costs_the_oldest_behind_it(void **state) {
    (void)state;
    struct world w;
    world_init(&w, 1);
    log_lines(&w, 0, 10);
    assert_true(log_drain_collect(&w.drain, false));
    for (int i = 0; i < 50; i++) {
        log_lines(&w, 0, 20);
        log_drain_relieve(&w.drain, KEEPER_SLOW);
    }
    assert_int_equal(w.logged[0].dropped, 0); /* new lines always find room */
    uint64_t discarded = w.stats.discarded[KEEPER_SLOW];
    assert_in_range(discarded, 700, 1000);
    append_and_tell(&w, w.drain.batch.n, KEEPER_FINE);
    drain_all(&w);
    struct reader reader = read_files(&w);
    assert_int_equal(reader.in_gaps, discarded);
    assert_int_equal(reader.lines, 1010 - discarded);
    assert_int_equal(w.stats.lines, reader.lines);
    assert_int_equal(w.stats.gap_lines, discarded);
    world_cleanup(&w);
}

/* The same, and in the end it fails: then the batch is lost too, and counted. */
static void a_write_that_takes_long_and_fails(void **state) {
    (void)state;
    struct world w;
    world_init(&w, 1);
    log_lines(&w, 0, 10);
    assert_true(log_drain_collect(&w.drain, false));
    log_lines(&w, 0, 300);
    log_drain_relieve(&w.drain, KEEPER_SLOW);
    uint64_t behind = w.stats.discarded[KEEPER_SLOW];
    assert_true(behind > 0);
    log_drain_done(&w.drain, 0, KEEPER_IO);
    assert_int_equal(w.stats.discarded[KEEPER_IO], 10);
    drain_all(&w);
    struct reader reader = read_files(&w);
    assert_int_equal(reader.in_gaps, counted_as_lost(&w));
    assert_true(reader.in_gaps >= 10 + behind);
    world_cleanup(&w);
}

static void a_busy_front_end_leaves_room_for_the_others(void **state) {
    (void)state;
    struct world w;
    world_init(&w, 1);
    log_lines(&w, 0, 200);
    log_lines(&w, 2, 3);
    assert_true(log_drain_collect(&w.drain, false));
    assert_non_null(memmem(w.drain.batch.p, w.drain.batch.n, "\"front_end\":2,\"seq\":3,", 22));
    append_and_tell(&w, w.drain.batch.n, KEEPER_FINE);
    drain_all(&w);
    assert_int_equal(read_files(&w).lines, 203);
    world_cleanup(&w);
}

static void a_torn_line_is_passed_over_and_told(void **state) {
    (void)state;
    struct world w;
    world_init(&w, 1);
    log_lines(&w, 0, 3);
    struct ring ring;
    const void *bytes = NULL;
    size_t n = 0;
    assert_int_equal(event_rings_consume(w.rings, 0, &ring), 0);
    assert_int_equal(ring_peek(&ring, &bytes, &n), 1);
    ring_next(&ring);
    assert_int_equal(ring_peek(&ring, &bytes, &n), 1);
    *((char *)bytes + n - 1) ^= 1;
    drain_all(&w);
    struct reader reader = read_files(&w);
    assert_int_equal(reader.lines, 2);
    assert_int_equal(reader.in_gaps, 1);
    assert_int_equal(w.stats.torn, 1);
    world_cleanup(&w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_number_is_told_once_whoever_dies),
        cmocka_unit_test(a_write_that_takes_long_costs_the_oldest_behind_it),
        cmocka_unit_test(a_write_that_takes_long_and_fails),
        cmocka_unit_test(a_busy_front_end_leaves_room_for_the_others),
        cmocka_unit_test(a_torn_line_is_passed_over_and_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
