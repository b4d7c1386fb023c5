/* Counters as Prometheus text; see metrics.h. A metric is one row of a table, or one loop over an enum. */
#include "admin/metrics.h"

#include <stdlib.h>

#include "admin/metric_text.h"
#include "admin/metrics_clicks.h"
#include "admin/metrics_events.h"
#include "admin/metrics_keeper.h"
#include "admin/metrics_memory.h"
#include "admin/metrics_processes.h"
#include "version.h"

#define SLOT(field)    offsetof(struct stats_slot, field)
#define PARTNER(field) offsetof(struct partner_stats, field)
#define POOL(field)    offsetof(struct pool_stats, field)
#define HTTP(field)    offsetof(struct http_server_stats, field)

static const struct metric_row slot_rows[] = {
    {"slimbid_auctions_late_total", "Auctions answered after their tmax.", METRIC_COUNTER,
     SLOT(auctions_late)},
    {"slimbid_admission_shedding", "Front ends that refuse requests because they have fallen behind.",
     METRIC_GAUGE, SLOT(admission.shedding)},
    {"slimbid_admission_rate", "Requests a second that those start.", METRIC_GAUGE, SLOT(admission.rate)},
    {"slimbid_admission_storms_total", "Times that a front end began to refuse requests.", METRIC_COUNTER,
     SLOT(admission.storms)},
    {"slimbid_imps_total", "Impressions offered in valid requests.", METRIC_COUNTER, SLOT(imps)},
    {"slimbid_imps_won_total", "Impressions that a bid won.", METRIC_COUNTER, SLOT(imps_won)},
    {"slimbid_arena_bytes", "Request memory in use now.", METRIC_GAUGE, SLOT(arena_bytes)},
    {"slimbid_resident_memory_bytes", "Resident memory of the front ends.", METRIC_GAUGE,
     SLOT(resident_bytes)},
    {"slimbid_heap_allocated_bytes", "Bytes that the program holds from the allocator.", METRIC_GAUGE,
     SLOT(heap_allocated)},
    {"slimbid_heap_active_bytes", "Bytes in the allocator's active pages.", METRIC_GAUGE, SLOT(heap_active)},
    {"slimbid_heap_resident_bytes", "Bytes that the allocator keeps resident.", METRIC_GAUGE,
     SLOT(heap_resident)},
    {"slimbid_heap_retained_bytes", "Address space that the allocator keeps without memory.", METRIC_GAUGE,
     SLOT(heap_retained)},
    {"slimbid_heap_requested_bytes_total",
     "Bytes ever asked from the allocator; still while nothing allocates.", METRIC_COUNTER,
     SLOT(heap_requested)},
};

static const struct metric_row http_rows[] = {
    {"slimbid_http_connections_accepted_total", "Connections accepted.", METRIC_COUNTER,
     HTTP(connections_accepted)},
    {"slimbid_http_connections_open", "Connections open now.", METRIC_GAUGE, HTTP(connections_open)},
    {"slimbid_http_connections_idle", "Connections open and between requests.", METRIC_GAUGE,
     HTTP(connections_idle)},
    {"slimbid_http_requests_total", "Whole requests received.", METRIC_COUNTER, HTTP(requests)},
    {"slimbid_http_clients_gone_total", "Clients that left before their answer.", METRIC_COUNTER,
     HTTP(clients_gone)},
    {"slimbid_http_received_bytes_total", "Bytes received.", METRIC_COUNTER, HTTP(bytes_in)},
    {"slimbid_http_sent_bytes_total", "Bytes sent.", METRIC_COUNTER, HTTP(bytes_out)},
    {"slimbid_http_accept_paused_total", "Times that accepting stopped at a cap.", METRIC_COUNTER,
     HTTP(accept_paused)},
    {"slimbid_http_evicted_idle_total", "Idle connections closed because memory for new ones was short.",
     METRIC_COUNTER, HTTP(evicted_idle)},
    {"slimbid_http_accept_errors_total", "Connections that could not be accepted.", METRIC_COUNTER,
     HTTP(accept_errors)},
};

static const struct metric_row partner_rows[] = {
    {"slimbid_partner_bids_total", "Bids received.", METRIC_COUNTER, PARTNER(bids)},
    {"slimbid_partner_wins_total", "Impressions won.", METRIC_COUNTER, PARTNER(wins)},
    {"slimbid_partner_breaker_opened_total", "Times that the breaker opened.", METRIC_COUNTER,
     PARTNER(breaker_opened)},
    {"slimbid_partner_shortened_total", "Calls that were given less time than the auction had.",
     METRIC_COUNTER, PARTNER(shortened)},
    {"slimbid_partner_left_out_permille",
     "Thousandths of the auctions that it is left out of because it rarely answers in their time; front ends "
     "added "
     "up.",
     METRIC_GAUGE, PARTNER(left_out_permille)},
    {"slimbid_partner_calls_in_flight", "Calls that run now, late ones included.", METRIC_GAUGE,
     PARTNER(calls.in_flight)},
    {"slimbid_partner_calls_late", "Calls that run on after their deadline.", METRIC_GAUGE,
     PARTNER(calls.late)},
    {"slimbid_partner_connections_opened_total", "Connections opened to the partner.", METRIC_COUNTER,
     PARTNER(calls.connections_opened)},
    {"slimbid_partner_late_answered_total", "Late calls that ended well, unused.", METRIC_COUNTER,
     PARTNER(calls.late_answered)},
    {"slimbid_partner_late_cut_total", "Late calls cut at a bound.", METRIC_COUNTER, PARTNER(calls.late_cut)},
    {"slimbid_partner_sent_bytes_total", "Bytes sent to the partner.", METRIC_COUNTER,
     PARTNER(calls.bytes_out)},
    {"slimbid_partner_received_bytes_total", "Bytes received from the partner.", METRIC_COUNTER,
     PARTNER(calls.bytes_in)},
};

static const struct metric_row pool_rows[] = {
    {"slimbid_scoring_jobs_submitted_total", "Scoring jobs given to a worker.", METRIC_COUNTER, POOL(jobs)},
    {"slimbid_scoring_jobs_resubmitted_total",
     "Scoring jobs given to a second worker after the first one's death.", METRIC_COUNTER, POOL(resubmitted)},
    {"slimbid_scoring_bad_answers_total", "Malformed answers; each ends its worker.", METRIC_COUNTER,
     POOL(bad_answers)},
    {"slimbid_scoring_jobs_in_flight", "Scoring jobs that wait for their answer now.", METRIC_GAUGE,
     POOL(in_flight)},
};

/* ---- sections ---- */

static void write_process(const struct stats *stats, struct buf *out) {
    metric_head(out, "slimbid_build_info", "The version that runs; always 1.", METRIC_GAUGE);
    buf_printf(out, "slimbid_build_info{version=\"%s\"} 1\n", SLIMBID_VERSION);
    metric_head(out, "slimbid_front_ends", "Front-end processes.", METRIC_GAUGE);
    metric_value(out, "slimbid_front_ends", "", stats->slot_count);
    metric_head(out, "slimbid_front_end_restarts_total", "Front ends started again after a death.",
                METRIC_COUNTER);
    metric_value(out, "slimbid_front_end_restarts_total", "", stats->restarts);
}

static void write_shed(const struct stats_slot *total, struct buf *out) {
    metric_head(out, "slimbid_requests_shed_total", "Bid requests refused for overload, by reason.",
                METRIC_COUNTER);
    for (int i = 0; i < SHED_REASONS; i++)
        metric_labelled(out, "slimbid_requests_shed_total", "", "reason",
                        shed_reason_name((enum shed_reason)i), total->shed[i]);
    metric_head(out, "slimbid_request_wait_seconds", "What bid requests waited for their turn.",
                METRIC_HISTOGRAM);
    metric_histogram(out, "slimbid_request_wait_seconds", "", &total->waited);
}

static void write_auctions(const struct stats_slot *total, struct buf *out) {
    metric_head(out, "slimbid_requests_total", "Bid requests by how they were answered.", METRIC_COUNTER);
    for (int i = 0; i < REQUEST_OUTCOMES; i++)
        metric_labelled(out, "slimbid_requests_total", "", "outcome",
                        request_outcome_name((enum request_outcome)i), total->requests[i]);
    metric_head(out, "slimbid_auctions_total", "Auctions by why they were cleared.", METRIC_COUNTER);
    for (int i = 0; i < AUCTION_ENDS; i++)
        metric_labelled(out, "slimbid_auctions_total", "", "end", auction_end_name((enum auction_end)i),
                        total->auctions[i]);
    metric_head(out, "slimbid_auctions_running", "Auctions by their state now.", METRIC_GAUGE);
    for (int i = 0; i < AUCTION_DONE; i++)
        metric_labelled(out, "slimbid_auctions_running", "", "state",
                        auction_state_name((enum auction_state)i), total->auctions_live[i]);
    metric_rows(out, slot_rows, COUNT_OF(slot_rows), total);
    metric_head(out, "slimbid_request_duration_seconds", "From a bid request's first byte to its answer.",
                METRIC_HISTOGRAM);
    metric_histogram(out, "slimbid_request_duration_seconds", "", &total->latency);
}

static void write_http(const struct stats_slot *total, struct buf *out) {
    static const char *const refusals[HTTP_REFUSAL_COUNT] = {"400", "408", "413", "414", "417",
                                                             "431", "501", "505", "415", "503"};
    static const char *const phases[] = {"header", "body", "idle", "write"};
    const struct http_server_stats *listeners[] = {&total->http, &total->admin};
    static const char *const names[] = {"listener=\"public\"", "listener=\"admin\""};
    static const char *const more[] = {"listener=\"public\",", "listener=\"admin\","};
    for (size_t i = 0; i < COUNT_OF(http_rows); i++) {
        metric_head(out, http_rows[i].name, http_rows[i].help, http_rows[i].type);
        for (size_t l = 0; l < COUNT_OF(listeners); l++)
            metric_value(out, http_rows[i].name, names[l], metric_word(listeners[l], http_rows[i].offset));
    }
    metric_head(out, "slimbid_http_refused_total", "Requests refused before any handler, by status.",
                METRIC_COUNTER);
    for (size_t l = 0; l < COUNT_OF(listeners); l++)
        for (size_t i = 0; i < COUNT_OF(refusals); i++)
            metric_labelled(out, "slimbid_http_refused_total", more[l], "status", refusals[i],
                            listeners[l]->refused[i]);
    metric_head(out, "slimbid_http_timeouts_total", "Connections that ran out of time, by phase.",
                METRIC_COUNTER);
    for (size_t l = 0; l < COUNT_OF(listeners); l++) {
        const uint64_t values[] = {listeners[l]->timeouts_header, listeners[l]->timeouts_body,
                                   listeners[l]->timeouts_idle, listeners[l]->timeouts_write};
        for (size_t i = 0; i < COUNT_OF(phases); i++)
            metric_labelled(out, "slimbid_http_timeouts_total", more[l], "phase", phases[i], values[i]);
    }
}

/* The rows of partners: the configured ones, then own campaigns where there is a table of them. */
struct partner_row {
    const char *name;
    uint32_t slot; /* in stats_slot.partners */
};

static bool partner_row(const struct config *config, uint32_t i, struct partner_row *row) {
    if (i < config->partner_count) {
        *row = (struct partner_row){config->partners[i].name.p, i};
        return true;
    }
    *row = (struct partner_row){METRICS_OWN_NAME, STATS_OWN};
    return i == config->partner_count && str_present(config->campaigns.table);
}

/* One family over all partners whose values are an array indexed by an enum. */
static void write_partner_enum(const struct config *config, const struct stats_slot *total, struct buf *out,
                               const struct metric_row *metric, const char *label, int count,
                               const char *(*name_of)(int)) {
    struct partner_row row;
    metric_head(out, metric->name, metric->help, metric->type);
    for (uint32_t p = 0; partner_row(config, p, &row); p++) {
        char more[64];
        snprintf(more, sizeof more, "partner=\"%s\",", row.name);
        for (int i = 0; i < count; i++)
            metric_labelled(
                out, metric->name, more, label, name_of(i),
                metric_word(&total->partners[row.slot], metric->offset + (size_t)i * sizeof(uint64_t)));
    }
}

static const char *outcome_label(int i) {
    return partner_outcome_name((enum partner_outcome)i);
}

static const char *skip_label(int i) {
    return partner_skip_name((enum partner_skip)i);
}

static const char *refusal_label(int i) {
    return bid_refusal_name((enum bid_refusal)(i + 1)); /* the first one is "valid" */
}

/* The worst state among the front ends. */
static uint64_t breaker_state_of(const struct stats *stats, uint32_t partner) {
    uint64_t worst = 0;
    for (uint32_t s = 0; s < stats->slot_count; s++)
        if (stats->slots[s].partners[partner].breaker_state > worst)
            worst = stats->slots[s].partners[partner].breaker_state;
    return worst;
}

static void write_partners(const struct config *config, const struct stats *stats,
                           const struct stats_slot *total, struct buf *out) {
    static const struct metric_row calls = {"slimbid_partner_calls_total", "Partner calls by how they ended.",
                                            METRIC_COUNTER, PARTNER(outcomes)};
    static const struct metric_row skips = {"slimbid_partner_skips_total",
                                            "Auctions a partner was not asked about.", METRIC_COUNTER,
                                            PARTNER(skips)};
    static const struct metric_row refused = {"slimbid_partner_bids_refused_total",
                                              "Bids refused, by reason.", METRIC_COUNTER,
                                              PARTNER(refused[1])};
    write_partner_enum(config, total, out, &calls, "outcome", PARTNER_OUTCOMES, outcome_label);
    write_partner_enum(config, total, out, &skips, "reason", PARTNER_SKIPS, skip_label);
    write_partner_enum(config, total, out, &refused, "reason", BID_REFUSALS - 1, refusal_label);
    char labels[64];
    struct partner_row row;
    for (size_t i = 0; i < COUNT_OF(partner_rows); i++) {
        metric_head(out, partner_rows[i].name, partner_rows[i].help, partner_rows[i].type);
        for (uint32_t p = 0; partner_row(config, p, &row); p++) {
            snprintf(labels, sizeof labels, "partner=\"%s\"", row.name);
            metric_value(out, partner_rows[i].name, labels,
                         metric_word(&total->partners[row.slot], partner_rows[i].offset));
        }
    }
    metric_head(out, "slimbid_partner_breaker_state",
                "0 closed, 1 half-open, 2 open; the worst of the front ends.", METRIC_GAUGE);
    for (uint32_t p = 0; p < config->partner_count; p++) {
        snprintf(labels, sizeof labels, "partner=\"%s\"", config->partners[p].name.p);
        metric_value(out, "slimbid_partner_breaker_state", labels, breaker_state_of(stats, p));
    }
    metric_head(out, "slimbid_partner_call_duration_seconds", "From the send to the answer or the deadline.",
                METRIC_HISTOGRAM);
    for (uint32_t p = 0; partner_row(config, p, &row); p++) {
        snprintf(labels, sizeof labels, "partner=\"%s\",", row.name);
        metric_histogram(out, "slimbid_partner_call_duration_seconds", labels,
                         &total->partners[row.slot].latency);
    }
}

/* ---- own campaigns ---- */

/* Of a value that is not summed, the least or the most of the front ends. */
static uint64_t extreme_of(const struct stats *stats, size_t offset, bool most) {
    uint64_t value = metric_word(&stats->slots[0].pool, offset);
    for (uint32_t s = 1; s < stats->slot_count; s++) {
        uint64_t other = metric_word(&stats->slots[s].pool, offset);
        if (most ? other > value : other < value)
            value = other;
    }
    return value;
}

uint64_t metrics_workers_live(const struct stats *stats) {
    return extreme_of(stats, POOL(workers_live), false);
}

uint64_t metrics_generation(const struct stats *stats) {
    return extreme_of(stats, POOL(generation), true);
}

static void write_scoring(const struct stats *stats, const struct stats_slot *total, struct buf *out) {
    static const struct {
        const char *outcome;
        size_t offset;
    } outcomes[] = {
        {"answered", POOL(answered)},
        {"late", POOL(late)},
        {"refused", POOL(refused)},
        {"lost", POOL(lost)},
        {"timed_out", POOL(timed_out)},
        {"abandoned", POOL(abandoned)},
        {"shed_full", POOL(shed_full)},
        {"shed_no_worker", POOL(shed_no_worker)},
        {"shed_too_large", POOL(shed_too_large)},
    };
    metric_head(out, "slimbid_scoring_jobs_total", "Scoring jobs of own campaigns by how they ended.",
                METRIC_COUNTER);
    for (size_t i = 0; i < COUNT_OF(outcomes); i++)
        metric_labelled(out, "slimbid_scoring_jobs_total", "", "outcome", outcomes[i].outcome,
                        metric_word(&total->pool, outcomes[i].offset));
    metric_rows(out, pool_rows, COUNT_OF(pool_rows), &total->pool);
    metric_head(out, "slimbid_scoring_workers_live",
                "Workers that a front end can give jobs to; the fewest of the front ends.", METRIC_GAUGE);
    metric_value(out, "slimbid_scoring_workers_live", "", metrics_workers_live(stats));
    metric_head(out, "slimbid_scoring_generation",
                "Generation of the ad table that jobs ask; 0: none; the highest of the front ends.",
                METRIC_GAUGE);
    metric_value(out, "slimbid_scoring_generation", "", metrics_generation(stats));
}

void metrics_write(const struct config *config, const struct stats *stats, struct buf *out) {
    struct stats_slot *total = malloc(sizeof *total); /* too large for the stack, rare enough for the heap */
    if (!total) {
        out->failed = true;
        return;
    }
    stats_sum(stats, total);
    write_process(stats, out);
    write_auctions(total, out);
    write_shed(total, out);
    write_http(total, out);
    write_partners(config, stats, total, out);
    if (str_present(config->campaigns.table))
        write_scoring(stats, total, out);
    metrics_clicks_write(&total->click, out);
    metrics_events_write(config, total, out);
    metrics_keeper_write(config, stats, total, out);
    metrics_memory_write(&stats->processes.memory, &total->memory, out);
    metrics_processes_write(&stats->processes, out);
    free(total);
}
