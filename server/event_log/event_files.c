/* Names, lists and last lines of the log's files; see event_files.h. */
#include "event_log/event_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "event_log/event_log.h"

#define BLOCK_BYTES ((size_t)8 * EVENT_LOG_LINE_BYTES)
#define HEAD_BYTES  160 /* of a line: all that is looked at stands there */

/* ---- names ---- */

void event_file_name(int64_t unix_seconds, unsigned number, char name[EVENT_FILE_NAME_BYTES]) {
    struct tm tm = {0};
    time_t t = (time_t)unix_seconds;
    gmtime_r(&t, &tm);
    size_t n = strftime(name, EVENT_FILE_NAME_BYTES, "events-%Y%m%dT%H%M%S", &tm);
    if (number)
        n += (size_t)snprintf(name + n, EVENT_FILE_NAME_BYTES - n, "_%03u", number % EVENT_FILE_NUMBERS);
    snprintf(name + n, EVENT_FILE_NAME_BYTES - n, ".ndjson");
}

bool event_file_time(const char *name, int64_t *unix_seconds, unsigned *number) {
    struct tm tm = {0};
    char again[EVENT_FILE_NAME_BYTES];
    *number = 0;
    if (sscanf(name, "events-%4d%2d%2dT%2d%2d%2d_%3u", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour,
               &tm.tm_min, &tm.tm_sec, number) < 6)
        return false;
    tm.tm_year -= 1900;
    tm.tm_mon--;
    *unix_seconds = timegm(&tm);
    event_file_name(*unix_seconds, *number, again);
    return strcmp(again, name) == 0; /* exactly one text is a file's name */
}

/* ---- lists ---- */

static bool read_name(const char *entry, struct event_file *file) {
    size_t n = strlen(entry), suffix = sizeof EVENT_FILE_OPEN - 1;
    int64_t seconds = 0;
    unsigned number = 0;
    file->open = n > suffix && strcmp(entry + n - suffix, EVENT_FILE_OPEN) == 0;
    if (file->open)
        n -= suffix;
    if (n >= sizeof file->name)
        return false;
    memcpy(file->name, entry, n);
    file->name[n] = '\0';
    return event_file_time(file->name, &seconds, &number);
}

static int by_name(const void *a, const void *b) {
    const struct event_file *x = a, *y = b;
    return strcmp(x->name, y->name);
}

static int add(struct event_files *files, const struct event_file *file) {
    if ((files->count & (files->count - 1)) == 0) { /* room for powers of two */
        size_t room = files->count ? files->count * 2 : 1;
        struct event_file *items = realloc(files->items, room * sizeof *items);
        if (!items)
            return -1;
        files->items = items;
    }
    files->items[files->count++] = *file;
    return 0;
}

int event_files_list(const char *directory, struct event_files *files) {
    *files = (struct event_files){0};
    DIR *dir = opendir(directory);
    if (!dir)
        return -1;
    struct dirent *entry;
    int result = 0;
    while (result == 0 && (entry = readdir(dir))) {
        struct event_file file;
        struct stat status;
        if (!read_name(entry->d_name, &file) || fstatat(dirfd(dir), entry->d_name, &status, 0) != 0 ||
            !S_ISREG(status.st_mode))
            continue;
        file.bytes = (uint64_t)status.st_size;
        result = add(files, &file);
    }
    closedir(dir);
    if (result != 0) {
        event_files_free(files);
        errno = ENOMEM;
        return -1;
    }
    if (files->count)
        qsort(files->items, files->count, sizeof *files->items, by_name);
    return 0;
}

void event_files_free(struct event_files *files) {
    free(files->items);
    *files = (struct event_files){0};
}

/* ---- lines ---- */

void event_gap_write(struct buf *out, uint32_t front_end, uint64_t from, uint64_t to) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    buf_printf(out,
               "{\"front_end\":%u,\"seq\":%llu,\"time\":%lld.%06ld,\"kind\":\"gap\",\"to\":%llu,\"lines\":"
               "%llu}\n",
               front_end, (unsigned long long)from, (long long)now.tv_sec, now.tv_nsec / 1000,
               (unsigned long long)to, (unsigned long long)to - from + 1);
}

/* Reads exactly what was written there; anything else in the file is nobody's number. */
static void note_line(const char *line, size_t n, uint64_t last[EVENT_RINGS_MOST]) {
    char head[HEAD_BYTES];
    unsigned front_end = 0;
    unsigned long long seq = 0, to = 0;
    n = n < sizeof head - 1 ? n : sizeof head - 1;
    memcpy(head, line, n);
    head[n] = '\0';
    if (sscanf(head, "{\"front_end\":%2u,\"seq\":%20llu,", &front_end, &seq) != 2 ||
        front_end >= EVENT_RINGS_MOST)
        return;
    const char *gap = strstr(head, ",\"kind\":\"gap\",\"to\":");
    if (gap && sscanf(gap, ",\"kind\":\"gap\",\"to\":%20llu", &to) == 1)
        seq = to;
    if (seq > last[front_end])
        last[front_end] = seq;
}

/* Of a block's n bytes, those of whole lines, which are noted. */
static size_t note_lines(const char *block, size_t n, uint64_t last[EVENT_RINGS_MOST]) {
    size_t at = 0;
    const char *end;
    while ((end = memchr(block + at, '\n', n - at))) {
        note_line(block + at, (size_t)(end - block) - at, last);
        at = (size_t)(end - block) + 1;
    }
    return at;
}

/* From a place that may be within a line: its rest is no number of anybody. */
static int note_file(const char *path, off_t from, char *block, uint64_t last[EVENT_RINGS_MOST]) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    size_t n = 0;
    ssize_t got = 0;
    while ((got = pread(fd, block + n, BLOCK_BYTES - n, from)) > 0) {
        from += got;
        n += (size_t)got;
        size_t whole = note_lines(block, n, last);
        if (whole == 0 && n == BLOCK_BYTES)
            whole = n; /* no line of ours is so long */
        memmove(block, block + whole, n - whole);
        n -= whole;
    }
    int error = errno;
    close(fd);
    errno = error;
    return got == 0 ? 0 : -1;
}

int event_files_last(const char *directory, bool whole, uint64_t last[EVENT_RINGS_MOST]) {
    struct event_files files;
    if (event_files_list(directory, &files) != 0)
        return errno == ENOENT ? 0 : -1;
    char *block = malloc(BLOCK_BYTES);
    int result = block ? 0 : -1;
    uint64_t seen = 0;
    for (size_t i = files.count, looked_at = 0; result == 0 && i-- > 0; looked_at++) {
        if (whole ? looked_at == 2 : seen >= EVENT_FILES_TAIL_BYTES)
            break;
        const struct event_file *file = &files.items[i];
        char path[PATH_MAX];
        snprintf(path, sizeof path, "%s/%s%s", directory, file->name, file->open ? EVENT_FILE_OPEN : "");
        uint64_t rest = EVENT_FILES_TAIL_BYTES - (seen < EVENT_FILES_TAIL_BYTES ? seen : 0);
        uint64_t from = whole || file->bytes < rest ? 0 : file->bytes - rest;
        result = note_file(path, (off_t)from, block, last);
        if (result != 0 && !file->open)
            result = 0; /* not ours to read any more: somebody has taken it over */
        seen += file->bytes - from;
    }
    free(block);
    event_files_free(&files);
    return result;
}
