/* JSON numbers to int32_t and double, whatever the locale. The text is a number by RFC 8259 section 6. */
#ifndef SLIMBID_JSON_NUMBER_H
#define SLIMBID_JSON_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"
#include "base/str.h"

/* The digits of a number that is converted; longer ones are refused. */
#define JSON_NUMBER_MAX 320

/* The nearest double; false when it is not finite or longer than JSON_NUMBER_MAX. */
bool json_number_double(struct str text, double *value) CHECK_RESULT;

enum json_int_result { JSON_INT_OK, JSON_INT_FRACTION, JSON_INT_RANGE };

/* An integer, however it is written: 1, 1.0 and 1e0 are the same number. */
enum json_int_result json_number_int32(struct str text, int32_t *value) CHECK_RESULT;

#endif
