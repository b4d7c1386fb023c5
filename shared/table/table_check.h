/* How a table is checked, for table_verify*.c only: the first fault is told and ends it. */
#ifndef SLIMBID_TABLE_TABLE_CHECK_H
#define SLIMBID_TABLE_TABLE_CHECK_H

#include <stdbool.h>

#include "table/table.h"

/* How far ahead of the check the next memory is asked for: items of a section in random order. */
#define TABLE_CHECK_AHEAD 24u

/* Pages of a section of text: those that hold more than ASCII need a look at where texts begin and end. */
#define TABLE_CHECK_PAGE_SHIFT 12

struct table_check {
    const struct table *table;
    uint64_t *strings_pages, *markup_pages; /* a bit for each page: set when it is not all ASCII */
    uint8_t *targets;                       /* of each value: packed; table_check_hot() has its own */
    char *error;
    size_t error_size;
};

/* Writes the reason. -1. */
int table_check_fail(const struct table_check *check, const char *format, ...) PRINTF_LIKE(2, 3);

/* What matching reads, and what winners need (pages filled). 0, or -1 with the reason. */
int table_check_hot(const struct table_check *check) CHECK_RESULT;
int table_check_cold(const struct table_check *check) CHECK_RESULT;

#endif
