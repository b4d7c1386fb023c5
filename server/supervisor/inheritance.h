/*
 * What the supervisor makes before it has children, and they share: the keys of tokens, the rings of the
 * event log, the ledger, the messageIds of click events.
 */
#ifndef SLIMBID_SUPERVISOR_INHERITANCE_H
#define SLIMBID_SUPERVISOR_INHERITANCE_H

#include "base/macros.h"
#include "supervisor/state.h"

/* 0, or -1 when one of them can't be had, which is logged; inheritance_close() either way. */
int inheritance_open(struct supervisor *sv) CHECK_RESULT;
/* All children have ended: what the ledger holds goes to the disk. */
void inheritance_close(struct supervisor *sv);

#endif
