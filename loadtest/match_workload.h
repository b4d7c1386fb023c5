/*
 * Synthetic ads and requests for measuring matching: campaigns of about twenty ads with targeting as
 * campaigns have it, values that few of which are frequent (log-uniform ranks), and requests of the same
 * world. The same seed gives the same.
 */
#ifndef SLIMBID_LOADTEST_MATCH_WORKLOAD_H
#define SLIMBID_LOADTEST_MATCH_WORKLOAD_H

#include <stdbool.h>

#include "base/prng.h"
#include "match/match.h"

#define WORKLOAD_VALUES  32 /* most of one list */
#define WORKLOAD_CROSSES 0.08

struct workload_style {
    const char *name;
    double
        restricts; /* how often ads restrict themselves: a factor, 1 gives about 2,100 matches of 1,000,000 */
    bool correlated; /* languages, domains, systems and segments go with the country and the device */
    double
        crosses; /* deviation of those crosses' weights that are not 0: the larger, the looser are bounds */
};

/* default, tight, loose, correlated */
#define WORKLOAD_STYLES 4
extern const struct workload_style workload_styles[WORKLOAD_STYLES];

/* A request and its imp; the lists are inside. */
struct workload_request {
    struct match_request request;
    struct match_imp imp;
    uint64_t values[TARGETS][WORKLOAD_VALUES];
    uint64_t sizes[WORKLOAD_VALUES], deals[WORKLOAD_VALUES];
    uint64_t badv[WORKLOAD_VALUES], bcat[WORKLOAD_VALUES], bcrid[WORKLOAD_VALUES];
    double deal_floors[WORKLOAD_VALUES];
};

/* Makes a table of so many ads. 0, or -1 with the reason in error. */
int workload_table(const struct workload_style *style, uint32_t ads, uint64_t seed, struct table *table,
                   char *error, size_t error_size) CHECK_RESULT;
/* Fills a request. */
void workload_request(const struct workload_style *style, struct prng *prng, struct workload_request *into);

#endif
