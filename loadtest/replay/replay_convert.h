/*
 * Recorded auctions turned into OpenRTB 2.6 bid requests. What becomes what, what has no home and what is
 * assumed stands field by field in REPLAY.md.
 */
#ifndef SLIMBID_LOADTEST_REPLAY_CONVERT_H
#define SLIMBID_LOADTEST_REPLAY_CONVERT_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/macros.h"
#include "base/str.h"

struct convert_input {
    struct str line;
    uint32_t tmax_ms; /* for the request; recordings have none */
};

struct convert_output {
    struct buf *json; /* the request is appended */
    uint64_t at_us;   /* recorded time, since some fixed day */
    char *error;
    size_t error_size;
};

/* One line of RTBkit's own JSON. 0, or -1 with the reason in error (json may then hold a part). */
int rtbkit_convert(const struct convert_input *input, struct convert_output *output) CHECK_RESULT;
/* One line of iPinYou's impression log. The same. */
int ipinyou_convert(const struct convert_input *input, struct convert_output *output) CHECK_RESULT;

/* The same line as a click event: somebody sees the page that the slot is on. Its messageId comes first. */
int ipinyou_convert_event(const struct convert_input *input, struct convert_output *output) CHECK_RESULT;

#define DEMO_REQUESTS 48
/* Request number i of the demo, i < DEMO_REQUESTS: made up, varied, always the same. */
void demo_write(unsigned i, struct buf *json);

#endif
