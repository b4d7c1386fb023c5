/*
 * The table of all configuration keys. What a key is called, what it takes, what it is when nobody sets
 * it and what it means stands in one row here; the reader, --print-config, --print-options and
 * docs/configuration.md all go by it.
 */
#ifndef SLIMBID_CONFIG_CONFIG_OPTIONS_H
#define SLIMBID_CONFIG_CONFIG_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

enum config_type {
    CONFIG_U32,         /* uint32_t; a whole number */
    CONFIG_DOUBLE,      /* double */
    CONFIG_BOOL,        /* bool */
    CONFIG_STRING,      /* struct str; absent while JSON null */
    CONFIG_LIST,        /* struct str_list; an array of strings */
    CONFIG_ENUM,        /* an enum that counts from 0; one of the names */
    CONFIG_BITS,        /* unsigned, bit i for name i; an array of names */
    CONFIG_JSON_OBJECT, /* struct str: an object as JSON text; absent while JSON null */
    CONFIG_JSON_ARRAY,  /* struct str: an array of objects as JSON text */
    CONFIG_OBJECTS      /* an array of objects with rows of their own: a pointer, and a count elsewhere */
};

#define CONFIG_STRING_BYTES 4096 /* the longest string, wherever it stands */

struct config_reader;

/* What the items of a CONFIG_OBJECTS are. */
struct config_objects {
    const char *prefix; /* of their rows: "partners[]." */
    size_t item_size;
    size_t count_offset; /* of the uint32_t in struct config */
    /* What no row of an item can say alone; shown is "partners[3]." in errors. 0 or -1. */
    int (*finish)(struct config_reader *reader, const char *shown, void *item);
};

struct config_option {
    const char *path; /* "front_ends", "http.body_bytes", "partners[].url" */
    enum config_type type;
    const char *unit;         /* "ms", "bytes"; "" when it has none */
    const char *fallback;     /* the default as JSON text; NULL: the key must be given */
    double min, max;          /* inclusive: of the number, of a string's bytes, of a list's items */
    const char *const *names; /* of ENUM and BITS, NULL behind the last */
    /* What is wrong with a string or list item, or NULL; itself NULL when any text will do. */
    const char *(*format)(struct str s);
    bool reloadable; /* may change while the process runs; the others need a restart */
    size_t offset;   /* in struct config, or in an item's struct */
    const char *help;
    const struct config_objects *objects; /* of CONFIG_OBJECTS */
};

extern const struct config_option config_options[];
extern const size_t config_option_count;

/* "partners[]." of partner keys, "http." of a section's keys, "" of root keys: the path up to its last name.
 */
struct str config_option_prefix(const struct config_option *option);
/* The last name of the path. */
const char *config_option_name(const struct config_option *option);
/* "u32", "string list": the type as --print-options says it. */
const char *config_type_name(enum config_type type);

#endif
