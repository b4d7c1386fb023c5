/*
 * The routes of events: GET /e/imp, /e/click and /e/win, as HTTP. HEAD is answered the same and counts
 * nothing: those who ask that way look at links, and show nobody anything.
 *
 *   counted or repeated   a transparent GIF of 1 x 1; 302 to the landing page; 204
 *   expired or gone       410
 *   bad                   400
 */
#ifndef SLIMBID_WEB_EVENT_ROUTES_H
#define SLIMBID_WEB_EVENT_ROUTES_H

#include "base/buf.h"
#include "event/events.h"
#include "http/http_server.h"

struct event_routes {
    struct events events;
    const struct str_list *origins; /* CORS */
    struct buf *headers;            /* scratch of one answer */
};

void event_routes_view(struct event_routes *routes, struct http_exchange *http);
void event_routes_click(struct event_routes *routes, struct http_exchange *http);
void event_routes_win(struct event_routes *routes, struct http_exchange *http);

#endif
