/* Small ledgers for tests: in memory, or in a file of the test's own folder. */
#ifndef SLIMBID_TEST_LEDGER_FIXTURE_H
#define SLIMBID_TEST_LEDGER_FIXTURE_H

#include "ledger/ledger.h"
#include "ledger/ledger_internal.h"

#define TODAY   INT64_C(20000)
#define NOON    (TODAY * 86400 + 43200)
#define ONE     INT64_C(1000000) /* nanos of a view at a CPM of 1 */
#define BOOT    "boot-one"
#define MINUTES INT64_C(60)

/* Asserts that it opens. path NULL: memory. */
struct ledger *fixture_open(const char *path, uint32_t writers, uint32_t campaigns, uint32_t holds);
struct ledger *fixture_open_boot(const char *path, const char *boot, uint32_t writers, uint32_t campaigns,
                                 uint32_t holds);
/* A path that nothing has, in a folder that goes with fixture_path_end(). */
char *fixture_path(void);
void fixture_path_end(char *path);

/* The campaign of that name with a daily budget, noted. */
uint32_t fixture_campaign(struct ledger *ledger, const char *id, int64_t daily_budget);
/* A win of that campaign, a view of which costs nanos, that expires in ten minutes. */
struct ledger_win fixture_win(uint32_t campaign, int64_t nanos, int64_t now);
/* Asserts that it is reserved; the hold. */
uint64_t fixture_hold(struct ledger *ledger, uint32_t writer, uint32_t campaign, int64_t nanos);
/* Asserts that all holds agree with all sums. */
void fixture_audit(const struct ledger *ledger);

#endif
