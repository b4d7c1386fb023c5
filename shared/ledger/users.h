/*
 * What is known of users: views of each campaign, for frequency caps, and recent interests, from click
 * events. A bounded table in the ledger's file.
 *
 * A user is a key, never an id: hash_bytes(id, ledger_salt()). A record is one cache line or less of words
 * that are changed by compare-and-swap one by one, so no writer can leave a lock behind; a user with more to
 * remember than a record holds has a second one in the same bucket. When a bucket is full the user that was
 * quiet longest gives way, counted (users_stats.forgotten). Interests decay by half a `half_life`; caps end
 * with their window.
 *
 * Concurrency: any process may do anything at any time. Two updates of one word at once both count. A user
 * that is forgotten while another process counts may lose that one count.
 */
#ifndef SLIMBID_LEDGER_USERS_H
#define SLIMBID_LEDGER_USERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"
#include "base/str.h"

#define USERS_MOST_VIEWS     24u
#define USERS_MOST_INTERESTS 16u
#define USERS_MOST_NAMES     4096u /* distinct interests that the table knows by name */
#define USERS_NAME_BYTES     48u
#define USERS_HALF_LIFE_S    (7 * 86400) /* of an interest */

/* Bytes that a table for so many users takes; 1,000,000 users: at most 63 MiB. */
size_t users_bytes(uint32_t users);
/* Lays an empty one out; memory is zeroed and aligned to 64 bytes. */
void users_format(void *memory, uint32_t users);

struct users; /* one process's view */
/* NULL: memory does not hold a table of that size, or is damaged (then format it anew). */
struct users *users_attach(void *memory, size_t bytes, char *error, size_t error_size) CHECK_RESULT;
void users_detach(struct users *users);

/* Views of one campaign (its number in the ledger) by a user. */
struct user_views {
    uint32_t campaign;
    uint32_t count;
    int64_t since; /* the first of them; unix seconds, to the minute */
};
struct user_interest {
    struct str name; /* points into the table, NUL-terminated */
    double weight;   /* as decayed by now */
};
struct user_profile {
    uint32_t view_count, interest_count;
    struct user_views views[USERS_MOST_VIEWS];
    struct user_interest interests[USERS_MOST_INTERESTS]; /* the strongest first */
};

/* False: not known; the profile is empty. */
bool users_read(const struct users *users, uint64_t key, int64_t now, struct user_profile *profile);
/* One more view; a window of so many hours begins with its first view. Returns the count within it. */
uint32_t users_count_view(struct users *users, uint64_t key, uint32_t campaign, uint32_t hours, int64_t now);
/* An interest (a category as "IAB19-18", any text of at most USERS_NAME_BYTES - 1 bytes) gains weight. False:
 * no more names can be known. */
bool users_interest(struct users *users, uint64_t key, struct str name, double weight, int64_t now);
/* Everything about the user goes. False: there was nothing. */
bool users_forget(struct users *users, uint64_t key);

struct users_stats {
    uint64_t users; /* gauge, an estimate from a sample of buckets */
    uint64_t capacity;
    uint64_t added, forgotten, deleted, dropped_interests, dropped_views, names;
};
void users_stats(const struct users *users, struct users_stats *stats);

#endif
