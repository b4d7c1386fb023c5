/* HTTP in, auctions out, and back; see routes.h. */
#include "web/routes.h"

#include "auction.h"
#include "web/client_headers.h"
#include "web/cors.h"
#include "web/event_routes.h"

#define AUCTION_PATH "/openrtb2/auction"
#define HEADER_BYTES 16384 /* room for a landing page */

int routes_init(struct routes *routes, struct exchange *exchange) {
    *routes = (struct routes){.exchange = exchange};
    buf_init(&routes->headers, HEADER_BYTES);
    routes->proxies = trusted_proxy_create(&exchange->config->http.trusted_proxies);
    if (!routes->proxies)
        return -1;
    return click_routes_init(&routes->click, exchange, routes->proxies);
}

void routes_stop(struct routes *routes) {
    click_routes_stop(&routes->click);
}

void routes_cleanup(struct routes *routes) {
    click_routes_cleanup(&routes->click);
    trusted_proxy_destroy(routes->proxies);
    buf_cleanup(&routes->headers);
}

/* ---- a bid request ---- */

static void on_reply(void *ctx, const struct auction_reply *reply) {
    struct http_exchange *http = ctx;
    struct routes *routes = reply->exchange->owner;
    const struct str_list *origins = &reply->exchange->config->http.cors_origins;
    struct buf *headers = &routes->headers;
    buf_clear(headers, headers->cap);
    cors_write(origins, http_exchange_request(http), headers);
    BUF_ADD_LIT(headers, "X-OpenRTB-Version: 2.6\r\n");
    if (reply->status == 503)
        buf_printf(headers, "Retry-After: %u\r\n", reply->exchange->config->memory.retry_after_s);
    struct http_response response = {
        .status = reply->status,
        .content_type = str_present(reply->body) ? STR("application/json") : (struct str){NULL, 0},
        .extra_headers = headers->failed ? (struct str){NULL, 0} : buf_view(headers),
        .body = reply->body,
    };
    http_exchange_respond(http, &response);
}

static void on_client_gone(void *ctx) {
    auction_cancel(ctx);
}

static void start_auction(struct routes *routes, struct http_exchange *http) {
    const struct http_request *request = http_exchange_request(http);
    struct auction_input input = {
        .body = request->body,
        .started_us = http_exchange_started_us(http),
        .client = client_headers_read(request, http_exchange_peer(http), routes->proxies),
    };
    struct auction *auction = auction_start(routes->exchange, &input, on_reply, http);
    if (auction)
        http_exchange_on_gone(http, on_client_gone, auction);
}

/* ---- what comes back of a bid ---- */

static struct event_routes events_of(struct routes *routes) {
    const struct exchange *exchange = routes->exchange;
    return (struct event_routes){.events = {.config = exchange->config,
                                            .keys = exchange->token_keys,
                                            .ledger = exchange->ledger,
                                            .users = exchange->users,
                                            .event_log = exchange->event_log,
                                            .notices = exchange->notices,
                                            .stats = &exchange->stats->returned,
                                            .writer = exchange->writer},
                                 .origins = &exchange->config->http.cors_origins,
                                 .headers = &routes->headers};
}

static void take_view(struct routes *routes, struct http_exchange *http) {
    struct event_routes events = events_of(routes);
    event_routes_view(&events, http);
}

static void take_click(struct routes *routes, struct http_exchange *http) {
    struct event_routes events = events_of(routes);
    event_routes_click(&events, http);
}

static void take_win(struct routes *routes, struct http_exchange *http) {
    struct event_routes events = events_of(routes);
    event_routes_win(&events, http);
}

/* ---- what needs no handler ---- */

static void respond_plain(struct http_exchange *http, int status, struct str extra_headers, struct str body) {
    struct http_response response = {
        .status = status,
        .content_type = body.n ? STR("text/plain") : (struct str){NULL, 0},
        .extra_headers = extra_headers,
        .body = body,
    };
    http_exchange_respond(http, &response);
}

/* ---- the table ---- */

#define GET_ALLOWED  "GET, HEAD, OPTIONS"
#define POST_ALLOWED "POST, OPTIONS"
#define ALL_ALLOWED  "GET, HEAD, POST, OPTIONS"

/* What stands at a path. OPTIONS is answered everywhere, 405 to what the route does not list. */
struct route {
    struct str path;
    struct str allowed; /* for Allow and the preflight */
    unsigned methods;   /* 1 << enum http_method */
    void (*handle)(struct routes *routes, struct http_exchange *http);
    struct str wrong_method; /* the body of its 405 */
};

#define ROUTE_GET(path_, handle_, wrong_)                                                                    \
    {                                                                                                        \
        .path = STR_INIT(path_), .allowed = STR_INIT(GET_ALLOWED),                                           \
        .methods = 1u << HTTP_GET | 1u << HTTP_HEAD, .handle = handle_, .wrong_method = STR_INIT(wrong_)     \
    }
#define ROUTE_POST(path_, handle_, wrong_)                                                                   \
    {                                                                                                        \
        .path = STR_INIT(path_), .allowed = STR_INIT(POST_ALLOWED), .methods = 1u << HTTP_POST,              \
        .handle = handle_, .wrong_method = STR_INIT(wrong_)                                                  \
    }

static void post_clicks(struct routes *routes, struct http_exchange *http) {
    click_routes_post(&routes->click, click_path_find(http_exchange_request(http)->path), http);
}

static const struct route click_route = ROUTE_POST("/v1/", post_clicks, "events are posted\n");

static const struct route route_table[] = {
    ROUTE_POST(AUCTION_PATH, start_auction, "bid requests are posted\n"),
    ROUTE_GET("/e/imp", take_view, "views are told by GET\n"),
    ROUTE_GET("/e/click", take_click, "clicks are told by GET\n"),
    ROUTE_GET("/e/win", take_win, "wins are told by GET\n"),
};

static const struct route *find_route(struct str path) {
    for (size_t i = 0; i < COUNT_OF(route_table); i++)
        if (str_eq(route_table[i].path, path))
            return &route_table[i];
    return click_path_find(path) ? &click_route : NULL;
}

static void add_allow(struct buf *headers, struct str allowed) {
    BUF_ADD_LIT(headers, "Allow: ");
    buf_add_str(headers, allowed);
    BUF_ADD_LIT(headers, "\r\n");
}

static void respond_preflight(struct routes *routes, struct http_exchange *http, struct str allowed) {
    struct buf *headers = &routes->headers;
    buf_clear(headers, headers->cap);
    cors_write_preflight(&routes->exchange->config->http.cors_origins, http_exchange_request(http), allowed,
                         headers);
    add_allow(headers, allowed);
    respond_plain(http, 204, headers->failed ? (struct str){NULL, 0} : buf_view(headers),
                  (struct str){NULL, 0});
}

static void respond_wrong_method(struct routes *routes, struct http_exchange *http,
                                 const struct route *route) {
    struct buf *headers = &routes->headers;
    buf_clear(headers, headers->cap);
    add_allow(headers, route->allowed);
    respond_plain(http, 405, headers->failed ? (struct str){NULL, 0} : buf_view(headers),
                  route->wrong_method);
}

static void on_request(void *ctx, struct http_exchange *http) {
    struct routes *routes = ctx;
    const struct http_request *request = http_exchange_request(http);
    const struct route *route = find_route(request->path);
    bool whole_server = str_eq(request->target, STR("*"));
    if (route && route->methods & 1u << request->method)
        route->handle(routes, http);
    else if (request->method == HTTP_OPTIONS && (route || whole_server))
        respond_preflight(routes, http, route ? route->allowed : STR(ALL_ALLOWED));
    else if (route)
        respond_wrong_method(routes, http, route);
    else if (request->method == HTTP_OTHER) /* RFC 9110 9.1: no resource here knows it */
        respond_plain(http, 501, (struct str){NULL, 0}, STR("a method that is not served here\n"));
    else
        respond_plain(http, 404, (struct str){NULL, 0},
                      STR("not found; bid requests go to POST " AUCTION_PATH "\n"));
}

static void on_head(void *ctx, struct http_exchange *http) {
    struct routes *routes = ctx;
    const struct http_request *request = http_exchange_request(http);
    const struct click_path *path = request->method == HTTP_POST ? click_path_find(request->path) : NULL;
    if (path)
        click_routes_head(&routes->click, path, http);
}

struct http_handler routes_handler(struct routes *routes) {
    routes->exchange->owner = routes;
    return (struct http_handler){.on_request = on_request, .ctx = routes, .on_head = on_head};
}
