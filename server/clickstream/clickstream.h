/*
 * Click events in one front end: what all requests with events share, and what becomes of one event.
 *
 * An event is read, its messageId looked up, its categories given to the users' table; a page or screen view
 * that fits a placement becomes a bid request. It is auctioned by click_batch.h, which owns what waits.
 */
#ifndef SLIMBID_CLICKSTREAM_CLICKSTREAM_H
#define SLIMBID_CLICKSTREAM_CLICKSTREAM_H

#include "base/arena.h"
#include "base/buf.h"
#include "clickstream/click_event.h"
#include "clickstream/placement.h"
#include "clickstream/seen.h"
#include "exchange.h"
#include "partner/partner_request.h"
#include "partner/token_bucket.h"

struct click_slot;

struct clickstream {
    struct exchange *exchange;
    struct placement_set *placements;
    struct seen *seen; /* NULL: duplicates are not looked for */
    struct click_event_rules rules;
    struct arena scratch; /* of one event; empty between events */
    struct buf request;   /* the bid request of one event */
    struct token_bucket rate;
    struct click_slot *spare; /* click_batch.c's */
    uint32_t spare_count;
};

/* 0, or -1 when out of memory; clean up either way. exchange and seen must outlive it. */
int clickstream_init(struct clickstream *clickstream, struct exchange *exchange,
                     struct seen *seen) CHECK_RESULT;
void clickstream_cleanup(struct clickstream *clickstream);
/* What requests with events are charged to; NULL: nothing is. */
struct budget *clickstream_budget(const struct clickstream *clickstream);

/* What the events of one request have in common. */
struct click_source {
    bool answered;                       /* the client gets the bids */
    bool historical;                     /* an import: nothing is auctioned */
    enum click_type type;                /* of events that name none; CLICK_TYPES: they must */
    int64_t sent_us;                     /* the batch's sentAt, or CLICK_TIME_NONE */
    const struct click_context *context; /* the batch's, or NULL */
    struct client_info client;           /* who sends: the user's own browser, or a server */
    uint64_t sender;                     /* the hash of its write key; 0: none was sent */
};

/* An event that was looked at. Views live until the scratch arena is reset, by who asked for the look. */
struct click_look {
    enum click_outcome outcome; /* CLICK_OUTCOMES: `request` is to be auctioned */
    struct click_event event;
    struct json_error error; /* of CLICK_INVALID */
    const struct config_placement *placement;
    struct str request;
    uint64_t key;  /* of its messageId in `seen`; 0: it is not remembered */
    uint64_t user; /* key in the users' table; 0: there is none */
    int64_t time_us;
};

void clickstream_look(struct clickstream *clickstream, const struct click_source *source, struct str text,
                      struct click_look *look);
/* Its end: counted, and a line in the event log. message_id may be absent. */
struct click_end {
    enum click_outcome outcome;
    enum click_type type; /* CLICK_TYPES: not known */
    struct str message_id;
    const struct config_placement *placement;
    uint64_t user;
    int64_t time_us;
};
void clickstream_end(struct clickstream *clickstream, const struct click_end *end);
/* An auction did not happen after all: the same event may come again. */
void clickstream_unsee(struct clickstream *clickstream, uint64_t key);

/* Whether a request may begin now, by events_per_second. Its events are then charged one by one. */
bool clickstream_may_begin(struct clickstream *clickstream);
/* Everything about the user goes. id is a userId or anonymousId. */
void clickstream_forget_user(struct clickstream *clickstream, struct str id);

#endif
