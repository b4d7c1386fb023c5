/* A file for a test; see scratch_file.h. */
#include "scratch_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

void scratch_file_write(struct scratch_file *file, const char *text, size_t n) {
    snprintf(file->path, sizeof file->path, "/tmp/slimbid-test-XXXXXX");
    int fd = mkstemp(file->path);
    assert_true(fd >= 0);
    FILE *out = fdopen(fd, "w");
    assert_non_null(out);
    assert_int_equal(fwrite(text, 1, n, out), n);
    assert_int_equal(fclose(out), 0);
}

void scratch_file_remove(const struct scratch_file *file) {
    unlink(file->path);
}
