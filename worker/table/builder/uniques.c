/* Items, equal ones once; see uniques.h. */
#include "builder/uniques.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

#define FIRST_SLOTS 256u

int uniques_init(struct uniques *uniques, size_t item_bytes, size_t key_bytes, uint32_t most) {
    memset(uniques, 0, sizeof *uniques);
    uniques->item_bytes = item_bytes;
    uniques->key_bytes = key_bytes;
    uniques->most = most;
    uniques->slot_count = FIRST_SLOTS;
    uniques->slots = calloc(uniques->slot_count, sizeof *uniques->slots);
    if (!uniques->slots || region_init(&uniques->items, most * item_bytes) != 0) {
        uniques_cleanup(uniques);
        return -1;
    }
    return 0;
}

void uniques_cleanup(struct uniques *uniques) {
    free(uniques->slots);
    uniques->slots = NULL;
    region_cleanup(&uniques->items);
}

static uint32_t *find(const struct uniques *uniques, const void *key) {
    size_t mask = uniques->slot_count - 1;
    for (size_t i = hash_bytes((struct str){key, uniques->key_bytes}, 0) & mask;; i = (i + 1) & mask) {
        uint32_t *slot = &uniques->slots[i];
        if (*slot == 0 || memcmp(uniques_at(uniques, *slot - 1), key, uniques->key_bytes) == 0)
            return slot;
    }
}

void *uniques_find(const struct uniques *uniques, const void *key) {
    uint32_t slot = *find(uniques, key);
    return slot ? uniques_at(uniques, slot - 1) : NULL;
}

static int grow(struct uniques *uniques) {
    uint32_t *slots = calloc(uniques->slot_count * 2, sizeof *slots);
    if (!slots)
        return -1;
    free(uniques->slots);
    uniques->slots = slots;
    uniques->slot_count *= 2;
    for (uint32_t i = 0; i < uniques->count; i++)
        *find(uniques, uniques_at(uniques, i)) = i + 1;
    return 0;
}

int uniques_add(struct uniques *uniques, const void *item, uint32_t *number) {
    uint32_t *slot = find(uniques, item);
    if (*slot == 0) {
        if (uniques->count == uniques->most || region_add(&uniques->items, item, uniques->item_bytes) != 0)
            return -1;
        *slot = ++uniques->count;
        *number = uniques->count - 1;
        return (size_t)uniques->count * 4 > uniques->slot_count * 3 ? grow(uniques) : 0;
    }
    *number = *slot - 1;
    return 0;
}
