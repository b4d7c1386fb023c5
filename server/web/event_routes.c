/* Events as HTTP; see event_routes.h. */
#include "web/event_routes.h"

#include <time.h>

#include "web/cors.h"

/* A GIF of one transparent pixel. */
static const char pixel[] =
    "GIF89a\1\0\1\0\200\0\0\0\0\0\377\377\377!\371\4\1\0\0\0\0,\0\0\0\0\1\0\1\0\0\2\1D\0;";

static void respond(struct event_routes *routes, struct http_exchange *http, struct http_response *response) {
    struct buf *headers = routes->headers;
    response->extra_headers = headers->failed ? (struct str){NULL, 0} : buf_view(headers);
    response->never_gzip = true;
    http_exchange_respond(http, response);
}

/* What every answer says, so that each view and click comes to us, and from any page. */
static void begin_headers(struct event_routes *routes, struct http_exchange *http) {
    buf_clear(routes->headers, routes->headers->cap);
    cors_write(routes->origins, http_exchange_request(http), routes->headers);
    BUF_ADD_LIT(routes->headers, "Cache-Control: no-store\r\nCross-Origin-Resource-Policy: cross-origin\r\n");
}

static void respond_refused(struct event_routes *routes, struct http_exchange *http,
                            enum events_verdict verdict) {
    bool bad = verdict == EVENTS_BAD;
    struct http_response response = {.status = bad ? 400 : 410,
                                     .content_type = STR("text/plain"),
                                     .body = bad ? STR("not a link of ours\n") : STR("too late\n")};
    respond(routes, http, &response);
}

static void respond_good(struct event_routes *routes, struct http_exchange *http, const struct event *event) {
    struct http_response response = {.status = 204};
    switch (event->token.kind) {
    case TOKEN_VIEW:
        response = (struct http_response){
            .status = 200, .content_type = STR("image/gif"), .body = {pixel, sizeof pixel - 1}};
        break;
    case TOKEN_CLICK:
        response.status = 302;
        BUF_ADD_LIT(routes->headers, "Location: ");
        buf_add_str(routes->headers, event->extra);
        BUF_ADD_LIT(routes->headers, "\r\n");
        break;
    case TOKEN_WIN:
        break;
    }
    respond(routes, http, &response);
}

static void answer(struct event_routes *routes, struct http_exchange *http, enum token_kind kind) {
    const struct http_request *request = http_exchange_request(http);
    struct event event;
    int64_t now = (int64_t)time(NULL);
    enum events_verdict verdict = request->method == HTTP_HEAD
                                      ? events_look(&routes->events, kind, request->query, now, &event)
                                      : events_take(&routes->events, kind, request->query, now, &event);
    begin_headers(routes, http);
    if (verdict == EVENTS_COUNTED || verdict == EVENTS_REPEATED)
        respond_good(routes, http, &event);
    else
        respond_refused(routes, http, verdict);
}

void event_routes_view(struct event_routes *routes, struct http_exchange *http) {
    answer(routes, http, TOKEN_VIEW);
}

void event_routes_click(struct event_routes *routes, struct http_exchange *http) {
    answer(routes, http, TOKEN_CLICK);
}

void event_routes_win(struct event_routes *routes, struct http_exchange *http) {
    answer(routes, http, TOKEN_WIN);
}
