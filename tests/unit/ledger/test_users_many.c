/* A million users, several processes at once, and processes that die at any instruction. */
#include "users_fixture.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/prng.h"
#include "ledger/users_layout.h"

#define MANY      1000000u
#define FEW       64u
#define PROCESSES 4u
#define ROUNDS    20000u
#define KILLS     60u

static uint64_t key_of(uint32_t i) {
    struct prng prng;
    prng_seed(&prng, i);
    return prng_next(&prng);
}

static void fill_with_many(struct users *users) {
    for (uint32_t i = 0; i < MANY; i++) {
        uint64_t key = key_of(i);
        char name[16];
        snprintf(name, sizeof(name), "IAB%u", i % 1000);
        assert_int_equal(users_count_view(users, key, i % 100000, 24, NOW), 1);
        assert_true(users_interest(users, key, str_from(name), 2, NOW));
    }
}

static void a_million_users_are_all_found_again(void **state) {
    (void)state;
    void *memory = users_fixture_memory(MANY);
    struct users *users = users_fixture_attach(memory, MANY);
    struct users_stats stats;
    assert_true(users_bytes(MANY) <= (size_t)63 << 20);
    fill_with_many(users);
    for (uint32_t i = 0; i < MANY; i++) {
        struct user_profile profile;
        char name[16];
        snprintf(name, sizeof(name), "IAB%u", i % 1000);
        if (!users_read(users, key_of(i), NOW, &profile) || profile.view_count != 1 ||
            profile.interest_count != 1 || profile.views[0].campaign != i % 100000 ||
            profile.views[0].count != 1 || !str_eq(profile.interests[0].name, str_from(name)))
            fail_msg("user %u has lost something", i);
    }
    users_stats(users, &stats);
    assert_int_equal(stats.added, MANY);
    assert_int_equal(stats.forgotten + stats.dropped_views + stats.dropped_interests, 0);
    assert_true(stats.users > MANY * 0.95 && stats.users < MANY * 1.05);
    users_detach(users);
    munmap(memory, users_bytes(MANY));
}

static pid_t run_child(void (*work)(struct users *, uint32_t), struct users *users, uint32_t child) {
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        work(users, child);
        _exit(0);
    }
    return pid;
}

static void wait_for(pid_t pid) {
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* Interest's weights are whole, so that a sum is exact; windows never end. */
static void count_the_same(struct users *users, uint32_t child) {
    (void)child;
    for (uint32_t i = 0; i < ROUNDS; i++) {
        if (users_count_view(users, 7 + 2 * (i % 200), i / 2000, 1000, NOW) == 0)
            _exit(1);
        if (!users_interest(users, 7 + 2 * (i % 200), STR("IAB1"), 1, NOW))
            _exit(2);
    }
}

static void processes_that_count_the_same_users_lose_nothing(void **state) {
    (void)state;
    void *memory = users_fixture_memory(1000);
    struct users *users = users_fixture_attach(memory, 1000);
    pid_t pids[PROCESSES];
    for (uint32_t p = 0; p < PROCESSES; p++)
        pids[p] = run_child(count_the_same, users, p);
    for (uint32_t p = 0; p < PROCESSES; p++)
        wait_for(pids[p]);
    for (uint32_t u = 0; u < 200; u++) {
        struct user_profile profile;
        assert_true(users_read(users, 7 + 2 * u, NOW, &profile));
        assert_int_equal(profile.view_count, ROUNDS / 2000);
        for (uint32_t i = 0; i < profile.view_count; i++)
            assert_int_equal(profile.views[i].count, PROCESSES * 2000 / 200);
        assert_int_equal(profile.interest_count, 1);
        assert_float_equal(profile.interests[0].weight, PROCESSES * ROUNDS / 200.0, 0.01);
    }
    users_detach(users);
    munmap(memory, users_bytes(1000));
}

/* Users come and go so fast that records change hands all the time. User u only ever sees campaign u. */
static void count_and_forget(struct users *users, uint32_t child) {
    struct prng prng;
    prng_seed(&prng, child + (uint64_t)getpid());
    for (int64_t round = 0;; round++) {
        uint32_t u = (uint32_t)(prng_next(&prng) % 2000);
        uint64_t key = (uint64_t)u << 32 | 1;
        char name[16];
        snprintf(name, sizeof(name), "user-%u", u);
        users_count_view(users, key, u, 24, NOW + round / 100);
        (void)users_interest(users, key, str_from(name), 1, NOW + round / 100);
        if (prng_next(&prng) % 16 == 0)
            users_forget(users, key);
    }
}

static void nothing_of_one_stands_with_another(const struct users *users) {
    for (uint32_t u = 0; u < 2000; u++) {
        struct user_profile profile;
        char name[16];
        snprintf(name, sizeof(name), "user-%u", u);
        users_read(users, (uint64_t)u << 32 | 1, NOW, &profile);
        assert_true(profile.view_count <= 1 && profile.interest_count <= 1);
        if (profile.view_count)
            assert_int_equal(profile.views[0].campaign, u);
        if (profile.interest_count)
            assert_true(str_eq(profile.interests[0].name, str_from(name)));
    }
}

static uint32_t marked_records(const struct users_header *header) {
    const struct users_bucket *buckets = (const void *)((const char *)header + sizeof(*header) +
                                                        USERS_NAME_PLACES * sizeof(struct users_name));
    uint32_t marked = 0;
    for (uint32_t b = 0; b < header->buckets; b++)
        for (uint32_t s = 0; s < USERS_SLOTS; s++) {
            uint64_t key = atomic_load(&buckets[b].keys[s]);
            marked += key != 0 && (key & 1) == 0;
        }
    return marked;
}

static void processes_that_die_leave_a_table_that_works(void **state) {
    (void)state;
    void *memory = users_fixture_memory(FEW);
    struct users *users = users_fixture_attach(memory, FEW);
    struct prng prng;
    prng_seed(&prng, 5);
    pid_t pids[PROCESSES];
    for (uint32_t p = 0; p < PROCESSES; p++)
        pids[p] = run_child(count_and_forget, users, p);
    for (uint32_t i = 0; i < KILLS; i++) {
        usleep(1000 + (useconds_t)(prng_next(&prng) % 5000));
        uint32_t p = i % PROCESSES;
        kill(pids[p], SIGKILL);
        waitpid(pids[p], NULL, 0);
        pids[p] = run_child(count_and_forget, users, i);
    }
    for (uint32_t p = 0; p < PROCESSES; p++) {
        kill(pids[p], SIGKILL);
        waitpid(pids[p], NULL, 0);
    }
    nothing_of_one_stands_with_another(users);
    assert_true(marked_records(memory) <= KILLS + PROCESSES);
    /* A day later every record is of use again: as many new users fit as in a new table. */
    struct users_stats before, after;
    users_stats(users, &before);
    for (uint32_t i = 0; i < FEW; i++)
        assert_int_equal(users_count_view(users, key_of(i), 1, 24, NOW + 40 * 86400), 1);
    users_stats(users, &after);
    assert_int_equal(after.added - before.added, FEW);
    users_detach(users);
    munmap(memory, users_bytes(FEW));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_million_users_are_all_found_again),
        cmocka_unit_test(processes_that_count_the_same_users_lose_nothing),
        cmocka_unit_test(processes_that_die_leave_a_table_that_works),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
