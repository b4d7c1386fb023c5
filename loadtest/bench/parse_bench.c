/*
 * What reading a bid request costs: nanoseconds a request for yajl with empty callbacks, and for the whole
 * of openrtb_request_parse(), in turns: CPU time, medians and the best round.
 *
 * usage: parse-bench [-n ROUNDS] [FILE]      FILE (also .xz) holds a request a line; without it a built-in
 * one is read
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <yajl/yajl_parse.h>

#include "base/arena.h"
#include "base/lines.h"
#include "openrtb/openrtb_request.h"

#define ARENA_CAP      (4u << 20)
#define ROUND_NS       20000000u /* a round reads all requests again and again for about so long */
#define ROUNDS_DEFAULT 25
#define ROUNDS_MAX     1000
#define REQUESTS_MAX   100000

static const char built_in[] =
    "{\"id\":\"80ce30c53c16e6ede735f123ef6e32361bfc7b22\",\"at\":1,\"cur\":[\"USD\"],\"tmax\":120,"
    "\"imp\":[{\"id\":\"1\",\"bidfloor\":0.03,\"secure\":1,\"tagid\":\"leaderboard-top\","
    "\"banner\":{\"format\":[{\"w\":300,\"h\":250},{\"w\":728,\"h\":90}],\"pos\":1,\"battr\":[13]},"
    "\"ext\":{\"prebid\":{\"bidder\":{\"alpha\":{\"placement\":12883451}}}}}],"
    "\"site\":{\"id\":\"102855\",\"cat\":[\"IAB3-1\"],\"domain\":\"www.foobar.com\","
    "\"page\":\"http://www.foobar.com/1234.html\",\"publisher\":{\"id\":\"8953\",\"name\":\"foobar.com\"}},"
    "\"device\":{\"ua\":\"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/120.0.0.0 Safari/537.36\",\"ip\":\"123.145.167.10\",\"language\":\"en\",\"dnt\":0,"
    "\"geo\":{\"country\":\"USA\",\"region\":\"CA\"}},"
    "\"user\":{\"id\":\"55816b39711f9b5acf3b90e313ed29e51665623f\"},"
    "\"bcat\":[\"IAB25\",\"IAB7-39\"],\"source\":{\"tid\":\"4bd2b2f6\"}}";

struct requests {
    struct str *items;
    size_t count, bytes;
};

static uint64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* ---- yajl alone ---- */

static int nothing(void *ctx) {
    (void)ctx;
    return 1;
}
static int nothing_int(void *ctx, int v) {
    (void)ctx, (void)v;
    return 1;
}
static int nothing_text(void *ctx, const unsigned char *p, size_t n) {
    (void)ctx, (void)p, (void)n;
    return 1;
}
static int nothing_number(void *ctx, const char *p, size_t n) {
    (void)ctx, (void)p, (void)n;
    return 1;
}
static const yajl_callbacks empty_callbacks = {
    .yajl_null = nothing,
    .yajl_boolean = nothing_int,
    .yajl_number = nothing_number,
    .yajl_string = nothing_text,
    .yajl_start_map = nothing,
    .yajl_map_key = nothing_text,
    .yajl_end_map = nothing,
    .yajl_start_array = nothing,
    .yajl_end_array = nothing,
};

static size_t read_by_yajl(const struct requests *requests) {
    size_t good = 0;
    for (size_t i = 0; i < requests->count; i++) {
        yajl_handle yajl = yajl_alloc(&empty_callbacks, NULL, NULL);
        struct str text = requests->items[i];
        good += yajl_parse(yajl, (const unsigned char *)text.p, text.n) == yajl_status_ok;
        yajl_free(yajl);
    }
    return good;
}

/* ---- the whole ---- */

static struct arena_pool pool;

static size_t read_by_openrtb(const struct requests *requests) {
    static struct openrtb_request request;
    struct openrtb_parse_limits limits;
    struct openrtb_error error;
    struct arena arena;
    size_t good = 0;
    openrtb_parse_limits_default(&limits);
    arena_init(&arena, &pool, ARENA_CAP);
    for (size_t i = 0; i < requests->count; i++) {
        good += openrtb_request_parse(requests->items[i], &limits, &arena, &request, &error) == 0;
        arena_reset(&arena);
    }
    return good;
}

/* ---- rounds ---- */

static double ns_per_request(size_t (*read_all)(const struct requests *), const struct requests *requests) {
    uint64_t start = now_ns(), end = start;
    size_t passes = 0;
    for (; end - start < ROUND_NS; end = now_ns(), passes++)
        for (int i = 0; i < (requests->count == 1 ? 100 : 1); i++)
            (void)read_all(requests);
    return (double)(end - start) /
           ((double)passes * (double)requests->count * (requests->count == 1 ? 100 : 1));
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Leaves the values sorted. */
static double median(double *values, size_t n) {
    qsort(values, n, sizeof(*values), by_value);
    return values[n / 2];
}

static int add(struct requests *requests, struct str line) {
    char *copy = malloc(line.n ? line.n : 1);
    if (!copy)
        return -1;
    memcpy(copy, line.p, line.n);
    requests->items[requests->count++] = (struct str){copy, line.n};
    requests->bytes += line.n;
    return 0;
}

static void unload(struct requests *requests) {
    for (size_t i = 0; i < requests->count; i++)
        free((void *)requests->items[i].p);
    free(requests->items);
    *requests = (struct requests){0};
}

/* Fills requests, which the caller unloads whatever comes of it. */
static int load(const char *path, struct requests *requests) {
    char error[256] = "no line in it";
    struct str line;
    int got = -1;
    struct lines *lines = lines_open(path, error, sizeof error);
    requests->items = calloc(REQUESTS_MAX, sizeof(*requests->items));
    while (lines && requests->items && requests->count < REQUESTS_MAX) {
        got = lines_next(lines, &line, error, sizeof error);
        if (got != 1 || add(requests, line) != 0)
            break;
    }
    lines_close(lines);
    if (got < 0 || requests->count == 0) {
        fprintf(stderr, "parse-bench: %s: %s\n", path, error);
        return -1;
    }
    return 0;
}

static void measure(const struct requests *requests, size_t rounds) {
    static double yajl_ns[ROUNDS_MAX], openrtb_ns[ROUNDS_MAX];
    for (size_t i = 0; i < rounds; i++) {
        yajl_ns[i] = ns_per_request(read_by_yajl, requests);
        openrtb_ns[i] = ns_per_request(read_by_openrtb, requests);
    }
    double yajl = median(yajl_ns, rounds), openrtb = median(openrtb_ns, rounds);
    printf("%zu requests, %.0f bytes each on average, %zu of them valid; medians of %zu rounds\n",
           requests->count, (double)requests->bytes / (double)requests->count, read_by_openrtb(requests),
           rounds);
    printf("yajl alone        median %6.0f ns a request, best %6.0f\n", yajl, yajl_ns[0]);
    printf("parse + validate  median %6.0f ns a request, best %6.0f  (%.2f, %.2f x yajl alone)\n", openrtb,
           openrtb_ns[0], openrtb / yajl, openrtb_ns[0] / yajl_ns[0]);
}

int main(int argc, char **argv) {
    struct str one = {built_in, sizeof(built_in) - 1};
    struct requests loaded = {0};
    long rounds = ROUNDS_DEFAULT;
    int option, status = 0;
    while ((option = getopt(argc, argv, "n:")) != -1) {
        rounds = option == 'n' ? strtol(optarg, NULL, 10) : 0;
        if (rounds < 1 || rounds > ROUNDS_MAX) {
            fprintf(stderr, "usage: parse-bench [-n ROUNDS up to %d] [FILE]\n", ROUNDS_MAX);
            return 2;
        }
    }
    arena_pool_init(&pool, 16);
    if (optind == argc)
        measure(&(struct requests){&one, 1, one.n}, (size_t)rounds);
    else if (load(argv[optind], &loaded) == 0)
        measure(&loaded, (size_t)rounds);
    else
        status = 1;
    unload(&loaded);
    return status;
}
