/* How an ad is read, for ad_read*.c only: rows of fields, and what they share. */
#ifndef SLIMBID_TABLE_AD_READER_H
#define SLIMBID_TABLE_AD_READER_H

#include <stdint.h>

#include "base/arena.h"
#include "builder/ad.h"
#include "builder/ad_forms.h"

struct json_t;

#define AD_KEY_BYTES 120 /* a field as shown in an error */

struct ad_reader {
    struct arena_pool pool;
    struct arena arena;  /* of the current ad */
    struct json_t *root; /* of the current ad */
    struct ad *ad;
    uint32_t cattax; /* of the object that is read: the ad, or its targeting */
    char *error;
    size_t error_size;
};

struct ad_field {
    const char *name;
    int (*read)(struct ad_reader *reader, const struct ad_field *field, const char *key,
                const struct json_t *json);
    size_t offset;     /* in struct ad */
    uint32_t low, top; /* numbers: the range */
    enum target target;
    ad_form *form;
    const char *prefix; /* of each value: "domain:" */
};

/* Writes "KEY: reason". -1. */
int ad_fail(struct ad_reader *reader, const char *key, const char *format, ...) PRINTF_LIKE(3, 4);
/* "must be WANTED, is a string". -1. */
int ad_wrong_type(struct ad_reader *reader, const char *key, const char *wanted, const struct json_t *json);
/* The string that json is. 0 or -1. */
int ad_take_string(struct ad_reader *reader, const char *key, const struct json_t *json,
                   struct str *out) CHECK_RESULT;
/* The whole number from low to top that json is. 0 or -1. */
int ad_take_number(struct ad_reader *reader, const char *key, const struct json_t *json, uint32_t low,
                   uint32_t top, uint32_t *out) CHECK_RESULT;
/* How many items the array that json is has. 0 or -1. */
int ad_take_array(struct ad_reader *reader, const char *key, const struct json_t *json,
                  uint32_t *count) CHECK_RESULT;
/* Makes room for n more values. 0 or -1. */
int ad_values_grow(struct ad_reader *reader, const char *key, struct ad_values *values,
                   uint32_t n) CHECK_RESULT;
/* Adds prefix and text. There is room. 0 or -1. */
int ad_values_add(struct ad_reader *reader, const char *key, struct ad_values *values, enum target target,
                  const char *prefix, struct str text) CHECK_RESULT;
/* Every member of the object by its row; prefix: of its keys in errors. 0 or -1. */
int ad_read_fields(struct ad_reader *reader, const struct json_t *object, const char *prefix,
                   const struct ad_field *fields, size_t count) CHECK_RESULT;

/* Of any object. */
int ad_read_flag(struct ad_reader *reader, const struct ad_field *field, const char *key,
                 const struct json_t *json);
int ad_read_bits(struct ad_reader *reader, const struct ad_field *field, const char *key,
                 const struct json_t *json);
/* The object "targeting". */
int ad_read_targeting(struct ad_reader *reader, const struct ad_field *field, const char *key,
                      const struct json_t *json);

#endif
