/*
 * Builds a table from lines of ads.
 *
 * Input is read once. What matching needs of an ad goes to the index (table/table_index.h), its texts to one
 * store where equal ones stand once, its markup and the rest of its cold record to files without names beside
 * the output. When all ads are there, the index puts them in order and the sections are written one after
 * the other (table_write.h). The same input gives the same bytes.
 */
#ifndef SLIMBID_TABLE_TABLE_BUILD_H
#define SLIMBID_TABLE_TABLE_BUILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"

#define TABLE_BUILD_ERROR_BYTES 512

struct table_build_options {
    const char *input; /* a file, one that ends in .xz, or "-" */
    const char *output;
    const char *rates;    /* or NULL */
    const char *weights;  /* or NULL */
    const char *currency; /* three capitals */
    uint32_t weight_bits, cross_bits;
    uint64_t most_bad;     /* bad lines; one more ends it */
    uint64_t created_unix; /* as the header gets it */
    bool strict;           /* the first bad line ends it */
    bool quiet;            /* no progress, no summary */
};

struct table_build_result {
    uint64_t ads, bad_lines, bytes;
};

/* Bad lines are told on standard error. 0, or -1 with the reason in error; nothing is left behind then. */
int table_build(const struct table_build_options *options, struct table_build_result *result, char *error,
                size_t error_size) CHECK_RESULT;

#endif
