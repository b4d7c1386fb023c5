/* The rings' file, opened, checked, moved; see event_rings.h. */
#include "event_log/event_rings.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/crc32c.h"
#include "base/log.h"
#include "event_log/event_files.h"

#define RINGS_MAGIC   0x73676e6972766573u /* "sevrings" */
#define RINGS_VERSION 1u
#define PAGE_BYTES    4096u
#define BOOT_BYTES    40u
#define SUFFIX_BYTES  16 /* of a name beside the file's */
#define LOCK_TRIES    30 /* a tenth of a second each: those that another server's death leaves behind drain */

/* The first page of the file. */
struct rings_header {
    uint64_t magic;
    uint32_t version, count;
    uint64_t ring_bytes;
    char boot_id[BOOT_BYTES]; /* of the machine's run in which it was last open; NUL-terminated */
};
static_assert(sizeof(struct rings_header) <= PAGE_BYTES, "the rings follow the first page");

struct event_rings {
    char *memory;
    size_t bytes;
    uint32_t count;
    uint64_t ring_bytes;
    int fd; /* -1: no file */
};

/* ---- layout ---- */

static size_t stride(uint64_t ring_bytes) {
    size_t bytes = sizeof(struct event_ring_shared) + ring_footprint(ring_bytes);
    return (bytes + PAGE_BYTES - 1) & ~(size_t)(PAGE_BYTES - 1);
}

static size_t file_bytes(uint32_t count, uint64_t ring_bytes) {
    return PAGE_BYTES + count * stride(ring_bytes);
}

struct event_ring_shared *event_rings_shared(const struct event_rings *rings, uint32_t index) {
    char *at = rings->memory + PAGE_BYTES + index * stride(rings->ring_bytes);
    return (struct event_ring_shared *)(void *)at;
}

static void *ring_memory(const struct event_rings *rings, uint32_t index) {
    return event_rings_shared(rings, index) + 1;
}

uint32_t event_rings_count(const struct event_rings *rings) {
    return rings->count;
}

size_t event_rings_bytes(const struct event_rings *rings) {
    return rings->bytes;
}

bool event_rings_in_file(const struct event_rings *rings) {
    return rings->fd >= 0;
}

static struct rings_header *header_of(const struct event_rings *rings) {
    return (struct rings_header *)(void *)rings->memory;
}

static void read_boot_id(char out[BOOT_BYTES]) {
    memset(out, 0, BOOT_BYTES);
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    ssize_t n = read(fd, out, BOOT_BYTES - 1);
    close(fd);
    out[n > 0 ? n : 0] = '\0';
    out[strcspn(out, "\n")] = '\0';
}

/* ---- frames ---- */

uint32_t event_frame_crc(uint64_t seq, const char *line, size_t n) {
    return crc32c(crc32c(0, &seq, sizeof seq), line, n);
}

bool event_frame_read(const void *bytes, size_t n, struct event_frame *frame, const char **line,
                      size_t *line_bytes) {
    if (n < sizeof *frame)
        return false;
    memcpy(frame, bytes, sizeof *frame);
    *line = (const char *)bytes + sizeof *frame;
    *line_bytes = n - sizeof *frame;
    return frame->zero == 0 && event_frame_crc(frame->seq, *line, *line_bytes) == frame->crc;
}

/* Reads on to the end, or to the first frame that is not whole or not newer than the one before: *last is the
 * number of the last good one, unchanged when there is none. False: it ended at a bad one. */
static bool walk(struct ring *ring, uint64_t *last) {
    const void *bytes = NULL;
    size_t n = 0, line_bytes = 0;
    struct event_frame frame;
    const char *line = NULL;
    int got = 0;
    uint64_t before = 0;
    while ((got = ring_peek(ring, &bytes, &n)) > 0) {
        if (!event_frame_read(bytes, n, &frame, &line, &line_bytes) || frame.seq <= before)
            return false;
        before = *last = frame.seq;
        ring_next(ring);
    }
    return got == 0;
}

/* ---- sides ---- */

int event_rings_consume(const struct event_rings *rings, uint32_t index, struct ring *ring) {
    return ring_resume_consumer(ring, ring_memory(rings, index), rings->ring_bytes);
}

/*
 * The predecessor may have died between its commit and its noting of the number. So the number follows from
 * whichever is furthest: what was noted, the last line in the ring, the last line that was taken out of it.
 */
int event_rings_produce(const struct event_rings *rings, uint32_t index, struct ring *ring,
                        uint64_t *next_seq) {
    struct ring behind;
    void *memory = ring_memory(rings, index);
    const struct event_ring_shared *shared = event_rings_shared(rings, index);
    if (ring_resume_producer(ring, memory, rings->ring_bytes) != 0 ||
        ring_resume_consumer(&behind, memory, rings->ring_bytes) != 0)
        return -1;
    uint64_t last = 0;
    if (!walk(&behind, &last))
        return -1;
    uint64_t taken = atomic_load_explicit(&shared->taken, memory_order_acquire);
    uint64_t noted = atomic_load_explicit(&shared->next_seq, memory_order_relaxed);
    if (taken > last)
        last = taken;
    *next_seq = noted > last ? noted : last + 1;
    return 0;
}

/* ---- content that was there ---- */

/* Cuts off what is not whole. False: something was. */
static bool mend(const struct event_rings *rings, uint32_t index) {
    struct ring ring;
    uint64_t last = 0;
    if (event_rings_consume(rings, index, &ring) != 0) {
        ring_format(ring_memory(rings, index), rings->ring_bytes);
        return false;
    }
    if (walk(&ring, &last))
        return true;
    ring_cut(&ring);
    return false;
}

/* False: the machine has stopped since. */
static bool mend_all(const struct event_rings *rings) {
    char boot_id[BOOT_BYTES];
    read_boot_id(boot_id);
    struct rings_header *header = header_of(rings);
    bool stopped = memcmp(boot_id, header->boot_id, BOOT_BYTES) != 0;
    uint32_t torn = 0;
    for (uint32_t i = 0; i < rings->count; i++)
        torn += !mend(rings, i);
    if (stopped)
        log_warn("event_log", "the machine has stopped since: rings=%u torn=%u", rings->count, torn);
    else if (torn)
        log_error("event_log", "rings are damaged, what was behind that is lost: rings=%u torn=%u",
                  rings->count, torn);
    memcpy(header->boot_id, boot_id, BOOT_BYTES);
    return !stopped;
}

/* Numbers that a file has are not given out again, though the rings' own notes are older or gone. */
static void look_at_files(const struct event_rings *rings, const char *directory, bool whole) {
    uint64_t last[EVENT_RINGS_MOST] = {0};
    if (event_files_last(directory, whole, last) != 0)
        log_warn("event_log", "files can't be read: %s: %s", directory, strerror(errno));
    for (uint32_t i = 0; i < rings->count; i++) {
        struct event_ring_shared *shared = event_rings_shared(rings, i);
        if (last[i] > shared->taken)
            shared->taken = last[i];
    }
}

static void format(const struct event_rings *rings) {
    struct rings_header *header = header_of(rings);
    for (uint32_t i = 0; i < rings->count; i++) {
        ring_format(ring_memory(rings, i), rings->ring_bytes);
        event_rings_shared(rings, i)->next_seq = 1;
    }
    header->version = RINGS_VERSION;
    header->count = rings->count;
    header->ring_bytes = rings->ring_bytes;
    read_boot_id(header->boot_id);
    header->magic = RINGS_MAGIC;
}

/* The newest lines of one ring that fit the other, and its numbers. */
static void move_ring(const struct event_rings *from, const struct event_rings *to, uint32_t index) {
    struct event_ring_shared *old = event_rings_shared(from, index), *new = event_rings_shared(to, index);
    new->next_seq = old->next_seq;
    new->taken = old->taken;
    struct ring in, out, room;
    if (event_rings_consume(from, index, &in) != 0 ||
        ring_resume_producer(&out, ring_memory(to, index), to->ring_bytes) != 0 ||
        event_rings_consume(to, index, &room) != 0)
        return;
    const void *bytes = NULL, *oldest = NULL;
    size_t n = 0, oldest_bytes = 0;
    for (; ring_peek(&in, &bytes, &n) > 0; ring_next(&in)) {
        void *place = ring_reserve(&out, n);
        while (!place && ring_peek(&room, &oldest, &oldest_bytes) > 0) {
            ring_consume(&room);
            place = ring_reserve(&out, n);
        }
        if (!place)
            continue;
        memcpy(place, bytes, n);
        ring_commit(&out, n);
    }
}

/* ---- the file ---- */

static int map(struct event_rings *rings) {
    int flags = rings->fd >= 0 ? MAP_SHARED : MAP_SHARED | MAP_ANONYMOUS;
    rings->bytes = file_bytes(rings->count, rings->ring_bytes);
    void *memory = mmap(NULL, rings->bytes, PROT_READ | PROT_WRITE, flags, rings->fd, 0);
    rings->memory = memory == MAP_FAILED ? NULL : memory;
    return rings->memory ? 0 : -1;
}

static void unmap(struct event_rings *rings) {
    if (rings->memory)
        munmap(rings->memory, rings->bytes);
    if (rings->fd >= 0)
        close(rings->fd);
    rings->memory = NULL;
    rings->fd = -1;
}

/* Of the same shape as asked, with nothing in it. errno on failure. */
static int make_file(struct event_rings *rings, const char *path) {
    rings->fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (rings->fd < 0)
        return -1;
    int error = posix_fallocate(rings->fd, 0, (off_t)file_bytes(rings->count, rings->ring_bytes));
    if (error == 0 && flock(rings->fd, LOCK_EX | LOCK_NB) == 0 && map(rings) == 0) {
        format(rings);
        return 0;
    }
    error = error ? error : errno;
    unmap(rings);
    unlink(path);
    errno = error;
    return -1;
}

/* Waits a while for those of another server that are about to end. */
static int lock(int fd) {
    const struct timespec pause = {0, 100000000};
    for (int i = 0; i < LOCK_TRIES; i++) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0)
            return 0;
        if (errno != EWOULDBLOCK && errno != EINTR)
            return -1;
        nanosleep(&pause, NULL);
    }
    errno = EWOULDBLOCK;
    return -1;
}

/* The file as it is, whatever its shape. -1: it is none of ours, or of another version. */
static int map_existing(struct event_rings *old) {
    struct rings_header header;
    struct stat status;
    if (fstat(old->fd, &status) != 0 || pread(old->fd, &header, sizeof header, 0) != (ssize_t)sizeof header)
        return -1;
    if (header.magic != RINGS_MAGIC || header.version != RINGS_VERSION || header.count == 0 ||
        header.count > EVENT_RINGS_MOST || !ring_size_is_legal(header.ring_bytes) ||
        (uint64_t)status.st_size < file_bytes(header.count, header.ring_bytes))
        return -1;
    old->count = header.count;
    old->ring_bytes = header.ring_bytes;
    return map(old);
}

/* Makes a file of the shape that is asked for, moves everything, and puts it in the place of the old one,
 * whose lock is held until then. */
static int migrate(struct event_rings *rings, struct event_rings *old, const char *path) {
    char new_path[PATH_MAX + SUFFIX_BYTES];
    snprintf(new_path, sizeof new_path, "%s.new", path);
    if (old->count > rings->count)
        rings->count = old->count;
    if (make_file(rings, new_path) != 0)
        return -1;
    for (uint32_t i = 0; i < old->count; i++)
        move_ring(old, rings, i);
    if (rename(new_path, path) == 0) {
        log_info("event_log", "rings moved count=%u bytes=%llu", rings->count,
                 (unsigned long long)rings->ring_bytes);
        return 0;
    }
    int error = errno;
    unmap(rings);
    unlink(new_path);
    errno = error;
    return -1;
}

/* What can't be read is kept for whoever wants to look at it. */
static int set_aside(struct event_rings *rings, const char *path) {
    char aside[PATH_MAX + SUFFIX_BYTES];
    snprintf(aside, sizeof aside, "%s.damaged", path);
    log_error("event_log", "not a file of rings of this version: set aside as %s", aside);
    if (rename(path, aside) != 0)
        return -1;
    return make_file(rings, path);
}

/* 0, or -1 with errno; EWOULDBLOCK: another server has it. *same_boot: what is in it is of this run of the
 * machine. */
static int open_file(struct event_rings *rings, const char *directory, bool *same_boot) {
    char path[PATH_MAX];
    if ((size_t)snprintf(path, sizeof path, "%s/" EVENT_RINGS_NAME, directory) >= sizeof path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    if (mkdir(directory, 0750) != 0 && errno != EEXIST)
        return -1;
    struct event_rings old = {.fd = open(path, O_RDWR | O_CLOEXEC)};
    if (old.fd < 0)
        return errno == ENOENT ? make_file(rings, path) : -1;
    int result = -1;
    if (lock(old.fd) != 0) {
        /* as errno says */
    } else if (map_existing(&old) != 0) {
        result = set_aside(rings, path);
    } else {
        *same_boot = mend_all(&old);
        if (old.count >= rings->count && old.ring_bytes == rings->ring_bytes) {
            *rings = old;
            return 0;
        }
        result = migrate(rings, &old, path);
    }
    int error = errno;
    unmap(&old);
    errno = error;
    return result;
}

/* ---- open and close ---- */

struct event_rings *event_rings_open(const char *directory, uint32_t count, uint64_t ring_bytes, char *error,
                                     size_t error_size) {
    assert(count > 0 && count <= EVENT_RINGS_MOST && ring_size_is_legal(ring_bytes));
    struct event_rings *rings = malloc(sizeof *rings);
    if (!rings) {
        snprintf(error, error_size, "out of memory");
        return NULL;
    }
    *rings = (struct event_rings){.count = count, .ring_bytes = ring_bytes, .fd = -1};
    bool same_boot = false;
    if (open_file(rings, directory, &same_boot) == 0) {
        look_at_files(rings, directory, !same_boot);
        return rings;
    }
    if (errno == EWOULDBLOCK) {
        snprintf(error, error_size, "%s: another server logs there", directory);
        free(rings);
        return NULL;
    }
    log_error("event_log", "no file for what waits to be written: it is kept in memory alone: %s: %s",
              directory, strerror(errno));
    *rings = (struct event_rings){.count = count, .ring_bytes = ring_bytes, .fd = -1};
    if (map(rings) == 0) {
        format(rings);
        look_at_files(rings, directory, true);
        return rings;
    }
    snprintf(error, error_size, "out of memory");
    free(rings);
    return NULL;
}

void event_rings_close(struct event_rings *rings) {
    if (!rings)
        return;
    unmap(rings);
    free(rings);
}
