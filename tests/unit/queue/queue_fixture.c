/* Numbered frames, both views of a ring, sides of a queue; see queue_fixture.h. */
#include "queue_fixture.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static uint64_t mix(uint64_t z) {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

size_t frame_length(uint64_t number, size_t max) {
    uint64_t random = mix(number + 0x9e3779b97f4a7c15u);
    size_t any = (size_t)(random >> 8);
    switch (random % 8) {
    case 0:
        return 0;
    case 1:
        return max;
    case 2:
        return any % (max + 1);
    default:
        return any % (max < 100 ? max + 1 : 100);
    }
}

/* The bytes from..from+8 of a frame. */
static uint64_t word_of(uint64_t number, size_t from) {
    return (number + 1) * 0x9e3779b97f4a7c15u ^ (from + 1) * 0xbf58476d1ce4e5b9u;
}

void frame_fill(void *p, uint64_t number, size_t n) {
    char *bytes = p;
    for (size_t at = 0; at < n; at += 8) {
        uint64_t word = word_of(number, at);
        memcpy(bytes + at, &word, n - at < 8 ? n - at : 8);
    }
}

bool frame_holds(const void *p, uint64_t number, size_t n) {
    const char *bytes = p;
    for (size_t at = 0; at < n; at += 8) {
        uint64_t word = word_of(number, at);
        if (memcmp(bytes + at, &word, n - at < 8 ? n - at : 8) != 0)
            return false;
    }
    return true;
}

bool frame_send(struct ring *ring, uint64_t number, size_t max) {
    size_t n = frame_length(number, max);
    void *p = ring_reserve(ring, n);
    if (p == NULL)
        return false;
    frame_fill(p, number, n);
    ring_commit(ring, n);
    return true;
}

int frame_take(struct ring *ring, uint64_t number, size_t max) {
    const void *frame;
    size_t n;
    int got = ring_peek(ring, &frame, &n);
    if (got != 1)
        return got;
    if (n != frame_length(number, max) || !frame_holds(frame, number, n))
        return -1;
    ring_consume(ring);
    return 1;
}

static void require(bool condition, const char *what) {
    if (condition)
        return;
    perror(what);
    _exit(99);
}

void ring_pair_init(struct ring_pair *pair, uint64_t size) {
    *pair = (struct ring_pair){.memory = aligned_alloc(64, ring_footprint(size))};
    require(pair->memory != NULL, "aligned_alloc");
    ring_format(pair->memory, size);
    require(ring_attach(&pair->producer, pair->memory, size) == 0, "ring_attach");
    require(ring_attach(&pair->consumer, pair->memory, size) == 0, "ring_attach");
}

void ring_pair_cleanup(struct ring_pair *pair) {
    free(pair->memory);
    pair->memory = NULL;
}

void ring_pair_move_to(struct ring_pair *pair, uint64_t place) {
    const void *frame;
    size_t n;
    while (pair->producer.own % pair->producer.size != place) {
        require(ring_reserve(&pair->producer, 0) != NULL, "ring_reserve");
        ring_commit(&pair->producer, 0);
        require(ring_peek(&pair->consumer, &frame, &n) == 1, "ring_peek");
        ring_consume(&pair->consumer);
    }
}

void side_attach(struct queue *queue, enum queue_side side, const struct queue_sizes *sizes,
                 const struct queue_fds *fds) {
    struct queue_fds copies = {.memory = fcntl(fds->memory, F_DUPFD_CLOEXEC, 0),
                               .wake_worker = fcntl(fds->wake_worker, F_DUPFD_CLOEXEC, 0),
                               .wake_front_end = fcntl(fds->wake_front_end, F_DUPFD_CLOEXEC, 0)};
    require(queue_attach(queue, side, sizes, &copies) == 0, "queue_attach");
}

bool side_wait(struct queue *queue) {
    bool woken = true;
    if (queue_sleep(queue)) {
        struct pollfd wait = {.fd = queue_wait_fd(queue), .events = POLLIN};
        woken = poll(&wait, 1, LOST_WAKE_MS) == 1;
        queue_awake(queue);
    }
    return woken;
}
