/* Files with tables of made-up ads, for workers to map. */
#ifndef TESTS_TABLE_FILE_H
#define TESTS_TABLE_FILE_H

#include <stdint.h>

#define TABLE_FILE_COUNTRIES 4
#define TABLE_FILE_SIZES     3
extern const char
    *const table_file_countries[TABLE_FILE_COUNTRIES]; /* what ads are restricted to, if at all */
extern const char *const table_file_sizes[TABLE_FILE_SIZES];

/* A file without a name that holds a table of so many ads; fails the test when it can't be made. */
int table_file(uint32_t ads, uint64_t seed);

#endif
