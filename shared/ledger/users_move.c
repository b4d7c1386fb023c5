/* A table of users of another size: word by word, since places follow from the size. */
#include "ledger/users_table.h"
#include "ledger/users_word.h"

/* The same interest under its name's place in the other table; 0: there is no room for the name. */
static uint64_t with_new_place(const struct users *from, struct users *to, uint64_t word) {
    struct str name;
    if (!users_name_at(from, word_interest_name(word), &name))
        return 0;
    uint32_t place = users_name_place(to, name, true);
    return place == UINT32_MAX ? 0 : word_with_name(word, place);
}

static void move_record(const struct users *from, struct users *to, const struct users_bucket *bucket,
                        uint32_t slot, bool views, uint32_t now) {
    uint64_t key = atomic_load(&bucket->keys[slot]);
    for (uint32_t w = 0; w < USERS_WORDS && (key & 1); w++) {
        uint64_t word = atomic_load(&bucket->words[slot][w]);
        if (views && word_is_live_view(word, now))
            users_put(to, key, word, now);
        if (views || !word_is_live_interest(word, now))
            continue;
        word = with_new_place(from, to, word);
        if (word != 0)
            users_put(to, key, word, now);
    }
}

void users_move(const struct users *from, struct users *to, int64_t now) {
    uint32_t minute = word_minute_of(now);
    for (int views = 1; views >= 0; views--)
        for (uint32_t b = 0; b < from->bucket_count; b++)
            for (uint32_t s = 0; s < USERS_SLOTS; s++)
                move_record(from, to, from->buckets + b, s, views, minute);
}
