/*
 * What is known of users: views of each campaign, for frequency caps, and recent interests, from click
 * events. A bounded table in the ledger's file.
 *
 * A user is a key, never an id: hash_bytes(id, ledger_salt()); 0 is nobody, and nothing is kept of it. A
 * record is 48 bytes, words that are changed by compare-and-swap one by one, so no writer can leave a lock
 * behind; a user with more to remember than a record holds has further ones (users_layout.h). When there is
 * no room, what is out of date gives way first, then interests, then the caps of whoever was quiet longest,
 * counted (users_stats.forgotten). Interests decay by half in USERS_HALF_LIFE_S; caps end with their window.
 *
 * Concurrency: any process may do anything at any time. Two updates of one word at once both count. A user
 * that is forgotten while another process counts may lose that one count. A process that dies in the middle
 * leaves at most one record that nobody can use for two minutes.
 *
 * A clock that jumps: a window that begins later than now begins now, one that begins a whole window later is
 * over; an interest decays by the distance in time, whichever way.
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
#define USERS_HALF_LIFE_S    604800 /* of an interest: 7 days */

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
    int64_t since; /* the first of them; unix seconds, to the minute; never later than now */
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

/* False: not known; the profile is empty. The hours of a window are remembered roughly (up to a quarter
 * more): views of a window that has just ended may still be there, so compare `since` with the campaign's
 * own. */
bool users_read(const struct users *users, uint64_t key, int64_t now, struct user_profile *profile);
/* One more view; a window of so many hours begins with its first view. Returns the count within it, which
 * ends at 4,095; 0 when nothing is kept: a key of 0, hours of 0, a campaign's number above 2^20, or no room
 * at all. A user with more than USERS_MOST_VIEWS campaigns loses the oldest. */
uint32_t users_count_view(struct users *users, uint64_t key, uint32_t campaign, uint32_t hours, int64_t now);
/* An interest (a category as "IAB19-18", any text of at most USERS_NAME_BYTES - 1 bytes without NUL) gains
 * weight, above 0; the sum ends at 8,191, and below 1/64 it is as good as gone. False: it is not kept: no
 * more names can be known, the user has USERS_MOST_INTERESTS stronger ones, or there is no room. */
bool users_interest(struct users *users, uint64_t key, struct str name, double weight, int64_t now);
/* Everything about the user goes. False: there was nothing. */
bool users_forget(struct users *users, uint64_t key);

/* What `from` knows of users goes into `to`, a table of another size, as far as it fits: caps before
 * interests. Names of interests that nobody has are left behind. For who has both to himself. */
void users_move(const struct users *from, struct users *to, int64_t now);

struct users_stats {
    uint64_t users; /* gauge, an estimate from a sample of buckets */
    uint64_t capacity;
    uint64_t added, forgotten, deleted, dropped_interests, dropped_views, names;
};
void users_stats(const struct users *users, struct users_stats *stats);

#endif
