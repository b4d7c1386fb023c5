/*
 * Memory that grows without moving: addresses are reserved once, pages come as they are needed. So what grows
 * to half a gigabyte never stands there twice.
 */
#ifndef SLIMBID_TABLE_REGION_H
#define SLIMBID_TABLE_REGION_H

#include <stddef.h>

#include "base/macros.h"

struct region {
    char *p;
    size_t n;        /* bytes used */
    size_t open;     /* bytes that may be used without asking */
    size_t reserved; /* n never passes it */
};

/* 0, or -1 without memory. */
int region_init(struct region *region, size_t most_bytes) CHECK_RESULT;
/* Legal on a zeroed region, and twice. */
void region_cleanup(struct region *region);
/* Makes room for n bytes behind what is used; region->n stays. 0, or -1 without memory. */
int region_reserve(struct region *region, size_t n) CHECK_RESULT;
/* Appends n bytes. 0, or -1 without memory. */
int region_add(struct region *region, const void *p, size_t n) CHECK_RESULT;

#endif
