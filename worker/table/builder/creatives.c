/* Markup, equal ones once; see creatives.h. */
#include "builder/creatives.h"

#include <errno.h>
#include <stdlib.h>

#include "base/hash.h"
#include "table/table_format.h"

#define FIRST_SLOTS 4096u

static_assert(TABLE_ADM_BYTES < 1u << 16, "creative.n holds any length");

int creatives_init(struct creatives *creatives, const char *directory) {
    memset(creatives, 0, sizeof *creatives);
    if (spool_init(&creatives->spool, directory) != 0)
        return -1;
    creatives->slot_count = FIRST_SLOTS;
    creatives->slots = calloc(creatives->slot_count, sizeof *creatives->slots);
    if (!creatives->slots) {
        spool_cleanup(&creatives->spool);
        errno = ENOMEM;
        return -1;
    }
    return 0;
}

void creatives_freeze(struct creatives *creatives) {
    free(creatives->slots);
    creatives->slots = NULL;
}

void creatives_cleanup(struct creatives *creatives) {
    creatives_freeze(creatives);
    spool_cleanup(&creatives->spool);
}

static int grow(struct creatives *creatives) {
    size_t count = creatives->slot_count * 2;
    struct creative *slots = calloc(count, sizeof *slots);
    if (!slots) {
        errno = ENOMEM;
        return -1;
    }
    for (size_t i = 0; i < creatives->slot_count; i++) {
        if (creatives->slots[i].n == 0)
            continue;
        size_t to = creatives->slots[i].hash & (count - 1);
        while (slots[to].n != 0)
            to = (to + 1) & (count - 1);
        slots[to] = creatives->slots[i];
    }
    free(creatives->slots);
    creatives->slots = slots;
    creatives->slot_count = count;
    return 0;
}

/* Whether the markup is this one, byte for byte: a hash alone could be met on purpose. 1, 0, -1 with errno.
 */
static int is_same(const struct creatives *creatives, const struct creative *creative, struct str markup) {
    char bytes[TABLE_ADM_BYTES];
    if (creative->n != markup.n)
        return 0;
    if (spool_read(&creatives->spool, creative->at, bytes, markup.n) != 0)
        return -1;
    return memcmp(bytes, markup.p, markup.n) == 0 ? 1 : 0;
}

int creatives_add(struct creatives *creatives, struct str markup, uint64_t *at) {
    if ((creatives->used + 1) * 4 > creatives->slot_count * 3 && grow(creatives) != 0)
        return -1;
    uint64_t hash = hash_bytes(markup, 0);
    size_t mask = creatives->slot_count - 1, slot = hash & mask;
    for (; creatives->slots[slot].n != 0; slot = (slot + 1) & mask) {
        int same =
            creatives->slots[slot].hash == hash ? is_same(creatives, &creatives->slots[slot], markup) : 0;
        if (same < 0)
            return -1;
        if (same) {
            *at = creatives->slots[slot].at;
            return 0;
        }
    }
    *at = creatives->spool.n;
    if (spool_add(&creatives->spool, markup.p, markup.n) != 0)
        return -1;
    creatives->slots[slot] =
        (struct creative){.hash = hash, .at = *at & ((UINT64_C(1) << 48) - 1), .n = (uint16_t)markup.n};
    creatives->used++;
    return 0;
}
