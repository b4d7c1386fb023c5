/* The keeper's loop; see keeper.h. */
#include "keeper/keeper.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/loop.h"
#include "keeper/ledger_syncer.h"
#include "keeper/log_drain.h"
#include "keeper/log_writer.h"
#include "ledger/pacing.h"
#include "stats/allocator.h"

#define BUSY_US  5000u  /* between looks at the rings while there is something in them */
#define IDLE_US  25000u /* and while there is not: the smallest ring takes what comes meanwhile */
#define DECAY_US 1000000u
#define RETRY_US 500000u  /* after a failure */
#define SLOW_US  2000000u /* a write that takes longer is trouble */
#define DRAIN_US 5000000u /* for what is left when nobody else lives */

struct keeper {
    const struct config *config;
    const struct keeper_start *start;
    struct keeper_stats *stats;
    struct loop *loop;
    struct timer tick, pacing;
    struct watch *life, *written;
    struct log_drain drain;
    struct log_writer *writer;    /* NULL: the files' last lines are not known yet */
    uint64_t given_us;            /* when the batch in flight was given to the writer */
    uint64_t retry_us;            /* not before that; 0: no failure */
    struct ledger_syncer *syncer; /* NULL: the ledger has no file */
    struct pacing_state *paced;   /* of each campaign; NULL: there is no ledger */
    uint64_t decay_us;
    bool draining;
    uint64_t drain_until_us;
};

/* ---- trouble ---- */

static void set_trouble(struct keeper *keeper, enum keeper_trouble trouble, int error) {
    struct keeper_stats *stats = keeper->stats;
    enum keeper_trouble before = (enum keeper_trouble)stats->trouble;
    if (trouble == before)
        return;
    stats->trouble = trouble;
    stats->trouble_since = (uint64_t)time(NULL);
    const char *directory = keeper->config->event_log.directory.p;
    if (trouble == KEEPER_FINE)
        log_info("keeper", "the event log is written again: %s", directory);
    else
        log_error("keeper", "the event log is not written: %s: cause=%s %s", directory,
                  keeper_trouble_name(trouble), error ? strerror(error) : "");
}

static void failed(struct keeper *keeper, int error) {
    enum keeper_trouble trouble = keeper_trouble_of(error);
    keeper->stats->failures[trouble]++;
    keeper->retry_us = loop_now(keeper->loop) + RETRY_US;
    set_trouble(keeper, trouble, error);
}

static enum keeper_trouble trouble_now(const struct keeper *keeper) {
    enum keeper_trouble trouble = (enum keeper_trouble)keeper->stats->trouble;
    return trouble == KEEPER_FINE ? KEEPER_SLOW : trouble;
}

/* ---- the event log ---- */

static void on_written(void *ctx, int fd, unsigned ready);

/* Once the files can be read. */
static void start_writer(struct keeper *keeper) {
    const struct config *config = keeper->config;
    const struct log_file_options options = {
        .directory = config->event_log.directory.p,
        .stats = &keeper->stats->files,
        .rotate_bytes = config->event_log.rotate_bytes,
        .rotate_s = config->event_log.rotate_s,
        .keep_files = config->event_log.keep_files,
        .keep_bytes = (uint64_t)config->event_log.keep_mib << 20,
    };
    if (log_drain_recover(&keeper->drain, options.directory) != 0) {
        failed(keeper, errno);
        return;
    }
    keeper->writer = log_writer_create(&options, config->event_log.sync_ms);
    if (!keeper->writer) {
        failed(keeper, errno);
        return;
    }
    keeper->written = watch_create(keeper->loop, log_writer_fd(keeper->writer), on_written, keeper);
    if (!keeper->written || watch_set(keeper->written, WATCH_READ) != 0)
        log_error("keeper", "no memory for a watch: batches are written at each tick");
    keeper->stats->working = 1;
}

static void give(struct keeper *keeper) {
    if (!log_drain_collect(&keeper->drain, keeper->draining))
        return;
    keeper->given_us = loop_now(keeper->loop);
    log_writer_give(keeper->writer, keeper->drain.batch.p, keeper->drain.batch.n);
}

static void take(struct keeper *keeper) {
    size_t taken = 0;
    int error = 0;
    if (!keeper->drain.in_flight || !log_writer_take(keeper->writer, &taken, &error))
        return;
    log_drain_done(&keeper->drain, taken, error ? keeper_trouble_of(error) : KEEPER_SLOW);
    if (error) {
        failed(keeper, error);
        return;
    }
    keeper->retry_us = 0;
    int sync_error = log_writer_sync_error(keeper->writer);
    set_trouble(keeper, keeper_trouble_of(sync_error), sync_error);
}

/* A batch that was full is followed by the next one at once; else lines are waited for, lest each becomes a
 * batch of its own. */
static void on_written(void *ctx, int fd, unsigned ready) {
    (void)fd;
    (void)ready;
    struct keeper *keeper = ctx;
    bool full = keeper->drain.batch.n > LOG_DRAIN_BATCH_BYTES / 2;
    take(keeper);
    if (full && !keeper->drain.in_flight && !keeper->retry_us)
        give(keeper);
}

static void look_at_rings(struct keeper *keeper) {
    uint64_t now = loop_now(keeper->loop);
    bool may_try = now >= keeper->retry_us;
    if (!keeper->writer && may_try)
        start_writer(keeper);
    if (keeper->writer) {
        take(keeper);
        if (!keeper->drain.in_flight && may_try)
            give(keeper);
    }
    if (keeper->drain.in_flight && now >= keeper->given_us + SLOW_US && keeper->stats->trouble == KEEPER_FINE)
        set_trouble(keeper, KEEPER_SLOW, 0);
    if (keeper->drain.in_flight || keeper->retry_us || !keeper->writer)
        log_drain_relieve(&keeper->drain, trouble_now(keeper));
    keeper->stats->waiting_bytes = log_drain_waiting(&keeper->drain);
}

/* ---- the ledger ---- */

static void on_pacing(void *ctx) {
    struct keeper *keeper = ctx;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    struct ledger *ledger = keeper->start->ledger;
    pacing_run(ledger, keeper->config->campaigns.pacing, keeper->paced, ledger_sizes(ledger)->campaigns,
               (double)now.tv_sec + (double)now.tv_nsec / 1e9);
    keeper->stats->pacing_runs++;
    uint64_t next = loop_now(keeper->loop) + (uint64_t)PACING_INTERVAL_MS * 1000;
    if (timer_arm(&keeper->pacing, next) != 0)
        loop_stop(keeper->loop); /* no memory: the next keeper has some */
}

static int start_ledger(struct keeper *keeper) {
    struct ledger *ledger = keeper->start->ledger;
    if (!ledger)
        return 0;
    timer_init(&keeper->pacing, keeper->loop, on_pacing, keeper);
    keeper->paced = calloc(ledger_sizes(ledger)->campaigns, sizeof *keeper->paced);
    if (!keeper->paced || timer_arm(&keeper->pacing, loop_now(keeper->loop)) != 0)
        return -1;
    if (!str_present(keeper->config->ledger.file))
        return 0;
    keeper->syncer = ledger_syncer_create(ledger, keeper->config->ledger.sync_ms, keeper->stats);
    return keeper->syncer ? 0 : -1;
}

/* ---- the loop ---- */

static bool has_drained(struct keeper *keeper) {
    if (!keeper->start->event_rings)
        return true;
    return !keeper->drain.in_flight && keeper->writer && keeper->stats->waiting_bytes == 0;
}

static uint64_t pause_us(const struct keeper *keeper) {
    if (!keeper->start->event_rings)
        return DECAY_US;
    bool busy = keeper->draining || keeper->drain.in_flight || keeper->stats->waiting_bytes > 0;
    return busy ? BUSY_US : IDLE_US;
}

static void on_tick(void *ctx) {
    struct keeper *keeper = ctx;
    uint64_t now = loop_now(keeper->loop);
    if (keeper->start->event_rings)
        look_at_rings(keeper);
    if (now >= keeper->decay_us) {
        keeper->decay_us = now + DECAY_US;
        allocator_decay();
    }
    bool done = keeper->draining && (has_drained(keeper) || now >= keeper->drain_until_us);
    if (done || timer_arm(&keeper->tick, now + pause_us(keeper)) != 0)
        loop_stop(keeper->loop); /* for want of memory, too: the next keeper has some */
}

static void on_life(void *ctx, int fd, unsigned ready) {
    (void)ready;
    struct keeper *keeper = ctx;
    char byte;
    if (read(fd, &byte, sizeof byte) != 0)
        return; /* nobody writes into it */
    watch_destroy(keeper->life);
    keeper->life = NULL;
    keeper->draining = true;
    keeper->drain_until_us = loop_now(keeper->loop) + DRAIN_US;
    keeper->retry_us = 0;
    on_tick(keeper);
}

/* ---- set-up ---- */

static void ignore_signals(void) {
    static const int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGPIPE, SIGXFSZ};
    for (size_t i = 0; i < COUNT_OF(signals); i++)
        signal(signals[i], SIG_IGN);
}

static int begin(struct keeper *keeper) {
    keeper->loop = loop_create();
    if (!keeper->loop)
        return -1;
    timer_init(&keeper->tick, keeper->loop, on_tick, keeper);
    keeper->life = watch_create(keeper->loop, keeper->start->life_fd, on_life, keeper);
    if (!keeper->life || watch_set(keeper->life, WATCH_READ) != 0)
        return -1;
    const struct event_rings *rings = keeper->start->event_rings;
    if (rings && log_drain_init(&keeper->drain, rings, keeper->stats) != 0)
        return -1;
    keeper->stats->in_memory = rings && !event_rings_in_file(rings);
    keeper->stats->working = !rings; /* else when the files can be written */
    if (start_ledger(keeper) != 0)
        return -1;
    return timer_arm(&keeper->tick, loop_now(keeper->loop));
}

/* A writer that is stuck in the kernel is not waited for: what it has stays in the rings. */
static void end(struct keeper *keeper) {
    if (keeper->start->event_rings && !has_drained(keeper)) {
        log_error("keeper", "not all of the event log is written bytes=%llu %s",
                  (unsigned long long)keeper->stats->waiting_bytes,
                  keeper->stats->in_memory ? "lost" : "left for the next start");
        if (keeper->drain.in_flight)
            _exit(0);
    }
    log_writer_destroy(keeper->writer);
    ledger_syncer_destroy(keeper->syncer);
    free(keeper->paced);
    log_drain_cleanup(&keeper->drain);
    watch_destroy(keeper->written);
    watch_destroy(keeper->life);
    loop_destroy(keeper->loop);
}

int keeper_run(const struct config *config, const struct keeper_start *start, struct keeper_stats *stats) {
    struct keeper keeper = {.config = config, .start = start, .stats = stats};
    ignore_signals();
    stats->working = 0;
    stats->waiting_bytes = 0;
    int status = 1;
    if (begin(&keeper) != 0)
        log_error("keeper", "not started: out of memory or descriptors");
    else
        status = loop_run(keeper.loop) == 0 && keeper.draining ? 0 : 1;
    end(&keeper);
    return status;
}
