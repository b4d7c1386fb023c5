/*
 * Request memory: a bump allocator whose bytes die together.
 *
 * An arena takes fixed-size chunks from a pool (one pool per event loop, no locks) and gives them
 * back at its end, so that in the steady state a request costs no malloc. An allocation larger
 * than a chunk gets a block of its own. Each arena has a cap from birth; what would pass it is
 * refused with NULL.
 */
#ifndef SLIMBID_BASE_ARENA_H
#define SLIMBID_BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>

#include "base/budget.h"
#include "base/macros.h"
#include "base/str.h"

#define ARENA_CHUNK_BYTES 8192 /* payload and header of one pooled chunk */

struct arena_chunk;

/* Chunks that wait for the next request. */
struct arena_pool {
    struct arena_chunk *free;
    size_t free_count;
    size_t keep_max;       /* chunks kept; the rest goes back to the allocator */
    size_t in_use_bytes;   /* bytes held by arenas of this pool now: returns to 0 when idle */
    struct budget *budget; /* what they are charged to; NULL: none. Set by the owner before the first arena */
};

/* keep_max: number of chunks of ARENA_CHUNK_BYTES kept for reuse. */
void arena_pool_init(struct arena_pool *pool, size_t keep_max);
void arena_pool_cleanup(struct arena_pool *pool);

struct arena {
    struct arena_pool *pool;
    struct arena_chunk *chunks; /* newest first */
    char *cursor;
    char *end;
    size_t held_bytes; /* chunks and blocks, headers included */
    size_t cap_bytes;
    bool refused; /* an allocation did not fit, since the last reset or rewind */
    bool starved; /* one was refused for want of memory, not by the cap; since the last reset */
};

/* Embedded by its owner. Takes no memory until the first allocation. */
void arena_init(struct arena *arena, struct arena_pool *pool, size_t cap_bytes);
/* Gives all memory back; the arena may be used again. */
void arena_reset(struct arena *arena);

/* What an arena held at a moment. */
struct arena_mark {
    struct arena_chunk *newest, *behind; /* the newest chunk, and the one behind it */
    char *cursor, *end;
};

struct arena_mark arena_mark(const struct arena *arena);
/* Gives back what was allocated since the mark, which must be of this life of the arena. */
void arena_rewind(struct arena *arena, struct arena_mark mark);
/* Whether the cap leaves room for n more bytes in one or two allocations, however the last chunk is filled.
 */
bool arena_has_room(const struct arena *arena, size_t n);

/* n bytes aligned to 16, uninitialised. NULL when the cap or the allocator says no. */
void *arena_alloc(struct arena *arena, size_t n) CHECK_RESULT;
/* The same, zeroed; NULL too when count * size overflows. */
void *arena_calloc(struct arena *arena, size_t count, size_t size) CHECK_RESULT;
/* A copy of s; .p == NULL when there is no room. An empty view gives a non-NULL empty view. */
struct str arena_dup(struct arena *arena, struct str s) CHECK_RESULT;
/*
 * Grows the block old of old_n bytes to new_n bytes: in place when it is the newest allocation,
 * else by copying. NULL when there is no room; old stays valid then.
 */
void *arena_grow(struct arena *arena, void *old, size_t old_n, size_t new_n) CHECK_RESULT;

#endif
