/* `slimbid-table generate`; see generate.h. */
#include "generate/generate.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/macros.h"
#include "base/options.h"
#include "generate/made_ad.h"
#include "generate/made_request.h"
#include "generate/made_weights.h"

#define MOST_LINE_BYTES 65536
#define WRITE_BYTES     (1 << 18)

struct generate_options {
    uint64_t ads, seed, requests;
    const char *weights, *requests_out;
};

static void read_options(struct generate_options *o, int argc, char **argv) {
    const struct option_row rows[] = {
        {"ads", "N", "how many ads; they go to standard output (20000)", OPTION_UINT, &o->ads, 1, 1u << 27},
        {"seed", "N", "another seed, another world (1)", OPTION_UINT, &o->seed, 0, 9e15},
        {"weights", "FILE", "write a model of clicks for these ads", OPTION_TEXT, &o->weights, 0, 0},
        {"requests", "N", "how many bid requests", OPTION_UINT, &o->requests, 1, 1e9},
        {"requests-out", "FILE", "where they go", OPTION_TEXT, &o->requests_out, 0, 0},
    };
    const struct option_table table = {
        "slimbid-table generate", "Makes up ads, a line of JSON each, as `slimbid-table build` reads them.",
        "docs/generate.md tells what they are like.", rows, COUNT_OF(rows)};
    options_read(&table, argc, argv);
    if ((o->requests > 0) != (o->requests_out != NULL))
        options_refuse(&table, "--requests and --requests-out go together", NULL);
}

static int tell(const char *path) {
    fprintf(stderr, "slimbid-table: %s: %s\n", path, strerror(errno));
    return 1;
}

static int put_lines(const struct world *world, void (*make)(const struct world *, uint64_t, struct buf *),
                     uint64_t count, FILE *file) {
    struct buf line;
    buf_init(&line, MOST_LINE_BYTES);
    bool failed = false;
    for (uint64_t i = 0; i < count && !failed; i++) {
        make(world, i, &line);
        if (line.failed)
            errno = ENOMEM;
        failed = line.failed || fwrite(line.p, 1, line.n, file) != line.n;
        buf_clear(&line, MOST_LINE_BYTES);
    }
    buf_cleanup(&line);
    return failed || fflush(file) != 0 ? -1 : 0;
}

static int put_requests(const struct world *world, const struct generate_options *o) {
    FILE *file = fopen(o->requests_out, "we");
    if (!file)
        return tell(o->requests_out);
    int failed = put_lines(world, made_request, o->requests, file);
    if (fclose(file) != 0 || failed)
        return tell(o->requests_out);
    return 0;
}

static int put_weights(const struct world *world, const char *path) {
    FILE *file = fopen(path, "we");
    if (!file)
        return tell(path);
    made_weights(world, file);
    bool failed = ferror(file) != 0;
    if (fclose(file) != 0 || failed)
        return tell(path);
    return 0;
}

int table_generate_run(int argc, char **argv) {
    static char room[WRITE_BYTES];
    struct generate_options o = {.ads = 20000, .seed = 1};
    struct world world;
    read_options(&o, argc, argv);
    world_init(&world, o.seed, o.ads);
    if (o.weights && put_weights(&world, o.weights) != 0)
        return 1;
    if (o.requests && put_requests(&world, &o) != 0)
        return 1;
    setvbuf(stdout, room, _IOFBF, sizeof room);
    return put_lines(&world, made_ad, o.ads, stdout) == 0 ? 0 : tell("standard output");
}
