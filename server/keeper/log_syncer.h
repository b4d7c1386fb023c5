/*
 * A thread that waits until the disk has what was written, so that whoever writes goes on meanwhile: syncing
 * a second's lines can take longer than the rings have room for.
 */
#ifndef SLIMBID_KEEPER_LOG_SYNCER_H
#define SLIMBID_KEEPER_LOG_SYNCER_H

#include <stdbool.h>

#include "base/macros.h"
#include "stats/keeper_stats.h"

struct log_syncer;

/* NULL with errno. stats outlive it; it writes syncs and sync_failures. */
struct log_syncer *log_syncer_create(struct log_file_stats *stats) CHECK_RESULT;
/* After everything that it was given. NULL is legal. */
void log_syncer_destroy(struct log_syncer *syncer);

/* Syncs the file and closes the descriptor, some time. must: waits for a place among those to be synced; else
 * false when there is none, and the descriptor stays the caller's. */
bool log_syncer_give(struct log_syncer *syncer, int fd, bool must);
/* Why the last sync failed; 0: it did not. */
int log_syncer_error(struct log_syncer *syncer);

#endif
