/*
 * A JSON body with one event or a batch of them, taken apart without being read: each event's text is given
 * to click_event_read() alone, so that what is wrong in one is its own business.
 *
 * Here is checked only what a batch needs: that it is an object, that its strings and brackets end, that the
 * items of "batch" stand between commas. All of it in one pass, before the first event is given out.
 */
#ifndef SLIMBID_CLICKSTREAM_CLICK_BODY_H
#define SLIMBID_CLICKSTREAM_CLICK_BODY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"
#include "base/str.h"
#include "json/json_reader.h"

struct click_body {
    bool is_batch; /* else the whole text is one event */
    uint32_t count;
    struct str sent_at, context, write_key; /* JSON texts, or absent */
    const char *at, *end;                   /* private: the next event */
};

/* 0, or -1 with what is wrong. text stays the caller's for as long as events are taken. */
int click_body_read(struct str text, struct click_body *body, struct json_error *error) CHECK_RESULT;
/* The next event's text; false when there is none left. */
bool click_body_next(struct click_body *body, struct str *event);

#endif
