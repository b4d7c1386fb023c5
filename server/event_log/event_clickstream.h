/* The line of a click event that came in: what it was and what came of it. */
#ifndef SLIMBID_EVENT_LOG_EVENT_CLICKSTREAM_H
#define SLIMBID_EVENT_LOG_EVENT_CLICKSTREAM_H

#include "event_log/event_log.h"

struct event_clickstream {
    struct str message;     /* its messageId */
    const char *type;       /* "page", "track", ... */
    const char *outcome;    /* "auction", "accepted", "duplicate" or "invalid" */
    struct str placement;   /* that fired an auction; absent: none did */
    uint64_t auction, user; /* ids; 0: none, not known */
};

/* log may be NULL. */
void event_clickstream_log(struct event_log *log, const struct event_clickstream *event);

#endif
