/* See keeper_child.h. */
#include "supervisor/keeper_child.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "keeper/keeper.h"
#include "supervisor/front_ends.h"
#include "supervisor/sockets.h"

#define KEEPER_END_MS 15000 /* it drains for a third of that at most */
#define LIFE_READ     0
#define LIFE_WRITE    1

/* One that has a file to be copied to, or campaigns to be paced. */
static bool keeps_ledger(const struct supervisor *sv) {
    return sv->ledger && (str_present(sv->config->ledger.file) || str_present(sv->config->campaigns.table));
}

static bool is_needed(const struct supervisor *sv) {
    return sv->event_rings || keeps_ledger(sv);
}

/* ---- birth ---- */

static void become_keeper(struct supervisor *sv) {
    prctl(PR_SET_NAME, "slimbid-keeper"); /* for whoever lists processes */
    sigprocmask(SIG_SETMASK, &sv->old_mask, NULL);
    front_ends_close_inherited(sv);
    sockets_close_all(sv);
    close(sv->life[LIFE_WRITE]);
    struct keeper_start start = {.event_rings = sv->event_rings,
                                 .ledger = keeps_ledger(sv) ? sv->ledger : NULL,
                                 .life_fd = sv->life[LIFE_READ]};
    exit(keeper_run(sv->config, &start, &sv->stats->processes.keeper_stats));
}

static int fork_keeper(struct supervisor *sv) {
    pid_t pid = fork();
    if (pid < 0) {
        log_error("supervisor", "fork: %s", strerror(errno));
        return -1;
    }
    if (pid == 0)
        become_keeper(sv);
    child_started(&sv->keeper, pid);
    sv->stats->processes.keeper.pid = (uint64_t)pid;
    log_info("supervisor", "keeper started pid=%d", (int)pid);
    return 0;
}

int keeper_child_start(struct supervisor *sv) {
    if (!is_needed(sv))
        return 0;
    if (pipe2(sv->life, O_CLOEXEC) != 0) {
        log_error("supervisor", "pipe: %s", strerror(errno));
        return -1;
    }
    sv->stats->processes.keeper_count = 1;
    return fork_keeper(sv);
}

/* ---- death ---- */

/* It ends by itself at the end alone; what it then left behind another one can't finish either. */
bool keeper_child_reap(struct supervisor *sv, pid_t pid, int wait_status) {
    if (!sv->keeper.pid || sv->keeper.pid != pid)
        return false;
    struct processes *processes = &sv->stats->processes;
    bool killed = WIFSIGNALED(wait_status);
    unsigned pause_ms = child_died(&sv->keeper, processes->keeper_stats.working);
    processes->keeper = (struct process_stats){.pid = 0};
    processes->keeper_stats.working = 0;
    sv->keeper_done = !killed && sv->stopping;
    if (!sv->keeper_done)
        log_error("supervisor", "keeper %s=%d restart_in_ms=%u", killed ? "died signal" : "ended status",
                  killed ? WTERMSIG(wait_status) : WEXITSTATUS(wait_status), pause_ms);
    return true;
}

int64_t keeper_child_restart(struct supervisor *sv) {
    if (!is_needed(sv) || sv->keeper.pid || sv->keeper_done)
        return -1;
    if (child_due_in(&sv->keeper) <= 0) {
        sv->stats->processes.keeper_restarts++;
        if (fork_keeper(sv) == 0)
            return -1;
        child_failed(&sv->keeper);
    }
    return child_due_in(&sv->keeper);
}

/* ---- the end ---- */

bool keeper_child_alive(const struct supervisor *sv) {
    return is_needed(sv) && !sv->keeper_done;
}

int64_t keeper_child_end(struct supervisor *sv) {
    if (!sv->stopping || front_ends_alive(sv) || !keeper_child_alive(sv))
        return -1;
    int64_t now = child_now_ms();
    if (!sv->keeper_kill_at_ms) {
        close(sv->life[LIFE_WRITE]);
        sv->life[LIFE_WRITE] = -1;
        sv->keeper_kill_at_ms = now + KEEPER_END_MS;
    } else if (now >= sv->keeper_kill_at_ms) {
        log_error("supervisor", "keeper does not end: killed");
        if (sv->keeper.pid)
            kill(sv->keeper.pid, SIGKILL);
        sv->keeper_done = true; /* it may be stuck in the kernel: it is not waited for */
        return 0;
    }
    return sv->keeper_kill_at_ms - now;
}

void keeper_child_close_inherited(const struct supervisor *sv) {
    if (is_needed(sv))
        close(sv->life[LIFE_READ]);
}
