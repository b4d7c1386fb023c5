/* What came back of bids, and what partners were told, in Prometheus' text format. */
#ifndef SLIMBID_ADMIN_METRICS_EVENTS_H
#define SLIMBID_ADMIN_METRICS_EVENTS_H

#include "base/buf.h"
#include "config/config.h"
#include "stats/stats.h"

/* total: the sum of all slots. */
void metrics_events_write(const struct config *config, const struct stats_slot *total, struct buf *out);

#endif
