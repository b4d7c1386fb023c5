/* See scratch_directory.h. */
#include "scratch_directory.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

void scratch_directory_make(char path[SCRATCH_DIRECTORY_BYTES]) {
    const char *parent = getenv("TMPDIR");
    int n = snprintf(path, SCRATCH_DIRECTORY_BYTES, "%s/slimbid-test-XXXXXX", parent ? parent : "/tmp");
    assert_true(n < SCRATCH_DIRECTORY_BYTES);
    assert_non_null(mkdtemp(path));
}

const char *scratch_directory_file(const char *path, const char *name) {
    static char file[SCRATCH_DIRECTORY_BYTES + 256];
    snprintf(file, sizeof file, "%s/%.250s", path, name);
    return file;
}

void scratch_directory_remove(const char *path) {
    DIR *directory = opendir(path);
    struct dirent *entry;
    while (directory && (entry = readdir(directory)))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            unlink(scratch_directory_file(path, entry->d_name));
    if (directory)
        closedir(directory);
    rmdir(path);
}
