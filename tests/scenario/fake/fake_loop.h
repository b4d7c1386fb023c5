/* Virtual time behind base/loop.h: nothing waits, time jumps from timer to timer. */
#ifndef SLIMBID_FAKE_LOOP_H
#define SLIMBID_FAKE_LOOP_H

#include "base/loop.h"

/* Moves time forward to until_us, running what is due on the way, in order of time. */
void fake_loop_advance(struct loop *loop, uint64_t until_us);
/* From now on the events of each turn have waited that long for it. */
void fake_loop_lag(struct loop *loop, uint64_t lag_us);
/* Timers that are armed now. */
uint32_t fake_loop_timers(const struct loop *loop);

#endif
