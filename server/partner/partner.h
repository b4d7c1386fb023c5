/*
 * A demand partner at run time: its configuration, its breaker, its rate, its outbound target and
 * its counters. One a front end and partner; no locks.
 */
#ifndef SLIMBID_PARTNER_PARTNER_H
#define SLIMBID_PARTNER_PARTNER_H

#include "config/config.h"
#include "outbound/outbound.h"
#include "partner/breaker.h"
#include "partner/token_bucket.h"
#include "stats/stats.h"

struct partner {
    const struct config_partner *config;
    uint32_t index; /* in config and stats */
    struct breaker breaker;
    struct token_bucket rate;
    uint64_t usual_us; /* what its answers take: a moving average; 0 before the first */
    struct outbound_target *target;
    struct partner_stats *stats;
    struct outbound_target_stats calls_before; /* counted by the slot's front ends before this one */
};

struct partner_set {
    struct partner *items;
    uint32_t count;
    struct breaker_options breaker_options;
};

/* Makes a partner of each enabled one in config. 0, or -1 with the reason in error; clean up either way. */
int partner_set_init(struct partner_set *set, const struct config *config, struct outbound *outbound,
                     struct stats_slot *stats, uint64_t now_us, char *error, size_t error_size) CHECK_RESULT;
void partner_set_cleanup(struct partner_set *set);

/* A call that the partner let pass. */
struct partner_admission {
    struct outbound_call *call;
    bool probe; /* of a half-open breaker */
};

/*
 * Whether the partner is asked about the auction with that hash: its share of traffic, address, breaker,
 * rate and calls in flight, in this order. True: admission->call is begun and must be sent or given back by
 * partner_unsent(). False: the reason is counted.
 */
bool partner_admit(struct partner *partner, uint64_t auction_hash, uint64_t now_us,
                   struct partner_admission *admission) CHECK_RESULT;
void partner_unsent(struct partner *partner, struct partner_admission *admission, enum partner_skip why);

/* Reports how a sent call ended: counters and breaker. took_us counts from the send. A timeout after less
 * time than its answers usually take says nothing about the partner: the request left it too little. */
void partner_report(struct partner *partner, uint64_t now_us, enum partner_outcome outcome, uint64_t took_us,
                    bool probe);

/* Brings what is kept elsewhere (breaker, outbound) into the counters, before they are read. */
void partner_set_publish(const struct partner_set *set);

#endif
