/*
 * What all auctions of one front end share: configuration, partners, rates, counters, memory pools.
 * One per event loop; no locks.
 */
#ifndef SLIMBID_EXCHANGE_H
#define SLIMBID_EXCHANGE_H

#include "admission/admission.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/loop.h"
#include "campaign/campaign_job.h"
#include "campaign/pool.h"
#include "config/config.h"
#include "currency/currency.h"
#include "partner/partner.h"
#include "stats/stats.h"

struct auction;
struct budgets;
struct event_log;
struct ledger;
struct notices;
struct seen;
struct token_keys;
struct users;

struct exchange {
    const struct config *config;
    struct loop *loop;
    struct stats_slot *stats;
    struct currency_rates *rates; /* NULL: no conversion */
    struct openrtb_parse_limits request_limits;
    struct openrtb_response_limits response_limits;
    struct admission admission;
    struct partner_set partners;
    struct pool *pool;         /* NULL: no own campaigns; set by whoever made it, which outlives auctions */
    struct config_partner own; /* who bids for own campaigns: a partner that is never called */
    struct ledger *ledger;     /* this, and the next five: NULL: none; set by whoever made them, as pool */
    struct users *users;
    struct event_log *event_log;
    struct notices *notices;
    struct token_keys *token_keys;
    struct seen *seen;            /* messageIds of click events: clickstream/seen.h */
    uint32_t writer;              /* this front end's number, in the ledger and the event log */
    struct campaign_job *own_job; /* scratch of one call of auction_start() */
    struct budgets *budgets;      /* NULL: nothing is charged */
    struct arena_pool arenas;
    struct auction *spare; /* ended auctions kept for the next */
    uint32_t spare_count;
    uint32_t live;           /* auctions that run */
    struct buf added_device; /* scratch of one call of auction_start() */
    struct buf shared;       /* the same */
    struct buf answer;       /* scratch of one reply */
    uint64_t next_id;        /* of auctions, for the log and bidid */
    uint64_t id_seed;
    void *owner; /* of the module that hands requests in */
};

/* 0, or -1 with the reason in error; clean up either way. config, loop, outbound and stats must outlive it.
 */
int exchange_init(struct exchange *exchange, const struct config *config, struct loop *loop,
                  struct outbound *outbound, struct stats_slot *stats, char *error,
                  size_t error_size) CHECK_RESULT;
/* What auctions take is charged to these from now on; before the first one. */
void exchange_charge_to(struct exchange *exchange, struct budgets *budgets);
/* All auctions must have ended. */
void exchange_cleanup(struct exchange *exchange);

#endif
