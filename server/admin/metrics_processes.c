/* Processes and the table; see metrics_processes.h. */
#include "admin/metrics_processes.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "admin/metric_text.h"

typedef unsigned long long ull; /* what printf takes */

/* ---- each process ---- */

/* One process after the other: the supervisor, front ends, workers, the keeper. */
struct cursor {
    const struct processes *processes;
    uint32_t next;
    const struct process_stats *process; /* the one at hand */
    const char *kind;
    uint32_t index;
};

static void point_at(struct cursor *cursor, const char *kind, uint32_t index,
                     const struct process_stats *process) {
    cursor->kind = kind;
    cursor->index = index;
    cursor->process = process;
}

/* False when there are no more. */
static bool next_process(struct cursor *cursor) {
    const struct processes *processes = cursor->processes;
    uint32_t at = cursor->next++;
    uint32_t front_end = at - 1, worker = front_end - processes->front_end_count;
    if (at == 0)
        point_at(cursor, "supervisor", 0, &processes->supervisor);
    else if (front_end < processes->front_end_count)
        point_at(cursor, "front_end", front_end, &processes->front_ends[front_end]);
    else if (worker < processes->worker_count)
        point_at(cursor, "worker", worker, &processes->workers[worker]);
    else if (worker - processes->worker_count < processes->keeper_count)
        point_at(cursor, "keeper", 0, &processes->keeper);
    else
        return false;
    return true;
}

#define MEMORY(field) offsetof(struct process_memory, field)

static const struct {
    const char *kind;
    size_t offset;
} memory_kinds[] = {
    {"rss", MEMORY(resident)},
    {"pss", MEMORY(proportional)},
    {"private", MEMORY(private_bytes)},
    {"shared", MEMORY(shared_bytes)},
    {"table_rss", MEMORY(table_resident)},
    {"table_pss", MEMORY(table_proportional)},
};

static void write_memory(const struct processes *processes, struct buf *out) {
    static const char name[] = "slimbid_process_memory_bytes";
    metric_head(
        out, name,
        "Memory of each process: resident, proportional, private and shared without the ad table, the "
        "table's mapping.",
        METRIC_GAUGE);
    struct cursor cursor = {.processes = processes};
    while (next_process(&cursor))
        for (size_t i = 0; i < COUNT_OF(memory_kinds); i++)
            buf_printf(out, "%s{process=\"%s\",index=\"%u\",kind=\"%s\"} %llu\n", name, cursor.kind,
                       cursor.index, memory_kinds[i].kind,
                       (ull)metric_word(&cursor.process->memory, memory_kinds[i].offset));
}

static void write_process_status(const struct cursor *cursor, struct buf *out) {
    buf_printf(out, "%s{\"process\":\"%s\",\"index\":%u,\"pid\":%llu", cursor->next > 1 ? "," : "",
               cursor->kind, cursor->index, (ull)cursor->process->pid);
    for (size_t i = 0; i < COUNT_OF(memory_kinds); i++)
        buf_printf(out, ",\"%s_bytes\":%llu", memory_kinds[i].kind,
                   (ull)metric_word(&cursor->process->memory, memory_kinds[i].offset));
    buf_add_char(out, '}');
}

/* ---- the table ---- */

#define PROCESSES(field) offsetof(struct processes, field)

static const struct metric_row table_rows[] = {
    {"slimbid_table_generation", "Reloads that brought a table; 0: there is no table in use.", METRIC_GAUGE,
     PROCESSES(table.generation)},
    {"slimbid_table_ads", "Ads in the table loaded last.", METRIC_GAUGE, PROCESSES(table.ads)},
    {"slimbid_table_bytes", "Size of the table loaded last.", METRIC_GAUGE, PROCESSES(table.bytes)},
    {"slimbid_table_hot_bytes", "What matching reads of it.", METRIC_GAUGE, PROCESSES(table.hot_bytes)},
    {"slimbid_table_loaded_seconds", "When it was taken into use, unix time.", METRIC_GAUGE,
     PROCESSES(table.loaded_unix)},
    {"slimbid_table_reloads_total", "Tables taken into use.", METRIC_COUNTER, PROCESSES(table.reloads_ok)},
    {"slimbid_table_refused_total", "Tables refused; the one before went on.", METRIC_COUNTER,
     PROCESSES(table.reloads_refused)},
    {"slimbid_table_damaged_total", "Tables given up: cut short while in use.", METRIC_COUNTER,
     PROCESSES(table.damaged)},
    {"slimbid_worker_restarts_total", "Workers started again after a death.", METRIC_COUNTER,
     PROCESSES(worker_restarts)},
    {"slimbid_workers_ready", "Workers that have a table and queues.", METRIC_GAUGE,
     PROCESSES(workers_ready)},
};

/* ---- each worker ---- */

#define WORKER(field) offsetof(struct worker_stats, field)

static const struct metric_row worker_rows[] = {
    {"slimbid_worker_jobs_total", "Jobs answered, with bids or without.", METRIC_COUNTER, WORKER(jobs)},
    {"slimbid_worker_late_total", "Jobs that came after their deadline.", METRIC_COUNTER, WORKER(late)},
    {"slimbid_worker_no_table_total", "Jobs for a table that the worker does not have.", METRIC_COUNTER,
     WORKER(no_table)},
    {"slimbid_worker_faults_total", "Jobs for a table that is damaged.", METRIC_COUNTER, WORKER(faults)},
    {"slimbid_worker_malformed_total", "Jobs that could not be read.", METRIC_COUNTER, WORKER(malformed)},
    {"slimbid_worker_bids_total", "Bids in answers.", METRIC_COUNTER, WORKER(bids)},
    {"slimbid_worker_bids_cut_total", "Bids left out of answers that had no room for them.", METRIC_COUNTER,
     WORKER(bids_cut)},
    {"slimbid_worker_stalls_total", "Pauses because a front end did not take its answers.", METRIC_COUNTER,
     WORKER(stalls)},
    {"slimbid_worker_batches_total", "Batches of jobs.", METRIC_COUNTER, WORKER(turns)},
    {"slimbid_worker_busy_microseconds_total", "Time spent on jobs.", METRIC_COUNTER, WORKER(busy_us)},
    {"slimbid_worker_generation", "The newest table that the worker has mapped.", METRIC_GAUGE,
     WORKER(generation)},
    {"slimbid_worker_tables", "Tables that the worker has mapped.", METRIC_GAUGE, WORKER(tables)},
};

static void write_workers(const struct processes *processes, struct buf *out) {
    for (size_t i = 0; i < COUNT_OF(worker_rows); i++) {
        const struct metric_row *row = &worker_rows[i];
        metric_head(out, row->name, row->help, row->type);
        for (uint32_t w = 0; w < processes->worker_count; w++)
            buf_printf(out, "%s{worker=\"%u\"} %llu\n", row->name, w,
                       (ull)metric_word(processes->worker_stats[w], row->offset));
    }
}

/* ---- both pages ---- */

void metrics_processes_write(const struct processes *processes, struct buf *out) {
    write_memory(processes, out);
    if (!processes->worker_count)
        return;
    metric_rows(out, table_rows, COUNT_OF(table_rows), processes);
    write_workers(processes, out);
}

void metrics_processes_write_status(const struct processes *processes, struct buf *out) {
    BUF_ADD_LIT(out, ",\"memory\":[");
    struct cursor cursor = {.processes = processes};
    while (next_process(&cursor))
        write_process_status(&cursor, out);
    buf_add_char(out, ']');
    if (!processes->worker_count)
        return;
    const struct table_stats *table = &processes->table;
    buf_printf(out, ",\"table\":{\"generation\":%llu,\"ads\":%llu,\"bytes\":%llu,\"hot_bytes\":%llu,",
               (ull)table->generation, (ull)table->ads, (ull)table->bytes, (ull)table->hot_bytes);
    buf_printf(out, "\"loaded_unix\":%llu,\"reloads\":%llu,\"refused\":%llu,\"damaged\":%llu},",
               (ull)table->loaded_unix, (ull)table->reloads_ok, (ull)table->reloads_refused,
               (ull)table->damaged);
    buf_printf(out, "\"workers_ready\":%llu,\"worker_restarts\":%llu,\"workers\":[",
               (ull)processes->workers_ready, (ull)processes->worker_restarts);
    for (uint32_t w = 0; w < processes->worker_count; w++) {
        const struct worker_stats *worker = processes->worker_stats[w];
        buf_printf(out, "%s{\"pid\":%llu,\"generation\":%llu,\"tables\":%llu,\"jobs\":%llu,\"busy_us\":%llu}",
                   w ? "," : "", (ull)processes->workers[w].pid, (ull)worker->generation, (ull)worker->tables,
                   (ull)worker->jobs, (ull)worker->busy_us);
    }
    buf_add_char(out, ']');
}
