/*
 * Marks of an ad's exclusions, by which most ads need no look at their lists: what an ad is about (for bcat)
 * and what it does not want, each value as one bit of a word. A bit that the request does not have is proof;
 * one that it has calls for a look, but for those that stand for one value alone. Builder and verifier make
 * them by this.
 */
#ifndef SLIMBID_TABLE_TABLE_MARKS_H
#define SLIMBID_TABLE_TABLE_MARKS_H

#include "table/table_format.h"

struct table_marks {
    uint32_t own, excluded; /* as in table_record */
};

/* The bit of a value in table_record.excluded. */
static inline uint32_t table_excluded_bit(uint64_t value_hash) {
    return 1u << (value_hash >> 32) % TABLE_EXCLUDED_BITS;
}

/* Those of a set of lists, which is whole. */
static inline struct table_marks table_marks(const uint32_t *set, const struct table_value *values) {
    struct table_marks marks = {0, 0};
    const uint32_t *at = set + 1;
    for (uint32_t bits = *set; bits; bits &= bits - 1) {
        uint32_t list = (uint32_t)__builtin_ctz(bits), count = *at++;
        for (uint32_t i = 0; list >= TARGET_INDEXED && i < count; i++) {
            const struct table_value *value = &values[at[i]];
            if (list != TABLE_LIST_OWN_CATEGORY)
                marks.excluded |= table_excluded_bit(value->hash);
            else if (value->number < TABLE_OWN_NONE)
                marks.own |= 1u << value->number;
        }
        at += count;
    }
    return marks;
}

#endif
