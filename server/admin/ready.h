/*
 * GET /readyz: whether whoever spreads traffic should send some here, and every condition that somebody
 * should know of. Bidding goes on whatever it says.
 *
 * Ready is a server of which all required conditions hold: that it serves (does not drain) and, where
 * event_log.required asks for it, that the event log is written. The others are shown alone.
 */
#ifndef SLIMBID_ADMIN_READY_H
#define SLIMBID_ADMIN_READY_H

#include <stdbool.h>

#include "base/buf.h"
#include "config/config.h"
#include "stats/stats.h"

/* Appends the JSON; returns whether it is ready. */
bool ready_write(const struct config *config, const struct stats *stats, bool draining, struct buf *out);

#endif
