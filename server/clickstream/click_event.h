/*
 * A click event: what a tracker saw somebody do, in the shape of Segment's specification
 * (segment.com/docs/connections/spec/common).
 *
 * It is read strictly: what is named here has its type, what is not may be anything. Strings are views into
 * the event's text or into the arena. Nothing in it is believed but for the time, which is corrected.
 */
#ifndef SLIMBID_CLICKSTREAM_CLICK_EVENT_H
#define SLIMBID_CLICKSTREAM_CLICK_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/macros.h"
#include "base/str.h"
#include "stats/click_stats.h"
#include "json/json_reader.h"

#define CLICK_ID_BYTES        256u /* of messageId, userId and the like */
#define CLICK_MOST_CATEGORIES 8u

struct click_page {
    struct str url, path, referrer, title, search;
};

/* All absent when not said. */
struct click_context {
    struct str ip, user_agent, locale, timezone;
    struct click_page page;
    struct str os_name, os_version;
    struct str app_name, app_version, app_bundle;
    struct str device_make, device_model, device_type, device_ad_id;
    double screen_width, screen_height, screen_density; /* 0 when not said */
    bool ad_tracking;                                   /* true when not said */
};

struct click_event {
    enum click_type type; /* CLICK_TYPES: not said */
    struct str message_id;
    struct str user_id, anonymous_id;
    struct str group_id, previous_id;
    struct str event;    /* what a track event is about */
    struct str name;     /* of a page or screen */
    struct str category; /* of a page */
    struct str timestamp, sent_at, original_timestamp;
    struct str write_key;
    struct click_context context;
    struct json_members properties;
};

struct click_event_rules {
    struct json_limits limits;
    uint32_t event_bytes;
    enum click_type fallback; /* of an event that names no type; CLICK_TYPES: that is an error */
};

/* 0, or -1 with the path and the reason in error. */
int click_event_read(struct str text, const struct click_event_rules *rules, struct arena *arena,
                     struct click_event *event, struct json_error *error) CHECK_RESULT;
/* Only a "context", of a batch. */
int click_context_read(struct str text, const struct json_limits *limits, struct arena *arena,
                       struct click_context *context, struct json_error *error) CHECK_RESULT;
/* {"userId": ..., "anonymousId": ...}: one of them at least. */
struct click_user {
    struct str user_id, anonymous_id;
};
int click_user_read(struct str text, const struct json_limits *limits, struct arena *arena,
                    struct click_user *user, struct json_error *error) CHECK_RESULT;
/* Fills in from more what context does not say. */
void click_context_merge(struct click_context *context, const struct click_context *more);

/* Who it is about: userId, else anonymousId. Never absent in an event that was read. */
struct str click_event_user(const struct click_event *event);
/* The page's facts: of the properties, else of the context; path taken out of the url when it is missing. */
struct click_page click_event_page(const struct click_event *event, struct arena *arena);
/* When it happened, by our clock; batch_sent_us: the batch's sentAt, or CLICK_TIME_NONE. */
int64_t click_event_time(const struct click_event *event, int64_t batch_sent_us, int64_t received_us);

/* Categories that a view or an action tells: `category`, properties.category, properties.categories. Those
 * too long for an interest are left out. Returns how many. */
uint32_t click_event_categories(const struct click_event *event, struct arena *arena,
                                struct str out[CLICK_MOST_CATEGORIES]);

#endif
