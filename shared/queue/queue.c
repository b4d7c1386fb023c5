/* Two rings, two eventfds; see queue.h, and queue_layout.h for the bytes. */
#include "queue/queue.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "queue/queue_layout.h"

#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

static bool sizes_are_legal(const struct queue_sizes *sizes) {
    if (ring_size_is_legal(sizes->job_bytes) && ring_size_is_legal(sizes->answer_bytes))
        return true;
    errno = EINVAL;
    return false;
}

static size_t jobs_at(void) {
    return sizeof(struct queue_shared);
}

static size_t answers_at(const struct queue_sizes *sizes) {
    return jobs_at() + ring_footprint(sizes->job_bytes);
}

static size_t memory_bytes(const struct queue_sizes *sizes) {
    return answers_at(sizes) + ring_footprint(sizes->answer_bytes);
}

/* ---- making one ---- */

static int format(int memfd, const struct queue_sizes *sizes) {
    size_t n = memory_bytes(sizes);
    /* All pages at once: a page that can't be had later would be a SIGBUS, and a lap touches all anyway. */
    if (ftruncate(memfd, (off_t)n) != 0 || fallocate(memfd, 0, 0, (off_t)n) != 0)
        return -1;
    void *memory = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED, memfd, 0);
    if (memory == MAP_FAILED)
        return -1;
    struct queue_shared *shared = memory;
    shared->magic = QUEUE_MAGIC;
    shared->version = QUEUE_VERSION;
    shared->job_bytes = sizes->job_bytes;
    shared->answer_bytes = sizes->answer_bytes;
    ring_format((char *)memory + jobs_at(), sizes->job_bytes);
    ring_format((char *)memory + answers_at(sizes), sizes->answer_bytes);
    munmap(memory, n);
    return fcntl(memfd, F_ADD_SEALS, SEALS);
}

int queue_create(const struct queue_sizes *sizes, struct queue_fds *fds) {
    *fds = (struct queue_fds){-1, -1, -1};
    if (!sizes_are_legal(sizes))
        return -1;
    fds->memory = memfd_create("slimbid-queue", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fds->memory < 0 || format(fds->memory, sizes) != 0)
        goto fail;
    fds->wake_worker = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    fds->wake_front_end = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (fds->wake_worker >= 0 && fds->wake_front_end >= 0)
        return 0;
fail:
    queue_fds_close(fds);
    return -1;
}

static void close_one(int *fd) {
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

void queue_fds_close(struct queue_fds *fds) {
    int error = errno;
    close_one(&fds->memory);
    close_one(&fds->wake_worker);
    close_one(&fds->wake_front_end);
    errno = error;
}

/* ---- attaching ---- */

static int check_file(int memfd, size_t n) {
    struct stat file;
    int seals = fcntl(memfd, F_GET_SEALS);
    if (seals < 0 || fstat(memfd, &file) != 0)
        return -1;
    if ((seals & SEALS) != SEALS) {
        errno = EPERM;
        return -1;
    }
    if (file.st_size < 0 || (uint64_t)file.st_size != n) {
        errno = EINVAL;
        return -1;
    }
    return 0;
}

static int attach_rings(struct queue *queue, const struct queue_sizes *sizes) {
    const struct queue_shared *shared = queue->memory;
    char *memory = queue->memory;
    bool front = queue->side == QUEUE_FRONT_END;
    if (shared->magic != QUEUE_MAGIC || shared->version != QUEUE_VERSION)
        return -1;
    if (shared->job_bytes != sizes->job_bytes || shared->answer_bytes != sizes->answer_bytes)
        return -1;
    if (ring_attach(front ? &queue->out : &queue->in, memory + jobs_at(), sizes->job_bytes) != 0)
        return -1;
    return ring_attach(front ? &queue->in : &queue->out, memory + answers_at(sizes), sizes->answer_bytes);
}

int queue_attach(struct queue *queue, enum queue_side side, const struct queue_sizes *sizes,
                 const struct queue_fds *fds) {
    *queue = (struct queue){.fds = {-1, -1, -1}, .side = side};
    if (!sizes_are_legal(sizes))
        return -1;
    size_t n = memory_bytes(sizes);
    if (check_file(fds->memory, n) != 0)
        return -1;
    void *memory = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED, fds->memory, 0);
    if (memory == MAP_FAILED)
        return -1;
    queue->memory = memory;
    queue->memory_bytes = n;
    if (attach_rings(queue, sizes) != 0) {
        queue_detach(queue); /* no descriptor is in it yet */
        errno = EPROTO;
        return -1;
    }
    queue->fds = *fds;
    return 0;
}

void queue_detach(struct queue *queue) {
    if (queue->memory == NULL)
        return;
    munmap(queue->memory, queue->memory_bytes);
    queue_fds_close(&queue->fds);
    *queue = (struct queue){.fds = {-1, -1, -1}, .side = queue->side};
}

/* ---- sleep and wake ---- */

/*
 * The fences of queue_sleep() and queue_wake() are Dekker's: of "I sleep, is there a frame?" and "there is a
 * frame, does it sleep?" at least one sees the other's word. Who wakes lowers the word, so that a batch
 * committed before the sleeper runs costs no second call. A wake too many is harmless.
 */
static _Atomic uint32_t *asleep_of(const struct queue *queue, bool other) {
    struct queue_shared *shared = queue->memory;
    return &shared->sides[(queue->side == QUEUE_WORKER) != other].asleep;
}

int queue_wait_fd(const struct queue *queue) {
    return queue->side == QUEUE_WORKER ? queue->fds.wake_worker : queue->fds.wake_front_end;
}

void queue_wake(struct queue *queue) {
    _Atomic uint32_t *asleep = asleep_of(queue, true);
    static const uint64_t one = 1;
    atomic_thread_fence(memory_order_seq_cst);
    if (LIKELY(atomic_load_explicit(asleep, memory_order_relaxed) == 0))
        return;
    if (atomic_exchange_explicit(asleep, 0, memory_order_relaxed) == 0)
        return;
    int fd = queue->side == QUEUE_WORKER ? queue->fds.wake_front_end : queue->fds.wake_worker;
    /* It fails when the counter is at its end, and then the sleeper is woken already. */
    ssize_t written = write(fd, &one, sizeof one);
    (void)written;
}

bool queue_sleep(struct queue *queue) {
    _Atomic uint32_t *asleep = asleep_of(queue, false);
    const void *frame = NULL;
    size_t n = 0;
    atomic_store_explicit(asleep, 1, memory_order_relaxed);
    atomic_thread_fence(memory_order_seq_cst);
    if (ring_peek(&queue->in, &frame, &n) == 0)
        return true;
    atomic_store_explicit(asleep, 0, memory_order_relaxed);
    return false;
}

void queue_awake(struct queue *queue) {
    uint64_t count = 0;
    atomic_store_explicit(asleep_of(queue, false), 0, memory_order_relaxed);
    /* Nothing to read is no failure: who sleeps may be woken by another descriptor. */
    ssize_t got = read(queue_wait_fd(queue), &count, sizeof count);
    (void)got;
}

/* ---- the generation ---- */

/* Release and acquire: whoever sees the word sees all jobs committed before it was set. */
void queue_set_generation(struct queue *queue, uint32_t generation) {
    struct queue_shared *shared = queue->memory;
    atomic_store_explicit(&shared->generation, generation, memory_order_release);
}

uint32_t queue_generation(const struct queue *queue) {
    struct queue_shared *shared = queue->memory;
    return atomic_load_explicit(&shared->generation, memory_order_acquire);
}
