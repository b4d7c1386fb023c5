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
 *
 * A ring in memory that outlives its processes (a file's) is resumed: a new producer goes on at the tail, so
 * that a frame that was reserved and not committed was never there; a new consumer goes on at the head, so
 * that a frame whose room was not given back is read again.
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
/* The same where the side's predecessor stopped. -1 also when head and tail can't be those of a ring. */
int ring_resume_producer(struct ring *ring, void *memory, uint64_t size) CHECK_RESULT;
int ring_resume_consumer(struct ring *ring, void *memory, uint64_t size) CHECK_RESULT;

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

/* ---- a consumer that reads ahead: it keeps what it has read until it knows that it is done with ---- */

/* On to the frame after that of the last ring_peek(); without one it does nothing. The producer does not get
 * the room back yet. */
void ring_next(struct ring *ring);
/* Where the next ring_peek() reads; a place for the two below. */
static inline uint64_t ring_position(const struct ring *ring) {
    return ring->own;
}
/* Gives back what stands before a position that was read, and never any of it twice. */
void ring_release(struct ring *ring, uint64_t position);
/* Reads again from a position that is not given back. */
void ring_rewind(struct ring *ring, uint64_t position);
/* Bytes that are finished and not read yet, frames' words and fillers included. 0 too when the ring is
 * broken. */
uint64_t ring_unread(struct ring *ring);
/* Forgets what is finished and not read: for whoever finds it torn while nobody is at the ring. */
void ring_cut(struct ring *ring);

#endif
