/* Tables for tests: built by the builder from lines, as bytes that may be changed, mapped again. */
#ifndef SLIMBID_TESTS_TABLE_FIXTURE_H
#define SLIMBID_TESTS_TABLE_FIXTURE_H

#include "table/table.h"

/* A file's bytes, on the heap. */
struct table_image {
    char *p;
    size_t n;
};

/* Of the ads that text holds, one a line; the test fails when they don't build. */
struct table_image table_image_build(const char *text);
/* 300 ads of every kind, with values that get bitmaps and values that get postings. */
struct table_image table_image_full(void);
void table_image_free(struct table_image *image);

/* Makes each CRC what the bytes ask for, that of the header too. */
void table_image_seal(struct table_image *image);
/* Maps the bytes, through a file in memory. As table_map(). */
int table_image_map(const struct table_image *image, struct table *table, char *error, size_t error_size);
/* Maps what must be good. */
void table_image_map_good(const struct table_image *image, struct table *table);

#endif
