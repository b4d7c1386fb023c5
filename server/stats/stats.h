/*
 * What the server counts: one slot for each front end in memory that all processes share.
 *
 * A slot has one writer, its front end, which adds without locks; whoever is asked for metrics reads
 * all slots and adds them up. A front end that is started again goes on in the slot of its
 * predecessor, after stats_slot_adopt() has cleared the gauges.
 */
#ifndef SLIMBID_STATS_STATS_H
#define SLIMBID_STATS_STATS_H

#include <stdint.h>

#include "admission/admission.h"
#include "base/budget.h"
#include "bid/bid.h"
#include "campaign/pool.h"
#include "config/config.h"
#include "event/events.h"
#include "event_log/event_log.h"
#include "http/http_server.h"
#include "notice/notice.h"
#include "outbound/outbound.h"
#include "stats/click_stats.h"
#include "stats/histogram.h"
#include "stats/processes.h"

/* How a request to the auction path ended. */
enum request_outcome {
    REQUEST_BIDS,      /* 200 with at least one bid */
    REQUEST_NO_BID,    /* 204, or 200 with nbr */
    REQUEST_INVALID,   /* 400 */
    REQUEST_OVERLOAD,  /* 503, or 204 where configured; shed[] has the reasons */
    REQUEST_FAILED,    /* 500: out of memory */
    REQUEST_CANCELLED, /* the client left */
    REQUEST_OUTCOMES
};

/* Why an auction was cleared when it was. */
enum auction_end {
    AUCTION_END_NOBODY,   /* no partner fits, none was asked */
    AUCTION_END_NO_TIME,  /* tmax too small to ask anybody */
    AUCTION_END_COMPLETE, /* everybody answered, failed or ran out of its own timeout */
    AUCTION_END_DEADLINE, /* cleared without those still missing */
    AUCTION_ENDS
};

/* Why a partner whose turn it was got no call. */
enum partner_skip {
    PARTNER_SKIP_NOT_NAMED, /* every imp names other bidders */
    PARTNER_SKIP_UNFIT,     /* media type, channel, country, site */
    PARTNER_SKIP_SHARE,     /* traffic_share */
    PARTNER_SKIP_PACE,      /* it rarely answers in such time */
    PARTNER_SKIP_RATE,      /* requests_per_second */
    PARTNER_SKIP_IN_FLIGHT, /* max_in_flight */
    PARTNER_SKIP_BREAKER,
    PARTNER_SKIP_NO_TIME,    /* nothing left of tmax after its margin */
    PARTNER_SKIP_TOO_LARGE,  /* its request passes the cap */
    PARTNER_SKIP_UNRESOLVED, /* no address of its host is known yet */
    PARTNER_SKIP_MEMORY,     /* its call does not fit the memory budget */
    PARTNER_SKIPS
};

/* How a partner call ended, as the auction sees it. */
enum partner_outcome {
    PARTNER_BID,
    PARTNER_NO_BID,
    PARTNER_BAD_STATUS, /* neither 200 nor 204 */
    PARTNER_BAD_ANSWER, /* not JSON, not a bid response, for another request */
    PARTNER_TIMEOUT,
    PARTNER_CONNECT_FAILED,
    PARTNER_TLS_FAILED,
    PARTNER_BROKEN,
    PARTNER_TOO_LARGE,
    PARTNER_NO_MEMORY, /* or no descriptor */
    PARTNER_ABANDONED, /* the client left */
    PARTNER_OUTCOMES
};

/* The states of an auction; see auction.h. */
enum auction_state {
    AUCTION_PARSING,
    AUCTION_GATHERING,
    AUCTION_CLEARING,
    AUCTION_REPLYING,
    AUCTION_DONE,
    AUCTION_STATES
};

/* The row of own campaigns, behind those of partners. */
#define STATS_OWN CONFIG_MAX_PARTNERS

struct partner_stats {
    uint64_t outcomes[PARTNER_OUTCOMES];
    uint64_t skips[PARTNER_SKIPS];
    uint64_t refused[BID_REFUSALS];
    uint64_t bids;
    uint64_t wins;
    uint64_t breaker_state; /* gauge: enum breaker_state */
    uint64_t breaker_opened;
    uint64_t left_out_permille;         /* gauge: of the auctions, on account of its pace */
    uint64_t shortened;                 /* calls that were given less time than there was */
    struct outbound_target_stats calls; /* copied in before each read */
    struct histogram latency;
};

/* One budget, as it was a moment ago; bytes. */
struct budget_figures {
    uint64_t limit; /* 0: none */
    uint64_t used, peak, refused;
};

/* What a front end charges, and what the kernel says to that; see memory_check.h. */
struct memory_stats {
    struct budget_figures process, kinds[BUDGET_KINDS];
    uint64_t anonymous; /* gauge: resident and of no file */
    uint64_t reserved;  /* gauge: charged for the kernel's sockets and their buffers */
    uint64_t drift;     /* gauge: resident beyond what was charged */
    uint64_t lowered;   /* times that drift lowered the limit */
    uint64_t purges;    /* of the allocator */
};

struct stats_slot {
    uint64_t pid;
    uint64_t started_unix; /* seconds */
    struct http_server_stats http;
    struct http_server_stats admin;
    uint64_t requests[REQUEST_OUTCOMES];
    uint64_t shed[SHED_REASONS];
    struct admission_stats admission;
    struct histogram waited; /* what requests waited for their turn */
    uint64_t auctions[AUCTION_ENDS];
    uint64_t auctions_live[AUCTION_STATES]; /* gauges */
    uint64_t auctions_late;                 /* answered after tmax */
    uint64_t imps;
    uint64_t imps_won;
    uint64_t arena_bytes;                                /* gauge */
    uint64_t resident_bytes;                             /* gauge */
    uint64_t heap_allocated, heap_active, heap_resident; /* gauges of the allocator */
    uint64_t heap_retained;                              /* gauge */
    uint64_t heap_requested;                             /* bytes ever asked for */
    struct histogram latency;                            /* from the first byte to the answer */
    struct memory_stats memory;
    struct pool_stats pool;
    struct click_stats click;
    struct event_log_stats events;
    struct events_stats returned;
    struct notice_stats notices[CONFIG_MAX_PARTNERS];
    struct partner_stats partners[CONFIG_MAX_PARTNERS + 1];
};

struct stats {
    uint32_t slot_count;
    uint64_t supervisor_pid;
    uint64_t restarts; /* front ends started again */
    struct processes processes;
    struct stats_slot slots[];
};

const char *request_outcome_name(enum request_outcome outcome);
const char *auction_end_name(enum auction_end end);
const char *partner_skip_name(enum partner_skip skip);
const char *partner_outcome_name(enum partner_outcome outcome);
const char *auction_state_name(enum auction_state state);

/* Shared, zeroed memory for that many front ends; inherited by fork. NULL when refused. */
struct stats *stats_create(uint32_t slot_count) CHECK_RESULT;
void stats_destroy(struct stats *stats);

/* The caller's process takes the slot over: its gauges are cleared. */
void stats_slot_adopt(struct stats_slot *slot);
/* total = the sum over all slots. */
void stats_sum(const struct stats *stats, struct stats_slot *total);

#endif
