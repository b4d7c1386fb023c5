/* Events in, results out; see click_request.h. */
#include "web/click_request.h"

#include <stdlib.h>

#include "web/click_reply.h"

#define BEGIN_BYTES   32768u  /* of results; with more, an answer leaves in pieces */
#define PIECE_BYTES   65536u  /* of an answer at a time */
#define TURN_US       2000u   /* a turn that has lasted so long takes one more event of each request */
#define CONTEXT_BYTES 262144u /* what a batch's context may take */

/* ---- a request's life ---- */

void click_request_free(struct click_request *request) {
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

void click_request_on_gone(void *ctx) {
    click_request_free(ctx);
}

static void on_progress(void *ctx) {
    click_request_pump(ctx);
}

static void on_later(void *ctx) {
    struct click_request *request = ctx;
    request->yielded = false;
    click_request_pump(request);
}

struct click_request *click_request_create(struct click_routes *routes, struct http_exchange *http,
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

bool click_request_begin(struct click_request *request, const struct click_source *source) {
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
    click_request_pump(request);
}

static bool send_piece(struct click_request *request, struct str piece) {
    if (http_exchange_send(request->http, piece) != SIZE_MAX)
        return true;
    request->blocked = true; /* or the client is gone, which click_request_on_gone() will tell */
    return false;
}

static void begin_answer(struct click_request *request) {
    bool lines = request->answer == ANSWER_LINES;
    struct http_response head = {
        .status = 200,
        .content_type = lines ? STR("application/x-ndjson") : STR("application/json"),
        .extra_headers = click_reply_headers(request->routes, request->http, STR("")),
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
        .extra_headers = click_reply_headers(routes, request->http, STR("")),
        .body = out->failed ? STR("{\"success\":false}\n") : buf_view(out),
    };
    http_exchange_respond(request->http, &response);
    click_request_free(request);
}

static void end_answer(struct click_request *request) {
    if (request->answer == ANSWER_RESULTS && !send_piece(request, STR("\n]}\n")))
        return;
    http_exchange_end(request->http);
    click_request_free(request);
}

/* Out of memory: nothing that could be said of the results would be true. */
static void give_up(struct click_request *request) {
    if (request->begun)
        http_exchange_reset(request->http);
    else
        click_reply(request->routes, request->http, 500, STR("{\"success\":false}\n"));
    click_request_free(request);
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

void click_request_on_piece(void *ctx, struct str piece) {
    struct click_request *request = ctx;
    if (click_lines_add(&request->lines, piece))
        click_request_pump(request);
    else
        give_up(request);
}

void click_request_on_end(void *ctx) {
    struct click_request *request = ctx;
    request->input_ended = true;
    click_lines_end(&request->lines);
    click_request_pump(request);
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
        click_reply(request->routes, http, 200, STR("{\"success\":true}\n"));
    }
    if (!request->http && click_batch_idle(request->batch))
        click_request_free(request);
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

void click_request_pump(struct click_request *request) {
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
