/* Notices waiting, running and pausing; see notice.h. */
#include "notice/notice.h"

#include <stdlib.h>

#include "base/budget.h"
#include "base/log.h"
#include "notice/notice_host.h"

#define MOST_BYTES (8u << 20) /* of all notices of a front end */

enum notice_state { NOTICE_WAITS, NOTICE_RUNS, NOTICE_PAUSES };

struct notice {
    struct notice_lane *lane;
    struct notice *next, **link; /* in the list of its lane: all of them */
    struct notice *behind;       /* of those that wait */
    struct notice_host *host;
    struct outbound_call *call; /* while it runs */
    struct timer pause;
    enum notice_kind kind;
    enum notice_state state;
    uint32_t tries; /* so far */
    size_t path_bytes;
    char path[];
};

struct notice_lane { /* one partner's */
    struct notices *notices;
    struct notice_stats *stats;
    struct notice_hosts hosts;
    struct notice *all;
    struct notice *first, **last; /* those that wait, in order */
    uint32_t count, running;
};

struct notices {
    const struct config *config;
    struct loop *loop;
    struct budget *budget;
    size_t bytes;
    uint64_t count;
    uint32_t lane_count;
    struct notice_lane lanes[];
};

const char *notice_kind_name(enum notice_kind kind) {
    static const char *const names[NOTICE_KINDS] = {
        [NOTICE_WIN] = "win", [NOTICE_BILLING] = "billing", [NOTICE_LOSS] = "loss"};
    return names[kind];
}

/* ---- making and freeing ---- */

struct notices *notices_create(const struct config *config, struct loop *loop, struct outbound *outbound,
                               struct notice_stats *stats, struct budget *budget) {
    struct notices *notices = calloc(1, sizeof *notices + config->partner_count * sizeof(struct notice_lane));
    if (!notices)
        return NULL;
    notices->config = config;
    notices->loop = loop;
    notices->budget = budget;
    notices->lane_count = config->partner_count;
    for (uint32_t i = 0; i < config->partner_count; i++) {
        struct notice_lane *lane = &notices->lanes[i];
        *lane = (struct notice_lane){.notices = notices, .stats = &stats[i], .last = &lane->first};
        lane->hosts = (struct notice_hosts){
            .config = config, .partner = &config->partners[i], .loop = loop, .outbound = outbound};
    }
    return notices;
}

/* With what the allocator rounds up to. */
static size_t size_of(size_t path_bytes) {
    return (sizeof(struct notice) + path_bytes) / 4 * 5;
}

static void notice_free(struct notice *notice) {
    struct notice_lane *lane = notice->lane;
    timer_disarm(&notice->pause);
    *notice->link = notice->next;
    if (notice->next)
        notice->next->link = notice->link;
    notice->host->notices--;
    lane->notices->bytes -= size_of(notice->path_bytes);
    budget_return(lane->notices->budget, size_of(notice->path_bytes));
    lane->notices->count--;
    lane->stats->waiting = --lane->count;
    free(notice);
}

void notices_destroy(struct notices *notices) {
    if (!notices)
        return;
    for (uint32_t i = 0; i < notices->lane_count; i++) {
        struct notice_lane *lane = &notices->lanes[i];
        struct notice *next;
        for (struct notice *notice = lane->all; notice; notice = next) {
            next = notice->next;
            lane->stats->failed[notice->kind]++;
            notice_free(notice);
        }
        notice_hosts_cleanup(&lane->hosts); /* cuts the calls that run */
    }
    free(notices);
}

uint64_t notices_waiting(const struct notices *notices) {
    return notices ? notices->count : 0;
}

/* ---- taking one ---- */

static void queue_up(struct notice *notice) {
    struct notice_lane *lane = notice->lane;
    notice->state = NOTICE_WAITS;
    notice->behind = NULL;
    *lane->last = notice;
    lane->last = &notice->behind;
}

static void on_pause_over(void *ctx);

/* NULL: no memory, or no more may be taken. */
static struct notice *notice_create(struct notice_lane *lane, struct notice_host *host, enum notice_kind kind,
                                    struct str path) {
    bool slash = path.n > 0 && path.p[0] == '/';
    size_t size = size_of(path.n + !slash);
    if (lane->notices->bytes + size > MOST_BYTES || !budget_charge(lane->notices->budget, size))
        return NULL;
    struct notice *notice = malloc(sizeof *notice + path.n + 1);
    if (!notice) {
        budget_return(lane->notices->budget, size);
        return NULL;
    }
    *notice = (struct notice){.lane = lane, .host = host, .kind = kind, .path_bytes = path.n + !slash};
    notice->path[0] = '/';
    if (path.n)
        memcpy(notice->path + !slash, path.p, path.n);
    timer_init(&notice->pause, lane->notices->loop, on_pause_over, notice);
    notice->next = lane->all;
    notice->link = &lane->all;
    if (lane->all)
        lane->all->link = &notice->next;
    lane->all = notice;
    host->notices++;
    lane->notices->bytes += size;
    lane->notices->count++;
    lane->stats->waiting = ++lane->count;
    return notice;
}

static void lane_run(struct notice_lane *lane);

void notices_send(struct notices *notices, uint32_t partner, enum notice_kind kind, struct str text) {
    struct notice_url url;
    if (!notices || partner >= notices->lane_count)
        return;
    struct notice_lane *lane = &notices->lanes[partner];
    if (!notice_url_read(text, &url) || !notice_url_allowed(lane->hosts.partner, &url)) {
        lane->stats->refused_url++;
        log_debug("notice", "refused partner=%s kind=%s", lane->hosts.partner->name.p,
                  notice_kind_name(kind));
        return;
    }
    struct notice *notice = NULL;
    if (lane->count < notices->config->notices.queue) {
        struct notice_host *host = notice_hosts_find(&lane->hosts, &url);
        notice = host ? notice_create(lane, host, kind, url.path) : NULL;
    }
    if (!notice) {
        lane->stats->shed++;
        return;
    }
    queue_up(notice);
    lane_run(lane);
}

/* ---- sending ---- */

/* Whether it is worth another try. */
static bool may_pass(const struct outbound_result *result) {
    if (result->outcome != OUTBOUND_ANSWERED)
        return result->outcome != OUTBOUND_TOO_LARGE;
    return result->status >= 500 || result->status == 408 || result->status == 429;
}

static bool was_taken(const struct outbound_result *result) {
    return result->outcome == OUTBOUND_ANSWERED && result->status >= 200 && result->status < 400;
}

static void notice_fail(struct notice *notice) {
    notice->lane->stats->failed[notice->kind]++;
    notice_free(notice);
}

/* The pause before the next try; after the last one it has failed. */
static void try_again(struct notice *notice) {
    const struct config *config = notice->lane->notices->config;
    uint64_t pause_us = (uint64_t)config->notices.retry_ms * 1000 << (notice->tries - 1);
    notice->state = NOTICE_PAUSES;
    if (notice->tries >= config->notices.tries ||
        timer_arm(&notice->pause, loop_now(notice->lane->notices->loop) + pause_us) != 0)
        notice_fail(notice);
    else
        notice->lane->stats->retries++;
}

static void on_pause_over(void *ctx) {
    struct notice *notice = ctx;
    queue_up(notice);
    lane_run(notice->lane);
}

static void on_done(void *ctx, const struct outbound_result *result) {
    struct notice *notice = ctx;
    struct notice_lane *lane = notice->lane;
    notice->call = NULL;
    lane->running--;
    log_debug("notice", "done partner=%s kind=%s outcome=%s status=%d", lane->hosts.partner->name.p,
              notice_kind_name(notice->kind), outbound_outcome_name(result->outcome), result->status);
    if (was_taken(result)) {
        lane->stats->sent[notice->kind]++;
        notice_free(notice);
    } else if (may_pass(result)) {
        try_again(notice);
    } else {
        notice_fail(notice);
    }
    lane_run(lane);
}

/* False: it can't run now. */
static bool notice_run(struct notice *notice) {
    struct notice_lane *lane = notice->lane;
    uint64_t timeout_us = (uint64_t)lane->notices->config->notices.timeout_ms * 1000;
    if (!outbound_target_resolved(notice->host->target)) /* a host that is new: its name is looked up */
        return false;
    struct outbound_call *call = outbound_begin(notice->host->target);
    if (!call)
        return false;
    if (!outbound_call_path(call, (struct str){notice->path, notice->path_bytes})) {
        outbound_discard(call);
        return false;
    }
    notice->call = call;
    notice->state = NOTICE_RUNS;
    lane->running++;
    outbound_send(call, loop_now(lane->notices->loop) + timeout_us, on_done, notice);
    return true;
}

/* Starts as many of those that wait as may run. */
static void lane_run(struct notice_lane *lane) {
    while (lane->first && lane->running < lane->notices->config->notices.max_in_flight) {
        struct notice *notice = lane->first;
        lane->first = notice->behind;
        if (!lane->first)
            lane->last = &lane->first;
        notice->tries++;
        if (!notice_run(notice))
            try_again(notice);
    }
}
