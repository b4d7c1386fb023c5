/* What the supervisor knows of processes, memory and the ad table, in Prometheus' text and in /status; see
 * metrics.h. */
#ifndef SLIMBID_ADMIN_METRICS_PROCESSES_H
#define SLIMBID_ADMIN_METRICS_PROCESSES_H

#include "base/buf.h"
#include "stats/processes.h"

void metrics_processes_write(const struct processes *processes, struct buf *out);
/* Members of /status, each with a comma before it. */
void metrics_processes_write_status(const struct processes *processes, struct buf *out);

#endif
