/* The memory budget: the limit and how it is dealt, charges by kind, drift; see metrics.h. */
#ifndef SLIMBID_ADMIN_METRICS_MEMORY_H
#define SLIMBID_ADMIN_METRICS_MEMORY_H

#include "base/buf.h"
#include "stats/stats.h"

/* total: the sum of all slots. */
void metrics_memory_write(const struct memory_dealt *dealt, const struct memory_stats *total,
                          struct buf *out);
/* A member of /status, with a comma before it. */
void metrics_memory_write_status(const struct memory_dealt *dealt, const struct memory_stats *total,
                                 struct buf *out);

#endif
