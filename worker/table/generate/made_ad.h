/* Made-up ads, a line of the builder's input each. Shares and laws: docs/generate.md. */
#ifndef SLIMBID_WORKER_TABLE_MADE_AD_H
#define SLIMBID_WORKER_TABLE_MADE_AD_H

#include "base/buf.h"
#include "generate/world.h"

/* Appends the ad with that number, from 0, and a line end. The same world and number give the same bytes. */
void made_ad(const struct world *world, uint64_t number, struct buf *line);

#endif
