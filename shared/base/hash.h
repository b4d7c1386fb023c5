/* A 64-bit hash of bytes for tables and tie-breaks (FNV-1a, finished by splitmix64). Not for secrets. */
#ifndef SLIMBID_BASE_HASH_H
#define SLIMBID_BASE_HASH_H

#include <stdint.h>

#include "base/str.h"

uint64_t hash_bytes(struct str s, uint64_t seed);

#endif
