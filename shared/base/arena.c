/* A bump allocator over pooled chunks; see arena.h. */
#include "base/arena.h"

#include <stdint.h>
#include <stdlib.h>

#define ARENA_ALIGN 16

struct arena_chunk {
    struct arena_chunk *next;
    size_t bytes; /* header included */
};

#define CHUNK_HEADER ((sizeof(struct arena_chunk) + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1))

static size_t align_up(size_t n) {
    return (n + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
}

void arena_pool_init(struct arena_pool *pool, size_t keep_max) {
    *pool = (struct arena_pool){.keep_max = keep_max};
}

void arena_pool_cleanup(struct arena_pool *pool) {
    while (pool->free) {
        struct arena_chunk *chunk = pool->free;
        pool->free = chunk->next;
        free(chunk);
    }
    pool->free_count = 0;
}

static struct arena_chunk *pool_take(struct arena_pool *pool, size_t bytes) {
    struct arena_chunk *chunk = NULL;
    if (!budget_charge(pool->budget, bytes))
        return NULL;
    if (bytes == ARENA_CHUNK_BYTES && pool->free) {
        chunk = pool->free;
        pool->free = chunk->next;
        pool->free_count--;
    } else {
        chunk = malloc(bytes);
        if (!chunk) {
            budget_return(pool->budget, bytes);
            return NULL;
        }
        chunk->bytes = bytes;
    }
    pool->in_use_bytes += bytes;
    return chunk;
}

static void pool_give(struct arena_pool *pool, struct arena_chunk *chunk) {
    pool->in_use_bytes -= chunk->bytes;
    budget_return(pool->budget, chunk->bytes);
    if (chunk->bytes == ARENA_CHUNK_BYTES && pool->free_count < pool->keep_max) {
        chunk->next = pool->free;
        pool->free = chunk;
        pool->free_count++;
    } else {
        free(chunk);
    }
}

void arena_init(struct arena *arena, struct arena_pool *pool, size_t cap_bytes) {
    *arena = (struct arena){.pool = pool, .cap_bytes = cap_bytes};
}

void arena_reset(struct arena *arena) {
    while (arena->chunks) {
        struct arena_chunk *chunk = arena->chunks;
        arena->chunks = chunk->next;
        pool_give(arena->pool, chunk);
    }
    arena_init(arena, arena->pool, arena->cap_bytes);
}

struct arena_mark arena_mark(const struct arena *arena) {
    return (struct arena_mark){.newest = arena->chunks,
                               .behind = arena->chunks ? arena->chunks->next : NULL,
                               .cursor = arena->cursor,
                               .end = arena->end};
}

/* Gives the chunks from *at up to (not with) `last` back. */
static void release_until(struct arena *arena, struct arena_chunk **at, const struct arena_chunk *last) {
    while (*at != last) {
        struct arena_chunk *chunk = *at;
        *at = chunk->next;
        arena->held_bytes -= chunk->bytes;
        pool_give(arena->pool, chunk);
    }
}

void arena_rewind(struct arena *arena, struct arena_mark mark) {
    release_until(arena, &arena->chunks, mark.newest);
    if (mark.newest) /* large blocks went behind it while it was the newest */
        release_until(arena, &mark.newest->next, mark.behind);
    arena->cursor = mark.cursor;
    arena->end = mark.end;
    arena->refused = false;
}

bool arena_has_room(const struct arena *arena, size_t n) {
    size_t left = arena->cap_bytes - arena->held_bytes;
    return left >= (size_t)2 * ARENA_CHUNK_BYTES && left - (size_t)2 * ARENA_CHUNK_BYTES >= n;
}

/* Adds a chunk with room for n bytes; a large block goes behind the newest chunk, which stays in use. */
static char *arena_add(struct arena *arena, size_t n) {
    size_t bytes = n <= ARENA_CHUNK_BYTES - CHUNK_HEADER ? ARENA_CHUNK_BYTES : n + CHUNK_HEADER;
    bool fits = bytes <= arena->cap_bytes - arena->held_bytes;
    struct arena_chunk *chunk = fits ? pool_take(arena->pool, bytes) : NULL;
    if (!chunk) {
        arena->refused = true;
        arena->starved |= fits;
        return NULL;
    }
    arena->held_bytes += bytes;
    char *payload = (char *)chunk + CHUNK_HEADER;
    if (bytes == ARENA_CHUNK_BYTES || !arena->chunks) {
        chunk->next = arena->chunks;
        arena->chunks = chunk;
        arena->cursor = payload + n;
        arena->end = (char *)chunk + bytes;
    } else {
        chunk->next = arena->chunks->next;
        arena->chunks->next = chunk;
    }
    return payload;
}

void *arena_alloc(struct arena *arena, size_t n) {
    if (n > SIZE_MAX / 2)
        return NULL;
    n = align_up(n ? n : 1);
    if (n <= (size_t)(arena->end - arena->cursor)) {
        char *p = arena->cursor;
        arena->cursor += n;
        return p;
    }
    return arena_add(arena, n);
}

void *arena_calloc(struct arena *arena, size_t count, size_t size) {
    size_t n = 0;
    if (__builtin_mul_overflow(count, size, &n))
        return NULL;
    void *p = arena_alloc(arena, n);
    if (p)
        memset(p, 0, n);
    return p;
}

struct str arena_dup(struct arena *arena, struct str s) {
    char *p = arena_alloc(arena, s.n);
    if (!p)
        return (struct str){NULL, 0};
    if (s.n)
        memcpy(p, s.p, s.n);
    return (struct str){p, s.n};
}

void *arena_grow(struct arena *arena, void *old, size_t old_n, size_t new_n) {
    if (!old)
        return arena_alloc(arena, new_n);
    if (new_n > SIZE_MAX / 2)
        return NULL;
    size_t held = align_up(old_n ? old_n : 1);
    size_t wanted = align_up(new_n ? new_n : 1);
    if (wanted <= held)
        return old;
    if ((char *)old + held == arena->cursor && wanted - held <= (size_t)(arena->end - arena->cursor)) {
        arena->cursor += wanted - held;
        return old;
    }
    void *p = arena_alloc(arena, new_n);
    if (p)
        memcpy(p, old, old_n);
    return p;
}
