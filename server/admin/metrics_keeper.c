/* See metrics_keeper.h. */
#include "admin/metrics_keeper.h"

#include "admin/metric_text.h"

typedef unsigned long long ull; /* what printf takes */

#define KEEPER(field) offsetof(struct keeper_stats, field)
#define EVENTS(field) offsetof(struct event_log_stats, field)

static const struct metric_row front_end_rows[] = {
    {"slimbid_event_log_dropped_total", "Lines that found no room in their ring.", METRIC_COUNTER,
     EVENTS(dropped)},
    {"slimbid_event_log_too_long_total", "Lines longer than a line may be.", METRIC_COUNTER,
     EVENTS(too_long)},
};

static const struct metric_row log_rows[] = {
    {"slimbid_event_log_written_total", "Lines written into files.", METRIC_COUNTER, KEEPER(lines)},
    {"slimbid_event_log_written_bytes_total", "Bytes written into files.", METRIC_COUNTER,
     KEEPER(files.bytes)},
    {"slimbid_event_log_waiting_bytes", "Lines that no file has yet, in bytes of the rings.", METRIC_GAUGE,
     KEEPER(waiting_bytes)},
    {"slimbid_event_log_gap_lines_total", "Numbers that lines of the kind gap stand for.", METRIC_COUNTER,
     KEEPER(gap_lines)},
    {"slimbid_event_log_repeats_total", "Lines found written already after a keeper's death.", METRIC_COUNTER,
     KEEPER(repeats)},
    {"slimbid_event_log_torn_total", "Lines whose checksum did not hold.", METRIC_COUNTER, KEEPER(torn)},
    {"slimbid_event_log_broken_rings", "Front ends whose lines can't be read.", METRIC_GAUGE,
     KEEPER(broken_rings)},
    {"slimbid_event_log_in_memory", "1: no file could be made for lines that wait.", METRIC_GAUGE,
     KEEPER(in_memory)},
    {"slimbid_event_log_files_begun_total", "Files begun.", METRIC_COUNTER, KEEPER(files.begun)},
    {"slimbid_event_log_files_closed_total", "Files closed for good.", METRIC_COUNTER, KEEPER(files.closed)},
    {"slimbid_event_log_files_removed_total", "Old files removed.", METRIC_COUNTER, KEEPER(files.removed)},
    {"slimbid_event_log_syncs_total", "Times that the disk was waited for.", METRIC_COUNTER,
     KEEPER(files.syncs)},
    {"slimbid_event_log_sync_failures_total", "Times that it failed.", METRIC_COUNTER,
     KEEPER(files.sync_failures)},
};

static const struct metric_row ledger_rows[] = {
    {"slimbid_pacing_runs_total", "Rounds of pacing over all campaigns.", METRIC_COUNTER,
     KEEPER(pacing_runs)},
};

static void write_troubles(const struct keeper_stats *keeper, struct buf *out) {
    static const char discarded[] = "slimbid_event_log_discarded_total";
    static const char failures[] = "slimbid_event_log_write_failures_total";
    static const char trouble[] = "slimbid_event_log_trouble";
    metric_head(out, discarded, "Oldest lines given up to make room for new ones, by what kept them.",
                METRIC_COUNTER);
    for (int i = KEEPER_FINE + 1; i < KEEPER_TROUBLES; i++)
        metric_labelled(out, discarded, "", "cause", keeper_trouble_name((enum keeper_trouble)i),
                        keeper->discarded[i]);
    metric_head(out, failures, "Writes that failed, by cause.", METRIC_COUNTER);
    for (int i = KEEPER_FINE + 1; i < KEEPER_SLOW; i++)
        metric_labelled(out, failures, "", "cause", keeper_trouble_name((enum keeper_trouble)i),
                        keeper->failures[i]);
    metric_head(out, trouble, "1: what keeps the event log from being written now.", METRIC_GAUGE);
    for (int i = KEEPER_FINE + 1; i < KEEPER_TROUBLES; i++)
        metric_labelled(out, trouble, "", "cause", keeper_trouble_name((enum keeper_trouble)i),
                        keeper->trouble == (uint64_t)i);
}

void metrics_keeper_write(const struct config *config, const struct stats *stats,
                          const struct stats_slot *total, struct buf *out) {
    const struct processes *processes = &stats->processes;
    if (!processes->keeper_count)
        return;
    metric_head(out, "slimbid_keeper_restarts_total", "Keepers started again after a death.", METRIC_COUNTER);
    metric_value(out, "slimbid_keeper_restarts_total", "", processes->keeper_restarts);
    metric_rows(out, ledger_rows, COUNT_OF(ledger_rows), &processes->keeper_stats);
    if (!str_present(config->event_log.directory))
        return;
    metric_head(out, "slimbid_event_log_lines_total", "Lines that front ends gave to the log, by kind.",
                METRIC_COUNTER);
    for (int i = 0; i < EVENT_KINDS; i++)
        metric_labelled(out, "slimbid_event_log_lines_total", "", "kind", event_kind_name((enum event_kind)i),
                        total->events.lines[i]);
    metric_rows(out, front_end_rows, COUNT_OF(front_end_rows), &total->events);
    metric_rows(out, log_rows, COUNT_OF(log_rows), &processes->keeper_stats);
    write_troubles(&processes->keeper_stats, out);
}

void metrics_keeper_write_status(const struct config *config, const struct stats *stats,
                                 const struct stats_slot *total, struct buf *out) {
    const struct keeper_stats *keeper = &stats->processes.keeper_stats;
    uint64_t logged = 0, discarded = 0;
    if (!stats->processes.keeper_count)
        return;
    buf_printf(out, ",\"keeper\":{\"pid\":%llu,\"restarts\":%llu}", (ull)stats->processes.keeper.pid,
               (ull)stats->processes.keeper_restarts);
    if (!str_present(config->event_log.directory))
        return;
    for (int i = 0; i < EVENT_KINDS; i++)
        logged += total->events.lines[i];
    for (int i = 0; i < KEEPER_TROUBLES; i++)
        discarded += keeper->discarded[i];
    buf_printf(out, ",\"event_log\":{\"lines\":%llu,\"dropped\":%llu,\"too_long\":%llu,\"written\":%llu,",
               (ull)logged, (ull)total->events.dropped, (ull)total->events.too_long, (ull)keeper->lines);
    buf_printf(out, "\"discarded\":%llu,\"waiting_bytes\":%llu,\"trouble\":\"%s\"}", (ull)discarded,
               (ull)keeper->waiting_bytes,
               keeper_trouble_name((enum keeper_trouble)(keeper->trouble % KEEPER_TROUBLES)));
}
