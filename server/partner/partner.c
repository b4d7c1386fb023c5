/* A partner's admission and bookkeeping; see partner.h. */
#include "partner/partner.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"

#define USUAL_CALLS 16 /* about as many answers make up usual_us */

static void target_options(const struct config *config, const struct config_partner *partner,
                           struct outbound_target_options *options) {
    outbound_target_options_default(options);
    options->name = partner->name.p;
    options->url = partner->url.p;
    options->headers = partner->headers;
    options->http2 = partner->http2;
    options->gzip_request = partner->gzip_request;
    options->gzip_answer = partner->gzip_answer;
    options->ca_file = partner->ca_file.p;
    options->connect_timeout_us = (uint64_t)config->outbound.connect_timeout_ms * 1000;
    options->late_timeout_us = (uint64_t)config->outbound.late_timeout_ms * 1000;
    options->resolve_interval_us = (uint64_t)config->outbound.resolve_interval_ms * 1000;
    options->idle_connection_us = (uint64_t)config->outbound.idle_connection_ms * 1000;
    options->max_in_flight = partner->max_in_flight;
    options->max_late = config->outbound.max_late;
    options->max_connections = partner->max_connections;
    options->max_answer_bytes = config->outbound.answer_bytes;
    options->max_inflated_bytes = config->outbound.inflated_bytes;
    options->max_request_bytes = (size_t)config->http.inflated_bytes * 2;
}

static int partner_init(struct partner *partner, const struct config *config, uint32_t index,
                        const struct partner_set *set, struct outbound *outbound, struct stats_slot *stats,
                        uint64_t now_us, char *error, size_t error_size) {
    const struct config_partner *c = &config->partners[index];
    *partner = (struct partner){.config = c, .index = index, .stats = &stats->partners[index]};
    breaker_init(&partner->breaker, &set->breaker_options, now_us);
    partner->breaker.opened = partner->stats->breaker_opened; /* a restarted front end counts on */
    partner->calls_before = partner->stats->calls;
    pace_init(&partner->pace, &set->pace_options, c->adaptive);
    double rate = (double)c->requests_per_second / config->front_ends;
    token_bucket_init(&partner->rate, rate, rate > 10 ? rate / 10 : 1, now_us);
    struct outbound_target_options options;
    target_options(config, c, &options);
    partner->target = outbound_target_create(outbound, &options, error, error_size);
    return partner->target ? 0 : -1;
}

int partner_set_init(struct partner_set *set, const struct config *config, struct outbound *outbound,
                     struct stats_slot *stats, uint64_t now_us, char *error, size_t error_size) {
    *set = (struct partner_set){
        .breaker_options = {.enabled = config->breaker.enabled,
                            .window_us = (uint64_t)config->breaker.window_ms * 1000,
                            .min_calls = config->breaker.min_calls,
                            .failure_share = config->breaker.failure_share,
                            .open_us = (uint64_t)config->breaker.open_ms * 1000,
                            .open_max_us = (uint64_t)config->breaker.open_max_ms * 1000,
                            .probes = config->breaker.probes},
        .pace_options = {.least_share = config->pace.least_share,
                         .probe_us = (uint64_t)config->pace.probe_ms * 1000,
                         .least_timeout_us = (uint64_t)config->pace.least_timeout_ms * 1000}};
    if (config->partner_count == 0)
        return 0;
    set->items = calloc(config->partner_count, sizeof *set->items);
    if (!set->items) {
        snprintf(error, error_size, "out of memory");
        return -1;
    }
    for (uint32_t i = 0; i < config->partner_count; i++) {
        if (!config->partners[i].enabled)
            continue;
        struct partner *partner = &set->items[set->count++];
        if (partner_init(partner, config, i, set, outbound, stats, now_us, error, error_size) != 0)
            return -1;
    }
    return 0;
}

void partner_set_cleanup(struct partner_set *set) {
    for (uint32_t i = 0; i < set->count; i++)
        outbound_target_destroy(set->items[i].target);
    free(set->items);
    set->items = NULL;
    set->count = 0;
}

static bool skip(struct partner *partner, enum partner_skip why) {
    partner->stats->skips[why]++;
    return false;
}

bool partner_admit(struct partner *partner, uint64_t auction_hash, uint64_t now_us,
                   struct partner_admission *admission) {
    const struct config_partner *c = partner->config;
    if (c->traffic_share < 1) {
        /* The upper 32 bits of the hash, mixed with the partner, as a number in [0, 1). */
        uint64_t mixed = (auction_hash ^ (partner->index * 0x9e3779b97f4a7c15u)) * 0xbf58476d1ce4e5b9u;
        if ((double)(mixed >> 32) * 0x1.0p-32 >= c->traffic_share)
            return skip(partner, PARTNER_SKIP_SHARE);
    }
    /* A front end that has just started knows no names: no reason to open the breaker. */
    if (!outbound_target_resolved(partner->target))
        return skip(partner, PARTNER_SKIP_UNRESOLVED);
    /* A probe of the breaker must not be held back: the breaker decides about it. */
    admission->given_us = admission->had_us;
    bool well = partner->breaker.state == BREAKER_CLOSED;
    if (well && !pace_admit(&partner->pace, now_us, &admission->given_us))
        return skip(partner, PARTNER_SKIP_PACE);
    if (!breaker_admit(&partner->breaker, now_us, &admission->probe))
        return skip(partner, PARTNER_SKIP_BREAKER);
    enum partner_skip why = PARTNER_SKIP_RATE;
    if (token_bucket_take(&partner->rate, now_us)) {
        admission->call = outbound_begin(partner->target);
        if (admission->call) {
            partner->stats->shortened += admission->given_us < admission->had_us;
            return true;
        }
        why = outbound_target_starved(partner->target) ? PARTNER_SKIP_MEMORY : PARTNER_SKIP_IN_FLIGHT;
    }
    breaker_unused(&partner->breaker, admission->probe);
    return skip(partner, why);
}

void partner_unsent(struct partner *partner, struct partner_admission *admission, enum partner_skip why) {
    outbound_discard(admission->call);
    breaker_unused(&partner->breaker, admission->probe);
    partner->stats->skips[why]++;
}

/* What a partner's end says of its health: a bid, a no-bid and a refusal by content are signs of life. */
static bool is_failure(enum partner_outcome outcome) {
    switch (outcome) {
    case PARTNER_BID:
    case PARTNER_NO_BID:
    case PARTNER_ABANDONED:
    case PARTNER_NO_MEMORY:
        return false;
    case PARTNER_BAD_STATUS:
    case PARTNER_BAD_ANSWER:
    case PARTNER_TIMEOUT:
    case PARTNER_CONNECT_FAILED:
    case PARTNER_TLS_FAILED:
    case PARTNER_BROKEN:
    case PARTNER_TOO_LARGE:
    case PARTNER_OUTCOMES:
        return true;
    }
    return true;
}

static bool is_answer(enum partner_outcome outcome) {
    return outcome == PARTNER_BID || outcome == PARTNER_NO_BID;
}

static void learn_usual(struct partner *partner, uint64_t took_us) {
    if (partner->usual_us == 0)
        partner->usual_us = took_us;
    else
        partner->usual_us = (partner->usual_us * (USUAL_CALLS - 1) + took_us) / USUAL_CALLS;
}

/* Errors say nothing about its speed. */
static void learn_pace(struct partner *partner, const struct partner_call_end *end) {
    bool in_time = is_answer(end->outcome);
    if (!in_time && (end->outcome != PARTNER_TIMEOUT || end->behind))
        return;
    bool full = pace_share(&partner->pace) == 1;
    pace_report(&partner->pace, end->had_us, end->took_us, in_time);
    if (full != (pace_share(&partner->pace) == 1))
        log_info("partner", "pace partner=%s asked=%s had_ms=%llu useful_ms=%llu", partner->config->name.p,
                 full ? "less" : "in full", (unsigned long long)end->had_us / 1000,
                 (unsigned long long)partner->pace.useful_us / 1000);
}

void partner_report(struct partner *partner, uint64_t now_us, const struct partner_call_end *end) {
    enum partner_outcome outcome = end->outcome;
    partner->stats->outcomes[outcome]++;
    if (outcome == PARTNER_ABANDONED || outcome == PARTNER_NO_MEMORY) {
        breaker_unused(&partner->breaker, end->probe);
        return;
    }
    histogram_add(&partner->stats->latency, end->took_us);
    worth_call(&partner->worth, end->bytes, end->took_us);
    if (is_answer(outcome))
        learn_usual(partner, end->took_us);
    learn_pace(partner, end);
    if (outcome == PARTNER_TIMEOUT && end->took_us < partner->usual_us) {
        breaker_unused(&partner->breaker, end->probe);
        return;
    }
    enum breaker_state before = partner->breaker.state;
    breaker_result(&partner->breaker, now_us, !is_failure(outcome), end->probe);
    if (partner->breaker.state != before)
        log_info("partner", "breaker partner=%s from=%s to=%s last=%s", partner->config->name.p,
                 breaker_state_name(before), breaker_state_name(partner->breaker.state),
                 partner_outcome_name(outcome));
}

void partner_set_won(const struct partner_set *set, uint32_t index, double usd_cpm) {
    for (uint32_t i = 0; i < set->count; i++)
        if (set->items[i].index == index)
            worth_win(&set->items[i].worth, usd_cpm);
}

double partner_value(const struct partner *partner) {
    return worth_value(&partner->worth);
}

static void publish_calls(const struct partner *partner) {
    const struct outbound_target_stats *before = &partner->calls_before;
    struct outbound_target_stats calls;
    outbound_target_stats(partner->target, &calls);
    calls.connections_opened += before->connections_opened;
    calls.late_answered += before->late_answered;
    calls.late_cut += before->late_cut;
    calls.bytes_out += before->bytes_out;
    calls.bytes_in += before->bytes_in;
    partner->stats->calls = calls;
}

void partner_set_publish(const struct partner_set *set) {
    for (uint32_t i = 0; i < set->count; i++) {
        const struct partner *partner = &set->items[i];
        partner->stats->breaker_state = partner->breaker.state;
        partner->stats->breaker_opened = partner->breaker.opened;
        partner->stats->left_out_permille = (uint64_t)((1 - pace_share(&partner->pace)) * 1000);
        publish_calls(partner);
    }
}
