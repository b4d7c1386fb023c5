/* Sockets, children, signals; see supervisor.h. */
#include "supervisor.h"

#include <errno.h>
#include <link.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "descriptors.h"
#include "front_end.h"
#include "http/listener.h"
#include "stats/stats.h"
#include "version.h"

#define MAX_FRONT_ENDS   64
#define MAX_ADDRESSES    16
#define RESTART_FIRST_MS 100
#define RESTART_LAST_MS  5000
#define STEADY_MS        10000 /* a front end that lived this long starts again without a pause */

struct child {
    pid_t pid; /* 0: not running */
    int64_t started_ms;
    int64_t start_at_ms; /* when it is due to start again */
    unsigned pause_ms;   /* before the next start, if this one does not live */
};

struct supervisor {
    const struct config *config;
    struct stats *stats;
    int *public_fds; /* front_ends rows of listen.count */
    int admin_fds[MAX_ADDRESSES];
    sigset_t old_mask;
    int signal_fd;
    struct child children[MAX_FRONT_ENDS];
    bool stopping;
    int status; /* the exit status to come */
};

static int64_t now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- sockets ---- */

static int open_listener(const struct supervisor *sv, struct str address, bool shared) {
    char error[256];
    int fd = listener_open(address, (int)sv->config->http.backlog, shared, error, sizeof error);
    if (fd < 0)
        log_error("supervisor", "listen address=%.*s: %s", STR_ARG(address), error);
    return fd;
}

/* With several front ends each has a SO_REUSEPORT socket of its own; a unix socket is shared by all. */
static int open_sockets(struct supervisor *sv) {
    const struct str_list *listen = &sv->config->listen;
    uint32_t front_ends = sv->config->front_ends;
    sv->public_fds = malloc(front_ends * listen->count * sizeof *sv->public_fds);
    if (!sv->public_fds)
        return -1;
    for (size_t a = 0; a < listen->count; a++) {
        bool is_unix = str_starts(listen->items[a], STR("unix:"));
        for (uint32_t f = 0; f < front_ends; f++) {
            int *fd = &sv->public_fds[f * listen->count + a];
            *fd = is_unix && f > 0 ? sv->public_fds[a] : open_listener(sv, listen->items[a], front_ends > 1);
            if (*fd < 0)
                return -1;
        }
        char name[128];
        log_info("supervisor", "listening address=%s", listener_name(sv->public_fds[a], name, sizeof name));
    }
    for (size_t a = 0; a < sv->config->admin_listen.count; a++) {
        sv->admin_fds[a] = open_listener(sv, sv->config->admin_listen.items[a], false);
        if (sv->admin_fds[a] < 0)
            return -1;
        char name[128];
        log_info("supervisor", "admin listening address=%s",
                 listener_name(sv->admin_fds[a], name, sizeof name));
    }
    return 0;
}

static void remove_unix_sockets(const struct str_list *addresses) {
    for (size_t a = 0; a < addresses->count; a++)
        if (str_starts(addresses->items[a], STR("unix:")))
            unlink(addresses->items[a].p + 5);
}

/* Closes the sockets of all front ends but `kept`'s; front_ends for none. One that is shared stays with it.
 */
static void close_public_sockets(const struct supervisor *sv, uint32_t kept) {
    size_t addresses = sv->config->listen.count;
    for (size_t a = 0; a < addresses; a++) {
        const int *column = sv->public_fds + a;
        int keep = kept < sv->config->front_ends ? column[kept * addresses] : -1;
        for (uint32_t f = 0; f < sv->config->front_ends; f++) {
            int fd = column[f * addresses];
            bool shared = f > 0 && fd == column[0];
            if (fd != keep && !shared)
                close(fd);
        }
    }
}

/* ---- children ---- */

static void become_front_end(struct supervisor *sv, uint32_t slot, pid_t parent) {
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        _exit(1); /* the supervisor died in between */
    sigprocmask(SIG_SETMASK, &sv->old_mask, NULL);
    close(sv->signal_fd);
    close_public_sockets(sv, slot);
    struct front_end_sockets sockets = {
        .public_fds = sv->public_fds + slot * sv->config->listen.count,
        .public_count = sv->config->listen.count,
        .admin_fds = sv->admin_fds,
        .admin_count = slot == 0 ? sv->config->admin_listen.count : 0,
    };
    exit(front_end_run(sv->config, &sockets, sv->stats, slot));
}

static int start_front_end(struct supervisor *sv, uint32_t slot) {
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid < 0) {
        log_error("supervisor", "fork: %s", strerror(errno));
        return -1;
    }
    if (pid == 0)
        become_front_end(sv, slot, parent);
    sv->children[slot].pid = pid;
    sv->children[slot].started_ms = now_ms();
    log_info("supervisor", "front end started slot=%u pid=%d", slot, (int)pid);
    return 0;
}

static uint32_t children_alive(const struct supervisor *sv) {
    uint32_t alive = 0;
    for (uint32_t f = 0; f < sv->config->front_ends; f++)
        alive += sv->children[f].pid != 0;
    return alive;
}

static void signal_children(const struct supervisor *sv, int signum) {
    for (uint32_t f = 0; f < sv->config->front_ends; f++)
        if (sv->children[f].pid)
            kill(sv->children[f].pid, signum);
}

/* The first time, the front ends drain; the second time, somebody is impatient. */
static void stop(struct supervisor *sv) {
    if (!sv->stopping)
        close_public_sockets(sv, sv->config->front_ends);
    signal_children(sv, sv->stopping ? SIGKILL : SIGTERM);
    sv->stopping = true;
}

/*
 * A dead front end is replaced: at once when it had lived, else after a growing pause. One that gave
 * up by itself before it ever served will do so again: the whole service ends with a clear error.
 */
static void on_child_dead(struct supervisor *sv, uint32_t slot, int wait_status) {
    struct child *child = &sv->children[slot];
    bool steady = now_ms() - child->started_ms >= STEADY_MS;
    child->pid = 0;
    if (sv->stopping)
        return;
    if (WIFSIGNALED(wait_status))
        log_error("supervisor", "front end died slot=%u signal=%d", slot, WTERMSIG(wait_status));
    else
        log_error("supervisor", "front end ended slot=%u status=%d", slot, WEXITSTATUS(wait_status));
    if (WIFEXITED(wait_status) && WEXITSTATUS(wait_status) != 0 && !steady && !child->pause_ms) {
        log_error("supervisor", "front end can't start: giving up");
        sv->status = 1;
        stop(sv);
        return;
    }
    unsigned pause_ms = steady ? 0 : child->pause_ms;
    child->pause_ms = pause_ms ? pause_ms * 2 : RESTART_FIRST_MS;
    if (child->pause_ms > RESTART_LAST_MS)
        child->pause_ms = RESTART_LAST_MS;
    child->start_at_ms = now_ms() + pause_ms;
}

static void reap(struct supervisor *sv) {
    int wait_status = 0;
    pid_t pid;
    while ((pid = waitpid(-1, &wait_status, WNOHANG)) > 0)
        for (uint32_t f = 0; f < sv->config->front_ends; f++)
            if (sv->children[f].pid == pid)
                on_child_dead(sv, f, wait_status);
}

/* Starts those whose time has come; returns the milliseconds until the next one's, -1 for none. */
static int restart_due(struct supervisor *sv) {
    int64_t wait_ms = -1;
    for (uint32_t f = 0; f < sv->config->front_ends && !sv->stopping; f++) {
        struct child *child = &sv->children[f];
        if (child->pid)
            continue;
        int64_t left_ms = child->start_at_ms - now_ms();
        if (left_ms <= 0) {
            sv->stats->restarts++;
            if (start_front_end(sv, f) == 0)
                continue;
            child->start_at_ms = now_ms() + RESTART_LAST_MS;
            left_ms = RESTART_LAST_MS;
        }
        if (wait_ms < 0 || left_ms < wait_ms)
            wait_ms = left_ms;
    }
    return (int)wait_ms;
}

/* Serves signals until every child has ended after a SIGTERM or SIGINT. */
static void supervise(struct supervisor *sv) {
    struct signalfd_siginfo info;
    while (!sv->stopping || children_alive(sv)) {
        struct pollfd ready = {.fd = sv->signal_fd, .events = POLLIN};
        if (poll(&ready, 1, restart_due(sv)) != 1 ||
            read(sv->signal_fd, &info, sizeof info) != (ssize_t)sizeof info)
            continue;
        if (info.ssi_signo == SIGCHLD) {
            reap(sv);
        } else {
            log_info("supervisor", "stopping signal=%u", info.ssi_signo);
            stop(sv);
        }
    }
}

/*
 * Gives up the pages of code and constants that starting touched: the dynamic linker went through the
 * symbol tables of every library, and the supervisor hardly runs again. They come from their files
 * when they are needed. Writable segments, relocated data among them, stay.
 */
static int drop_segments(struct dl_phdr_info *object, size_t size, void *ctx) {
    (void)size;
    (void)ctx;
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
        if (segment->p_type != PT_LOAD || (segment->p_flags & PF_W))
            continue;
        uintptr_t start = (object->dlpi_addr + segment->p_vaddr) & ~(page - 1);
        uintptr_t end = object->dlpi_addr + segment->p_vaddr + segment->p_memsz;
        madvise((void *)start, end - start, MADV_DONTNEED);
    }
    return 0;
}

/* Sockets, signals and the first front ends; what fails is logged. 0 or -1. */
static int supervisor_start(struct supervisor *sv) {
    sv->stats->supervisor_pid = (uint64_t)getpid();
    descriptors_raise(sv->config);
    if (open_sockets(sv) != 0)
        return -1;
    sigset_t mask;
    sigemptyset(&mask);
    sigaddset(&mask, SIGCHLD);
    sigaddset(&mask, SIGTERM);
    sigaddset(&mask, SIGINT);
    sigprocmask(SIG_BLOCK, &mask, &sv->old_mask);
    sv->signal_fd = signalfd(-1, &mask, SFD_CLOEXEC);
    if (sv->signal_fd < 0) {
        log_error("supervisor", "signalfd: %s", strerror(errno));
        return -1;
    }
    log_info("supervisor", "slimbid version=%s pid=%d partners=%u", SLIMBID_VERSION, (int)getpid(),
             sv->config->partner_count);
    for (uint32_t f = 0; f < sv->config->front_ends; f++)
        if (start_front_end(sv, f) != 0) {
            sv->status = 1;
            stop(sv);
            break;
        }
    return 0;
}

int supervisor_run(const struct config *config) {
    struct supervisor *sv = calloc(1, sizeof *sv);
    if (!sv)
        return 1;
    sv->config = config;
    sv->stats = stats_create(config->front_ends);
    if (sv->stats && supervisor_start(sv) == 0) {
        dl_iterate_phdr(drop_segments, NULL);
        supervise(sv);
        close(sv->signal_fd);
        remove_unix_sockets(&config->listen);
        remove_unix_sockets(&config->admin_listen);
        log_info("supervisor", "stopped");
    } else {
        sv->status = 1;
    }
    int status = sv->status;
    stats_destroy(sv->stats);
    free(sv->public_fds);
    free(sv);
    return status;
}
