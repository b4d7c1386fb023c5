/* Places in the table of users; see users_table.h for the steps by which a record changes hands. */
#include "ledger/users_table.h"

#include <stdlib.h>

#include "ledger/users_word.h"

#define MARK            (1ull << 63) /* an even key: the minute stands above bit 0 */
#define MARK_MINUTES    2            /* then whoever set it is dead */
#define TAKE_MOST_RACES 64

/* The last part of splitmix64. */
static uint64_t mix(uint64_t key) {
    key = (key ^ (key >> 30)) * 0xbf58476d1ce4e5b9u;
    key = (key ^ (key >> 27)) * 0x94d049bb133111ebu;
    return key ^ (key >> 31);
}

static void two_buckets(const struct users *users, uint64_t key, struct users_bucket **two) {
    uint64_t hash = mix(key);
    uint32_t first = (uint32_t)((hash >> 32) * users->bucket_count >> 32);
    uint32_t second = (uint32_t)((hash & UINT32_MAX) * users->bucket_count >> 32);
    if (second == first)
        second = (first + 1) % users->bucket_count;
    two[0] = users->buckets + first;
    two[1] = users->buckets + second;
    for (uint32_t b = 0; b < 2; b++) { /* all lines of keys at once */
        __builtin_prefetch(&two[b]->keys[0]);
        __builtin_prefetch(&two[b]->keys[USERS_SLOTS / 2]);
    }
}

void users_find(const struct users *users, uint64_t key, struct users_found *found) {
    struct users_bucket *two[2];
    two_buckets(users, key, two);
    found->count = 0;
    for (uint32_t b = 0; b < 2; b++)
        for (uint32_t s = 0; s < USERS_SLOTS; s++) {
            if (atomic_load(&two[b]->keys[s]) != key || found->count == USERS_MOST_RECORDS)
                continue;
            found->buckets[found->count] = two[b];
            found->slots[found->count++] = s;
        }
}

bool users_change(const struct users_spot *spot, uint64_t key, uint64_t word) {
    uint64_t seen = spot->seen;
    if (!atomic_compare_exchange_strong(spot->word, &seen, word))
        return false;
    if (LIKELY(atomic_load(spot->key) == key))
        return true;
    /* Another user's by now: where our word came after it was emptied, it goes again. */
    seen = word;
    (void)atomic_compare_exchange_strong(spot->word, &seen, spot->seen);
    return false;
}

static bool is_old_mark(uint64_t key, uint32_t now) {
    return key != 0 && (key & 1) == 0 && abs(word_age(key >> 1, now)) >= MARK_MINUTES;
}

/* What the record would take along, and how long ago it was touched, in minutes. */
static enum users_worth worth_of(struct users_bucket *bucket, uint32_t slot, uint32_t now, uint32_t *age) {
    enum users_worth worth = USERS_NOTHING;
    *age = UINT32_MAX;
    for (uint32_t w = 0; w < USERS_WORDS; w++) {
        uint64_t word = atomic_load_explicit(&bucket->words[slot][w], memory_order_relaxed);
        bool is_view = word_is_live_view(word, now);
        if (!is_view && !word_is_live_interest(word, now))
            continue;
        uint32_t age_here = (uint32_t)abs(word_age(word, now));
        if (age_here < *age)
            *age = age_here;
        if (is_view)
            worth = USERS_CAPS;
        else if (worth == USERS_NOTHING)
            worth = USERS_INTERESTS;
    }
    return worth;
}

struct choice {
    struct users_bucket *bucket;
    uint32_t slot, age;
    uint64_t key; /* as seen */
    enum users_worth worth;
};

/* A free record of the emptier bucket. */
static bool choose_free(struct users_bucket **two, struct choice *choice) {
    uint32_t most = 0;
    for (uint32_t b = 0; b < 2; b++) {
        uint32_t free_slots = 0, first = 0;
        for (uint32_t s = USERS_SLOTS; s-- > 0;)
            if (atomic_load_explicit(&two[b]->keys[s], memory_order_relaxed) == 0) {
                free_slots++;
                first = s;
            }
        if (free_slots > most) {
            most = free_slots;
            *choice = (struct choice){.bucket = two[b], .slot = first, .worth = USERS_NOTHING};
        }
    }
    return most > 0;
}

/* A record that is worth nothing, or the one that is worth least, of several the one that was quiet longest.
 * Not one of the user's own. */
static bool choose_least(struct users_bucket **two, uint64_t own, uint32_t now, struct choice *choice) {
    bool chosen = false;
    for (size_t line = 0; line < sizeof(two[0]->words); line += 64) {
        __builtin_prefetch((const char *)two[0]->words + line);
        __builtin_prefetch((const char *)two[1]->words + line);
    }
    for (uint32_t i = 0; i < 2 * USERS_SLOTS; i++) {
        struct choice here = {.bucket = two[i / USERS_SLOTS], .slot = i % USERS_SLOTS, .age = UINT32_MAX};
        here.key = atomic_load(&here.bucket->keys[here.slot]);
        if (here.key == own)
            continue;
        if (here.key & 1)
            here.worth = worth_of(here.bucket, here.slot, now, &here.age);
        else if (here.key == 0 || is_old_mark(here.key, now))
            here.worth = USERS_NOTHING;
        else
            continue;
        if (!chosen || here.worth < choice->worth || (here.worth == choice->worth && here.age > choice->age))
            *choice = here;
        chosen = true;
        if (here.worth == USERS_NOTHING)
            break;
    }
    return chosen;
}

static uint64_t mark_of(uint32_t now) {
    return MARK | (uint64_t)now << 1;
}

/* Marks a record and empties it. False: somebody was faster. */
static bool mark_and_empty(struct users_bucket *bucket, uint32_t slot, uint64_t seen, uint32_t now) {
    uint64_t mark = mark_of(now);
    if (seen == mark || !atomic_compare_exchange_strong(&bucket->keys[slot], &seen, mark))
        return false;
    for (uint32_t w = 0; w < USERS_WORDS; w++) {
        uint64_t word = atomic_load(&bucket->words[slot][w]);
        while (word != 0) {
            /* Who stood still for minutes and wakes up here must not empty what is another's by now. */
            if (atomic_load(&bucket->keys[slot]) != mark)
                return false;
            if (atomic_compare_exchange_strong(&bucket->words[slot][w], &word, 0))
                break;
        }
    }
    return true;
}

bool users_take(struct users *users, uint64_t key, uint64_t word, uint32_t now, enum users_worth most) {
    struct users_bucket *two[2];
    two_buckets(users, key, two);
    for (uint32_t races = 0; races < TAKE_MOST_RACES; races++) {
        struct choice choice;
        if (!choose_free(two, &choice) && !choose_least(two, key, now, &choice))
            return false;
        if (choice.worth > most)
            return false;
        if (!mark_and_empty(choice.bucket, choice.slot, choice.key, now))
            continue;
        uint64_t none = 0, mark = mark_of(now);
        if (!atomic_compare_exchange_strong(&choice.bucket->words[choice.slot][0], &none, word) ||
            !atomic_compare_exchange_strong(&choice.bucket->keys[choice.slot], &mark, key))
            continue;
        if (choice.worth != USERS_NOTHING)
            users_count(&users->header->forgotten);
        return true;
    }
    return false;
}

bool users_drop(struct users_bucket *bucket, uint32_t slot, uint64_t key) {
    uint64_t mark = mark_of(0); /* old already: nobody has to wait for whoever dies here */
    return mark_and_empty(bucket, slot, key, 0) &&
           atomic_compare_exchange_strong(&bucket->keys[slot], &mark, 0);
}
