/*
 * Notices to partners: win (nurl), billing (burl) and loss (lurl) URLs that the exchange calls itself,
 * asynchronously, after the auction has been answered.
 *
 * Never anybody's problem but the partner's: at most so many wait and so many run for each partner, a few
 * tries with pauses, then counted as failed. A notice's life: waiting for its turn -> running -> sent, or
 * pausing and waiting again, or failed. A 4xx but 408 and 429 is final. What a partner got but did not answer
 * in time is sent again: a notice comes at least once, and may come twice.
 *
 * A notice goes only to hosts that its partner may name (notice_url.h). So an answer can't send the exchange
 * to an address of its own network.
 */
#ifndef SLIMBID_NOTICE_NOTICE_H
#define SLIMBID_NOTICE_NOTICE_H

#include <stdint.h>

#include "base/loop.h"
#include "base/macros.h"
#include "base/str.h"
#include "config/config.h"

struct budget;
struct outbound;

enum notice_kind { NOTICE_WIN, NOTICE_BILLING, NOTICE_LOSS, NOTICE_KINDS };

struct notice_stats {            /* of one partner */
    uint64_t sent[NOTICE_KINDS]; /* answered with 2xx or 3xx */
    uint64_t failed[NOTICE_KINDS];
    uint64_t retries;
    uint64_t shed;        /* queue full */
    uint64_t refused_url; /* another host, scheme or form */
    uint64_t waiting;     /* gauge: those that run too */
};

struct notices; /* of one front end */

/* stats: CONFIG_MAX_PARTNERS of them, by the partner's place in config, gauges 0. budget: charged for what
 * waits; may be NULL. All must outlive it. NULL: no memory. */
struct notices *notices_create(const struct config *config, struct loop *loop, struct outbound *outbound,
                               struct notice_stats *stats, struct budget *budget) CHECK_RESULT;
/* What still waits counts as failed. Before outbound_destroy(); NULL is legal. */
void notices_destroy(struct notices *notices);

/* Takes a copy of the url, macros replaced already. notices may be NULL: nobody is called. */
void notices_send(struct notices *notices, uint32_t partner, enum notice_kind kind, struct str url);
/* How many wait or run, of all partners. 0 for NULL. */
uint64_t notices_waiting(const struct notices *notices);

const char *notice_kind_name(enum notice_kind kind);

#endif
