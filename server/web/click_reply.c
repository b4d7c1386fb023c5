/* See click_reply.h. */
#include "web/click_reply.h"

#include "web/cors.h"

struct str click_reply_headers(struct click_routes *routes, struct http_exchange *http, struct str more) {
    struct buf *headers = &routes->headers;
    buf_clear(headers, headers->cap);
    cors_write(&routes->exchange->config->http.cors_origins, http_exchange_request(http), headers);
    buf_add_str(headers, more);
    return headers->failed ? more : buf_view(headers);
}

void click_reply(struct click_routes *routes, struct http_exchange *http, int status, struct str body) {
    struct str more = status == 429   ? STR("Retry-After: 1\r\n")
                      : status == 401 ? STR("WWW-Authenticate: Basic realm=\"slimbid\"\r\n")
                                      : STR("");
    struct http_response response = {.status = status,
                                     .content_type = STR("application/json"),
                                     .extra_headers = click_reply_headers(routes, http, more),
                                     .body = body};
    http_exchange_respond(http, &response);
}

void click_reply_refuse(struct click_routes *routes, struct http_exchange *http, enum click_refusal refusal,
                        const struct json_error *error) {
    static const int statuses[CLICK_REFUSALS] = {
        [CLICK_REFUSED_KEY] = 401,
        [CLICK_REFUSED_BODY] = 400,
        [CLICK_REFUSED_SIZE] = 413,
        [CLICK_REFUSED_RATE] = 429,
    };
    struct buf *out = &routes->answer;
    routes->exchange->stats->click.refused[refusal]++;
    buf_clear(out, out->cap);
    /* code and message are what Segment's libraries log. */
    BUF_ADD_LIT(out, "{\"success\":false,\"code\":");
    buf_add_json_string(out, str_from(click_refusal_name(refusal)));
    BUF_ADD_LIT(out, ",\"message\":");
    buf_add_json_string(out, str_from(error->reason));
    BUF_ADD_LIT(out, ",\"error\":{\"path\":");
    buf_add_json_string(out, str_from(error->path));
    BUF_ADD_LIT(out, ",\"reason\":");
    buf_add_json_string(out, str_from(error->reason));
    BUF_ADD_LIT(out, "}}\n");
    click_reply(routes, http, statuses[refusal], out->failed ? STR("{\"success\":false}\n") : buf_view(out));
}
