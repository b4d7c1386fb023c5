/* Texts, equal ones once; see texts.h. */
#include "builder/texts.h"

#include <stdlib.h>

#include "base/hash.h"

#define FIRST_SLOTS 4096u
#define MOST_BYTES  (UINT64_C(1) << 32)

int texts_init(struct texts *texts) {
    memset(texts, 0, sizeof *texts);
    texts->slot_count = FIRST_SLOTS;
    texts->slots = calloc(texts->slot_count, sizeof *texts->slots);
    if (!texts->slots || region_init(&texts->bytes, MOST_BYTES) != 0) {
        texts_cleanup(texts);
        return -1;
    }
    return 0;
}

void texts_freeze(struct texts *texts) {
    free(texts->slots);
    texts->slots = NULL;
}

void texts_cleanup(struct texts *texts) {
    texts_freeze(texts);
    region_cleanup(&texts->bytes);
}

/* The slot of the text, or the one where it would stand. */
static uint32_t *find(const struct texts *texts, struct str s) {
    size_t mask = texts->slot_count - 1;
    for (size_t i = hash_bytes(s, 0) & mask;; i = (i + 1) & mask) {
        if (texts->slots[i] == 0)
            return &texts->slots[i];
        const char *p = texts->bytes.p + texts->slots[i] - 1;
        if (strncmp(p, s.p, s.n) == 0 && p[s.n] == '\0')
            return &texts->slots[i];
    }
}

static int grow(struct texts *texts) {
    uint32_t *old = texts->slots;
    size_t old_count = texts->slot_count;
    uint32_t *slots = calloc(old_count * 2, sizeof *slots);
    if (!slots)
        return -1;
    texts->slots = slots;
    texts->slot_count = old_count * 2;
    for (size_t i = 0; i < old_count; i++)
        if (old[i] != 0)
            *find(texts, str_from(texts->bytes.p + old[i] - 1)) = old[i];
    free(old);
    return 0;
}

int texts_add(struct texts *texts, struct str s, struct table_text *text) {
    *text = (struct table_text){0, 0};
    if (s.n == 0)
        return 0;
    if ((texts->used + 1) * 4 > texts->slot_count * 3 && grow(texts) != 0)
        return -1;
    uint32_t *slot = find(texts, s);
    if (*slot == 0) {
        size_t at = texts->bytes.n;
        if (at + s.n + 1 >= MOST_BYTES || region_reserve(&texts->bytes, s.n + 1) != 0)
            return -1;
        memcpy(texts->bytes.p + at, s.p, s.n);
        texts->bytes.p[at + s.n] = '\0';
        texts->bytes.n += s.n + 1;
        *slot = (uint32_t)at + 1;
        texts->used++;
    }
    *text = (struct table_text){*slot - 1, (uint32_t)s.n};
    return 0;
}
