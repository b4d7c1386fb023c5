/*
 * A single-producer single-consumer ring of variable-size frames in memory that two processes share.
 *
 * The producer writes a frame behind the tail and then moves the tail; the consumer reads at the head and
 * then moves the head (Lamport 1983; both keep a private copy of the other's index and look again only
 * when it does not suffice). A frame never wraps: what is left at the end of the ring and is too short is
 * skipped by a filler. Frames are aligned to 8 bytes.
 *
 * Neither side trusts the other. Each keeps its own index and the ring's size in private memory, reads the
 * other's index once into private memory and checks it, checks a frame's length before it looks at the
 * frame, and copies nothing that was not checked. What does not hold makes the ring broken for that side for
 * good: every call returns -1, and the owner takes the other side for dead.
 */
#ifndef SLIMBID_QUEUE_RING_H
#define SLIMBID_QUEUE_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"

#define RING_LEAST_BYTES 4096u
#define RING_MOST_BYTES  (16u << 20)

/* What lies in shared memory before the bytes of the ring: 192 bytes, head and tail on lines of their own. */
struct ring_shared;

/* One side's view of a ring; embedded by its owner. */
struct ring {
    struct ring_shared *shared;
    char *bytes;
    uint64_t size;     /* of bytes; a power of two */
    uint64_t own;      /* the index that this side moves: bytes since the beginning */
    uint64_t other;    /* the last value seen of the other's */
    uint64_t reserved; /* bytes of the frame under way, or of the one looked at, with its header and filler */
    bool broken;
};

/* Is size a power of two from RING_LEAST_BYTES to RING_MOST_BYTES? */
bool ring_size_is_legal(uint64_t size);
/* Shared bytes that a ring of size bytes takes. */
size_t ring_footprint(uint64_t size);
/* Whoever makes the memory lays the ring out once, before anybody attaches. size is legal; memory is aligned
 * to 64 bytes. */
void ring_format(void *memory, uint64_t size);
/* One side's view, once a side: it starts at the first byte. size as at ring_format(), known from elsewhere
 * than the shared memory. 0, or -1 when the shared header is not that of such a ring. */
int ring_attach(struct ring *ring, void *memory, uint64_t size) CHECK_RESULT;

/* ---- producer ---- */

/* The largest frame that the ring can ever take: half the ring less 8 bytes. */
size_t ring_frame_max(const struct ring *ring);
/* Room for a frame of at most n bytes, aligned to 8; NULL when there is none now, n is above
 * ring_frame_max(), or the ring is broken. One at a time; ring_commit() or nothing ends it. */
void *ring_reserve(struct ring *ring, size_t n) CHECK_RESULT;
/* The frame of the last ring_reserve() is complete, n bytes of it (n at most what was reserved, 0 is legal).
 */
void ring_commit(struct ring *ring, size_t n);

/* ---- consumer ---- */

/* The oldest frame: 1 and its bytes, in shared memory, which the other side may still change: copy or check
 * what you read once. 0: none. -1: broken. */
int ring_peek(struct ring *ring, const void **frame, size_t *n) CHECK_RESULT;
/* Done with the frame of the last ring_peek(); without one it does nothing. */
void ring_consume(struct ring *ring);

#endif
