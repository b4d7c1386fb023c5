/* Workers' lives, tables and queues; see workers.h. */
#include "supervisor/workers.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "control/control.h"
#include "queue/queue.h"
#include "supervisor/front_ends.h"
#include "supervisor/spawn.h"
#include "supervisor/table_watch.h"

/* ---- set-up ---- */

/* The page that a worker and its successors count in; sealed, so that none of them can cut it short. */
static int make_stats(struct supervisor *sv, uint32_t w) {
    int fd = memfd_create("slimbid-worker-stats", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    sv->workers[w].stats_fd = fd;
    if (fd < 0 || ftruncate(fd, WORKER_STATS_BYTES) != 0 ||
        fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
        return -1;
    void *page = mmap(NULL, WORKER_STATS_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (page == MAP_FAILED)
        return -1;
    sv->stats->processes.worker_stats[w] = page;
    return 0;
}

static uint32_t count_wanted(const struct config *config) {
    if (config->campaigns.workers)
        return config->campaigns.workers;
    cpu_set_t cores;
    if (sched_getaffinity(0, sizeof cores, &cores) != 0)
        return 1;
    uint32_t count = (uint32_t)CPU_COUNT(&cores);
    uint32_t left = count > config->front_ends ? count - config->front_ends : 1;
    return left < PROCESSES_MOST_WORKERS ? left : PROCESSES_MOST_WORKERS;
}

static int start_one(struct supervisor *sv, uint32_t w);

int workers_start(struct supervisor *sv) {
    for (uint32_t w = 0; w < PROCESSES_MOST_WORKERS; w++)
        sv->workers[w] = (struct worker_child){.child.line = -1, .pidfd = -1, .stats_fd = -1};
    if (!str_present(sv->config->campaigns.table))
        return 0;
    if (spawn_find(sv->worker_path, sizeof sv->worker_path) != 0) {
        log_error("supervisor", "campaigns.table needs %s, which is not there or may not be run",
                  sv->worker_path);
        return -1;
    }
    sv->worker_count = count_wanted(sv->config);
    sv->stats->processes.worker_count = sv->worker_count;
    for (uint32_t w = 0; w < sv->worker_count; w++)
        if (make_stats(sv, w) != 0) {
            log_error("supervisor", "worker statistics: %s", strerror(errno));
            return -1;
        }
    for (uint32_t w = 0; w < sv->worker_count; w++)
        if (start_one(sv, w) != 0)
            return -1;
    return 0;
}

/* ---- birth ---- */

/* A line that has lost its reader tells what SIGCHLD will tell. One that is full belongs to a worker that
 * hangs.
 */
static void tell(struct supervisor *sv, uint32_t w, const struct control_message *message) {
    struct child *child = &sv->workers[w].child;
    if (!child->pid || child->gone || control_send(child->line, message) == 0)
        return;
    int error = errno;
    child->gone = true;
    if (error == EPIPE || error == ECONNRESET)
        return;
    log_error("supervisor", "worker does not read its line: killed index=%u pid=%d: %s", w, (int)child->pid,
              strerror(error));
    kill(child->pid, SIGKILL);
}

static void send_table(struct supervisor *sv, uint32_t w, uint32_t generation, int fd) {
    struct control_message message = {
        .type = CONTROL_TABLE, .generation = generation, .fds = {fd}, .fd_count = 1};
    tell(sv, w, &message);
}

/* The ledger to read, and only that; -1 without one. */
static int open_ledger_to_read(const struct supervisor *sv) {
    char path[64];
    if (!sv->ledger)
        return -1;
    snprintf(path, sizeof path, "/proc/self/fd/%d", ledger_fd(sv->ledger));
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        log_error("supervisor", "ledger not given to a worker: %s", strerror(errno));
    return fd;
}

static pid_t spawn_worker(struct supervisor *sv, uint32_t w, int line) {
    char index[12], job_bytes[12], answer_bytes[12];
    snprintf(index, sizeof index, "%u", w);
    snprintf(job_bytes, sizeof job_bytes, "%u", sv->config->campaigns.job_queue_bytes);
    snprintf(answer_bytes, sizeof answer_bytes, "%u", sv->config->campaigns.answer_queue_bytes);
    const char *argv[] = {"slimbid-worker",
                          "--index",
                          index,
                          "--job-bytes",
                          job_bytes,
                          "--answer-bytes",
                          answer_bytes,
                          "--log-level",
                          log_level_name(log_threshold),
                          NULL,
                          NULL};
    int ledger = open_ledger_to_read(sv);
    if (ledger >= 0)
        argv[COUNT_OF(argv) - 2] = "--ledger";
    struct spawn_fds fds = {.third = line, .fourth = sv->workers[w].stats_fd, .fifth = ledger, .output = -1};
    pid_t pid = spawn_program(sv->worker_path, argv, &fds, &sv->old_mask);
    int error = errno;
    if (ledger >= 0)
        close(ledger);
    errno = error;
    return pid;
}

static int start_one(struct supervisor *sv, uint32_t w) {
    struct worker_child *worker = &sv->workers[w];
    int line[2];
    if (control_pair(line) != 0) {
        log_error("supervisor", "socketpair: %s", strerror(errno));
        return -1;
    }
    pid_t pid = spawn_worker(sv, w, line[1]);
    int error = errno;
    close(line[1]);
    worker->pidfd = pid > 0 ? pidfd_open(pid, 0) : -1;
    if (pid > 0 && worker->pidfd < 0) {
        error = errno;
        kill(pid, SIGKILL); /* reaped as nobody's */
    }
    if (worker->pidfd < 0) {
        log_error("supervisor", "%s: %s", sv->worker_path, strerror(error));
        close(line[0]);
        return -1;
    }
    worker->child.line = line[0];
    child_started(&worker->child, pid);
    worker->confirmed = 0;
    sv->stats->processes.workers[w].pid = (uint64_t)pid;
    log_info("supervisor", "worker started index=%u pid=%d", w, (int)pid);
    if (sv->table.fd >= 0)
        send_table(sv, w, sv->table.generation, sv->table.fd);
    if (sv->table.phase == TABLE_SPREADING)
        send_table(sv, w, sv->table.next, sv->table.next_fd);
    return 0;
}

int64_t workers_restart(struct supervisor *sv) {
    int64_t wait_ms = -1;
    for (uint32_t w = 0; w < sv->worker_count && !sv->stopping; w++) {
        struct child *child = &sv->workers[w].child;
        if (child->pid)
            continue;
        if (child_due_in(child) <= 0) {
            sv->stats->processes.worker_restarts++;
            if (start_one(sv, w) == 0)
                continue;
            child_failed(child);
        }
        int64_t left_ms = child_due_in(child);
        if (wait_ms < 0 || left_ms < wait_ms)
            wait_ms = left_ms;
    }
    return wait_ms;
}

/* ---- death ---- */

/* Who served and was killed from outside will serve again; who crashes may do so at once again. */
static void on_dead(struct supervisor *sv, uint32_t w, int wait_status) {
    struct worker_child *worker = &sv->workers[w];
    bool killed = WIFSIGNALED(wait_status) && WTERMSIG(wait_status) == SIGKILL;
    unsigned pause_ms = child_died(&worker->child, worker->serving && killed);
    close(worker->pidfd);
    worker->pidfd = -1;
    if (worker->serving)
        sv->stats->processes.workers_ready--;
    worker->serving = false;
    sv->stats->processes.workers[w] = (struct process_stats){.pid = 0};
    if (sv->stopping)
        return;
    if (WIFSIGNALED(wait_status))
        log_error("supervisor", "worker died index=%u signal=%d pause_ms=%u", w, WTERMSIG(wait_status),
                  pause_ms);
    else
        log_error("supervisor", "worker ended index=%u status=%d pause_ms=%u", w, WEXITSTATUS(wait_status),
                  pause_ms);
    table_watch_check(sv); /* nobody waits for it any more */
}

bool workers_reap(struct supervisor *sv, pid_t pid, int wait_status) {
    for (uint32_t w = 0; w < sv->worker_count; w++)
        if (sv->workers[w].child.pid == pid) {
            on_dead(sv, w, wait_status);
            return true;
        }
    return false;
}

uint32_t workers_alive(const struct supervisor *sv) {
    uint32_t alive = 0;
    for (uint32_t w = 0; w < sv->worker_count; w++)
        alive += sv->workers[w].child.pid != 0;
    return alive;
}

void workers_signal(const struct supervisor *sv, int signum) {
    for (uint32_t w = 0; w < sv->worker_count; w++)
        if (sv->workers[w].child.pid)
            kill(sv->workers[w].child.pid, signum);
}

void workers_dismiss(struct supervisor *sv) {
    for (uint32_t w = 0; w < sv->worker_count; w++) {
        struct child *child = &sv->workers[w].child;
        if (child->line >= 0)
            close(child->line);
        child->line = -1;
        child->gone = true;
    }
}

void workers_close_inherited(struct supervisor *sv) {
    for (uint32_t w = 0; w < sv->worker_count; w++) {
        const struct worker_child *worker = &sv->workers[w];
        const int fds[] = {worker->child.line, worker->pidfd, worker->stats_fd};
        for (size_t i = 0; i < COUNT_OF(fds); i++)
            if (fds[i] >= 0)
                close(fds[i]);
    }
}

/* ---- tables ---- */

void workers_spread_table(struct supervisor *sv, uint32_t generation, int fd) {
    for (uint32_t w = 0; w < sv->worker_count; w++)
        send_table(sv, w, generation, fd);
}

bool workers_have(const struct supervisor *sv, uint32_t generation) {
    for (uint32_t w = 0; w < sv->worker_count; w++)
        if (sv->workers[w].child.pid && sv->workers[w].confirmed < generation)
            return false;
    return true;
}

void workers_kill_without(struct supervisor *sv, uint32_t generation) {
    for (uint32_t w = 0; w < sv->worker_count; w++)
        if (sv->workers[w].child.pid && sv->workers[w].confirmed < generation) {
            log_error("supervisor", "worker does not take the table: killed index=%u generation=%u", w,
                      generation);
            kill(sv->workers[w].child.pid, SIGKILL);
        }
}

/* ---- queues ---- */

/* A fresh queue for a front end and a worker, both alive. */
static void connect_pair(struct supervisor *sv, uint32_t slot, uint32_t w) {
    struct queue_sizes sizes = {sv->config->campaigns.job_queue_bytes,
                                sv->config->campaigns.answer_queue_bytes};
    struct queue_fds fds;
    if (queue_create(&sizes, &fds) != 0) {
        log_error("supervisor", "queue: %s", strerror(errno));
        return;
    }
    struct control_message message = {.type = CONTROL_QUEUE,
                                      .index = slot,
                                      .fds = {fds.memory, fds.wake_worker, fds.wake_front_end},
                                      .fd_count = 3};
    tell(sv, w, &message);
    message.type = CONTROL_WORKER;
    message.index = w;
    message.fds[message.fd_count++] = sv->workers[w].pidfd;
    front_ends_tell(sv, slot, &message);
    queue_fds_close(&fds);
}

void workers_connect_front_end(struct supervisor *sv, uint32_t slot) {
    for (uint32_t w = 0; w < sv->worker_count; w++)
        if (sv->workers[w].serving)
            connect_pair(sv, slot, w);
}

/* ---- what workers say ---- */

static void on_ready(struct supervisor *sv, uint32_t w, uint32_t generation) {
    struct worker_child *worker = &sv->workers[w];
    if (generation > worker->confirmed)
        worker->confirmed = generation;
    if (!worker->serving) {
        worker->serving = true;
        sv->stats->processes.workers_ready++;
        for (uint32_t f = 0; f < sv->config->front_ends; f++)
            if (sv->front_ends[f].pid)
                connect_pair(sv, f, w);
    }
    table_watch_check(sv);
}

static void on_message(struct supervisor *sv, uint32_t w, const struct control_message *message) {
    switch ((enum control_type)message->type) {
    case CONTROL_READY:
        on_ready(sv, w, message->generation);
        return;
    case CONTROL_REFUSED:
        table_watch_refused(sv, w, message->generation);
        return;
    case CONTROL_FAULT:
        table_watch_fault(sv, w, message->generation);
        return;
    case CONTROL_TABLE:
    case CONTROL_QUEUE:
    case CONTROL_WORKER:
    case CONTROL_GENERATION:
    case CONTROL_RELOAD:
    case CONTROL_TYPES:
        break;
    }
    log_error("supervisor", "worker says what is not a worker's to say: killed index=%u", w);
    kill(sv->workers[w].child.pid, SIGKILL);
}

void workers_listen(struct supervisor *sv, uint32_t w) {
    struct child *child = &sv->workers[w].child;
    struct control_message message;
    int got;
    while (!child->gone && (got = control_receive(child->line, &message)) != 0) {
        if (got < 0) {
            child->gone = true; /* SIGCHLD comes */
            return;
        }
        control_close_fds(&message);
        on_message(sv, w, &message);
    }
}
