/*
 * The event log's files: what they are called, which there are, which lines stand in the last ones.
 *
 * The one that is written to is events-YYYYMMDDTHHMMSS.ndjson.open, by the time (UTC) at which it was begun;
 * when it is closed for good it loses its ".open". A second one of the same second is called ..._001.ndjson,
 * so that names sort by age.
 */
#ifndef SLIMBID_EVENT_LOG_EVENT_FILES_H
#define SLIMBID_EVENT_LOG_EVENT_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/macros.h"
#include "event_log/event_rings.h"

#define EVENT_FILE_NAME_BYTES 48
#define EVENT_FILE_OPEN       ".open"
#define EVENT_FILE_NUMBERS    1000u /* of one second */

struct event_file {
    char name[EVENT_FILE_NAME_BYTES]; /* without ".open" */
    bool open;
    uint64_t bytes;
};

struct event_files { /* the oldest first */
    struct event_file *items;
    size_t count;
};

/* number is below EVENT_FILE_NUMBERS. */
void event_file_name(int64_t unix_seconds, unsigned number, char name[EVENT_FILE_NAME_BYTES]);
/* The time in a name, and its number. False: no name of ours. */
bool event_file_time(const char *name, int64_t *unix_seconds, unsigned *number);

/* 0, or -1 with errno. A directory that is not there has no files: -1 and ENOENT. */
int event_files_list(const char *directory, struct event_files *files) CHECK_RESULT;
void event_files_free(struct event_files *files);

/* A line that tells of numbers that are in no other: as an event's, with the keeper's time. */
void event_gap_write(struct buf *out, uint32_t front_end, uint64_t from, uint64_t to);

/*
 * The highest number of each front end among the last lines: of as many files as hold EVENT_FILES_TAIL_BYTES,
 * or, when whole, of the last two files from their beginnings. Those of which no line was seen stay as they
 * are. 0, or -1 with errno when a file can't be read.
 */
#define EVENT_FILES_TAIL_BYTES (1u << 20)
int event_files_last(const char *directory, bool whole, uint64_t last[EVENT_RINGS_MOST]) CHECK_RESULT;

#endif
