#include "ledger_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/hash.h"

struct ledger *fixture_open_boot(const char *path, const char *boot, uint32_t writers, uint32_t campaigns,
                                 uint32_t holds) {
    char error[LEDGER_ERROR_BYTES] = "";
    const struct ledger_sizes sizes = {writers, campaigns, holds, 0};
    struct ledger *ledger = ledger_open_under(path, &sizes, NOON, boot, error, sizeof error);
    if (ledger == NULL)
        fail_msg("%s", error);
    return ledger;
}

struct ledger *fixture_open(const char *path, uint32_t writers, uint32_t campaigns, uint32_t holds) {
    return fixture_open_boot(path, BOOT, writers, campaigns, holds);
}

char *fixture_path(void) {
    char folder[] = "/tmp/test_ledger.XXXXXX";
    char *path = malloc(sizeof folder + 16);
    assert_non_null(mkdtemp(folder));
    assert_non_null(path);
    (void)sprintf(path, "%s/ledger", folder);
    return path;
}

void fixture_path_end(char *path) {
    (void)unlink(path);
    *strrchr(path, '/') = '\0';
    assert_int_equal(rmdir(path), 0); /* nothing else was left there */
    free(path);
}

uint32_t fixture_campaign(struct ledger *ledger, const char *id, int64_t daily_budget) {
    struct ledger_campaign_facts facts = {
        .key = hash_bytes(str_from(id), 0), .id = str_from(id), .daily_budget = daily_budget};
    uint32_t campaign = ledger_campaign_note(ledger, &facts, NOON);
    assert_int_not_equal(campaign, LEDGER_NONE);
    return campaign;
}

struct ledger_win fixture_win(uint32_t campaign, int64_t nanos, int64_t now) {
    return (struct ledger_win){campaign, nanos, 7, 8, now + 10 * MINUTES};
}

uint64_t fixture_hold(struct ledger *ledger, uint32_t writer, uint32_t campaign, int64_t nanos) {
    struct ledger_win win = fixture_win(campaign, nanos, NOON);
    uint64_t hold = 0;
    assert_int_equal(ledger_reserve(ledger, writer, &win, NOON, &hold), LEDGER_COUNTED);
    assert_true(hold != 0);
    return hold;
}

void fixture_audit(const struct ledger *ledger) {
    char error[LEDGER_ERROR_BYTES] = "";
    if (!ledger_audit(ledger, error, sizeof error))
        fail_msg("%s", error);
}
