/* Bytes that wait on disk; see spool.h. */
#include "builder/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A file that has no name: made so, or its name taken away at once. */
static int open_nameless(const char *directory) {
    int fd = open(directory, O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
    if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL))
        return fd;
    char *path = NULL;
    if (asprintf(&path, "%s/.slimbid-table-XXXXXX", directory) < 0)
        return -1;
    fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0)
        unlink(path);
    free(path);
    return fd;
}

int spool_init(struct spool *spool, const char *directory) {
    memset(spool, 0, sizeof *spool);
    spool->fd = open_nameless(directory);
    if (spool->fd < 0)
        return -1;
    spool->buffer = malloc(SPOOL_BUFFER_BYTES);
    if (!spool->buffer) {
        close(spool->fd);
        errno = ENOMEM;
        return -1;
    }
    return 0;
}

void spool_cleanup(struct spool *spool) {
    if (spool->buffer)
        close(spool->fd);
    free(spool->buffer);
    memset(spool, 0, sizeof *spool);
}

static int flush(struct spool *spool) {
    uint64_t at = spool->n - spool->pending;
    for (size_t done = 0; done < spool->pending;) {
        ssize_t n = pwrite(spool->fd, spool->buffer + done, spool->pending - done, (off_t)(at + done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        done += (size_t)n;
    }
    spool->pending = 0;
    return 0;
}

int spool_add(struct spool *spool, const void *p, size_t n) {
    const char *from = p;
    while (n > 0) {
        if (spool->pending == SPOOL_BUFFER_BYTES && flush(spool) != 0)
            return -1;
        size_t part = SPOOL_BUFFER_BYTES - spool->pending;
        part = part < n ? part : n;
        memcpy(spool->buffer + spool->pending, from, part);
        spool->pending += part;
        spool->n += part;
        from += part;
        n -= part;
    }
    return 0;
}

int spool_read(const struct spool *spool, uint64_t at, void *p, size_t n) {
    uint64_t written = spool->n - spool->pending;
    char *to = p;
    while (n > 0 && at < written) {
        size_t part = written - at < n ? (size_t)(written - at) : n;
        ssize_t got = pread(spool->fd, to, part, (off_t)at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            errno = got == 0 ? EIO : errno;
            return -1;
        }
        to += got;
        at += (uint64_t)got;
        n -= (size_t)got;
    }
    if (n > 0)
        memcpy(to, spool->buffer + (at - written), n);
    return 0;
}
