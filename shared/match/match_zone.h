/*
 * Offsets of time zones by name, read from the machine's time zone database (TZif files, RFC 8536).
 *
 * A zone is resolved when it is first asked for and again when what was read has ended: at its next
 * transition, or after a day, so that a new database is taken up. Nothing is allocated.
 */
#ifndef SLIMBID_MATCH_MATCH_ZONE_H
#define SLIMBID_MATCH_MATCH_ZONE_H

#include <stdint.h>

#include "base/str.h"

#define MATCH_ZONE_DIRECTORY "/usr/share/zoneinfo"

/* What is known of a zone: its offset in [from, until). All zero: nothing yet. */
struct match_zone {
    int64_t from, until; /* unix seconds */
    int32_t offset;      /* seconds east of UTC */
};

/* Seconds east of UTC at `now` in the zone of that name, 0 when the database does not know it. The directory
 * is where the database lies, MATCH_ZONE_DIRECTORY but for tests. */
int32_t match_zone_offset(struct match_zone *zone, const char *directory, struct str name, int64_t now);

#endif
