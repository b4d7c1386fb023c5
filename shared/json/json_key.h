/* Keys of objects: the lookup of known ones, and the memory of unknown ones that finds duplicates. */
#ifndef SLIMBID_JSON_KEY_H
#define SLIMBID_JSON_KEY_H

#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "json/json_schema.h"

/* A key of up to 16 bytes is exactly its length, head and tail: no comparison has to touch its bytes. */
struct json_key {
    struct str text;
    uint64_t head; /* its first 8 bytes, zeros behind a shorter one */
    uint64_t tail; /* of one longer than 8, its last 8 bytes; else 0 */
    uint64_t hash; /* keyed by a secret of this process, so that nobody can prepare collisions */
};

extern uint64_t json_key_secrets[2];

static inline uint64_t json_key_load(const char *p) {
    uint64_t v;
    memcpy(&v, p, sizeof(v));
    return v;
}

static inline uint64_t json_key_fold(uint64_t a, uint64_t b) {
    unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* What is between the ends of a key of more than 16 bytes, folded. */
uint64_t json_key_fold_middle(struct str text);

/* readable: how many bytes may be read at text.p, at least text.n; with 8 and more it is faster. */
static inline struct json_key json_key_make(struct str text, size_t readable) {
    size_t n = text.n;
    uint64_t head = 0, tail = 0, middle = 0;
    if (LIKELY(readable >= 8))
        head = json_key_load(text.p);
    else
        memcpy(&head, text.p, n);
    if (n < 8)
        head &= (UINT64_C(1) << (8 * n)) - 1;
    else if (n > 8)
        tail = json_key_load(text.p + n - 8);
    if (UNLIKELY(n > 16))
        middle = json_key_fold_middle(text);
    uint64_t hash = json_key_fold(head ^ json_key_secrets[0], tail ^ middle ^ n ^ json_key_secrets[1]);
    return (struct json_key){text, head, tail, hash};
}

/* The field of that name, or NULL. The object must be prepared. */
static inline const struct json_field *json_key_field(const struct json_object *object,
                                                      const struct json_key *key) {
    const struct json_index *index = object->index;
    unsigned at = (unsigned)(key->hash % JSON_SLOTS);
    for (; index->slots[at]; at = (at + 1) % JSON_SLOTS) {
        unsigned i = index->slots[at] - 1u;
        uint64_t different = (index->names[i].head ^ key->head) | (index->names[i].tail ^ key->tail) |
                             (index->names[i].length ^ key->text.n);
        const struct json_field *field = &object->fields[i];
        if (LIKELY(different == 0) &&
            (LIKELY(key->text.n <= 16) || memcmp(field->name + 8, key->text.p + 8, key->text.n - 16) == 0))
            return field;
    }
    return NULL;
}

#define JSON_KEYS_INLINE 64

/* The unknown keys of all open objects, the innermost object's last. */
struct json_key_stack {
    uint32_t *hashes;
    struct str *texts;
    uint32_t count, room;
    uint32_t first_hashes[JSON_KEYS_INLINE];
    struct str first_texts[JSON_KEYS_INLINE];
};

void json_key_stack_init(struct json_key_stack *stack);

enum json_key_result { JSON_KEY_NEW, JSON_KEY_DUPLICATE, JSON_KEY_NO_MEMORY };

/* Adds the key to the object whose keys begin at base. */
enum json_key_result json_key_stack_add(struct json_key_stack *stack, uint32_t base,
                                        const struct json_key *key, struct arena *arena) CHECK_RESULT;

#endif
