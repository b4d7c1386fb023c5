/* Front ends' lives; see front_ends.h. */
#include "supervisor/front_ends.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "control/control.h"
#include "front_end.h"
#include "supervisor/keeper_child.h"
#include "supervisor/memory_watch.h"
#include "supervisor/sockets.h"
#include "supervisor/supervisor.h"
#include "supervisor/table_watch.h"
#include "supervisor/workers.h"

/* ---- birth ---- */

/* Each descriptor that would keep another child's line or queue open after the supervisor's death. */
void front_ends_close_inherited(struct supervisor *sv) {
    close(sv->signal_fd);
    for (uint32_t f = 0; f < sv->config->front_ends; f++)
        if (sv->front_ends[f].line >= 0)
            close(sv->front_ends[f].line);
    workers_close_inherited(sv);
    table_watch_close_inherited(sv);
}

static void become_front_end(struct supervisor *sv, uint32_t slot, pid_t parent, int line) {
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        _exit(1); /* the supervisor died in between */
    sigprocmask(SIG_SETMASK, &sv->old_mask, NULL);
    front_ends_close_inherited(sv);
    keeper_child_close_inherited(sv);
    sockets_close(sv, slot);
    struct front_end_start start = {
        .public_fds = sv->public_fds + slot * sv->config->listen.count,
        .public_count = sv->config->listen.count,
        .admin_fds = sv->admin_fds,
        .admin_count = slot == 0 ? sv->config->admin_listen.count : 0,
        .control_fd = line,
        .token_keys = sv->token_keys,
        .event_rings = sv->event_rings,
        .seen = sv->seen,
        .workers = sv->worker_count,
        .ledger = sv->ledger,
    };
    exit(front_end_run(sv->config, &start, sv->stats, slot));
}

int front_ends_start(struct supervisor *sv, uint32_t slot) {
    pid_t parent = getpid();
    int line[2];
    if (control_pair(line) != 0) {
        log_error("supervisor", "socketpair: %s", strerror(errno));
        return -1;
    }
    pid_t pid = fork();
    if (pid < 0) {
        log_error("supervisor", "fork: %s", strerror(errno));
        close(line[0]);
        close(line[1]);
        return -1;
    }
    if (pid == 0) {
        close(line[0]);
        become_front_end(sv, slot, parent, line[1]);
    }
    close(line[1]);
    sv->front_ends[slot].line = line[0];
    child_started(&sv->front_ends[slot], pid);
    sv->stats->processes.front_ends[slot].pid = (uint64_t)pid;
    log_info("supervisor", "front end started slot=%u pid=%d", slot, (int)pid);
    memory_watch_soon(sv);
    workers_connect_front_end(sv, slot);
    table_watch_tell(sv, slot);
    return 0;
}

/* ---- death ---- */

/*
 * A dead front end is replaced: at once when it had lived, else after a growing pause. One that gave
 * up by itself before it ever served will do so again: the whole service ends with a clear error.
 */
static void on_dead(struct supervisor *sv, uint32_t slot, int wait_status) {
    struct child *child = &sv->front_ends[slot];
    bool hopeless = WIFEXITED(wait_status) && WEXITSTATUS(wait_status) != 0 && !child_was_steady(child) &&
                    !child->pause_ms;
    child_died(child, false);
    sv->stats->processes.front_ends[slot] = (struct process_stats){.pid = 0};
    if (sv->stopping)
        return;
    if (WIFSIGNALED(wait_status))
        log_error("supervisor", "front end died slot=%u signal=%d", slot, WTERMSIG(wait_status));
    else
        log_error("supervisor", "front end ended slot=%u status=%d", slot, WEXITSTATUS(wait_status));
    if (hopeless) {
        log_error("supervisor", "front end can't start: giving up");
        sv->status = 1;
        supervisor_stop(sv);
    }
}

bool front_ends_reap(struct supervisor *sv, pid_t pid, int wait_status) {
    for (uint32_t f = 0; f < sv->config->front_ends; f++)
        if (sv->front_ends[f].pid == pid) {
            on_dead(sv, f, wait_status);
            return true;
        }
    return false;
}

int64_t front_ends_restart(struct supervisor *sv) {
    int64_t wait_ms = -1;
    for (uint32_t f = 0; f < sv->config->front_ends && !sv->stopping; f++) {
        struct child *child = &sv->front_ends[f];
        if (child->pid)
            continue;
        if (child_due_in(child) <= 0) {
            sv->stats->restarts++;
            if (front_ends_start(sv, f) == 0)
                continue;
            child_failed(child);
        }
        int64_t left_ms = child_due_in(child);
        if (wait_ms < 0 || left_ms < wait_ms)
            wait_ms = left_ms;
    }
    return wait_ms;
}

/* ---- all of them ---- */

uint32_t front_ends_alive(const struct supervisor *sv) {
    uint32_t alive = 0;
    for (uint32_t f = 0; f < sv->config->front_ends; f++)
        alive += sv->front_ends[f].pid != 0;
    return alive;
}

void front_ends_signal(const struct supervisor *sv, int signum) {
    for (uint32_t f = 0; f < sv->config->front_ends; f++)
        if (sv->front_ends[f].pid)
            kill(sv->front_ends[f].pid, signum);
}

/* ---- their lines ---- */

/* A line that has lost its reader tells what SIGCHLD will tell: nothing to do. */
void front_ends_tell(struct supervisor *sv, uint32_t slot, const struct control_message *message) {
    struct child *child = &sv->front_ends[slot];
    if (!child->pid || child->gone || control_send(child->line, message) == 0)
        return;
    int error = errno;
    child->gone = true;
    if (error == EPIPE || error == ECONNRESET || sv->stopping)
        return;
    log_error("supervisor", "front end does not read its line: killed slot=%u pid=%d: %s", slot,
              (int)child->pid, strerror(error));
    kill(child->pid, SIGKILL);
}

void front_ends_listen(struct supervisor *sv, uint32_t slot) {
    struct child *child = &sv->front_ends[slot];
    struct control_message message;
    int got;
    while (!child->gone && (got = control_receive(child->line, &message)) != 0) {
        if (got < 0) {
            child->gone = true; /* SIGCHLD comes */
            return;
        }
        control_close_fds(&message);
        if (message.type == CONTROL_RELOAD)
            table_watch_reload(sv, "admin");
    }
}
