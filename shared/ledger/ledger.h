/*
 * What is spent: reservations of wins, spend of campaigns by day, in memory that all processes share and that
 * a file keeps.
 *
 * A win takes a hold: one slot, from the auction until its token expires. Its state moves forward only
 * (held -> viewed, or held -> released; a click and a win notice are marks on it), by compare-and-swap of one
 * word, so each step is counted once whoever repeats it. Money is counted in cells of one writer each
 * (Lamport's rule: a word that one process writes needs no lock): a campaign's sum for a day is the sum of
 * all writers' cells. Budgets are kept by "claim, then look": a writer adds to its own cell, then reads the
 * sum; where it is over the limit it takes its claim back. Two that claim the last at once may both be
 * refused, never both be served.
 *
 * Before each step a writer notes in its own record what it is about to do, with the values that its cells
 * will have; the slot's word is the moment of truth. So when a writer dies between any two instructions,
 * whoever takes its place finishes or forgets the step (ledger_adopt()), and nothing is paid twice or lost.
 * No lock that a dead process can hold.
 *
 * kill -9 of all processes: the file's pages are the kernel's, nothing is lost. A machine that stops: pages
 * may be torn or of different times, so ledger_sync() writes a consistent copy, two of them in turn, each
 * with a checksum; the file opened under another boot (Linux's boot_id) starts from the newer whole copy:
 * what was acknowledged before the last sync is there.
 *
 * Amounts are nanos (1e-9) of the ad table's currency, so that a view of any CPM of six decimals is exact,
 * days are days since 1970 (UTC), times unix seconds. Everything read from the file is checked where it is
 * used: a damaged file is refused, never crashes.
 */
#ifndef SLIMBID_LEDGER_LEDGER_H
#define SLIMBID_LEDGER_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"
#include "base/str.h"

#define LEDGER_NONE         UINT32_MAX
#define LEDGER_ERROR_BYTES  256
#define LEDGER_MOST_WRITERS 64u /* front ends */
#define LEDGER_ID_BYTES     64u /* of a campaign's id; what is longer is cut where it is shown */
#define LEDGER_RATE_FULL    65535u

struct ledger_sizes {
    uint32_t writers;   /* 1 to LEDGER_MOST_WRITERS */
    uint32_t campaigns; /* 1 to 2^20 */
    uint32_t holds;     /* slots of all writers together; a multiple of writers */
    uint32_t users;     /* see users.h; 0: none */
};

struct ledger;

/*
 * Opens the file, or makes it; path NULL: anonymous memory that ends with the processes. For the supervisor,
 * before it has children: finishes what all writers of the last run left half done. Sizes that differ from
 * the file's are taken over by moving everything that fits (a migration by rename, like that from an older
 * format); a file of a newer format, or a damaged one, is refused. A file that another supervisor serves from
 * is refused (flock). NULL with the reason.
 */
struct ledger *ledger_open(const char *path, const struct ledger_sizes *sizes, int64_t now, char *error,
                           size_t error_size) CHECK_RESULT;
/* The same file for whoever only looks: read-only, as it is, running server or not. NULL with the reason. */
struct ledger *ledger_open_to_read(const char *path, char *error, size_t error_size) CHECK_RESULT;
/* A read-only mapping of the descriptor that ledger_fd() gave, in a process that was spawned. */
struct ledger *ledger_attach_to_read(int fd, char *error, size_t error_size) CHECK_RESULT;
/*
 * For a tool that looks at a file: as ledger_open_to_read() where a server has it open (*served). Else what a
 * server would start from: what writers left half done is finished, in memory of the tool's own; the file
 * stays as it is, and no server can start before ledger_close(). NULL with the reason.
 */
struct ledger *ledger_open_to_inspect(const char *path, bool *served, char *error,
                                      size_t error_size) CHECK_RESULT;
void ledger_close(struct ledger *ledger);
/* Of the file or memory; what a spawned process gets. */
int ledger_fd(const struct ledger *ledger);
const struct ledger_sizes *ledger_sizes(const struct ledger *ledger);
/* The salt of user keys, random, made with the file. */
uint64_t ledger_salt(const struct ledger *ledger);

/* ---- campaigns ---- */

/* What a bid tells of its campaign. */
struct ledger_campaign_facts {
    uint64_t key; /* hash_bytes(id, 0) */
    struct str id;
    int64_t daily_budget;     /* nanos; 0: no limit */
    uint32_t frequency;       /* views of a user ... */
    uint32_t frequency_hours; /* ... in so many hours; 0: no limit */
};

/* The campaign's number in this ledger: found or taken up, its facts renewed where they changed. LEDGER_NONE:
 * all places are taken by campaigns that are still in use (one that has been quiet for 35 days gives way). */
uint32_t ledger_campaign_note(struct ledger *ledger, const struct ledger_campaign_facts *facts, int64_t now);
uint32_t ledger_campaign_find(const struct ledger *ledger, uint64_t key);
uint32_t ledger_campaign_count(const struct ledger *ledger); /* numbers are below it */
/* False: nobody has that number. id points into the ledger. */
bool ledger_campaign_facts(const struct ledger *ledger, uint32_t campaign,
                           struct ledger_campaign_facts *facts);
int64_t ledger_spent(const struct ledger *ledger, uint32_t campaign,
                     int64_t day); /* today or the day before; */
/* What the next hold may cost at most; INT64_MAX: no limit. Another process may take it in between. */
int64_t ledger_left(const struct ledger *ledger, uint32_t campaign, int64_t now);
int64_t ledger_held(const struct ledger *ledger, uint32_t campaign); /* not spent yet */

/* Pacing (pacing.h): what a campaign may have spent and held together by now, today, and in which share of
 * its auctions it takes part (0: none, LEDGER_RATE_FULL: all). Written by one process. Until somebody does,
 * the limit is the daily budget and the rate full. */
void ledger_pace(struct ledger *ledger, uint32_t campaign, int64_t limit, uint16_t rate);
uint16_t ledger_rate(const struct ledger *ledger, uint32_t campaign);
/* Moves on whenever a rate has changed or a campaign was taken up. */
uint64_t ledger_epoch(const struct ledger *ledger);

/* ---- holds: called by front ends, each with its own writer number ---- */

struct ledger_win {
    uint32_t campaign; /* LEDGER_NONE: a partner's bid; its price is counted nowhere */
    int64_t nanos;     /* what a view costs */
    uint64_t user;     /* users.h; 0: not known */
    uint64_t auction;
    int64_t expires; /* unix seconds, at most a day from now */
};

enum ledger_result {
    LEDGER_COUNTED,
    LEDGER_REPEATED,    /* it was counted before */
    LEDGER_GONE,        /* released, expired, or never there */
    LEDGER_OVER_BUDGET, /* the campaign's daily budget, or what pacing allows by now, would be passed */
    LEDGER_FULL         /* every slot of this writer holds a win that has not expired */
};

/* *hold names it from now on (it fits a token). LEDGER_COUNTED, LEDGER_OVER_BUDGET or LEDGER_FULL. */
enum ledger_result ledger_reserve(struct ledger *ledger, uint32_t writer, const struct ledger_win *win,
                                  int64_t now, uint64_t *hold) CHECK_RESULT;
/* The view: what was held is spent, on the day of the win. *win, when not NULL, is what was reserved (also
 * when LEDGER_REPEATED). COUNTED, REPEATED or GONE. */
enum ledger_result ledger_view(struct ledger *ledger, uint32_t writer, uint64_t hold, int64_t now,
                               struct ledger_win *win) CHECK_RESULT;
/* A click (it needs no view before it) and a win notice: marks, no money. */
enum ledger_result ledger_click(struct ledger *ledger, uint32_t writer, uint64_t hold, int64_t now,
                                struct ledger_win *win) CHECK_RESULT;
enum ledger_result ledger_won(struct ledger *ledger, uint32_t writer, uint64_t hold, int64_t now,
                              struct ledger_win *win) CHECK_RESULT;
/* The win came to nothing (its answer never left). By the writer that reserved it; for others it is GONE. */
enum ledger_result ledger_release(struct ledger *ledger, uint32_t writer, uint64_t hold) CHECK_RESULT;
/* Whether the slot that comes after `ahead` more reservations of this writer could be taken now: a guess,
 * O(1), of whether that many fit. */
bool ledger_has_room(const struct ledger *ledger, uint32_t writer, uint32_t ahead, int64_t now);
/* Releases this writer's expired holds, at most `most` of them; reserve does a few by itself. Returns how
 * many. */
uint32_t ledger_expire(struct ledger *ledger, uint32_t writer, int64_t now, uint32_t most);

/* Holds of that user are nobody's from now on: their views still count as money, and for no user. Looks at
 * every slot, a millisecond for 100,000. What the file's copies and the last steps of writers say of the user
 * goes when they are written over, by the next sync and 4,096 further steps. */
void ledger_forget_user(struct ledger *ledger, uint64_t user);

/* ---- processes that die, machines that stop ---- */

/* The process of that writer is dead, or new: what it left half done is finished or forgotten. Called before
 * anybody else writes with that number. */
void ledger_adopt(struct ledger *ledger, uint32_t writer);
/* Writes a consistent copy to the file and waits until the disk has it; called by one process at a time,
 * while others write. 0, or -1 with errno. Without a file: 0. */
int ledger_sync(struct ledger *ledger) CHECK_RESULT;
/* For a process that has looked at all of it and needs little in the next time, as after ledger_sync(): the
 * pages stay where the kernel has them, but no longer count as this process's. */
void ledger_drop_pages(const struct ledger *ledger);

/* Adds up all holds and compares with the sums; for a ledger that nobody writes to. False with the first
 * difference. (After a clock that jumped by days the sums of days gone by may differ.) */
bool ledger_audit(const struct ledger *ledger, char *error, size_t error_size) CHECK_RESULT;

/* ---- looking in ---- */

struct ledger_hold {
    uint64_t hold;
    struct ledger_win win;
    int64_t day; /* whose money it is */
    bool viewed, clicked, won;
};

/* What is in slot number `slot`, below ledger_sizes()->holds. False: nothing that lives at that time. */
bool ledger_hold_at(const struct ledger *ledger, uint32_t slot, int64_t now, struct ledger_hold *hold);

struct ledger_facts {
    int64_t created; /* unix seconds */
    uint64_t file_bytes;
    bool from_copy; /* the machine was stopped: what is seen is the newest copy */
    struct {
        bool whole;
        uint64_t generation; /* the higher, the newer */
    } copies[2];
};
/* Reads both copies. */
void ledger_facts(const struct ledger *ledger, struct ledger_facts *facts);

/* A campaign's money, all of it: nothing is spent, and its holds are released (their views are GONE). For
 * who has the ledger for himself. */
void ledger_reset_campaign(struct ledger *ledger, uint32_t campaign);
/* Removes the file, good or damaged, if it is a ledger and nobody has it open. False with the reason. */
bool ledger_remove(const char *path, char *error, size_t error_size) CHECK_RESULT;

struct ledger_stats { /* counters since the file was made, and gauges */
    uint64_t reserved, viewed, clicked, won, released, expired, repeated, gone, over_budget, full;
    uint64_t adopted, finished; /* writers taken over; steps finished for them */
    uint64_t syncs, sync_failures;
    uint64_t holds_live, campaigns; /* gauges */
};
void ledger_stats(const struct ledger *ledger, struct ledger_stats *stats);

/* ---- users ---- */

struct users;
/* The users' part; NULL: the ledger has none. It lives as long as the ledger. */
struct users *ledger_users(struct ledger *ledger);

#endif
