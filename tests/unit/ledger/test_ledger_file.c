/* A ledger's file: kept, locked, refused when it is damaged or newer, moved to other sizes, copies in turn.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/hash.h"
#include "ledger/users.h"
#include "ledger_fixture.h"

static const struct ledger_sizes sizes = {2, 8, 16, 0};

static struct ledger *open_it(const char *path) {
    return fixture_open(path, 2, 8, 16);
}

static void refused(const char *path, const char *boot, const char *why) {
    char error[LEDGER_ERROR_BYTES] = "";
    struct ledger *ledger = ledger_open_under(path, &sizes, NOON, boot, error, sizeof error);
    assert_null(ledger);
    if (strstr(error, why) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", error, why);
}

/* As when all processes are killed: nothing is copied or written. */
static void kill_it(struct ledger *ledger) {
    ledger->owner = 0;
    ledger_close(ledger);
}

static void poke(const char *path, off_t at, const void *bytes, size_t n) {
    int fd = open(path, O_RDWR);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, bytes, n, at), n);
    close(fd);
}

static void flip(const char *path, size_t at) {
    unsigned char byte;
    int fd = open(path, O_RDWR);
    assert_true(fd >= 0);
    assert_int_equal(pread(fd, &byte, 1, (off_t)at), 1);
    byte ^= 0x10;
    assert_int_equal(pwrite(fd, &byte, 1, (off_t)at), 1);
    close(fd);
}

static void it_is_there_after_a_kill_and_after_a_close(void **state) {
    (void)state;
    char *path = fixture_path();
    struct ledger *ledger = open_it(path);
    uint64_t salt = ledger_salt(ledger);
    uint32_t c = fixture_campaign(ledger, "c", 5 * ONE);
    uint64_t a = fixture_hold(ledger, 0, c, ONE), b = fixture_hold(ledger, 1, c, 2 * ONE);
    assert_int_equal(ledger_view(ledger, 1, a, NOON, NULL), LEDGER_COUNTED);
    kill_it(ledger);
    ledger = open_it(path);
    assert_true(ledger_salt(ledger) == salt);
    assert_int_equal(ledger_campaign_find(ledger, hash_bytes(STR("c"), 0)), c);
    assert_int_equal(ledger_spent(ledger, c, TODAY), ONE);
    assert_int_equal(ledger_held(ledger, c), 2 * ONE);
    assert_int_equal(ledger_view(ledger, 0, b, NOON, NULL), LEDGER_COUNTED);
    ledger_close(ledger);
    /* The machine stops after an orderly end. */
    ledger = fixture_open_boot(path, "boot-two", 2, 8, 16);
    assert_int_equal(ledger_spent(ledger, c, TODAY), 3 * ONE);
    assert_int_equal(ledger_view(ledger, 0, a, NOON, NULL), LEDGER_REPEATED);
    fixture_audit(ledger);
    ledger_close(ledger);
    fixture_path_end(path);
}

static void one_server_at_a_time(void **state) {
    (void)state;
    char *path = fixture_path();
    char error[LEDGER_ERROR_BYTES] = "";
    struct ledger *ledger = open_it(path);
    refused(path, BOOT, "another server has it open");
    struct ledger *looker = ledger_open_to_read_under(path, BOOT, error, sizeof error);
    assert_non_null(looker);
    uint32_t c = fixture_campaign(ledger, "c", 5 * ONE);
    (void)fixture_hold(ledger, 0, c, ONE);
    assert_int_equal(ledger_held(looker, c), ONE);
    assert_int_equal(ledger_campaign_find(looker, hash_bytes(STR("c"), 0)), c);
    ledger_close(looker);
    looker = ledger_attach_to_read(ledger_fd(ledger), error, sizeof error);
    assert_non_null(looker);
    assert_int_equal(ledger_held(looker, c), ONE);
    ledger_close(looker);
    refused(path, BOOT, "another server has it open");
    ledger_close(ledger);
    ledger_close(open_it(path));
    fixture_path_end(path);
}

static void what_is_no_ledger_is_refused(void **state) {
    (void)state;
    char *path = fixture_path();
    char error[LEDGER_ERROR_BYTES] = "";
    struct ledger_header header;
    ledger_close(open_it(path));
    int fd = open(path, O_RDONLY);
    assert_int_equal(pread(fd, &header, sizeof header, 0), sizeof header);
    close(fd);
    struct ledger_header bent = header;
    bent.version = LEDGER_VERSION + 1;
    poke(path, 0, &bent, sizeof bent);
    refused(path, BOOT, "newer than this program's");
    for (size_t at = 0; at < offsetof(struct ledger_header, boot_id); at++) {
        bent = header;
        ((unsigned char *)&bent)[at] ^= 1;
        poke(path, 0, &bent, sizeof bent);
        assert_null(ledger_open_under(path, &sizes, NOON, BOOT, error, sizeof error));
        assert_null(ledger_open_to_read_under(path, BOOT, error, sizeof error));
    }
    poke(path, 0, &header, sizeof header);
    assert_int_equal(truncate(path, 8192), 0);
    refused(path, BOOT, "bytes and should have");
    assert_int_equal(truncate(path, 0), 0);
    refused(path, BOOT, "not a ledger");
    refused("/tmp", BOOT, "");
    refused("/nowhere/at/all", BOOT, "No such file");
    fixture_path_end(path);
}

static void numbers_that_no_ledger_writes_are_refused(void **state) {
    (void)state;
    char *path = fixture_path();
    struct ledger *ledger = open_it(path);
    const struct ledger_layout l = ledger->layout;
    uint32_t c = fixture_campaign(ledger, "c", 5 * ONE);
    (void)fixture_hold(ledger, 0, c, ONE);
    kill_it(ledger);
    const uint64_t huge = UINT64_MAX / 2, good = ONE;
    const uint32_t many = 9, none = 1;
    off_t price = (off_t)(l.live_at + l.slots_at + offsetof(struct ledger_slot, nanos));
    poke(path, price, &huge, sizeof huge);
    refused(path, BOOT, "a hold's price is out of range");
    poke(path, price, &good, sizeof good);
    off_t count = (off_t)(l.live_at + offsetof(struct ledger_head, count));
    poke(path, count, &many, sizeof many);
    refused(path, BOOT, "more campaigns than it has places");
    poke(path, count, &none, sizeof none);
    off_t spent = (off_t)(l.live_at + l.cells_at);
    poke(path, spent, &huge, sizeof huge);
    refused(path, BOOT, "a sum of money is out of range");
    fixture_path_end(path);
}

/* ---- copies ---- */

static void the_newest_whole_copy_counts(void **state) {
    (void)state;
    char *path = fixture_path();
    struct ledger *ledger = open_it(path);
    const struct ledger_layout l = ledger->layout;
    uint32_t c = fixture_campaign(ledger, "c", 0);
    uint64_t hold = fixture_hold(ledger, 0, c, ONE);
    assert_int_equal(ledger_sync(ledger), 0);
    int old = (int)(ledger->header->generation & 1);
    assert_int_equal(ledger_view(ledger, 1, hold, NOON, NULL), LEDGER_COUNTED);
    assert_int_equal(ledger_sync(ledger), 0);
    uint64_t lost = fixture_hold(ledger, 0, c, 3 * ONE);
    kill_it(ledger);
    size_t step = 61, wrong = 0;
    char error[LEDGER_ERROR_BYTES];
    for (size_t at = 0; at < LEDGER_PAGE_BYTES + l.part_bytes; at += step) {
        flip(path, l.copies_at[!old] + at);
        struct ledger *looker = ledger_open_to_read_under(path, "boot-two", error, sizeof error);
        assert_non_null(looker);
        bool first = ledger_spent(looker, c, TODAY) == 0;
        assert_int_equal(ledger_held(looker, c), first ? ONE : 0);
        assert_int_equal(ledger_spent(looker, c, TODAY), first ? 0 : ONE);
        wrong += first;
        ledger_close(looker);
        flip(path, l.copies_at[!old] + at);
    }
    assert_true(wrong > 5); /* all that is in use */
    flip(path, l.copies_at[!old]);
    flip(path, l.copies_at[old] + 9);
    refused(path, "boot-two", "neither copy in the file is whole");
    assert_null(ledger_open_to_read_under(path, "boot-two", error, sizeof error));
    flip(path, l.copies_at[!old]);
    ledger = fixture_open_boot(path, "boot-two", 2, 8, 16);
    assert_int_equal(ledger_spent(ledger, c, TODAY), ONE);
    assert_int_equal(ledger_view(ledger, 0, lost, NOON, NULL), LEDGER_GONE);
    /* A slot of the lost time is taken again: under another name. */
    for (int i = 0; i < 7; i++)
        assert_true(fixture_hold(ledger, 0, c, ONE) != lost);
    assert_int_equal(ledger_view(ledger, 0, lost, NOON, NULL), LEDGER_GONE);
    fixture_audit(ledger);
    ledger_close(ledger);
    fixture_path_end(path);
}

static void a_restored_one_is_safe_at_once(void **state) {
    (void)state;
    char *path = fixture_path();
    struct ledger *ledger = open_it(path);
    uint32_t c = fixture_campaign(ledger, "c", 0);
    uint64_t hold = fixture_hold(ledger, 0, c, ONE);
    assert_int_equal(ledger_sync(ledger), 0);
    kill_it(ledger);
    for (int boot = 2; boot < 300; boot++) { /* eras wrap */
        char name[24];
        (void)snprintf(name, sizeof name, "boot-%d", boot);
        ledger = fixture_open_boot(path, name, 2, 8, 16);
        assert_int_equal(ledger_held(ledger, c), ONE);
        (void)fixture_hold(ledger, 1, c, ONE);
        kill_it(ledger);
    }
    ledger = fixture_open_boot(path, "last", 2, 8, 16);
    assert_int_equal(ledger_view(ledger, 0, hold, NOON, NULL), LEDGER_COUNTED);
    fixture_audit(ledger);
    ledger_close(ledger);
    fixture_path_end(path);
}

/* ---- other sizes ---- */

static void it_moves_to_other_sizes(void **state) {
    (void)state;
    char *path = fixture_path();
    struct ledger *ledger = open_it(path);
    uint64_t salt = ledger_salt(ledger);
    uint32_t a = fixture_campaign(ledger, "a", 9 * ONE), b = fixture_campaign(ledger, "b", 0);
    uint64_t one = fixture_hold(ledger, 0, a, ONE), two = fixture_hold(ledger, 1, a, 2 * ONE);
    uint64_t three = fixture_hold(ledger, 1, b, 4 * ONE), four = fixture_hold(ledger, 1, a, 5 * ONE);
    assert_int_equal(ledger_view(ledger, 0, two, NOON, NULL), LEDGER_COUNTED);
    assert_int_equal(ledger_release(ledger, 1, four), LEDGER_COUNTED);
    ledger_close(ledger);

    ledger = fixture_open(path, 5, 20, 40); /* slot 8 now belongs to writer 1 */
    assert_true(ledger_salt(ledger) == salt);
    assert_int_equal(ledger_spent(ledger, a, TODAY), 2 * ONE);
    assert_int_equal(ledger_held(ledger, a), ONE);
    assert_int_equal(ledger_held(ledger, b), 4 * ONE);
    fixture_audit(ledger);
    assert_int_equal(ledger_view(ledger, 4, one, NOON, NULL), LEDGER_COUNTED);
    assert_int_equal(ledger_view(ledger, 4, two, NOON, NULL), LEDGER_REPEATED);
    for (uint32_t w = 0; w < 5; w++)
        for (int i = 0; i < 20; i++) {
            struct ledger_win win = fixture_win(b, 1, NOON + 600);
            uint64_t hold;
            enum ledger_result got = ledger_reserve(ledger, w, &win, NOON + 600, &hold);
            assert_true(got == LEDGER_COUNTED || got == LEDGER_FULL);
        }
    assert_int_equal(ledger_view(ledger, 4, three, NOON + 600, NULL), LEDGER_GONE);
    assert_int_equal(ledger_held(ledger, b), 40);
    fixture_audit(ledger);
    ledger_close(ledger);

    ledger = fixture_open(path, 1, 1, 3); /* campaign b and most slots are left behind */
    assert_int_equal(ledger_spent(ledger, a, TODAY), 3 * ONE);
    assert_int_equal(ledger_campaign_count(ledger), 1);
    fixture_audit(ledger);
    ledger_close(ledger);
    fixture_path_end(path);
}

static void users_come_along(void **state) {
    (void)state;
    char *path = fixture_path();
    char error[LEDGER_ERROR_BYTES] = "";
    struct user_profile profile;
    struct ledger_sizes with = {2, 8, 16, 1000};
    struct ledger *ledger = ledger_open_under(path, &with, NOON, BOOT, error, sizeof error);
    assert_non_null(ledger);
    assert_int_equal(users_count_view(ledger_users(ledger), 5, 1, 24, NOON), 1);
    ledger_close(ledger);
    with.holds = 32;
    ledger = ledger_open_under(path, &with, NOON, "boot-two", error, sizeof error);
    assert_non_null(ledger);
    assert_true(users_read(ledger_users(ledger), 5, NOON, &profile));
    assert_int_equal(profile.view_count, 1);
    memset((char *)ledger->memory + ledger->layout.users_at, 0x5a, 64);
    kill_it(ledger);
    ledger = ledger_open_under(path, &with, NOON, "boot-two", error, sizeof error);
    assert_non_null(ledger);
    assert_non_null(ledger_users(ledger));
    assert_false(users_read(ledger_users(ledger), 5, NOON, &profile));
    ledger_close(ledger);
    ledger = open_it(path);
    assert_null(ledger_users(ledger));
    ledger_close(ledger);
    fixture_path_end(path);
}

/* Children inherit it; what they close, and how they end, is nothing to the owner. */
static void children_share_it(void **state) {
    (void)state;
    char *path = fixture_path();
    struct ledger *ledger = open_it(path);
    uint32_t c = fixture_campaign(ledger, "c", 0);
    uint64_t generation = ledger->header->generation;
    int status = -1;
    pid_t pid = fork();
    if (pid == 0) {
        struct ledger_win win = fixture_win(c, ONE, NOON);
        uint64_t hold;
        int got = (int)ledger_reserve(ledger, 1, &win, NOON, &hold);
        ledger_close(ledger);
        _exit(got);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_true(ledger->header->generation == generation);
    assert_int_equal(ledger_held(ledger, c), ONE);
    refused(path, BOOT, "another server has it open");
    ledger_close(ledger);
    fixture_path_end(path);
}

static void memory_has_no_copies(void **state) {
    (void)state;
    struct ledger *ledger = open_it(NULL);
    assert_int_equal(ledger_sync(ledger), 0);
    uint32_t c = fixture_campaign(ledger, "c", 0);
    (void)fixture_hold(ledger, 0, c, ONE);
    char error[LEDGER_ERROR_BYTES] = "";
    struct ledger *looker = ledger_attach_to_read(ledger_fd(ledger), error, sizeof error);
    assert_non_null(looker);
    assert_int_equal(ledger_held(looker, c), ONE);
    ledger_close(looker);
    ledger_close(ledger);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_there_after_a_kill_and_after_a_close),
        cmocka_unit_test(one_server_at_a_time),
        cmocka_unit_test(what_is_no_ledger_is_refused),
        cmocka_unit_test(numbers_that_no_ledger_writes_are_refused),
        cmocka_unit_test(the_newest_whole_copy_counts),
        cmocka_unit_test(a_restored_one_is_safe_at_once),
        cmocka_unit_test(it_moves_to_other_sizes),
        cmocka_unit_test(users_come_along),
        cmocka_unit_test(children_share_it),
        cmocka_unit_test(memory_has_no_copies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
