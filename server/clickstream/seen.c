/* The table of messageIds; see seen.h. */
#include "clickstream/seen.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/random.h>

#include "base/hash.h"

#define BUCKET_WORDS 8 /* a cache line */
#define FILL_WORDS   4 /* of them used when the table is full: hashes don't spread ids evenly */
#define TIME_BITS    24
#define TIME_MASK    ((UINT64_C(1) << TIME_BITS) - 1)
#define MOST_TRIES   32 /* lost races, before the id is called new without being remembered */

struct bucket {
    _Alignas(64) _Atomic uint64_t words[BUCKET_WORDS];
};

struct seen {
    uint64_t salt;
    uint32_t buckets;
    uint32_t window_s;
    size_t bytes;
    struct bucket table[];
};

_Static_assert(sizeof(struct bucket) == 64, "a bucket is a cache line");
_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "no lock that a dead process could hold");

struct seen *seen_create(uint32_t ids, uint32_t window_s) {
    uint32_t buckets = ids / FILL_WORDS + 1;
    size_t bytes = sizeof(struct seen) + buckets * sizeof(struct bucket);
    struct seen *seen = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (seen == MAP_FAILED)
        return NULL;
    seen->buckets = buckets;
    seen->window_s = window_s;
    seen->bytes = bytes;
    /* Without it the salt is 0: ids that share a bucket could then be prepared, no more. */
    if (getrandom(&seen->salt, sizeof seen->salt, 0) != sizeof seen->salt)
        seen->salt = 0;
    return seen;
}

void seen_destroy(struct seen *seen) {
    if (seen)
        munmap(seen, seen->bytes);
}

uint64_t seen_key(const struct seen *seen, uint64_t sender, struct str id) {
    return hash_bytes(id, seen->salt ^ sender);
}

/* The bucket by the low bits, the tag by the 40 high ones; no word is 0. */
static struct bucket *bucket_of(struct seen *seen, uint64_t key) {
    return &seen->table[((key & TIME_MASK) * seen->buckets) >> TIME_BITS];
}

static uint64_t tag_of(uint64_t key) {
    uint64_t tag = key & ~TIME_MASK;
    return tag ? tag : UINT64_C(1) << TIME_BITS;
}

static uint64_t age_of(uint64_t word, uint64_t now_s) {
    return (now_s - word) & TIME_MASK;
}

/* What a look at a bucket finds. */
struct view {
    bool seen;
    unsigned place; /* where the id would go */
    uint64_t word;  /* that is there now */
    uint64_t rank;  /* its age; UINT64_MAX when it is free or has expired */
};

/* All who look for a place at the same time find the same one: the first that is free, else the oldest. */
static struct view look(const struct seen *seen, struct bucket *bucket, uint64_t tag, uint64_t now_s) {
    struct view view = {.place = BUCKET_WORDS};
    for (unsigned i = 0; i < BUCKET_WORDS; i++) {
        uint64_t word = atomic_load(&bucket->words[i]);
        uint64_t age = word ? age_of(word, now_s) : UINT64_MAX;
        bool live = age <= seen->window_s;
        if (live && (word & ~TIME_MASK) == tag)
            return (struct view){.seen = true};
        uint64_t rank = live ? age : UINT64_MAX;
        if (view.place == BUCKET_WORDS || rank > view.rank)
            view = (struct view){.place = i, .word = word, .rank = rank};
    }
    return view;
}

enum seen_result seen_add(struct seen *seen, uint64_t key, uint64_t now_s) {
    struct bucket *bucket = bucket_of(seen, key);
    uint64_t tag = tag_of(key);
    for (int tries = 0; tries < MOST_TRIES; tries++) {
        struct view view = look(seen, bucket, tag, now_s);
        if (view.seen)
            return SEEN_BEFORE;
        uint64_t word = tag | (now_s & TIME_MASK);
        if (atomic_compare_exchange_strong(&bucket->words[view.place], &view.word, word))
            return view.rank == UINT64_MAX ? SEEN_NEW : SEEN_NEW_EARLY;
    }
    return SEEN_NEW_EARLY;
}

void seen_forget(struct seen *seen, uint64_t key) {
    struct bucket *bucket = bucket_of(seen, key);
    uint64_t tag = tag_of(key);
    for (unsigned i = 0; i < BUCKET_WORDS; i++) {
        uint64_t word = atomic_load(&bucket->words[i]);
        if (word && (word & ~TIME_MASK) == tag)
            atomic_compare_exchange_strong(&bucket->words[i], &word, 0);
    }
}
