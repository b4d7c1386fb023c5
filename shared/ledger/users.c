/* What is known of users; users_layout.h has the bytes, users_table.h the steps that make it safe. */
#include "ledger/users.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/users_layout.h"
#include "ledger/users_table.h"
#include "ledger/users_word.h"

#define MOST_RACES 1000u /* lost to others who got on; then an update is dropped, counted */

/* ---- the memory ---- */

/* 1.36 records a user: then a user has room for a few words, and two buckets hardly ever are full. */
static uint32_t buckets_for(uint32_t users) {
    return (uint32_t)((uint64_t)users * 136 / 100 / USERS_SLOTS) + 2;
}

size_t users_bytes(uint32_t users) {
    if (users == 0 || users > USERS_MOST_USERS)
        return 0;
    return sizeof(struct users_header) + USERS_NAME_PLACES * sizeof(struct users_name) +
           (size_t)buckets_for(users) * sizeof(struct users_bucket);
}

void users_format(void *memory, uint32_t users) {
    struct users_header *header = memory;
    header->version = USERS_VERSION;
    header->users = users;
    header->buckets = buckets_for(users);
    header->names = USERS_NAME_PLACES;
    header->bytes = users_bytes(users);
    header->magic = USERS_MAGIC;
}

static const char *fault_of(const void *memory, size_t bytes) {
    const struct users_header *header = memory;
    if ((uintptr_t)memory % 64 != 0 || bytes < sizeof(*header) || header->magic != USERS_MAGIC)
        return "there is no table of users";
    if (header->version != USERS_VERSION)
        return "the table of users has another version";
    size_t must_have = users_bytes(header->users);
    if (must_have == 0 || must_have > bytes || header->bytes != must_have ||
        header->buckets != buckets_for(header->users) || header->names != USERS_NAME_PLACES)
        return "the table of users has a damaged header";
    return NULL;
}

struct users *users_attach(void *memory, size_t bytes, char *error, size_t error_size) {
    const char *fault = fault_of(memory, bytes);
    struct users *users = fault ? NULL : calloc(1, sizeof(*users));
    if (!users) {
        snprintf(error, error_size, "%s", fault ? fault : "out of memory");
        return NULL;
    }
    users->header = memory;
    users->names = (struct users_name *)(users->header + 1);
    users->buckets = (struct users_bucket *)(users->names + USERS_NAME_PLACES);
    users->bucket_count = users->header->buckets;
    return users;
}

void users_detach(struct users *users) {
    free(users);
}

/* ---- what a user has ---- */

/* What an update is about: a view of a campaign, or an interest by its name's place. */
struct subject {
    uint64_t key;
    uint32_t tag, id;
    uint32_t now; /* minute */
};

/* All of a user's records, looked at for one subject. A spot without word: there is none. */
struct survey {
    struct users_found found;
    struct users_spot same;    /* the subject's own word, a live one where there is any */
    struct users_spot room;    /* an empty word, or one that is out of date */
    struct users_spot weakest; /* interest */
    struct users_spot oldest;  /* view */
    double weight;             /* of the weakest */
    int32_t age;               /* of the oldest */
    uint32_t views, interests; /* live words */
    uint32_t count;            /* views of the subject in live words */
};

static bool is_live(uint64_t word, uint32_t now) {
    return word_is_live_view(word, now) || word_is_live_interest(word, now);
}

static bool is_about(uint64_t word, const struct subject *subject) {
    if (word_tag(word) != subject->tag)
        return false;
    return (subject->tag == WORD_VIEW ? word_view_campaign(word) : word_interest_name(word)) == subject->id;
}

static void see_view(struct survey *survey, const struct users_spot *spot, const struct subject *subject) {
    int32_t age = abs(word_age(spot->seen, subject->now));
    survey->views++;
    if (is_about(spot->seen, subject))
        survey->count += word_view_count(spot->seen);
    if (!survey->oldest.word || age > survey->age) {
        survey->oldest = *spot;
        survey->age = age;
    }
}

static void see_interest(struct survey *survey, const struct users_spot *spot, uint32_t now) {
    double weight = word_interest_weight(spot->seen, now);
    survey->interests++;
    if (!survey->weakest.word || weight < survey->weight) {
        survey->weakest = *spot;
        survey->weight = weight;
    }
}

static void see_word(struct survey *survey, const struct users_spot *spot, const struct subject *subject) {
    bool live = is_live(spot->seen, subject->now);
    if (is_about(spot->seen, subject) && (live || !survey->same.word))
        survey->same = *spot;
    if (!live && (!survey->room.word || spot->seen == 0))
        survey->room = *spot;
    if (live && word_tag(spot->seen) == WORD_VIEW)
        see_view(survey, spot, subject);
    else if (live)
        see_interest(survey, spot, subject->now);
}

static void look(const struct users *users, const struct subject *subject, struct survey *survey) {
    memset(survey, 0, sizeof(*survey));
    users_find(users, subject->key, &survey->found);
    for (uint32_t i = 0; i < survey->found.count; i++) {
        struct users_bucket *bucket = survey->found.buckets[i];
        uint32_t slot = survey->found.slots[i];
        for (uint32_t w = 0; w < USERS_WORDS; w++) {
            struct users_spot spot = {.word = &bucket->words[slot][w], .key = &bucket->keys[slot]};
            spot.seen = atomic_load(spot.word);
            see_word(survey, &spot, subject);
        }
    }
}

/* ---- finding a place for a new word ---- */

enum outcome {
    DONE,
    RACED,  /* look again */
    NO_ROOM /* nothing that may give way */
};

static enum outcome change(const struct users_spot *spot, uint64_t key, uint64_t word,
                           _Atomic uint64_t *dropped) {
    if (!users_change(spot, key, word))
        return RACED;
    if (dropped)
        users_count(dropped);
    return DONE;
}

static enum outcome take(struct users *users, const struct survey *survey, const struct subject *subject,
                         uint64_t word, enum users_worth most) {
    if (survey->found.count == USERS_MOST_RECORDS)
        return NO_ROOM;
    if (!users_take(users, subject->key, word, subject->now, most))
        return NO_ROOM;
    if (survey->found.count == 0)
        users_count(&users->header->added);
    return DONE;
}

/* Room of its own, an empty record, an interest of its own, others' interests, its oldest cap, others' caps.
 */
static enum outcome place_view(struct users *users, const struct survey *survey,
                               const struct subject *subject, uint64_t word) {
    struct users_header *header = users->header;
    bool full = survey->views >= USERS_MOST_VIEWS;
    if (!full && survey->room.word)
        return change(&survey->room, subject->key, word, NULL);
    if (!full && take(users, survey, subject, word, USERS_NOTHING) == DONE)
        return DONE;
    if (!full && survey->weakest.word)
        return change(&survey->weakest, subject->key, word, &header->dropped_interests);
    if (!full && take(users, survey, subject, word, USERS_INTERESTS) == DONE)
        return DONE;
    if (survey->oldest.word)
        return change(&survey->oldest, subject->key, word, &header->dropped_views);
    return take(users, survey, subject, word, USERS_CAPS);
}

/* Room of its own, an empty record, a weaker interest of its own, others' interests; never a cap. */
static enum outcome place_interest(struct users *users, const struct survey *survey,
                                   const struct subject *subject, uint64_t word) {
    bool full = survey->interests >= USERS_MOST_INTERESTS;
    if (!full && survey->room.word)
        return change(&survey->room, subject->key, word, NULL);
    if (!full && take(users, survey, subject, word, USERS_NOTHING) == DONE)
        return DONE;
    if (!survey->weakest.word)
        return take(users, survey, subject, word, USERS_INTERESTS);
    if (survey->weight >= word_interest_weight(word, subject->now))
        return NO_ROOM;
    return change(&survey->weakest, subject->key, word, &users->header->dropped_interests);
}

/* ---- updates ---- */

static enum outcome count_once(struct users *users, const struct subject *subject, uint32_t hours,
                               uint32_t *count) {
    struct survey survey;
    look(users, subject, &survey);
    uint64_t fresh = word_view(hours, subject->id, 1, subject->now);
    if (!survey.same.word) {
        *count = 1;
        return place_view(users, &survey, subject, fresh);
    }
    uint64_t seen = survey.same.seen;
    if (!word_is_live_view(seen, subject->now) || !word_in_window(seen, hours, subject->now)) {
        *count = 1;
        return change(&survey.same, subject->key, fresh, NULL);
    }
    uint32_t next = word_view_count(seen);
    next += next < WORD_MOST_COUNT;
    uint32_t since = word_age(seen, subject->now) < 0 ? subject->now : word_minute(seen);
    *count = survey.count < WORD_MOST_COUNT ? survey.count + 1 : WORD_MOST_COUNT;
    return change(&survey.same, subject->key, word_view(hours, subject->id, next, since), NULL);
}

uint32_t users_count_view(struct users *users, uint64_t key, uint32_t campaign, uint32_t hours, int64_t now) {
    struct subject subject = {users_key(key), WORD_VIEW, campaign, word_minute_of(now)};
    if (key == 0 || hours == 0 || campaign > WORD_MOST_CAMPAIGN)
        return 0;
    if (hours > WORD_MOST_HOURS)
        hours = WORD_MOST_HOURS;
    for (uint32_t races = 0; races < MOST_RACES; races++) {
        uint32_t count = 0;
        enum outcome outcome = count_once(users, &subject, hours, &count);
        if (outcome == DONE)
            return count;
        if (outcome == NO_ROOM)
            break;
    }
    users_count(&users->header->dropped_views);
    return 0;
}

static enum outcome add_once(struct users *users, const struct subject *subject, double weight) {
    struct survey survey;
    look(users, subject, &survey);
    if (!survey.same.word)
        return place_interest(users, &survey, subject, word_interest(subject->id, weight, subject->now));
    double sum = word_interest_weight(survey.same.seen, subject->now) + weight;
    return change(&survey.same, subject->key, word_interest(subject->id, sum, subject->now), NULL);
}

bool users_interest(struct users *users, uint64_t key, struct str name, double weight, int64_t now) {
    if (key == 0 || !(weight > 0))
        return false;
    uint32_t place = users_name_place(users, name, true);
    if (place == UINT32_MAX) {
        users_count(&users->header->dropped_interests);
        return false;
    }
    struct subject subject = {users_key(key), WORD_INTEREST, place, word_minute_of(now)};
    for (uint32_t races = 0; races < MOST_RACES; races++) {
        enum outcome outcome = add_once(users, &subject, weight);
        if (outcome == DONE)
            return true;
        if (outcome == NO_ROOM)
            break;
    }
    users_count(&users->header->dropped_interests);
    return false;
}

bool users_forget(struct users *users, uint64_t key) {
    bool forgotten = false;
    if (key == 0)
        return false;
    for (uint32_t races = 0; races < MOST_RACES; races++) {
        struct users_found found;
        users_find(users, users_key(key), &found);
        if (found.count == 0)
            break;
        for (uint32_t i = 0; i < found.count; i++)
            forgotten |= users_drop(found.buckets[i], found.slots[i], users_key(key));
    }
    if (forgotten)
        users_count(&users->header->deleted);
    return forgotten;
}

void users_put(struct users *users, uint64_t key, uint64_t word, uint32_t now) {
    bool is_view = word_tag(word) == WORD_VIEW;
    struct subject subject = {key, word_tag(word), 0, now};
    struct survey survey;
    subject.id = is_view ? word_view_campaign(word) : word_interest_name(word);
    look(users, &subject, &survey);
    if (survey.same.word)
        return;
    if (is_view)
        (void)place_view(users, &survey, &subject, word);
    else
        (void)place_interest(users, &survey, &subject, word);
}

/* ---- reading ---- */

static void read_view(struct user_profile *profile, uint64_t word, uint32_t minute, int64_t now) {
    int32_t age = word_age(word, minute);
    int64_t since = age <= 0 ? now : now / 60 * 60 - (int64_t)age * 60;
    for (uint32_t i = 0; i < profile->view_count; i++) {
        struct user_views *views = profile->views + i;
        if (views->campaign != word_view_campaign(word))
            continue;
        views->count += word_view_count(word);
        views->count = views->count > WORD_MOST_COUNT ? WORD_MOST_COUNT : views->count;
        views->since = views->since < since ? views->since : since;
        return;
    }
    if (profile->view_count < USERS_MOST_VIEWS)
        profile->views[profile->view_count++] =
            (struct user_views){word_view_campaign(word), word_view_count(word), since};
}

/* Into its place among the stronger and the weaker ones. */
static void put_interest(struct user_profile *profile, struct user_interest interest) {
    uint32_t at = profile->interest_count;
    if (at == USERS_MOST_INTERESTS) {
        at--;
        if (profile->interests[at].weight >= interest.weight)
            return;
    } else {
        profile->interest_count++;
    }
    for (; at > 0 && profile->interests[at - 1].weight < interest.weight; at--)
        profile->interests[at] = profile->interests[at - 1];
    profile->interests[at] = interest;
}

static void read_interest(const struct users *users, struct user_profile *profile, uint64_t word,
                          uint32_t minute) {
    struct user_interest interest = {.weight = word_interest_weight(word, minute)};
    if (!users_name_at(users, word_interest_name(word), &interest.name))
        return;
    for (uint32_t i = 0; i < profile->interest_count; i++) {
        if (profile->interests[i].name.p != interest.name.p)
            continue;
        /* Two processes began it at once: one interest in two words. It comes in anew with the sum. */
        interest.weight += profile->interests[i].weight;
        profile->interest_count--;
        memmove(profile->interests + i, profile->interests + i + 1,
                (profile->interest_count - i) * sizeof(interest));
        break;
    }
    put_interest(profile, interest);
}

bool users_read(const struct users *users, uint64_t key, int64_t now, struct user_profile *profile) {
    struct users_found found = {.count = 0};
    uint32_t minute = word_minute_of(now);
    now = now < 0 ? 0 : now; /* then minutes are cut off downwards */
    profile->view_count = profile->interest_count = 0;
    if (key != 0)
        users_find(users, users_key(key), &found);
    for (uint32_t i = 0; i < found.count; i++)
        for (uint32_t w = 0; w < USERS_WORDS; w++) {
            uint64_t word = atomic_load(&found.buckets[i]->words[found.slots[i]][w]);
            if (word_is_live_view(word, minute))
                read_view(profile, word, minute, now);
            else if (word_is_live_interest(word, minute))
                read_interest(users, profile, word, minute);
        }
    return profile->view_count > 0 || profile->interest_count > 0;
}

/* ---- figures ---- */

/* Users whose first record is in this bucket. */
static uint64_t users_in(const struct users *users, const struct users_bucket *bucket) {
    uint64_t count = 0;
    for (uint32_t s = 0; s < USERS_SLOTS; s++) {
        struct users_found found;
        uint64_t key = atomic_load_explicit(&bucket->keys[s], memory_order_relaxed);
        if ((key & 1) == 0)
            continue;
        users_find(users, key, &found);
        count += found.count > 0 && found.buckets[0] == bucket && found.slots[0] == s;
    }
    return count;
}

void users_stats(const struct users *users, struct users_stats *stats) {
    const uint32_t sample = 128;
    const struct users_header *header = users->header;
    uint32_t looked = users->bucket_count < sample ? users->bucket_count : sample;
    uint64_t seen = 0;
    for (uint32_t i = 0; i < looked; i++)
        seen += users_in(users, users->buckets + (uint64_t)i * users->bucket_count / looked);
    *stats = (struct users_stats){
        .users = looked ? seen * users->bucket_count / looked : 0,
        .capacity = header->users,
        .added = atomic_load_explicit(&header->added, memory_order_relaxed),
        .forgotten = atomic_load_explicit(&header->forgotten, memory_order_relaxed),
        .deleted = atomic_load_explicit(&header->deleted, memory_order_relaxed),
        .dropped_interests = atomic_load_explicit(&header->dropped_interests, memory_order_relaxed),
        .dropped_views = atomic_load_explicit(&header->dropped_views, memory_order_relaxed),
        .names = atomic_load_explicit(&header->known_names, memory_order_relaxed),
    };
}
