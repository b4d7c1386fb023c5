/*
 * SIGBUS while a table is read: its file was cut short under the mapping, or the disk failed.
 *
 * Whoever reads a table does it inside fault_run(), which is left in the middle when a page of the range is
 * no longer there. The work inside holds nothing that must be given back: it allocates nothing and locks
 * nothing. Any other SIGBUS ends the process as if there were no handler.
 */
#ifndef SLIMBID_WORKER_FAULT_H
#define SLIMBID_WORKER_FAULT_H

#include "base/macros.h"

/* Once, at the start. 0, or -1 with errno. */
int fault_install(void) CHECK_RESULT;
/* Runs fn(ctx). 0, or -1 when a page of the n bytes at p was gone; p NULL: any page. Not nested, one thread.
 */
int fault_run(const void *p, size_t n, void (*fn)(void *ctx), void *ctx) CHECK_RESULT;

#endif
