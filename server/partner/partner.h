/*
 * A demand partner at run time: its configuration, its breaker, its rate, its pace, what it is worth, its
 * outbound target and its counters. One a front end and partner; no locks.
 */
#ifndef SLIMBID_PARTNER_PARTNER_H
#define SLIMBID_PARTNER_PARTNER_H

#include "config/config.h"
#include "outbound/outbound.h"
#include "partner/breaker.h"
#include "partner/pace.h"
#include "partner/token_bucket.h"
#include "partner/worth.h"
#include "stats/stats.h"

struct partner {
    const struct config_partner *config;
    uint32_t index; /* in config and stats */
    struct breaker breaker;
    struct token_bucket rate;
    struct pace pace;
    struct worth worth;
    uint64_t usual_us; /* what its answers take: a moving average; 0 before the first */
    struct outbound_target *target;
    struct partner_stats *stats;
    struct outbound_target_stats calls_before; /* counted by the slot's front ends before this one */
};

struct partner_set {
    struct partner *items;
    uint32_t count;
    struct breaker_options breaker_options;
    struct pace_options pace_options;
};

/* Makes a partner of each enabled one in config. 0, or -1 with the reason in error; clean up either way. */
int partner_set_init(struct partner_set *set, const struct config *config, struct outbound *outbound,
                     struct stats_slot *stats, uint64_t now_us, char *error, size_t error_size) CHECK_RESULT;
void partner_set_cleanup(struct partner_set *set);

/* A call that the partner let pass. */
struct partner_admission {
    struct outbound_call *call;
    bool probe;        /* of a half-open breaker */
    uint64_t had_us;   /* the time that there was */
    uint64_t given_us; /* the time that it gets; at most that */
};

/*
 * Whether the partner is asked about the auction with that hash, in which there are had_us for it (set by the
 * caller): its share of traffic, address, pace, breaker, rate and calls in flight, in this order. True:
 * admission->call is begun and must be sent or given back by partner_unsent(). False: the reason is counted.
 */
bool partner_admit(struct partner *partner, uint64_t auction_hash, uint64_t now_us,
                   struct partner_admission *admission) CHECK_RESULT;
void partner_unsent(struct partner *partner, struct partner_admission *admission, enum partner_skip why);

/* How a sent call ended. */
struct partner_call_end {
    enum partner_outcome outcome;
    uint64_t took_us; /* from the send */
    uint64_t had_us;  /* of its admission */
    uint64_t bytes;   /* sent and received */
    bool probe;
    bool behind; /* this front end was: a timeout may be its own fault */
};

/* Reports it: counters, breaker, pace, worth. A timeout after less time than its answers usually take says
 * nothing about the partner's health: the request left it too little. */
void partner_report(struct partner *partner, uint64_t now_us, const struct partner_call_end *end);
/* A bid of the partner with that number in the configuration won an impression. */
void partner_set_won(const struct partner_set *set, uint32_t index, double usd_cpm);
/* What asking it is worth, beside others: those that are worth least are left out first when memory is short.
 */
double partner_value(const struct partner *partner);

/* Brings what is kept elsewhere (breaker, outbound) into the counters, before they are read. */
void partner_set_publish(const struct partner_set *set);

#endif
