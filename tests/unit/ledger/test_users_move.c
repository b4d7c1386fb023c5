/* A table of users that gets another size keeps what fits: by itself, and in a ledger's file. */
#include "users_fixture.h"

#include <stdio.h>

#include "ledger_fixture.h"

#define DAY_S INT64_C(86400)

struct table {
    void *memory;
    struct users *users;
    uint32_t size;
};

static struct table make(uint32_t size) {
    struct table table = {.memory = users_fixture_memory(size), .size = size};
    table.users = users_fixture_attach(table.memory, size);
    return table;
}

static void end(struct table *table) {
    users_detach(table->users);
    munmap(table->memory, users_bytes(table->size));
}

static uint64_t key_of(uint32_t i) {
    return (uint64_t)i * 0x9e3779b97f4a7c15u | 1;
}

/* Some with caps, some with interests, some with both and more than a record holds. */
static void fill(struct users *users, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        char name[16];
        for (uint32_t c = 0; i % 3 != 0 && c <= i % 10; c++)
            for (uint32_t times = 0; times <= c; times++)
                assert_int_equal(users_count_view(users, key_of(i), c, 24, NOW), times + 1);
        snprintf(name, sizeof(name), "IAB%u", i % 50);
        if (i % 3 != 1)
            assert_true(users_interest(users, key_of(i), str_from(name), 2, NOW));
    }
    assert_true(users_interest(users, key_of(count), STR("long ago"), 1, NOW - 400 * DAY_S));
}

static uint32_t complete_views(const struct users *users, uint32_t i) {
    struct user_profile profile;
    uint32_t complete = 0;
    users_read(users, key_of(i), NOW, &profile);
    for (uint32_t v = 0; v < profile.view_count; v++)
        complete += profile.views[v].count == profile.views[v].campaign + 1;
    return complete;
}

static bool has_interest(const struct users *users, uint32_t i) {
    struct user_profile profile;
    char name[16];
    snprintf(name, sizeof(name), "IAB%u", i % 50);
    users_read(users, key_of(i), NOW, &profile);
    return profile.interest_count == 1 && str_eq(profile.interests[0].name, str_from(name)) &&
           profile.interests[0].weight == 2;
}

static void is_all_there(const struct users *users, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(complete_views(users, i), i % 3 != 0 ? i % 10 + 1 : 0);
        assert_int_equal(has_interest(users, i), i % 3 != 1);
    }
}

static void a_larger_table_gets_all(void **state) {
    (void)state;
    struct table small = make(1000), large = make(3000);
    struct users_stats stats;
    fill(small.users, 400);
    is_all_there(small.users, 400);
    users_move(small.users, large.users, NOW);
    is_all_there(large.users, 400);
    users_stats(large.users, &stats);
    assert_int_equal(stats.names, 50);      /* without the one that is out of date */
    assert_in_range(stats.users, 350, 450); /* from a sample */
    assert_int_equal(stats.forgotten + stats.dropped_interests + stats.dropped_views, 0);
    end(&small);
    end(&large);
}

static void a_smaller_table_gets_caps_first(void **state) {
    (void)state;
    struct table large = make(3000), small = make(200);
    uint32_t caps = 0, interests = 0;
    for (uint32_t i = 0; i < 150; i++)
        assert_int_equal(users_count_view(large.users, key_of(i), 0, 24, NOW), 1);
    for (uint32_t i = 150; i < 2000; i++)
        assert_true(users_interest(large.users, key_of(i), STR("IAB1"), 2, NOW));
    users_move(large.users, small.users, NOW);
    for (uint32_t i = 0; i < 150; i++)
        caps += complete_views(small.users, i);
    for (uint32_t i = 150; i < 2000; i++) {
        struct user_profile profile;
        interests += users_read(small.users, key_of(i), NOW, &profile);
    }
    assert_int_equal(caps, 150);
    assert_in_range(interests, 100, 200);
    end(&small);
    end(&large);
}

static struct ledger *open_with(const char *path, uint32_t users) {
    char error[LEDGER_ERROR_BYTES] = "";
    const struct ledger_sizes sizes = {1, 4, 64, users};
    struct ledger *ledger = ledger_open_under(path, &sizes, NOW, BOOT, error, sizeof(error));
    if (!ledger)
        fail_msg("%s", error);
    return ledger;
}

static void a_ledger_of_another_size_keeps_its_users(void **state) {
    (void)state;
    char *path = fixture_path();
    const uint32_t sizes[] = {1000, 1000, 5000, 1000};
    struct ledger *ledger = open_with(path, 1000);
    fill(ledger_users(ledger), 200);
    ledger_close(ledger);
    for (uint32_t i = 0; i < COUNT_OF(sizes); i++) {
        struct users_stats stats;
        ledger = open_with(path, sizes[i]);
        is_all_there(ledger_users(ledger), 200);
        users_stats(ledger_users(ledger), &stats);
        assert_int_equal(stats.capacity, sizes[i]);
        ledger_close(ledger);
    }
    ledger = open_with(path, 0);
    assert_null(ledger_users(ledger));
    ledger_close(ledger);
    ledger = open_with(path, 100);
    assert_false(has_interest(ledger_users(ledger), 0));
    ledger_close(ledger);
    fixture_path_end(path);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_larger_table_gets_all),
        cmocka_unit_test(a_smaller_table_gets_caps_first),
        cmocka_unit_test(a_ledger_of_another_size_keeps_its_users),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
