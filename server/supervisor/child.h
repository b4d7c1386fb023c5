/* A process that the supervisor keeps alive: when it is due to start again after a death. */
#ifndef SLIMBID_SUPERVISOR_CHILD_H
#define SLIMBID_SUPERVISOR_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define CHILD_PAUSE_FIRST_MS 100
#define CHILD_PAUSE_LAST_MS  5000
#define CHILD_STEADY_MS      10000 /* who lived this long starts again without a pause */

struct child {
    pid_t pid;         /* 0: does not run */
    int line;          /* the supervisor's end of its control line; -1: none */
    bool gone;         /* nobody reads its line: it is about to be reaped */
    unsigned pause_ms; /* before the next start, if this one does not live */
    int64_t started_ms;
    int64_t start_at_ms;
};

/* CLOCK_MONOTONIC, milliseconds. */
int64_t child_now_ms(void);
void child_started(struct child *child, pid_t pid);
bool child_was_steady(const struct child *child);
/* It is dead: closes its line and sets the time of its next start: now, or after a pause that doubles as long
 * as it does not live. Returns that pause. lived: it has done its work, however short its life was. */
unsigned child_died(struct child *child, bool lived);
/* It could not be started: tries again after the longest pause. */
void child_failed(struct child *child);
/* Milliseconds until its next start, 0 or less: due. */
int64_t child_due_in(const struct child *child);

#endif
