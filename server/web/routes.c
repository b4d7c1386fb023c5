/* HTTP in, auctions out, and back; see routes.h. */
#include "web/routes.h"

#include "auction.h"
#include "web/client_headers.h"
#include "web/cors.h"

#define AUCTION_PATH "/openrtb2/auction"

int routes_init(struct routes *routes, struct exchange *exchange) {
    *routes = (struct routes){.exchange = exchange};
    buf_init(&routes->headers, 1024);
    routes->proxies = trusted_proxy_create(&exchange->config->http.trusted_proxies);
    return routes->proxies ? 0 : -1;
}

void routes_cleanup(struct routes *routes) {
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
        BUF_ADD_LIT(headers, "Retry-After: 1\r\n");
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

/* ---- everything else ---- */

static void respond_plain(struct http_exchange *http, int status, struct str extra_headers, struct str body) {
    struct http_response response = {
        .status = status,
        .content_type = body.n ? STR("text/plain") : (struct str){NULL, 0},
        .extra_headers = extra_headers,
        .body = body,
    };
    http_exchange_respond(http, &response);
}

static void respond_preflight(struct routes *routes, struct http_exchange *http) {
    struct buf *headers = &routes->headers;
    buf_clear(headers, headers->cap);
    cors_write_preflight(&routes->exchange->config->http.cors_origins, http_exchange_request(http), headers);
    BUF_ADD_LIT(headers, "Allow: POST, OPTIONS\r\n");
    respond_plain(http, 204, headers->failed ? (struct str){NULL, 0} : buf_view(headers),
                  (struct str){NULL, 0});
}

static void on_request(void *ctx, struct http_exchange *http) {
    struct routes *routes = ctx;
    const struct http_request *request = http_exchange_request(http);
    bool auction_path = str_eq(request->path, STR(AUCTION_PATH));
    bool whole_server = str_eq(request->target, STR("*"));
    if (auction_path && request->method == HTTP_POST)
        start_auction(routes, http);
    else if ((auction_path || whole_server) && request->method == HTTP_OPTIONS)
        respond_preflight(routes, http);
    else if (auction_path)
        respond_plain(http, 405, STR("Allow: POST, OPTIONS\r\n"), STR("bid requests are posted\n"));
    else if (request->method == HTTP_OTHER) /* RFC 9110 9.1: no resource here knows it */
        respond_plain(http, 501, (struct str){NULL, 0}, STR("a method that is not served here\n"));
    else
        respond_plain(http, 404, (struct str){NULL, 0},
                      STR("not found; bid requests go to POST " AUCTION_PATH "\n"));
}

struct http_handler routes_handler(struct routes *routes) {
    routes->exchange->owner = routes;
    return (struct http_handler){.on_request = on_request, .ctx = routes};
}
