/* How far a long job is; see progress.h. */
#include "builder/progress.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define TERMINAL_US 200000
#define LINES_US    5000000

static int64_t now_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void progress_begin(struct progress *progress) {
    progress->terminal = isatty(STDERR_FILENO);
    progress->shown = false;
    progress->started_us = now_us();
    progress->next_us = progress->started_us + (progress->terminal ? TERMINAL_US : LINES_US);
}

void progress_step(struct progress *progress, uint64_t done, const char *what) {
    if (done % 1024 != 0)
        return;
    int64_t now = now_us();
    if (now < progress->next_us)
        return;
    progress->next_us = now + (progress->terminal ? TERMINAL_US : LINES_US);
    fprintf(stderr, "%sslimbid-table: %llu %s, %.0f s%s", progress->terminal ? "\r" : "",
            (unsigned long long)done, what, progress_seconds(progress), progress->terminal ? "\x1b[K" : "\n");
    progress->shown = progress->terminal;
}

void progress_clear(struct progress *progress) {
    if (progress->shown)
        fputs("\r\x1b[K", stderr);
    progress->shown = false;
}

double progress_seconds(const struct progress *progress) {
    return (double)(now_us() - progress->started_us) / 1e6;
}
