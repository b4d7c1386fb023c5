/*
 * What the table of users looks like in memory and in the file. For users*.c, and for tests that damage it.
 *
 * Version 1: struct users_header, USERS_NAME_PLACES names, then buckets. A bucket holds 16 records of 48
 * bytes, a key and five words; its keys stand together, so that looking a user up reads two lines a bucket
 * and then the record's own. A user's records are in one of two buckets (two hashes of its key, the emptier
 * one is taken: Azar, Broder, Karlin, Upfal, "Balanced Allocations", 1999), at most USERS_MOST_RECORDS of
 * them.
 *
 * A key is 0 (free), odd (a user's), or even: whoever wrote it is emptying the record, and when it has not
 * finished after two minutes it is dead and the record is free. A word is 0 or says all by itself:
 *
 *     a view:       tag 2 | window's hours, coded 6 | campaign 20 | count 12 | minute 24   (from the high
 * end) an interest:  tag 2 | name 13                 | weight x 4096        25 | minute 24
 *
 * Minutes are unix minutes modulo 2^24 (32 years); differences are signed.
 */
#ifndef SLIMBID_LEDGER_USERS_LAYOUT_H
#define SLIMBID_LEDGER_USERS_LAYOUT_H

#include <assert.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define USERS_MAGIC        0x7372657375626c73u /* "slbusers" */
#define USERS_VERSION      1u
#define USERS_SLOTS        16u
#define USERS_WORDS        5u
#define USERS_MOST_RECORDS 8u
#define USERS_NAME_PLACES  8192u /* twice USERS_MOST_NAMES, so that searches are short */
#define USERS_NAME_WORDS   6u
#define USERS_MOST_USERS   (1u << 27)

struct users_header {
    uint64_t magic;
    uint32_t version, users;
    uint32_t buckets, names;
    uint64_t bytes;
    _Alignas(64) _Atomic uint64_t added;
    _Atomic uint64_t forgotten, deleted, dropped_interests, dropped_views, known_names;
};

struct users_name {
    _Atomic uint64_t hash; /* 0: free */
    _Atomic uint64_t text[USERS_NAME_WORDS];
    _Atomic uint64_t length; /* 0: not whole yet */
};

struct users_bucket {
    _Atomic uint64_t keys[USERS_SLOTS];
    _Atomic uint64_t words[USERS_SLOTS][USERS_WORDS];
};

static_assert(sizeof(struct users_header) == 128, "version 1");
static_assert(sizeof(struct users_name) == 64, "a line");
static_assert(sizeof(struct users_bucket) == 768, "12 lines");
static_assert(sizeof(_Atomic uint64_t) == 8 && ATOMIC_LLONG_LOCK_FREE == 2, "a lock would not be shared");

#endif
