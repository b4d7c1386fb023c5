/* What the counters say, in Prometheus' text format 0.0.4 and as the JSON of GET /status. */
#ifndef SLIMBID_ADMIN_METRICS_H
#define SLIMBID_ADMIN_METRICS_H

#include "base/buf.h"
#include "config/config.h"
#include "stats/stats.h"

/* Both read all slots of stats and append to out. */
void metrics_write(const struct config *config, const struct stats *stats, struct buf *out);
void metrics_write_status(const struct config *config, const struct stats *stats, struct buf *out);

#endif
