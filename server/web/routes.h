/*
 * The public listener's routes: POST /openrtb2/auction, GET /e/... (event_routes.h), and their preflights.
 * Turns HTTP requests into auctions and auctions' replies into HTTP answers.
 */
#ifndef SLIMBID_WEB_ROUTES_H
#define SLIMBID_WEB_ROUTES_H

#include "config/trusted_proxy.h"
#include "exchange.h"
#include "http/http_server.h"
#include "web/click_routes.h"

struct routes {
    struct exchange *exchange;
    struct trusted_proxy_list *proxies;
    struct buf headers; /* scratch of one answer */
    struct click_routes click;
};

/* 0, or -1 when out of memory. */
int routes_init(struct routes *routes, struct exchange *exchange) CHECK_RESULT;
/* Before the workers and partners go: ends what runs on behind answers. */
void routes_stop(struct routes *routes);
void routes_cleanup(struct routes *routes);
struct http_handler routes_handler(struct routes *routes);

#endif
