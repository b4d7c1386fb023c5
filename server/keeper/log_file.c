/* One file after the other; see log_file.h. */
#include "keeper/log_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "event_log/event_log.h"

/* ---- paths ---- */

static const char *path_of(const struct log_file *file, const char *name, bool open, char path[PATH_MAX]) {
    snprintf(path, PATH_MAX, "%s/%s%s", file->options.directory, name, open ? EVENT_FILE_OPEN : "");
    return path;
}

/* Closes it for good: without its ".open" it is nobody's but the reader's. */
static int take_open_off(const struct log_file *file, const char *name) {
    char from[PATH_MAX], to[PATH_MAX];
    return rename(path_of(file, name, true, from), path_of(file, name, false, to));
}

/* ---- the beginning ---- */

/* Bytes up to the last end of line; only the last line can be cut short. */
static int whole_lines(int fd, uint64_t bytes, uint64_t *whole) {
    char tail[EVENT_LOG_LINE_BYTES + 1];
    uint64_t from = bytes > sizeof tail ? bytes - sizeof tail : 0;
    ssize_t n = pread(fd, tail, sizeof tail, (off_t)from);
    if (n < 0)
        return -1;
    const char *end = memrchr(tail, '\n', (size_t)n);
    *whole = end ? from + (uint64_t)(end - tail) + 1 : from;
    return 0;
}

static int go_on_with(struct log_file *file, const struct event_file *found) {
    char path[PATH_MAX];
    unsigned number = 0;
    int fd = open(path_of(file, found->name, true, path), O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return -1;
    uint64_t whole = 0;
    if (whole_lines(fd, found->bytes, &whole) != 0 || ftruncate(fd, (off_t)whole) != 0) {
        close(fd);
        return -1;
    }
    file->fd = fd;
    file->size = whole;
    snprintf(file->name, sizeof file->name, "%s", found->name);
    event_file_time(file->name, &file->begun_at, &number);
    return 0;
}

void log_file_init(struct log_file *file, const struct log_file_options *options) {
    *file = (struct log_file){.options = *options, .fd = -1};
    struct event_files files;
    if (event_files_list(options->directory, &files) != 0)
        return;
    for (size_t i = 0; i < files.count; i++) {
        const struct event_file *found = &files.items[i];
        bool newest = i + 1 == files.count;
        if (newest)
            event_file_time(found->name, &file->last_at, &file->last_number);
        if (!found->open || (newest && go_on_with(file, found) == 0))
            continue;
        if (take_open_off(file, found->name) != 0)
            log_warn("keeper", "not closed: %s: %s", found->name, strerror(errno));
    }
    event_files_free(&files);
}

/* The next name: of this second, or, when the clock went back, of the newest file's. */
static void next_name(struct log_file *file, int64_t now) {
    unsigned number = 0;
    if (now <= file->last_at) {
        now = file->last_at;
        number = file->last_number + 1;
        if (number == EVENT_FILE_NUMBERS) {
            now++;
            number = 0;
        }
    }
    file->last_at = file->begun_at = now;
    file->last_number = number;
    event_file_name(now, number, file->name);
}

static int begin(struct log_file *file, int64_t now) {
    char path[PATH_MAX];
    if (mkdir(file->options.directory, 0750) != 0 && errno != EEXIST)
        return -1;
    do {
        next_name(file, now);
        file->fd = open(path_of(file, file->name, true, path), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
    } while (file->fd < 0 && errno == EEXIST);
    if (file->fd < 0)
        return -1;
    file->size = 0;
    file->options.stats->begun++;
    return 0;
}

/* ---- the end ---- */

/* The oldest closed files beyond what is to be kept. */
static void remove_old(struct log_file *file) {
    struct event_files files;
    char path[PATH_MAX];
    if (event_files_list(file->options.directory, &files) != 0)
        return;
    uint64_t bytes = 0;
    uint32_t kept = 0;
    for (size_t i = files.count; i-- > 0;) {
        const struct event_file *old = &files.items[i];
        if (old->open)
            continue;
        bytes += old->bytes;
        if (++kept <= file->options.keep_files && bytes <= file->options.keep_bytes)
            continue;
        if (unlink(path_of(file, old->name, false, path)) == 0)
            file->options.stats->removed++;
        else
            log_warn("keeper", "not removed: %s: %s", old->name, strerror(errno));
    }
    event_files_free(&files);
}

/* 0, or -1 with errno; the descriptor is gone either way. */
static int sync_and_close(struct log_file *file, int fd) {
    if (file->options.syncer) {
        log_syncer_give(file->options.syncer, fd, true);
        return 0;
    }
    int error = fdatasync(fd) == 0 ? 0 : errno;
    close(fd);
    file->options.stats->syncs += error == 0;
    file->options.stats->sync_failures += error != 0;
    errno = error;
    return error ? -1 : 0;
}

/* What can't be synced or renamed is closed all the same: the lines are in it. */
static int close_file(struct log_file *file) {
    int error = sync_and_close(file, file->fd) == 0 ? 0 : errno;
    file->fd = -1;
    file->dirty = false;
    if (take_open_off(file, file->name) != 0 && errno != ENOENT && !error)
        error = errno;
    file->options.stats->closed++;
    remove_old(file);
    errno = error;
    return error ? -1 : 0;
}

/* Whether the path still leads to the file. */
static bool in_place(const struct log_file *file) {
    char path[PATH_MAX];
    struct stat own, there;
    return fstat(file->fd, &own) == 0 && stat(path_of(file, file->name, true, path), &there) == 0 &&
           own.st_dev == there.st_dev && own.st_ino == there.st_ino;
}

/* ---- lines ---- */

/* Bytes of the lines that the file has room for, at least one line when it is empty; 0: it is full. */
static size_t lines_that_fit(const struct log_file *file, const char *lines, size_t n) {
    uint64_t room = file->options.rotate_bytes > file->size ? file->options.rotate_bytes - file->size : 0;
    if (n <= room)
        return n;
    const char *end = room ? memrchr(lines, '\n', (size_t)room) : NULL;
    if (end)
        return (size_t)(end - lines) + 1;
    end = file->size ? NULL : memchr(lines, '\n', n);
    return end ? (size_t)(end - lines) + 1 : 0;
}

/* Writes lines at the end of the whole ones. *taken: of the lines that are whole in the file. */
static int write_lines(struct log_file *file, const char *lines, size_t n, size_t *taken) {
    size_t written = 0;
    int error = 0;
    while (written < n && !error) {
        ssize_t got = pwrite(file->fd, lines + written, n - written, (off_t)(file->size + written));
        if (got > 0)
            written += (size_t)got;
        else if (got == 0 || errno != EINTR)
            error = got == 0 ? EIO : errno;
    }
    const char *end = memrchr(lines, '\n', written);
    *taken = end ? (size_t)(end - lines) + 1 : 0;
    file->size += *taken;
    file->options.stats->bytes += *taken;
    file->dirty |= *taken > 0;
    /* Where even this fails, the next lines are written over the rest of this one. */
    if (error && ftruncate(file->fd, (off_t)file->size) != 0)
        log_warn("keeper", "half a line stays for now: %s: %s", file->name, strerror(errno));
    errno = error;
    return error ? -1 : 0;
}

int log_file_append(struct log_file *file, const char *lines, size_t n, int64_t now, size_t *taken) {
    *taken = 0;
    while (*taken < n) {
        if (file->fd < 0 && begin(file, now) != 0)
            return -1;
        size_t part = 0, chunk = lines_that_fit(file, lines + *taken, n - *taken);
        if (chunk == 0) {
            if (close_file(file) != 0)
                log_warn("keeper", "closed with an error: %s: %s", file->name, strerror(errno));
            continue;
        }
        int result = write_lines(file, lines + *taken, chunk, &part);
        *taken += part;
        if (result == 0)
            continue;
        if (errno != EFBIG || file->size == 0)
            return -1;
        close_file(file); /* as large as a file may get: the next one takes the rest */
    }
    return 0;
}

/* By a descriptor of its own where another thread waits for the disk. A syncer with no place is busy enough:
 * the next time. */
static int sync_open(struct log_file *file) {
    int fd = dup(file->fd);
    if (fd < 0)
        return -1;
    if (file->options.syncer && !log_syncer_give(file->options.syncer, fd, false)) {
        close(fd);
        return 0;
    }
    file->dirty = false;
    if (file->options.syncer || sync_and_close(file, fd) == 0)
        return 0;
    file->dirty = true;
    return -1;
}

int log_file_sync(struct log_file *file, int64_t now) {
    if (file->fd < 0)
        return 0;
    if (!in_place(file)) {
        log_warn("keeper", "somebody took the log's file away: %s", file->name);
        close_file(file);
        return 0;
    }
    if (file->size > 0 && now - file->begun_at >= file->options.rotate_s)
        return close_file(file);
    return file->dirty ? sync_open(file) : 0;
}

void log_file_cleanup(struct log_file *file) {
    if (file->fd < 0)
        return;
    if (!file->dirty)
        close(file->fd);
    else if (sync_and_close(file, file->fd) != 0)
        log_error("keeper", "not synced: %s: %s", file->name, strerror(errno));
    file->fd = -1;
}
