/*
 * What the supervisor's parts share: sockets, front ends, workers, the table. One process, one thread; each
 * part sees to its own fields.
 */
#ifndef SLIMBID_SUPERVISOR_STATE_H
#define SLIMBID_SUPERVISOR_STATE_H

#include <limits.h>
#include <signal.h>

#include "config/config.h"
#include "ledger/ledger.h"
#include "stats/stats.h"
#include "supervisor/child.h"

struct token_keys;

#define SUPERVISOR_MOST_ADDRESSES 16
#define VERIFIER_TEXT_BYTES       512

struct worker_child {
    struct child child;
    int pidfd;          /* -1: does not run */
    int stats_fd;       /* of its page, kept for its successors */
    uint32_t confirmed; /* the newest generation that it has mapped; 0: none */
    bool serving;       /* it has queues to all front ends */
};

/* How far the next table has come. */
enum table_phase {
    TABLE_IDLE,      /* nothing is under way */
    TABLE_VERIFYING, /* a verifier reads the file */
    TABLE_SPREADING  /* it is good; some workers have not mapped it yet */
};

struct table_watch {
    enum table_phase phase;
    bool again;           /* another reload was asked for meanwhile */
    int fd, next_fd;      /* the file in use, and the one under way; -1: none */
    uint32_t generation;  /* in use; 0: none */
    uint32_t next;        /* the generation under way */
    uint32_t last;        /* the highest ever dealt out */
    int64_t spread_by_ms; /* a worker that has not mapped it by then is killed */
    int64_t look_at_ms;   /* without a table: when to look whether the file has changed */
    uint64_t tried[4];    /* device, inode, size and time of the last file that was tried */
    pid_t verifier;       /* 0: does not run */
    int output_fd;        /* what it says; -1: none */
    size_t text_bytes;
    char text[VERIFIER_TEXT_BYTES];
    uint64_t ads, bytes, hot_bytes; /* of the table under way */
};

struct event_rings;
struct seen;

struct supervisor {
    const struct config *config;
    struct token_keys *token_keys;   /* NULL: no URLs of ours are given out */
    struct event_rings *event_rings; /* NULL: no event log */
    struct seen *seen;               /* messageIds of click events */
    struct stats *stats;
    struct ledger *ledger; /* opened before there are children, who inherit it */
    int *public_fds;       /* front_ends rows of listen.count */
    int admin_fds[SUPERVISOR_MOST_ADDRESSES];
    sigset_t old_mask;
    int signal_fd;
    struct child front_ends[PROCESSES_MOST_FRONT_ENDS];
    struct child keeper;
    int life[2];               /* a pipe: at its end neither supervisor nor front ends live */
    bool keeper_done;          /* it has ended for good */
    int64_t keeper_kill_at_ms; /* 0: it is not told to end yet */
    struct worker_child workers[PROCESSES_MOST_WORKERS];
    uint32_t worker_count; /* 0: no own campaigns */
    char worker_path[PATH_MAX];
    struct table_watch table;
    int64_t memory_at_ms; /* when to look at the processes' memory */
    struct {
        uint64_t bytes; /* what it takes when idle; 0: not known yet */
        pid_t pid;      /* of whom */
    } idle[PROCESSES_MOST_FRONT_ENDS];
    bool stopping;
    int64_t kill_at_ms; /* workers that outlive the front ends so long are killed */
    int status;         /* the exit status to come */
};

#endif
