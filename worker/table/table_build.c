/* Builds a table: the life of a build; see table_build.h. */
#include "table_build.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/lines.h"
#include "currency/currency.h"
#include "table_build_state.h"

#define MOST_CAMPAIGNS  (1u << 24)
#define MOST_NAMES      (1u << 26)
#define MOST_TEXT_BYTES (UINT64_C(1) << 32)

int build_fail(struct build *build, const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(build->error, build->error_size, format, args);
    va_end(args);
    return -1;
}

static int open_files(struct build *build) {
    const struct table_build_options *options = build->options;
    if (table_writer_open(&build->writer, options->output, build->error, build->error_size) != 0)
        return -1;
    if (creatives_init(&build->creatives, build->writer.directory) != 0 ||
        spool_init(&build->cold, build->writer.directory) != 0)
        return build_fail(build, "%s: %s", build->writer.directory, strerror(errno));
    if (options->rates) {
        build->rates = currency_load(options->rates, build->error, build->error_size);
        if (!build->rates)
            return -1;
    }
    build->weights = weights_load(options->weights, options->weight_bits, options->cross_bits, build->error,
                                  build->error_size);
    if (!build->weights)
        return -1;
    build->lines = lines_open(options->input, build->error, build->error_size);
    return build->lines ? 0 : -1;
}

static int open_memory(struct build *build) {
    struct table_zone utc = {"UTC"};
    const struct table_hours all = {{UINT64_MAX, UINT64_MAX, (UINT64_C(1) << 40) - 1}};
    uint32_t number = 0;
    build->reader = ad_reader_create();
    build->index = table_index_create();
    if (!build->reader || !build->index || texts_init(&build->texts) != 0 ||
        region_init(&build->ids, MOST_TEXT_BYTES / 8) != 0)
        return build_fail(build, "out of memory");
    if (uniques_init(&build->campaigns, sizeof(struct build_campaign), sizeof(struct table_text),
                     MOST_CAMPAIGNS) != 0 ||
        uniques_init(&build->names, sizeof(struct build_name), sizeof(uint64_t), MOST_NAMES) != 0 ||
        uniques_init(&build->hours, sizeof all, sizeof all, UINT16_MAX + 1) != 0 ||
        uniques_init(&build->zones, sizeof utc, sizeof utc, UINT16_MAX + 1) != 0)
        return build_fail(build, "out of memory");
    if (uniques_add(&build->hours, &all, &number) != 0 || uniques_add(&build->zones, &utc, &number) != 0)
        return build_fail(build, "out of memory");
    return 0;
}

/* ---- lines ---- */

/* Tells of a bad line. -1 when it was one too many. */
static int bad_line(struct build *build) {
    const struct table_build_options *options = build->options;
    progress_clear(&build->progress);
    fprintf(stderr, "slimbid-table: %s:%llu: %s\n", options->input, (unsigned long long)build->line,
            build->error);
    build->result->bad_lines++;
    if (options->strict)
        return build_fail(build, "%s: a bad line", options->input);
    if (build->result->bad_lines > options->most_bad)
        return build_fail(build, "%s: more than %llu bad lines", options->input,
                          (unsigned long long)options->most_bad);
    return 0;
}

static int take_line(struct build *build, struct str line) {
    struct ad ad;
    if (line.n == 0)
        return 0;
    if (ad_read(build->reader, line, &ad, build->error, build->error_size) != 0)
        return bad_line(build);
    switch (build_take(build, &ad)) {
    case BUILD_TAKEN:
        build->result->ads++;
        if (!build->options->quiet)
            progress_step(&build->progress, build->result->ads, "ads");
        return 0;
    case BUILD_BAD:
        return bad_line(build);
    case BUILD_FAILED:
        return -1;
    }
    return -1;
}

static int take_lines(struct build *build) {
    struct str line;
    for (;;) {
        int got = lines_next(build->lines, &line, build->error, build->error_size);
        build->line++;
        if (got == 0)
            return 0;
        if (got < 0 && !lines_too_long(build->lines)) {
            char reason[200];
            snprintf(reason, sizeof reason, "%s", build->error);
            return build_fail(build, "%s:%llu: %s", build->options->input, (unsigned long long)build->line,
                              reason);
        }
        if ((got < 0 ? bad_line(build) : take_line(build, line)) != 0)
            return -1;
    }
}

/* ---- the whole ---- */

/* All but the writer. Twice is legal. */
static void cleanup_stores(struct build *build) {
    lines_close(build->lines);
    ad_reader_destroy(build->reader);
    currency_destroy(build->rates);
    weights_destroy(build->weights);
    table_index_destroy(build->index);
    build->lines = NULL;
    build->reader = NULL;
    build->rates = NULL;
    build->weights = NULL;
    build->index = NULL;
    texts_cleanup(&build->texts);
    creatives_cleanup(&build->creatives);
    spool_cleanup(&build->cold);
    uniques_cleanup(&build->campaigns);
    uniques_cleanup(&build->names);
    uniques_cleanup(&build->hours);
    uniques_cleanup(&build->zones);
    region_cleanup(&build->ids);
    buf_cleanup(&build->joined);
}

static int run(struct build *build) {
    if (open_files(build) != 0 || open_memory(build) != 0 || take_lines(build) != 0)
        return -1;
    if (build->result->ads == 0 && build->result->bad_lines > 0)
        return build_fail(build, "%s: no good line", build->options->input);
    if (build_write(build) != 0)
        return -1;
    cleanup_stores(build); /* the verifier maps the whole file */
    return table_writer_finish(&build->writer);
}

int table_build(const struct table_build_options *options, struct table_build_result *result, char *error,
                size_t error_size) {
    struct build build = {.options = options, .result = result, .error = error, .error_size = error_size};
    memset(result, 0, sizeof *result);
    buf_init(&build.joined, MOST_TEXT_BYTES);
    progress_begin(&build.progress);
    int status = run(&build);
    result->bytes = build.writer.end;
    cleanup_stores(&build);
    table_writer_cleanup(&build.writer);
    progress_clear(&build.progress);
    return status;
}
