/* See ledger_syncer.h. */
#include "keeper/ledger_syncer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "keeper/keeper_thread.h"

struct ledger_syncer {
    struct ledger *ledger;
    struct keeper_stats *stats;
    uint32_t sync_ms;
    pthread_t thread;
    pthread_mutex_t mutex; /* of stop */
    pthread_cond_t changed;
    bool stop;
};

static void sync_once(struct ledger_syncer *syncer) {
    bool failed = ledger_sync(syncer->ledger) != 0;
    int error = errno;
    ledger_drop_pages(syncer->ledger);
    if (failed && !syncer->stats->ledger_trouble)
        log_error("keeper", "ledger not copied to the disk: %s", strerror(error));
    else if (!failed && syncer->stats->ledger_trouble)
        log_info("keeper", "the ledger is copied to the disk again");
    syncer->stats->ledger_trouble = failed;
}

/* The mutex is free while the disk is at work. */
static void *run(void *ctx) {
    struct ledger_syncer *syncer = ctx;
    pthread_mutex_lock(&syncer->mutex);
    while (!syncer->stop) {
        struct timespec at = keeper_thread_after(syncer->sync_ms);
        while (!syncer->stop && !keeper_thread_due(&at))
            pthread_cond_timedwait(&syncer->changed, &syncer->mutex, &at);
        pthread_mutex_unlock(&syncer->mutex);
        sync_once(syncer);
        pthread_mutex_lock(&syncer->mutex);
    }
    pthread_mutex_unlock(&syncer->mutex);
    return NULL;
}

struct ledger_syncer *ledger_syncer_create(struct ledger *ledger, uint32_t sync_ms,
                                           struct keeper_stats *stats) {
    struct ledger_syncer *syncer = calloc(1, sizeof *syncer);
    if (!syncer)
        return NULL;
    syncer->ledger = ledger;
    syncer->stats = stats;
    syncer->sync_ms = sync_ms;
    pthread_mutex_init(&syncer->mutex, NULL);
    keeper_thread_condition(&syncer->changed);
    int error = keeper_thread_start(&syncer->thread, run, syncer);
    if (error == 0)
        return syncer;
    free(syncer);
    errno = error;
    return NULL;
}

void ledger_syncer_destroy(struct ledger_syncer *syncer) {
    if (!syncer)
        return;
    pthread_mutex_lock(&syncer->mutex);
    syncer->stop = true;
    pthread_cond_signal(&syncer->changed);
    pthread_mutex_unlock(&syncer->mutex);
    pthread_join(syncer->thread, NULL);
    pthread_mutex_destroy(&syncer->mutex);
    pthread_cond_destroy(&syncer->changed);
    free(syncer);
}
