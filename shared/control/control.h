/*
 * The supervisor's line to each child: a SOCK_SEQPACKET socket pair on which one packet is one message,
 * descriptors riding along. Children never talk to each other on it; a child whose line closes ends, since
 * its supervisor has died.
 *
 * A worker's life on it: it is spawned with its line, gets CONTROL_TABLE with the verified file, maps it and
 * says CONTROL_READY; from then on it gets CONTROL_QUEUE for each front end that starts, and CONTROL_TABLE
 * for each new generation, which it confirms or refuses. A front end's: it gets CONTROL_WORKER for each
 * worker that is ready (again when that one died and its successor is), and CONTROL_GENERATION when all
 * workers have a new table.
 */
#ifndef SLIMBID_CONTROL_CONTROL_H
#define SLIMBID_CONTROL_CONTROL_H

#include <stdint.h>

#include "base/macros.h"

#define CONTROL_MOST_FDS 4

enum control_type {
    CONTROL_TABLE = 1, /* supervisor to worker: generation; fds: the table's file */
    CONTROL_QUEUE, /* supervisor to worker: index of a front end; fds: memory, wake_worker, wake_front_end. It
                      replaces that front end's former queue */
    CONTROL_READY, /* worker to supervisor: serves this generation */
    CONTROL_REFUSED, /* worker to supervisor: could not map this generation */
    CONTROL_FAULT,   /* worker to supervisor: the file of this generation is damaged or was cut short */
    CONTROL_WORKER,  /* supervisor to front end: index of a worker; fds: memory, wake_worker, wake_front_end,
                        pidfd */
    CONTROL_GENERATION, /* supervisor to front end: jobs carry this from now on; 0: there is no table */
    CONTROL_RELOAD,     /* front end to supervisor: somebody asks for a reload */
    CONTROL_TYPES
};

struct control_message {
    uint32_t type;
    uint32_t index;
    uint32_t generation;
    int fds[CONTROL_MOST_FDS]; /* fd_count of them; a receiver owns them, close-on-exec */
    uint32_t fd_count;
};

/* A pair, non-blocking and close-on-exec: [0] is the supervisor's. 0, or -1 with errno. */
int control_pair(int fds[2]) CHECK_RESULT;
/* Sends one message; its fds stay the caller's. 0, or -1 with errno: EAGAIN when the other side does not
 * read. */
int control_send(int fd, const struct control_message *message) CHECK_RESULT;
/* 1 and a message; 0: none now; -1: the line is closed or broken. A packet that is no message of ours, or has
 * other fds than its type needs, is broken: nothing stays open. */
int control_receive(int fd, struct control_message *message) CHECK_RESULT;
/* Closes the descriptors of a received message that its receiver has no use for. */
void control_close_fds(struct control_message *message);

#endif
