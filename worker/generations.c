/* Tables come, serve and go; see generations.h. */
#include "generations.h"

#include <stdio.h>
#include <sys/mman.h>

#include "fault.h"

#define RELEASE_BYTES (4u << 20) /* 1,024 pages: some 50 microseconds */

void generations_cleanup(struct generations *generations) {
    for (uint32_t i = 0; i < generations->count; i++) {
        matcher_destroy(generations->items[i].matcher);
        table_unmap(&generations->items[i].table);
    }
    generations->count = 0;
}

/* ---- in ---- */

struct opening {
    struct generation *generation;
    int fd;
    char *error;
    size_t error_size;
    int result;
};

static void open_table(void *ctx) {
    struct opening *opening = ctx;
    struct generation *generation = opening->generation;
    opening->result = table_map(&generation->table, opening->fd, opening->error, opening->error_size);
    if (opening->result != 0)
        return;
    generation->matcher = matcher_create(&generation->table);
    if (generation->matcher)
        return;
    snprintf(opening->error, opening->error_size, "out of memory");
    table_unmap(&generation->table);
    opening->result = -1;
}

int generations_add(struct generations *generations, uint32_t number, int fd, char *error,
                    size_t error_size) {
    if (generations->count == GENERATIONS_MOST) {
        snprintf(error, error_size, "%u tables are in use already", GENERATIONS_MOST);
        return -1;
    }
    struct generation *generation = &generations->items[generations->count];
    *generation = (struct generation){.number = number};
    struct opening opening = {generation, fd, error, error_size, -1};
    if (fault_run(NULL, 0, open_table, &opening) != 0) {
        snprintf(error, error_size, "cut short while it was opened");
        table_unmap(&generation->table);
        return -1;
    }
    if (opening.result == 0)
        generations->count++;
    return opening.result;
}

struct generation *generations_find(struct generations *generations, uint32_t number) {
    for (uint32_t i = generations->count; i-- > 0;)
        if (generations->items[i].number == number && !generations->items[i].retiring)
            return &generations->items[i];
    return NULL;
}

/* ---- out ---- */

void generation_damage(struct generation *generation) {
    matcher_destroy(generation->matcher);
    generation->matcher = NULL;
    table_unmap(&generation->table);
}

void generations_retire(struct generations *generations, uint32_t number) {
    for (uint32_t i = 0; i + 1 < generations->count; i++)
        if (generations->items[i].number < number)
            generations->items[i].retiring = true;
}

static void remove_at(struct generations *generations, uint32_t i) {
    generation_damage(&generations->items[i]);
    generations->count--;
    memmove(&generations->items[i], &generations->items[i + 1],
            (generations->count - i) * sizeof generations->items[0]);
}

bool generations_release(struct generations *generations) {
    for (uint32_t i = 0; i < generations->count; i++) {
        struct generation *generation = &generations->items[i];
        if (!generation->retiring)
            continue;
        size_t left = generation->table.mapped_bytes - generation->released;
        if (left <= RELEASE_BYTES) {
            remove_at(generations, i);
            return true;
        }
        madvise((char *)generation->table.mapping + generation->released, RELEASE_BYTES, MADV_DONTNEED);
        generation->released += RELEASE_BYTES;
        return true;
    }
    return false;
}
