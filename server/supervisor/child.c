/* Times of starts and pauses; see child.h. */
#include "supervisor/child.h"

#include <time.h>
#include <unistd.h>

int64_t child_now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void child_started(struct child *child, pid_t pid) {
    child->pid = pid;
    child->gone = false;
    child->started_ms = child_now_ms();
}

bool child_was_steady(const struct child *child) {
    return child_now_ms() - child->started_ms >= CHILD_STEADY_MS;
}

unsigned child_died(struct child *child, bool lived) {
    unsigned pause_ms = lived || child_was_steady(child) ? 0 : child->pause_ms;
    child->pause_ms = pause_ms ? pause_ms * 2 : CHILD_PAUSE_FIRST_MS;
    if (child->pause_ms > CHILD_PAUSE_LAST_MS)
        child->pause_ms = CHILD_PAUSE_LAST_MS;
    child->start_at_ms = child_now_ms() + pause_ms;
    child->pid = 0;
    if (child->line >= 0)
        close(child->line);
    child->line = -1;
    return pause_ms;
}

void child_failed(struct child *child) {
    child->start_at_ms = child_now_ms() + CHILD_PAUSE_LAST_MS;
}

int64_t child_due_in(const struct child *child) {
    return child->start_at_ms - child_now_ms();
}
