/* The budget in figures; see metrics_memory.h. */
#include "admin/metrics_memory.h"

#include "admin/metric_text.h"
#include "budget/container_memory.h"

typedef unsigned long long ull; /* what printf takes */

#define MEMORY(field)  offsetof(struct memory_stats, field)
#define DEALT(field)   offsetof(struct memory_dealt, field)
#define FIGURES(field) offsetof(struct budget_figures, field)

static const struct metric_row dealt_rows[] = {
    {"slimbid_memory_margin_bytes", "Of the limit, never dealt out.", METRIC_GAUGE, DEALT(margin)},
    {"slimbid_memory_idle_bytes", "What the processes take when idle.", METRIC_GAUGE, DEALT(idle)},
    {"slimbid_memory_table_bytes", "Of the limit, left for the table's hot part.", METRIC_GAUGE,
     DEALT(table_room)},
};

static const struct metric_row rows[] = {
    {"slimbid_budget_bytes", "What front ends may charge; 0: no limit.", METRIC_GAUGE, MEMORY(process.limit)},
    {"slimbid_budget_used_bytes", "Charged now.", METRIC_GAUGE, MEMORY(process.used)},
    {"slimbid_budget_peak_bytes", "The most that was ever charged.", METRIC_GAUGE, MEMORY(process.peak)},
    {"slimbid_budget_refused_total", "Charges that did not fit.", METRIC_COUNTER, MEMORY(process.refused)},
    {"slimbid_budget_drift_bytes", "Resident memory beyond what is charged.", METRIC_GAUGE, MEMORY(drift)},
    {"slimbid_budget_lowered_total", "Times that drift lowered what may be charged.", METRIC_COUNTER,
     MEMORY(lowered)},
    {"slimbid_memory_anonymous_bytes", "Resident memory of front ends that is of no file.", METRIC_GAUGE,
     MEMORY(anonymous)},
    {"slimbid_memory_sockets_bytes", "Charged for the kernel's sockets and their buffers.", METRIC_GAUGE,
     MEMORY(reserved)},
    {"slimbid_memory_purges_total", "Times that the allocator was told to give free pages back.",
     METRIC_COUNTER, MEMORY(purges)},
};

static const struct metric_row kind_rows[] = {
    {"slimbid_budget_kind_bytes", "Charged now, by kind.", METRIC_GAUGE, FIGURES(used)},
    {"slimbid_budget_kind_peak_bytes", "The most that was ever charged, by kind.", METRIC_GAUGE,
     FIGURES(peak)},
    {"slimbid_budget_kind_refused_total", "Charges that did not fit, by kind.", METRIC_COUNTER,
     FIGURES(refused)},
};

static uint64_t or_none(uint64_t limit) {
    return limit == CONTAINER_MEMORY_NONE ? 0 : limit;
}

void metrics_memory_write(const struct memory_dealt *dealt, const struct memory_stats *total,
                          struct buf *out) {
    static const char limit[] = "slimbid_memory_limit_bytes";
    metric_head(out, limit, "Memory of all processes together; 0: no limit.", METRIC_GAUGE);
    metric_labelled(out, limit, "", "source", memory_source_name((enum memory_source)dealt->source),
                    or_none(dealt->limit));
    metric_rows(out, dealt_rows, COUNT_OF(dealt_rows), dealt);
    metric_rows(out, rows, COUNT_OF(rows), total);
    for (size_t r = 0; r < COUNT_OF(kind_rows); r++) {
        metric_head(out, kind_rows[r].name, kind_rows[r].help, kind_rows[r].type);
        for (int i = 0; i < BUDGET_KINDS; i++)
            metric_labelled(out, kind_rows[r].name, "", "kind", budget_kind_name((enum budget_kind)i),
                            metric_word(&total->kinds[i], kind_rows[r].offset));
    }
}

void metrics_memory_write_status(const struct memory_dealt *dealt, const struct memory_stats *total,
                                 struct buf *out) {
    buf_printf(out, ",\"budget\":{\"limit_bytes\":%llu,\"source\":\"%s\",\"margin_bytes\":%llu,",
               (ull)or_none(dealt->limit), memory_source_name((enum memory_source)dealt->source),
               (ull)dealt->margin);
    buf_printf(out, "\"idle_bytes\":%llu,\"table_bytes\":%llu,\"dealt_bytes\":%llu,\"used_bytes\":%llu,",
               (ull)dealt->idle, (ull)dealt->table_room, (ull)total->process.limit, (ull)total->process.used);
    buf_printf(out, "\"peak_bytes\":%llu,\"refused\":%llu,\"drift_bytes\":%llu,\"kinds\":{",
               (ull)total->process.peak, (ull)total->process.refused, (ull)total->drift);
    for (int i = 0; i < BUDGET_KINDS; i++)
        buf_printf(out, "%s\"%s\":{\"used_bytes\":%llu,\"peak_bytes\":%llu,\"refused\":%llu}", i ? "," : "",
                   budget_kind_name((enum budget_kind)i), (ull)total->kinds[i].used,
                   (ull)total->kinds[i].peak, (ull)total->kinds[i].refused);
    BUF_ADD_LIT(out, "}}");
}
