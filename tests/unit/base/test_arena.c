/* Request memory: alignment, caps, growth, what goes back to the pool. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"

#define PAYLOAD (ARENA_CHUNK_BYTES - 64) /* fits a chunk, whatever its header */

static void blocks_are_aligned_and_apart(void **state) {
    (void)state;
    struct arena_pool pool;
    struct arena arena;
    arena_pool_init(&pool, 4);
    arena_init(&arena, &pool, 1 << 20);
    char *last = NULL;
    size_t last_n = 0;
    for (size_t n = 0; n < 300; n++) {
        char *p = arena_alloc(&arena, n);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % 16, 0);
        memset(p, (int)n, n);
        for (size_t i = 0; i < last_n; i++)
            assert_int_equal((unsigned char)last[i], (unsigned char)(n - 1));
        last = p;
        last_n = n;
    }
    arena_reset(&arena);
    arena_pool_cleanup(&pool);
}

static void nothing_is_taken_before_the_first_allocation(void **state) {
    (void)state;
    struct arena_pool pool;
    struct arena arena;
    arena_pool_init(&pool, 4);
    arena_init(&arena, &pool, 1 << 20);
    assert_int_equal(arena.held_bytes, 0);
    assert_int_equal(pool.in_use_bytes, 0);
    arena_reset(&arena);
    arena_pool_cleanup(&pool);
}

static void the_cap_holds_and_leaves_the_arena_usable(void **state) {
    (void)state;
    struct arena_pool pool;
    struct arena arena;
    arena_pool_init(&pool, 4);
    arena_init(&arena, &pool, 3 * ARENA_CHUNK_BYTES);
    assert_null(arena_alloc(&arena, 3 * ARENA_CHUNK_BYTES));
    assert_non_null(arena_alloc(&arena, PAYLOAD));
    assert_non_null(arena_alloc(&arena, PAYLOAD));
    assert_null(arena_alloc(&arena, 2 * ARENA_CHUNK_BYTES));
    assert_non_null(arena_alloc(&arena, PAYLOAD));
    assert_null(arena_alloc(&arena, PAYLOAD));
    assert_true(arena.held_bytes <= arena.cap_bytes);
    assert_int_equal(pool.in_use_bytes, arena.held_bytes);
    arena_reset(&arena);
    assert_non_null(arena_alloc(&arena, PAYLOAD));
    arena_reset(&arena);
    arena_pool_cleanup(&pool);
}

static void sizes_that_overflow_are_refused(void **state) {
    (void)state;
    struct arena_pool pool;
    struct arena arena;
    arena_pool_init(&pool, 4);
    arena_init(&arena, &pool, SIZE_MAX);
    /* volatile: the compiler must not warn that these sizes are absurd, which is the point. */
    volatile size_t huge = SIZE_MAX;
    assert_null(arena_alloc(&arena, huge));
    assert_null(arena_alloc(&arena, huge / 2 + 1));
    assert_null(arena_calloc(&arena, huge / 2, 3));
    char *p = arena_alloc(&arena, 1);
    assert_non_null(p);
    assert_null(arena_grow(&arena, p, 1, huge));
    arena_reset(&arena);
    arena_pool_cleanup(&pool);
}

static void calloc_is_zero_even_in_reused_chunks(void **state) {
    (void)state;
    struct arena_pool pool;
    struct arena arena;
    arena_pool_init(&pool, 4);
    arena_init(&arena, &pool, 1 << 20);
    char *dirty = arena_alloc(&arena, PAYLOAD);
    assert_non_null(dirty);
    memset(dirty, 0xff, PAYLOAD);
    arena_reset(&arena);
    char *clean = arena_calloc(&arena, PAYLOAD / 8, 8);
    assert_non_null(clean);
    for (size_t i = 0; i < PAYLOAD / 8 * 8; i++)
        assert_int_equal(clean[i], 0);
    arena_reset(&arena);
    arena_pool_cleanup(&pool);
}

static void chunks_are_kept_up_to_the_limit(void **state) {
    (void)state;
    struct arena_pool pool;
    struct arena arena;
    arena_pool_init(&pool, 2);
    arena_init(&arena, &pool, 1 << 20);
    for (int i = 0; i < 5; i++)
        assert_non_null(arena_alloc(&arena, PAYLOAD));
    assert_non_null(arena_alloc(&arena, 100000)); /* a block of its own is never kept */
    assert_int_equal(pool.free_count, 0);
    arena_reset(&arena);
    assert_int_equal(pool.in_use_bytes, 0);
    assert_int_equal(pool.free_count, 2);
    struct arena other;
    arena_init(&other, &pool, 1 << 20);
    assert_non_null(arena_alloc(&other, 1));
    assert_int_equal(pool.free_count, 1);
    arena_reset(&other);
    arena_pool_cleanup(&pool);
    assert_int_equal(pool.free_count, 0);
}

/* The chunk in use goes on being used behind a large block. */
static void a_large_block_wastes_no_chunk(void **state) {
    (void)state;
    struct arena_pool pool;
    struct arena arena;
    arena_pool_init(&pool, 2);
    arena_init(&arena, &pool, 1 << 20);
    char *before = arena_alloc(&arena, 16);
    char *large = arena_alloc(&arena, 50000);
    char *after = arena_alloc(&arena, 16);
    assert_non_null(large);
    assert_ptr_equal(after, before + 16);
    memset(large, 1, 50000);
    arena_reset(&arena);
    large = arena_alloc(&arena, 50000); /* the first one of an arena, too */
    after = arena_alloc(&arena, 16);
    assert_non_null(large);
    assert_non_null(after);
    memset(large, 1, 50000);
    memset(after, 2, 16);
    assert_int_equal(large[49999], 1);
    arena_reset(&arena);
    arena_pool_cleanup(&pool);
}

static void copies_keep_absence_apart_from_emptiness(void **state) {
    (void)state;
    struct arena_pool pool;
    struct arena arena;
    arena_pool_init(&pool, 2);
    arena_init(&arena, &pool, ARENA_CHUNK_BYTES);
    struct str copy = arena_dup(&arena, STR("a\0b"));
    assert_true(str_eq(copy, STR("a\0b")));
    copy = arena_dup(&arena, STR(""));
    assert_true(str_present(copy));
    assert_int_equal(copy.n, 0);
    static char large[2 * ARENA_CHUNK_BYTES];
    assert_false(str_present(arena_dup(&arena, (struct str){large, sizeof large})));
    arena_reset(&arena);
    arena_pool_cleanup(&pool);
}

static void the_newest_block_grows_in_place(void **state) {
    (void)state;
    struct arena_pool pool;
    struct arena arena;
    arena_pool_init(&pool, 4);
    arena_init(&arena, &pool, 1 << 20);
    char *p = arena_grow(&arena, NULL, 0, 10);
    assert_non_null(p);
    memcpy(p, "0123456789", 10);
    assert_ptr_equal(arena_grow(&arena, p, 10, 12), p);
    assert_ptr_equal(arena_grow(&arena, p, 12, 1000), p);
    assert_ptr_equal(arena_grow(&arena, p, 1000, 20), p);
    assert_memory_equal(p, "0123456789", 10);
    arena_reset(&arena);
    arena_pool_cleanup(&pool);
}

static void other_blocks_grow_by_copying(void **state) {
    (void)state;
    struct arena_pool pool;
    struct arena arena;
    arena_pool_init(&pool, 4);
    arena_init(&arena, &pool, 2 * ARENA_CHUNK_BYTES);
    char *p = arena_alloc(&arena, 10);
    char *behind = arena_alloc(&arena, 10);
    assert_non_null(p);
    assert_non_null(behind);
    memcpy(p, "0123456789", 10);
    memcpy(behind, "abcdefghij", 10);
    char *grown = arena_grow(&arena, p, 10, 100);
    assert_non_null(grown);
    assert_ptr_not_equal(grown, p);
    memset(grown + 10, 'x', 90);
    assert_memory_equal(grown, "0123456789", 10);
    assert_memory_equal(behind, "abcdefghij", 10);
    char *moved = arena_grow(&arena, grown, 100, PAYLOAD); /* the newest, but its chunk is too small */
    assert_non_null(moved);
    assert_memory_equal(moved, "0123456789", 10);
    assert_null(arena_grow(&arena, moved, PAYLOAD, 4 * PAYLOAD));
    assert_memory_equal(moved, "0123456789", 10);
    arena_reset(&arena);
    arena_pool_cleanup(&pool);
}

static void a_rewind_gives_back_what_came_after(void **state) {
    (void)state;
    struct arena_pool pool;
    struct arena arena;
    arena_pool_init(&pool, 4);
    arena_init(&arena, &pool, 8 * ARENA_CHUNK_BYTES);
    for (int round = 0; round < 3; round++) { /* on an empty arena, then on one with small and large blocks */
        size_t held = arena.held_bytes;
        struct arena_mark mark = arena_mark(&arena);
        char *first = arena_alloc(&arena, 100);
        assert_non_null(arena_alloc(&arena, ARENA_CHUNK_BYTES)); /* behind the newest chunk */
        assert_non_null(arena_alloc(&arena, PAYLOAD));
        assert_non_null(arena_alloc(&arena, ARENA_CHUNK_BYTES));
        assert_null(arena_alloc(&arena, 8 * ARENA_CHUNK_BYTES));
        assert_true(arena.refused);
        arena_rewind(&arena, mark);
        assert_false(arena.refused);
        assert_int_equal(arena.held_bytes, held);
        assert_int_equal(pool.in_use_bytes, held);
        char *again = arena_alloc(&arena, round < 2 ? 100 : ARENA_CHUNK_BYTES);
        assert_non_null(again);
        if (round == 1)
            assert_ptr_equal(again, first);
        memset(again, 'a', 100);
    }
    arena_reset(&arena);
    assert_int_equal(pool.in_use_bytes, 0);
    arena_pool_cleanup(&pool);
}

static void room_that_is_told_is_there(void **state) {
    (void)state;
    struct arena_pool pool;
    arena_pool_init(&pool, 4);
    for (size_t before = 0; before < 4 * ARENA_CHUNK_BYTES; before += 1000) {
        struct arena arena;
        arena_init(&arena, &pool, 5 * ARENA_CHUNK_BYTES);
        assert_non_null(arena_alloc(&arena, before));
        size_t n = 0;
        while (arena_has_room(&arena, n + 16))
            n += 16;
        if (n > 0) {
            assert_non_null(arena_alloc(&arena, n / 3));
            assert_non_null(arena_alloc(&arena, n - n / 3));
        }
        arena_reset(&arena);
    }
    arena_pool_cleanup(&pool);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_are_aligned_and_apart),
        cmocka_unit_test(nothing_is_taken_before_the_first_allocation),
        cmocka_unit_test(the_cap_holds_and_leaves_the_arena_usable),
        cmocka_unit_test(sizes_that_overflow_are_refused),
        cmocka_unit_test(calloc_is_zero_even_in_reused_chunks),
        cmocka_unit_test(chunks_are_kept_up_to_the_limit),
        cmocka_unit_test(a_large_block_wastes_no_chunk),
        cmocka_unit_test(copies_keep_absence_apart_from_emptiness),
        cmocka_unit_test(the_newest_block_grows_in_place),
        cmocka_unit_test(other_blocks_grow_by_copying),
        cmocka_unit_test(a_rewind_gives_back_what_came_after),
        cmocka_unit_test(room_that_is_told_is_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
