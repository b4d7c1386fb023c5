/* GET /status: the counters that a person asks for first, as JSON; see metrics.h. */
#include <stdlib.h>
#include <time.h>

#include "admin/metrics.h"
#include "admin/metrics_clicks.h"
#include "admin/metrics_keeper.h"
#include "admin/metrics_memory.h"
#include "admin/metrics_processes.h"
#include "partner/breaker.h"
#include "version.h"

static void write_partner(const char *name, bool enabled, const struct partner_stats *partner,
                          struct buf *out) {
    uint64_t calls = 0;
    for (int i = 0; i < PARTNER_OUTCOMES; i++)
        calls += partner->outcomes[i];
    uint64_t skipped = 0;
    for (int i = 0; i < PARTNER_SKIPS; i++)
        skipped += partner->skips[i];
    uint64_t refused = 0;
    for (int i = BID_VALID + 1; i < BID_REFUSALS; i++)
        refused += partner->refused[i];
    buf_printf(out, "{\"name\":\"%s\",\"enabled\":%s,\"calls\":%llu,\"skipped\":%llu,\"bids\":%llu,", name,
               enabled ? "true" : "false", (unsigned long long)calls, (unsigned long long)skipped,
               (unsigned long long)partner->bids);
    buf_printf(out, "\"wins\":%llu,\"refused\":%llu,\"timeouts\":%llu,\"in_flight\":%llu,",
               (unsigned long long)partner->wins, (unsigned long long)refused,
               (unsigned long long)partner->outcomes[PARTNER_TIMEOUT],
               (unsigned long long)partner->calls.in_flight);
    buf_printf(out, "\"connections_opened\":%llu,\"share\":%.3f,\"breaker\":\"%s\"}",
               (unsigned long long)partner->calls.connections_opened,
               1 - (double)(partner->left_out_permille % 1001) / 1000,
               breaker_state_name((enum breaker_state)(partner->breaker_state % 3)));
}

static void write_front_end(const struct stats_slot *slot, struct buf *out) {
    uint64_t running = 0;
    for (int i = 0; i < AUCTION_DONE; i++)
        running += slot->auctions_live[i];
    buf_printf(out, "{\"pid\":%llu,\"uptime_s\":%llu,\"connections\":%llu,\"auctions_running\":%llu,",
               (unsigned long long)slot->pid, (unsigned long long)((uint64_t)time(NULL) - slot->started_unix),
               (unsigned long long)slot->http.connections_open, (unsigned long long)running);
    buf_printf(out, "\"resident_bytes\":%llu}", (unsigned long long)slot->resident_bytes);
}

static void write_admission(const struct stats_slot *total, struct buf *out) {
    buf_printf(out, ",\"admission\":{\"shedding\":%llu,\"rate\":%llu,\"storms\":%llu,\"shed\":{",
               (unsigned long long)total->admission.shedding, (unsigned long long)total->admission.rate,
               (unsigned long long)total->admission.storms);
    for (int i = 0; i < SHED_REASONS; i++)
        buf_printf(out, "%s\"%s\":%llu", i ? "," : "", shed_reason_name((enum shed_reason)i),
                   (unsigned long long)total->shed[i]);
    BUF_ADD_LIT(out, "}}");
}

static void write_scoring(const struct stats *stats, const struct pool_stats *pool, struct buf *out) {
    uint64_t shed = pool->shed_full + pool->shed_no_worker + pool->shed_too_large;
    uint64_t failed = pool->late + pool->refused + pool->lost + pool->timed_out;
    buf_printf(out, ",\"scoring\":{\"generation\":%llu,\"workers_live\":%llu,\"in_flight\":%llu,",
               (unsigned long long)metrics_generation(stats), (unsigned long long)metrics_workers_live(stats),
               (unsigned long long)pool->in_flight);
    buf_printf(out, "\"jobs\":%llu,\"answered\":%llu,\"failed\":%llu,\"abandoned\":%llu,\"shed\":%llu,",
               (unsigned long long)pool->jobs, (unsigned long long)pool->answered, (unsigned long long)failed,
               (unsigned long long)pool->abandoned, (unsigned long long)shed);
    buf_printf(out, "\"resubmitted\":%llu}", (unsigned long long)pool->resubmitted);
}

void metrics_write_status(const struct config *config, const struct stats *stats, struct buf *out) {
    struct stats_slot *total = malloc(sizeof *total);
    if (!total) {
        out->failed = true;
        return;
    }
    stats_sum(stats, total);
    buf_printf(
        out,
        "{\"status\":\"ok\",\"version\":\"%s\",\"supervisor_pid\":%llu,\"restarts\":%llu,\"front_ends\":[",
        SLIMBID_VERSION, (unsigned long long)stats->supervisor_pid, (unsigned long long)stats->restarts);
    for (uint32_t s = 0; s < stats->slot_count; s++) {
        if (s)
            buf_add_char(out, ',');
        write_front_end(&stats->slots[s], out);
    }
    BUF_ADD_LIT(out, "],\"requests\":{");
    for (int i = 0; i < REQUEST_OUTCOMES; i++)
        buf_printf(out, "%s\"%s\":%llu", i ? "," : "", request_outcome_name((enum request_outcome)i),
                   (unsigned long long)total->requests[i]);
    buf_printf(out, "},\"imps\":%llu,\"imps_won\":%llu,\"auctions_late\":%llu,\"partners\":[",
               (unsigned long long)total->imps, (unsigned long long)total->imps_won,
               (unsigned long long)total->auctions_late);
    for (uint32_t p = 0; p < config->partner_count; p++) {
        if (p)
            buf_add_char(out, ',');
        /* A breaker and a share have no sum: the first front end's stand for all here. */
        total->partners[p].breaker_state = stats->slots[0].partners[p].breaker_state;
        total->partners[p].left_out_permille = stats->slots[0].partners[p].left_out_permille;
        write_partner(config->partners[p].name.p, config->partners[p].enabled, &total->partners[p], out);
    }
    if (str_present(config->campaigns.table)) {
        if (config->partner_count)
            buf_add_char(out, ',');
        write_partner(METRICS_OWN_NAME, true, &total->partners[STATS_OWN], out);
    }
    buf_add_char(out, ']');
    write_admission(total, out);
    if (str_present(config->campaigns.table))
        write_scoring(stats, &total->pool, out);
    metrics_clicks_write_status(&total->click, out);
    metrics_keeper_write_status(config, stats, total, out);
    metrics_memory_write_status(&stats->processes.memory, &total->memory, out);
    metrics_processes_write_status(&stats->processes, out);
    BUF_ADD_LIT(out, "}\n");
    free(total);
}
