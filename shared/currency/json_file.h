/* Reads a whole JSON file into jansson's tree: capped, no duplicate keys, errors with file, line and column.
 */
#ifndef SLIMBID_CURRENCY_JSON_FILE_H
#define SLIMBID_CURRENCY_JSON_FILE_H

#include <stddef.h>

#include "base/macros.h"

struct json_t;

/* The caller drops the reference. NULL with "FILE: reason" or "FILE:LINE:COLUMN: reason" in error. */
struct json_t *json_file_read(const char *path, size_t max_bytes, char *error,
                              size_t error_size) CHECK_RESULT;

/* What a value is, in the words of messages: "an object", "a whole number". A static text. */
const char *json_file_kind(const struct json_t *json);

#endif
