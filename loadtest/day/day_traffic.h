/*
 * A day's auctions, one after the other: when each comes, and what others would pay for it.
 *
 * Built in: random arrivals whose number follows a curve of the day, 5 : 1 between evening and early morning,
 * and log-normal prices. Recorded: iPinYou's log of impressions, its times and paying prices. What there is
 * of it holds some seconds, not a day, but these are uneven (the log begins with a few a second and ends with
 * hundreds), so its sequence is stretched to an hour and played through the day hour after hour, each record
 * as often as the same curve says.
 */
#ifndef SLIMBID_LOADTEST_DAY_TRAFFIC_H
#define SLIMBID_LOADTEST_DAY_TRAFFIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"
#include "base/prng.h"

#define DAY_SECONDS 86400
/* The curve's greatest value; its average over a day is 1. */
#define DAY_CURVE_MOST (5.0 / 3)
/* What a recording is stretched to. */
#define DAY_PASS_SECONDS 3600.0

struct day_record {
    double at;    /* seconds from the first one, stretched */
    double price; /* CPM */
};

struct day_traffic {
    double auctions; /* of the whole day, on average */
    struct day_record *records;
    size_t count; /* 0: built in */
    double median_price;

    struct prng prng;
    double at;     /* of the last auction, seconds of the day */
    size_t next;   /* record */
    double pass;   /* where this pass through the records began */
    uint32_t left; /* auctions that the record before still gives */
};

struct day_auction {
    double at;
    double price; /* CPM that others pay: who bids more wins */
};

double day_curve(double second);
void day_traffic_init(struct day_traffic *traffic, double auctions, uint64_t seed);
/* Takes its times and prices from iPinYou's impression log (.xz or plain). 0, or -1 with the reason. */
int day_traffic_load(struct day_traffic *traffic, const char *path, char *error,
                     size_t error_size) CHECK_RESULT;
/* False: the day is over. */
bool day_traffic_next(struct day_traffic *traffic, struct day_auction *auction);
void day_traffic_cleanup(struct day_traffic *traffic);

#endif
