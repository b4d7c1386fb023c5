/*
 * Lines of a text file, one after the other. A name that ends in .xz is read through `xz -dc`, started
 * without a shell; "-" is standard input.
 */
#ifndef SLIMBID_BASE_LINES_H
#define SLIMBID_BASE_LINES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/macros.h"
#include "base/str.h"

#define LINES_MAX_BYTES ((size_t)8 << 20) /* of one line */

struct lines;

/* NULL with the reason in error. */
struct lines *lines_open(const char *path, char *error, size_t error_size) CHECK_RESULT;
/* 1 and the next line without its end, valid until the next call; 0 at the end; -1 with the reason in error:
 * reading failed, xz failed, a line is too long. */
int lines_next(struct lines *lines, struct str *line, char *error, size_t error_size) CHECK_RESULT;
/* Whether the last call failed because the line was too long: the next call goes on behind it. */
bool lines_too_long(const struct lines *lines);
/* Ends xz when it still runs. NULL is legal. */
void lines_close(struct lines *lines);

#endif
