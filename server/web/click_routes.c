/* Requests with events, from their head to their answer; see click_routes.h. */
#include "web/click_routes.h"

#include <stdlib.h>

#include "clickstream/click_batch.h"
#include "clickstream/click_body.h"
#include "clickstream/click_lines.h"
#include "clickstream/click_time.h"
#include "web/client_headers.h"
#include "web/cors.h"
#include "web/write_key.h"

#define BEGIN_BYTES   32768u  /* of results; with more, an answer leaves in pieces */
#define PIECE_BYTES   65536u  /* of an answer at a time */
#define TURN_US       2000u   /* a turn that has lasted so long takes one more event of each request */
#define CONTEXT_BYTES 262144u /* what a batch's context may take */

enum click_answer {
    ANSWER_RESULTS, /* one JSON object with all results */
    ANSWER_LINES,   /* a line each, as they come */
    ANSWER_SUCCESS, /* that the events were taken */
};

struct click_request {
    struct click_routes *routes;
    struct click_request *next;
    struct click_request **here; /* the pointer to it */
    struct http_exchange *http;  /* NULL: answered, or its client is gone */
    struct click_batch *batch;
    enum click_answer answer;
    bool input_ended;
    bool begun;   /* the head of its answer has left */
    bool yielded; /* there is more to do in the next turn: `later` is armed */
    struct timer later;
    bool blocked;           /* the client does not read: goes on when it has */
    struct click_body body; /* JSON */
    struct click_context context;
    struct arena arena;       /* of the context */
    struct click_lines lines; /* NDJSON */
};

static void pump(struct click_request *request);

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

/* ---- answers ---- */

static struct str headers_of(struct click_routes *routes, struct http_exchange *http, struct str more) {
    struct buf *headers = &routes->headers;
    buf_clear(headers, headers->cap);
    cors_write(&routes->exchange->config->http.cors_origins, http_exchange_request(http), headers);
    buf_add_str(headers, more);
    return headers->failed ? more : buf_view(headers);
}

static void respond(struct click_routes *routes, struct http_exchange *http, int status, struct str body) {
    struct str more = status == 429   ? STR("Retry-After: 1\r\n")
                      : status == 401 ? STR("WWW-Authenticate: Basic realm=\"slimbid\"\r\n")
                                      : STR("");
    struct http_response response = {.status = status,
                                     .content_type = STR("application/json"),
                                     .extra_headers = headers_of(routes, http, more),
                                     .body = body};
    http_exchange_respond(http, &response);
}

static void refuse(struct click_routes *routes, struct http_exchange *http, enum click_refusal refusal,
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
    respond(routes, http, statuses[refusal], out->failed ? STR("{\"success\":false}\n") : buf_view(out));
}

static const struct json_error bad_key = {"", "the write key is missing or wrong"};
static const struct json_error too_fast = {"", "too many requests or events: send it again later"};

/* ---- who may ---- */

static bool may_write(const struct click_routes *routes, const struct http_exchange *http,
                      const struct click_path *path, struct str json_key) {
    const struct config *config = routes->exchange->config;
    struct write_key key = write_key_of_header(http_exchange_request(http));
    if (key.n == 0)
        key = write_key_of_json(json_key);
    if (key.n == 0)
        return path->kind == CLICK_PATH_EVENTS && !config->clickstream.require_write_key;
    return write_key_known(&key, &config->clickstream.write_keys);
}

/* Whether there is room for one more request, now. */
static bool may_begin(struct click_routes *routes) {
    return routes->live_count < routes->exchange->config->clickstream.max_requests &&
           clickstream_may_begin(&routes->clickstream);
}

/* ---- a request's life ---- */

static void request_free(struct click_request *request) {
    struct click_routes *routes = request->routes;
    timer_disarm(&request->later);
    click_batch_destroy(request->batch);
    *request->here = request->next;
    if (request->next)
        request->next->here = request->here;
    routes->live_count--;
    routes->exchange->stats->click.requests_live--;
    arena_reset(&request->arena);
    click_lines_cleanup(&request->lines);
    budget_return(clickstream_budget(&routes->clickstream), sizeof *request);
    free(request);
}

static void on_gone(void *ctx) {
    request_free(ctx);
}

static void on_progress(void *ctx) {
    pump(ctx);
}

static void on_later(void *ctx) {
    struct click_request *request = ctx;
    request->yielded = false;
    pump(request);
}

static struct click_request *request_create(struct click_routes *routes, struct http_exchange *http,
                                            enum click_answer answer) {
    struct budget *budget = clickstream_budget(&routes->clickstream);
    if (!budget_charge(budget, sizeof(struct click_request)))
        return NULL;
    struct click_request *request = malloc(sizeof *request);
    if (!request) {
        budget_return(budget, sizeof *request);
        return NULL;
    }
    *request = (struct click_request){.routes = routes, .next = routes->live, .here = &routes->live};
    request->http = http;
    request->answer = answer;
    if (routes->live)
        routes->live->here = &request->next;
    routes->live = request;
    routes->live_count++;
    routes->exchange->stats->click.requests_live++;
    timer_init(&request->later, routes->exchange->loop, on_later, request);
    click_lines_init(&request->lines, routes->clickstream.rules.event_bytes, HTTP_PIECE_BYTES, budget);
    arena_init(&request->arena, &routes->exchange->arenas, CONTEXT_BYTES);
    return request;
}

static struct click_source source_of(const struct click_routes *routes, struct http_exchange *http,
                                     const struct click_path *path) {
    return (struct click_source){
        .answered = path->kind == CLICK_PATH_EVENTS,
        .historical = path->historical,
        .type = path->type,
        .sent_us = CLICK_TIME_NONE,
        .client = client_headers_read(http_exchange_request(http), http_exchange_peer(http), routes->proxies),
    };
}

static bool begin_batch(struct click_request *request, const struct click_source *source) {
    struct click_batch_options options = {.source = *source,
                                          .silent = request->answer == ANSWER_SUCCESS,
                                          .on_progress = on_progress,
                                          .ctx = request};
    options.between = request->answer == ANSWER_RESULTS ? STR(",\n") : STR("");
    options.behind = request->answer == ANSWER_LINES ? STR("\n") : STR("");
    request->batch = click_batch_create(&request->routes->clickstream, &options);
    return request->batch != NULL;
}

/* ---- results on their way out ---- */

static void on_drained(void *ctx) {
    struct click_request *request = ctx;
    if (!request->blocked)
        return;
    request->blocked = false;
    pump(request);
}

static bool send_piece(struct click_request *request, struct str piece) {
    if (http_exchange_send(request->http, piece) != SIZE_MAX)
        return true;
    request->blocked = true; /* or the client is gone, which on_gone() will tell */
    return false;
}

static void begin_answer(struct click_request *request) {
    bool lines = request->answer == ANSWER_LINES;
    struct http_response head = {
        .status = 200,
        .content_type = lines ? STR("application/x-ndjson") : STR("application/json"),
        .extra_headers = headers_of(request->routes, request->http, STR("")),
    };
    request->begun = true;
    http_exchange_begin(request->http, &head, -1, on_drained, request);
    if (!lines)
        (void)send_piece(request, STR("{\"results\":[\n"));
}

/* False when the client takes no more for now. */
static bool send_results(struct click_request *request) {
    for (;;) {
        struct str results = click_batch_results(request->batch);
        if (results.n == 0)
            return true;
        results.n = results.n < PIECE_BYTES ? results.n : PIECE_BYTES;
        if (!send_piece(request, results))
            return false;
        click_batch_taken(request->batch, results.n);
    }
}

/* The whole answer at once, with its length. */
static void respond_results(struct click_request *request) {
    struct click_routes *routes = request->routes;
    struct buf *out = &routes->answer;
    bool lines = request->answer == ANSWER_LINES;
    buf_clear(out, 2 * (size_t)PIECE_BYTES);
    if (!lines)
        BUF_ADD_LIT(out, "{\"results\":[\n");
    buf_add_str(out, click_batch_results(request->batch));
    if (!lines)
        BUF_ADD_LIT(out, "\n]}\n");
    struct http_response response = {
        .status = out->failed ? 500 : 200,
        .content_type = lines ? STR("application/x-ndjson") : STR("application/json"),
        .extra_headers = headers_of(routes, request->http, STR("")),
        .body = out->failed ? STR("{\"success\":false}\n") : buf_view(out),
    };
    http_exchange_respond(request->http, &response);
    request_free(request);
}

static void end_answer(struct click_request *request) {
    if (request->answer == ANSWER_RESULTS && !send_piece(request, STR("\n]}\n")))
        return;
    http_exchange_end(request->http);
    request_free(request);
}

/* Out of memory: nothing that could be said of the results would be true. */
static void give_up(struct click_request *request) {
    if (request->begun)
        http_exchange_reset(request->http);
    else
        respond(request->routes, request->http, 500, STR("{\"success\":false}\n"));
    request_free(request);
}

/* ---- lines on their way in ---- */

/* False when there is no whole line. */
static bool add_line(struct click_request *request) {
    struct str line;
    switch (click_lines_next(&request->lines, &line)) {
    case CLICK_LINE_NONE:
        return false;
    case CLICK_LINE_TOO_LONG:
        click_batch_add_too_long(request->batch);
        break;
    case CLICK_LINE_EVENT:
        click_batch_add(request->batch, line);
        break;
    }
    return true;
}

static void on_piece(void *ctx, struct str piece) {
    struct click_request *request = ctx;
    if (click_lines_add(&request->lines, piece))
        pump(request);
    else
        give_up(request);
}

static void on_end(void *ctx) {
    struct click_request *request = ctx;
    request->input_ended = true;
    click_lines_end(&request->lines);
    pump(request);
}

/* ---- the pump: events in, results out, as far as both ways are open ---- */

/* Adds the next event; false when there is none, now or at all. */
static bool add_next(struct click_request *request) {
    if (request->answer == ANSWER_LINES)
        return add_line(request);
    struct str event;
    if (click_body_next(&request->body, &event)) {
        click_batch_add(request->batch, event);
        return true;
    }
    request->input_ended = true;
    return false;
}

static bool is_complete(const struct click_request *request) {
    return request->input_ended && click_batch_idle(request->batch) && click_lines_empty(&request->lines);
}

/* Whether results should leave before all of them are there. */
static bool should_send(const struct click_request *request) {
    size_t waiting = click_batch_results(request->batch).n;
    if (request->answer == ANSWER_LINES)
        return waiting > 0;
    return request->begun ? waiting >= PIECE_BYTES / 4 : waiting >= BEGIN_BYTES;
}

/* The tracking API's answer does not wait for auctions. */
static void pump_success(struct click_request *request) {
    if (request->http && request->input_ended) {
        struct http_exchange *http = request->http;
        request->http = NULL;
        respond(request->routes, http, 200, STR("{\"success\":true}\n"));
    }
    if (!request->http && click_batch_idle(request->batch))
        request_free(request);
}

/* Events of one request must not keep all others waiting. */
static void yield_if_late(struct click_request *request) {
    struct loop *loop = request->routes->exchange->loop;
    if (loop_clock(loop) > loop_turn(loop) + TURN_US)
        request->yielded = timer_arm(&request->later, loop_now(loop)) == 0;
}

/* Adds events as long as there are some, room for them, and time. True when it added any. */
static bool add_events(struct click_request *request) {
    bool any = false;
    while (!request->yielded && click_batch_has_room(request->batch) && add_next(request)) {
        any = true;
        yield_if_late(request);
    }
    return any;
}

static void pump(struct click_request *request) {
    bool more = true;
    while (more && !request->blocked) {
        more = add_events(request);
        if (request->answer == ANSWER_SUCCESS || is_complete(request))
            break;
        if (!should_send(request))
            continue;
        if (!request->begun)
            begin_answer(request);
        more = send_results(request) && click_batch_has_room(request->batch);
    }
    if (request->answer == ANSWER_SUCCESS) {
        pump_success(request);
    } else if (click_batch_failed(request->batch)) {
        give_up(request);
    } else if (is_complete(request) && !request->begun) {
        respond_results(request);
    } else if (is_complete(request) && send_results(request)) {
        end_answer(request);
    } else if (request->answer == ANSWER_LINES) {
        if (request->blocked || request->yielded || !click_batch_has_room(request->batch))
            http_exchange_pause_body(request->http);
        else
            http_exchange_resume_body(request->http);
    }
}

/* ---- beginnings ---- */

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
    struct http_body_reader reader = {.on_piece = on_piece,
                                      .on_end = on_end,
                                      .idle_us = (uint64_t)config->clickstream.stream_idle_ms * 1000};
    bool allowed = may_write(routes, http, path, (struct str){NULL, 0});
    bool begins = allowed && may_begin(routes);
    struct click_request *request = begins ? request_create(routes, http, ANSWER_LINES) : NULL;
    struct click_source source = source_of(routes, http, path);
    if (request && !begin_batch(request, &source)) {
        request_free(request);
        request = NULL;
    }
    reader.ctx = request;
    if (!http_exchange_stream_body(http, &reader, config->clickstream.stream_bytes)) {
        if (request)
            request_free(request);
        return;
    }
    if (request)
        http_exchange_on_gone(http, on_gone, request);
    else
        refuse(routes, http, allowed ? CLICK_REFUSED_RATE : CLICK_REFUSED_KEY,
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
    struct click_request *request = request_create(routes, http, answer);
    struct click_source source = source_of(routes, http, path);
    struct json_error error = {"", "out of memory"};
    enum click_refusal refusal = CLICK_REFUSED_RATE;
    bool good = request != NULL;
    if (good) {
        request->body = *body;
        good = read_common(request, &source, &error);
        refusal = good ? CLICK_REFUSED_RATE : CLICK_REFUSED_BODY;
    }
    if (!good || !begin_batch(request, &source)) {
        if (request)
            request_free(request);
        refuse(routes, http, refusal, &error);
        return;
    }
    http_exchange_on_gone(http, on_gone, request);
    pump(request);
}

static void post_events(struct click_routes *routes, const struct click_path *path,
                        struct http_exchange *http) {
    const struct config *config = routes->exchange->config;
    struct click_body body;
    struct json_error error = {"", ""};
    bool is_json = click_body_read(http_exchange_request(http)->body, &body, &error) == 0;
    if (!may_write(routes, http, path, body.write_key)) {
        refuse(routes, http, CLICK_REFUSED_KEY, &bad_key);
    } else if (!is_json) {
        refuse(routes, http, CLICK_REFUSED_BODY, &error);
    } else if (body.count > config->clickstream.batch_events) {
        snprintf(error.path, sizeof error.path, "batch");
        snprintf(error.reason, sizeof error.reason, "must hold at most %u events, holds %u",
                 (unsigned)config->clickstream.batch_events, (unsigned)body.count);
        refuse(routes, http, CLICK_REFUSED_SIZE, &error);
    } else if (!may_begin(routes)) {
        refuse(routes, http, CLICK_REFUSED_RATE, &too_fast);
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
        refuse(routes, http, CLICK_REFUSED_KEY, &bad_key);
        return;
    }
    if (click_user_read(body, &clickstream->rules.limits, &clickstream->scratch, &user, &error) != 0) {
        arena_reset(&clickstream->scratch);
        refuse(routes, http, CLICK_REFUSED_BODY, &error);
        return;
    }
    if (user.user_id.n > 0)
        clickstream_forget_user(clickstream, user.user_id);
    if (user.anonymous_id.n > 0)
        clickstream_forget_user(clickstream, user.anonymous_id);
    arena_reset(&clickstream->scratch);
    respond(routes, http, 200, STR("{\"success\":true}\n"));
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
    buf_init(&routes->answer, 4 * (size_t)PIECE_BYTES + exchange->config->clickstream.answer_bytes);
    return clickstream_init(&routes->clickstream, exchange, exchange->seen);
}

void click_routes_stop(struct click_routes *routes) {
    for (struct click_request *request = routes->live, *next; request; request = next) {
        next = request->next;
        request_free(request);
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
