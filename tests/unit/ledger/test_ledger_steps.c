/*
 * A process is stopped after every single instruction, and somebody else takes over: what it finds is what it
 * would find had the first been killed there. Needs ptrace(2); skipped where that is forbidden.
 *
 * At each stop the memory is looked at in a second place, so that the first process can go on:
 * - its successor adopts: the state is that before the operation or that after it, all sums agree, and the
 *   operation asked for again ends in the state after it;
 * - a copy is taken while the operation stands half done, and a machine starts from it: the same.
 * Then the one who copies is stopped, at each instruction, and the machine with it; and those who adopt.
 */
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "ledger_fixture.h"

#define WRITERS   2
#define CAMPAIGNS 4
#define HOLDS     8
#define FORBIDDEN 77
#define RECORDS   256 /* steps of a writer that are copied: the operations below make fewer */
#define TOMORROW  ((TODAY + 1) * 86400)
/* With sanitizers an operation is ten times as long: then not every stop is looked at. */
#if defined(__SANITIZE_ADDRESS__)
#define STRIDE UINT64_C(11)
#else
#define STRIDE UINT64_C(1)
#endif

/* ---- what is done ---- */

enum deed { RESERVE, VIEW, CLICK, RELEASE, EXPIRE };

struct operation {
    enum deed deed;
    uint32_t writer;
    uint32_t hold; /* of which reservation: the number of its operation */
    int64_t now, nanos;
    enum ledger_result result;
};

/* Budget: 6. Both writers, views of the other's holds, a refusal, a new day, slots that come round again. */
static const struct operation operations[] = {
    {RESERVE, 0, 0, NOON, 2, LEDGER_COUNTED},
    {RESERVE, 1, 0, NOON, 3, LEDGER_COUNTED},
    {VIEW, 1, 0, NOON, 0, LEDGER_COUNTED},
    {RESERVE, 0, 0, NOON, 2, LEDGER_OVER_BUDGET},
    {CLICK, 0, 1, NOON, 0, LEDGER_COUNTED},
    {VIEW, 0, 1, NOON, 0, LEDGER_COUNTED},
    {VIEW, 0, 1, NOON, 0, LEDGER_REPEATED},
    {RESERVE, 0, 0, NOON, 1, LEDGER_COUNTED},
    {RELEASE, 0, 7, NOON, 0, LEDGER_COUNTED},
    {RESERVE, 0, 0, NOON, 1, LEDGER_COUNTED},
    {EXPIRE, 0, 0, NOON + 601, 0, LEDGER_COUNTED},
    {RESERVE, 0, 0, TOMORROW, 6, LEDGER_COUNTED},
    {RESERVE, 1, 0, TOMORROW, 1, LEDGER_OVER_BUDGET},
    {EXPIRE, 0, 0, TOMORROW + 601, 0, LEDGER_COUNTED},
    {RESERVE, 0, 0, TOMORROW + 601, 5, LEDGER_COUNTED},
    {VIEW, 1, 14, TOMORROW + 601, 0, LEDGER_COUNTED},
    {RESERVE, 1, 0, TOMORROW + 601, 1, LEDGER_COUNTED},
    {RELEASE, 1, 16, TOMORROW + 601, 0, LEDGER_COUNTED},
};

struct state {
    int64_t spent[2], held; /* today, tomorrow */
};

/* What both processes see. */
struct stage {
    _Atomic uint32_t done; /* operations, or whatever is done */
    uint64_t holds[COUNT_OF(operations)];
};

struct play {
    struct stage *stage;
    struct ledger *ledger;
    struct ledger second; /* the second place */
    struct state states[COUNT_OF(operations) + 1];
    char *path;
};

static enum ledger_result do_it(struct ledger *ledger, uint32_t number, uint64_t *holds) {
    const struct operation *op = &operations[number];
    struct ledger_win win = fixture_win(0, op->nanos, op->now);
    switch (op->deed) {
    case RESERVE:
        return ledger_reserve(ledger, op->writer, &win, op->now, &holds[number]);
    case VIEW:
        return ledger_view(ledger, op->writer, holds[op->hold], op->now, NULL);
    case CLICK:
        return ledger_click(ledger, op->writer, holds[op->hold], op->now, NULL);
    case RELEASE:
        return ledger_release(ledger, op->writer, holds[op->hold]);
    case EXPIRE:
        return ledger_expire(ledger, op->writer, op->now, 9) == 1 ? LEDGER_COUNTED : LEDGER_GONE;
    }
    return LEDGER_GONE;
}

static struct state state_of(const struct ledger *ledger) {
    return (struct state){{ledger_spent(ledger, 0, TODAY), ledger_spent(ledger, 0, TODAY + 1)},
                          ledger_held(ledger, 0)};
}

static bool same(struct state a, struct state b) {
    return a.spent[0] == b.spent[0] && a.spent[1] == b.spent[1] && a.held == b.held;
}

/* ---- the stage ---- */

static void play_init(struct play *play) {
    uint64_t holds[COUNT_OF(operations)];
    void *memory =
        mmap(NULL, sizeof(struct stage), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(memory, MAP_FAILED);
    *play = (struct play){.stage = memory, .path = fixture_path()};
    struct ledger *model = fixture_open(NULL, WRITERS, CAMPAIGNS, HOLDS);
    (void)fixture_campaign(model, "c", 6);
    play->states[0] = state_of(model);
    for (uint32_t i = 0; i < COUNT_OF(operations); i++) {
        assert_int_equal(do_it(model, i, holds), operations[i].result);
        play->states[i + 1] = state_of(model);
    }
    ledger_close(model);
    play->ledger = fixture_open(play->path, WRITERS, CAMPAIGNS, HOLDS);
    (void)fixture_campaign(play->ledger, "c", 6);
    play->second = *play->ledger;
    play->second.memory =
        mmap(NULL, play->ledger->bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(play->second.memory, MAP_FAILED);
    ledger_place(&play->second);
}

static void play_cleanup(struct play *play) {
    munmap(play->second.memory, play->second.bytes);
    munmap(play->stage, sizeof *play->stage);
    ledger_close(play->ledger);
    fixture_path_end(play->path);
}

/* The memory as it is now, in the second place. */
static struct ledger *second_look(struct play *play) {
    const struct ledger_layout *l = &play->ledger->layout;
    const char *from = play->ledger->memory;
    char *to = play->second.memory;
    size_t ring = LEDGER_STEPS * sizeof(struct ledger_step_words);
    memcpy(to, from, l->steps_at);
    for (size_t w = 0; w < WRITERS; w++)
        memcpy(to + l->steps_at + w * ring, from + l->steps_at + w * ring,
               RECORDS * sizeof(struct ledger_step_words));
    memcpy(to + l->index_at, from + l->index_at, l->file_bytes - l->index_at);
    return &play->second;
}

static void adopt_all(struct ledger *ledger) {
    for (uint32_t w = 0; w < WRITERS; w++)
        ledger_adopt(ledger, w);
}

/* ---- a process under the thumb ---- */

static pid_t start(int (*body)(struct play *), struct play *play) {
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
            _exit(FORBIDDEN);
        (void)raise(SIGSTOP);
        _exit(body(play));
    }
    assert_true(pid > 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFEXITED(status) && WEXITSTATUS(status) == FORBIDDEN)
        return 0;
    assert_true(WIFSTOPPED(status));
    return pid;
}

/* One instruction. False: the child has ended, well. */
static bool step(pid_t pid) {
    int status;
    assert_int_equal(ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP)
        return true;
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    return false;
}

static void kill_child(pid_t pid) {
    int status;
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
}

static int operate(struct play *play) {
    for (uint32_t i = 0; i < COUNT_OF(operations); i++) {
        if (do_it(play->ledger, i, play->stage->holds) != operations[i].result)
            return 1;
        play->stage->done = i + 1;
    }
    return 0;
}

static int copy(struct play *play) {
    int got = ledger_sync(play->ledger);
    play->stage->done++;
    return got;
}

static int adopt(struct play *play) {
    adopt_all(play->ledger);
    play->stage->done++;
    return 0;
}

/* ---- writers are stopped ---- */

/* Before the operation that was going on, or after it. */
static void is_before_or_after(const struct play *play, const struct ledger *ledger) {
    uint32_t done = play->stage->done;
    struct state now = state_of(ledger);
    fixture_audit(ledger);
    assert_true(same(now, play->states[done]) ||
                (done < COUNT_OF(operations) && same(now, play->states[done + 1])));
}

static void ask_again(const struct play *play, struct ledger *ledger) {
    uint32_t done = play->stage->done;
    uint64_t holds[COUNT_OF(operations)];
    if (done == COUNT_OF(operations) || operations[done].deed == RESERVE)
        return; /* a hold that nobody has been told of is as good as none: it expires */
    memcpy(holds, play->stage->holds, sizeof holds);
    (void)do_it(ledger, done, holds);
    assert_true(same(state_of(ledger), play->states[done + 1]));
    fixture_audit(ledger);
}

static void a_successor_finds_before_or_after(void **state) {
    (void)state;
    struct play play;
    uint64_t stops = 0;
    play_init(&play);
    pid_t pid = start(operate, &play);
    if (pid == 0) {
        play_cleanup(&play);
        skip();
    }
    do {
        if (stops++ % STRIDE != 0)
            continue;
        struct ledger *second = second_look(&play);
        adopt_all(second);
        is_before_or_after(&play, second);
        ask_again(&play, second);
    } while (step(pid));
    assert_int_equal(play.stage->done, COUNT_OF(operations));
    assert_true(stops > 10 * COUNT_OF(operations));
    play_cleanup(&play);
}

static void a_copy_of_half_a_step_is_whole(void **state) {
    (void)state;
    struct play play;
    uint64_t stops = 0;
    play_init(&play);
    pid_t pid = start(operate, &play);
    if (pid == 0) {
        play_cleanup(&play);
        skip();
    }
    do {
        if (stops++ % STRIDE != 0)
            continue;
        struct ledger *second = second_look(&play);
        second->fd = memfd_create("second", 0); /* the file is the first's */
        assert_int_equal(ledger_sync(second), 0);
        close(second->fd);
        int newest = ledger_copy_newest(second);
        assert_int_equal(newest, second->header->generation & 1);
        ledger_copy_restore(second, newest);
        is_before_or_after(&play, second);
        ask_again(&play, second);
    } while (step(pid));
    assert_int_equal(play.stage->done, COUNT_OF(operations));
    play_cleanup(&play);
}

/* ---- who copies is stopped, and the machine ---- */

static void a_machine_starts_from_the_last_copy_or_this(void **state) {
    (void)state;
    struct play play;
    uint64_t stops = 0, older = 0;
    play_init(&play);
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(do_it(play.ledger, i, play.stage->holds), operations[i].result);
    assert_int_equal(ledger_sync(play.ledger), 0);
    for (uint32_t i = 3; i < 6; i++)
        assert_int_equal(do_it(play.ledger, i, play.stage->holds), operations[i].result);
    pid_t pid = start(copy, &play);
    if (pid == 0) {
        play_cleanup(&play);
        skip();
    }
    do {
        if (stops++ % (7 * STRIDE) != 0 && !play.stage->done)
            continue;
        struct ledger *second = second_look(&play);
        int newest = ledger_copy_newest(second);
        assert_true(newest >= 0);
        ledger_copy_restore(second, newest);
        fixture_audit(second);
        bool old = same(state_of(second), play.states[3]);
        assert_true(old ? !play.stage->done : same(state_of(second), play.states[6]));
        older += old;
    } while (step(pid));
    assert_true(older > 0);
    assert_int_equal(play.stage->done, 1);
    play_cleanup(&play);
}

/* Others do all they do while one is in the middle of a copy, here and there. */
static void a_copy_with_others_in_between_is_whole(void **state) {
    (void)state;
    bool over = false;
    for (uint64_t at = 0; !over; at += 2503 * STRIDE) {
        struct play play;
        int status;
        play_init(&play);
        for (uint32_t i = 0; i < 2; i++)
            assert_int_equal(do_it(play.ledger, i, play.stage->holds), operations[i].result);
        pid_t pid = start(copy, &play);
        if (pid == 0) {
            play_cleanup(&play);
            skip();
        }
        for (uint64_t i = 0; i < at && !over; i++)
            over = !step(pid);
        for (uint32_t i = 2; i < COUNT_OF(operations); i++)
            assert_int_equal(do_it(play.ledger, i, play.stage->holds), operations[i].result);
        if (!over) {
            assert_int_equal(ptrace(PTRACE_DETACH, pid, NULL, NULL), 0);
            assert_int_equal(waitpid(pid, &status, 0), pid);
            assert_int_equal(status, 0);
        }
        struct ledger *second = second_look(&play);
        int newest = ledger_copy_newest(second);
        ledger_copy_restore(second, newest);
        fixture_audit(second);
        bool known = false;
        for (uint32_t i = 2; i <= COUNT_OF(operations); i++)
            known |= same(state_of(second), play.states[i]);
        assert_true(known);
        play_cleanup(&play);
    }
}

/* A process that copies, stepped until it has begun with the campaigns, which come right after the cut, or
 * for so many instructions. How many it were. */
static uint64_t step_to_cut(struct play *play, pid_t pid, int64_t budget, uint64_t most) {
    int place = (int)((play->ledger->header->generation + 1) & 1);
    const struct ledger_campaign *copied = &ledger_copy_part(play->ledger, place).campaigns[1];
    uint64_t steps = 0;
    while (steps < most && copied->daily_budget != budget) {
        assert_true(step(pid));
        steps++;
    }
    return steps;
}

/* One writer's cut is read, then it reserves and another views, then the other's cut is read: the view is in
 * the copy only with its reservation. Just before the copy is cut every few instructions. */
static void a_view_is_copied_with_its_reservation(void **state) {
    (void)state;
    struct play play;
    uint64_t cut = UINT64_MAX, hold;
    play_init(&play);
    for (int64_t i = 0; i < 60; i++) {
        int64_t now = NOON + i * 700, budget = (INT64_C(1) << 40) + i;
        struct ledger_win win = fixture_win(1, 1, now);
        assert_int_equal(fixture_campaign(play.ledger, "d", budget), 1);
        pid_t pid = start(copy, &play);
        if (pid == 0) {
            play_cleanup(&play);
            skip();
        }
        /* The first two, one for each place, tell how long it takes. */
        uint64_t steps = step_to_cut(&play, pid, budget, i < 2 ? UINT64_MAX : cut - (uint64_t)(i - 1) * 29);
        cut = i < 2 && steps < cut ? steps : cut;
        assert_int_equal(ledger_reserve(play.ledger, 0, &win, now, &hold), LEDGER_COUNTED);
        assert_int_equal(ledger_view(play.ledger, 1, hold, now, NULL), LEDGER_COUNTED);
        int status;
        assert_int_equal(ptrace(PTRACE_DETACH, pid, NULL, NULL), 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        struct ledger *second = second_look(&play);
        ledger_copy_restore(second, ledger_copy_newest(second));
        fixture_audit(second);
    }
    play_cleanup(&play);
}

/* ---- who adopts is stopped ---- */

static void a_successors_successor_finds_the_same(void **state) {
    (void)state;
    bool over = false;
    for (uint64_t at = 0; !over; at += 2503 * STRIDE) {
        struct play play;
        play_init(&play);
        pid_t pid = start(operate, &play);
        if (pid == 0) {
            play_cleanup(&play);
            skip();
        }
        for (uint64_t i = 0; i < at && !over; i++)
            over = !step(pid);
        if (!over) {
            uint32_t done = play.stage->done;
            kill_child(pid);
            struct ledger *second = second_look(&play);
            adopt_all(second);
            struct state wanted = state_of(second);
            pid = start(adopt, &play);
            do {
                second = second_look(&play);
                adopt_all(second);
                fixture_audit(second);
                assert_true(same(state_of(second), wanted));
            } while (step(pid));
            assert_int_equal(play.stage->done, done + 1);
            assert_true(same(state_of(play.ledger), wanted));
        }
        play_cleanup(&play);
    }
}

int main(void) {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(sched_getcpu(), &one);
    (void)sched_setaffinity(0, sizeof one, &one); /* a stop is a switch, not a message between processors */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_successor_finds_before_or_after),
        cmocka_unit_test(a_copy_of_half_a_step_is_whole),
        cmocka_unit_test(a_machine_starts_from_the_last_copy_or_this),
        cmocka_unit_test(a_copy_with_others_in_between_is_whole),
        cmocka_unit_test(a_view_is_copied_with_its_reservation),
        cmocka_unit_test(a_successors_successor_finds_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
