/* Random tables and requests, and the comparison of what the matcher and the naive one make of them. */
#ifndef SLIMBID_TESTS_MATCH_RANDOM_MATCH_H
#define SLIMBID_TESTS_MATCH_RANDOM_MATCH_H

#include <stdint.h>

/* What has been compared. */
struct random_counts {
    uint64_t tables, ads, requests;
    uint64_t comparisons; /* lists of hits */
    uint64_t empty;       /* of them, had no hit */
    uint64_t hits;        /* in them */
    uint64_t checks;      /* ads looked at by the naive one */
};

/*
 * Makes a table of at most most_ads random ads from the seed, and compares that many requests. Returns 0 when
 * all were alike, else prints the first difference and returns -1.
 */
int random_match(uint64_t seed, uint32_t most_ads, uint32_t requests, struct random_counts *counts);

#endif
