/* Reads a whole JSON file; see json_file.h. */
#include "currency/json_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <jansson.h>

/* The file's bytes, *n of them, for the caller to free; NULL with errno set (EFBIG: beyond max_bytes). */
static char *read_whole(const char *path, size_t max_bytes, size_t *n) {
    struct stat status;
    int failed = 0;
    char *text = NULL;
    FILE *file = fopen(path, "re");
    if (!file)
        return NULL;
    if (fstat(fileno(file), &status) != 0) {
        failed = errno;
    } else if (S_ISDIR(status.st_mode)) {
        failed = EISDIR;
    } else {
        text = malloc(max_bytes + 1);
        *n = text ? fread(text, 1, max_bytes + 1, file) : 0;
        failed = !text ? ENOMEM : ferror(file) ? EIO : *n > max_bytes ? EFBIG : 0;
    }
    fclose(file);
    if (failed) {
        free(text);
        text = NULL;
        errno = failed;
    }
    return text;
}

/* jansson quotes the file where it breaks off; what it quotes must not rule the terminal. */
static void defuse(char *text) {
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            *text = '?';
}

struct json_t *json_file_read(const char *path, size_t max_bytes, char *error, size_t error_size) {
    size_t n = 0;
    json_error_t where = {.line = -1};
    json_t *json = NULL;
    char *text = read_whole(path, max_bytes, &n);
    if (!text && errno == EFBIG)
        snprintf(error, error_size, "%s: larger than %zu bytes", path, max_bytes);
    else if (!text)
        snprintf(error, error_size, "%s: %s", path, strerror(errno));
    else if (n == 0)
        snprintf(error, error_size, "%s: the file is empty", path);
    else
        json = json_loadb(text, n, JSON_REJECT_DUPLICATES, &where);
    if (text && n > 0 && !json) {
        defuse(where.text);
        if (where.line > 0)
            snprintf(error, error_size, "%s:%d:%d: %s", path, where.line, where.column, where.text);
        else
            snprintf(error, error_size, "%s: %s", path, where.text[0] ? where.text : "out of memory");
    }
    free(text);
    return json;
}

const char *json_file_kind(const json_t *json) {
    switch (json_typeof(json)) {
    case JSON_OBJECT:
        return "an object";
    case JSON_ARRAY:
        return "an array";
    case JSON_STRING:
        return "a string";
    case JSON_INTEGER:
        return "a whole number";
    case JSON_REAL:
        return "a number with a fraction or exponent";
    case JSON_TRUE:
    case JSON_FALSE:
        return "true or false";
    case JSON_NULL:
        return "null";
    }
    return "unknown";
}
