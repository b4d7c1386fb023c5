/*
 * The tables that a worker has mapped, by generation.
 *
 * One is added when the supervisor hands over its file; it is found by each job that names it; it retires
 * when no queue can bring a job of it any more. A retiring table gives its pages back piece by piece between
 * jobs: to unmap a gigabyte at once would hold jobs up for milliseconds. A damaged one (fault.h) is found,
 * but has no matcher.
 */
#ifndef SLIMBID_WORKER_GENERATIONS_H
#define SLIMBID_WORKER_GENERATIONS_H

#include "match/match.h"
#include "rates.h"

#define GENERATIONS_MOST 8

struct generation {
    uint32_t number;
    bool retiring;
    struct table table;
    struct matcher *matcher; /* NULL: damaged */
    struct rates rates;      /* that the matcher reads, when there is a ledger */
    size_t warmed;           /* bytes mapped ahead of the first job */
    size_t released;         /* bytes of a retiring mapping that were given back */
};

struct generations {
    struct generation items[GENERATIONS_MOST]; /* ascending */
    uint32_t count;
    bool rated; /* tables that come get rates */
};

void generations_cleanup(struct generations *generations);

/* Maps the table behind fd, which stays the caller's. number is above all others. 0, or -1 with the reason.
 */
int generations_add(struct generations *generations, uint32_t number, int fd, char *error,
                    size_t error_size) CHECK_RESULT;
/* Some work on one that is not warm, tens of microseconds of it: *warm is its number when that was the last
 * of it, else 0. False when all are warm. */
bool generations_warm(struct generations *generations, uint32_t *warm);
/* NULL: not here, or retiring. */
struct generation *generations_find(struct generations *generations, uint32_t number) CHECK_RESULT;
/* Its file is damaged: unmaps it. */
void generation_damage(struct generation *generation);
/* All below `number` retire, the newest excepted. */
void generations_retire(struct generations *generations, uint32_t number);
/* Some work on those that retire, microseconds of it. False when there is none. */
bool generations_release(struct generations *generations);

#endif
