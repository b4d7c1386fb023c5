/* "Did you mean": the candidate that a mistyped word is nearest to. */
#ifndef SLIMBID_CONFIG_CONFIG_SUGGEST_H
#define SLIMBID_CONFIG_CONFIG_SUGGEST_H

#include <stddef.h>

#include "base/str.h"

struct config_suggestion {
    struct str word;
    struct str best; /* absent while nothing is near enough */
    size_t distance; /* of best: insertions, deletions, replacements, swaps of neighbours */
};

void config_suggestion_begin(struct config_suggestion *suggestion, struct str word);
/* Takes the candidate when it is nearer than the best so far and within a third of the word. */
void config_suggestion_offer(struct config_suggestion *suggestion, struct str candidate);

#endif
