/*
 * What a job costs between two processes: CPU nanoseconds a job on each side for the ring with eventfds of
 * shared/queue, beside a pair of pipes and a seqpacket socket pair, in turns, in one run.
 *
 * The front end sends a batch of jobs and waits for all their answers; each message is built once by its
 * sender, and its receiver reads every byte of it once. Pipes and sockets are read blocking, many messages a
 * call, which is their best case.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/options.h"
#include "queue/queue.h"

#define JOB_BYTES    1024
#define ANSWER_BYTES 2048
#define BATCH_MAX    64
#define ROUNDS_MAX   100
#define TARGET_NS    750
#define BUFFER_BYTES (BATCH_MAX * (ANSWER_BYTES + sizeof(uint32_t)))

static const struct queue_sizes ring_sizes = {.job_bytes = 1 << 18, .answer_bytes = 1 << 18};

static char message[ANSWER_BYTES]; /* what a message is built from */

static void die(const char *what) {
    fprintf(stderr, "queue-bench: %s: %s\n", what, strerror(errno));
    exit(1);
}

/* ---- one side of a link ---- */

struct packets {
    struct mmsghdr headers[BATCH_MAX];
    struct iovec parts[BATCH_MAX];
};

struct side {
    enum queue_side who;
    size_t send_bytes, receive_bytes; /* a message */
    struct queue queue;
    int in, out; /* of pipes and sockets */
    size_t sent; /* bytes (pipe) or packets (socket) that wait to be written */
    size_t kept; /* bytes of a message that is not complete (pipe) */
    char *out_buffer, *in_buffer;
    struct packets packets_out, packets_in;
    uint64_t sum; /* so that nobody leaves the reading out */
};

/* What is done for each message received. */
typedef void on_message(struct side *side);

struct transport {
    const char *name;
    void (*open)(struct side *front, struct side *worker);
    void (*put)(struct side *side); /* one message */
    void (*flush)(struct side *side);
    /* Waits for messages, and calls for each of those that are there. */
    size_t (*receive)(struct side *side, on_message *done);
};

static void read_message(struct side *side, const char *p) {
    uint64_t word, sum = 0;
    for (size_t at = 0; at < side->receive_bytes; at += sizeof word) {
        memcpy(&word, p + at, sizeof word);
        sum += word;
    }
    side->sum += sum;
}

/* ---- ring and eventfd ---- */

static void attach(struct side *side, const struct queue_fds *fds) {
    struct queue_fds copies = {dup(fds->memory), dup(fds->wake_worker), dup(fds->wake_front_end)};
    if (queue_attach(&side->queue, side->who, &ring_sizes, &copies) != 0)
        die("queue_attach");
}

static void ring_open(struct side *front, struct side *worker) {
    struct queue_fds fds;
    if (queue_create(&ring_sizes, &fds) != 0)
        die("queue_create");
    attach(front, &fds);
    attach(worker, &fds);
    queue_fds_close(&fds);
}

static void ring_put(struct side *side) {
    void *p;
    while ((p = ring_reserve(&side->queue.out, side->send_bytes)) == NULL) {
        queue_wake(&side->queue);
        sched_yield();
    }
    memcpy(p, message, side->send_bytes);
    ring_commit(&side->queue.out, side->send_bytes);
}

static void ring_flush(struct side *side) {
    queue_wake(&side->queue);
}

static size_t ring_receive(struct side *side, on_message *done) {
    const void *frame;
    size_t n, count = 0;
    int got;
    if (queue_sleep(&side->queue)) {
        struct pollfd wait = {.fd = queue_wait_fd(&side->queue), .events = POLLIN};
        if (poll(&wait, 1, -1) < 0)
            die("poll");
        queue_awake(&side->queue);
    }
    while ((got = ring_peek(&side->queue.in, &frame, &n)) == 1 && n == side->receive_bytes) {
        read_message(side, frame);
        ring_consume(&side->queue.in);
        done(side);
        count++;
    }
    if (got != 0)
        die("a broken ring");
    return count;
}

/* ---- a pair of pipes: a length, then the message ---- */

static void pipe_open(struct side *front, struct side *worker) {
    int jobs[2], answers[2];
    if (pipe2(jobs, O_CLOEXEC) != 0 || pipe2(answers, O_CLOEXEC) != 0)
        die("pipe2");
    (void)fcntl(jobs[0], F_SETPIPE_SZ, 1 << 20);
    (void)fcntl(answers[0], F_SETPIPE_SZ, 1 << 20);
    front->out = jobs[1], worker->in = jobs[0];
    worker->out = answers[1], front->in = answers[0];
}

static void pipe_put(struct side *side) {
    uint32_t n = (uint32_t)side->send_bytes;
    memcpy(side->out_buffer + side->sent, &n, sizeof n);
    memcpy(side->out_buffer + side->sent + sizeof n, message, n);
    side->sent += sizeof n + n;
}

static void pipe_flush(struct side *side) {
    for (size_t at = 0; at < side->sent;) {
        ssize_t written = write(side->out, side->out_buffer + at, side->sent - at);
        if (written < 0)
            die("write");
        at += (size_t)written;
    }
    side->sent = 0;
}

static size_t pipe_receive(struct side *side, on_message *done) {
    ssize_t got = read(side->in, side->in_buffer + side->kept, BUFFER_BYTES - side->kept);
    if (got <= 0)
        die("read");
    size_t there = side->kept + (size_t)got, at = 0, count = 0;
    uint32_t n;
    for (; there - at >= sizeof n; at += sizeof n + n, count++) {
        memcpy(&n, side->in_buffer + at, sizeof n);
        if (n != side->receive_bytes)
            die("another message");
        if (there - at < sizeof n + n)
            break;
        read_message(side, side->in_buffer + at + sizeof n);
        done(side);
    }
    side->kept = there - at;
    memmove(side->in_buffer, side->in_buffer + at, side->kept);
    return count;
}

/* ---- a seqpacket socket pair ---- */

static void packets_init(struct packets *packets, char *buffer, size_t n) {
    for (size_t i = 0; i < BATCH_MAX; i++) {
        packets->parts[i] = (struct iovec){buffer + i * n, n};
        packets->headers[i] = (struct mmsghdr){.msg_hdr = {.msg_iov = &packets->parts[i], .msg_iovlen = 1}};
    }
}

static void socket_open(struct side *front, struct side *worker) {
    int fds[2], bytes = 1 << 20;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) != 0)
        die("socketpair");
    for (int i = 0; i < 2; i++)
        (void)setsockopt(fds[i], SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
    front->in = front->out = fds[0];
    worker->in = worker->out = fds[1];
    struct side *sides[] = {front, worker};
    for (int i = 0; i < 2; i++) {
        packets_init(&sides[i]->packets_out, sides[i]->out_buffer, sides[i]->send_bytes);
        packets_init(&sides[i]->packets_in, sides[i]->in_buffer, sides[i]->receive_bytes);
    }
}

static void socket_put(struct side *side) {
    memcpy(side->packets_out.parts[side->sent++].iov_base, message, side->send_bytes);
}

static void socket_flush(struct side *side) {
    for (size_t at = 0; at < side->sent;) {
        int written = sendmmsg(side->out, side->packets_out.headers + at, (unsigned)(side->sent - at), 0);
        if (written < 0)
            die("sendmmsg");
        at += (size_t)written;
    }
    side->sent = 0;
}

static size_t socket_receive(struct side *side, on_message *done) {
    int got = recvmmsg(side->in, side->packets_in.headers, BATCH_MAX, MSG_WAITFORONE, NULL);
    if (got <= 0)
        die("recvmmsg");
    for (int i = 0; i < got; i++) {
        if (side->packets_in.headers[i].msg_len != side->receive_bytes)
            die("another message");
        read_message(side, side->packets_in.parts[i].iov_base);
        done(side);
    }
    return (size_t)got;
}

/* ---- a round ---- */

enum { RING, PIPE, SEQPACKET, TRANSPORTS };

static const struct transport transports[TRANSPORTS] = {
    [RING] = {"ring + eventfd", ring_open, ring_put, ring_flush, ring_receive},
    [PIPE] = {"pipe pair", pipe_open, pipe_put, pipe_flush, pipe_receive},
    [SEQPACKET] = {"seqpacket pair", socket_open, socket_put, socket_flush, socket_receive},
};

struct cost {
    double front, worker; /* CPU nanoseconds a job */
};

static const struct transport *running; /* in this round */

static double cpu_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void nothing(struct side *side) {
    (void)side;
}

static void answer(struct side *side) {
    running->put(side);
}

static double work(struct side *side, uint64_t jobs) {
    double start = cpu_ns();
    for (uint64_t done = 0; done < jobs;) {
        done += running->receive(side, answer);
        running->flush(side);
    }
    return (cpu_ns() - start) / (double)jobs;
}

static double ask(struct side *side, uint64_t jobs, size_t batch) {
    double start = cpu_ns();
    for (uint64_t done = 0; done < jobs; done += batch) {
        for (size_t i = 0; i < batch; i++)
            running->put(side);
        running->flush(side);
        for (size_t answered = 0; answered < batch;)
            answered += running->receive(side, nothing);
    }
    return (cpu_ns() - start) / (double)jobs;
}

static void side_init(struct side *side, enum queue_side who) {
    bool front = who == QUEUE_FRONT_END;
    *side = (struct side){.who = who,
                          .send_bytes = front ? JOB_BYTES : ANSWER_BYTES,
                          .receive_bytes = front ? ANSWER_BYTES : JOB_BYTES,
                          .in = -1,
                          .out = -1,
                          .out_buffer = calloc(1, BUFFER_BYTES),
                          .in_buffer = calloc(1, BUFFER_BYTES)};
    if (side->out_buffer == NULL || side->in_buffer == NULL)
        die("calloc");
}

static void side_cleanup(struct side *side) {
    queue_detach(&side->queue);
    if (side->in >= 0)
        close(side->in);
    if (side->out >= 0 && side->out != side->in)
        close(side->out);
    free(side->out_buffer);
    free(side->in_buffer);
}

/* The worker's process tells its cost through told. */
static struct cost play(const struct transport *transport, uint64_t jobs, size_t batch, double *told) {
    static struct side front, worker;
    struct cost cost;
    int status = 0;
    running = transport;
    side_init(&front, QUEUE_FRONT_END);
    side_init(&worker, QUEUE_WORKER);
    transport->open(&front, &worker);
    pid_t pid = fork();
    if (pid < 0)
        die("fork");
    if (pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)work(&worker, batch * 16); /* pages, caches */
        *told = work(&worker, jobs);
        _exit(0);
    }
    (void)ask(&front, batch * 16, batch);
    cost.front = ask(&front, jobs, batch);
    if (waitpid(pid, &status, 0) != pid || status != 0)
        die("the worker failed");
    cost.worker = *told;
    side_cleanup(&front);
    side_cleanup(&worker);
    return cost;
}

/* ---- all rounds ---- */

static int by_both(const void *a, const void *b) {
    const struct cost *x = a, *y = b;
    double dx = x->front + x->worker, dy = y->front + y->worker;
    return (dx > dy) - (dx < dy);
}

/* The costs of the median round of each transport. */
static void measure(uint64_t jobs, size_t rounds, size_t batch, double *told, struct cost *medians) {
    static struct cost costs[TRANSPORTS][ROUNDS_MAX];
    for (size_t round = 0; round < rounds; round++)
        for (size_t t = 0; t < TRANSPORTS; t++)
            costs[t][round] = play(&transports[t], jobs, batch, told);
    for (size_t t = 0; t < TRANSPORTS; t++) {
        qsort(costs[t], rounds, sizeof costs[t][0], by_both);
        medians[t] = costs[t][rounds / 2];
    }
}

static void report(size_t batch, const struct cost *medians) {
    double ring = medians[RING].front + medians[RING].worker;
    for (size_t t = 0; t < TRANSPORTS; t++) {
        double both = medians[t].front + medians[t].worker;
        printf("%5zu  %-16s %9.0f %9.0f %9.0f   %5.2f\n", batch, transports[t].name, medians[t].front,
               medians[t].worker, both, both / ring);
    }
}

int main(int argc, char **argv) {
    static const size_t batches[] = {1, 4, 16, BATCH_MAX};
    uint64_t jobs = 32768, rounds = 5;
    const struct option_row rows[] = {
        {"jobs", "N", "jobs a round", OPTION_UINT, &jobs, BATCH_MAX, 1e8},
        {"rounds", "N", "rounds of each transport and batch", OPTION_UINT, &rounds, 1, ROUNDS_MAX},
    };
    const struct option_table table = {.program = "queue-bench",
                                       .purpose = "CPU time a job between a front end and a worker.",
                                       .rows = rows,
                                       .count = COUNT_OF(rows)};
    struct cost medians[TRANSPORTS] = {0};
    options_read(&table, argc, argv);
    jobs -= jobs % BATCH_MAX;
    for (size_t i = 0; i < sizeof message; i++)
        message[i] = (char)(i * 37);
    double *told = mmap(NULL, sizeof *told, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (told == MAP_FAILED)
        die("mmap");
    printf("jobs of %d bytes, answers of %d; %lu jobs a round, medians of %lu rounds; CPU ns a job\n",
           JOB_BYTES, ANSWER_BYTES, (unsigned long)jobs, (unsigned long)rounds);
    printf("batch  transport        front end    worker      both  x ring\n");
    for (size_t i = 0; i < COUNT_OF(batches); i++) {
        measure(jobs, rounds, batches[i], told, medians);
        report(batches[i], medians);
    }
    double ring = medians[RING].front + medians[RING].worker;
    printf("ring in batches of %d: %.0f ns a job (target %d: %s)\n", BATCH_MAX, ring, TARGET_NS,
           ring <= TARGET_NS ? "met" : "missed");
    return 0;
}
