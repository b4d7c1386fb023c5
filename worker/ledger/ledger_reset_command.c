/* slimbid-ledger reset: a campaign's money begins anew, or everything does. */
#include <stdio.h>
#include <time.h>

#include "ledger_commands.h"

/* With the sizes that it has, so that nothing moves. NULL: the reason was told. */
static struct ledger *open_alone(const char *file) {
    char error[LEDGER_ERROR_BYTES];
    struct ledger *ledger = ledger_open_to_read(file, error, sizeof error);
    if (ledger != NULL) {
        struct ledger_sizes sizes = *ledger_sizes(ledger);
        ledger_close(ledger);
        ledger = ledger_open(file, &sizes, (int64_t)time(NULL), error, sizeof error);
    }
    if (ledger == NULL)
        (void)ledger_command_fail(file, error);
    return ledger;
}

static int reset_campaign(const char *file, const char *id) {
    struct ledger *ledger = open_alone(file);
    if (ledger == NULL)
        return LEDGER_FAILED;
    uint32_t campaign = ledger_command_campaign(ledger, id);
    int status = 0;
    if (campaign == LEDGER_NONE)
        status = ledger_command_fail(id, "no such campaign");
    else
        ledger_reset_campaign(ledger, campaign);
    if (ledger_sync(ledger) != 0)
        status = ledger_command_fail(file, "cannot be written");
    ledger_close(ledger);
    if (status == 0)
        printf("%s: campaign %s has spent nothing, and its holds are released\n", file, id);
    return status != 0 ? status : ledger_command_finish();
}

static int reset_all(const char *file) {
    char error[LEDGER_ERROR_BYTES];
    if (!ledger_remove(file, error, sizeof error))
        return ledger_command_fail(file, error);
    printf("%s: removed; a server makes a new one when it starts\n", file);
    return ledger_command_finish();
}

int ledger_reset_run(int argc, char **argv) {
    const char *campaign = NULL;
    bool all = false, yes = false;
    const struct option_row rows[] = {
        {"campaign", "ID", "its money: nothing is spent, its holds are released", OPTION_TEXT, &campaign, 0,
         0},
        {"all", NULL, "money, campaigns and users: the file is removed", OPTION_FLAG, &all, 0, 0},
        {"yes", NULL, "do it", OPTION_FLAG, &yes, 0, 0},
    };
    const struct option_table table = {.program = "slimbid-ledger reset FILE",
                                       .purpose = "Begins anew: one campaign's money, or everything.",
                                       .notes = "Refused while a server has the file open.",
                                       .rows = rows,
                                       .count = COUNT_OF(rows)};
    const char *file = ledger_command_file(&table, argc, argv);
    if (all == (campaign != NULL))
        options_refuse(&table, "either --campaign ID or --all", NULL);
    if (!yes)
        options_refuse(&table, "nothing is done without --yes", NULL);
    return all ? reset_all(file) : reset_campaign(file, campaign);
}
