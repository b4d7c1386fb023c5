/*
 * What a queue's memory looks like, version 1: struct queue_shared, then the ring of jobs, then the ring of
 * answers. For queue.c, and for tests that play a hostile other side.
 */
#ifndef SLIMBID_QUEUE_QUEUE_LAYOUT_H
#define SLIMBID_QUEUE_QUEUE_LAYOUT_H

#include "queue/ring_layout.h"

#define QUEUE_MAGIC   0x75657571u /* "queu" */
#define QUEUE_VERSION 1u

struct queue_shared {
    /* Written by queue_create() alone. */
    uint32_t magic, version;
    uint32_t job_bytes, answer_bytes;
    /* Written by the front end; see queue_set_generation(). */
    _Alignas(RING_LINE_BYTES) _Atomic uint32_t generation;
    /* By enum queue_side. Not 0: this side sleeps, or is about to. It raises the word itself; it, or whoever
     * wakes it, lowers it. */
    struct {
        _Alignas(RING_LINE_BYTES) _Atomic uint32_t asleep;
    } sides[2];
};

static_assert(sizeof(struct queue_shared) == 256, "the ring of jobs follows at 256");
static_assert(offsetof(struct queue_shared, generation) == 64, "a line of its own");
static_assert(offsetof(struct queue_shared, sides) == 128, "two lines, one a side");

#endif
