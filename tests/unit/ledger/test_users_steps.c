/*
 * A process that counts users is stopped after every few instructions, and what another one finds there is
 * looked at in a copy, as it would be had the first been killed. Needs ptrace(2); skipped where that is
 * forbidden.
 *
 * At each stop each user is what it was before the operation or what it is after it, or, where it gives way,
 * nothing; and the operation asked for again is done. So nothing is half counted, and nobody gets what is
 * another's.
 */
#include "users_fixture.h"

#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#define USERS     1u /* 32 records, the least */
#define FORBIDDEN 77
#define MOST_KEYS 40u

/* Instructions from stop to stop; no power of two, so that loops are met at all their places. */
#if defined(__SANITIZE_ADDRESS__)
#define STRIDE 151u
#else
#define STRIDE 11u
#endif

enum deed { COUNT, INTEREST, FORGET };

struct operation {
    enum deed deed;
    uint32_t user, id; /* campaign, or number of an interest */
    int64_t now;
};

/* What is done before anything is watched: other users fill most of the table, with interests. */
#define FILL 30u

static const struct operation operations[] = {
    {COUNT, 30, 1, NOW},    {COUNT, 30, 1, NOW},         {COUNT, 30, 2, NOW},
    {COUNT, 30, 3, NOW},    {INTEREST, 30, 1, NOW},      {INTEREST, 30, 1, NOW},
    {INTEREST, 30, 2, NOW}, {COUNT, 30, 4, NOW},         /* a second record */
    {COUNT, 31, 1, NOW},    {COUNT, 32, 1, NOW},         /* others' interests give way */
    {INTEREST, 31, 4, NOW}, {COUNT, 30, 1, NOW + 90000}, /* a new window */
    {FORGET, 30, 0, NOW},   {COUNT, 30, 9, NOW},
};

struct stage {
    _Atomic uint32_t done; /* operations */
};

struct play {
    struct stage *stage;
    void *memory, *copy;
    struct users *users, *second;
    struct user_profile before[MOST_KEYS], after[MOST_KEYS]; /* the operation under way */
};

static uint64_t key_of(uint32_t user) {
    return user * 2 + 1001;
}

static void do_it(struct users *users, const struct operation *op) {
    static const struct str names[] = {STR_INIT("IAB0"), STR_INIT("IAB1"), STR_INIT("IAB2"), STR_INIT("IAB3"),
                                       STR_INIT("a name of two words and then some")};
    switch (op->deed) {
    case COUNT:
        users_count_view(users, key_of(op->user), op->id, 24, op->now);
        break;
    case INTEREST:
        (void)users_interest(users, key_of(op->user), names[op->id], 1, op->now);
        break;
    case FORGET:
        users_forget(users, key_of(op->user));
        break;
    }
}

static void read_all(const struct users *users, int64_t now, struct user_profile *profiles) {
    memset(profiles, 0, MOST_KEYS * sizeof(*profiles));
    for (uint32_t i = 0; i < MOST_KEYS; i++)
        users_read(users, key_of(i), now, profiles + i);
}

static bool same(const struct user_profile *a, const struct user_profile *b) {
    if (a->view_count != b->view_count || a->interest_count != b->interest_count)
        return false;
    for (uint32_t i = 0; i < a->view_count; i++)
        if (a->views[i].campaign != b->views[i].campaign || a->views[i].count != b->views[i].count)
            return false;
    for (uint32_t i = 0; i < a->interest_count; i++)
        if (!str_eq(a->interests[i].name, b->interests[i].name) ||
            a->interests[i].weight != b->interests[i].weight)
            return false;
    return true;
}

static bool is_nobody(const struct user_profile *profile) {
    return profile->view_count + profile->interest_count == 0;
}

static uint32_t views_of(const struct user_profile *profile, uint32_t campaign) {
    for (uint32_t i = 0; i < profile->view_count; i++)
        if (profile->views[i].campaign == campaign)
            return profile->views[i].count;
    return 0;
}

/* ---- the one who is watched ---- */

static int work(struct play *play) {
    for (uint32_t i = 0; i < COUNT_OF(operations); i++) {
        do_it(play->users, operations + i);
        atomic_store(&play->stage->done, i + 1);
    }
    return 0;
}

static pid_t start(struct play *play) {
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
            _exit(FORBIDDEN);
        (void)raise(SIGSTOP);
        _exit(work(play));
    }
    assert_true(pid > 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFEXITED(status) && WEXITSTATUS(status) == FORBIDDEN)
        return 0;
    assert_true(WIFSTOPPED(status));
    return pid;
}

/* Some instructions. False: it has ended, well. */
static bool go_on(pid_t pid) {
    for (uint32_t i = 0; i < STRIDE; i++) {
        int status;
        assert_int_equal(ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL), 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        if (WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP)
            continue;
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        return false;
    }
    return true;
}

/* ---- the one who watches ---- */

/* What users are before and after an operation, played in the copy. */
static void foresee(struct play *play, uint32_t number) {
    memcpy(play->copy, play->memory, users_bytes(USERS));
    read_all(play->second, operations[number].now, play->before);
    do_it(play->second, operations + number);
    read_all(play->second, operations[number].now, play->after);
}

/* Each user is as before or as after; who gives way may be gone before the other is there. */
static void look_at(struct play *play, uint32_t number) {
    static struct user_profile now[MOST_KEYS];
    const struct operation *op = operations + number;
    memcpy(play->copy, play->memory, users_bytes(USERS));
    read_all(play->second, op->now, now);
    for (uint32_t i = 0; i < MOST_KEYS; i++)
        if (!same(now + i, play->before + i) && !same(now + i, play->after + i) &&
            !(op->deed == FORGET && i == op->user)) /* record by record */
            fail_msg("operation %u leaves user %u half done", number, i);
    do_it(play->second, op);
    uint32_t views = views_of(now + op->user, op->id);
    read_all(play->second, op->now, now);
    if (op->deed == COUNT)
        assert_int_equal(views_of(now + op->user, op->id), views + 1);
    else if (op->deed == FORGET)
        assert_true(is_nobody(now + op->user));
    else
        assert_true(now[op->user].interest_count > 0);
}

static void play_init(struct play *play) {
    void *stage = mmap(NULL, sizeof(struct stage), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(stage != MAP_FAILED);
    *play = (struct play){.stage = stage};
    play->memory = users_fixture_memory(USERS);
    play->users = users_fixture_attach(play->memory, USERS);
    play->copy = users_fixture_memory(USERS);
    play->second = users_fixture_attach(play->copy, USERS);
    for (uint32_t i = 0; i < FILL; i++)
        do_it(play->users, &(struct operation){INTEREST, i, 0, NOW - 100 * i});
}

static void play_cleanup(struct play *play) {
    users_detach(play->users);
    users_detach(play->second);
    munmap(play->memory, users_bytes(USERS));
    munmap(play->copy, users_bytes(USERS));
    munmap(play->stage, sizeof(*play->stage));
}

static void a_process_may_die_after_any_instruction(void **state) {
    (void)state;
    static struct play play;
#if defined(__SANITIZE_THREAD__)
    print_message("skipped: nearly all instructions would be the sanitizer's own\n");
    skip();
#endif
    play_init(&play);
    pid_t pid = start(&play);
    if (pid == 0) {
        play_cleanup(&play);
        print_message("skipped: ptrace is forbidden\n");
        skip();
    }
    uint32_t stops = 0, seen = 0;
    foresee(&play, 0);
    do {
        uint32_t done = atomic_load(&play.stage->done);
        if (done == COUNT_OF(operations))
            continue;
        if (done != seen)
            foresee(&play, done);
        seen = done;
        look_at(&play, done);
        stops++;
    } while (go_on(pid));
    assert_int_equal(atomic_load(&play.stage->done), COUNT_OF(operations));
    assert_true(stops > 20 * COUNT_OF(operations));
    struct users_stats stats;
    users_stats(play.users, &stats);
    assert_true(stats.forgotten > 0); /* somebody did give way */
    play_cleanup(&play);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_process_may_die_after_any_instruction),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
