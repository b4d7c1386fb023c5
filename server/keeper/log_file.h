/*
 * The file that the event log is written to now, and those that were before it.
 *
 * Its life: log_file_init() goes on with the newest file that is still open, cut behind its last whole line
 * -> log_file_append() adds whole lines -> a file that is large or old enough is closed for good, loses its
 * ".open" and is synced -> the oldest closed ones go when there are too many.
 *
 * What fails (a full disk, a directory that vanished) leaves whole lines behind and is tried again by the
 * next call: the directory is made again, a file that somebody removed or renamed is begun anew.
 */
#ifndef SLIMBID_KEEPER_LOG_FILE_H
#define SLIMBID_KEEPER_LOG_FILE_H

#include <stdint.h>
#include <sys/types.h>

#include "event_log/event_files.h"
#include "keeper/log_syncer.h"
#include "stats/keeper_stats.h"

struct log_file_options {
    const char *directory;        /* outlives the file, and so does the next */
    struct log_file_stats *stats; /* goes on */
    struct log_syncer *syncer;    /* NULL: whoever calls waits for the disk */
    uint64_t rotate_bytes;
    int64_t rotate_s;
    uint32_t keep_files;
    uint64_t keep_bytes;
};

struct log_file {
    struct log_file_options options;
    int fd; /* -1: none is open; the next line begins one */
    char name[EVENT_FILE_NAME_BYTES];
    uint64_t size;    /* of whole lines */
    int64_t begun_at; /* unix seconds; as the name says */
    int64_t
        last_at; /* what the newest name says, and its number: names sort by age whatever the clock does */
    unsigned last_number;
    bool dirty; /* written to since the last sync */
};

/* What can't be read is left alone: a new file is begun. */
void log_file_init(struct log_file *file, const struct log_file_options *options);
/* Syncs; the file stays ".open" for whoever comes next. */
void log_file_cleanup(struct log_file *file);

/* Adds lines, each with its end of line. 0, or -1 with errno; *taken is the bytes of the lines that are in a
 * file now, all of them when 0. */
int log_file_append(struct log_file *file, const char *lines, size_t n, int64_t now,
                    size_t *taken) CHECK_RESULT;
/* Has the disk have everything, some time when there is a syncer; closes a file that is old enough, and one
 * that is in its place no more. 0, or -1 with errno. */
int log_file_sync(struct log_file *file, int64_t now) CHECK_RESULT;

#endif
