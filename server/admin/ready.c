/* See ready.h. */
#include "admin/ready.h"

struct condition {
    const char *name;
    bool ok, required;
    const char *reason; /* when it does not hold */
    uint64_t since;     /* unix seconds; 0: not known */
};

static void write_condition(const struct condition *condition, bool *first, struct buf *out) {
    buf_printf(out, "%s{\"name\":\"%s\",\"ok\":%s,\"required\":%s", *first ? "" : ",", condition->name,
               condition->ok ? "true" : "false", condition->required ? "true" : "false");
    if (!condition->ok)
        buf_printf(out, ",\"reason\":\"%s\"", condition->reason);
    if (!condition->ok && condition->since)
        buf_printf(out, ",\"since\":%llu", (unsigned long long)condition->since);
    buf_add_char(out, '}');
    *first = false;
}

/* It is written, and what waits would survive. */
static struct condition event_log(const struct config *config, const struct stats *stats) {
    const struct keeper_stats *keeper = &stats->processes.keeper_stats;
    struct condition condition = {.name = "event_log", .ok = true, .required = config->event_log.required};
    if (keeper->trouble != KEEPER_FINE) {
        condition.ok = false;
        condition.reason = keeper_trouble_name((enum keeper_trouble)(keeper->trouble % KEEPER_TROUBLES));
        condition.since = keeper->trouble_since;
    } else if (keeper->broken_rings) {
        condition.ok = false;
        condition.reason = "broken_ring";
    } else if (keeper->in_memory) {
        condition.ok = false;
        condition.reason = "in_memory";
    }
    return condition;
}

bool ready_write(const struct config *config, const struct stats *stats, bool draining, struct buf *out) {
    const struct processes *processes = &stats->processes;
    struct condition conditions[8];
    size_t count = 0;
    conditions[count++] =
        (struct condition){.name = "serving", .ok = !draining, .required = true, .reason = "draining"};
    if (str_present(config->campaigns.table))
        conditions[count++] = (struct condition){
            .name = "ad_table", .ok = processes->table.generation > 0, .reason = "no_table"};
    if (processes->keeper_count)
        conditions[count++] =
            (struct condition){.name = "keeper", .ok = processes->keeper.pid != 0, .reason = "not_running"};
    if (processes->keeper_count && str_present(config->ledger.file))
        conditions[count++] = (struct condition){
            .name = "ledger", .ok = !processes->keeper_stats.ledger_trouble, .reason = "not_synced"};
    if (str_present(config->event_log.directory))
        conditions[count++] = event_log(config, stats);
    bool ready = true, first = true;
    for (size_t i = 0; i < count; i++)
        ready = ready && (conditions[i].ok || !conditions[i].required);
    buf_printf(out, "{\"ready\":%s,\"conditions\":[", ready ? "true" : "false");
    for (size_t i = 0; i < count; i++)
        write_condition(&conditions[i], &first, out);
    BUF_ADD_LIT(out, "]}\n");
    return ready;
}
