/* Daylight saving rules as POSIX writes them in TZ: "CET-1CEST,M3.5.0,M10.5.0/3" (with RFC 8536's longer
 * times). TZif files end with one, for the time after their last transition. */
#ifndef SLIMBID_MATCH_MATCH_TZ_RULE_H
#define SLIMBID_MATCH_MATCH_TZ_RULE_H

#include <stdbool.h>

#include "base/macros.h"
#include "base/str.h"
#include "match/match_zone.h"

/* Fills what is known of the zone around `now`. False: the text is no rule. */
bool match_tz_rule(struct str text, int64_t now, struct match_zone *zone) CHECK_RESULT;

#endif
