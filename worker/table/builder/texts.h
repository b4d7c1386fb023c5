/*
 * Texts, equal ones once, as they will stand in TABLE_STRINGS: one behind the other, each with a NUL.
 * At most 4 GiB; no text holds a NUL.
 */
#ifndef SLIMBID_TABLE_TEXTS_H
#define SLIMBID_TABLE_TEXTS_H

#include "base/macros.h"
#include "base/str.h"
#include "builder/region.h"
#include "table/table_format.h"

struct texts {
    struct region bytes;
    uint32_t *slots; /* open addressing: places of texts, plus 1 */
    size_t slot_count, used;
};

/* 0, or -1 without memory. */
int texts_init(struct texts *texts) CHECK_RESULT;
/* Legal on a zeroed one, and twice. */
void texts_cleanup(struct texts *texts);
/* What finding equal texts needs is freed: no more are added. */
void texts_freeze(struct texts *texts);
/* 0, or -1 without memory or beyond 4 GiB. */
int texts_add(struct texts *texts, struct str s, struct table_text *text) CHECK_RESULT;

static inline struct str texts_view(const struct texts *texts, struct table_text text) {
    return (struct str){texts->bytes.p + text.at, text.n};
}

#endif
