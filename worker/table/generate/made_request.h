/* Made-up OpenRTB 2.6 bid requests of the same world as the ads. Shares and laws: docs/generate.md. */
#ifndef SLIMBID_WORKER_TABLE_MADE_REQUEST_H
#define SLIMBID_WORKER_TABLE_MADE_REQUEST_H

#include "base/buf.h"
#include "generate/world.h"

/* Appends the request with that number, from 0, and a line end. The same world and number give the same
 * bytes. */
void made_request(const struct world *world, uint64_t number, struct buf *line);

#endif
