/*
 * What the ledger costs: nanoseconds of a reservation and its view with one writer, and with several writers,
 * a process each, that all win for one campaign; then the table of users: a view counted, a profile read.
 *
 * Each writer counts its own CPU time, so that the figures hold with fewer cores than writers; with cores
 * enough the processes run side by side and pay for each other's cache lines. Each view follows its
 * reservation after `lag` others, so that what it touches has left the first cache as in a server.
 */
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/options.h"
#include "base/prng.h"
#include "ledger/ledger.h"
#include "ledger/users.h"

#define ROUNDS_MAX  101
#define LAG_MAX     4096
#define WRITERS_MAX 16
#define NOW         INT64_C(1728043200)
#define CAMPAIGNS   1024

struct bench {
    uint64_t updates, rounds, lag, users, holds;
    struct ledger *ledger;
};

/* What the processes tell each other. */
struct board {
    _Atomic uint32_t ready;
    double ns[WRITERS_MAX];
};

static void die(const char *what) {
    fprintf(stderr, "ledger-bench: %s\n", what);
    exit(1);
}

static double cpu_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, size_t n) {
    qsort(values, n, sizeof *values, by_size);
    return values[n / 2];
}

static void ledger_make(struct bench *bench, uint32_t writers) {
    char error[LEDGER_ERROR_BYTES], id[16];
    const struct ledger_sizes sizes = {writers, CAMPAIGNS, writers * (uint32_t)bench->holds,
                                       (uint32_t)bench->users};
    bench->ledger = ledger_open(NULL, &sizes, NOW, error, sizeof error);
    if (bench->ledger == NULL)
        die(error);
    for (int i = 0; i < CAMPAIGNS; i++) {
        struct ledger_campaign_facts facts = {.daily_budget = INT64_C(1) << 55};
        facts.id = (struct str){id, (size_t)snprintf(id, sizeof id, "c%d", i)};
        facts.key = hash_bytes(facts.id, 0);
        if (ledger_campaign_note(bench->ledger, &facts, NOW) == LEDGER_NONE)
            die("no room for campaigns");
    }
}

/* ---- holds ---- */

/* Reservations and views of campaigns below `campaigns`, in turn; CPU nanoseconds of a pair. Time goes on so
 * that slots can be taken again. */
static double pairs(const struct bench *bench, uint32_t writer, uint32_t campaigns) {
    static uint64_t holds[LAG_MAX];
    const uint32_t lag = bench->lag > 0 ? (uint32_t)bench->lag : 1;
    struct ledger_win win = {.nanos = 1000, .user = 1};
    double start = 0;
    for (uint64_t i = 0; i < bench->updates + lag; i++) {
        int64_t now =
            NOW + (int64_t)(2 * i / bench->holds) * 2; /* expired when a slot's turn comes, not before */
        if (i == lag)
            start = cpu_ns();
        if (i >= lag && ledger_view(bench->ledger, writer, holds[i % lag], now, NULL) != LEDGER_COUNTED)
            die("a view was not counted");
        win.campaign = (uint32_t)(i % campaigns);
        win.auction = i;
        win.expires = now + 3;
        if (ledger_reserve(bench->ledger, writer, &win, now, &holds[i % lag]) != LEDGER_COUNTED)
            die("no hold");
    }
    return (cpu_ns() - start) / (double)bench->updates;
}

static void writer_run(const struct bench *bench, uint32_t writer, uint32_t writers, uint32_t campaigns,
                       struct board *board) {
    board->ready++;
    while (board->ready < writers)
        ;
    board->ns[writer] = pairs(bench, writer, campaigns);
}

/* The mean of all writers. */
static double together(struct bench *bench, uint32_t writers, uint32_t campaigns, struct board *board) {
    double sum = 0;
    int status;
    ledger_make(bench, writers);
    board->ready = 0;
    for (uint32_t w = 0; w < writers; w++) {
        pid_t pid = fork();
        if (pid < 0)
            die("fork");
        if (pid == 0) {
            (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
            writer_run(bench, w, writers, campaigns, board);
            _exit(0);
        }
    }
    for (uint32_t w = 0; w < writers; w++)
        if (wait(&status) < 0 || status != 0)
            die("a writer failed");
    for (uint32_t w = 0; w < writers; w++)
        sum += board->ns[w];
    ledger_close(bench->ledger);
    return sum / writers;
}

static void bench_holds(struct bench *bench, uint32_t writers, uint32_t campaigns, struct board *board) {
    double rounds[ROUNDS_MAX];
    for (size_t i = 0; i < bench->rounds; i++)
        rounds[i] = together(bench, writers, campaigns, board);
    double pair = median(rounds, bench->rounds);
    printf("writers %u  campaigns %4u  reserve + view %5.0f ns  an update %4.0f ns\n", writers, campaigns,
           pair, pair / 2);
}

/* ---- users ---- */

static void bench_users(struct bench *bench) {
    double counts[ROUNDS_MAX], reads[ROUNDS_MAX];
    struct user_profile profile;
    uint64_t known = 0;
    struct prng prng;
    ledger_make(bench, 1);
    struct users *users = ledger_users(bench->ledger);
    prng_seed(&prng, 1);
    for (size_t round = 0; round < bench->rounds; round++) {
        double start = cpu_ns();
        for (uint64_t i = 0; i < bench->updates; i++)
            known += users_count_view(users, 1 + prng_next(&prng) % bench->users, i % 8, 24, NOW) > 0;
        counts[round] = (cpu_ns() - start) / (double)bench->updates;
        start = cpu_ns();
        for (uint64_t i = 0; i < bench->updates; i++)
            known += users_read(users, 1 + prng_next(&prng) % bench->users, NOW, &profile);
        reads[round] = (cpu_ns() - start) / (double)bench->updates;
    }
    printf("users %lu  a view counted %5.0f ns  a profile read %5.0f ns (%lu found)\n",
           (unsigned long)bench->users, median(counts, bench->rounds), median(reads, bench->rounds),
           (unsigned long)known);
    ledger_close(bench->ledger);
}

int main(int argc, char **argv) {
    struct bench bench = {.updates = 1000000, .rounds = 5, .lag = 1000, .users = 1000000, .holds = 16384};
    const struct option_row rows[] = {
        {"updates", "N", "pairs of updates a round", OPTION_UINT, &bench.updates, 1000, 1e9},
        {"rounds", "N", "rounds; the median counts", OPTION_UINT, &bench.rounds, 1, ROUNDS_MAX},
        {"lag", "N", "reservations between one and its view", OPTION_UINT, &bench.lag, 1, LAG_MAX},
        {"holds", "N", "slots of a writer", OPTION_UINT, &bench.holds, 4 * LAG_MAX, 1 << 20},
        {"users", "N", "users of the table", OPTION_UINT, &bench.users, 1, 4e6},
    };
    const struct option_table table = {.program = "ledger-bench",
                                       .purpose = "CPU time of an update of the ledger.",
                                       .rows = rows,
                                       .count = COUNT_OF(rows)};
    options_read(&table, argc, argv);
    struct board *board =
        mmap(NULL, sizeof *board, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (board == MAP_FAILED)
        die("mmap");
    bench_holds(&bench, 1, CAMPAIGNS, board);
    bench_holds(&bench, 1, 1, board);
    bench_holds(&bench, 2, 1, board);
    bench_holds(&bench, 4, 1, board);
    bench_users(&bench);
    return 0;
}
