/*
 * What a ledger's file looks like, version 1. For the files of ledger_*.c, and for tests that play a hostile
 * file.
 *
 *   header       one page: sizes, salt, checksum; the boot under which the live part was written last
 *   live part    what processes work on: head, writers, cells, slots, campaigns
 *   steps        each writer's last LEDGER_STEPS steps, a ring: its intent, and what ledger_sync() redoes
 *   index        campaigns by key; made anew whenever the file is opened
 *   two copies   each a page (struct ledger_copy_head) and a part as it was at one moment
 *   users        see users.h
 *
 * All offsets follow from the sizes (ledger_layout.c). Each array starts at a multiple of 64 bytes, each
 * region at one of 4096. Little-endian. Memory that ends with its processes has no copies.
 *
 * A slot's word, from its lowest bit: incarnation (32: era 8, count 24), state (2), marks (2), the writer
 * that made the last step of money (6), the low bits of that step's number (22). A hold is the slot's number
 * in the upper half and the incarnation in the lower; none is 0. An era begins when a copy becomes the live
 * part, so that no hold that was handed out after the copy names a slot of the time after.
 */
#ifndef SLIMBID_LEDGER_LEDGER_FORMAT_H
#define SLIMBID_LEDGER_LEDGER_FORMAT_H

#include <assert.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "ledger/ledger.h"

#define LEDGER_MAGIC      0x726567646c627300u /* "\0sbldger" */
#define LEDGER_COPY_MAGIC 0x79706f636c627300u /* "\0sblcopy" */
#define LEDGER_VERSION    1u

#define LEDGER_PAGE_BYTES     ((size_t)4096)
#define LEDGER_LINE_BYTES     64
#define LEDGER_STEPS          4096u
#define LEDGER_STEP_WORDS     16u
#define LEDGER_MOST_CAMPAIGNS (1u << 20)
#define LEDGER_MOST_HOLDS     (1u << 26)
#define LEDGER_BOOT_BYTES     40u
#define LEDGER_QUIET_S        INT64_C(3024000) /* 35 days: a campaign not seen for so long gives way */
#define LEDGER_MOST_EXPIRY_S  86400
/* Nothing above is believed; sums of 64 writers stay far from the end of an int64. */
#define LEDGER_MOST_NANOS (INT64_C(1) << 56)

struct ledger_header {
    uint64_t magic;
    uint32_t version, header_bytes;
    struct ledger_sizes sizes;
    uint64_t salt;
    int64_t created;
    uint64_t file_bytes;
    uint32_t has_copies, crc32c; /* of all before it, and of itself as 0 */
    char boot_id[LEDGER_BOOT_BYTES];
    /* Of the copy that the disk has; its place is generation & 1. */
    _Atomic uint64_t generation;
};

/* ---- a part ---- */

struct ledger_head {
    _Atomic uint32_t count; /* campaigns */
    _Atomic uint32_t spare; /* a number below count that nobody has, + 1; 0: none is known */
    _Atomic uint32_t cursor;
    uint32_t era;
    _Atomic uint64_t epoch, adopted, finished, syncs, sync_failures;
};

/* What a writer counts; in the order of struct ledger_stats. */
enum ledger_counter {
    LEDGER_COUNT_RESERVED,
    LEDGER_COUNT_VIEWED,
    LEDGER_COUNT_CLICKED,
    LEDGER_COUNT_WON,
    LEDGER_COUNT_RELEASED,
    LEDGER_COUNT_EXPIRED,
    LEDGER_COUNT_REPEATED,
    LEDGER_COUNT_GONE,
    LEDGER_COUNT_OVER_BUDGET,
    LEDGER_COUNT_FULL,
    LEDGER_COUNTERS
};

/* All written by the writer alone. */
struct ledger_writer {
    _Atomic uint64_t committed; /* the last step that is done with */
    /* Counts of slots: the next to be taken, and the first that may hold expired money. What they say is
     * checked against the slots, so nothing rests on them. */
    _Alignas(LEDGER_LINE_BYTES) _Atomic uint64_t next;
    _Atomic uint64_t tail;
    _Alignas(LEDGER_LINE_BYTES) _Atomic uint64_t counters[16];
};

/* Of one writer and campaign; index: day & 1. Written by the writer alone. */
struct ledger_cell {
    _Alignas(LEDGER_LINE_BYTES) _Atomic int64_t spent[2];
    _Atomic int64_t held[2]; /* below 0 where others' holds became views here */
    _Atomic uint32_t day[2]; /* that the sums are of; 0: of none */
};

struct ledger_slot {
    _Alignas(LEDGER_LINE_BYTES) _Atomic uint64_t word;
    _Atomic int64_t nanos;
    _Atomic uint64_t user, auction;
    _Atomic int64_t expires;
    _Atomic uint32_t campaign, day;
};

struct ledger_campaign {
    _Alignas(LEDGER_LINE_BYTES) _Atomic uint64_t key; /* 0: nobody's */
    _Atomic int64_t daily_budget;
    _Atomic uint64_t cap; /* frequency, hours << 32 */
    _Atomic int64_t seen; /* to the hour or so */
    _Atomic int64_t limit;
    _Atomic uint32_t rate; /* LEDGER_PACED: limit and rate were set */
    _Atomic uint32_t id_bytes;
    _Alignas(LEDGER_LINE_BYTES) _Atomic uint64_t id[LEDGER_ID_BYTES / 8];
};

#define LEDGER_PACED 0x10000u

/* ---- steps ---- */

enum ledger_outcome { LEDGER_STEP_OPEN, LEDGER_STEP_DONE, LEDGER_STEP_UNDONE };

/*
 * A step as its writer knows it. In the file its words are atomic, the first is the number of the step and is
 * written last: a step is there when that word names it. The second is the outcome, written before
 * `committed`.
 */
struct ledger_step {
    uint64_t number;
    uint64_t outcome;
    uint32_t slot, cell;    /* cell: of that campaign; LEDGER_NONE: no money */
    uint64_t before, after; /* the slot's word, but for marks */
    uint32_t day_before, day_after;
    int64_t spent_before, spent_after, held_before, held_after;
    /* What the slot holds. */
    int64_t nanos;
    uint64_t user, auction;
    int64_t expires;
    uint32_t campaign, day;
    uint64_t unused;
};

struct ledger_step_words {
    _Alignas(LEDGER_LINE_BYTES) _Atomic uint64_t words[LEDGER_STEP_WORDS];
};

/* ---- copies ---- */

struct ledger_copy_head {
    uint64_t magic;
    uint64_t generation;
    uint32_t count; /* campaigns in it: cells and campaigns above are not part of the copy */
    uint32_t part_crc32c;
    uint32_t crc32c; /* of this head, with this field 0 */
    uint32_t unused;
};

static_assert(sizeof(struct ledger_sizes) == 16, "version 1");
static_assert(offsetof(struct ledger_header, boot_id) == 64, "version 1");
static_assert(sizeof(struct ledger_header) == 112, "version 1");
static_assert(sizeof(struct ledger_head) == 56, "version 1");
static_assert(sizeof(struct ledger_writer) == 256, "version 1");
static_assert(sizeof(struct ledger_cell) == 64, "version 1; a line each");
static_assert(sizeof(struct ledger_slot) == 64, "version 1; a line each");
static_assert(sizeof(struct ledger_campaign) == 128, "version 1");
static_assert(offsetof(struct ledger_campaign, id) == 64, "what auctions read is one line");
static_assert(sizeof(struct ledger_step) / 8 == LEDGER_STEP_WORDS, "version 1");
static_assert(offsetof(struct ledger_step, outcome) == 8, "the second word");
static_assert(sizeof(struct ledger_step_words) == sizeof(struct ledger_step), "the same bytes");
static_assert(sizeof(struct ledger_copy_head) == 32, "version 1");
static_assert((int)LEDGER_COUNTERS <= 16, "they fit");
static_assert((LEDGER_STEPS & (LEDGER_STEPS - 1)) == 0, "a ring");
static_assert(ATOMIC_LLONG_LOCK_FREE == 2 && ATOMIC_INT_LOCK_FREE == 2, "a lock would not be shared");
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "words are little-endian");

/* ---- a slot's word ---- */

enum ledger_state { LEDGER_SLOT_FREE, LEDGER_SLOT_HELD, LEDGER_SLOT_VIEWED, LEDGER_SLOT_RELEASED };

#define LEDGER_MARK_CLICKED (UINT64_C(1) << 34)
#define LEDGER_MARK_WON     (UINT64_C(1) << 35)
#define LEDGER_MARKS        (LEDGER_MARK_CLICKED | LEDGER_MARK_WON)
#define LEDGER_STEP_BITS    22
#define LEDGER_STEP_MASK    ((UINT64_C(1) << LEDGER_STEP_BITS) - 1)

static inline uint32_t ledger_word_incarnation(uint64_t word) {
    return (uint32_t)word;
}

static inline enum ledger_state ledger_word_state(uint64_t word) {
    return (enum ledger_state)(word >> 32 & 3);
}

static inline uint32_t ledger_word_writer(uint64_t word) {
    return (uint32_t)(word >> 36 & 63);
}

static inline uint64_t ledger_word_step(uint64_t word) {
    return word >> 42;
}

static inline uint64_t ledger_word(uint32_t incarnation, enum ledger_state state, uint32_t writer,
                                   uint64_t step) {
    return incarnation | (uint64_t)state << 32 | (uint64_t)(writer & 63) << 36 |
           (step & LEDGER_STEP_MASK) << 42;
}

#endif
