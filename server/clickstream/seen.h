/*
 * The messageIds seen of late, so that an event that is sent twice is auctioned once: a table of fixed size
 * in memory that all front ends share, made by the supervisor before they are forked.
 *
 * A word is an id: 40 bits of its hash and the second it came, in a bucket of one cache line that the other
 * bits choose. Words are changed by compare-and-swap alone, so nobody can leave a lock behind; two front ends
 * that see the same id at once contend for the same word, and one of them has seen it. (Not so at the very
 * second in which another word of the bucket expires, or when an id is forgotten by seen_forget(): then both
 * may call it new.) Different ids are taken for one another once in 10^11 look-ups.
 *
 * An id is remembered for the window from its first time on. When its bucket fills before that, the oldest id
 * gives way early, which is counted: the table is then too small for the traffic. It ends with the
 * supervisor.
 */
#ifndef SLIMBID_CLICKSTREAM_SEEN_H
#define SLIMBID_CLICKSTREAM_SEEN_H

#include <stdint.h>

#include "base/macros.h"
#include "base/str.h"

struct seen;

/* Room for about so many ids, 16 bytes each, which last window_s seconds (at most a week). NULL when refused.
 */
struct seen *seen_create(uint32_t ids, uint32_t window_s) CHECK_RESULT;
void seen_destroy(struct seen *seen);

/* An id as the table knows it: those of one sender (0: somebody without a key) are no other's. */
uint64_t seen_key(const struct seen *seen, uint64_t sender, struct str id);

enum seen_result {
    SEEN_NEW,       /* and remembered from now on */
    SEEN_NEW_EARLY, /* the same, but another one was forgotten early */
    SEEN_BEFORE,
};

/* now_s: seconds of any clock that all front ends share and that never goes back. */
enum seen_result seen_add(struct seen *seen, uint64_t key, uint64_t now_s);
/* It may come again: what it was for did not happen. */
void seen_forget(struct seen *seen, uint64_t key);

#endif
