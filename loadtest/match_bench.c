/*
 * match-bench: what matching and scoring cost an impression, against looking at every ad, on synthetic tables
 * of several kinds and sizes; and what the index takes an ad.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/options.h"
#include "match/match.h"
#include "match_workload.h"
#include "quantiles.h"
#include "table/table.h"

#define HITS_ROOM 262144u

struct bench {
    uint64_t ads, requests, scans, k, seed;
    double crosses;
    bool series, most;
};

/* What one table gave. */
struct measured {
    struct quantiles top, all, scan; /* nanoseconds of CPU time */
    uint64_t matches, wrong;
};

static uint64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static bool same(const struct match_hit *a, const struct match_hit *b, uint32_t n) {
    for (uint32_t i = 0; i < n; i++)
        if (a[i].record != b[i].record || a[i].deal != b[i].deal || a[i].size != b[i].size ||
            a[i].score != b[i].score)
            return false;
    return true;
}

/* Each of the three for one impression, its request's part included; the scan for some only. */
static void measure_request(const struct bench *bench, struct matcher *matcher,
                            const struct workload_request *request, bool scan, struct measured *into) {
    static struct match_hit hits[MATCH_MOST_HITS], scanned[MATCH_MOST_HITS], all[HITS_ROOM];
    uint64_t start = now_ns();
    match_begin(matcher, &request->request);
    uint32_t found = match_top(matcher, &request->imp, (uint32_t)bench->k, hits);
    quantiles_add(&into->top, now_ns() - start);
    start = now_ns();
    match_begin(matcher, &request->request);
    into->matches += match_all(matcher, &request->imp, all, HITS_ROOM);
    quantiles_add(&into->all, now_ns() - start);
    if (!scan)
        return;
    start = now_ns();
    match_begin(matcher, &request->request);
    uint32_t wanted = match_scan(matcher, &request->imp, (uint32_t)bench->k, scanned);
    quantiles_add(&into->scan, now_ns() - start);
    into->wrong += found != wanted || !same(hits, scanned, found);
}

static int measure(const struct bench *bench, const struct workload_style *style, const struct table *table,
                   struct measured *into) {
    struct workload_request *requests = calloc(bench->requests, sizeof *requests);
    struct matcher *matcher = matcher_create(table);
    struct prng prng;
    prng_seed(&prng, bench->seed + 1);
    memset(into, 0, sizeof *into);
    for (uint64_t i = 0; requests && i < bench->requests; i++)
        workload_request(style, &prng, &requests[i]);
    for (uint64_t round = 0; requests && matcher && round < 2; round++) { /* the first warms up */
        quantiles_init(&into->top);
        quantiles_init(&into->all);
        quantiles_init(&into->scan);
        into->matches = 0;
        for (uint64_t i = 0; i < bench->requests; i++)
            measure_request(bench, matcher, &requests[i],
                            round == 1 && bench->scans > 0 && i % (bench->requests / bench->scans + 1) == 0,
                            into);
    }
    int result = requests && matcher ? 0 : -1;
    matcher_destroy(matcher);
    free(requests);
    return result;
}

static double us(const struct quantiles *q, double share) {
    return (double)quantiles_at(q, share) / 1000;
}

static void print_measured(const struct bench *bench, const char *name, uint64_t ads,
                           const struct measured *m) {
    double scan50 = us(&m->scan, 0.5), scan99 = us(&m->scan, 0.99);
    printf("%-10s %8llu %9.0f %8.1f %8.1f %8.1f %8.1f %9.0f %9.0f %7.0f x %6.0f x%s\n", name,
           (unsigned long long)ads, (double)m->matches / (double)bench->requests, us(&m->top, 0.5),
           us(&m->top, 0.99), us(&m->all, 0.5), us(&m->all, 0.99), scan50, scan99, scan50 / us(&m->top, 0.5),
           scan50 / us(&m->all, 0.5), m->wrong ? "  NOT ALIKE" : "");
    fflush(stdout);
}

static void print_head(const struct bench *bench) {
    printf("CPU us an imp.     matches     top %-6llu            all               scan of all ads        "
           "scan / top, all (p50)\n",
           (unsigned long long)bench->k);
    printf("%-10s %8s %9s %8s %8s %8s %8s %9s %9s\n", "workload", "ads", "on avg", "p50", "p99", "p50", "p99",
           "p50", "p99");
}

static void print_bytes(const struct table *table) {
    double ads = table->ad_count, index = 0, hot = (double)table_hot_bytes(table);
    printf("bytes an ad:");
    for (int i = TABLE_BLOCKS; i <= TABLE_WEIGHTS; i++) {
        double bytes = (double)table->header->sections[i].bytes / ads;
        printf(" %s %.1f,", table_section_name((enum table_section)i), bytes);
        if (i == TABLE_BLOCKS || (i >= TABLE_VALUES && i <= TABLE_POSTINGS))
            index += bytes;
    }
    printf(" index %.1f (blocks, values, slots, bitmaps, postings), hot %.1f\n", index, hot / ads);
}

static int run(const struct bench *bench, const struct workload_style *given, uint32_t ads, bool bytes) {
    struct workload_style with = *given, *style = &with;
    with.crosses = bench->crosses;
    static struct measured measured;
    char error[TABLE_ERROR_BYTES];
    struct table table;
    if (workload_table(style, ads, bench->seed, &table, error, sizeof error) != 0) {
        fprintf(stderr, "match-bench: %s\n", error);
        return 1;
    }
    int result = measure(bench, style, &table, &measured);
    if (result == 0)
        print_measured(bench, style->name, ads, &measured);
    if (result == 0 && bytes)
        print_bytes(&table);
    table_unmap(&table);
    return result != 0 || measured.wrong != 0;
}

int main(int argc, char **argv) {
    struct bench bench = {
        .ads = 1000000, .requests = 2000, .scans = 50, .k = 10, .seed = 1, .crosses = WORKLOAD_CROSSES};
    uint64_t only = WORKLOAD_STYLES;
    const struct option_row rows[] = {
        {"ads", "N", "ads in the tables of the workloads (1,000,000)", OPTION_UINT, &bench.ads, 1, 1 << 27},
        {"requests", "N", "requests measured (2,000)", OPTION_UINT, &bench.requests, 1, 1000000},
        {"scans", "N", "of them, that all ads are looked at for as well (50)", OPTION_UINT, &bench.scans, 0,
         1000000},
        {"k", "N", "best ads asked for (10)", OPTION_UINT, &bench.k, 1, MATCH_MOST_HITS},
        {"seed", "N", "of ads and requests (1)", OPTION_UINT, &bench.seed, 0, 1e9},
        {"crosses", "X", "deviation of the weights of crosses (0.08); bounds are the looser", OPTION_NUMBER,
         &bench.crosses, 0, 1},
        {"workload", "N", "only this: 0 default, 1 tight, 2 loose, 3 correlated", OPTION_UINT, &only, 0,
         WORKLOAD_STYLES - 1},
        {"series", NULL, "tables of 10,000, 100,000 and 1,000,000 ads too", OPTION_FLAG, &bench.series, 0, 0},
        {"most", NULL, "and of 5,000,000", OPTION_FLAG, &bench.most, 0, 0},
    };
    const struct option_table table = {"match-bench", "What matching costs an impression.", NULL, rows,
                                       sizeof rows / sizeof rows[0]};
    static const uint32_t series[] = {10000, 100000, 1000000, 5000000};
    int result = 0;
    options_read(&table, argc, argv);
    print_head(&bench);
    for (uint64_t i = 0; i < WORKLOAD_STYLES; i++)
        if (only == WORKLOAD_STYLES || only == i)
            result |= run(&bench, &workload_styles[i], (uint32_t)bench.ads, true);
    for (size_t i = 0; bench.series && i < 3u + bench.most; i++)
        result |= run(&bench, &workload_styles[0], series[i], false);
    return result;
}
