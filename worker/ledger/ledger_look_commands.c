/* slimbid-ledger show, check, export: what only looks at a file. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "ledger_commands.h"
#include "ledger_print.h"

struct look {
    const char *file, *campaign;
    bool json, served;
    struct ledger *ledger;
    struct buf line;
    int64_t now;
};

/* 0 with the file open, or LEDGER_FAILED. */
static int look_begin(struct look *look) {
    char error[LEDGER_ERROR_BYTES];
    look->now = (int64_t)time(NULL);
    look->ledger = ledger_open_to_inspect(look->file, &look->served, error, sizeof error);
    if (look->ledger == NULL)
        return ledger_command_fail(look->file, error);
    buf_init(&look->line, LEDGER_LINE_MAX);
    return 0;
}

static int look_end(struct look *look, int status) {
    ledger_close(look->ledger);
    buf_cleanup(&look->line);
    return status != 0 ? status : ledger_command_finish();
}

/* Writes the line and empties it. 0 or LEDGER_FAILED. */
static int put_line(struct look *look) {
    buf_add_char(&look->line, '\n');
    if (look->line.failed)
        return ledger_command_fail("a line", "out of memory");
    size_t n = fwrite(look->line.p, 1, look->line.n, stdout);
    int status = n == look->line.n ? 0 : ledger_command_finish();
    buf_clear(&look->line, LEDGER_LINE_MAX);
    return status;
}

/* ---- show ---- */

static void show_head(const struct look *look) {
    const struct ledger_sizes *sizes = ledger_sizes(look->ledger);
    struct ledger_facts facts;
    struct ledger_stats stats;
    ledger_facts(look->ledger, &facts);
    ledger_stats(look->ledger, &stats);
    printf("%s: %" PRIu64 " bytes, %" PRIu32 " writers, %" PRIu32 " of %" PRIu32 " campaigns, %" PRIu32
           " holds, %" PRIu32 " users\n",
           look->file, facts.file_bytes, sizes->writers, ledger_campaign_count(look->ledger),
           sizes->campaigns, sizes->holds, sizes->users);
    printf("%s%s\n", look->served ? "a server has it open" : "no server has it open",
           facts.from_copy ? "; the machine was stopped: this is the newest copy" : "");
    printf("reserved %" PRIu64 ", viewed %" PRIu64 ", clicked %" PRIu64 ", released %" PRIu64
           ", expired %" PRIu64 ", over budget %" PRIu64 ", held now %" PRIu64 "\n",
           stats.reserved, stats.viewed, stats.clicked, stats.released, stats.expired, stats.over_budget,
           stats.holds_live);
    printf("%-32s %16s %16s %16s %16s %6s\n", "campaign", "daily budget", "spent today", "yesterday", "held",
           "rate");
}

static void show_money(struct look *look, int64_t nanos) {
    buf_clear(&look->line, LEDGER_LINE_MAX);
    ledger_print_nanos(&look->line, nanos);
    printf(" %16.*s", (int)look->line.n, look->line.p);
}

static void show_campaign(struct look *look, uint32_t campaign) {
    struct ledger_campaign_facts facts;
    int64_t today = look->now / 86400;
    if (!ledger_campaign_facts(look->ledger, campaign, &facts))
        return;
    buf_clear(&look->line, LEDGER_LINE_MAX);
    ledger_print_id(&look->line, facts.id); /* escaped: a terminal shows it */
    printf("%-32.*s", (int)look->line.n - 2, look->line.p + 1);
    if (facts.daily_budget > 0)
        show_money(look, facts.daily_budget);
    else
        printf(" %16s", "none");
    show_money(look, ledger_spent(look->ledger, campaign, today));
    show_money(look, ledger_spent(look->ledger, campaign, today - 1));
    show_money(look, ledger_held(look->ledger, campaign));
    printf(" %6.3f\n", ledger_rate(look->ledger, campaign) / (double)LEDGER_RATE_FULL);
}

/* One object: the whole, with its campaigns. */
static int show_json(struct look *look, uint32_t first, uint32_t end) {
    bool some = false;
    ledger_print_whole(&look->line, look->ledger, look->served);
    look->line.n--; /* the brace: there is more */
    BUF_ADD_LIT(&look->line, ",\"campaigns\":[");
    for (uint32_t i = first; i < end; i++) {
        struct ledger_campaign_facts facts;
        if (!ledger_campaign_facts(look->ledger, i, &facts))
            continue;
        if (some)
            buf_add_char(&look->line, ',');
        some = ledger_print_campaign(&look->line, look->ledger, i, look->now);
        if (look->line.failed || fwrite(look->line.p, 1, look->line.n, stdout) != look->line.n)
            return ledger_command_fail("standard output", "cannot be written");
        buf_clear(&look->line, LEDGER_LINE_MAX);
    }
    BUF_ADD_LIT(&look->line, "]}");
    return put_line(look);
}

int ledger_show_run(int argc, char **argv) {
    struct look look = {0};
    const struct option_row rows[] = {
        {"campaign", "ID", "only this one", OPTION_TEXT, &look.campaign, 0, 0},
        {"json", NULL, "one JSON object", OPTION_FLAG, &look.json, 0, 0},
    };
    const struct option_table table = {.program = "slimbid-ledger show FILE",
                                       .purpose =
                                           "What campaigns have spent, and what the ledger has counted.",
                                       .notes = "Amounts are in the ad table's currency; days are UTC's.",
                                       .rows = rows,
                                       .count = COUNT_OF(rows)};
    look.file = ledger_command_file(&table, argc, argv);
    if (look_begin(&look) != 0)
        return LEDGER_FAILED;
    uint32_t first = 0, end = ledger_campaign_count(look.ledger);
    if (look.campaign != NULL) {
        first = ledger_command_campaign(look.ledger, look.campaign);
        if (first == LEDGER_NONE)
            return look_end(&look, ledger_command_fail(look.campaign, "no such campaign"));
        end = first + 1;
    }
    if (look.json)
        return look_end(&look, show_json(&look, first, end));
    show_head(&look);
    for (uint32_t i = first; i < end; i++)
        show_campaign(&look, i);
    return look_end(&look, 0);
}

/* ---- check ---- */

static int check_copies(const struct look *look) {
    struct ledger_facts facts;
    int whole = 0;
    ledger_facts(look->ledger, &facts);
    for (int i = 0; i < 2; i++) {
        whole += facts.copies[i].whole;
        if (facts.copies[i].whole)
            printf("copy %d: whole, generation %" PRIu64 "\n", i, facts.copies[i].generation);
        else
            printf("copy %d: none that is whole%s\n", i, look->served ? " (it may be written just now)" : "");
    }
    return whole > 0 ? 0 : ledger_command_fail(look->file, "no copy in it is whole");
}

int ledger_check_run(int argc, char **argv) {
    char error[LEDGER_ERROR_BYTES];
    struct look look = {0};
    const struct option_table table = {
        .program = "slimbid-ledger check FILE",
        .purpose = "Checks its numbers, adds up all holds and compares with the sums, and reads both copies.",
        .notes = "Sums are left out while a server has the file open. Ends with 1 when something is wrong."};
    look.file = ledger_command_file(&table, argc, argv);
    if (look_begin(&look) != 0)
        return LEDGER_FAILED;
    int status = check_copies(&look);
    if (look.served)
        printf("sums: not looked at, a server has it open\n");
    else if (ledger_audit(look.ledger, error, sizeof error))
        printf("sums: good, %" PRIu32 " campaigns, %" PRIu32 " holds\n", ledger_campaign_count(look.ledger),
               ledger_sizes(look.ledger)->holds);
    else
        status = ledger_command_fail(look.file, error);
    return look_end(&look, status);
}

/* ---- export ---- */

static int export_all(struct look *look) {
    struct ledger_hold hold;
    uint32_t campaigns = ledger_campaign_count(look->ledger), holds = ledger_sizes(look->ledger)->holds;
    int status = 0;
    ledger_print_whole(&look->line, look->ledger, look->served);
    status = put_line(look);
    for (uint32_t i = 0; status == 0 && i < campaigns; i++)
        if (ledger_print_campaign(&look->line, look->ledger, i, look->now))
            status = put_line(look);
    for (uint32_t i = 0; status == 0 && i < holds; i++)
        if (ledger_hold_at(look->ledger, i, look->now, &hold)) {
            ledger_print_hold(&look->line, look->ledger, &hold);
            status = put_line(look);
        }
    return status;
}

int ledger_export_run(int argc, char **argv) {
    struct look look = {0};
    const struct option_table table = {
        .program = "slimbid-ledger export FILE",
        .purpose = "One line of JSON for the ledger, for each campaign and for each hold that lives.",
        .notes = "What is known of users is not exported."};
    look.file = ledger_command_file(&table, argc, argv);
    if (look_begin(&look) != 0)
        return LEDGER_FAILED;
    return look_end(&look, export_all(&look));
}
