/* What is counted of click events: part of a front end's slot (stats.h). 64-bit words only. */
#ifndef SLIMBID_STATS_CLICK_STATS_H
#define SLIMBID_STATS_CLICK_STATS_H

#include <stdint.h>

enum click_type {
    CLICK_PAGE,
    CLICK_SCREEN,
    CLICK_TRACK,
    CLICK_IDENTIFY,
    CLICK_GROUP,
    CLICK_ALIAS,
    CLICK_TYPES
};

/* What became of an event. */
enum click_outcome {
    CLICK_BIDS,      /* auctioned, with bids */
    CLICK_NO_BID,    /* auctioned, without */
    CLICK_ACCEPTED,  /* taken; nothing to auction */
    CLICK_DUPLICATE, /* its messageId was seen before */
    CLICK_INVALID,
    CLICK_OVERLOAD,  /* too many auctions at once: may be sent again */
    CLICK_FAILED,    /* its auction, or its answer, did not fit the memory it may take */
    CLICK_CANCELLED, /* its client left before it was answered */
    CLICK_OUTCOMES
};

/* Why a request with events was refused as a whole. */
enum click_refusal {
    CLICK_REFUSED_KEY,  /* 401 */
    CLICK_REFUSED_BODY, /* 400: not JSON, no batch */
    CLICK_REFUSED_SIZE, /* 413: too many events */
    CLICK_REFUSED_RATE, /* 429 */
    CLICK_REFUSALS
};

struct click_stats {
    uint64_t outcomes[CLICK_OUTCOMES];
    uint64_t types[CLICK_TYPES]; /* of valid events, duplicates included */
    uint64_t refused[CLICK_REFUSALS];
    uint64_t requests_live; /* gauge: requests with events in hand */
    uint64_t placed;        /* events that fit a placement */
    uint64_t too_old;       /* of them, those too old for an auction */
    uint64_t interests;     /* categories given to the users' table */
    uint64_t users_deleted;
    uint64_t seen_forgotten_early; /* messageIds that gave way within their time */
};

const char *click_type_name(enum click_type type);
const char *click_outcome_name(enum click_outcome outcome);
const char *click_refusal_name(enum click_refusal refusal);

#endif
