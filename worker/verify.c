/* A table checked in full; see verify.h. */
#include "verify.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fault.h"
#include "table/table.h"

#define BEHIND 15 /* nice */

enum { GOOD = 0, BAD = 1 };

struct verification {
    int (*check)(const struct table *table, char *error, size_t error_size);
    int fd;
    int result;
    struct table table;
    char error[TABLE_ERROR_BYTES];
};

static void verify(void *ctx) {
    struct verification *v = ctx;
    v->result = table_map(&v->table, v->fd, v->error, sizeof v->error);
    if (v->result == 0)
        v->result = v->check(&v->table, v->error, sizeof v->error);
}

/* One part, in this process: NULL, or what is wrong. */
static const char *verify_part(struct verification *v) {
    if (fault_run(NULL, 0, verify, v) != 0)
        return "cut short while it was read, or not readable";
    return v->result == 0 ? NULL : v->error;
}

static int say(const char *wrong) {
    if (wrong)
        fprintf(stderr, "%s\n", wrong);
    return wrong ? BAD : GOOD;
}

/* The other process, which dies with this one. */
static pid_t start_rest(int fd) {
    static struct verification v;
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(BAD);
    v.check = table_verify_rest;
    v.fd = fd;
    _exit(say(verify_part(&v)));
}

/* How the other process found its part; it has said why. */
static int result_of(pid_t pid) {
    int status = 0;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return BAD;
    if (WIFSIGNALED(status))
        fprintf(stderr, "its check ended by signal %d\n", WTERMSIG(status));
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? GOOD : BAD;
}

int verify_run(int fd) {
    static struct verification v;
    (void)setpriority(PRIO_PROCESS, 0, BEHIND); /* whoever serves goes first; no harm where it is refused */
    if (fault_install() != 0) {
        fprintf(stderr, "sigaction: %s\n", strerror(errno));
        return BAD;
    }
    pid_t rest = start_rest(fd);
    v.check = rest < 0 ? table_verify : table_verify_hot;
    v.fd = fd;
    const char *wrong = verify_part(&v);
    if (rest > 0 && result_of(rest) != GOOD)
        return BAD; /* one reason is told, and damage before what follows from it */
    if (say(wrong) != GOOD)
        return BAD;
    printf("ads=%u bytes=%zu hot_bytes=%llu\n", v.table.ad_count, v.table.mapped_bytes,
           (unsigned long long)table_hot_bytes(&v.table));
    table_unmap(&v.table);
    return fflush(stdout) == 0 ? GOOD : BAD;
}
