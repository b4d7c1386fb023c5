/* The breaker's three states; see breaker.h. */
#include "partner/breaker.h"

#include <string.h>

const char *breaker_state_name(enum breaker_state state) {
    static const char *const names[] = {"closed", "half_open", "open"};
    return names[state];
}

static void forget(struct breaker *breaker, uint64_t now_us) {
    memset(breaker->calls, 0, sizeof breaker->calls);
    memset(breaker->failures, 0, sizeof breaker->failures);
    breaker->half_started_us = now_us;
    breaker->good_probes = 0;
    breaker->probing = false;
}

void breaker_init(struct breaker *breaker, const struct breaker_options *options, uint64_t now_us) {
    *breaker = (struct breaker){.options = options, .pause_us = options->open_us};
    forget(breaker, now_us);
}

static void open_it(struct breaker *breaker, uint64_t now_us) {
    breaker->state = BREAKER_OPEN;
    breaker->opened++;
    breaker->retry_at_us = now_us + breaker->pause_us;
    breaker->pause_us = breaker->pause_us > breaker->options->open_max_us / 2 ? breaker->options->open_max_us
                                                                              : breaker->pause_us * 2;
    forget(breaker, now_us);
}

static void slide_window(struct breaker *breaker, uint64_t now_us) {
    uint64_t half_us = breaker->options->window_us / 2;
    uint64_t age_us = now_us - breaker->half_started_us;
    if (age_us < half_us)
        return;
    bool adjoining = age_us < 2 * half_us;
    breaker->calls[1] = adjoining ? breaker->calls[0] : 0;
    breaker->failures[1] = adjoining ? breaker->failures[0] : 0;
    breaker->calls[0] = breaker->failures[0] = 0;
    breaker->half_started_us = now_us;
}

bool breaker_admit(struct breaker *breaker, uint64_t now_us, bool *probe) {
    *probe = false;
    if (!breaker->options->enabled)
        return true;
    switch (breaker->state) {
    case BREAKER_CLOSED:
        return true;
    case BREAKER_OPEN:
        if (now_us < breaker->retry_at_us)
            return false;
        breaker->state = BREAKER_HALF_OPEN;
        *probe = breaker->probing = true;
        return true;
    case BREAKER_HALF_OPEN:
        if (breaker->probing)
            return false;
        *probe = breaker->probing = true;
        return true;
    }
    return true;
}

static void probe_result(struct breaker *breaker, uint64_t now_us, bool good) {
    breaker->probing = false;
    if (!good) {
        open_it(breaker, now_us);
    } else if (++breaker->good_probes >= breaker->options->probes) {
        breaker->state = BREAKER_CLOSED;
        breaker->pause_us = breaker->options->open_us;
        forget(breaker, now_us);
    }
}

void breaker_result(struct breaker *breaker, uint64_t now_us, bool good, bool probe) {
    if (!breaker->options->enabled)
        return;
    switch (breaker->state) {
    case BREAKER_CLOSED:
        slide_window(breaker, now_us);
        breaker->calls[0]++;
        breaker->failures[0] += !good;
        break;
    case BREAKER_HALF_OPEN:
        if (probe) /* else a call from before the opening */
            probe_result(breaker, now_us, good);
        return;
    case BREAKER_OPEN:
        return;
    }
    uint32_t calls = breaker->calls[0] + breaker->calls[1];
    uint32_t failures = breaker->failures[0] + breaker->failures[1];
    if (calls >= breaker->options->min_calls && failures >= breaker->options->failure_share * calls)
        open_it(breaker, now_us);
}

void breaker_unused(struct breaker *breaker, bool probe) {
    if (probe && breaker->state == BREAKER_HALF_OPEN)
        breaker->probing = false;
}
