/*
 * Notices to partners: win (nurl), billing (burl) and loss (lurl) URLs that the exchange calls itself,
 * asynchronously, after the auction has been answered.
 *
 * Never anybody's problem but the partner's: at most so many wait and so many run for each partner, a few
 * tries with pauses, then counted as failed. A notice goes only to hosts that its partner may name: the host
 * of its url and what stands below the same domain, or partners[].notice_hosts. So an answer can't send the
 * exchange to an address of its own network.
 */
#ifndef SLIMBID_NOTICE_NOTICE_H
#define SLIMBID_NOTICE_NOTICE_H

#include <stdint.h>

#include "base/macros.h"
#include "base/str.h"

enum notice_kind { NOTICE_WIN, NOTICE_BILLING, NOTICE_LOSS, NOTICE_KINDS };

struct notice_stats {            /* of one partner */
    uint64_t sent[NOTICE_KINDS]; /* answered with 2xx or 3xx */
    uint64_t failed[NOTICE_KINDS];
    uint64_t retries;
    uint64_t shed;        /* queue full */
    uint64_t refused_url; /* another host, scheme or form */
    uint64_t waiting;     /* gauge: those that run too */
};

struct notices;

/* Takes a copy of the url, macros replaced already. */
void notices_send(struct notices *notices, uint32_t partner, enum notice_kind kind, struct str url);

#endif
