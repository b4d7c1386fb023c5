/* Numbered names of features; see feature_names.h. */
#include "train/feature_names.h"

#include <stdlib.h>

#include "base/hash.h"

#define FIRST_SLOTS 1024u

struct name {
    size_t at; /* in texts */
    uint16_t n;
    uint16_t field_bytes;
};

struct feature_names {
    size_t cap_bytes;
    struct name *names;
    uint32_t count, room;
    char *texts;
    size_t text_bytes, text_room;
    uint32_t *slots; /* number + 1; 0: empty; at most half full */
    uint32_t slot_count;
};

struct feature_names *feature_names_create(size_t cap_bytes) {
    struct feature_names *features = calloc(1, sizeof *features);
    if (!features)
        return NULL;
    features->cap_bytes = cap_bytes;
    features->slot_count = FIRST_SLOTS;
    features->slots = calloc(FIRST_SLOTS, sizeof *features->slots);
    if (!features->slots) {
        feature_names_destroy(features);
        return NULL;
    }
    return features;
}

void feature_names_destroy(struct feature_names *features) {
    if (!features)
        return;
    free(features->names);
    free(features->texts);
    free(features->slots);
    free(features);
}

uint32_t feature_names_count(const struct feature_names *features) {
    return features->count;
}

struct str feature_names_name(const struct feature_names *features, uint32_t number) {
    const struct name *name = &features->names[number];
    return (struct str){features->texts + name->at, name->n};
}

struct str feature_names_field(const struct feature_names *features, uint32_t number) {
    const struct name *name = &features->names[number];
    return (struct str){features->texts + name->at, name->field_bytes};
}

size_t feature_names_bytes(const struct feature_names *features) {
    return sizeof *features + features->room * sizeof *features->names + features->text_room +
           features->slot_count * sizeof *features->slots;
}

/* Where the name stands, or the empty slot where it belongs. */
static uint32_t find_slot(const struct feature_names *features, struct str name) {
    uint32_t mask = features->slot_count - 1;
    uint32_t at = (uint32_t)hash_bytes(name, 0) & mask;
    while (features->slots[at] != 0 && !str_eq(feature_names_name(features, features->slots[at] - 1), name))
        at = (at + 1) & mask;
    return at;
}

/* Twice the slots, so that they stay at most half full. */
static bool grow_slots(struct feature_names *features) {
    uint32_t *slots = calloc((size_t)features->slot_count * 2, sizeof *slots);
    if (!slots)
        return false;
    free(features->slots);
    features->slots = slots;
    features->slot_count *= 2;
    for (uint32_t i = 0; i < features->count; i++)
        features->slots[find_slot(features, feature_names_name(features, i))] = i + 1;
    return true;
}

/* Room for one more name of n bytes. */
static bool make_room(struct feature_names *features, size_t n) {
    size_t held = feature_names_bytes(features);
    if (features->count == features->room) {
        uint32_t room = features->room * 2 + 256;
        size_t more = (room - features->room) * sizeof *features->names;
        struct name *names =
            held + more <= features->cap_bytes ? realloc(features->names, room * sizeof *names) : NULL;
        if (!names)
            return false;
        held += more;
        features->names = names;
        features->room = room;
    }
    if (features->text_room - features->text_bytes < n) {
        size_t room = features->text_room * 2 + 64 * FEATURE_NAMES_BYTES;
        char *texts =
            held + room - features->text_room <= features->cap_bytes ? realloc(features->texts, room) : NULL;
        if (!texts)
            return false;
        held += room - features->text_room;
        features->texts = texts;
        features->text_room = room;
    }
    if (features->count + 1 <= features->slot_count / 2)
        return true;
    return features->slot_count < 1u << 30 &&
           held + features->slot_count * sizeof *features->slots <= features->cap_bytes &&
           grow_slots(features);
}

uint32_t feature_names_take(struct feature_names *features, struct str name) {
    if (name.n > FEATURE_NAMES_BYTES)
        return FEATURE_NAMES_NONE;
    uint32_t slot = find_slot(features, name);
    if (features->slots[slot] != 0)
        return features->slots[slot] - 1;
    if (!make_room(features, name.n))
        return FEATURE_NAMES_NONE;
    const char *equals = name.n > 0 ? memchr(name.p, '=', name.n) : NULL;
    struct name *row = &features->names[features->count];
    *row = (struct name){features->text_bytes, (uint16_t)name.n,
                         (uint16_t)(equals ? (size_t)(equals - name.p) : name.n)};
    if (name.n > 0)
        memcpy(features->texts + row->at, name.p, name.n);
    features->text_bytes += name.n;
    features->slots[find_slot(features, name)] = ++features->count; /* the slots may have grown */
    return features->count - 1;
}
