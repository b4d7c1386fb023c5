/* Holds, money's steps and users; see metrics_ledger.h. */
#include "admin/metrics_ledger.h"

#include "admin/metric_text.h"
#include "ledger/ledger.h"
#include "ledger/users.h"

#define LEDGER(field) offsetof(struct ledger_stats, field)
#define USERS(field)  offsetof(struct users_stats, field)

static const struct {
    const char *result;
    size_t offset;
} steps[] = {
    {"reserved", LEDGER(reserved)}, {"viewed", LEDGER(viewed)},     {"clicked", LEDGER(clicked)},
    {"won", LEDGER(won)},           {"released", LEDGER(released)}, {"expired", LEDGER(expired)},
    {"repeated", LEDGER(repeated)}, {"gone", LEDGER(gone)},         {"over_budget", LEDGER(over_budget)},
    {"full", LEDGER(full)},
};

static const struct metric_row ledger_rows[] = {
    {"slimbid_ledger_holds", "Wins that may still be viewed or clicked.", METRIC_GAUGE, LEDGER(holds_live)},
    {"slimbid_ledger_campaigns", "Campaigns that the ledger knows.", METRIC_GAUGE, LEDGER(campaigns)},
    {"slimbid_ledger_finished_total", "Steps that a dead process left half done and that were finished.",
     METRIC_COUNTER, LEDGER(finished)},
    {"slimbid_ledger_syncs_total", "Copies of the ledger written to the disk.", METRIC_COUNTER,
     LEDGER(syncs)},
    {"slimbid_ledger_sync_failures_total", "Copies that could not be written.", METRIC_COUNTER,
     LEDGER(sync_failures)},
};

static const struct metric_row user_rows[] = {
    {"slimbid_users", "Users remembered, an estimate.", METRIC_GAUGE, USERS(users)},
    {"slimbid_users_capacity", "Users that there is room for.", METRIC_GAUGE, USERS(capacity)},
    {"slimbid_users_added_total", "Users seen for the first time.", METRIC_COUNTER, USERS(added)},
    {"slimbid_users_forgotten_total", "Users that gave way to others.", METRIC_COUNTER, USERS(forgotten)},
    {"slimbid_users_deleted_total", "Users deleted on request.", METRIC_COUNTER, USERS(deleted)},
    {"slimbid_users_dropped_views_total", "View counts that had no room with their user.", METRIC_COUNTER,
     USERS(dropped_views)},
    {"slimbid_users_dropped_interests_total", "Interests that had no room with their user.", METRIC_COUNTER,
     USERS(dropped_interests)},
    {"slimbid_users_interest_names", "Interests known by name.", METRIC_GAUGE, USERS(names)},
};

void metrics_ledger_write(struct ledger *ledger, struct buf *out) {
    if (!ledger)
        return;
    struct ledger_stats stats;
    ledger_stats(ledger, &stats);
    metric_head(out, "slimbid_ledger_steps_total",
                "Steps of wins: holds taken, views, clicks and notices counted, and what was refused.",
                METRIC_COUNTER);
    for (size_t i = 0; i < COUNT_OF(steps); i++)
        metric_labelled(out, "slimbid_ledger_steps_total", "", "result", steps[i].result,
                        metric_word(&stats, steps[i].offset));
    metric_rows(out, ledger_rows, COUNT_OF(ledger_rows), &stats);
    struct users *users = ledger_users(ledger);
    if (!users)
        return;
    struct users_stats user_stats;
    users_stats(users, &user_stats);
    metric_rows(out, user_rows, COUNT_OF(user_rows), &user_stats);
}
