/*
 * Places in the table of users: finding a user's records, taking a record for one, emptying it. For users*.c.
 *
 * A record changes hands in three steps, each one compare-and-swap of its key: marked (even), its words
 * emptied, given its new key. Who still writes into it for the user before looks at the key after its own
 * swap (users_change()) and takes the word back when the key is another; both orders are sequentially
 * consistent, so either it sees the mark or the word is seen and emptied.
 */
#ifndef SLIMBID_LEDGER_USERS_TABLE_H
#define SLIMBID_LEDGER_USERS_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "ledger/users.h"
#include "ledger/users_layout.h"

struct users {
    struct users_header *header;
    struct users_name *names;
    struct users_bucket *buckets;
    uint32_t bucket_count;
};

struct users_found {
    struct users_bucket *buckets[USERS_MOST_RECORDS];
    uint32_t slots[USERS_MOST_RECORDS];
    uint32_t count;
};

/* A word of a record, as it was seen, beside the record's key. */
struct users_spot {
    _Atomic uint64_t *word, *key;
    uint64_t seen;
};

/* What a record holds that would be lost with it. */
enum users_worth { USERS_NOTHING, USERS_INTERESTS, USERS_CAPS };

/* Keys in the table are odd. */
static inline uint64_t users_key(uint64_t key) {
    return key | 1;
}

void users_find(const struct users *users, uint64_t key, struct users_found *found);
/* False: somebody was faster, or the record has changed hands; look again. */
bool users_change(const struct users_spot *spot, uint64_t key, uint64_t word);
/* Takes a record that is worth at most so much and puts the word into it. False: there is none. */
bool users_take(struct users *users, uint64_t key, uint64_t word, uint32_t now, enum users_worth most);
/* Empties a record of that user. False: it was not its any more. */
bool users_drop(struct users_bucket *bucket, uint32_t slot, uint64_t key);

/* Gives the user a word that another table had. */
void users_put(struct users *users, uint64_t key, uint64_t word, uint32_t now);

/* The place of a name; a new one is written down when add. UINT32_MAX: not known, or no more room. */
uint32_t users_name_place(const struct users *users, struct str name, bool add);
/* False: no whole name is there. */
bool users_name_at(const struct users *users, uint32_t place, struct str *name);

static inline void users_count(_Atomic uint64_t *counter) {
    atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

#endif
