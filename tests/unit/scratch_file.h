/* A file in the temporary directory that holds what a test wants to have read. */
#ifndef SLIMBID_TESTS_SCRATCH_FILE_H
#define SLIMBID_TESTS_SCRATCH_FILE_H

#include <stddef.h>

struct scratch_file {
    char path[64];
};

/* The test fails when the file can't be made. */
void scratch_file_write(struct scratch_file *file, const char *text, size_t n);
void scratch_file_remove(const struct scratch_file *file);

#endif
