/* A ring of frames between two processes; see ring.h, and ring_layout.h for the bytes. */
#include "queue/ring.h"

#include <assert.h>
#include <string.h>

#include "queue/ring_layout.h"

bool ring_size_is_legal(uint64_t size) {
    return size >= RING_LEAST_BYTES && size <= RING_MOST_BYTES && (size & (size - 1)) == 0;
}

/* Of a frame whose payload has n bytes: at most ring_frame_max(), so nothing overflows. */
static uint64_t frame_bytes(uint64_t n) {
    return RING_WORD_BYTES + ((n + RING_WORD_BYTES - 1) & ~(uint64_t)(RING_WORD_BYTES - 1));
}

static _Atomic uint64_t *word_at(const struct ring *ring, uint64_t place) {
    return (_Atomic uint64_t *)(void *)(ring->bytes + place);
}

static uint64_t place_of(const struct ring *ring, uint64_t index) {
    return index & (ring->size - 1);
}

size_t ring_footprint(uint64_t size) {
    return sizeof(struct ring_shared) + (size_t)size;
}

void ring_format(void *memory, uint64_t size) {
    struct ring_shared *shared = memory;
    assert(ring_size_is_legal(size) && (uintptr_t)memory % RING_LINE_BYTES == 0);
    memset(shared, 0, sizeof(*shared));
    shared->magic = RING_MAGIC;
    shared->version = RING_VERSION;
    shared->size = size;
}

int ring_attach(struct ring *ring, void *memory, uint64_t size) {
    struct ring_shared *shared = memory;
    if (!ring_size_is_legal(size) || (uintptr_t)memory % RING_LINE_BYTES != 0)
        return -1;
    if (shared->magic != RING_MAGIC || shared->version != RING_VERSION || shared->size != size)
        return -1;
    *ring = (struct ring){.shared = shared, .bytes = (char *)memory + sizeof(*shared), .size = size};
    return 0;
}

/* head and tail as they stand; -1 when they are not those of a ring. */
static int read_indices(const struct ring *ring, uint64_t *head, uint64_t *tail) {
    *head = atomic_load_explicit(&ring->shared->head, memory_order_acquire);
    *tail = atomic_load_explicit(&ring->shared->tail, memory_order_acquire);
    bool whole = *head % RING_WORD_BYTES == 0 && *tail % RING_WORD_BYTES == 0;
    return whole && *tail >= *head && *tail - *head <= ring->size ? 0 : -1;
}

int ring_resume_producer(struct ring *ring, void *memory, uint64_t size) {
    uint64_t head = 0, tail = 0;
    if (ring_attach(ring, memory, size) != 0 || read_indices(ring, &head, &tail) != 0)
        return -1;
    ring->own = tail;
    ring->other = head;
    return 0;
}

int ring_resume_consumer(struct ring *ring, void *memory, uint64_t size) {
    uint64_t head = 0, tail = 0;
    if (ring_attach(ring, memory, size) != 0 || read_indices(ring, &head, &tail) != 0)
        return -1;
    ring->own = head;
    ring->other = tail;
    return 0;
}

/* ---- producer ---- */

/* Half the ring: so much always fits before or behind any place once the ring is empty. */
size_t ring_frame_max(const struct ring *ring) {
    return (size_t)(ring->size / 2 - RING_WORD_BYTES);
}

/* Takes the consumer's index: whole words, between the one seen before and the tail. */
static void look_at_head(struct ring *ring) {
    uint64_t head = atomic_load_explicit(&ring->shared->head, memory_order_acquire);
    if (head % RING_WORD_BYTES != 0 || head - ring->other > ring->own - ring->other)
        ring->broken = true;
    else
        ring->other = head;
}

static bool has_room(const struct ring *ring, uint64_t n) {
    return n <= ring->size - (ring->own - ring->other);
}

void *ring_reserve(struct ring *ring, size_t n) {
    ring->reserved = 0;
    if (UNLIKELY(ring->broken || n > ring_frame_max(ring)))
        return NULL;
    uint64_t frame = frame_bytes(n);
    uint64_t place = place_of(ring, ring->own);
    uint64_t filler = frame > ring->size - place ? ring->size - place : 0;
    if (!has_room(ring, filler + frame)) {
        look_at_head(ring);
        if (ring->broken || !has_room(ring, filler + frame))
            return NULL;
    }
    ring->reserved = filler + frame;
    return ring->bytes + (filler ? 0 : place) + RING_WORD_BYTES;
}

static void put_word(struct ring *ring, uint64_t place, uint32_t mark, uint64_t n) {
    atomic_store_explicit(word_at(ring, place), (uint64_t)mark << 32 | n, memory_order_relaxed);
}

void ring_commit(struct ring *ring, size_t n) {
    uint64_t place = place_of(ring, ring->own);
    uint64_t filler = place + ring->reserved > ring->size ? ring->size - place : 0;
    assert(ring->reserved > 0 && n <= ring->reserved - filler - RING_WORD_BYTES);
    if (filler) {
        put_word(ring, place, RING_MARK_FILLER, filler - RING_WORD_BYTES);
        place = 0;
    }
    put_word(ring, place, RING_MARK_FRAME, n);
    ring->own += filler + frame_bytes(n);
    ring->reserved = 0;
    /* The one store that makes the frame, and a filler before it, exist. */
    atomic_store_explicit(&ring->shared->tail, ring->own, memory_order_release);
}

/* ---- consumer ---- */

static int break_ring(struct ring *ring) {
    ring->broken = true;
    return -1;
}

/* Takes the producer's index: whole words, at most the ring's size ahead, never backwards. Called when all
 * that was seen is read, so that other is own. */
static void look_at_tail(struct ring *ring) {
    uint64_t tail = atomic_load_explicit(&ring->shared->tail, memory_order_acquire);
    if (tail % RING_WORD_BYTES != 0 || tail - ring->own > ring->size)
        ring->broken = true;
    else
        ring->other = tail;
}

static uint64_t get_word(const struct ring *ring, uint64_t place) {
    return atomic_load_explicit(word_at(ring, place), memory_order_relaxed);
}

int ring_peek(struct ring *ring, const void **frame, size_t *n) {
    ring->reserved = 0;
    if (UNLIKELY(ring->broken))
        return -1;
    if (ring->own == ring->other) {
        look_at_tail(ring);
        if (ring->broken)
            return -1;
        if (ring->own == ring->other)
            return 0;
    }
    uint64_t finished = ring->other - ring->own; /* a multiple of 8, from 8 to size */
    uint64_t place = place_of(ring, ring->own), filler = 0;
    uint64_t word = get_word(ring, place);
    if (word >> 32 == RING_MARK_FILLER) {
        filler = ring->size - place;
        if ((uint32_t)word != filler - RING_WORD_BYTES || filler >= finished)
            return break_ring(ring);
        place = 0;
        word = get_word(ring, place);
    }
    uint64_t length = (uint32_t)word;
    if (word >> 32 != RING_MARK_FRAME || length > ring_frame_max(ring))
        return break_ring(ring);
    uint64_t bytes = frame_bytes(length);
    if (bytes > finished - filler || bytes > ring->size - place)
        return break_ring(ring);
    ring->reserved = filler + bytes;
    *frame = ring->bytes + place + RING_WORD_BYTES;
    *n = (size_t)length;
    return 1;
}

void ring_consume(struct ring *ring) {
    ring->own += ring->reserved;
    ring->reserved = 0;
    /* Release: what was read of the frame was read before the producer may write over it. */
    atomic_store_explicit(&ring->shared->head, ring->own, memory_order_release);
}

/* ---- a consumer that reads ahead ---- */

void ring_next(struct ring *ring) {
    ring->own += ring->reserved;
    ring->reserved = 0;
}

void ring_release(struct ring *ring, uint64_t position) {
    assert(position <= ring->own);
    uint64_t head = atomic_load_explicit(&ring->shared->head, memory_order_relaxed);
    if (position > head)
        atomic_store_explicit(&ring->shared->head, position, memory_order_release);
}

void ring_rewind(struct ring *ring, uint64_t position) {
    assert(position <= ring->own);
    ring->own = position;
    ring->reserved = 0;
}

uint64_t ring_unread(struct ring *ring) {
    if (ring->broken)
        return 0;
    uint64_t tail = atomic_load_explicit(&ring->shared->tail, memory_order_acquire);
    if (tail % RING_WORD_BYTES != 0 || tail - ring->own > ring->size)
        ring->broken = true;
    return ring->broken ? 0 : tail - ring->own;
}

void ring_cut(struct ring *ring) {
    atomic_store_explicit(&ring->shared->tail, ring->own, memory_order_release);
    ring->other = ring->own;
    ring->reserved = 0;
    ring->broken = false;
}
