/*
 * Processes that hammer one ledger are killed, one or all at once; and machines stop.
 *
 * Each client notes in a log of its own, shared memory that outlives it, what it is about to do and, when the
 * ledger has answered, the answer. From the logs alone the test knows what must be: an acknowledged step is
 * there, exactly once; of each client's last step, which nobody acknowledged, it asks.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/prng.h"
#include "ledger_fixture.h"

#define WRITERS   4u
#define CAMPAIGNS 6u
#define EACH      4096u /* slots of a writer */
#define LOG_MAX   400000u
#define KILLS     200u
#define NEW       4096u /* of the last reservations: what clients view, by writer */
#define TTL       8     /* ticks of the test's clock */

enum deed { RESERVE, VIEW, RELEASE };

struct entry {
    enum deed deed;
    uint32_t campaign;
    uint64_t hold;
    int64_t nanos, now;
    uint64_t committed; /* of the writer, when it was answered */
    uint32_t result;    /* 1 + enum ledger_result; 0: not answered */
    bool repeated;      /* not answered, asked again and there */
};

struct client_log {
    _Atomic uint32_t count; /* entries begun */
    _Atomic uint32_t fresh_count;
    _Atomic uint64_t fresh[NEW];
    struct entry entries[LOG_MAX];
};

struct stage {
    _Atomic int64_t now;
    _Atomic uint32_t stop;
    struct client_log logs[WRITERS];
};

struct play {
    struct stage *stage;
    struct ledger *ledger;
    char *path;
    pid_t clients[WRITERS], keeper;
    struct prng prng;
};

/* ---- clients ---- */

static struct entry *begin(struct client_log *log, struct entry entry) {
    uint32_t count = log->count;
    if (count == LOG_MAX)
        _exit(0);
    log->entries[count] = entry;
    log->count = count + 1;
    return &log->entries[count];
}

static void answered(const struct play *play, uint32_t writer, struct entry *entry,
                     enum ledger_result result) {
    entry->committed = play->ledger->live.writers[writer].committed;
    atomic_signal_fence(memory_order_seq_cst); /* the result last */
    entry->result = 1 + (uint32_t)result;
}

static void client_reserve(const struct play *play, uint32_t writer, struct prng *prng) {
    struct client_log *log = &play->stage->logs[writer];
    uint32_t campaign = (uint32_t)(prng_next(prng) % CAMPAIGNS);
    int64_t now = play->stage->now, nanos = 1 + (int64_t)(prng_next(prng) % 1000);
    struct ledger_win win = {campaign, nanos, writer, log->count, now + TTL};
    struct entry *entry = begin(log, (struct entry){RESERVE, campaign, 0, nanos, now, 0, 0, false});
    uint64_t hold;
    enum ledger_result result = ledger_reserve(play->ledger, writer, &win, now, &hold);
    entry->hold = hold;
    answered(play, writer, entry, result);
    if (result == LEDGER_COUNTED) {
        log->fresh[log->fresh_count % NEW] = hold;
        log->fresh_count++;
    }
}

static void client_end(const struct play *play, uint32_t writer, struct prng *prng, enum deed deed) {
    uint32_t whose = deed == RELEASE ? writer : (uint32_t)(prng_next(prng) % WRITERS);
    const struct client_log *from = &play->stage->logs[whose];
    uint32_t there = from->fresh_count;
    if (there == 0)
        return;
    uint32_t back = 1 + (uint32_t)(prng_next(prng) % (there < 64 ? there : 64));
    uint64_t hold = from->fresh[(there - back) % NEW];
    struct entry *entry =
        begin(&play->stage->logs[writer], (struct entry){deed, 0, hold, 0, play->stage->now, 0, 0, false});
    answered(play, writer, entry,
             deed == VIEW ? ledger_view(play->ledger, writer, hold, entry->now, NULL)
                          : ledger_release(play->ledger, writer, hold));
}

static void client_run(const struct play *play, uint32_t writer, uint64_t seed) {
    struct prng prng;
    prng_seed(&prng, seed);
    while (!play->stage->stop) {
        uint64_t what = prng_next(&prng) % 100;
        if (what < 45)
            client_reserve(play, writer, &prng);
        else if (what < 92)
            client_end(play, writer, &prng, VIEW);
        else
            client_end(play, writer, &prng, RELEASE);
        if (what % 8 == 0)
            sched_yield(); /* fewer processors than processes, and logs that must last */
    }
    _exit(0);
}

static void start_client(struct play *play, uint32_t writer) {
    uint64_t seed = prng_next(&play->prng);
    play->clients[writer] = fork();
    assert_true(play->clients[writer] >= 0);
    if (play->clients[writer] == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        client_run(play, writer, seed);
    }
}

/* Copies all the time, as the process does that syncs. */
static void start_keeper(struct play *play) {
    play->keeper = fork();
    assert_true(play->keeper >= 0);
    if (play->keeper == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        while (!play->stage->stop)
            if (ledger_sync(play->ledger) != 0 && errno != EAGAIN)
                _exit(1);
        _exit(0);
    }
}

static void end_process(pid_t pid, bool hard) {
    int status = 0;
    if (hard)
        assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) ? WTERMSIG(status) == SIGKILL : WEXITSTATUS(status) == 0);
}

static void pause_ns(long ns) {
    struct timespec t = {0, ns};
    (void)nanosleep(&t, NULL);
}

/* ---- the stage ---- */

static void play_init(struct play *play, uint64_t seed) {
    *play = (struct play){.path = fixture_path()};
    prng_seed(&play->prng, seed);
    play->stage = mmap(NULL, sizeof *play->stage, PROT_READ | PROT_WRITE,
                       MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    assert_ptr_not_equal(play->stage, MAP_FAILED);
    play->stage->now = NOON;
    play->ledger = fixture_open(play->path, WRITERS, CAMPAIGNS, WRITERS * EACH);
    for (uint32_t c = 0; c < CAMPAIGNS; c++) {
        char id[8];
        (void)snprintf(id, sizeof id, "c%u", c);
        /* The first is soon spent, the second later. */
        (void)fixture_campaign(play->ledger, id, c < 2 ? 500000 * (int64_t)(1 + 20 * c) : 0);
    }
}

static void play_cleanup(struct play *play) {
    ledger_close(play->ledger);
    fixture_path_end(play->path);
    munmap(play->stage, sizeof *play->stage);
}

static void lose_it(struct play *play) {
    play->ledger->owner = 0; /* killed: nobody says good-bye */
    ledger_close(play->ledger);
    play->ledger = fixture_open(play->path, WRITERS, CAMPAIGNS, WRITERS * EACH);
}

/* ---- the account ---- */

/* One hold as the logs know it. */
struct account {
    uint64_t hold;
    int64_t nanos, expires;
    uint32_t campaign;
    uint32_t views, releases, repeats;  /* acknowledged */
    uint32_t open_views, open_releases; /* not answered */
};

struct accounts {
    struct account *items;
    size_t count;
    int64_t open_reserved[CAMPAIGNS]; /* that nobody was told of */
};

static int by_hold(const void *a, const void *b) {
    const struct account *x = a, *y = b;
    return (x->hold > y->hold) - (x->hold < y->hold);
}

static struct account *account_of(const struct accounts *accounts, uint64_t hold) {
    struct account key = {.hold = hold};
    return bsearch(&key, accounts->items, accounts->count, sizeof key, by_hold);
}

static void open_accounts(const struct play *play, struct accounts *accounts) {
    size_t n = 0;
    for (uint32_t w = 0; w < WRITERS; w++)
        n += play->stage->logs[w].count;
    *accounts = (struct accounts){.items = calloc(n + 1, sizeof *accounts->items)};
    assert_non_null(accounts->items);
    for (uint32_t w = 0; w < WRITERS; w++)
        for (uint32_t i = 0; i < play->stage->logs[w].count; i++) {
            const struct entry *e = &play->stage->logs[w].entries[i];
            if (e->deed == RESERVE && e->result == 1 + LEDGER_COUNTED)
                accounts->items[accounts->count++] = (struct account){
                    .hold = e->hold, .nanos = e->nanos, .expires = e->now + TTL, .campaign = e->campaign};
            else if (e->deed == RESERVE && e->result == 0)
                accounts->open_reserved[e->campaign] += e->nanos;
        }
    qsort(accounts->items, accounts->count, sizeof *accounts->items, by_hold);
    for (size_t i = 1; i < accounts->count; i++)
        assert_true(accounts->items[i].hold != accounts->items[i - 1].hold); /* none was given twice */
}

static void enter(const struct accounts *accounts, const struct entry *e) {
    struct account *account = e->deed == RESERVE ? NULL : account_of(accounts, e->hold);
    if (e->deed == RESERVE)
        return;
    assert_non_null(account);
    account->repeats += e->repeated;
    if (e->result == 0)
        ++*(e->deed == VIEW ? &account->open_views : &account->open_releases);
    else if (e->result == 1 + LEDGER_COUNTED)
        ++*(e->deed == VIEW ? &account->views : &account->releases);
    else if (e->result == 1 + LEDGER_REPEATED)
        account->repeats++;
}

static void enter_all(const struct play *play, const struct accounts *accounts) {
    for (uint32_t w = 0; w < WRITERS; w++)
        for (uint32_t i = 0; i < play->stage->logs[w].count; i++)
            enter(accounts, &play->stage->logs[w].entries[i]);
    for (size_t i = 0; i < accounts->count; i++) {
        const struct account *a = &accounts->items[i];
        assert_true(a->views + a->releases <= 1);                  /* nothing is paid twice */
        assert_true(a->repeats == 0 || a->views || a->open_views); /* or for nothing */
    }
}

static void settle_accounts(const struct play *play) {
    struct accounts accounts;
    int64_t spent[CAMPAIGNS] = {0}, unsure[CAMPAIGNS] = {0};
    open_accounts(play, &accounts);
    enter_all(play, &accounts);
    fixture_audit(play->ledger);
    for (size_t i = 0; i < accounts.count; i++) {
        const struct account *a = &accounts.items[i];
        if (a->views || a->repeats)
            spent[a->campaign] += a->nanos;
        else if (a->open_views && !a->releases)
            unsure[a->campaign] += a->nanos;           /* when we asked again its slot had been taken again */
        if (a->views && a->expires > play->stage->now) /* what was acknowledged is there */
            assert_int_equal(ledger_view(play->ledger, 1, a->hold, play->stage->now, NULL), LEDGER_REPEATED);
        if (a->releases)
            assert_int_equal(ledger_view(play->ledger, 1, a->hold, NOON, NULL), LEDGER_GONE);
    }
    for (uint32_t w = 0; w < WRITERS; w++)
        (void)ledger_expire(play->ledger, w, play->stage->now + TTL, UINT32_MAX);
    fixture_audit(play->ledger);
    for (uint32_t c = 0; c < CAMPAIGNS; c++) {
        int64_t is = ledger_spent(play->ledger, c, TODAY);
        assert_int_equal(ledger_held(play->ledger, c), 0);
        assert_true(is >= spent[c] && is <= spent[c] + unsure[c]);
        if (unsure[c] == 0)
            assert_int_equal(is, spent[c]);
        if (c < 2)
            assert_true(is <= 500000 * (int64_t)(1 + 20 * c));
    }
    free(accounts.items);
}

/* ---- kills ---- */

/* A client that got no answer asks again, as clients do; its successor answers. */
static void ask_again(const struct play *play, uint32_t writer) {
    const struct client_log *log = &play->stage->logs[writer];
    struct entry *last = log->count > 0 ? (struct entry *)&log->entries[log->count - 1] : NULL;
    if (last == NULL || last->result != 0 || last->deed != VIEW)
        return;
    enum ledger_result got = ledger_view(play->ledger, writer, last->hold, last->now, NULL);
    if (got == LEDGER_COUNTED)
        last->result = 1 + LEDGER_COUNTED;
    else if (got == LEDGER_REPEATED)
        last->repeated = true; /* by the first try, or by another client */
}

static void kill_somebody(struct play *play) {
    uint32_t who = (uint32_t)(prng_next(&play->prng) % (WRITERS + 1));
    if (who == WRITERS) {
        end_process(play->keeper, true);
        start_keeper(play);
        return;
    }
    end_process(play->clients[who], true);
    ledger_adopt(play->ledger, who);
    ask_again(play, who);
    start_client(play, who);
}

static void kill_everybody(struct play *play) {
    for (uint32_t w = 0; w < WRITERS; w++)
        end_process(play->clients[w], true);
    end_process(play->keeper, true);
    lose_it(play);
    for (uint32_t w = 0; w < WRITERS; w++) {
        ask_again(play, w);
        start_client(play, w);
    }
    start_keeper(play);
}

static void nothing_is_lost_or_paid_twice(void **state) {
    (void)state;
    struct play play;
    struct ledger_stats stats;
    uint32_t kills = 0;
    play_init(&play, 7);
    for (uint32_t w = 0; w < WRITERS; w++)
        start_client(&play, w);
    start_keeper(&play);
    while (kills < KILLS) {
        pause_ns(1000000 + (long)(prng_next(&play.prng) % 4000000));
        play.stage->now++;
        bool all = prng_next(&play.prng) % 12 == 0;
        if (all)
            kill_everybody(&play);
        else
            kill_somebody(&play);
        kills += all ? WRITERS + 1 : 1;
    }
    play.stage->stop = 1;
    for (uint32_t w = 0; w < WRITERS; w++)
        end_process(play.clients[w], false);
    end_process(play.keeper, false);
    ledger_stats(play.ledger, &stats);
    assert_true(stats.reserved > 1000 && stats.viewed > 500 && stats.repeated > 0);
    settle_accounts(&play);
    play_cleanup(&play);
}

/* ---- machines that stop ---- */

struct image {
    char *bytes;
    size_t n;
};

static struct image image_of(const struct play *play) {
    struct image image = {malloc(play->ledger->bytes), play->ledger->bytes};
    assert_non_null(image.bytes);
    memcpy(image.bytes, play->ledger->memory, image.n);
    return image;
}

/* What the disk has of a region that nobody waited for: pages of any time. */
static void tear(struct play *play, const struct image *early, struct image *late, size_t from, size_t to) {
    for (size_t at = from; at < to; at += LEDGER_PAGE_BYTES)
        switch (prng_next(&play->prng) % 4) {
        case 0:
            memcpy(late->bytes + at, early->bytes + at, LEDGER_PAGE_BYTES);
            break;
        case 1:
            memset(late->bytes + at, 0, LEDGER_PAGE_BYTES);
            break;
        case 2:
            memset(late->bytes + at, (int)(prng_next(&play->prng) & 0xff), LEDGER_PAGE_BYTES);
            break;
        default: /* late */
            break;
        }
}

static void put_file(const char *path, const struct image *image) {
    int fd = open(path, O_RDWR | O_TRUNC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, image->bytes, image->n), image->n);
    close(fd);
}

/* A copy that is going on when the machine stops. */
static void begin_copy(struct play *play) {
    start_keeper(play);
    pause_ns((long)(prng_next(&play->prng) % 3000000));
    end_process(play->keeper, true);
}

static void acknowledged(const struct play *play, uint64_t *committed) {
    for (uint32_t w = 0; w < WRITERS; w++) {
        const struct client_log *log = &play->stage->logs[w];
        uint32_t count = log->count;
        committed[w] = 0;
        for (uint32_t back = 1; back <= 2 && back <= count && committed[w] == 0; back++)
            if (log->entries[count - back].result != 0)
                committed[w] = log->entries[count - back].committed;
    }
}

/* The step that the entry made is in the ledger as it is now. */
static bool in_cut(const uint64_t *cut, uint32_t writer, const struct entry *e) {
    return e->result != 0 && e->committed <= cut[writer];
}

static const struct entry *reservation_of(const struct play *play, uint64_t hold, uint32_t *writer) {
    *writer = (uint32_t)(hold >> 32) / EACH;
    const struct client_log *log = &play->stage->logs[*writer];
    for (uint32_t i = 0; i < log->count; i++)
        if (log->entries[i].deed == RESERVE && log->entries[i].hold == hold && log->entries[i].result)
            return &log->entries[i];
    return NULL;
}

/* Exactly the steps of the cut are there, and each with what it stands on. */
static void is_the_cut(const struct play *play, const uint64_t *cut) {
    int64_t spent[CAMPAIGNS] = {0}, unsure[CAMPAIGNS] = {0};
    fixture_audit(play->ledger);
    for (uint32_t w = 0; w < WRITERS; w++)
        for (uint32_t i = 0; i < play->stage->logs[w].count; i++) {
            const struct entry *e = &play->stage->logs[w].entries[i];
            uint32_t owner;
            if (e->deed != VIEW || (e->result != 0 && e->result != 1 + LEDGER_COUNTED))
                continue;
            const struct entry *win = reservation_of(play, e->hold, &owner);
            assert_non_null(win);
            if (e->result == 0)
                unsure[win->campaign] += win->nanos;
            else if (in_cut(cut, w, e)) {
                assert_true(in_cut(cut, owner, win));
                spent[win->campaign] += win->nanos;
            }
        }
    for (uint32_t c = 0; c < CAMPAIGNS; c++) {
        int64_t is = ledger_spent(play->ledger, c, TODAY);
        assert_true(is == spent[c] || (is > spent[c] && is <= spent[c] + unsure[c]));
    }
}

static void stop_machine(struct play *play, uint64_t seed) {
    uint64_t acked[WRITERS], cut[WRITERS];
    int got;
    play_init(play, seed);
    for (uint32_t w = 0; w < WRITERS; w++)
        start_client(play, w);
    for (int i = 0; i < 3; i++) {
        pause_ns(2000000);
        play->stage->now++;
        acknowledged(play, acked);
        do
            got = ledger_sync(play->ledger);
        while (got != 0 && errno == EAGAIN);
        assert_int_equal(got, 0);
    }
    struct image early = image_of(play);
    pause_ns(1000000);
    if (seed % 2)
        begin_copy(play);
    for (uint32_t w = 0; w < WRITERS; w++)
        end_process(play->clients[w], true);
    const struct ledger_layout l = play->ledger->layout;
    size_t next_copy = l.copies_at[~play->ledger->header->generation & 1];
    struct image late = image_of(play);
    tear(play, &early, &late, l.live_at, l.copies_at[0]);
    tear(play, &early, &late, next_copy, next_copy + LEDGER_PAGE_BYTES + l.part_bytes);
    play->ledger->owner = 0;
    ledger_close(play->ledger);
    put_file(play->path, &late);
    play->ledger = fixture_open_boot(play->path, "boot-two", WRITERS, CAMPAIGNS, WRITERS * EACH);
    for (uint32_t w = 0; w < WRITERS; w++) {
        cut[w] = play->ledger->live.writers[w].committed;
        assert_true(cut[w] >= acked[w]); /* what was acknowledged before the sync is there */
    }
    is_the_cut(play, cut);
    free(early.bytes);
    free(late.bytes);
    play_cleanup(play);
}

static void a_stopped_machine_starts_from_one_moment(void **state) {
    (void)state;
    struct play play;
    for (uint64_t seed = 1; seed <= 20; seed++)
        stop_machine(&play, seed);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_lost_or_paid_twice),
        cmocka_unit_test(a_stopped_machine_starts_from_one_moment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
