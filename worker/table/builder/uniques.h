/* Items of one size, equal ones once, numbered as they came; equal are those whose first bytes, the key, are.
 */
#ifndef SLIMBID_TABLE_UNIQUES_H
#define SLIMBID_TABLE_UNIQUES_H

#include <stdint.h>

#include "base/macros.h"
#include "builder/region.h"

struct uniques {
    struct region items;
    uint32_t *slots; /* open addressing: numbers, plus 1 */
    size_t slot_count;
    size_t item_bytes, key_bytes;
    uint32_t count, most;
};

/* most: items there may be. 0, or -1 without memory. */
int uniques_init(struct uniques *uniques, size_t item_bytes, size_t key_bytes, uint32_t most) CHECK_RESULT;
/* Legal on zeroed ones, and twice. */
void uniques_cleanup(struct uniques *uniques);
/* The item with that key, or NULL. Stays where it is. */
void *uniques_find(const struct uniques *uniques, const void *key);
/* Finds the item with the key of this one, or adds it. 0, or -1 without memory or beyond the most. */
int uniques_add(struct uniques *uniques, const void *item, uint32_t *number) CHECK_RESULT;

static inline void *uniques_at(const struct uniques *uniques, uint32_t number) {
    return uniques->items.p + number * uniques->item_bytes;
}

#endif
