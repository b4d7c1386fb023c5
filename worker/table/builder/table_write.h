/*
 * Writes a table's file: sections in their order, then the header; on disk, verified, and only then under its
 * name. Until then the file has no name where the file system allows that, else one that goes with a failure
 * or a signal.
 */
#ifndef SLIMBID_TABLE_TABLE_WRITE_H
#define SLIMBID_TABLE_TABLE_WRITE_H

#include <stdbool.h>

#include "base/macros.h"
#include "table/table_format.h"

struct table_writer {
    const char *path;
    char *directory; /* of path */
    char *name;      /* the file's name until it is finished; NULL: none */
    int fd;
    char *buffer;
    size_t pending;
    uint64_t end;     /* bytes of the file so far, those of the buffer included */
    uint32_t section; /* the next one */
    struct table_header header;
    char *error;
    size_t error_size;
};

/* path stays the caller's. 0, or -1 with "PATH: reason" in error, as all of these. */
int table_writer_open(struct table_writer *writer, const char *path, char *error,
                      size_t error_size) CHECK_RESULT;
/* Ends the section before, begins this one: the next in order. */
int table_writer_section(struct table_writer *writer, enum table_section section) CHECK_RESULT;
/* Appends to the section. */
int table_writer_add(struct table_writer *writer, const void *p, size_t n) CHECK_RESULT;
/* All sections are there and writer->header is filled but for what the writer knows: gives the file its name.
 */
int table_writer_finish(struct table_writer *writer) CHECK_RESULT;
/* What is not finished leaves nothing behind. Legal after a failed open, and twice. */
void table_writer_cleanup(struct table_writer *writer);

/* The directory that a file lies in, for the caller to free; NULL: out of memory. */
char *table_directory_of(const char *path) CHECK_RESULT;

#endif
