/* Tables come, serve and go; see generations.h. */
#include "generations.h"

#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>

#include "fault.h"

#define WARM_BYTES    (1u << 20) /* 256 pages: some 80 microseconds */
#define RELEASE_BYTES (4u << 20) /* 1,024 pages: some 50 microseconds */

void generations_cleanup(struct generations *generations) {
    for (uint32_t i = 0; i < generations->count; i++)
        generation_damage(&generations->items[i]);
    generations->count = 0;
}

/* ---- in ---- */

struct opening {
    bool rated;
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
    if (generation->matcher && opening->rated)
        opening->result = rates_init(&generation->rates, generation->table.campaign_count);
    if (generation->matcher && opening->result == 0) {
        matcher_set_rates(generation->matcher, generation->rates.items, generation->rates.count);
        return;
    }
    snprintf(opening->error, opening->error_size, "out of memory");
    generation_damage(generation);
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
    struct opening opening = {generations->rated, generation, fd, error, error_size, -1};
    if (fault_run(NULL, 0, open_table, &opening) != 0) {
        snprintf(error, error_size, "cut short while it was opened");
        table_unmap(&generation->table);
        return -1;
    }
    if (opening.result == 0)
        generations->count++;
    return opening.result;
}

/* The sections that matching reads stand first. */
static size_t hot_end(const struct table *table) {
    const struct table_extent *last = &table->header->sections[TABLE_WEIGHTS];
    return last->offset + last->bytes;
}

static void warm_some(void *ctx) {
    struct generation *generation = ctx;
    size_t end = hot_end(&generation->table), left = end - generation->warmed;
    size_t n = left < WARM_BYTES ? left : WARM_BYTES;
    char *at = (char *)generation->table.mapping + generation->warmed;
    /* A kernel that can't (before 5.14) leaves it to the jobs; one that finds the file cut short, to their
     * guard. */
    generation->warmed =
        madvise(at, n, MADV_POPULATE_READ) == 0 && n < left ? generation->warmed + n : SIZE_MAX;
}

bool generations_warm(struct generations *generations, uint32_t *warm) {
    *warm = 0;
    for (uint32_t i = 0; i < generations->count; i++) {
        struct generation *generation = &generations->items[i];
        if (generation->warmed == SIZE_MAX || !generation->matcher)
            continue;
        /* Its header may be gone as well. */
        if (fault_run(generation->table.mapping, generation->table.mapped_bytes, warm_some, generation) != 0)
            generation->warmed = SIZE_MAX;
        if (generation->warmed == SIZE_MAX)
            *warm = generation->number;
        return true;
    }
    return false;
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
    rates_cleanup(&generation->rates);
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
    for (; i < generations->count; i++)
        if (generations->items[i].matcher)
            matcher_table_moved(generations->items[i].matcher, &generations->items[i].table);
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
