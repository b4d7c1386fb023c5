/*
 * One request with events, from its head to its answer: events in, a batch that works on them, results out,
 * as far as both ways are open.
 *
 * One of the tracking API is answered when its last event is taken; what it started ends behind it. A request
 * frees itself when it is over; http_exchange_on_gone() ends it before.
 */
#ifndef SLIMBID_WEB_CLICK_REQUEST_H
#define SLIMBID_WEB_CLICK_REQUEST_H

#include "clickstream/click_batch.h"
#include "clickstream/click_body.h"
#include "clickstream/click_lines.h"
#include "web/click_routes.h"

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

/* NULL: no memory, or none of the budget. */
struct click_request *click_request_create(struct click_routes *routes, struct http_exchange *http,
                                           enum click_answer answer) CHECK_RESULT;
void click_request_free(struct click_request *request);
/* Its batch; false: no memory. */
bool click_request_begin(struct click_request *request, const struct click_source *source) CHECK_RESULT;
/* Does what there is to do; the request may be gone afterwards. */
void click_request_pump(struct click_request *request);

/* Called by the HTTP exchange; ctx: the request. */
void click_request_on_gone(void *ctx);
void click_request_on_piece(void *ctx, struct str piece);
void click_request_on_end(void *ctx);

#endif
