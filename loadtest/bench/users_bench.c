/*
 * users-bench: what the table of users costs, in bytes and in nanoseconds of CPU.
 *
 * So many users with random keys get a view and an interest each, then are read in random order: each one is
 * somewhere else in memory. Then one user, over and over, by one process and by several at once. At last new
 * users come until the table is full and others give way.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/options.h"
#include "base/prng.h"
#include "ledger/users.h"

#define NOW            INT64_C(1790000000)
#define ROUNDS         1000000u
#define MOST_PROCESSES 64

static uint64_t given_users = 1000000, given_processes = 2;

static const struct option_row rows[] = {
    {"users", "N", "users (1,000,000)", OPTION_UINT, &given_users, 100, 1e8},
    {"processes", "N", "that count the same user at once (2)", OPTION_UINT, &given_processes, 1,
     MOST_PROCESSES},
};

static const struct option_table options = {
    .program = "users-bench",
    .purpose = "What the table of users costs, in bytes and in nanoseconds of CPU.",
    .rows = rows,
    .count = COUNT_OF(rows),
};

struct bench {
    struct users *users;
    uint64_t *keys;
    uint32_t count;
    double began;
};

/* CPU time of this process and of its children that have ended. */
static double seconds(void) {
    static const int whose[] = {RUSAGE_SELF, RUSAGE_CHILDREN};
    double sum = 0;
    for (int i = 0; i < 2; i++) {
        struct rusage usage;
        getrusage(whose[i], &usage);
        sum += (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
               (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
    }
    return sum;
}

static void tell(struct bench *bench, const char *what, uint32_t times) {
    printf("%-44s %7.0f ns\n", what, (seconds() - bench->began) * 1e9 / times);
    bench->began = seconds();
}

/* Far from the one before. */
static uint64_t key_of(const struct bench *bench, uint32_t i) {
    return bench->keys[(i * UINT64_C(7919)) % bench->count];
}

static void fill(struct bench *bench) {
    bench->began = seconds();
    for (uint32_t i = 0; i < bench->count; i++)
        users_count_view(bench->users, bench->keys[i], i % 1000, 24, NOW);
    tell(bench, "a user's first view", bench->count);
    for (uint32_t i = 0; i < bench->count; i++)
        (void)users_interest(bench->users, bench->keys[i], STR("IAB19-18"), 1, NOW);
    tell(bench, "its first interest", bench->count);
}

static void read_all(struct bench *bench) {
    struct user_profile profile;
    uint32_t whole = 0;
    bench->began = seconds();
    for (uint32_t i = 0; i < bench->count; i++) {
        users_read(bench->users, key_of(bench, i), NOW, &profile);
        whole += profile.view_count == 1 && profile.interest_count == 1;
    }
    tell(bench, "a user read", bench->count);
    struct users_stats stats;
    users_stats(bench->users, &stats);
    printf("%u users, %u found again whole, %llu forgotten\n", bench->count, whole,
           (unsigned long long)stats.forgotten);
}

static void one_user(struct bench *bench) {
    struct user_profile profile;
    bench->began = seconds();
    for (uint32_t i = 0; i < ROUNDS; i++)
        users_count_view(bench->users, bench->keys[0], 0, 24, NOW);
    tell(bench, "the same user's view, one process", ROUNDS);
    for (uint32_t i = 0; i < ROUNDS; i++)
        users_read(bench->users, bench->keys[0], NOW, &profile);
    tell(bench, "the same user read", ROUNDS);
}

static void several_processes(struct bench *bench) {
    pid_t pids[MOST_PROCESSES];
    bench->began = seconds();
    for (uint64_t p = 0; p < given_processes; p++) {
        pids[p] = fork();
        if (pids[p] != 0)
            continue;
        for (uint32_t i = 0; i < ROUNDS; i++)
            users_count_view(bench->users, bench->keys[0], 0, 24, NOW);
        _exit(0);
    }
    for (uint64_t p = 0; p < given_processes; p++)
        if (pids[p] > 0)
            waitpid(pids[p], NULL, 0);
    tell(bench, "the same user's view, several processes", ROUNDS * (uint32_t)given_processes);
}

static void overfill(struct bench *bench) {
    struct prng prng;
    prng_seed(&prng, 2);
    for (uint32_t i = 0; i < bench->count; i++)
        users_count_view(bench->users, prng_next(&prng), 3, 24, NOW + 60);
    bench->began = seconds();
    for (uint32_t i = 0; i < bench->count; i++)
        users_count_view(bench->users, prng_next(&prng), 3, 24, NOW + 120);
    tell(bench, "a new user's view, another gives way", bench->count);
}

int main(int argc, char **argv) {
    char error[128] = "out of memory";
    options_read(&options, argc, argv);
    struct bench bench = {.count = (uint32_t)given_users};
    size_t bytes = users_bytes(bench.count);
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    bench.keys = malloc(bench.count * sizeof(*bench.keys));
    if (memory != MAP_FAILED) {
        users_format(memory, bench.count);
        bench.users = users_attach(memory, bytes, error, sizeof(error));
    }
    if (!bench.users || !bench.keys) {
        fprintf(stderr, "users-bench: %s\n", error);
        free(bench.keys);
        return 1;
    }
    struct prng prng;
    prng_seed(&prng, 1);
    for (uint32_t i = 0; i < bench.count; i++)
        bench.keys[i] = prng_next(&prng);
    printf("%u users take %.1f MiB\n", bench.count, (double)bytes / (1 << 20));
    fill(&bench);
    read_all(&bench);
    one_user(&bench);
    several_processes(&bench);
    overfill(&bench);
    users_detach(bench.users);
    free(bench.keys);
    return 0;
}
