/* A made-up model for the ads of a world: lines feature<TAB>weight. Shares and laws: docs/generate.md. */
#ifndef SLIMBID_WORKER_TABLE_MADE_WEIGHTS_H
#define SLIMBID_WORKER_TABLE_MADE_WEIGHTS_H

#include <stdio.h>

#include "generate/world.h"

/* What went wrong with the file, ferror() knows. */
void made_weights(const struct world *world, FILE *file);

#endif
