/* What is known of a user: counts within windows, decay, what gives way when there is no room, odd clocks. */
#include "users_fixture.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/prng.h"
#include "ledger/users_layout.h"
#include "ledger/users_word.h"

#define USERS 100u
#define HALF  INT64_C(604800)
#define HOUR  INT64_C(3600)
#define DAY   (24 * HOUR)

struct table {
    void *memory;
    struct users *users;
};

static int set_up(void **state) {
    static struct table table;
    table.memory = users_fixture_memory(USERS);
    table.users = users_fixture_attach(table.memory, USERS);
    *state = &table;
    return 0;
}

static int tear_down(void **state) {
    struct table *table = *state;
    users_detach(table->users);
    return munmap(table->memory, users_bytes(USERS));
}

static uint32_t count_of(const struct users *users, uint64_t key, uint32_t campaign, int64_t now) {
    struct user_profile profile;
    users_read(users, key, now, &profile);
    for (uint32_t i = 0; i < profile.view_count; i++)
        if (profile.views[i].campaign == campaign)
            return profile.views[i].count;
    return 0;
}

static double weight_of(const struct users *users, uint64_t key, const char *name, int64_t now) {
    struct user_profile profile;
    users_read(users, key, now, &profile);
    for (uint32_t i = 0; i < profile.interest_count; i++)
        if (str_eq(profile.interests[i].name, str_from(name)))
            return profile.interests[i].weight;
    return 0;
}

static_assert(HALF == USERS_HALF_LIFE_S, "");

static void views_count_within_their_window(void **state) {
    struct users *users = ((struct table *)*state)->users;
    int64_t first = NOW / 60 * 60;
    for (uint32_t i = 1; i <= 5; i++)
        assert_int_equal(users_count_view(users, 7, 3, 24, first + i * HOUR - HOUR), i);
    assert_int_equal(users_count_view(users, 7, 4, 1, first), 1);
    struct user_profile profile;
    assert_true(users_read(users, 7, first + 5 * HOUR, &profile));
    assert_int_equal(profile.view_count, 1); /* the other's hour is over */
    assert_int_equal(profile.views[0].campaign, 3);
    assert_int_equal(profile.views[0].count, 5);
    assert_int_equal(profile.views[0].since, first);
    assert_int_equal(users_count_view(users, 7, 3, 24, first + DAY - 1), 6);
    assert_int_equal(users_count_view(users, 7, 3, 24, first + DAY), 1);
    assert_int_equal(count_of(users, 7, 3, first + DAY), 1);
    assert_int_equal(count_of(users, 7, 3, first + 2 * DAY), 0);
    assert_int_equal(count_of(users, 8, 3, first + DAY), 0);
}

static void what_cannot_be_kept_is_not(void **state) {
    struct users *users = ((struct table *)*state)->users;
    struct user_profile profile;
    assert_int_equal(users_count_view(users, 0, 3, 24, NOW), 0);
    assert_int_equal(users_count_view(users, 7, 3, 0, NOW), 0);
    assert_int_equal(users_count_view(users, 7, 1u << 20, 24, NOW), 0);
    assert_false(users_interest(users, 0, STR("IAB1"), 1, NOW));
    assert_false(users_interest(users, 7, STR("IAB1"), 0, NOW));
    assert_false(users_interest(users, 7, STR("IAB1"), -1, NOW));
    assert_false(users_interest(users, 7, STR("IAB1"), NAN, NOW));
    assert_false(users_interest(users, 7, STR(""), 1, NOW));
    assert_false(users_interest(users, 7, STR("a\0b"), 1, NOW));
    assert_false(users_interest(users, 7, STR("123456789012345678901234567890123456789012345678"), 1, NOW));
    assert_true(users_interest(users, 7, STR("12345678901234567890123456789012345678901234567"), 1, NOW));
    assert_false(users_read(users, 0, NOW, &profile));
    assert_int_equal(users_count_view(users, 7, (1u << 20) - 1, UINT32_MAX, NOW), 1);
    assert_int_equal(count_of(users, 7, (1u << 20) - 1, NOW + 5 * 365 * DAY), 1);
}

static void a_count_ends_at_its_greatest(void **state) {
    struct users *users = ((struct table *)*state)->users;
    for (uint32_t i = 1; i <= 5000; i++)
        assert_int_equal(users_count_view(users, 7, 3, 24, NOW), i < 4095 ? i : 4095);
    assert_int_equal(count_of(users, 7, 3, NOW), 4095);
}

static void interests_halve_in_their_time_and_add_up(void **state) {
    struct users *users = ((struct table *)*state)->users;
    assert_true(users_interest(users, 7, STR("IAB19-18"), 4, NOW));
    assert_float_equal(weight_of(users, 7, "IAB19-18", NOW), 4, 0.001);
    assert_float_equal(weight_of(users, 7, "IAB19-18", NOW + USERS_HALF_LIFE_S), 2, 0.001);
    assert_true(users_interest(users, 7, STR("IAB19-18"), 1, NOW + USERS_HALF_LIFE_S));
    assert_float_equal(weight_of(users, 7, "IAB19-18", NOW + 2 * HALF), 1.5, 0.001);
    assert_true(users_interest(users, 7, STR("IAB1"), 0.5, NOW));
    struct user_profile profile;
    assert_true(users_read(users, 7, NOW + USERS_HALF_LIFE_S, &profile));
    assert_int_equal(profile.interest_count, 2);
    assert_true(str_eq(profile.interests[0].name, STR("IAB19-18")));
    assert_int_equal(profile.interests[0].name.p[8], 0);
    assert_float_equal(weight_of(users, 7, "IAB1", NOW + 40 * HALF), 0, 0);
    assert_true(users_interest(users, 7, STR("IAB2"), 1e300, NOW));
    assert_float_equal(weight_of(users, 7, "IAB2", NOW), 8192, 1);
}

static void a_forgotten_user_is_gone(void **state) {
    struct users *users = ((struct table *)*state)->users;
    struct user_profile profile;
    struct users_stats stats;
    for (uint32_t i = 0; i < 20; i++)
        assert_int_equal(users_count_view(users, 7, i, 24, NOW), 1);
    assert_true(users_interest(users, 7, STR("IAB1"), 1, NOW));
    assert_int_equal(users_count_view(users, 9, 1, 24, NOW), 1);
    users_stats(users, &stats);
    assert_int_equal(stats.users, 2);
    assert_true(users_forget(users, 7));
    assert_false(users_forget(users, 7));
    assert_false(users_read(users, 7, NOW, &profile));
    assert_int_equal(profile.view_count + profile.interest_count, 0);
    assert_int_equal(count_of(users, 9, 1, NOW), 1);
    users_stats(users, &stats);
    assert_int_equal(stats.users, 1);
    assert_int_equal(stats.added, 2);
    assert_int_equal(stats.deleted, 1);
    assert_int_equal(stats.capacity, USERS);
    assert_int_equal(users_count_view(users, 7, 3, 24, NOW), 1);
}

static void a_user_has_so_many_campaigns_and_interests(void **state) {
    struct users *users = ((struct table *)*state)->users;
    struct user_profile profile;
    struct users_stats stats;
    char name[16];
    for (uint32_t i = 0; i < 30; i++) {
        snprintf(name, sizeof(name), "i%u", i);
        assert_int_equal(users_interest(users, 7, str_from(name), 30 - i, NOW), i < USERS_MOST_INTERESTS);
    }
    for (uint32_t i = 0; i < 30; i++)
        assert_int_equal(users_count_view(users, 7, i, 24, NOW + i * 60), 1);
    assert_true(users_read(users, 7, NOW + 30 * 60, &profile));
    assert_int_equal(profile.view_count, USERS_MOST_VIEWS);
    assert_int_equal(profile.interest_count, USERS_MOST_INTERESTS);
    for (uint32_t i = 0; i < USERS_MOST_INTERESTS; i++)
        assert_float_equal(profile.interests[i].weight, 30 - i, 0.1); /* the strongest first */
    for (uint32_t i = 0; i < 30; i++)                                 /* the oldest gave way */
        assert_int_equal(count_of(users, 7, i, NOW + 30 * 60), i >= 30 - USERS_MOST_VIEWS);
    users_stats(users, &stats);
    assert_int_equal(stats.dropped_interests, 30 - USERS_MOST_INTERESTS);
    assert_int_equal(stats.dropped_views, 30 - USERS_MOST_VIEWS);
}

/* Ten times as many users as fit: caps stay, then come the later ones of those with interests only. */
static void caps_stay_and_the_quiet_give_way(void **state) {
    struct users *users = ((struct table *)*state)->users;
    struct users_stats stats;
    const uint32_t others = 10 * USERS;
    uint32_t caps = 0, late = 0, early = 0;
    for (uint32_t i = 0; i < USERS / 2; i++)
        assert_int_equal(users_count_view(users, 1000 + 2 * i, 1, 48, NOW), 1);
    for (uint32_t i = 0; i < others; i++)
        assert_true(users_interest(users, 100000 + 2 * i, STR("IAB1"), 1, NOW + i * 60));
    for (uint32_t i = 0; i < USERS / 2; i++)
        caps += count_of(users, 1000 + 2 * i, 1, NOW + others * 60);
    for (uint32_t i = 0; i < others; i++)
        *(i < others / 2 ? &early : &late) += weight_of(users, 100000 + 2 * i, "IAB1", NOW + others * 60) > 0;
    assert_int_equal(caps, USERS / 2);
    assert_int_equal(early, 0);
    assert_true(late >= USERS / 2);
    users_stats(users, &stats);
    assert_int_equal(stats.forgotten, others - late);
    /* Then caps come in: the interests of others give way, and at the end the oldest caps. */
    for (uint32_t i = 0; i < others; i++)
        assert_int_equal(users_count_view(users, 500000 + 2 * i, 1, 480, NOW + (others + i) * 60), 1);
    for (uint32_t i = 0; i < others; i++)
        assert_float_equal(weight_of(users, 100000 + 2 * i, "IAB1", NOW + 2 * others * 60), 0, 0);
    assert_false(users_interest(users, 8, STR("IAB1"), 1, NOW + 2 * others * 60));
    assert_int_equal(count_of(users, 500000 + 2 * (others - 1), 1, NOW + 2 * others * 60), 1);
}

static void a_clock_that_jumps_breaks_nothing(void **state) {
    struct users *users = ((struct table *)*state)->users;
    struct user_profile profile;
    assert_int_equal(users_count_view(users, 7, 1, 24, NOW + HOUR), 1);
    /* Back by an hour: the window begins now. */
    assert_int_equal(users_count_view(users, 7, 1, 24, NOW), 2);
    assert_true(users_read(users, 7, NOW, &profile));
    assert_true(profile.views[0].since <= NOW && profile.views[0].since > NOW - 60);
    assert_int_equal(users_count_view(users, 7, 1, 24, NOW + DAY), 1);
    /* Counted in 2100, read today: over, and it counts anew. */
    assert_int_equal(users_count_view(users, 7, 2, 24, 4102444800), 1);
    assert_int_equal(users_count_view(users, 7, 2, 24, 4102444800), 2);
    assert_int_equal(count_of(users, 7, 2, NOW), 0);
    assert_int_equal(users_count_view(users, 7, 2, 24, NOW), 1);
    assert_int_equal(users_count_view(users, 7, 2, 24, 0), 1);
    assert_true(users_interest(users, 7, STR("IAB1"), 1, NOW));
    assert_float_equal(weight_of(users, 7, "IAB1", NOW - USERS_HALF_LIFE_S), 0.5, 0.001);
    const int64_t odd[] = {INT64_MIN, -1, 0, 1, 4102444800, INT64_MAX};
    for (size_t i = 0; i < COUNT_OF(odd); i++) {
        assert_true(users_count_view(users, 11, 1, 24, odd[i]) >= 1);
        assert_true(users_interest(users, 11, STR("IAB1"), 1, odd[i]));
        assert_true(users_read(users, 11, odd[i], &profile));
        assert_true(profile.views[0].since <= odd[i] || odd[i] < 0);
    }
}

static void so_many_names_can_be_known(void **state) {
    struct users *users = ((struct table *)*state)->users;
    struct users_stats stats;
    char name[24];
    uint32_t known = 0;
    for (uint32_t i = 0; i < 5000; i++) {
        snprintf(name, sizeof(name), "name-%u", i);
        known += users_interest(users, 1 + 2 * (i % 8), str_from(name), 1 + i, NOW);
    }
    assert_int_equal(known, USERS_MOST_NAMES);
    users_stats(users, &stats);
    assert_int_equal(stats.names, USERS_MOST_NAMES);
    assert_true(users_interest(users, 99, STR("name-0"), 1, NOW)); /* an old one is still known */
}

static void a_damaged_header_is_refused(void **state) {
    struct table *table = *state;
    char error[64];
    unsigned char *bytes = table->memory;
    assert_null(users_attach(table->memory, users_bytes(USERS) - 64, error, sizeof(error)));
    assert_null(users_attach(table->memory, 8, error, sizeof(error)));
    for (size_t i = 0; i < offsetof(struct users_header, bytes) + 8; i++) {
        bytes[i] ^= 0x40;
        assert_null(users_attach(table->memory, users_bytes(USERS), error, sizeof(error)));
        bytes[i] ^= 0x40;
    }
    struct users *again = users_attach(table->memory, users_bytes(USERS) + 4096, error, sizeof(error));
    assert_non_null(again);
    users_detach(again);
    users_detach(NULL);
    assert_int_equal(users_bytes(0), 0);
    assert_true(users_bytes(1000000) <= (size_t)63 << 20);
}

static void windows_are_coded_up_to_a_quarter_more(void **state) {
    (void)state;
    for (uint32_t hours = 1; hours <= WORD_MOST_HOURS; hours++) {
        uint32_t kept = word_hours_of_code(word_code_of_hours(hours));
        assert_true(kept >= hours && kept * 4 <= hours * 5);
    }
}

/* ---- against a plain model ---- */

#define MODEL_USERS     12u
#define MODEL_CAMPAIGNS 12u
#define MODEL_NAMES     10u

struct model_user {
    struct {
        uint32_t count;
        int64_t since;
    } views[MODEL_CAMPAIGNS];
    struct {
        double weight;
        int64_t at;
    } interests[MODEL_NAMES];
};

static uint32_t model_hours(uint32_t campaign) {
    static const uint32_t hours[] = {1, 2, 24, 168};
    return hours[campaign % COUNT_OF(hours)];
}

static uint32_t model_count(const struct model_user *user, uint32_t campaign, int64_t now) {
    bool over = now >= user->views[campaign].since + model_hours(campaign) * HOUR;
    return over ? 0 : user->views[campaign].count;
}

static double model_weight(const struct model_user *user, uint32_t name, int64_t now) {
    return user->interests[name].weight * exp2(-(double)(now - user->interests[name].at) / USERS_HALF_LIFE_S);
}

static const char *model_name(uint32_t name) {
    static char text[16];
    snprintf(text, sizeof(text), "IAB%u-%u", name, name * 7);
    return text;
}

static void model_step(struct users *users, struct model_user *models, struct prng *prng, int64_t now) {
    uint32_t u = (uint32_t)(prng_next(prng) % MODEL_USERS);
    uint32_t id = (uint32_t)(prng_next(prng) % MODEL_NAMES);
    uint64_t key = 0x1234567800000000u + ((uint64_t)u << 40);
    struct model_user *user = models + u;
    uint32_t what = (uint32_t)(prng_next(prng) % 100);
    if (what < 60) {
        uint32_t before = model_count(user, id, now);
        if (before == 0)
            user->views[id].since = now;
        user->views[id].count = before + 1;
        assert_int_equal(users_count_view(users, key, id, model_hours(id), now), before + 1);
    } else if (what < 99) {
        double weight = 0.1 + prng_double(prng);
        user->interests[id].weight = model_weight(user, id, now) + weight;
        user->interests[id].at = now;
        assert_true(users_interest(users, key, str_from(model_name(id)), weight, now));
    } else {
        users_forget(users, key);
        memset(user, 0, sizeof(*user));
    }
    struct user_profile profile;
    users_read(users, key, now, &profile);
    for (uint32_t c = 0; c < MODEL_CAMPAIGNS; c++)
        if (model_count(user, c, now) > 0)
            assert_int_equal(count_of(users, key, c, now), model_count(user, c, now));
    for (uint32_t n = 0; n < MODEL_NAMES; n++)
        if (model_weight(user, n, now) > 0.1)
            assert_float_equal(weight_of(users, key, model_name(n), now), model_weight(user, n, now), 0.02);
}

static void a_plain_model_agrees(void **state) {
    struct users *users = ((struct table *)*state)->users;
    static struct model_user models[MODEL_USERS];
    struct prng prng;
    int64_t now = NOW / 60 * 60;
    prng_seed(&prng, 20260101);
    for (uint32_t i = 0; i < 20000; i++) {
        now += 60 * (int64_t)(prng_next(&prng) % 20);
        model_step(users, models, &prng, now);
    }
    struct users_stats stats;
    users_stats(users, &stats);
    assert_int_equal(stats.forgotten + stats.dropped_views + stats.dropped_interests, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(views_count_within_their_window, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_cannot_be_kept_is_not, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_count_ends_at_its_greatest, set_up, tear_down),
        cmocka_unit_test_setup_teardown(interests_halve_in_their_time_and_add_up, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_forgotten_user_is_gone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_user_has_so_many_campaigns_and_interests, set_up, tear_down),
        cmocka_unit_test_setup_teardown(caps_stay_and_the_quiet_give_way, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_clock_that_jumps_breaks_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(so_many_names_can_be_known, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_damaged_header_is_refused, set_up, tear_down),
        cmocka_unit_test(windows_are_coded_up_to_a_quarter_more),
        cmocka_unit_test_setup_teardown(a_plain_model_agrees, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
