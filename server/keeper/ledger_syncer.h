/* A thread that copies the ledger to the disk, again and again: a disk that is slow holds up nobody but it.
 */
#ifndef SLIMBID_KEEPER_LEDGER_SYNCER_H
#define SLIMBID_KEEPER_LEDGER_SYNCER_H

#include <stdint.h>

#include "base/macros.h"
#include "ledger/ledger.h"
#include "stats/keeper_stats.h"

struct ledger_syncer;

/* NULL with errno. ledger and stats outlive it. */
struct ledger_syncer *ledger_syncer_create(struct ledger *ledger, uint32_t sync_ms,
                                           struct keeper_stats *stats) CHECK_RESULT;
/* After a last copy. NULL is legal. */
void ledger_syncer_destroy(struct ledger_syncer *syncer);

#endif
