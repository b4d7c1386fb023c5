/* See log_syncer.h. */
#include "keeper/log_syncer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "keeper/keeper_thread.h"

#define PLACES 4u

struct log_syncer {
    struct log_file_stats *stats;
    pthread_t thread;
    pthread_mutex_t mutex; /* of what follows */
    pthread_cond_t changed;
    int fds[PLACES]; /* the oldest first */
    unsigned count;  /* the one under way included */
    bool stop;
    int error;
};

static int sync_and_close(int fd) {
    int error = fdatasync(fd) == 0 ? 0 : errno;
    close(fd);
    return error;
}

static void *run(void *ctx) {
    struct log_syncer *syncer = ctx;
    pthread_mutex_lock(&syncer->mutex);
    while (!syncer->stop || syncer->count) {
        if (!syncer->count) {
            pthread_cond_wait(&syncer->changed, &syncer->mutex);
            continue;
        }
        int fd = syncer->fds[0];
        pthread_mutex_unlock(&syncer->mutex);
        int error = sync_and_close(fd);
        pthread_mutex_lock(&syncer->mutex);
        if (error && !syncer->error)
            log_error("keeper", "the event log is not synced: %s", strerror(error));
        syncer->error = error;
        syncer->stats->syncs += error == 0;
        syncer->stats->sync_failures += error != 0;
        syncer->count--;
        memmove(syncer->fds, syncer->fds + 1, syncer->count * sizeof *syncer->fds);
        pthread_cond_broadcast(&syncer->changed);
    }
    pthread_mutex_unlock(&syncer->mutex);
    return NULL;
}

struct log_syncer *log_syncer_create(struct log_file_stats *stats) {
    struct log_syncer *syncer = calloc(1, sizeof *syncer);
    if (!syncer)
        return NULL;
    syncer->stats = stats;
    pthread_mutex_init(&syncer->mutex, NULL);
    keeper_thread_condition(&syncer->changed);
    int error = keeper_thread_start(&syncer->thread, run, syncer);
    if (error == 0)
        return syncer;
    free(syncer);
    errno = error;
    return NULL;
}

void log_syncer_destroy(struct log_syncer *syncer) {
    if (!syncer)
        return;
    pthread_mutex_lock(&syncer->mutex);
    syncer->stop = true;
    pthread_cond_broadcast(&syncer->changed);
    pthread_mutex_unlock(&syncer->mutex);
    pthread_join(syncer->thread, NULL);
    pthread_mutex_destroy(&syncer->mutex);
    pthread_cond_destroy(&syncer->changed);
    free(syncer);
}

bool log_syncer_give(struct log_syncer *syncer, int fd, bool must) {
    pthread_mutex_lock(&syncer->mutex);
    while (must && syncer->count == PLACES)
        pthread_cond_wait(&syncer->changed, &syncer->mutex);
    bool given = syncer->count < PLACES;
    if (given)
        syncer->fds[syncer->count++] = fd;
    pthread_cond_broadcast(&syncer->changed);
    pthread_mutex_unlock(&syncer->mutex);
    return given;
}

int log_syncer_error(struct log_syncer *syncer) {
    pthread_mutex_lock(&syncer->mutex);
    int error = syncer->error;
    pthread_mutex_unlock(&syncer->mutex);
    return error;
}
