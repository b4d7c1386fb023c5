/*
 * One side of a queue beside one that lies: the input is a list of operations of this side and of words that
 * the other writes anywhere into the shared memory between them. What this side touches must lie in the ring
 * (each part of the memory is an object of its own, so the sanitizer sees any step beside it), what is broken
 * stays broken, and reading all there is comes to an end.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include "queue/queue.h"
#include "queue/queue_layout.h"

#define SIZE RING_LEAST_BYTES

static _Alignas(64) struct queue_shared shared;
static _Alignas(64) char in_memory[192 + SIZE];
static _Alignas(64) char out_memory[192 + SIZE];

struct input {
    const uint8_t *p;
    size_t n;
};

static void require(bool condition) {
    if (!condition)
        abort();
}

/* The next n bytes as a number; zeros behind the end. */
static uint64_t take(struct input *input, size_t n) {
    uint64_t value = 0;
    size_t there = n < input->n ? n : input->n;
    if (there > 0)
        memcpy(&value, input->p, there);
    input->p += there;
    input->n -= there;
    return value;
}

/* ---- this side ---- */

static void check_within(const struct ring *ring, const void *frame, size_t n) {
    const char *p = frame;
    require(n <= ring_frame_max(ring) && (uintptr_t)p % RING_WORD_BYTES == 0);
    require(p >= ring->bytes && p + n <= ring->bytes + SIZE);
}

static void reserve(struct queue *queue, struct input *input, bool commit) {
    size_t n = (size_t)take(input, 2), used = (size_t)take(input, 2);
    void *p = ring_reserve(&queue->out, n);
    if (p == NULL)
        return;
    require(!queue->out.broken);
    check_within(&queue->out, p, n);
    memset(p, (int)n, n);
    if (commit)
        ring_commit(&queue->out, used % (n + 1));
}

static void op_send(struct queue *queue, struct input *input) {
    reserve(queue, input, true);
}

static void op_give_up(struct queue *queue, struct input *input) {
    reserve(queue, input, false);
}

static int look(struct queue *queue) {
    static volatile char seen;
    const void *frame;
    size_t n;
    int got = ring_peek(&queue->in, &frame, &n);
    require((got == -1) == queue->in.broken);
    if (got != 1)
        return got;
    check_within(&queue->in, frame, n);
    for (size_t i = 0; i < n; i++)
        seen = ((const char *)frame)[i];
    (void)seen;
    return 1;
}

static void op_look(struct queue *queue, struct input *input) {
    (void)input;
    (void)look(queue);
}

static void op_receive(struct queue *queue, struct input *input) {
    (void)input;
    if (look(queue) == 1)
        ring_consume(&queue->in);
}

static void op_consume(struct queue *queue, struct input *input) {
    (void)input;
    ring_consume(&queue->in);
}

static void op_drain(struct queue *queue, struct input *input) {
    size_t frames = 0;
    (void)input;
    for (; look(queue) == 1; frames++) {
        ring_consume(&queue->in);
        require(frames <= SIZE / RING_WORD_BYTES);
    }
}

static void op_wake(struct queue *queue, struct input *input) {
    (void)input;
    queue_wake(queue);
}

static void op_sleep(struct queue *queue, struct input *input) {
    (void)input;
    if (queue_sleep(queue))
        require(look(queue) == 0);
}

static void op_awake(struct queue *queue, struct input *input) {
    (void)input;
    queue_awake(queue);
    (void)queue_generation(queue);
}

/* ---- the other side ---- */

static void overwrite(void *memory, size_t memory_bytes, struct input *input) {
    size_t at = (size_t)take(input, 2) % (memory_bytes - 7);
    uint64_t word = take(input, 8);
    memcpy((char *)memory + at, &word, sizeof word);
}

static void op_write_shared(struct queue *queue, struct input *input) {
    (void)queue;
    overwrite(&shared, sizeof shared, input);
}

static void op_write_in(struct queue *queue, struct input *input) {
    (void)queue;
    overwrite(in_memory, sizeof in_memory, input);
}

static void op_write_out(struct queue *queue, struct input *input) {
    (void)queue;
    overwrite(out_memory, sizeof out_memory, input);
}

/* Any mark and length where this side reads next. */
static void op_write_word(struct queue *queue, struct input *input) {
    static const uint32_t marks[] = {RING_MARK_FRAME, RING_MARK_FILLER, 0, UINT32_MAX};
    uint64_t mark = marks[take(input, 1) % COUNT_OF(marks)];
    uint64_t word = mark << 32 | take(input, 4);
    memcpy(queue->in.bytes + queue->in.own % SIZE, &word, sizeof word);
}

static void op_move_tail(struct queue *queue, struct input *input) {
    queue->in.shared->tail += take(input, 2);
}

static void op_move_head(struct queue *queue, struct input *input) {
    queue->out.shared->head += take(input, 2);
}

/* A good frame, wherever the tail is. */
static void op_other_sends(struct queue *queue, struct input *input) {
    uint64_t n = take(input, 2) % (SIZE / 2 - 7), frame = RING_WORD_BYTES + (n + 7) / 8 * 8;
    uint64_t tail = queue->in.shared->tail & ~(uint64_t)7, place = tail % SIZE;
    if (frame > SIZE - place) {
        uint64_t filler = (uint64_t)RING_MARK_FILLER << 32 | (SIZE - place - RING_WORD_BYTES);
        memcpy(queue->in.bytes + place, &filler, sizeof filler);
        tail += SIZE - place;
        place = 0;
    }
    uint64_t word = (uint64_t)RING_MARK_FRAME << 32 | n;
    memcpy(queue->in.bytes + place, &word, sizeof word);
    queue->in.shared->tail = tail + frame;
}

/* It has read all that this side sent. */
static void op_other_receives(struct queue *queue, struct input *input) {
    (void)input;
    queue->out.shared->head = queue->out.own;
}

static void (*const ops[])(struct queue *, struct input *) = {
    op_send,      op_give_up,     op_look,      op_receive,      op_consume,        op_drain,
    op_wake,      op_sleep,       op_awake,     op_write_in,     op_write_word,     op_move_tail,
    op_move_head, op_other_sends, op_write_out, op_write_shared, op_other_receives,
};

/* ---- a run ---- */

static void begin(struct queue *queue, enum queue_side side) {
    static int wake_worker = -1, wake_front_end = -1;
    if (wake_worker < 0) {
        wake_worker = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        wake_front_end = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        require(wake_worker >= 0 && wake_front_end >= 0);
    }
    memset(&shared, 0, sizeof shared);
    memset(in_memory, 0, sizeof in_memory);
    memset(out_memory, 0, sizeof out_memory);
    ring_format(in_memory, SIZE);
    ring_format(out_memory, SIZE);
    *queue = (struct queue){.fds = {-1, wake_worker, wake_front_end}, .memory = &shared, .side = side};
    require(ring_attach(&queue->in, in_memory, SIZE) == 0);
    require(ring_attach(&queue->out, out_memory, SIZE) == 0);
    queue_awake(queue);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct input input = {data, size};
    struct queue queue;
    begin(&queue, take(&input, 1) % 2 ? QUEUE_WORKER : QUEUE_FRONT_END);
    while (input.n > 0) {
        bool in_broken = queue.in.broken, out_broken = queue.out.broken;
        uint64_t in_own = queue.in.own, out_own = queue.out.own;
        ops[take(&input, 1) % COUNT_OF(ops)](&queue, &input);
        require(queue.in.broken >= in_broken && queue.out.broken >= out_broken);
        require(queue.in.own >= in_own && queue.out.own >= out_own);
        require(!in_broken || queue.in.own == in_own);
        require(!out_broken || queue.out.own == out_own);
    }
    return 0;
}
