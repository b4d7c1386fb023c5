/*
 * What came of the requests of a replay: outcomes, winners, latencies counted from the intended send time.
 */
#ifndef SLIMBID_LOADTEST_REPLAY_TALLY_H
#define SLIMBID_LOADTEST_REPLAY_TALLY_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/str.h"
#include "openrtb/openrtb_response.h"
#include "outbound/outbound.h"
#include "quantiles.h"

enum tally_outcome {
    TALLY_BIDS,   /* 200 with at least one bid */
    TALLY_NO_BID, /* 204, or 200 with no bid */
    TALLY_400,
    TALLY_503,
    TALLY_OTHER,    /* any other status */
    TALLY_BROKEN,   /* 200 whose body is no bid response */
    TALLY_ACCEPTED, /* this, and the next two: results of click events */
    TALLY_DUPLICATE,
    TALLY_REFUSED, /* invalid, overload, failed */
    TALLY_LOST,    /* no answer */
    TALLY_OUTCOMES
};

#define TALLY_SEATS 64

struct tally_seat { /* one seat's wins in one currency */
    char name[48];
    char cur[8];
    uint64_t wins;
    double price_sum; /* CPM */
};

struct tally {
    bool events; /* answers are results of click events */
    uint64_t sent;
    uint64_t outcomes[TALLY_OUTCOMES];
    uint64_t late; /* answered, but after tmax counted from the send; in outcomes too */
    uint64_t imps_won;
    uint64_t bytes_in;
    uint64_t lost_by_reason[OUTBOUND_OUTCOMES];
    uint64_t queued; /* requests that waited for a free connection */
    uint64_t queue_max;
    uint64_t first_us, last_us; /* of intended sends */
    uint64_t ended_us;          /* of the last answer */
    struct quantiles latency;   /* microseconds from the intended send */
    struct quantiles service;   /* microseconds from the actual send */
    struct quantiles taken;     /* the same of those that were not answered 503 */
    struct quantiles shed;      /* and of those that were */
    struct tally_seat seats[TALLY_SEATS];
    size_t seat_count;
    struct arena_pool pool;
    struct arena arena;
    struct openrtb_response_limits limits;
};

void tally_init(struct tally *tally);
void tally_cleanup(struct tally *tally);
/* An answer came. latency and service are microseconds. */
void tally_answer(struct tally *tally, int status, struct str body, uint64_t latency_us, uint64_t service_us,
                  bool late);
void tally_lost(struct tally *tally, enum outbound_outcome reason);
uint64_t tally_answered(const struct tally *tally);

struct follow_counts;

struct tally_about {
    const char *source; /* what was played */
    const char *target;
    uint64_t connections_opened;
    const struct follow_counts *follow; /* views and clicks; NULL: none were asked for */
    double cpu_us_per_request;          /* of this program */
};

/* A report for people (colours when the stream is a terminal and NO_COLOR is not set), and the same as JSON.
 */
void tally_print(const struct tally *tally, const struct tally_about *about, FILE *out);
void tally_print_json(const struct tally *tally, const struct tally_about *about, FILE *out);
const char *tally_outcome_name(enum tally_outcome outcome);

#endif
