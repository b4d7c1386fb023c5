/* The lines of what comes back of a bid: a win, a view, a click, or that its hold ended without a view. Only
 * what is counted is logged, so each stands there once. */
#ifndef SLIMBID_EVENT_LOG_EVENT_HOLD_H
#define SLIMBID_EVENT_LOG_EVENT_HOLD_H

#include "event_log/event_log.h"

struct event_hold {
    uint64_t auction;
    uint32_t imp;        /* its place in the request; UINT32_MAX: not known */
    struct str partner;  /* its name; absent: not known */
    struct str campaign; /* own: its id */
    uint64_t hold;
    uint64_t user; /* key in the ledger (ledger/users.h); 0: not known */
    int64_t nanos; /* what a view costs */
};

/* kind is one of EVENT_WIN, EVENT_VIEW and EVENT_CLICK. log may be NULL. */
void event_hold_log(struct event_log *log, enum event_kind kind, const struct event_hold *hold);

#endif
