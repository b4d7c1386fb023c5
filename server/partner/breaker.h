/*
 * A partner's breaker: stops calls to a partner that fails, and finds out when it is well again.
 *
 * closed: calls pass and their results are counted over a sliding window (two half windows). When at
 * least min_calls ended and failure_share of them failed, it opens. open: no calls for a pause. After
 * it, half-open: one probe at a time passes; `probes` good ones in a row close it, a bad one opens it
 * again for twice the pause, up to open_max. Times are microseconds of the loop's clock.
 */
#ifndef SLIMBID_PARTNER_BREAKER_H
#define SLIMBID_PARTNER_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

enum breaker_state { BREAKER_CLOSED, BREAKER_HALF_OPEN, BREAKER_OPEN };

struct breaker_options {
    bool enabled;
    uint64_t window_us;
    uint32_t min_calls;
    double failure_share;
    uint64_t open_us, open_max_us;
    uint32_t probes;
};

struct breaker {
    const struct breaker_options *options;
    enum breaker_state state;
    uint64_t opened;      /* times it opened */
    uint64_t pause_us;    /* of the current or next opening */
    uint64_t retry_at_us; /* open: when the first probe may pass */
    uint64_t half_started_us;
    uint32_t calls[2], failures[2]; /* [0] the current half window, [1] the one before */
    uint32_t good_probes;
    bool probing; /* a probe is on its way */
};

void breaker_init(struct breaker *breaker, const struct breaker_options *options, uint64_t now_us);

/* Whether a call may go out now; *probe tells whether it is a half-open breaker's probe. A call that
 * passed is reported by breaker_result() with that flag, or by breaker_unused() when it was not sent
 * or its end says nothing about the partner. */
bool breaker_admit(struct breaker *breaker, uint64_t now_us, bool *probe);
void breaker_result(struct breaker *breaker, uint64_t now_us, bool good, bool probe);
void breaker_unused(struct breaker *breaker, bool probe);

const char *breaker_state_name(enum breaker_state state);

#endif
