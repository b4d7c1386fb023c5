/* Views and clicks of what was answered; see replay_follow.h. */
#include "replay/replay_follow.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/prng.h"
#include "openrtb/openrtb_response.h"

#define TIMEOUT_US   2000000u
#define ARENA_BYTES  (8u << 20)
#define ANSWER_BYTES 65536u
#define EVENTS_PATH  STR("/e/")
#define CLICK_PATH   STR("/e/click?")

struct fetch {
    struct follow *follow;
    struct fetch *next; /* in the free list */
    bool click;
};

struct follow {
    struct outbound_target *target;
    struct loop *loop;
    struct follow_options options;
    struct follow_counts counts;
    struct prng prng;
    struct arena_pool pool;
    struct arena arena;
    struct openrtb_response_limits limits;
    struct buf path;
    struct fetch *fetches, *free;
    size_t under_way;
    void (*on_idle)(void *ctx);
    void *ctx;
};

/* ---- fetching ---- */

static void on_done(void *ctx, const struct outbound_result *result) {
    struct fetch *fetch = ctx;
    struct follow *follow = fetch->follow;
    if (result->outcome != OUTBOUND_ANSWERED)
        follow->counts.lost++;
    else if (result->status < 200 || result->status >= 400)
        follow->counts.refused++;
    else if (fetch->click)
        follow->counts.clicks++;
    else
        follow->counts.views++;
    fetch->next = follow->free;
    follow->free = fetch;
    if (--follow->under_way == 0)
        follow->on_idle(follow->ctx);
}

static void get(struct follow *follow, struct str path, bool click) {
    struct fetch *fetch = follow->free;
    struct outbound_call *call = fetch ? outbound_begin(follow->target) : NULL;
    if (!call || !outbound_call_path(call, path)) {
        follow->counts.lost++;
        if (call)
            outbound_discard(call);
        return;
    }
    follow->free = fetch->next;
    fetch->click = click;
    follow->under_way++;
    outbound_send(call, loop_now(follow->loop) + TIMEOUT_US, on_done, fetch);
}

/* ---- what to fetch ---- */

static struct str from(struct str text, struct str part) {
    const char *at = text.n >= part.n ? memmem(text.p, text.n, part.p, part.n) : NULL;
    return at ? (struct str){at, text.n - (size_t)(at - text.p)} : (struct str){NULL, 0};
}

/* Up to what ends a URL in markup, an escaped & made one again. */
static struct str url_in_markup(struct follow *follow, struct str text) {
    size_t n = 0;
    while (n < text.n && !strchr("\"'<> ]", text.p[n]))
        n++;
    struct buf *path = &follow->path;
    buf_clear(path, path->cap);
    for (size_t i = 0; i < n; i++) {
        buf_add_char(path, text.p[i]);
        if (n - i >= 5 && memcmp(text.p + i, "&amp;", 5) == 0)
            i += 4;
    }
    return path->failed ? (struct str){NULL, 0} : buf_view(path);
}

static bool draw(struct follow *follow, double share) {
    return prng_double(&follow->prng) < share;
}

static void follow_bid(struct follow *follow, const struct openrtb_bid *bid) {
    struct str view = from(bid->burl, EVENTS_PATH);
    if (!str_present(view) || !draw(follow, follow->options.views))
        return;
    get(follow, view, false);
    struct str click = from(bid->adm, CLICK_PATH);
    if (str_present(click) && draw(follow, follow->options.clicks))
        get(follow, url_in_markup(follow, click), true);
}

void follow_answer(struct follow *follow, struct str body) {
    struct openrtb_response response;
    struct openrtb_error error;
    if (openrtb_response_parse(body, &follow->limits, &follow->arena, &response, &error) == 0)
        for (size_t i = 0; i < response.bid_count; i++)
            follow_bid(follow, &response.bids[i]);
    arena_reset(&follow->arena);
}

size_t follow_under_way(const struct follow *follow) {
    return follow->under_way;
}

const struct follow_counts *follow_counts(const struct follow *follow) {
    return &follow->counts;
}

/* ---- life ---- */

static bool make_fetches(struct follow *follow) {
    follow->fetches = calloc(follow->options.connections, sizeof *follow->fetches);
    for (size_t i = 0; follow->fetches && i < follow->options.connections; i++) {
        follow->fetches[i] = (struct fetch){.follow = follow, .next = follow->free};
        follow->free = &follow->fetches[i];
    }
    return follow->fetches != NULL;
}

struct follow *follow_create(struct loop *loop, struct outbound *outbound,
                             const struct follow_options *options, void (*on_idle)(void *ctx), void *ctx,
                             char *error, size_t error_size) {
    struct follow *follow = calloc(1, sizeof *follow);
    snprintf(error, error_size, "out of memory");
    if (!follow)
        return NULL;
    *follow = (struct follow){.loop = loop, .options = *options, .on_idle = on_idle, .ctx = ctx};
    prng_seed(&follow->prng, options->seed);
    arena_pool_init(&follow->pool, 32);
    arena_init(&follow->arena, &follow->pool, ARENA_BYTES);
    openrtb_response_limits_default(&follow->limits);
    buf_init(&follow->path, ANSWER_BYTES);
    struct outbound_target_options target;
    outbound_target_options_default(&target);
    target.name = "follow";
    target.url = options->url;
    target.max_in_flight = target.max_connections = options->connections;
    target.max_answer_bytes = target.max_inflated_bytes = ANSWER_BYTES;
    if (make_fetches(follow))
        follow->target = outbound_target_create(outbound, &target, error, error_size);
    if (follow->target)
        return follow;
    follow_destroy(follow);
    return NULL;
}

void follow_destroy(struct follow *follow) {
    if (!follow)
        return;
    outbound_target_destroy(follow->target);
    arena_reset(&follow->arena);
    arena_pool_cleanup(&follow->pool);
    buf_cleanup(&follow->path);
    free(follow->fetches);
    free(follow);
}
