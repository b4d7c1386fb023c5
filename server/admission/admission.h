/*
 * Admission by time: which requests a front end starts when more come than it can serve.
 *
 * Every request waits for its loop's turn; loop_came_after() bounds how long. In a loop that keeps up the
 * wait is short now and then, whatever bursts come; in one that does not it stays long. So, as CoDel does
 * (Nichols and Jacobson, "Controlling Queue Delay", ACM Queue 10(5), 2012; RFC 8289), it is the least wait
 * over an interval that counts: when it stays above the target for that long, the front end sheds.
 *
 * CoDel's square-root law slows down senders that listen; clients here do not, and at three times the
 * capacity two of three requests must go at once. So a front end that sheds starts requests at a rate: what
 * it gets done in the time that it is busy, as measured over the last second, a little more while the least
 * wait is below the target and less while it is above. What the rate has no room for is refused, before its
 * JSON is looked at. Within a turn it is the requests read last that are refused, and all that come when the
 * turn has lasted too long: answers of auctions under way go before new auctions. Shedding ends when for an
 * interval nobody had to be refused and the wait was short, or no request came. For a while after it the
 * patience is shorter, as in RFC 8289 5.4.
 *
 * A request that has waited longer than any auction may last is refused as well, shedding or not.
 * One an event loop; no locks, no memory of its own. All times are microseconds of the loop's clock.
 */
#ifndef SLIMBID_ADMISSION_ADMISSION_H
#define SLIMBID_ADMISSION_ADMISSION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"

struct admission_options {
    bool enabled;
    uint64_t target_us;   /* the wait that is put up with for ever */
    uint64_t interval_us; /* how long it may be longer */
    uint64_t longest_us;  /* a request that has waited longer is of no use to anyone */
};

/* Why a request was refused without an auction. */
enum shed_reason {
    SHED_DELAY,       /* the front end has fallen behind */
    SHED_DEADLINE,    /* it waited until its own deadline */
    SHED_CONCURRENCY, /* auction.max_concurrent */
    SHED_MEMORY,      /* it does not fit the memory budget */
    SHED_REASONS
};

/* Counters; the owner reads them, the admission writes them. */
struct admission_stats {
    uint64_t shedding; /* gauge: 0 or 1 */
    uint64_t rate;     /* gauge: requests a second that are started while it sheds; else 0 */
    uint64_t storms;   /* times that shedding began */
};

struct admission {
    struct admission_options options;
    struct admission_stats *stats;
    uint64_t turn_us;        /* the last turn that a request was seen in */
    uint64_t above_since_us; /* since then every wait was too long; 0: the last one was not */
    bool shedding;
    uint64_t ended_us; /* when it last stopped shedding; 0: never */
    /* what gets done: looked at once a step, the past fading over about a second */
    uint64_t step_us;  /* when this step began */
    uint64_t least_us; /* the least wait in it */
    uint64_t busy_us;  /* the loop's, when it began */
    uint64_t moves;    /* requests started and answered in it */
    double busy_sum;   /* microseconds */
    double moves_sum;
    /* while it sheds */
    double rate;   /* requests a microsecond */
    double tokens; /* that may be started at once */
    uint64_t filled_us;
    uint64_t refused_us; /* when the rate last refused one */
};

/* stats is written to for the admission's whole life. */
void admission_init(struct admission *admission, const struct admission_options *options,
                    struct admission_stats *stats);

/* What is known of a request's way here. */
struct admission_moment {
    uint64_t now_us;        /* loop_clock() */
    uint64_t turn_us;       /* loop_turn() */
    uint64_t came_after_us; /* loop_came_after() */
    uint64_t busy_us;       /* loop_busy() */
    uint64_t started_us;    /* when its first byte came */
};

/* Whether the request is started; *why tells the reason when it is not. */
bool admission_admit(struct admission *admission, const struct admission_moment *moment,
                     enum shed_reason *why) CHECK_RESULT;
/* A request that was started has been answered. */
void admission_finished(struct admission *admission);

const char *shed_reason_name(enum shed_reason reason);

#endif
