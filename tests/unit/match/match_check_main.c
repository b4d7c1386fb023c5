/*
 * match-check: compares matching with the naive matcher on random tables, for as many tables as wanted.
 *
 * usage: match-check [TABLES [SEED]]
 */
#include <stdio.h>
#include <stdlib.h>

#include "random_match.h"

#define MANY_ADS 40000 /* some blocks */
#define FEW_ADS  300
#define ALL_ADS  200000 /* enough for the largest units */

int main(int argc, char **argv) {
    unsigned long tables = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000;
    unsigned long seed = argc > 2 ? strtoul(argv[2], NULL, 10) : 1;
    struct random_counts counts = {0};
    for (unsigned long i = 0; i < tables; i++) {
        int big = i % 10 == 9, huge = i % 100 == 49;
        uint32_t ads = huge ? ALL_ADS : big ? MANY_ADS : FEW_ADS;
        if (random_match(seed + i, ads, huge ? 10 : big ? 40 : 200, &counts) != 0)
            return 1;
    }
    printf("%llu tables of %llu ads, %llu requests: %llu lists of hits compared (%llu of them empty, %llu "
           "hits), %llu ads looked "
           "at one by one: all alike\n",
           (unsigned long long)counts.tables, (unsigned long long)counts.ads,
           (unsigned long long)counts.requests, (unsigned long long)counts.comparisons,
           (unsigned long long)counts.empty, (unsigned long long)counts.hits,
           (unsigned long long)counts.checks);
    return 0;
}
