/* What the counters say, in Prometheus' text format 0.0.4 and as the JSON of GET /status. */
#ifndef SLIMBID_ADMIN_METRICS_H
#define SLIMBID_ADMIN_METRICS_H

#include "base/buf.h"
#include "config/config.h"
#include "stats/stats.h"

/* Own campaigns among the partners: no partner can have a name with a space. */
#define METRICS_OWN_NAME "own campaigns"

/* Of what has no sum: the fewest workers that a front end has, the highest generation of the table. */
uint64_t metrics_workers_live(const struct stats *stats);
uint64_t metrics_generation(const struct stats *stats);

/* Both read all slots of stats and append to out. */
void metrics_write(const struct config *config, const struct stats *stats, struct buf *out);
void metrics_write_status(const struct config *config, const struct stats *stats, struct buf *out);

#endif
