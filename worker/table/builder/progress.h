/* How far a long job is, on standard error: one line that is written over on a terminal, else a line every
 * few seconds. */
#ifndef SLIMBID_TABLE_PROGRESS_H
#define SLIMBID_TABLE_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
    bool terminal, shown;
    int64_t started_us, next_us;
};

void progress_begin(struct progress *progress);
/* Cheap: looks at the clock at every 1,024th. */
void progress_step(struct progress *progress, uint64_t done, const char *what);
/* Takes the line on the terminal away: before any other is written, and at the end. */
void progress_clear(struct progress *progress);
double progress_seconds(const struct progress *progress);

#endif
