/* Times of click events: ISO 8601 as trackers write it, and what a sender's clock makes of them. */
#ifndef SLIMBID_CLICKSTREAM_CLICK_TIME_H
#define SLIMBID_CLICKSTREAM_CLICK_TIME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

#define CLICK_TIME_NONE INT64_MIN

/*
 * Microseconds since 1970 of "2026-11-25T10:30:00.123Z": a date, with a time of the day (to the minute,
 * second or finer) and a zone (Z, +02:00, +0200, +02) when more is known; without a zone it is UTC. Years 0
 * to 9999. False: it is none.
 */
bool click_time_parse(struct str text, int64_t *us);

/*
 * When an event happened, by our clock (Segment's rule): received - (sent - original), which cancels an error
 * of the sender's clock. Without one of the two the original time is taken as it is, without that the time of
 * receipt. Never later than received: nothing comes from the future. CLICK_TIME_NONE stands for an absent
 * time.
 */
int64_t click_time_correct(int64_t received_us, int64_t sent_us, int64_t original_us);

#endif
