/* Looking at memory, and dealing it; see memory_watch.h. */
#include "supervisor/memory_watch.h"

#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/budget.h"
#include "base/log.h"
#include "budget/container_memory.h"
#include "budget/memory_plan.h"
#include "event_log/event_rings.h"

#define FIRST_MS 500 /* after a start: the process has set itself up */
#define LOOK_MS  10000

typedef unsigned long long ull; /* what printf takes */

/* ---- looking ---- */

static void look_at(struct process_stats *process, uint64_t pid) {
    process->pid = pid;
    if (pid && process_memory_read((pid_t)pid, &process->memory) != 0)
        process->memory = (struct process_memory){0};
}

/*
 * The dynamic linker went through the symbol tables of every library, and the supervisor hardly runs again.
 * Pages of code come from their files when they are needed. Writable segments, relocated data among them,
 * stay. Looking at memory touches much of it again.
 */
static int drop_segments(struct dl_phdr_info *object, size_t size, void *ctx) {
    (void)size;
    (void)ctx;
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
        if (segment->p_type != PT_LOAD || (segment->p_flags & PF_W))
            continue;
        uintptr_t start = (object->dlpi_addr + segment->p_vaddr) & ~(page - 1);
        uintptr_t end = object->dlpi_addr + segment->p_vaddr + segment->p_memsz;
        madvise((void *)start, end - start, MADV_DONTNEED);
    }
    return 0;
}

void memory_watch_drop_code(void) {
    dl_iterate_phdr(drop_segments, NULL);
}

static void look_at_all(struct supervisor *sv) {
    struct processes *processes = &sv->stats->processes;
    look_at(&processes->supervisor, (uint64_t)getpid());
    for (uint32_t f = 0; f < sv->config->front_ends; f++)
        look_at(&processes->front_ends[f], (uint64_t)sv->front_ends[f].pid);
    if (processes->keeper_count)
        look_at(&processes->keeper, (uint64_t)sv->keeper.pid);
    for (uint32_t w = 0; w < sv->worker_count; w++)
        look_at(&processes->workers[w], (uint64_t)sv->workers[w].child.pid);
}

/* ---- what is taken when idle ---- */

static uint64_t less(uint64_t a, uint64_t b) {
    return a > b ? a - b : 0;
}

/* What several map is counted in parts; the table, which the plan has a place for, not at all. */
static uint64_t taken_by(const struct process_stats *process) {
    return less(process->memory.proportional, process->memory.table_proportional);
}

/*
 * A front end grows with its traffic, so the first look at it counts, less what it had charged by then; one
 * that follows another may have more to do at its first look, not less, so the largest of all stays.
 */
static void learn_idle(struct supervisor *sv, uint32_t f) {
    const struct process_stats *process = &sv->stats->processes.front_ends[f];
    const struct memory_stats *memory = &sv->stats->slots[f].memory;
    uint64_t taken = taken_by(process);
    if (!process->pid || !taken || sv->idle[f].pid == (pid_t)process->pid)
        return;
    uint64_t idle = less(taken, less(memory->process.used, memory->reserved));
    if (idle > sv->idle[f].bytes)
        sv->idle[f].bytes = idle;
    sv->idle[f].pid = (pid_t)process->pid;
}

static uint64_t taken_or_guess(const struct process_stats *process) {
    uint64_t taken = taken_by(process);
    return taken ? taken : MEMORY_PLAN_OTHER_BYTES;
}

/* Of all processes; a guess for those that were not looked at yet. */
static uint64_t idle_of_all(const struct supervisor *sv) {
    const struct processes *processes = &sv->stats->processes;
    uint64_t sum = taken_or_guess(&processes->supervisor);
    if (sv->event_rings) /* hardly touched when idle, and whole in the end */
        sum += event_rings_bytes(sv->event_rings);
    if (processes->keeper_count)
        sum += taken_or_guess(&processes->keeper);
    for (uint32_t f = 0; f < sv->config->front_ends; f++)
        sum += sv->idle[f].bytes ? sv->idle[f].bytes : MEMORY_PLAN_FRONT_END_BYTES;
    for (uint32_t w = 0; w < sv->worker_count; w++)
        sum += taken_or_guess(&processes->workers[w]);
    return sum;
}

/* ---- dealing ---- */

/* Says what was dealt when it is the first time or much has changed, and what does not fit. */
static void log_deal(const struct memory_dealt *dealt, uint64_t share_before, uint64_t hot_bytes) {
    uint64_t change = less(dealt->share, share_before) + less(share_before, dealt->share);
    if (dealt->deals > 1 && change <= share_before / 8)
        return;
    if (dealt->share == BUDGET_UNLIMITED) {
        log_info("supervisor", "memory: there is no limit");
        return;
    }
    log_info("supervisor", "memory limit=%llu source=%s margin=%llu idle=%llu table=%llu share=%llu",
             (ull)dealt->limit, memory_source_name((enum memory_source)dealt->source), (ull)dealt->margin,
             (ull)dealt->idle, (ull)dealt->table_room, (ull)dealt->share);
    if (dealt->share == MEMORY_PLAN_LEAST_SHARE)
        log_warn("supervisor", "memory is too small: hardly anything is left for traffic");
    if (dealt->table_room < hot_bytes)
        log_warn("supervisor",
                 "the table's hot part does not fit: own campaigns will be slow hot_bytes=%llu room=%llu",
                 (ull)hot_bytes, (ull)dealt->table_room);
}

static void deal(struct supervisor *sv) {
    struct processes *processes = &sv->stats->processes;
    struct memory_dealt *dealt = &processes->memory;
    uint64_t share_before = dealt->share;
    uint64_t hot_bytes = processes->table.generation ? processes->table.hot_bytes : 0;
    struct memory_plan plan = {.limit = dealt->limit,
                               .margin = dealt->margin,
                               .idle = idle_of_all(sv),
                               .table = hot_bytes,
                               .front_ends = sv->config->front_ends};
    dealt->idle = plan.idle;
    dealt->table_room = memory_plan_table_room(&plan);
    dealt->share = memory_plan_share(&plan);
    dealt->deals++;
    log_deal(dealt, share_before, hot_bytes);
}

void memory_watch_init(struct supervisor *sv) {
    struct memory_dealt *dealt = &sv->stats->processes.memory;
    const struct config *config = sv->config;
    struct container_memory container;
    container_memory_read("", &container);
    uint64_t budget = (uint64_t)config->memory.budget_mib << 20;
    bool smaller = budget && budget < container.limit;
    dealt->limit = smaller ? budget : container.limit;
    dealt->source = smaller ? MEMORY_SOURCE_CONFIG : container.source;
    dealt->margin = memory_plan_margin(dealt->limit, config->memory.margin_mib);
    uint64_t connections = (uint64_t)config->front_ends * config->http.max_connections;
    uint32_t buffer = memory_plan_buffer(dealt->limit, connections);
    uint32_t receive = config->http.receive_buffer_bytes, send = config->http.send_buffer_bytes;
    dealt->receive_buffer = receive ? receive : buffer;
    dealt->send_buffer = send ? send : buffer;
    sv->memory_at_ms = child_now_ms() + FIRST_MS;
    deal(sv);
}

void memory_watch_soon(struct supervisor *sv) {
    int64_t at_ms = child_now_ms() + FIRST_MS;
    if (at_ms < sv->memory_at_ms)
        sv->memory_at_ms = at_ms;
}

int64_t memory_watch_tick(struct supervisor *sv) {
    int64_t now = child_now_ms();
    if (now < sv->memory_at_ms)
        return sv->memory_at_ms - now;
    look_at_all(sv);
    for (uint32_t f = 0; f < sv->config->front_ends; f++)
        learn_idle(sv, f);
    deal(sv);
    memory_watch_drop_code();
    sv->memory_at_ms = now + LOOK_MS;
    return LOOK_MS;
}
