/*
 * How often a partner is asked, and how long its answer is waited for, by what it did with the time it got.
 *
 * A partner that answers in 150 ms is of use to an auction with 300 ms left and of none to one with 100. So
 * calls are judged by how much time they were given, in classes of doubling length. Of each class the share
 * of calls answered in time is kept, a moving average over some 32 calls. Below USEFUL_SHARE of them the
 * partner is asked less, in proportion, down to a floor; one call every probe interval goes out in any case.
 * Eight answers in time in a row and it is asked in full again. Errors and dead partners are the breaker's
 * business (breaker.h), not this one's.
 *
 * The time: a partner that times out now and then (less than IN_TIME_SHARE in time) and answers quickly when
 * it does answer holds the memory of hopeless calls until the deadline. Its calls are given what its slowest
 * useful answers took lately, and a quarter more; every eighth is given all the time there is, so that one
 * that became slower is seen. A partner that answers in time is never touched.
 *
 * One a partner and front end; no locks, no memory of its own. Times are microseconds of the loop's clock.
 */
#ifndef SLIMBID_PARTNER_PACE_H
#define SLIMBID_PARTNER_PACE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"

#define PACE_CLASSES 8 /* given less than 8, 16, ... 512 ms, or more */

struct pace_options {
    double least_share;        /* of the auctions, however bad it is */
    uint64_t probe_us;         /* a call at least so often, if there are auctions */
    uint64_t least_timeout_us; /* no call is given less on account of its like */
};

struct pace_class {
    double in_time; /* share of its calls that were answered in time */
    double credit;  /* of a share: a whole one is a call */
    uint32_t run;   /* answers in time since the last that was not */
    uint64_t asked_us;
};

struct pace {
    const struct pace_options *options;
    bool enabled;
    struct pace_class classes[PACE_CLASSES];
    uint64_t useful_us; /* what its slowest answers in time took lately; 0: none came */
    uint32_t turn;      /* counts calls whose time may be shortened */
};

/* options must outlive it. Disabled, it lets every call pass with all its time. */
void pace_init(struct pace *pace, const struct pace_options *options, bool enabled);

/* Whether a call with that much time goes out; *given_us may become less then. */
bool pace_admit(struct pace *pace, uint64_t now_us, uint64_t *given_us) CHECK_RESULT;
/* A call that passed was answered in time or timed out. had_us is the time that there was when it was
 * admitted. */
void pace_report(struct pace *pace, uint64_t had_us, uint64_t took_us, bool in_time);

/* The share of auctions that it is asked in now, in the class where that is least. */
double pace_share(const struct pace *pace);

#endif
