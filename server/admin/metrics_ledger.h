/* The ledger and its users as Prometheus text. */
#ifndef SLIMBID_ADMIN_METRICS_LEDGER_H
#define SLIMBID_ADMIN_METRICS_LEDGER_H

#include "base/buf.h"

struct ledger;

/* ledger: NULL is legal and writes nothing. */
void metrics_ledger_write(struct ledger *ledger, struct buf *out);

#endif
