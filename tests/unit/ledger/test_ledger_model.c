/*
 * Operations at random beside a plain model that knows nothing of slots, cells and steps: times that go on
 * and jump, days, budgets, the file opened again after a kill, after a stop of the machine, with other sizes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/prng.h"
#include "ledger_fixture.h"

#define ROUNDS     6u
#define OPERATIONS 6000u
#define CAMPAIGNS  5u
#define HOLDS_MAX  OPERATIONS
#define DAYS       16

enum fate { HELD, VIEWED, RELEASED };

struct model_hold {
    uint64_t hold;
    uint32_t campaign, day; /* after TODAY */
    int64_t nanos, expires;
    enum fate fate;
    bool clicked;
};

struct model {
    struct prng prng;
    struct ledger *ledger;
    struct ledger_sizes sizes;
    char *path;
    int64_t now;
    uint32_t count, boot;
    int64_t budget[CAMPAIGNS];
    int64_t spent[CAMPAIGNS][DAYS];
    struct model_hold holds[HOLDS_MAX];
};

static uint32_t below(struct model *m, uint32_t n) {
    return (uint32_t)(prng_next(&m->prng) % n);
}

static uint32_t day_of(const struct model *m) {
    return (uint32_t)(m->now / 86400 - TODAY);
}

/* Money held by holds that are not expired; and by those that are, if nobody has met them yet. */
static int64_t held_of(const struct model *m, uint32_t campaign, uint32_t day, bool expired) {
    int64_t sum = 0;
    for (uint32_t i = 0; i < m->count; i++)
        if (m->holds[i].fate == HELD && m->holds[i].campaign == campaign && m->holds[i].day == day &&
            (m->now >= m->holds[i].expires) == expired)
            sum += m->holds[i].nanos;
    return sum;
}

static uint32_t owner_of(const struct model *m, const struct model_hold *hold) {
    return (uint32_t)(hold->hold >> 32) / (m->sizes.holds / m->sizes.writers);
}

static uint32_t live_of(const struct model *m, uint32_t writer) {
    uint32_t live = 0;
    for (uint32_t i = 0; i < m->count; i++)
        live += m->holds[i].fate != RELEASED && m->now < m->holds[i].expires &&
                owner_of(m, &m->holds[i]) == writer;
    return live;
}

static void reserve(struct model *m) {
    struct model_hold *hold = &m->holds[m->count];
    uint32_t writer = below(m, m->sizes.writers);
    *hold = (struct model_hold){.campaign = below(m, CAMPAIGNS),
                                .day = day_of(m),
                                .nanos = 1 + below(m, 1000),
                                .expires = m->now + 1 + below(m, below(m, 20) ? 600 : 86400)};
    struct ledger_win win = {hold->campaign, hold->nanos, 1, m->count, hold->expires};
    int64_t least = m->spent[hold->campaign][hold->day] + held_of(m, hold->campaign, hold->day, false);
    int64_t most = least + held_of(m, hold->campaign, hold->day, true);
    switch (ledger_reserve(m->ledger, writer, &win, m->now, &hold->hold)) {
    case LEDGER_COUNTED:
        assert_true(least + hold->nanos <= m->budget[hold->campaign]);
        m->count++;
        break;
    case LEDGER_OVER_BUDGET:
        assert_true(most + hold->nanos > m->budget[hold->campaign]);
        break;
    case LEDGER_FULL:
        /* So many places are looked at. */
        assert_true(live_of(m, writer) >= 16 || live_of(m, writer) == m->sizes.holds / m->sizes.writers);
        break;
    case LEDGER_REPEATED:
    case LEDGER_GONE:
        fail();
    }
}

static struct model_hold *some_hold(struct model *m) {
    uint32_t near = m->count < 40 ? m->count : 40;
    return &m->holds[below(m, 8) ? m->count - 1 - below(m, near) : below(m, m->count)];
}

static void view(struct model *m) {
    struct model_hold *hold = some_hold(m);
    struct ledger_win win = {0};
    enum ledger_result got = ledger_view(m->ledger, below(m, m->sizes.writers), hold->hold, m->now, &win);
    if (hold->fate == HELD && m->now < hold->expires) {
        assert_int_equal(got, LEDGER_COUNTED);
        hold->fate = VIEWED;
        m->spent[hold->campaign][hold->day] += hold->nanos;
    } else if (hold->fate == VIEWED && m->now < hold->expires) {
        assert_int_equal(got, LEDGER_REPEATED);
    } else {
        assert_true(got == LEDGER_GONE || (got == LEDGER_REPEATED && hold->fate == VIEWED));
    }
    if (got != LEDGER_GONE) {
        assert_int_equal(win.nanos, hold->nanos);
        assert_int_equal(win.campaign, hold->campaign);
        assert_int_equal(win.auction, hold - m->holds);
    }
}

static void click(struct model *m) {
    struct model_hold *hold = some_hold(m);
    enum ledger_result got = ledger_click(m->ledger, below(m, m->sizes.writers), hold->hold, m->now, NULL);
    if (hold->fate != RELEASED && m->now < hold->expires)
        assert_int_equal(got, hold->clicked ? LEDGER_REPEATED : LEDGER_COUNTED);
    else if (hold->fate != VIEWED)
        assert_int_equal(got, LEDGER_GONE);
    hold->clicked |= got == LEDGER_COUNTED;
}

static void release(struct model *m) {
    struct model_hold *hold = some_hold(m);
    uint32_t writer = owner_of(m, hold);
    enum ledger_result got = ledger_release(m->ledger, writer, hold->hold);
    if (hold->fate == HELD && m->now < hold->expires)
        assert_int_equal(got, LEDGER_COUNTED);
    if (hold->fate != HELD)
        assert_int_equal(got, LEDGER_GONE);
    if (got == LEDGER_COUNTED)
        hold->fate = RELEASED;
}

static void open_again(struct model *m, bool other_boot) {
    char boot[24];
    m->boot += other_boot;
    (void)snprintf(boot, sizeof boot, "boot-%u", m->boot);
    m->ledger = fixture_open_boot(m->path, boot, m->sizes.writers, m->sizes.campaigns, m->sizes.holds);
}

static void interrupt(struct model *m) {
    bool other_boot = below(m, 2);
    if (other_boot)
        assert_int_equal(ledger_sync(m->ledger), 0);
    m->ledger->owner = 0; /* killed: nobody says good-bye */
    ledger_close(m->ledger);
    if (below(m, 3) == 0) { /* more of everything */
        m->sizes.writers = 1 + below(m, 4);
        m->sizes.campaigns += below(m, 3);
        m->sizes.holds = (m->sizes.holds / m->sizes.writers + 1) * m->sizes.writers;
    }
    open_again(m, other_boot);
}

/* What can be seen at any time: today's money, and the day's before. */
static void compare(const struct model *m) {
    uint32_t day = day_of(m);
    fixture_audit(m->ledger);
    for (uint32_t c = 0; c < CAMPAIGNS; c++) {
        int64_t least = held_of(m, c, day, false) + (day > 0 ? held_of(m, c, day - 1, false) : 0);
        assert_int_equal(ledger_spent(m->ledger, c, TODAY + day), m->spent[c][day]);
        if (day > 0)
            assert_int_equal(ledger_spent(m->ledger, c, TODAY + day - 1), m->spent[c][day - 1]);
        assert_true(ledger_held(m->ledger, c) >= least); /* what has expired may not have been met yet */
    }
}

static void play(struct model *m) {
    for (uint32_t i = 0; i < OPERATIONS && day_of(m) < DAYS - 2; i++) {
        uint32_t what = below(m, 100);
        m->now += below(m, 300) == 0 ? below(m, 50000) : below(m, 8);
        if (what < 40 || m->count == 0)
            reserve(m);
        else if (what < 70)
            view(m);
        else if (what < 80)
            click(m);
        else if (what < 88)
            release(m);
        else if (what < 98)
            (void)ledger_expire(m->ledger, below(m, m->sizes.writers), m->now, below(m, 4));
        else if (below(m, 40) == 0)
            interrupt(m);
        if (i % 16 == 0)
            compare(m);
    }
}

static void the_ledger_is_as_its_model(void **state) {
    (void)state;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        struct model *m = calloc(1, sizeof *m);
        assert_non_null(m);
        prng_seed(&m->prng, 1000 + round);
        m->sizes = (struct ledger_sizes){3, CAMPAIGNS, 36, 0};
        m->now = NOON;
        m->path = fixture_path();
        open_again(m, true);
        for (uint32_t c = 0; c < CAMPAIGNS; c++) {
            char id[8];
            (void)snprintf(id, sizeof id, "c%u", c);
            m->budget[c] = c == 0 ? INT64_MAX : 4000 * (int64_t)c;
            assert_int_equal(fixture_campaign(m->ledger, id, c == 0 ? 0 : m->budget[c]), c);
        }
        play(m);
        m->now += 2 * INT64_C(86400);
        for (uint32_t w = 0; w < m->sizes.writers; w++)
            (void)ledger_expire(m->ledger, w, m->now, UINT32_MAX);
        for (uint32_t c = 0; c < CAMPAIGNS; c++)
            assert_int_equal(ledger_held(m->ledger, c), 0);
        fixture_audit(m->ledger);
        assert_true(m->count > 500);
        ledger_close(m->ledger);
        fixture_path_end(m->path);
        free(m);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_ledger_is_as_its_model)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
