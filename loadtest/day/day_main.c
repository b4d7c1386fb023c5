/* slimbid-day: a day of campaigns in minutes, spend against plan. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/options.h"
#include "day/day_plot.h"
#include "day/day_run.h"

static struct {
    const char *ipinyou, *svg;
    double auctions, most_gap;
    uint64_t campaigns, hold_s, seed;
    bool asap;
} given = {.auctions = 2e6, .most_gap = 100, .campaigns = 10, .hold_s = 900, .seed = 1};

static const struct option_row rows[] = {
    {"auctions", "N", "auctions of the day (2,000,000)", OPTION_NUMBER, &given.auctions, 1000, 1e9},
    {"campaigns", "N", "campaigns, of ten kinds in turn (10)", OPTION_UINT, &given.campaigns, 1,
     DAY_MOST_CAMPAIGNS},
    {"ipinyou", "FILE", "times and prices of iPinYou's impression log (.xz or plain)", OPTION_TEXT,
     &given.ipinyou, 0, 0},
    {"asap", NULL, "budgets are spent as fast as possible", OPTION_FLAG, &given.asap, 0, 0},
    {"hold", "S", "how long a win waits for its view (900)", OPTION_UINT, &given.hold_s, 10, 86400},
    {"seed", "N", "of all that is random (1)", OPTION_UINT, &given.seed, 0, 1e15},
    {"svg", "FILE", "draw the curves", OPTION_TEXT, &given.svg, 0, 0},
    {"most-gap", "P", "exit 1 when a gap is more than P percent of a budget", OPTION_NUMBER, &given.most_gap,
     0, 100},
};

static const struct option_table table = {
    .program = "slimbid-day",
    .purpose =
        "Plays a day of campaigns on a clock of its own, with the server's ledger and pacing, and tells "
        "how far\nthe spend of each was from its plan.",
    .rows = rows,
    .count = COUNT_OF(rows),
};

static void print_campaign(const struct day *day, uint32_t c) {
    const struct day_campaign *campaign = day->campaigns + c;
    const struct day_course *course = day->courses + c;
    double budget = (double)campaign->budget;
    printf("%-22s %10.2f %8llu %8llu %8llu %7.2f %%  %7.2f %%  %7.2f %%  %9.5f %5.1f %%%s\n", campaign->name,
           budget / 1e9, (unsigned long long)course->wins, (unsigned long long)course->views,
           (unsigned long long)course->refused, 100 * (double)course->spent / budget, 100 * course->won_gap,
           100 * course->spent_gap, course->rate, 100 * course->full,
           day_is_short(campaign) ? "  not judged" : "");
}

static void print_table(const struct day *day) {
    printf("%-22s %10s %8s %8s %8s %9s  %9s  %9s  %9s %7s\n", "campaign", "budget", "wins", "views",
           "refused", "spent", "won gap", "spent gap", "mean rate", "full");
    for (uint32_t c = 0; c < day->options.campaigns; c++)
        print_campaign(day, c);
    printf(
        "\nbudget: in the table's currency. refused: by the ledger, over what is allowed by then. Gaps: the "
        "largest of the\nday between the plan and what was won (spent and held) or spent, of the budget. "
        "full: time with the full rate.\n");
    printf("%llu auctions, %llu sold. Largest gap: %.2f %% of a budget.\n", (unsigned long long)day->auctions,
           (unsigned long long)day->sold, 100 * day_largest_gap(day));
}

static int play(struct day *day, struct day_traffic *traffic) {
    char error[DAY_ERROR_BYTES];
    if (given.ipinyou && day_traffic_load(traffic, given.ipinyou, error, sizeof(error)) != 0) {
        fprintf(stderr, "slimbid-day: %s\n", error);
        return 2;
    }
    day->traffic = traffic;
    day_make_campaigns(day);
    if (day_run(day, error, sizeof(error)) != 0) {
        fprintf(stderr, "slimbid-day: %s\n", error);
        return 2;
    }
    print_table(day);
    if (day->fault[0])
        printf("The ledger is wrong: %s\n", day->fault);
    else
        printf("The ledger and the sum of the views agree to the last nano.\n");
    if (given.svg && day_plot(day, given.svg) != 0) {
        fprintf(stderr, "slimbid-day: %s: %s\n", given.svg, strerror(errno));
        return 2;
    }
    return day->fault[0] || 100 * day_largest_gap(day) > given.most_gap ? 1 : 0;
}

int main(int argc, char **argv) {
    struct day_traffic traffic;
    options_read(&table, argc, argv);
    struct day *day = calloc(1, sizeof(*day));
    if (!day) {
        fprintf(stderr, "slimbid-day: out of memory\n");
        return 2;
    }
    day->options = (struct day_options){.how = given.asap ? PACING_ASAP : PACING_EVEN,
                                        .campaigns = (uint32_t)given.campaigns,
                                        .hold_s = (uint32_t)given.hold_s,
                                        .seed = given.seed};
    day_traffic_init(&traffic, given.auctions, given.seed);
    int status = play(day, &traffic);
    day_traffic_cleanup(&traffic);
    free(day);
    return status;
}
