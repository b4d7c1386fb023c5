/*
 * A day of campaigns in minutes: auctions of day_traffic.h on a clock of its own, with the ledger and the
 * pacing that the server has. Two front ends hold and view, in turn; the keeper's part is played every
 * PACING_INTERVAL_MS of the day. Beside the ledger an own sum is kept of what was viewed.
 */
#ifndef SLIMBID_LOADTEST_DAY_RUN_H
#define SLIMBID_LOADTEST_DAY_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "day/day_traffic.h"
#include "ledger/pacing.h"

#define DAY_MOST_CAMPAIGNS 64u
#define DAY_SAMPLES        289u /* every five minutes, both ends */
#define DAY_ERROR_BYTES    256

/* What a campaign is like. */
struct day_campaign {
    char name[40];
    double reach;   /* share of auctions that it is for */
    double bid;     /* CPM, as a multiple of what others pay (median); it varies from auction to auction */
    double begins;  /* second of the day */
    double seen;    /* share of wins that are viewed */
    double delay;   /* mean, seconds, until the view */
    int64_t budget; /* nanos */
};

struct day_sample {
    float plan, won, spent; /* shares of the budget; won: spent and held */
    float rate;
};

/* What became of it. */
struct day_course {
    struct day_sample samples[DAY_SAMPLES];
    uint32_t number; /* in the ledger */
    uint64_t wins, views, refused;
    int64_t viewed;            /* nanos, summed here */
    int64_t spent;             /* nanos, by the ledger, when all holds are settled */
    double won_gap, spent_gap; /* the largest, from the plan, shares of the budget */
    double rate;               /* on average */
    double full;               /* share of its time in which the rate was full */
    uint32_t steps;
};

struct day_options {
    enum pacing how;
    uint32_t campaigns;
    uint32_t hold_s;
    uint64_t seed;
};

struct day {
    struct day_options options;
    struct day_traffic *traffic;
    struct day_campaign campaigns[DAY_MOST_CAMPAIGNS];
    struct day_course courses[DAY_MOST_CAMPAIGNS];
    uint64_t auctions, sold;
    char fault[DAY_ERROR_BYTES]; /* what the ledger and the own sum do not agree on; empty: nothing */
};

/* Makes up campaigns for that traffic: of ten kinds in turn, one of which has too little traffic. */
void day_make_campaigns(struct day *day);
/* Whether a campaign is of the kind that cannot spend its budget. */
bool day_is_short(const struct day_campaign *campaign);
/* Plays the day. 0, or -1 with the reason. */
int day_run(struct day *day, char *error, size_t error_size) CHECK_RESULT;
/* The largest gap between spend and plan of all campaigns whose traffic suffices; a share of the budget. */
double day_largest_gap(const struct day *day);

#endif
