/* Which path takes what, and from whom; see click_routes.h. */
#include "web/click_routes.h"

#include <stdio.h>

#include "base/hash.h"
#include "clickstream/click_time.h"
#include "web/click_reply.h"
#include "web/click_request.h"
#include "web/client_headers.h"
#include "web/write_key.h"

#define ANSWER_BYTES 262144u /* of a refusal, or of results that leave at once, beside the largest one */

/* ---- paths ---- */

static const struct click_path paths[] = {
    {STR_INIT("/v1/clickstream"), CLICK_PATH_EVENTS, CLICK_TYPES, false},
    {STR_INIT("/v1/batch"), CLICK_PATH_TRACKING, CLICK_TYPES, false},
    {STR_INIT("/v1/b"), CLICK_PATH_TRACKING, CLICK_TYPES, false},
    {STR_INIT("/v1/import"), CLICK_PATH_TRACKING, CLICK_TYPES, true},
    {STR_INIT("/v1/page"), CLICK_PATH_TRACKING, CLICK_PAGE, false},
    {STR_INIT("/v1/p"), CLICK_PATH_TRACKING, CLICK_PAGE, false},
    {STR_INIT("/v1/screen"), CLICK_PATH_TRACKING, CLICK_SCREEN, false},
    {STR_INIT("/v1/s"), CLICK_PATH_TRACKING, CLICK_SCREEN, false},
    {STR_INIT("/v1/track"), CLICK_PATH_TRACKING, CLICK_TRACK, false},
    {STR_INIT("/v1/t"), CLICK_PATH_TRACKING, CLICK_TRACK, false},
    {STR_INIT("/v1/identify"), CLICK_PATH_TRACKING, CLICK_IDENTIFY, false},
    {STR_INIT("/v1/i"), CLICK_PATH_TRACKING, CLICK_IDENTIFY, false},
    {STR_INIT("/v1/group"), CLICK_PATH_TRACKING, CLICK_GROUP, false},
    {STR_INIT("/v1/g"), CLICK_PATH_TRACKING, CLICK_GROUP, false},
    {STR_INIT("/v1/alias"), CLICK_PATH_TRACKING, CLICK_ALIAS, false},
    {STR_INIT("/v1/a"), CLICK_PATH_TRACKING, CLICK_ALIAS, false},
    {STR_INIT("/v1/user/delete"), CLICK_PATH_DELETE, CLICK_TYPES, false},
};

const struct click_path *click_path_find(struct str path) {
    if (!str_starts(path, STR("/v1/")))
        return NULL;
    for (size_t i = 0; i < COUNT_OF(paths); i++)
        if (str_eq(paths[i].path, path))
            return &paths[i];
    return NULL;
}

static const struct json_error bad_key = {"", "the write key is missing or wrong"};
static const struct json_error too_fast = {"", "too many requests or events: send it again later"};

/* ---- who may ---- */

static struct write_key key_of(const struct http_exchange *http, struct str json_key) {
    struct write_key key = write_key_of_header(http_exchange_request(http));
    return key.n ? key : write_key_of_json(json_key);
}

static bool may_write(const struct click_routes *routes, const struct http_exchange *http,
                      const struct click_path *path, struct str json_key) {
    const struct config *config = routes->exchange->config;
    struct write_key key = key_of(http, json_key);
    if (key.n == 0)
        return path->kind == CLICK_PATH_EVENTS && !config->clickstream.require_write_key;
    return write_key_known(&key, &config->clickstream.write_keys);
}

/* Whether there is room for one more request, now. */
static bool may_begin(struct click_routes *routes) {
    return routes->live_count < routes->exchange->config->clickstream.max_requests &&
           clickstream_may_begin(&routes->clickstream);
}

/* ---- beginnings ---- */

static struct click_source source_of(const struct click_routes *routes, struct http_exchange *http,
                                     const struct click_path *path, struct str json_key) {
    struct write_key key = key_of(http, json_key);
    return (struct click_source){
        .answered = path->kind == CLICK_PATH_EVENTS,
        .historical = path->historical,
        .type = path->type,
        .sent_us = CLICK_TIME_NONE,
        .client = client_headers_read(http_exchange_request(http), http_exchange_peer(http), routes->proxies),
        .sender = key.n ? hash_bytes((struct str){key.p, key.n}, 0) : 0,
    };
}

static bool is_ndjson(struct str type) {
    static const struct str types[] = {STR_INIT("application/x-ndjson"), STR_INIT("application/ndjson"),
                                       STR_INIT("application/jsonl")};
    size_t n = 0;
    while (n < type.n && type.p[n] != ';' && type.p[n] != ' ')
        n++;
    for (size_t i = 0; i < COUNT_OF(types); i++)
        if (str_ieq((struct str){type.p, n}, types[i]))
            return true;
    return false;
}

/* Lines: the body is taken as it comes. */
static void begin_lines(struct click_routes *routes, const struct click_path *path,
                        struct http_exchange *http) {
    const struct config *config = routes->exchange->config;
    struct http_body_reader reader = {.on_piece = click_request_on_piece,
                                      .on_end = click_request_on_end,
                                      .idle_us = (uint64_t)config->clickstream.stream_idle_ms * 1000};
    bool allowed = may_write(routes, http, path, (struct str){NULL, 0});
    bool begins = allowed && may_begin(routes);
    struct click_request *request = begins ? click_request_create(routes, http, ANSWER_LINES) : NULL;
    struct click_source source = source_of(routes, http, path, (struct str){NULL, 0});
    if (request && !click_request_begin(request, &source)) {
        click_request_free(request);
        request = NULL;
    }
    reader.ctx = request;
    if (!http_exchange_stream_body(http, &reader, config->clickstream.stream_bytes)) {
        if (request)
            click_request_free(request);
        return;
    }
    if (request)
        http_exchange_on_gone(http, click_request_on_gone, request);
    else
        click_reply_refuse(routes, http, allowed ? CLICK_REFUSED_RATE : CLICK_REFUSED_KEY,
                           allowed ? &too_fast : &bad_key);
}

/* What the batch says for all its events. */
static bool read_common(struct click_request *request, struct click_source *source,
                        struct json_error *error) {
    const struct click_body *body = &request->body;
    struct str sent = body->sent_at;
    if (sent.n > 2 && sent.p[0] == '"' &&
        !click_time_parse((struct str){sent.p + 1, sent.n - 2}, &source->sent_us))
        source->sent_us = CLICK_TIME_NONE;
    if (!body->is_batch || body->context.n == 0 || body->context.p[0] != '{')
        return true;
    source->context = &request->context;
    if (click_context_read(body->context, &request->routes->clickstream.rules.limits, &request->arena,
                           &request->context, error) == 0)
        return true;
    char path[sizeof error->path];
    snprintf(path, sizeof path, "context%s%.100s", error->path[0] ? "." : "", error->path);
    memcpy(error->path, path, sizeof path);
    return false;
}

static void begin_json(struct click_routes *routes, const struct click_path *path, struct http_exchange *http,
                       const struct click_body *body) {
    enum click_answer answer = path->kind == CLICK_PATH_EVENTS ? ANSWER_RESULTS : ANSWER_SUCCESS;
    struct click_request *request = click_request_create(routes, http, answer);
    struct click_source source = source_of(routes, http, path, body->write_key);
    struct json_error error = {"", "out of memory"};
    enum click_refusal refusal = CLICK_REFUSED_RATE;
    bool good = request != NULL;
    if (good) {
        request->body = *body;
        good = read_common(request, &source, &error);
        refusal = good ? CLICK_REFUSED_RATE : CLICK_REFUSED_BODY;
    }
    if (!good || !click_request_begin(request, &source)) {
        if (request)
            click_request_free(request);
        click_reply_refuse(routes, http, refusal, &error);
        return;
    }
    http_exchange_on_gone(http, click_request_on_gone, request);
    click_request_pump(request);
}

static void post_events(struct click_routes *routes, const struct click_path *path,
                        struct http_exchange *http) {
    const struct config *config = routes->exchange->config;
    struct click_body body;
    struct json_error error = {"", ""};
    bool is_json = click_body_read(http_exchange_request(http)->body, &body, &error) == 0;
    if (!may_write(routes, http, path, body.write_key)) {
        click_reply_refuse(routes, http, CLICK_REFUSED_KEY, &bad_key);
    } else if (!is_json) {
        click_reply_refuse(routes, http, CLICK_REFUSED_BODY, &error);
    } else if (body.count > config->clickstream.batch_events) {
        snprintf(error.path, sizeof error.path, "batch");
        snprintf(error.reason, sizeof error.reason, "must hold at most %u events, holds %u",
                 (unsigned)config->clickstream.batch_events, (unsigned)body.count);
        click_reply_refuse(routes, http, CLICK_REFUSED_SIZE, &error);
    } else if (!may_begin(routes)) {
        click_reply_refuse(routes, http, CLICK_REFUSED_RATE, &too_fast);
    } else {
        begin_json(routes, path, http, &body);
    }
}

/* ---- a user is forgotten ---- */

static void delete_user(struct click_routes *routes, const struct click_path *path,
                        struct http_exchange *http) {
    struct clickstream *clickstream = &routes->clickstream;
    struct json_error error;
    struct click_user user;
    struct str body = http_exchange_request(http)->body;
    if (!may_write(routes, http, path, (struct str){NULL, 0})) {
        click_reply_refuse(routes, http, CLICK_REFUSED_KEY, &bad_key);
        return;
    }
    if (click_user_read(body, &clickstream->rules.limits, &clickstream->scratch, &user, &error) != 0) {
        arena_reset(&clickstream->scratch);
        click_reply_refuse(routes, http, CLICK_REFUSED_BODY, &error);
        return;
    }
    if (user.user_id.n > 0)
        clickstream_forget_user(clickstream, user.user_id);
    if (user.anonymous_id.n > 0)
        clickstream_forget_user(clickstream, user.anonymous_id);
    arena_reset(&clickstream->scratch);
    click_reply(routes, http, 200, STR("{\"success\":true}\n"));
}

/* ---- called by routes.c ---- */

void click_routes_head(struct click_routes *routes, const struct click_path *path,
                       struct http_exchange *http) {
    const struct config *config = routes->exchange->config;
    bool events = path->kind == CLICK_PATH_EVENTS;
    size_t limit = events ? config->clickstream.body_bytes : config->clickstream.tracking_bytes;
    if (events && is_ndjson(http_exchange_request(http)->content_type))
        begin_lines(routes, path, http);
    else
        http_exchange_limit_body(http, limit, limit);
}

void click_routes_post(struct click_routes *routes, const struct click_path *path,
                       struct http_exchange *http) {
    if (path->kind == CLICK_PATH_DELETE)
        delete_user(routes, path, http);
    else
        post_events(routes, path, http);
}

int click_routes_init(struct click_routes *routes, struct exchange *exchange,
                      const struct trusted_proxy_list *proxies) {
    *routes = (struct click_routes){.exchange = exchange, .proxies = proxies};
    buf_init(&routes->headers, 1024);
    buf_init(&routes->answer, ANSWER_BYTES + exchange->config->clickstream.answer_bytes);
    return clickstream_init(&routes->clickstream, exchange, exchange->seen);
}

void click_routes_stop(struct click_routes *routes) {
    for (struct click_request *request = routes->live, *next; request; request = next) {
        next = request->next;
        click_request_free(request);
    }
}

void click_routes_cleanup(struct click_routes *routes) {
    if (!routes->exchange)
        return;
    click_routes_stop(routes);
    click_batch_free_spares(&routes->clickstream);
    clickstream_cleanup(&routes->clickstream);
    buf_cleanup(&routes->headers);
    buf_cleanup(&routes->answer);
}
