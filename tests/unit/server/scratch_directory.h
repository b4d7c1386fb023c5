/* A directory of a test's own, removed with the files in it. */
#ifndef SLIMBID_TESTS_SCRATCH_DIRECTORY_H
#define SLIMBID_TESTS_SCRATCH_DIRECTORY_H

#include <stddef.h>

#define SCRATCH_DIRECTORY_BYTES 64

/* Fails the test when there can be none. */
void scratch_directory_make(char path[SCRATCH_DIRECTORY_BYTES]);
/* With its files; it has no directories in it. */
void scratch_directory_remove(const char *path);
/* "PATH/NAME", in memory that the next call uses again. */
const char *scratch_directory_file(const char *path, const char *name);

#endif
