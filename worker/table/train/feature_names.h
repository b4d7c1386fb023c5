/*
 * Names of features ("country=USA"), each with a number from 0 in the order in which they came. Memory is
 * capped from birth; a name that does not fit is refused.
 */
#ifndef SLIMBID_WORKER_TABLE_FEATURE_NAMES_H
#define SLIMBID_WORKER_TABLE_FEATURE_NAMES_H

#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"
#include "base/str.h"

#define FEATURE_NAMES_NONE  UINT32_MAX
#define FEATURE_NAMES_BYTES ((size_t)1024) /* the longest name */

struct feature_names;

/* NULL: out of memory. */
struct feature_names *feature_names_create(size_t cap_bytes) CHECK_RESULT;
void feature_names_destroy(struct feature_names *features);

/* The number of that name, a new one if it is new; FEATURE_NAMES_NONE when it is too long, or there is no
 * room. */
uint32_t feature_names_take(struct feature_names *features, struct str name) CHECK_RESULT;
uint32_t feature_names_count(const struct feature_names *features);
/* Valid until the next feature_names_take(). */
struct str feature_names_name(const struct feature_names *features, uint32_t number);
/* What stands before the first '=' of the name, as a view of it. */
struct str feature_names_field(const struct feature_names *features, uint32_t number);
/* Bytes that it holds. */
size_t feature_names_bytes(const struct feature_names *features);

#endif
