/*
 * The requests that a replay plays, all in memory, each with the time at which it was recorded.
 *
 * Loading comes first, so that reading and converting takes nothing from the playing. What it may hold is
 * capped: TRAFFIC_MAX_REQUESTS and TRAFFIC_MAX_BYTES.
 */
#ifndef SLIMBID_LOADTEST_REPLAY_TRAFFIC_H
#define SLIMBID_LOADTEST_REPLAY_TRAFFIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"
#include "base/str.h"

#define TRAFFIC_MAX_REQUESTS ((size_t)8 << 20)
#define TRAFFIC_MAX_BYTES    ((size_t)2 << 30)

struct traffic_item {
    struct str json;  /* owned by the traffic */
    uint64_t at_us;   /* recorded time, counted from the first request */
    uint32_t tmax_ms; /* the request's own, 0 when it has none or can't be read */
    uint32_t id_end;  /* offset behind the last byte of the request's id, 0 when not known */
};

struct traffic {
    struct traffic_item *items;
    size_t count;
    size_t room;
    size_t bytes;
    size_t skipped;          /* lines that could not be converted */
    size_t invalid;          /* requests that the OpenRTB parser refuses; they are played all the same */
    char first_skip[200];    /* line and reason of the first one skipped */
    char first_invalid[360]; /* position, path and reason of the first one invalid */
};

enum traffic_source { TRAFFIC_DEMO, TRAFFIC_NDJSON, TRAFFIC_RTBKIT, TRAFFIC_IPINYOU };

struct traffic_options {
    enum traffic_source source;
    const char *path; /* of a file; "-" is standard input; ignored for the demo */
    uint32_t tmax_ms; /* put into converted requests (recordings hold none) */
    size_t max_count; /* requests taken at most; 0: all */
    bool events;      /* iPinYou's lines as click events */
};

/* Loads and sorts by recorded time. 0, or -1 with the reason in error (the traffic is then empty). */
int traffic_load(struct traffic *traffic, const struct traffic_options *options, char *error,
                 size_t error_size) CHECK_RESULT;
void traffic_cleanup(struct traffic *traffic);

#endif
