/* One auction in full, for people: the request in short, every bid, the winner and what it pays. */
#ifndef SLIMBID_LOADTEST_REPLAY_SHOW_H
#define SLIMBID_LOADTEST_REPLAY_SHOW_H

#include <stddef.h>

#include "base/macros.h"
#include "replay/replay_traffic.h"

/*
 * Sends request number `index` to the URL twice, once as it is and once asking for all bids
 * (ext.prebid.returnallbids), and prints what came back on standard output. 0, or 1 when there is no such
 * request, it is not valid, or the server did not answer.
 */
int show_auction(const struct traffic *traffic, size_t index, const char *url) CHECK_RESULT;

#endif
