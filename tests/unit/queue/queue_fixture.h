/*
 * What the tests of the queue share: frames whose length and every byte follow from their number, so that a
 * reader knows whether it got the whole of the right one; both views of a ring in one process; queues.
 */
#ifndef SLIMBID_TESTS_QUEUE_FIXTURE_H
#define SLIMBID_TESTS_QUEUE_FIXTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "queue/queue.h"

/* How long a test waits for a wake that must come: only a lost one takes so long. */
#define LOST_WAKE_MS 60000

/* Many short ones, some of up to max bytes, one in eight empty, one in eight of max. */
size_t frame_length(uint64_t number, size_t max);
void frame_fill(void *p, uint64_t number, size_t n);
bool frame_holds(const void *p, uint64_t number, size_t n);

/* Sends the numbered frame; false when there is no room now. */
bool frame_send(struct ring *ring, uint64_t number, size_t max);
/* Takes one frame, which must be the numbered one: 1; 0: none; -1: the ring is broken, or it is another. */
int frame_take(struct ring *ring, uint64_t number, size_t max);

/* Both sides of one ring; its memory ends where a sanitizer sees it. */
struct ring_pair {
    char *memory;
    struct ring producer, consumer;
};

void ring_pair_init(struct ring_pair *pair, uint64_t size);
void ring_pair_cleanup(struct ring_pair *pair);
/* Moves both sides of an empty ring to that place, a multiple of 8. */
void ring_pair_move_to(struct ring_pair *pair, uint64_t place);

/* A side of a queue, by descriptors of its own. Exits the test program when that fails: for children, too. */
void side_attach(struct queue *queue, enum queue_side side, const struct queue_sizes *sizes,
                 const struct queue_fds *fds);
/* Sleeps until woken, if there is need to. False: a wake was lost. */
bool side_wait(struct queue *queue);

#endif
