/*
 * A thread that writes batches of lines into the log's files, and has them synced by another one
 * (log_syncer.h): a disk that is slow holds up nobody but these.
 *
 * One batch at a time: log_writer_give() -> its descriptor becomes readable -> log_writer_take().
 */
#ifndef SLIMBID_KEEPER_LOG_WRITER_H
#define SLIMBID_KEEPER_LOG_WRITER_H

#include <stdbool.h>

#include "keeper/log_file.h"

struct log_writer;

/* NULL with errno. It has a syncer of its own. */
struct log_writer *log_writer_create(const struct log_file_options *options, uint32_t sync_ms) CHECK_RESULT;
/* Waits for the batch under way, syncs, ends the thread. NULL is legal. */
void log_writer_destroy(struct log_writer *writer);

/* Readable when there is something to take. */
int log_writer_fd(const struct log_writer *writer);
/* The lines are the writer's until they are taken back. */
void log_writer_give(struct log_writer *writer, const char *lines, size_t n);
/* False: it is still at work, or has nothing. *taken: bytes of the lines that are in a file; *error: why not
 * all, or 0. */
bool log_writer_take(struct log_writer *writer, size_t *taken, int *error);
/* Why the last sync failed; 0: it did not. */
int log_writer_sync_error(struct log_writer *writer);

#endif
