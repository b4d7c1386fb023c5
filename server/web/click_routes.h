/*
 * Click events over HTTP: POST /v1/clickstream, the tracking API of Segment's libraries (/v1/batch, /v1/track
 * and the like), POST /v1/user/delete. docs/clickstream.md is the API's description.
 *
 * A request lives from its head to its answer; one of the tracking API is answered when its last event is
 * taken, and its auctions, if there are any, end behind it.
 */
#ifndef SLIMBID_WEB_CLICK_ROUTES_H
#define SLIMBID_WEB_CLICK_ROUTES_H

#include <stdbool.h>

#include "clickstream/clickstream.h"
#include "config/trusted_proxy.h"
#include "http/http_server.h"

struct click_request;

struct click_routes {
    struct exchange *exchange;
    struct clickstream clickstream;
    const struct trusted_proxy_list *proxies;
    struct click_request *live;
    uint32_t live_count;
    struct buf headers; /* scratch of one answer */
    struct buf answer;
};

/* 0, or -1 when out of memory; clean up either way. exchange and proxies must outlive it. */
int click_routes_init(struct click_routes *routes, struct exchange *exchange,
                      const struct trusted_proxy_list *proxies) CHECK_RESULT;
/* Ends what runs on behind answers: while there are still workers and partners to be told. */
void click_routes_stop(struct click_routes *routes);
void click_routes_cleanup(struct click_routes *routes);

/* What stands at a path of ours. */
struct click_path {
    struct str path;
    enum click_path_kind { CLICK_PATH_EVENTS, CLICK_PATH_TRACKING, CLICK_PATH_DELETE } kind;
    enum click_type type; /* of a single event that names none; CLICK_TYPES: it must */
    bool historical;
};
/* NULL: not ours. */
const struct click_path *click_path_find(struct str path);

/* A POST to such a path: its head, then, unless its body is streamed, the whole of it. */
void click_routes_head(struct click_routes *routes, const struct click_path *path,
                       struct http_exchange *http);
void click_routes_post(struct click_routes *routes, const struct click_path *path,
                       struct http_exchange *http);

#endif
