/* Markup of ads, equal ones once, as it will stand in TABLE_MARKUP; the bytes wait in a spool. */
#ifndef SLIMBID_TABLE_CREATIVES_H
#define SLIMBID_TABLE_CREATIVES_H

#include "base/macros.h"
#include "base/str.h"
#include "builder/spool.h"

struct creative {
    uint64_t hash;
    uint64_t at : 48; /* in the spool */
    uint64_t n : 16;  /* 0: none */
};

struct creatives {
    struct spool spool;
    struct creative *slots; /* open addressing */
    size_t slot_count, used;
};

/* 0, or -1 with errno. */
int creatives_init(struct creatives *creatives, const char *directory) CHECK_RESULT;
/* Legal on a zeroed one, and twice. */
void creatives_cleanup(struct creatives *creatives);
/* What finding equal ones needs is freed: no more are added. */
void creatives_freeze(struct creatives *creatives);
/* The place of the markup, 1 to TABLE_ADM_BYTES bytes. 0, or -1 with errno. */
int creatives_add(struct creatives *creatives, struct str markup, uint64_t *at) CHECK_RESULT;

#endif
