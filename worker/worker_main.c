/* slimbid-worker's command line. The supervisor starts it; people only ask it to verify. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "fault.h"
#include "verify.h"
#include "worker.h"

/* Descriptors under which the supervisor hands things over. */
#define FIRST_FD  3 /* the control line, or the table to verify */
#define SECOND_FD 4 /* the statistics */
#define LEDGER_FD 5 /* the ledger, to read */

/* One thread that allocates at the start and for a new table, never for a job. */
extern const char *malloc_conf;
const char *malloc_conf = "narenas:1,tcache:false,background_thread:false,dirty_decay_ms:0,muzzy_decay_ms:0,"
                          "metadata_thp:disabled";

static const char usage[] =
    "slimbid-worker: matches and scores own ads; slimbid starts it\n"
    "\n"
    "usage: slimbid-worker --verify 3<FILE             checks the ad table on descriptor 3\n"
    "       slimbid-worker --index N --job-bytes N --answer-bytes N [--ledger] [--log-level LEVEL]\n"
    "                       control line on descriptor 3, statistics on 4, the ledger, if any, on 5\n";

struct arguments {
    bool verify, ledger;
    uint32_t index;
    struct queue_sizes sizes;
};

static bool read_number(const char *text, uint32_t *number) {
    char *last = NULL;
    errno = 0;
    unsigned long value = strtoul(text, &last, 10);
    *number = (uint32_t)value;
    return errno == 0 && last != text && *last == '\0' && value <= UINT32_MAX;
}

static bool read_log_level(const char *text) {
    enum log_level level;
    if (!log_level_parse(str_from(text), &level))
        return false;
    log_set_level(level);
    return true;
}

static bool read_arguments(int argc, char **argv, struct arguments *arguments) {
    static const struct option options[] = {
        {"verify", no_argument, NULL, 'v'},
        {"index", required_argument, NULL, 'i'},
        {"job-bytes", required_argument, NULL, 'j'},
        {"answer-bytes", required_argument, NULL, 'a'},
        {"log-level", required_argument, NULL, 'l'},
        {"ledger", no_argument, NULL, 'b'},
        {NULL, 0, NULL, 0},
    };
    bool good = true;
    int c;
    while (good && (c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (c) {
        case 'v':
            arguments->verify = true;
            break;
        case 'i':
            good = read_number(optarg, &arguments->index);
            break;
        case 'j':
            good = read_number(optarg, &arguments->sizes.job_bytes);
            break;
        case 'a':
            good = read_number(optarg, &arguments->sizes.answer_bytes);
            break;
        case 'b':
            arguments->ledger = true;
            break;
        case 'l':
            good = read_log_level(optarg);
            break;
        default:
            good = false;
        }
    }
    return good && optind == argc && (arguments->verify || arguments->sizes.job_bytes);
}

/* A page that the supervisor gave; NULL with errno. */
static struct worker_stats *map_stats(int fd) {
    struct stat status;
    if (fstat(fd, &status) != 0)
        return NULL;
    if (status.st_size != WORKER_STATS_BYTES) {
        errno = EINVAL;
        return NULL;
    }
    void *page = mmap(NULL, WORKER_STATS_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    return page == MAP_FAILED ? NULL : page;
}

static int serve(const struct arguments *arguments) {
    /* Who stops a whole group of processes does not mean us: front ends drain, and we serve them till then.
     */
    signal(SIGTERM, SIG_IGN);
    signal(SIGINT, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    struct worker_options options = {
        .index = arguments->index, .control_fd = FIRST_FD, .sizes = arguments->sizes};
    options.ledger_fd = arguments->ledger ? LEDGER_FD : -1;
    options.stats = map_stats(SECOND_FD);
    if (!options.stats || fault_install() != 0) {
        fprintf(stderr, "slimbid-worker: not started by slimbid? errno=%d\n", errno);
        return 2;
    }
    return worker_run(&options);
}

int main(int argc, char **argv) {
    struct arguments arguments = {0};
    if (!read_arguments(argc, argv, &arguments)) {
        fputs(usage, stderr);
        return 2;
    }
    /* A worker's line closes with the supervisor too; this is for one in the middle of something long. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    return arguments.verify ? verify_run(FIRST_FD) : serve(&arguments);
}
