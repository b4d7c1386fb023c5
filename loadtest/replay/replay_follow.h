/*
 * What a browser does with an answer: shows some of its bids, and clicks on some of those: the URLs of burl
 * and the first click URL in the markup are fetched from the server that gave them.
 */
#ifndef SLIMBID_LOADTEST_REPLAY_FOLLOW_H
#define SLIMBID_LOADTEST_REPLAY_FOLLOW_H

#include <stddef.h>
#include <stdint.h>

#include "base/loop.h"
#include "base/macros.h"
#include "base/str.h"
#include "outbound/outbound.h"

struct follow_options {
    const char *url; /* of the server; only its host is asked, whatever host a bid names */
    double views;    /* share of the bids that are shown */
    double clicks;   /* share of those that are clicked */
    uint64_t seed;
    size_t connections;
};

struct follow_counts {
    uint64_t views, clicks; /* answered with 2xx or 3xx */
    uint64_t refused;       /* another status */
    uint64_t lost;          /* no answer, or no free connection */
};

struct follow;

/* on_idle(ctx) is called whenever the last call has ended. NULL with the reason in error. */
struct follow *follow_create(struct loop *loop, struct outbound *outbound,
                             const struct follow_options *options, void (*on_idle)(void *ctx), void *ctx,
                             char *error, size_t error_size) CHECK_RESULT;
/* Before the outbound; NULL is legal. */
void follow_destroy(struct follow *follow);

/* The body of a 200. */
void follow_answer(struct follow *follow, struct str body);
size_t follow_under_way(const struct follow *follow);
const struct follow_counts *follow_counts(const struct follow *follow);

#endif
