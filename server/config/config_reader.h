/*
 * How a configuration is put together, for config*.c only: JSON values are read by the rows of the table
 * into the structs, then checked against each other. The first error ends it.
 */
#ifndef SLIMBID_CONFIG_CONFIG_READER_H
#define SLIMBID_CONFIG_CONFIG_READER_H

#include "base/arena.h"
#include "base/macros.h"
#include "config/config.h"
#include "config/config_options.h"

struct json_t;

#define CONFIG_KEY_BYTES 160 /* a key as shown in an error: "partners[63].headers[31]" */

struct config_reader {
    const char *file;
    struct config *config;
    struct arena *arena; /* of the config: strings, lists, partners */
    char *error;
    size_t error_size;
};

/* Writes "FILE: KEY: reason" and returns -1; key may be NULL. */
int config_fail(struct config_reader *reader, const char *key, const char *format, ...) PRINTF_LIKE(3, 4);

/* Reads json by the row into base (the config, or a partner); key is what errors call it. 0 or -1. */
int config_value_read(struct config_reader *reader, const struct config_option *option, const char *key,
                      struct json_t *json, void *base) CHECK_RESULT;

/* Reads the array of objects of that row into the config. 0 or -1. */
int config_objects_read(struct config_reader *reader, const struct config_option *option,
                        struct json_t *json) CHECK_RESULT;

/* Of struct config_objects, for partners and placements. */
int config_partner_finish(struct config_reader *reader, const char *shown, void *item);
int config_placement_finish(struct config_reader *reader, const char *shown, void *item);

/* A JSON object whose members are keys of one table prefix. */
struct config_scope {
    const char *prefix; /* in the table: "", "http.", "partners[]." */
    const char *shown;  /* in errors: "", "http.", "partners[3]." */
    void *base;
};
/* Sets every row of the scope to its default; required keys stay absent. 0 or -1. */
int config_scope_defaults(struct config_reader *reader, const struct config_scope *scope) CHECK_RESULT;
/* Reads every member of the object by its row; the root's members may be sections. 0 or -1. */
int config_scope_read(struct config_reader *reader, const struct config_scope *scope,
                      struct json_t *object) CHECK_RESULT;

/* What no row can say alone: orders, uniqueness. 0 or -1. */
int config_check(struct config_reader *reader) CHECK_RESULT;

#endif
