/*
 * The names of interests: a table with linear search, to which names are only added.
 *
 * A place is claimed by its hash, then the text is written word by word, each by compare-and-swap from 0,
 * then the length. So whoever adds the same name helps to finish what a process that died has begun; who
 * meets another text under the same hash goes on searching.
 */
#include <string.h>

#include "base/hash.h"
#include "ledger/users_table.h"

#define MOST_STEPS 64u

/* The place's text is, or becomes, that of the name. */
static bool write_text(struct users_name *place, const uint64_t *text, uint64_t length) {
    for (uint32_t i = 0; i < USERS_NAME_WORDS; i++) {
        uint64_t seen = 0;
        if (!atomic_compare_exchange_strong(&place->text[i], &seen, text[i]) && seen != text[i])
            return false;
    }
    uint64_t seen = 0;
    return atomic_compare_exchange_strong(&place->length, &seen, length) || seen == length;
}

static bool has_text(const struct users_name *place, const uint64_t *text, uint64_t length) {
    if (atomic_load(&place->length) != length)
        return false;
    for (uint32_t i = 0; i < USERS_NAME_WORDS; i++)
        if (atomic_load(&place->text[i]) != text[i])
            return false;
    return true;
}

static bool may_add(const struct users *users) {
    return atomic_load_explicit(&users->header->known_names, memory_order_relaxed) < USERS_MOST_NAMES;
}

uint32_t users_name_place(const struct users *users, struct str name, bool add) {
    uint64_t text[USERS_NAME_WORDS] = {0};
    if (name.n == 0 || name.n >= USERS_NAME_BYTES || memchr(name.p, 0, name.n))
        return UINT32_MAX;
    memcpy(text, name.p, name.n);
    uint64_t hash = hash_bytes(name, 0) | 1;
    for (uint32_t step = 0; step < MOST_STEPS; step++) {
        uint32_t at = (uint32_t)((hash >> 32) + step) % USERS_NAME_PLACES;
        struct users_name *place = users->names + at;
        uint64_t seen = atomic_load(&place->hash);
        if (seen == hash && has_text(place, text, name.n))
            return at;
        if (seen == 0) {
            if (!add || !may_add(users))
                return UINT32_MAX;
            if (atomic_compare_exchange_strong(&place->hash, &seen, hash)) {
                users_count(&users->header->known_names);
                seen = hash;
            }
        }
        if (seen == hash && add && write_text(place, text, name.n))
            return at;
    }
    return UINT32_MAX;
}

bool users_name_at(const struct users *users, uint32_t place, struct str *name) {
    if (place >= USERS_NAME_PLACES)
        return false;
    const struct users_name *at = users->names + place;
    uint64_t length = atomic_load(&at->length);
    if (length == 0 || length >= USERS_NAME_BYTES)
        return false;
    *name = (struct str){(const char *)at->text, (size_t)length};
    return memchr(name->p, 0, USERS_NAME_BYTES) == name->p + name->n;
}
