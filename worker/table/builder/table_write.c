/* Writes a table's file; see table_write.h. */
#include "builder/table_write.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crc32c.h"
#include "base/prng.h"
#include "table/table.h"

#define BUFFER_BYTES ((size_t)1 << 20)

/* ---- a name that must not stay ---- */

static char *volatile name_to_remove;

static void on_signal(int number) {
    char *name = name_to_remove;
    if (name)
        unlink(name);
    signal(number, SIG_DFL);
    raise(number);
}

static void remove_on_signals(void) {
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGXFSZ, SIGXCPU};
    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        struct sigaction action = {.sa_handler = SIG_DFL};
        if (sigaction(numbers[i], NULL, &action) == 0 && action.sa_handler == SIG_DFL) {
            action.sa_handler = on_signal;
            sigaction(numbers[i], &action, NULL);
        }
    }
}

/* A new name beside the output: hidden, its own. NULL: out of memory. */
static char *new_name(const struct table_writer *writer) {
    static uint64_t counter;
    struct prng prng;
    char *name = NULL;
    prng_seed(&prng, (uint64_t)getpid() << 32 | counter++);
    if (asprintf(&name, "%s/.ads-%08x.tbl", writer->directory, (unsigned)prng_next(&prng)) < 0)
        return NULL;
    return name;
}

char *table_directory_of(const char *path) {
    const char *slash = strrchr(path, '/');
    if (!slash)
        return strdup(".");
    return slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}

/* ---- opening ---- */

static int fail(struct table_writer *writer) {
    snprintf(writer->error, writer->error_size, "%s: %s", writer->path, strerror(errno));
    return -1;
}

/* With a name, for file systems that have no files without. */
static int open_named(struct table_writer *writer) {
    for (int tries = 0; tries < 100; tries++) {
        writer->name = new_name(writer);
        if (!writer->name)
            return -1;
        name_to_remove = writer->name;
        writer->fd = open(writer->name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (writer->fd >= 0 || errno != EEXIST)
            return writer->fd;
        name_to_remove = NULL;
        free(writer->name);
        writer->name = NULL;
    }
    return -1;
}

static int open_file(struct table_writer *writer) {
    remove_on_signals();
    writer->fd = open(writer->directory, O_RDWR | O_TMPFILE | O_CLOEXEC, 0666);
    if (writer->fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL))
        writer->fd = open_named(writer);
    return writer->fd < 0 ? -1 : 0;
}

int table_writer_open(struct table_writer *writer, const char *path, char *error, size_t error_size) {
    struct stat status;
    memset(writer, 0, sizeof *writer);
    writer->path = path;
    writer->error = error;
    writer->error_size = error_size;
    writer->fd = -1;
    writer->end = sizeof writer->header;
    writer->directory = table_directory_of(path);
    writer->buffer = malloc(BUFFER_BYTES);
    if (!writer->directory || !writer->buffer) {
        errno = ENOMEM;
        return fail(writer);
    }
    if (stat(path, &status) == 0 && !S_ISREG(status.st_mode)) {
        snprintf(error, error_size, "%s: is there and not a file", path);
        return -1;
    }
    if (open_file(writer) != 0)
        return fail(writer);
    memset(writer->buffer, 0, sizeof writer->header);
    writer->pending = sizeof writer->header; /* written once all is known */
    return 0;
}

void table_writer_cleanup(struct table_writer *writer) {
    if (writer->name) {
        unlink(writer->name);
        name_to_remove = NULL;
    }
    if (writer->fd >= 0 && writer->buffer)
        close(writer->fd);
    free(writer->name);
    free(writer->directory);
    free(writer->buffer);
    writer->name = writer->directory = writer->buffer = NULL;
}

/* ---- sections ---- */

static int write_at(struct table_writer *writer, const void *p, size_t n, uint64_t at) {
    for (size_t done = 0; done < n;) {
        ssize_t wrote = pwrite(writer->fd, (const char *)p + done, n - done, (off_t)(at + done));
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote < 0)
            return fail(writer);
        done += (size_t)wrote;
    }
    return 0;
}

static int flush(struct table_writer *writer) {
    size_t n = writer->pending;
    writer->pending = 0;
    return write_at(writer, writer->buffer, n, writer->end - n);
}

static int append(struct table_writer *writer, const void *p, size_t n) {
    const char *from = p;
    while (n > 0) {
        if (writer->pending == BUFFER_BYTES && flush(writer) != 0)
            return -1;
        size_t part = BUFFER_BYTES - writer->pending;
        part = part < n ? part : n;
        memcpy(writer->buffer + writer->pending, from, part);
        writer->pending += part;
        writer->end += part;
        from += part;
        n -= part;
    }
    return 0;
}

int table_writer_section(struct table_writer *writer, enum table_section section) {
    static const char zeros[TABLE_ALIGN];
    size_t short_of = (TABLE_ALIGN - writer->end % TABLE_ALIGN) % TABLE_ALIGN;
    assert(section == writer->section);
    if (append(writer, zeros, short_of) != 0)
        return -1;
    writer->header.sections[section].offset = writer->end;
    writer->section++;
    return 0;
}

int table_writer_add(struct table_writer *writer, const void *p, size_t n) {
    struct table_extent *extent = &writer->header.sections[writer->section - 1];
    extent->crc32c = crc32c(extent->crc32c, p, n);
    extent->bytes += n;
    return append(writer, p, n);
}

/* ---- the end ---- */

static int put_header(struct table_writer *writer) {
    struct table_header *header = &writer->header;
    memcpy(header->magic, TABLE_MAGIC, sizeof header->magic);
    header->version = TABLE_VERSION;
    header->file_bytes = writer->end;
    header->header_crc32c = 0;
    header->header_crc32c = crc32c(0, header, sizeof *header);
    if (flush(writer) != 0 || write_at(writer, header, sizeof *header, 0) != 0)
        return -1;
    return fsync(writer->fd) != 0 ? fail(writer) : 0;
}

/* Nobody gets a table that would be refused. */
static int verify(struct table_writer *writer) {
    char reason[TABLE_ERROR_BYTES];
    struct table table;
    int result = table_map(&table, writer->fd, reason, sizeof reason);
    if (result == 0)
        result = table_verify(&table, reason, sizeof reason);
    table_unmap(&table);
    if (result != 0)
        snprintf(writer->error, writer->error_size, "%s: what was built does not pass: %s", writer->path,
                 reason);
    return result;
}

/* Gives a file without a name one beside the output: only a rename can take another's place. */
static int give_name(struct table_writer *writer) {
    char self[40];
    snprintf(self, sizeof self, "/proc/self/fd/%d", writer->fd);
    for (int tries = 0; !writer->name && tries < 100; tries++) {
        writer->name = new_name(writer);
        name_to_remove = writer->name;
        if (writer->name && linkat(AT_FDCWD, self, AT_FDCWD, writer->name, AT_SYMLINK_FOLLOW) == 0)
            return 0;
        name_to_remove = NULL;
        free(writer->name);
        writer->name = NULL;
        if (errno != EEXIST)
            break;
    }
    return writer->name ? 0 : fail(writer);
}

static void sync_directory(const struct table_writer *writer) {
    int fd = open(writer->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd);
        close(fd);
    }
}

int table_writer_finish(struct table_writer *writer) {
    assert(writer->section == TABLE_SECTIONS);
    if (put_header(writer) != 0 || verify(writer) != 0 || give_name(writer) != 0)
        return -1;
    if (rename(writer->name, writer->path) != 0)
        return fail(writer);
    name_to_remove = NULL;
    free(writer->name);
    writer->name = NULL;
    sync_directory(writer);
    return 0;
}
