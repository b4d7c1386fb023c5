/* A ledger's file: made, opened, checked, taken over from other sizes; see ledger.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crc32c.h"
#include "ledger/ledger_internal.h"
#include "ledger/users.h"

#define PATH_BYTES 4096
#define LOCK_TRIES 8

struct failure {
    char *text;
    size_t size;
};

/* Always false, so that it can be returned. */
PRINTF_LIKE(2, 3) static bool fail(const struct failure *failure, const char *format, ...) {
    va_list args;
    va_start(args, format);
    (void)vsnprintf(failure->text, failure->size, format, args);
    va_end(args);
    return false;
}

/* Where it can't be read no two boots are alike: the copies count. */
static void read_boot_id(char boot_id[LEDGER_BOOT_BYTES]) {
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, boot_id, LEDGER_BOOT_BYTES - 1) : -1;
    if (fd >= 0)
        close(fd);
    boot_id[n > 0 ? n : 0] = '\0';
    boot_id[strcspn(boot_id, "\n")] = '\0';
}

/* ---- memory ---- */

static struct ledger *view_create(void) {
    struct ledger *ledger = calloc(1, sizeof *ledger);
    if (ledger != NULL)
        ledger->fd = -1;
    return ledger;
}

enum mapping { TO_READ, TO_WRITE, PRIVATELY };

static bool map(struct ledger *ledger, enum mapping how, const struct failure *failure) {
    int protection = how == TO_READ ? PROT_READ : PROT_READ | PROT_WRITE;
    int flags = how == PRIVATELY ? MAP_PRIVATE | MAP_NORESERVE : MAP_SHARED;
    ledger->memory = mmap(NULL, ledger->layout.file_bytes, protection, flags, ledger->fd, 0);
    if (ledger->memory == MAP_FAILED) {
        ledger->memory = NULL;
        (void)fail(failure, "%s", strerror(errno));
        return false;
    }
    ledger->bytes = ledger->layout.file_bytes;
    ledger_place(ledger);
    return true;
}

/* All bytes at once: a page that the disk can't hold later would be a SIGBUS. */
static bool reserve_bytes(const struct ledger *ledger, const struct failure *failure) {
    off_t n = (off_t)ledger->layout.file_bytes;
    int error = posix_fallocate(ledger->fd, 0, n);
    return error == 0 || fail(failure, "%lld bytes: %s", (long long)n, strerror(error));
}

uint32_t ledger_header_crc(const struct ledger_header *header) {
    char bytes[offsetof(struct ledger_header, boot_id)];
    memcpy(bytes, header, sizeof bytes);
    memset(bytes + offsetof(struct ledger_header, crc32c), 0, sizeof header->crc32c);
    return crc32c(0, bytes, sizeof bytes);
}

void ledger_format_memory(struct ledger *ledger, uint64_t salt, int64_t now, bool has_copies) {
    struct ledger_header *header = ledger->header;
    header->magic = LEDGER_MAGIC;
    header->version = LEDGER_VERSION;
    header->header_bytes = sizeof *header;
    header->sizes = ledger->sizes;
    header->salt = salt;
    header->created = now;
    header->file_bytes = ledger->layout.file_bytes;
    header->has_copies = has_copies;
    header->crc32c = ledger_header_crc(header);
    ledger->live.head->era = 1;
}

/* ---- users ---- */

/* The users' part of this view; NULL where the ledger has none, or none that is whole. */
static void attach_users(struct ledger *ledger) {
    char error[LEDGER_ERROR_BYTES];
    if (ledger->layout.users_bytes > 0)
        ledger->users = users_attach((char *)ledger->memory + ledger->layout.users_at,
                                     ledger->layout.users_bytes, error, sizeof error);
}

/* The same for who serves: what is not whole begins anew, since counts and interests are no money. New memory
 * is zeroed already, and writing zeros to it would cost its pages. */
static bool provide_users(struct ledger *ledger, bool is_new, const struct failure *failure) {
    char *at = (char *)ledger->memory + ledger->layout.users_at;
    if (!is_new)
        attach_users(ledger);
    if (ledger->users == NULL && ledger->layout.users_bytes > 0) {
        if (!is_new)
            memset(at, 0, ledger->layout.users_bytes);
        users_format(at, ledger->sizes.users);
        attach_users(ledger);
    }
    return ledger->layout.users_bytes == 0 || ledger->users != NULL || fail(failure, "%s", strerror(ENOMEM));
}

/* ---- an existing file ---- */

/* Reads the header; sizes and layout follow from it. */
static bool read_header(struct ledger *ledger, const struct failure *failure) {
    struct ledger_header header;
    struct stat file;
    if (fstat(ledger->fd, &file) != 0)
        return fail(failure, "%s", strerror(errno));
    if (!S_ISREG(file.st_mode))
        return fail(failure, "not a file");
    if (pread(ledger->fd, &header, sizeof header, 0) != sizeof header || header.magic != LEDGER_MAGIC)
        return fail(failure, "not a ledger");
    if (header.version > LEDGER_VERSION)
        return fail(failure, "its format is version %u, newer than this program's %u", header.version,
                    LEDGER_VERSION);
    if (header.version == 0 || header.header_bytes != sizeof header || header.has_copies > 1 ||
        header.crc32c != ledger_header_crc(&header) || !ledger_sizes_are_legal(&header.sizes))
        return fail(failure, "damaged: its header's checksum is wrong");
    ledger->sizes = header.sizes;
    ledger->layout = ledger_layout_of(&header.sizes, header.has_copies);
    if (header.file_bytes != ledger->layout.file_bytes || (uint64_t)file.st_size != ledger->layout.file_bytes)
        return fail(failure, "damaged: it has %lld bytes and should have %zu", (long long)file.st_size,
                    ledger->layout.file_bytes);
    return true;
}

static bool same_boot(const struct ledger *ledger, const char *boot_id) {
    return boot_id[0] && strncmp(ledger->header->boot_id, boot_id, LEDGER_BOOT_BYTES) == 0;
}

static void set_boot(struct ledger *ledger, const char *boot_id) {
    char *at = ledger->header->boot_id;
    memset(at, 0, LEDGER_BOOT_BYTES);
    memcpy(at, boot_id, strnlen(boot_id, LEDGER_BOOT_BYTES - 1));
}

/* The machine was stopped since: the newest copy becomes the live part, and is safe as such before anything
 * is written under this boot. */
static bool restore(struct ledger *ledger, const char *boot_id, const struct failure *failure) {
    int copy = ledger_copy_newest(ledger);
    if (copy < 0)
        return fail(failure, "damaged: the machine was stopped, and neither copy in the file is whole");
    uint64_t generation = ledger_copy_head(ledger, copy)->generation;
    ledger_copy_restore(ledger, copy);
    atomic_store(&ledger->header->generation, generation);
    ledger_index_rebuild(ledger);
    if (ledger_sync(ledger) != 0)
        return fail(failure, "cannot write it: %s", strerror(errno));
    set_boot(ledger, boot_id);
    return true;
}

static bool recover(struct ledger *ledger, const char *boot_id, const struct failure *failure) {
    if (!same_boot(ledger, boot_id) && !restore(ledger, boot_id, failure))
        return false;
    const char *wrong = ledger_check_part(ledger, &ledger->live);
    if (wrong != NULL)
        return fail(failure, "damaged: %s", wrong);
    int copy = ledger_copy_newest(ledger);
    atomic_store(&ledger->header->generation, copy >= 0 ? ledger_copy_head(ledger, copy)->generation : 0);
    for (uint32_t w = 0; w < ledger->sizes.writers; w++)
        ledger_adopt(ledger, w);
    ledger_index_rebuild(ledger);
    return provide_users(ledger, false, failure);
}

/* ---- a new file ---- */

static bool sync_folder_of(const char *path) {
    char folder[PATH_BYTES];
    const char *slash = strrchr(path, '/');
    size_t n = slash == NULL ? 0 : slash == path ? 1 : (size_t)(slash - path);
    (void)snprintf(folder, sizeof folder, "%.*s", n ? (int)n : 1, n ? path : ".");
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool done = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return done;
}

struct making {
    const char *path;
    const struct ledger_sizes *sizes;
    int64_t now;
    const char *boot_id;
    const struct ledger *from; /* what is moved into the new one; NULL: nothing */
};

static bool fill_new(struct ledger *ledger, const struct making *making, const struct failure *failure) {
    uint64_t salt;
    if (making->from != NULL)
        salt = making->from->header->salt;
    else if (getrandom(&salt, sizeof salt, 0) != sizeof salt)
        return fail(failure, "no random bytes: %s", strerror(errno));
    ledger_format_memory(ledger, salt, making->now, making->path != NULL);
    if (making->from != NULL)
        ledger_move(making->from, ledger, making->now);
    ledger_index_rebuild(ledger);
    if (ledger_sync(ledger) != 0)
        return fail(failure, "%s", strerror(errno));
    set_boot(ledger, making->boot_id);
    return provide_users(ledger, true, failure);
}

/* The file appears under its name when it is complete, and locked. */
static struct ledger *make_file(const struct making *making, const struct failure *failure) {
    char temporary[PATH_BYTES];
    struct ledger *ledger = view_create();
    if (ledger == NULL || snprintf(temporary, sizeof temporary, "%s.new", making->path) >= PATH_BYTES) {
        (void)fail(failure, "%s", ledger ? "its name is too long" : strerror(ENOMEM));
        ledger_close(ledger);
        return NULL;
    }
    ledger->sizes = *making->sizes;
    ledger->layout = ledger_layout_of(making->sizes, true);
    (void)unlink(temporary); /* of a program that was killed here */
    ledger->fd = open(temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (ledger->fd < 0 || flock(ledger->fd, LOCK_EX | LOCK_NB) != 0)
        (void)fail(failure, "%s: %s", temporary, strerror(errno));
    else if (reserve_bytes(ledger, failure) && map(ledger, TO_WRITE, failure) &&
             fill_new(ledger, making, failure)) {
        if (fsync(ledger->fd) == 0 && rename(temporary, making->path) == 0 && sync_folder_of(making->path))
            return ledger;
        (void)fail(failure, "%s", strerror(errno));
    }
    if (ledger->fd >= 0)
        (void)unlink(temporary);
    ledger_close(ledger);
    return NULL;
}

static struct ledger *make_memory(const struct making *making, const struct failure *failure) {
    struct ledger *ledger = view_create();
    if (ledger == NULL) {
        (void)fail(failure, "%s", strerror(ENOMEM));
        return NULL;
    }
    ledger->sizes = *making->sizes;
    ledger->layout = ledger_layout_of(making->sizes, false);
    ledger->fd = memfd_create("slimbid-ledger", MFD_CLOEXEC);
    if (ledger->fd < 0 || ftruncate(ledger->fd, (off_t)ledger->layout.file_bytes) != 0)
        (void)fail(failure, "memory: %s", strerror(errno));
    else if (map(ledger, TO_WRITE, failure) && fill_new(ledger, making, failure))
        return ledger;
    ledger_close(ledger);
    return NULL;
}

/* ---- opening ---- */

enum locked { LOCKED, LOCKED_ABSENT, LOCKED_FAILED };

/* Opens and locks the file that has the name: a migration by somebody else may replace it in between. */
static enum locked open_locked(struct ledger *ledger, const char *path, const struct failure *failure) {
    struct stat file, named;
    for (int tries = 0; tries < LOCK_TRIES; tries++) {
        ledger->fd = open(path, O_RDWR | O_CLOEXEC);
        if (ledger->fd < 0 && errno == ENOENT)
            return LOCKED_ABSENT;
        if (ledger->fd < 0 || fstat(ledger->fd, &file) != 0) {
            (void)fail(failure, "%s", strerror(errno));
            return LOCKED_FAILED;
        }
        if (flock(ledger->fd, LOCK_EX | LOCK_NB) != 0) {
            (void)fail(failure, "%s", errno == EWOULDBLOCK ? "another server has it open" : strerror(errno));
            return LOCKED_FAILED;
        }
        if (stat(path, &named) == 0 && named.st_ino == file.st_ino && named.st_dev == file.st_dev)
            return LOCKED;
        close(ledger->fd);
        ledger->fd = -1;
    }
    (void)fail(failure, "it is replaced again and again");
    return LOCKED_FAILED;
}

/* The file as it is, or moved to other sizes. */
static struct ledger *open_existing(struct ledger *ledger, const struct making *making,
                                    const struct failure *failure) {
    struct making moving = *making;
    if (!read_header(ledger, failure) || !map(ledger, TO_WRITE, failure) ||
        !recover(ledger, making->boot_id, failure)) {
        ledger_close(ledger);
        return NULL;
    }
    if (memcmp(&ledger->sizes, making->sizes, sizeof ledger->sizes) == 0)
        return ledger;
    moving.from = ledger;
    struct ledger *moved = make_file(&moving, failure);
    ledger_close(ledger);
    return moved;
}

static struct ledger *open_file(const struct making *making, const struct failure *failure) {
    struct ledger *ledger = view_create();
    if (ledger == NULL) {
        (void)fail(failure, "%s", strerror(ENOMEM));
        return NULL;
    }
    switch (open_locked(ledger, making->path, failure)) {
    case LOCKED:
        return open_existing(ledger, making, failure);
    case LOCKED_ABSENT:
        ledger_close(ledger);
        return make_file(making, failure);
    case LOCKED_FAILED:
        break;
    }
    ledger_close(ledger);
    return NULL;
}

struct ledger *ledger_open_under(const char *path, const struct ledger_sizes *sizes, int64_t now,
                                 const char *boot_id, char *error, size_t error_size) {
    const struct failure failure = {error, error_size};
    const struct making making = {.path = path, .sizes = sizes, .now = now, .boot_id = boot_id};
    if (!ledger_sizes_are_legal(sizes)) {
        (void)fail(&failure, "sizes that no ledger can have");
        return NULL;
    }
    struct ledger *ledger = path != NULL ? open_file(&making, &failure) : make_memory(&making, &failure);
    if (ledger == NULL)
        return NULL;
    ledger->owner = getpid();
    ledger_drop_pages(ledger); /* opening looked at everything */
    return ledger;
}

void ledger_drop_pages(const struct ledger *ledger) {
    (void)madvise(ledger->memory, ledger->bytes, MADV_DONTNEED);
}

struct ledger *ledger_open(const char *path, const struct ledger_sizes *sizes, int64_t now, char *error,
                           size_t error_size) {
    char boot_id[LEDGER_BOOT_BYTES];
    read_boot_id(boot_id);
    return ledger_open_under(path, sizes, now, boot_id, error, error_size);
}

/* ---- to read ---- */

static struct ledger *attach(int fd, enum mapping how, const struct failure *failure) {
    struct ledger *ledger = view_create();
    if (ledger == NULL) {
        (void)fail(failure, "%s", strerror(ENOMEM));
        return NULL;
    }
    ledger->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (ledger->fd < 0)
        (void)fail(failure, "%s", strerror(errno));
    else if (read_header(ledger, failure) && map(ledger, how, failure)) {
        attach_users(ledger);
        return ledger;
    }
    ledger_close(ledger);
    return NULL;
}

struct ledger *ledger_attach_to_read(int fd, char *error, size_t error_size) {
    const struct failure failure = {error, error_size};
    return attach(fd, TO_READ, &failure);
}

/* After a stop of the machine the live part may be torn; the newest copy is what the server would start
 * from. */
static bool look_at_copy(struct ledger *ledger, const struct failure *failure) {
    int copy = ledger_copy_newest(ledger);
    if (copy < 0)
        return fail(failure, "damaged: the machine was stopped, and neither copy in the file is whole");
    ledger->live = ledger_copy_part(ledger, copy);
    ledger->index = NULL;
    return true;
}

static struct ledger *open_mapped(const char *path, const char *boot_id, enum mapping how,
                                  const struct failure *failure) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct ledger *ledger = NULL;
    if (fd < 0)
        (void)fail(failure, "%s", strerror(errno));
    else
        ledger = attach(fd, how, failure);
    if (fd >= 0)
        close(fd);
    if (ledger != NULL && !same_boot(ledger, boot_id) && !look_at_copy(ledger, failure)) {
        ledger_close(ledger);
        return NULL;
    }
    return ledger;
}

struct ledger *ledger_open_to_read_under(const char *path, const char *boot_id, char *error,
                                         size_t error_size) {
    const struct failure failure = {error, error_size};
    return open_mapped(path, boot_id, TO_READ, &failure);
}

struct ledger *ledger_open_to_read(const char *path, char *error, size_t error_size) {
    char boot_id[LEDGER_BOOT_BYTES];
    read_boot_id(boot_id);
    return ledger_open_to_read_under(path, boot_id, error, error_size);
}

struct ledger *ledger_open_to_inspect(const char *path, bool *served, char *error, size_t error_size) {
    const struct failure failure = {error, error_size};
    char boot_id[LEDGER_BOOT_BYTES];
    read_boot_id(boot_id);
    struct ledger *ledger = open_mapped(path, boot_id, PRIVATELY, &failure);
    *served = false;
    if (ledger == NULL)
        return NULL;
    *served = flock(ledger->fd, LOCK_SH | LOCK_NB) != 0;
    if (*served) {
        ledger_close(ledger);
        return open_mapped(path, boot_id, TO_READ, &failure);
    }
    /* A copy has nothing half done. */
    for (uint32_t w = 0; ledger->index != NULL && w < ledger->sizes.writers; w++)
        ledger_adopt(ledger, w);
    return ledger;
}

/* ---- the end, and what is known of it ---- */

void ledger_close(struct ledger *ledger) {
    if (ledger == NULL)
        return;
    /* The supervisor is the last to leave: what is there is there after the machine stops, too. Children that
     * were forked only unmap. */
    if (ledger->owner != 0 && ledger->owner == getpid() && ledger_sync(ledger) != 0)
        ledger->owner = 0; /* counted; the last copy stands */
    users_detach(ledger->users);
    if (ledger->memory != NULL)
        munmap(ledger->memory, ledger->bytes);
    if (ledger->fd >= 0)
        close(ledger->fd);
    free(ledger);
}

int ledger_fd(const struct ledger *ledger) {
    return ledger->fd;
}

const struct ledger_sizes *ledger_sizes(const struct ledger *ledger) {
    return &ledger->sizes;
}

uint64_t ledger_salt(const struct ledger *ledger) {
    return ledger->header->salt;
}

bool ledger_remove(const char *path, char *error, size_t error_size) {
    const struct failure failure = {error, error_size};
    uint64_t magic = 0;
    bool removed = false;
    struct ledger *ledger = view_create();
    enum locked locked = ledger != NULL ? open_locked(ledger, path, &failure) : LOCKED_FAILED;
    if (locked == LOCKED_ABSENT)
        (void)fail(&failure, "%s", strerror(ENOENT));
    if (locked == LOCKED) {
        removed = pread(ledger->fd, &magic, sizeof magic, 0) == sizeof magic && magic == LEDGER_MAGIC;
        if (!removed)
            (void)fail(&failure, "not a ledger");
        else if (unlink(path) != 0 || !sync_folder_of(path))
            removed = fail(&failure, "%s", strerror(errno));
    }
    ledger_close(ledger);
    return removed;
}

struct users *ledger_users(struct ledger *ledger) {
    return ledger->users;
}
