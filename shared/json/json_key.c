/* Hashing follows wyhash (Wang Yi, public domain): one 64 x 64 multiplication, folded. */
#include "json/json_key.h"

#include <assert.h>
#include <pthread.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

uint64_t json_key_secrets[2];
static pthread_once_t secrets_once = PTHREAD_ONCE_INIT;

static void make_secrets(void) {
    if (getrandom(json_key_secrets, sizeof(json_key_secrets), GRND_NONBLOCK) !=
        (ssize_t)sizeof(json_key_secrets)) {
        struct timespec now;
        clock_gettime(CLOCK_REALTIME, &now);
        json_key_secrets[0] = (uint64_t)now.tv_nsec * UINT64_C(0x9E3779B97F4A7C15);
        json_key_secrets[1] = (uint64_t)now.tv_sec * UINT64_C(0xBF58476D1CE4E5B9) + (uint64_t)(uintptr_t)&now;
    }
    json_key_secrets[0] |= UINT64_C(0x8000000000000001);
    json_key_secrets[1] |= UINT64_C(0x8000000000000001);
}

uint64_t json_key_fold_middle(struct str text) {
    uint64_t seed = 0;
    for (size_t i = 8; i + 8 < text.n; i += 8)
        seed = json_key_fold(seed ^ json_key_secrets[1], json_key_load(text.p + i) ^ json_key_secrets[0]);
    return seed;
}

static void index_field(const struct json_object *object, unsigned i) {
    struct json_index *index = object->index;
    struct str name = {object->fields[i].name, object->fields[i].name_length};
    struct json_key key = json_key_make(name, name.n);
    index->names[i].head = key.head;
    index->names[i].tail = key.tail;
    index->names[i].length = name.n;
    if (object->fields[i].flags & JSON_REQUIRED)
        index->required |= UINT64_C(1) << i;
    unsigned at = (unsigned)(key.hash % JSON_SLOTS);
    while (index->slots[at])
        at = (at + 1) % JSON_SLOTS;
    index->slots[at] = (uint8_t)(i + 1);
}

void json_object_prepare(const struct json_object *object) {
    pthread_once(&secrets_once, make_secrets);
    if (!object || object->index->ready)
        return;
    assert(object->field_count <= JSON_MAX_FIELDS);
    object->index->ready = true;
    for (unsigned i = 0; i < object->field_count; i++) {
        index_field(object, i);
        json_object_prepare(object->fields[i].object);
    }
    if (object->rest)
        json_object_prepare(object->rest->object);
}

void json_key_stack_init(struct json_key_stack *stack) {
    stack->hashes = stack->first_hashes;
    stack->texts = stack->first_texts;
    stack->count = 0;
    stack->room = JSON_KEYS_INLINE;
}

static bool grow(struct json_key_stack *stack, struct arena *arena) {
    uint32_t room = stack->room * 2;
    uint32_t *hashes = arena_alloc(arena, room * sizeof(*hashes));
    struct str *texts = arena_alloc(arena, room * sizeof(*texts));
    if (!hashes || !texts)
        return false;
    memcpy(hashes, stack->hashes, stack->count * sizeof(*hashes));
    memcpy(texts, stack->texts, stack->count * sizeof(*texts));
    stack->hashes = hashes;
    stack->texts = texts;
    stack->room = room;
    return true;
}

/* No early exit: compilers turn it into a few vector instructions. */
static inline bool any_of_8(const uint32_t *hashes, uint32_t hash) {
    uint32_t found = 0;
    for (int i = 0; i < 8; i++)
        found |= hashes[i] == hash;
    return found != 0;
}

static inline bool is_among(const struct json_key_stack *stack, uint32_t from, uint32_t to, uint32_t hash,
                            struct str text) {
    for (uint32_t i = from; i < to; i++)
        if (stack->hashes[i] == hash && str_eq(stack->texts[i], text))
            return true;
    return false;
}

enum json_key_result json_key_stack_add(struct json_key_stack *stack, uint32_t base,
                                        const struct json_key *key, struct arena *arena) {
    uint32_t hash = (uint32_t)(key->hash >> 32);
    uint32_t i = base;
    for (; i + 8 <= stack->count; i += 8)
        if (UNLIKELY(any_of_8(stack->hashes + i, hash)) && is_among(stack, i, i + 8, hash, key->text))
            return JSON_KEY_DUPLICATE;
    if (is_among(stack, i, stack->count, hash, key->text))
        return JSON_KEY_DUPLICATE;
    if (UNLIKELY(stack->count == stack->room) && !grow(stack, arena))
        return JSON_KEY_NO_MEMORY;
    stack->hashes[stack->count] = hash;
    stack->texts[stack->count] = key->text;
    stack->count++;
    return JSON_KEY_NEW;
}
