/* What is counted of click events, in /metrics and /status. */
#ifndef SLIMBID_ADMIN_METRICS_CLICKS_H
#define SLIMBID_ADMIN_METRICS_CLICKS_H

#include "base/buf.h"
#include "stats/click_stats.h"

void metrics_clicks_write(const struct click_stats *clicks, struct buf *out);
/* ,"clickstream":{...} */
void metrics_clicks_write_status(const struct click_stats *clicks, struct buf *out);

#endif
