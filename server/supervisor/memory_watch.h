/*
 * The processes' memory, looked at now and then, and the container's, dealt to the front ends.
 *
 * The limit is read once, before there are children. Front ends get a first share by guess; when all have
 * started and were looked at, what they take when idle is known, and the shares are dealt anew: then, when
 * one was replaced, and when another table was taken into use.
 */
#ifndef SLIMBID_SUPERVISOR_MEMORY_WATCH_H
#define SLIMBID_SUPERVISOR_MEMORY_WATCH_H

#include "supervisor/state.h"

/* Before the sockets and the first child. */
void memory_watch_init(struct supervisor *sv);
/* Something has changed: looks soon. */
void memory_watch_soon(struct supervisor *sv);
/* Looks when it is time to; milliseconds until it wants to be called. */
int64_t memory_watch_tick(struct supervisor *sv);
/* Gives up the pages of code and constants that starting touched. */
void memory_watch_drop_code(void);

#endif
