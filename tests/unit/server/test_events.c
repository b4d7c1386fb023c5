/* What comes back: counted once, answered the same, and nothing counted that is not ours. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "base/hash.h"
#include "event/events.h"
#include "ledger/ledger.h"
#include "ledger/users.h"

#define NOW     1764000000
#define EXPIRES (NOW + 900)
#define USER    0x1234567890abcdefu
#define NANOS   1250000

struct events_fixture {
    struct config *config;
    struct ledger *ledger;
    struct events_stats stats;
    struct events events;
    struct event event;
    uint32_t campaign;
};

static int setup(void **state) {
    struct events_fixture *f = calloc(1, sizeof *f);
    struct ledger_sizes sizes = {.writers = 2, .campaigns = 16, .holds = 128, .users = 1000};
    char error[LEDGER_ERROR_BYTES] = "";
    f->config = config_default();
    f->ledger = ledger_open(NULL, &sizes, NOW, error, sizeof error);
    if (!f->ledger)
        fail_msg("%s", error);
    f->events = (struct events){.config = f->config,
                                .keys = token_keys_random(),
                                .ledger = f->ledger,
                                .users = ledger_users(f->ledger),
                                .stats = &f->stats,
                                .writer = 1};
    struct ledger_campaign_facts facts = {.key = hash_bytes(STR("c1"), 0),
                                          .id = STR("c1"),
                                          .daily_budget = 10 * (int64_t)NANOS,
                                          .frequency = 3,
                                          .frequency_hours = 24};
    f->campaign = ledger_campaign_note(f->ledger, &facts, NOW);
    *state = f;
    return f->events.keys && f->campaign != LEDGER_NONE ? 0 : -1;
}

static int cleanup(void **state) {
    struct events_fixture *f = *state;
    token_keys_destroy(f->events.keys);
    ledger_close(f->ledger);
    config_destroy(f->config);
    free(f);
    return 0;
}

/* A bid that won, as the auction leaves it: a hold, and a token about it. */
static struct token win(struct events_fixture *f, enum token_kind kind) {
    struct ledger_win won = {
        .campaign = f->campaign, .nanos = NANOS, .user = USER, .auction = 5, .expires = EXPIRES};
    struct token token = {.kind = kind,
                          .auction = 5,
                          .campaign = f->campaign,
                          .nanos = NANOS,
                          .expires = EXPIRES,
                          .partner = CONFIG_MAX_PARTNERS};
    assert_int_equal(ledger_reserve(f->ledger, 0, &won, NOW, &token.hold), LEDGER_COUNTED);
    return token;
}

struct query {
    char text[8192];
};

/* "t=TOKEN" with what stands behind it; signed over extra. */
static struct query sign(struct events_fixture *f, const struct token *token, const char *extra,
                         const char *behind) {
    struct query query;
    char text[TOKEN_CHARS];
    assert_int_equal(token_sign(f->events.keys, token, str_from(extra), text), 0);
    snprintf(query.text, sizeof query.text, "t=%.*s%s", (int)TOKEN_CHARS, text, behind);
    return query;
}

static enum events_verdict take(struct events_fixture *f, enum token_kind kind, const char *query) {
    return events_take(&f->events, kind, str_from(query), NOW, &f->event);
}

static struct ledger_stats ledger_of(const struct events_fixture *f) {
    struct ledger_stats stats;
    ledger_stats(f->ledger, &stats);
    return stats;
}

static int64_t spent(const struct events_fixture *f) {
    return ledger_spent(f->ledger, f->campaign, NOW / 86400);
}

static void a_view_is_paid_once(void **state) {
    struct events_fixture *f = *state;
    struct token token = win(f, TOKEN_VIEW);
    struct query query = sign(f, &token, "", "");
    assert_int_equal(spent(f), 0);
    assert_int_equal(take(f, TOKEN_VIEW, query.text), EVENTS_COUNTED);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(take(f, TOKEN_VIEW, query.text), EVENTS_REPEATED);
    assert_int_equal(spent(f), NANOS);
    assert_int_equal(ledger_held(f->ledger, f->campaign), 0);
    assert_int_equal(ledger_of(f).viewed, 1);
    assert_int_equal(f->stats.verdicts[0][EVENTS_COUNTED], 1);
    assert_int_equal(f->stats.verdicts[0][EVENTS_REPEATED], 1000);
    struct user_profile profile;
    assert_true(users_read(f->events.users, USER, NOW, &profile));
    assert_int_equal(profile.view_count, 1);
    assert_int_equal(profile.views[0].campaign, f->campaign);
    assert_int_equal(profile.views[0].count, 1);
}

static void clicks_and_wins_are_marks(void **state) {
    struct events_fixture *f = *state;
    struct token token = win(f, TOKEN_CLICK);
    struct query query = sign(f, &token, "https://s/?a=b&c=%20", "&u=https%3A%2F%2Fs%2f%3Fa=b%26c%3D%2520");
    assert_int_equal(take(f, TOKEN_CLICK, query.text), EVENTS_COUNTED);
    assert_true(str_eq(f->event.extra, STR("https://s/?a=b&c=%20")));
    assert_int_equal(take(f, TOKEN_CLICK, query.text), EVENTS_REPEATED);
    assert_true(str_eq(f->event.extra, STR("https://s/?a=b&c=%20"))); /* answered the same */
    token.kind = TOKEN_WIN;
    query = sign(f, &token, "", "");
    assert_int_equal(take(f, TOKEN_WIN, query.text), EVENTS_COUNTED);
    assert_int_equal(take(f, TOKEN_WIN, query.text), EVENTS_REPEATED);
    assert_int_equal(spent(f), 0);
    assert_int_equal(ledger_of(f).clicked, 1);
    assert_int_equal(ledger_of(f).won, 1);
    assert_int_equal(ledger_of(f).viewed, 0);
}

static void other_parameters_are_passed_over(void **state) {
    struct events_fixture *f = *state;
    struct token token = win(f, TOKEN_VIEW);
    static const char *const behind[] = {"",    "&",     "&&x=y", "&u=https://s", "&tt=x",
                                         "&n=", "&cb=1", "&T=x",  "&%74=x",       "&t",
                                         "&n",  "&=",    "&x",    "&n=%",         "&n=%4"};
    for (size_t i = 0; i < COUNT_OF(behind); i++) {
        struct query query = sign(f, &token, "", behind[i]);
        bool broken = i >= COUNT_OF(behind) - 2;
        assert_int_equal(take(f, TOKEN_VIEW, query.text), broken   ? EVENTS_BAD
                                                          : i == 0 ? EVENTS_COUNTED
                                                                   : EVENTS_REPEATED);
    }
    char before[8300];
    snprintf(before, sizeof before, "x=1&%s", sign(f, &token, "", "").text);
    assert_int_equal(take(f, TOKEN_VIEW, before), EVENTS_REPEATED);
}

static void what_stands_there_twice_is_refused(void **state) {
    struct events_fixture *f = *state;
    struct token token = win(f, TOKEN_CLICK);
    static const char *const behind[] = {"&u=https://s/&u=https://s/",
                                         "&u=https://s/&u=", "&u=https://s/&t=x",
                                         "&u=https://s/&u=https://evil/", "&u=https://evil/&u=https://s/"};
    for (size_t i = 0; i < COUNT_OF(behind); i++)
        assert_int_equal(take(f, TOKEN_CLICK, sign(f, &token, "https://s/", behind[i]).text), EVENTS_BAD);
    assert_int_equal(take(f, TOKEN_CLICK, sign(f, &token, "https://s/", "&u=https://s/").text),
                     EVENTS_COUNTED);
}

static void it_is_no_open_redirect(void **state) {
    struct events_fixture *f = *state;
    struct token token = win(f, TOKEN_CLICK);
    static const char *const others[] = {"&u=https://evil/",
                                         "&u=https://s",
                                         "&u=https://s/%00",
                                         "&u=https://s/x",
                                         "&u=HTTPS://s/",
                                         "&u=",
                                         "",
                                         "&n=https://s/",
                                         "&u=https%253A//s/"};
    for (size_t i = 0; i < COUNT_OF(others); i++)
        assert_int_equal(take(f, TOKEN_CLICK, sign(f, &token, "https://s/", others[i]).text), EVENTS_BAD);
    /* Even what we would have signed by mistake is not gone to. */
    static const char *const pages[][2] = {
        {"javascript:x", "&u=javascript:x"},
        {"//evil/", "&u=//evil/"},
        {"https://s/\r\nSet-Cookie: a", "&u=https://s/%0D%0ASet-Cookie:%20a"},
        {"https://", "&u=https://"},
        {"", ""}};
    for (size_t i = 0; i < COUNT_OF(pages); i++)
        assert_int_equal(take(f, TOKEN_CLICK, sign(f, &token, pages[i][0], pages[i][1]).text), EVENTS_BAD);
    assert_int_equal(ledger_of(f).clicked, 0);
    assert_int_equal(f->stats.verdicts[1][EVENTS_BAD], COUNT_OF(others) + COUNT_OF(pages));
}

static void a_bent_token_counts_nothing(void **state) {
    struct events_fixture *f = *state;
    struct token token = win(f, TOKEN_VIEW);
    struct query query = sign(f, &token, "https://z/?p=1", "&n=https%3A%2F%2Fz%2F%3Fp%3D1");
    size_t n = strlen(query.text);
    for (size_t bit = 0; bit < n * 8; bit++) {
        query.text[bit / 8] ^= (char)(1u << bit % 8);
        enum events_verdict verdict =
            events_take(&f->events, TOKEN_VIEW, (struct str){query.text, n}, NOW, &f->event);
        bool same = bit / 8 >= TOKEN_CHARS + 2 && bit % 8 == 5 &&
                    strchr("abcdef", query.text[bit / 8] | 0x20); /* a hex digit in the other case */
        if ((verdict == EVENTS_BAD) == same)
            fail_msg("bit %zu: %s", bit, events_verdict_name(verdict));
        query.text[bit / 8] ^= (char)(1u << bit % 8);
    }
    assert_int_equal(take(f, TOKEN_CLICK, query.text), EVENTS_BAD);
    assert_int_equal(take(f, TOKEN_WIN, query.text), EVENTS_BAD);
    assert_int_equal(take(f, TOKEN_VIEW, ""), EVENTS_BAD);
    assert_int_equal(events_take(&f->events, TOKEN_VIEW, (struct str){NULL, 0}, NOW, &f->event), EVENTS_BAD);
    assert_true(ledger_of(f).viewed <= 1);
}

static void what_is_late_counts_nothing(void **state) {
    struct events_fixture *f = *state;
    struct token token = win(f, TOKEN_VIEW);
    struct query query = sign(f, &token, "", "");
    assert_int_equal(events_take(&f->events, TOKEN_VIEW, str_from(query.text), EXPIRES, &f->event),
                     EVENTS_EXPIRED);
    assert_int_equal(spent(f), 0);
    /* Its hold went back meanwhile, and the token is good still: clocks of two machines. */
    assert_int_equal(ledger_expire(f->ledger, 0, EXPIRES + 1, 100), 1);
    assert_int_equal(take(f, TOKEN_VIEW, query.text), EVENTS_GONE);
    assert_int_equal(spent(f), 0);
    token.hold = 0xffffffffffff;
    assert_int_equal(take(f, TOKEN_VIEW, sign(f, &token, "", "").text), EVENTS_GONE);
    assert_int_equal(f->stats.verdicts[0][EVENTS_GONE], 2);
    assert_int_equal(f->stats.verdicts[0][EVENTS_EXPIRED], 1);
}

static void looking_counts_nothing(void **state) {
    struct events_fixture *f = *state;
    struct token token = win(f, TOKEN_VIEW);
    struct query query = sign(f, &token, "", "");
    for (int i = 0; i < 3; i++)
        assert_int_equal(events_look(&f->events, TOKEN_VIEW, str_from(query.text), NOW, &f->event),
                         EVENTS_COUNTED);
    assert_int_equal(events_look(&f->events, TOKEN_VIEW, str_from(query.text), EXPIRES, &f->event),
                     EVENTS_EXPIRED);
    assert_int_equal(ledger_of(f).viewed, 0);
    assert_int_equal(take(f, TOKEN_VIEW, query.text), EVENTS_COUNTED);
}

static void nothing_needs_to_be_there(void **state) {
    struct events_fixture *f = *state;
    struct token token = win(f, TOKEN_VIEW);
    struct query query = sign(f, &token, "", "");
    struct events events = f->events;
    events.ledger = NULL;
    assert_int_equal(events_take(&events, TOKEN_VIEW, str_from(query.text), NOW, &f->event), EVENTS_GONE);
    events.keys = NULL;
    assert_int_equal(events_take(&events, TOKEN_VIEW, str_from(query.text), NOW, &f->event), EVENTS_BAD);
    events = f->events;
    events.users = NULL;
    assert_int_equal(events_take(&events, TOKEN_VIEW, str_from(query.text), NOW, &f->event), EVENTS_COUNTED);
}

/* Another ledger's hold of the same name: its auction was another one. */
static void another_auction_s_hold_is_gone(void **state) {
    static const enum token_kind kinds[] = {TOKEN_VIEW, TOKEN_CLICK, TOKEN_WIN};
    struct events_fixture *f = *state;
    struct token own = win(f, TOKEN_VIEW), other = own;
    other.auction++;
    for (int viewed = 0; viewed < 2; viewed++) {
        for (size_t i = 0; i < COUNT_OF(kinds); i++) {
            other.kind = kinds[i];
            struct query query = sign(f, &other, "", "");
            if (other.kind == TOKEN_CLICK)
                query = sign(f, &other, "https://shop.example/", "&u=https%3A%2F%2Fshop.example%2F");
            assert_int_equal(take(f, other.kind, query.text), EVENTS_GONE);
        }
        assert_int_equal(spent(f), viewed ? NANOS : 0);
        struct query query = sign(f, &own, "", "");
        assert_int_equal(take(f, TOKEN_VIEW, query.text), viewed ? EVENTS_REPEATED : EVENTS_COUNTED);
    }
    assert_int_equal(ledger_of(f).clicked + ledger_of(f).won, 0);
}

/* A partner's bid: no campaign, no price, but counted once too. */
static void a_partner_s_view_costs_nobody(void **state) {
    struct events_fixture *f = *state;
    struct ledger_win won = {.campaign = LEDGER_NONE, .nanos = NANOS, .user = USER, .expires = EXPIRES};
    struct token token = {
        .kind = TOKEN_VIEW, .campaign = UINT32_MAX, .nanos = NANOS, .expires = EXPIRES, .partner = 1};
    assert_int_equal(ledger_reserve(f->ledger, 0, &won, NOW, &token.hold), LEDGER_COUNTED);
    struct query query = sign(f, &token, "https://b/", "&n=https%3A%2F%2Fb%2F");
    assert_int_equal(take(f, TOKEN_VIEW, query.text), EVENTS_COUNTED);
    assert_true(str_eq(f->event.extra, STR("https://b/")));
    assert_int_equal(take(f, TOKEN_VIEW, query.text), EVENTS_REPEATED);
    assert_int_equal(spent(f), 0);
    struct user_profile profile;
    assert_false(users_read(f->events.users, USER, NOW, &profile));
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, cleanup)
    const struct CMUnitTest tests[] = {
        TEST(a_view_is_paid_once),
        TEST(clicks_and_wins_are_marks),
        TEST(other_parameters_are_passed_over),
        TEST(what_stands_there_twice_is_refused),
        TEST(it_is_no_open_redirect),
        TEST(a_bent_token_counts_nothing),
        TEST(what_is_late_counts_nothing),
        TEST(looking_counts_nothing),
        TEST(nothing_needs_to_be_there),
        TEST(another_auction_s_hold_is_gone),
        TEST(a_partner_s_view_costs_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
