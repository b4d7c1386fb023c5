/* What click events are answered with, but for results: JSON, CORS, and what Segment's libraries expect. */
#ifndef SLIMBID_WEB_CLICK_REPLY_H
#define SLIMBID_WEB_CLICK_REPLY_H

#include "web/click_routes.h"
#include "json/json_reader.h"

/* CORS headers and `more`; valid until the next call. */
struct str click_reply_headers(struct click_routes *routes, struct http_exchange *http, struct str more);
/* Answers and ends the exchange. */
void click_reply(struct click_routes *routes, struct http_exchange *http, int status, struct str body);
/* The same, counted, with the reason. */
void click_reply_refuse(struct click_routes *routes, struct http_exchange *http, enum click_refusal refusal,
                        const struct json_error *error);

#endif
