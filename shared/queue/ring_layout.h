/*
 * What a ring looks like in shared memory. For ring.c, and for tests that play a hostile other side.
 *
 * Version 1. A ring starts at a multiple of 64 bytes: struct ring_shared, then the bytes. head and tail count
 * bytes since the beginning and never wrap in practice; index & (size - 1) is the place. A frame is one
 * 8-byte word, its length in the low half and a mark in the high half, then the payload, padded to 8 bytes.
 */
#ifndef SLIMBID_QUEUE_RING_LAYOUT_H
#define SLIMBID_QUEUE_RING_LAYOUT_H

#include <assert.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define RING_MAGIC   0x676e6972u /* "ring" */
#define RING_VERSION 1u

#define RING_LINE_BYTES 64
#define RING_WORD_BYTES 8

#define RING_MARK_FRAME  0x4d415246u /* "FRAM" */
#define RING_MARK_FILLER 0x4c4c4946u /* "FILL": its length, too, is that of what follows the word */

struct ring_shared {
    /* Written by ring_format() alone. */
    uint32_t magic, version;
    uint64_t size;
    /* Bytes that the consumer has done with. */
    _Alignas(RING_LINE_BYTES) _Atomic uint64_t head;
    /* Bytes that the producer has finished. */
    _Alignas(RING_LINE_BYTES) _Atomic uint64_t tail;
};

static_assert(sizeof(struct ring_shared) == 192, "the bytes follow at 192");
static_assert(offsetof(struct ring_shared, size) == 8, "version 1");
static_assert(offsetof(struct ring_shared, head) == 64, "head on a line of its own");
static_assert(offsetof(struct ring_shared, tail) == 128, "tail on a line of its own");
static_assert(sizeof(_Atomic uint64_t) == RING_WORD_BYTES, "an atomic word is a plain word");
static_assert(ATOMIC_LLONG_LOCK_FREE == 2 && ATOMIC_INT_LOCK_FREE == 2, "a lock would not be shared");
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "words are little-endian");

#endif
