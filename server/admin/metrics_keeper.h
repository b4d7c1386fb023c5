/* What the event log and the keeper count, in Prometheus' text and in /status; see metrics.h. */
#ifndef SLIMBID_ADMIN_METRICS_KEEPER_H
#define SLIMBID_ADMIN_METRICS_KEEPER_H

#include "base/buf.h"
#include "config/config.h"
#include "stats/stats.h"

/* total: the sum of the front ends' slots. Nothing when there is nothing to keep. */
void metrics_keeper_write(const struct config *config, const struct stats *stats,
                          const struct stats_slot *total, struct buf *out);
/* A member of /status with a comma before it, or nothing. */
void metrics_keeper_write_status(const struct config *config, const struct stats *stats,
                                 const struct stats_slot *total, struct buf *out);

#endif
