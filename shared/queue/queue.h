/*
 * A queue between a front end and a worker: a ring of jobs one way, a ring of answers the other, in one
 * sealed memfd, with an eventfd to wake either side.
 *
 * The supervisor makes it (queue_create) and hands its three descriptors to both sides, which attach. Either
 * side may die at any moment, SIGKILL included; the survivor still can read what was finished. A queue is
 * never given to a second pair: the successor of a dead side gets a fresh one.
 *
 * Waking: a producer wakes the consumer after it has committed frames, once a batch; the consumer says that
 * it is about to sleep (queue_sleep), looks once more, and sleeps only when that says so. So a wake is never
 * lost, and a busy consumer costs the producer no system call.
 */
#ifndef SLIMBID_QUEUE_QUEUE_H
#define SLIMBID_QUEUE_QUEUE_H

#include "queue/ring.h"

enum queue_side { QUEUE_FRONT_END, QUEUE_WORKER }; /* the front end produces jobs, the worker answers */

/* Both sides must be told the same sizes by somebody they trust. */
struct queue_sizes {
    uint32_t job_bytes, answer_bytes; /* of the rings: powers of two */
};

struct queue_fds {
    int memory;         /* memfd, sealed against growing, shrinking and further seals */
    int wake_worker;    /* eventfd, non-blocking */
    int wake_front_end; /* the same */
};

/* Makes the memory, all pages of it, and the eventfds, all close-on-exec. 0, or -1 with errno; nothing is
 * left open then. */
int queue_create(const struct queue_sizes *sizes, struct queue_fds *fds) CHECK_RESULT;
/* Closes all three; -1 in a field is none. */
void queue_fds_close(struct queue_fds *fds);

struct queue {
    struct ring out, in; /* what this side produces and consumes */
    struct queue_fds fds;
    void *memory;
    size_t memory_bytes;
    enum queue_side side;
};

/* Maps the memory of fds and takes them: queue_detach() closes them. Checks the size and the seals of the
 * memfd first: one that could shrink could kill by SIGBUS. Once a side. 0, or -1 with errno (EPERM: seals are
 * missing, EINVAL: another size, EPROTO: no queue of these sizes); the fds stay the caller's then. */
int queue_attach(struct queue *queue, enum queue_side side, const struct queue_sizes *sizes,
                 const struct queue_fds *fds) CHECK_RESULT;
/* Unmaps, and closes the fds. Legal on a zeroed queue, twice. */
void queue_detach(struct queue *queue);

/* The descriptor that becomes readable when the other side wakes this one. */
int queue_wait_fd(const struct queue *queue);
/* Wakes the other side when it sleeps or is about to. One system call at most. */
void queue_wake(struct queue *queue);
/* Says that this side is about to sleep. True: nothing has come, sleep on queue_wait_fd(). False: look at the
 * ring again, this side counts as awake. */
bool queue_sleep(struct queue *queue) CHECK_RESULT;
/* After the sleep: empties the eventfd; this side counts as awake. */
void queue_awake(struct queue *queue);

/* The producer's generation of the ad table: the lowest that a job from now on may carry. Monotonic. The
 * worker reads it to learn when an old table has had its last job (shared word, no lock; hostile values only
 * delay): it asks for the generation first and then reads the ring until it is empty; after that no job of a
 * lower one comes. */
void queue_set_generation(struct queue *queue, uint32_t generation);
uint32_t queue_generation(const struct queue *queue);

#endif
