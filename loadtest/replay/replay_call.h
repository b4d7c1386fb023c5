/* One call on its own: the body of a URL, or the answer to one bid request. */
#ifndef SLIMBID_LOADTEST_REPLAY_CALL_H
#define SLIMBID_LOADTEST_REPLAY_CALL_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/macros.h"
#include "base/str.h"

/*
 * POSTs the body (GET when it is empty) and waits, in an event loop of its own. Returns the status and the
 * body in answer, or -1 with the reason in error.
 */
int call_once(const char *url, struct str body, uint64_t timeout_us, struct buf *answer, char *error,
              size_t error_size) CHECK_RESULT;

#endif
