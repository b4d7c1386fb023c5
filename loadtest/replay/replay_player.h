/*
 * Plays traffic against a server, open loop: every request has its intended time, and a server that is slow
 * makes requests wait here, on the clock, instead of slowing the load down. So latency is counted from the
 * intended time (coordinated omission does not hide anything).
 *
 * A request's life: due -> sent, or queued while all connections are busy -> answered or lost.
 */
#ifndef SLIMBID_LOADTEST_REPLAY_PLAYER_H
#define SLIMBID_LOADTEST_REPLAY_PLAYER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/loop.h"
#include "base/macros.h"
#include "replay/replay_follow.h"
#include "replay/replay_tally.h"
#include "replay/replay_traffic.h"

struct player_options {
    const char *url;
    double rate;          /* requests a second; 0: at their recorded times */
    bool poisson;         /* with rate: exponentially distributed gaps */
    double speed;         /* of the recorded times */
    uint64_t count;       /* requests sent at most; 0: no bound of its own */
    uint64_t duration_us; /* of sending; 0: no bound of its own */
    uint64_t repeat;      /* times that the traffic is played; 0: until count or duration */
    uint64_t seed;
    size_t connections;
    uint32_t tmax_ms; /* for requests that have none */
    uint64_t wait_us; /* beyond tmax, until a request counts as lost */
    double views; /* share of the bids that are shown, and of those that are clicked, see replay_follow.h */
    double clicks;
    bool progress; /* a line on standard error now and then */
};

struct player;

/* tally and traffic stay the caller's. NULL with the reason in error. on_end(ctx) is called when the last
 * request is answered or lost. */
struct player *player_create(struct loop *loop, const struct player_options *options,
                             const struct traffic *traffic, struct tally *tally, void (*on_end)(void *ctx),
                             void *ctx, char *error, size_t error_size) CHECK_RESULT;
/* Sends nothing more; what is under way is waited for. */
void player_stop(struct player *player);
uint64_t player_connections_opened(const struct player *player);
/* NULL when nothing is shown. */
const struct follow_counts *player_follow_counts(const struct player *player);
void player_destroy(struct player *player);

#endif
