/* See log_writer.h. */
#include "keeper/log_writer.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "keeper/keeper_thread.h"

struct log_writer {
    struct log_file file; /* the thread's */
    struct log_syncer *syncer;
    uint32_t sync_ms;
    int done_fd;
    pthread_t thread;
    pthread_mutex_t mutex; /* of what follows */
    pthread_cond_t changed;
    const char *lines; /* NULL: there is no batch */
    size_t n;
    bool done, stop;
    size_t taken;
    int error;
};

/* ---- the thread ---- */

static int64_t unix_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec;
}

/* Called and returns with the mutex held; it is free while the disk is at work. */
static void write_batch(struct log_writer *writer) {
    const char *lines = writer->lines;
    size_t n = writer->n, taken = 0;
    pthread_mutex_unlock(&writer->mutex);
    int error = log_file_append(&writer->file, lines, n, unix_now(), &taken) == 0 ? 0 : errno;
    pthread_mutex_lock(&writer->mutex);
    writer->taken = taken;
    writer->error = error;
    writer->done = true;
    uint64_t one = 1;
    if (write(writer->done_fd, &one, sizeof one) != (ssize_t)sizeof one)
        log_error("keeper", "eventfd: %s", strerror(errno)); /* the next tick finds it */
}

static void sync_file(struct log_writer *writer) {
    pthread_mutex_unlock(&writer->mutex);
    if (log_file_sync(&writer->file, unix_now()) != 0)
        log_error("keeper", "the event log's file: %s", strerror(errno));
    pthread_mutex_lock(&writer->mutex);
}

static void *run(void *ctx) {
    struct log_writer *writer = ctx;
    struct timespec sync_at = keeper_thread_after(writer->sync_ms);
    pthread_mutex_lock(&writer->mutex);
    while (!writer->stop) {
        if (writer->lines && !writer->done)
            write_batch(writer);
        else if (!keeper_thread_due(&sync_at))
            pthread_cond_timedwait(&writer->changed, &writer->mutex, &sync_at);
        if (keeper_thread_due(&sync_at)) {
            sync_file(writer);
            sync_at = keeper_thread_after(writer->sync_ms);
        }
    }
    pthread_mutex_unlock(&writer->mutex);
    return NULL;
}

/* ---- the main thread ---- */

static int start(struct log_writer *writer, const struct log_file_options *options) {
    struct log_file_options with_syncer = *options;
    writer->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (writer->done_fd < 0)
        return -1;
    writer->syncer = with_syncer.syncer = log_syncer_create(options->stats);
    if (!writer->syncer)
        return -1;
    log_file_init(&writer->file, &with_syncer);
    errno = keeper_thread_start(&writer->thread, run, writer);
    return errno ? -1 : 0;
}

/* What is left when the thread has ended, or was never there. */
static void release(struct log_writer *writer) {
    log_file_cleanup(&writer->file);
    log_syncer_destroy(writer->syncer);
    if (writer->done_fd >= 0)
        close(writer->done_fd);
    pthread_mutex_destroy(&writer->mutex);
    pthread_cond_destroy(&writer->changed);
    free(writer);
}

struct log_writer *log_writer_create(const struct log_file_options *options, uint32_t sync_ms) {
    struct log_writer *writer = calloc(1, sizeof *writer);
    if (!writer)
        return NULL;
    writer->sync_ms = sync_ms;
    writer->file.fd = writer->done_fd = -1;
    keeper_thread_condition(&writer->changed);
    pthread_mutex_init(&writer->mutex, NULL);
    if (start(writer, options) == 0)
        return writer;
    int error = errno;
    release(writer);
    errno = error;
    return NULL;
}

void log_writer_destroy(struct log_writer *writer) {
    if (!writer)
        return;
    pthread_mutex_lock(&writer->mutex);
    writer->stop = true;
    pthread_cond_signal(&writer->changed);
    pthread_mutex_unlock(&writer->mutex);
    pthread_join(writer->thread, NULL);
    release(writer);
}

int log_writer_fd(const struct log_writer *writer) {
    return writer->done_fd;
}

void log_writer_give(struct log_writer *writer, const char *lines, size_t n) {
    pthread_mutex_lock(&writer->mutex);
    assert(!writer->lines);
    writer->lines = lines;
    writer->n = n;
    writer->done = false;
    pthread_cond_signal(&writer->changed);
    pthread_mutex_unlock(&writer->mutex);
}

bool log_writer_take(struct log_writer *writer, size_t *taken, int *error) {
    uint64_t count = 0;
    pthread_mutex_lock(&writer->mutex);
    bool done = writer->lines && writer->done;
    if (done) {
        writer->lines = NULL;
        *taken = writer->taken;
        *error = writer->error;
        if (read(writer->done_fd, &count, sizeof count) < 0)
            count = 0; /* it was read before */
    }
    pthread_mutex_unlock(&writer->mutex);
    return done;
}

int log_writer_sync_error(struct log_writer *writer) {
    return log_syncer_error(writer->syncer);
}
