/* The loop over signals, lines and time; see supervisor.h. */
#include "supervisor/supervisor.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "descriptors.h"
#include "supervisor/front_ends.h"
#include "supervisor/inheritance.h"
#include "supervisor/keeper_child.h"
#include "supervisor/memory_watch.h"
#include "supervisor/sockets.h"
#include "supervisor/table_watch.h"
#include "supervisor/workers.h"
#include "version.h"

#define WORKER_END_MS 2000
#define MOST_POLLED   (2 + PROCESSES_MOST_FRONT_ENDS + PROCESSES_MOST_WORKERS)

/* ---- the end ---- */

void supervisor_stop(struct supervisor *sv) {
    if (!sv->stopping)
        sockets_close(sv, sv->config->front_ends);
    front_ends_signal(sv, sv->stopping ? SIGKILL : SIGTERM);
    sv->stopping = true;
    table_watch_stop(sv);
}

/* Workers serve the front ends until these have drained. Milliseconds until this wants to be called again. */
static int64_t end_workers(struct supervisor *sv) {
    if (!sv->stopping || front_ends_alive(sv) || !workers_alive(sv))
        return -1;
    int64_t now = child_now_ms();
    if (!sv->kill_at_ms) {
        workers_dismiss(sv);
        sv->kill_at_ms = now + WORKER_END_MS;
    } else if (now >= sv->kill_at_ms) {
        workers_signal(sv, SIGKILL);
        sv->kill_at_ms = now + WORKER_END_MS;
    }
    return sv->kill_at_ms - now;
}

/* ---- signals ---- */

static void reap(struct supervisor *sv) {
    int wait_status = 0;
    pid_t pid;
    while ((pid = waitpid(-1, &wait_status, WNOHANG)) > 0) {
        if (front_ends_reap(sv, pid, wait_status) || workers_reap(sv, pid, wait_status) ||
            keeper_child_reap(sv, pid, wait_status))
            continue;
        table_watch_reap(sv, pid, wait_status);
    }
}

static void read_signals(struct supervisor *sv) {
    struct signalfd_siginfo info;
    while (read(sv->signal_fd, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo == SIGCHLD) {
            reap(sv);
        } else if (info.ssi_signo == SIGHUP) {
            if (!sv->stopping)
                table_watch_reload(sv, "SIGHUP");
        } else {
            log_info("supervisor", "stopping signal=%u", info.ssi_signo);
            supervisor_stop(sv);
        }
    }
}

/* ---- the loop ---- */

static void sooner(int64_t *wait_ms, int64_t other_ms) {
    if (other_ms >= 0 && (*wait_ms < 0 || other_ms < *wait_ms))
        *wait_ms = other_ms;
}

/* Does what is due; milliseconds until the next is, -1 for never. */
static int64_t tick(struct supervisor *sv) {
    int64_t wait_ms = -1;
    sooner(&wait_ms, front_ends_restart(sv));
    sooner(&wait_ms, workers_restart(sv));
    sooner(&wait_ms, keeper_child_restart(sv));
    sooner(&wait_ms, table_watch_tick(sv));
    sooner(&wait_ms, memory_watch_tick(sv));
    sooner(&wait_ms, end_workers(sv));
    sooner(&wait_ms, keeper_child_end(sv));
    return wait_ms;
}

/* Lines in the order: signals, verifier, front ends, workers. A fd of -1 is left out by poll(). */
static nfds_t fill_polled(const struct supervisor *sv, struct pollfd *polled) {
    nfds_t n = 0;
    polled[n++].fd = sv->signal_fd;
    polled[n++].fd = sv->table.output_fd;
    for (uint32_t f = 0; f < sv->config->front_ends; f++)
        polled[n++].fd = sv->front_ends[f].gone ? -1 : sv->front_ends[f].line;
    for (uint32_t w = 0; w < sv->worker_count; w++)
        polled[n++].fd = sv->workers[w].child.gone ? -1 : sv->workers[w].child.line;
    for (nfds_t i = 0; i < n; i++) {
        polled[i].events = POLLIN;
        polled[i].revents = 0;
    }
    return n;
}

/* Lines first: what a child said before it died counts. Whoever is no longer what it was polled as has an
 * empty line at most. */
static void read_polled(struct supervisor *sv, const struct pollfd *polled) {
    const struct pollfd *front_ends = polled + 2, *workers = front_ends + sv->config->front_ends;
    if (polled[1].revents)
        table_watch_listen(sv);
    for (uint32_t f = 0; f < sv->config->front_ends; f++)
        if (front_ends[f].revents)
            front_ends_listen(sv, f);
    for (uint32_t w = 0; w < sv->worker_count; w++)
        if (workers[w].revents)
            workers_listen(sv, w);
    if (polled[0].revents)
        read_signals(sv);
}

/* Serves until every child has ended after a SIGTERM or SIGINT. */
static void supervise(struct supervisor *sv) {
    struct pollfd polled[MOST_POLLED];
    while (!sv->stopping || front_ends_alive(sv) || workers_alive(sv) || keeper_child_alive(sv)) {
        int64_t wait_ms = tick(sv);
        nfds_t n = fill_polled(sv, polled);
        if (poll(polled, n, wait_ms < 0 ? -1 : (int)wait_ms) > 0)
            read_polled(sv, polled);
    }
}

/* ---- the start ---- */

static int block_signals(struct supervisor *sv) {
    static const int signals[] = {SIGCHLD, SIGTERM, SIGINT, SIGHUP};
    sigset_t mask;
    sigemptyset(&mask);
    for (size_t i = 0; i < COUNT_OF(signals); i++)
        sigaddset(&mask, signals[i]);
    sigprocmask(SIG_BLOCK, &mask, &sv->old_mask);
    sv->signal_fd = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
    if (sv->signal_fd >= 0)
        return 0;
    log_error("supervisor", "signalfd: %s", strerror(errno));
    return -1;
}

/* What children inherit, sockets, signals, workers and the first front ends; what fails is logged. 0 or -1.
 */
static int supervisor_start(struct supervisor *sv) {
    sv->stats->supervisor_pid = (uint64_t)getpid();
    sv->stats->processes.front_end_count = sv->config->front_ends;
    for (uint32_t f = 0; f < PROCESSES_MOST_FRONT_ENDS; f++)
        sv->front_ends[f].line = -1;
    sv->keeper.line = -1;
    table_watch_init(sv);
    descriptors_raise(sv->config);
    memory_watch_init(sv);
    if (inheritance_open(sv) != 0 || sockets_open(sv) != 0 || block_signals(sv) != 0)
        return -1;
    log_info("supervisor", "slimbid version=%s pid=%d partners=%u", SLIMBID_VERSION, (int)getpid(),
             sv->config->partner_count);
    if (keeper_child_start(sv) != 0) {
        sv->status = 1;
        return -1;
    }
    if (workers_start(sv) != 0) {
        sv->status = 1;
        supervisor_stop(sv);
        return 0; /* those that did start are ended in order */
    }
    for (uint32_t f = 0; f < sv->config->front_ends; f++)
        if (front_ends_start(sv, f) != 0) {
            sv->status = 1;
            supervisor_stop(sv);
            return 0;
        }
    if (sv->worker_count)
        table_watch_reload(sv, "start");
    return 0;
}

int supervisor_run(const struct config *config) {
    struct supervisor *sv = calloc(1, sizeof *sv);
    if (!sv)
        return 1;
    sv->config = config;
    sv->stats = stats_create(config->front_ends);
    if (sv->stats && supervisor_start(sv) == 0) {
        memory_watch_drop_code();
        supervise(sv);
        close(sv->signal_fd);
        sockets_unlink(&config->listen);
        sockets_unlink(&config->admin_listen);
        log_info("supervisor", "stopped");
    } else {
        sv->status = 1;
    }
    int status = sv->status;
    inheritance_close(sv);
    stats_destroy(sv->stats);
    free(sv->public_fds);
    free(sv);
    return status;
}
