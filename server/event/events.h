/*
 * What comes back of a bid: that it was viewed, clicked, or won where its answer went. The URLs were made by
 * bid/bid_urls.c; docs/events.md tells what counts when.
 *
 * A query's life: read -> its token verified (over the landing page or notice beside it) -> counted in the
 * ledger, or found to have been counted before -> when it counted: the user's views, the event log, the
 * partner's notice. So whatever is repeated, by whomever, is answered the same and counted once.
 */
#ifndef SLIMBID_EVENT_EVENTS_H
#define SLIMBID_EVENT_EVENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "token/token.h"

struct event_log;
struct ledger;
struct notices;
struct users;

enum events_verdict {
    EVENTS_COUNTED,
    EVENTS_REPEATED, /* counted before */
    EVENTS_GONE,     /* what it is about was released, or never was in this ledger */
    EVENTS_EXPIRED,  /* the token is too old */
    EVENTS_BAD,      /* not a token of ours, or not for this */
    EVENTS_VERDICTS
};

#define EVENTS_KINDS 3 /* views, clicks, wins: enum token_kind less one */

struct events_stats {
    uint64_t verdicts[EVENTS_KINDS][EVENTS_VERDICTS];
};

/* What counting needs; all of it outlives this. Filled by its owner. */
struct events {
    const struct config *config;
    struct token_keys *keys;     /* NULL: none were given out, so all are bad */
    struct ledger *ledger;       /* NULL: nothing can be counted, so all are gone */
    struct users *users;         /* NULL: views of users are not counted */
    struct event_log *event_log; /* NULL: nothing is logged */
    struct notices *notices;     /* NULL: no partner is called */
    struct events_stats *stats;
    uint32_t writer; /* in the ledger */
};

struct event {
    struct token token; /* of COUNTED, REPEATED, GONE and EXPIRED */
    struct str extra;   /* landing page or notice, a view of text */
    char text[TOKEN_EXTRA_BYTES];
};

/* Takes an event in. query: of the URL, without "?"; now: unix seconds. */
enum events_verdict events_take(const struct events *events, enum token_kind kind, struct str query,
                                int64_t now, struct event *event);
/* The same without counting: what events_take() would find of the token. COUNTED, EXPIRED or BAD. */
enum events_verdict events_look(const struct events *events, enum token_kind kind, struct str query,
                                int64_t now, struct event *event);

const char *events_kind_name(enum token_kind kind);
const char *events_verdict_name(enum events_verdict verdict);

#endif
