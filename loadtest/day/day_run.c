/* A day of campaigns, played; see day_run.h. */
#include "day/day_run.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "ledger/ledger.h"

#define FIRST_SECOND (INT64_C(20605) * DAY_SECONDS) /* 2026-06-01 */
#define STEP_S       (PACING_INTERVAL_MS / 1000.0)
#define STEPS        ((uint32_t)(DAY_SECONDS / STEP_S))
#define SAMPLE_STEPS (STEPS / (DAY_SAMPLES - 1))
#define WRITERS      2u
#define BID_SIGMA    0.3 /* predictions vary */
#define NOBODY       UINT32_MAX

/* A view that comes later; lists by second. */
struct view {
    uint64_t hold;
    uint32_t campaign, next;
    int64_t nanos;
};

struct play {
    struct day *day;
    struct ledger *ledger;
    struct pacing_state *pacing;
    struct prng prng;
    struct view *views;
    uint32_t view_count, view_room;
    uint32_t *first_view; /* of each second, until all holds have expired */
    uint32_t seconds;
    struct day_auction next;
    bool over;
};

static int fail(char *error, size_t error_size, const char *why) {
    snprintf(error, error_size, "%s", why);
    return -1;
}

static int play_init(struct play *play, struct day *day, char *error, size_t error_size) {
    struct ledger_sizes sizes = {WRITERS, DAY_MOST_CAMPAIGNS, 0, 0};
    /* Room for all wins that may be held at once: what is sold in a hold's time at the busiest hour. */
    double held = day->traffic->auctions * DAY_CURVE_MOST * (day->options.hold_s + 60) / DAY_SECONDS;
    sizes.holds = WRITERS * (uint32_t)fmin(held + 4096, 1 << 22);
    *play = (struct play){.day = day, .seconds = DAY_SECONDS + day->options.hold_s + 2};
    prng_seed(&play->prng, day->options.seed * 2 + 1);
    play->ledger = ledger_open(NULL, &sizes, FIRST_SECOND, error, error_size);
    if (!play->ledger)
        return -1;
    play->pacing = calloc(DAY_MOST_CAMPAIGNS, sizeof(*play->pacing));
    play->first_view = malloc(play->seconds * sizeof(*play->first_view));
    if (!play->pacing || !play->first_view)
        return fail(error, error_size, "out of memory");
    for (uint32_t i = 0; i < play->seconds; i++)
        play->first_view[i] = NOBODY;
    return 0;
}

static void play_cleanup(struct play *play) {
    ledger_close(play->ledger);
    free(play->pacing);
    free(play->first_view);
    free(play->views);
}

/* ---- auctions ---- */

/* The highest bid of all that take part, or NOBODY; what it pays, by second price. */
static uint32_t best_bid(const double *bids, uint32_t count, double others, double *pays) {
    uint32_t best = NOBODY;
    double second = others;
    for (uint32_t c = 0; c < count; c++) {
        if (bids[c] <= others || bids[c] <= (best == NOBODY ? 0 : bids[best])) {
            second = fmax(second, bids[c]);
            continue;
        }
        second = best == NOBODY ? second : fmax(second, bids[best]);
        best = c;
    }
    *pays = second;
    return best;
}

static bool view_later(struct play *play, struct view view, uint32_t second) {
    if (play->view_count == play->view_room) {
        uint32_t more = play->view_room ? 2 * play->view_room : 65536;
        struct view *larger = realloc(play->views, more * sizeof(*larger));
        if (!larger)
            return false;
        play->views = larger;
        play->view_room = more;
    }
    view.next = play->first_view[second];
    play->first_view[second] = play->view_count;
    play->views[play->view_count++] = view;
    return true;
}

/* False: out of memory. */
static bool reserve(struct play *play, uint32_t c, double pays, bool *won) {
    struct day_campaign *campaign = play->day->campaigns + c;
    struct day_course *course = play->day->courses + c;
    int64_t now = FIRST_SECOND + (int64_t)play->next.at;
    struct ledger_win win = {.campaign = course->number, .nanos = llround(pays * 1e6), .user = 1};
    uint64_t hold;
    win.auction = play->day->auctions;
    win.expires = now + play->day->options.hold_s;
    uint32_t writer = (uint32_t)(play->day->auctions % WRITERS);
    *won = ledger_reserve(play->ledger, writer, &win, now, &hold) == LEDGER_COUNTED;
    if (!*won) {
        course->refused++;
        return true;
    }
    course->wins++;
    double wait = prng_exponential(&play->prng, campaign->delay);
    if (prng_double(&play->prng) >= campaign->seen || wait >= play->day->options.hold_s - 2.0)
        return true;
    struct view view = {.hold = hold, .campaign = c, .nanos = win.nanos};
    return view_later(play, view, (uint32_t)(play->next.at + wait) + 1);
}

/* One auction: who takes part bids; a winner whose budget says no falls out, and the next best has it. */
static bool hold_auction(struct play *play) {
    struct day *day = play->day;
    double bids[DAY_MOST_CAMPAIGNS] = {0}, pays;
    bool won = false;
    for (uint32_t c = 0; c < day->options.campaigns; c++) {
        const struct day_campaign *campaign = day->campaigns + c;
        if (play->next.at < campaign->begins || prng_double(&play->prng) >= campaign->reach)
            continue;
        double chance = prng_double(&play->prng) * LEDGER_RATE_FULL;
        if (chance < ledger_rate(play->ledger, day->courses[c].number))
            bids[c] =
                day->traffic->median_price * campaign->bid * exp(prng_normal(&play->prng, 0, BID_SIGMA));
    }
    day->auctions++;
    while (!won) {
        uint32_t best = best_bid(bids, day->options.campaigns, play->next.price, &pays);
        if (best == NOBODY)
            return true;
        if (!reserve(play, best, pays, &won))
            return false;
        bids[best] = 0;
    }
    day->sold++;
    return true;
}

/* ---- what goes on beside ---- */

static void play_views(struct play *play, uint32_t second) {
    uint32_t at = play->first_view[second];
    for (; at != NOBODY; at = play->views[at].next) {
        const struct view *view = play->views + at;
        struct day_course *course = play->day->courses + view->campaign;
        struct ledger_win win;
        /* By the other front end, as often as not. */
        uint32_t writer = (uint32_t)(prng_next(&play->prng) % WRITERS);
        if (ledger_view(play->ledger, writer, view->hold, FIRST_SECOND + second, &win) != LEDGER_COUNTED) {
            snprintf(play->day->fault, sizeof(play->day->fault), "a view was not counted");
            continue;
        }
        course->views++;
        course->viewed += view->nanos;
    }
    for (uint32_t w = 0; w < WRITERS; w++)
        (void)ledger_expire(play->ledger, w, FIRST_SECOND + second, UINT32_MAX);
}

/* Campaigns that begin; they are taken up when they first bid. */
static int take_up(struct play *play, double at, char *error, size_t error_size) {
    struct day *day = play->day;
    for (uint32_t c = 0; c < day->options.campaigns; c++) {
        if (day->campaigns[c].begins < at - STEP_S / 2 || day->campaigns[c].begins > at + STEP_S / 2)
            continue;
        struct str id = str_from(day->campaigns[c].name);
        struct ledger_campaign_facts facts = {
            .key = hash_bytes(id, 0), .id = id, .daily_budget = day->campaigns[c].budget};
        day->courses[c].number = ledger_campaign_note(play->ledger, &facts, FIRST_SECOND + (int64_t)at);
        if (day->courses[c].number == LEDGER_NONE)
            return fail(error, error_size, "the ledger has no place for a campaign");
    }
    return 0;
}

static void observe(struct play *play, uint32_t c, uint32_t step) {
    struct day_course *course = play->day->courses + c;
    double budget = (double)play->day->campaigns[c].budget;
    int64_t spent = ledger_spent(play->ledger, course->number, FIRST_SECOND / DAY_SECONDS);
    double won = (double)(spent + ledger_held(play->ledger, course->number)) / budget;
    double plan = pacing_plan(play->pacing + course->number) / budget;
    double rate = ledger_rate(play->ledger, course->number) / (double)LEDGER_RATE_FULL;
    course->won_gap = fmax(course->won_gap, fabs(won - plan));
    course->spent_gap = fmax(course->spent_gap, fabs((double)spent / budget - plan));
    course->rate += rate;
    course->full += rate >= 1;
    course->steps++;
    if (step % SAMPLE_STEPS == 0)
        course->samples[step / SAMPLE_STEPS] =
            (struct day_sample){(float)plan, (float)won, (float)((double)spent / budget), (float)rate};
}

static int play_step(struct play *play, uint32_t step, char *error, size_t error_size) {
    double at = step * STEP_S;
    if (take_up(play, at, error, error_size) != 0)
        return -1;
    if (at == floor(at))
        play_views(play, (uint32_t)at);
    pacing_run(play->ledger, play->day->options.how, play->pacing, DAY_MOST_CAMPAIGNS, FIRST_SECOND + at);
    for (uint32_t c = 0; c < play->day->options.campaigns; c++)
        if (play->day->campaigns[c].begins <= at + STEP_S / 2)
            observe(play, c, step);
    for (; !play->over && play->next.at < at + STEP_S;
         play->over = !day_traffic_next(play->day->traffic, &play->next))
        if (!hold_auction(play))
            return fail(error, error_size, "out of memory");
    return 0;
}

/* ---- the end ---- */

static void compare(struct play *play) {
    struct day *day = play->day;
    for (uint32_t c = 0; c < day->options.campaigns; c++) {
        struct day_course *course = day->courses + c;
        course->spent = ledger_spent(play->ledger, course->number, FIRST_SECOND / DAY_SECONDS);
        course->rate /= course->steps;
        course->full /= course->steps;
        if (course->spent != course->viewed || ledger_held(play->ledger, course->number) != 0)
            snprintf(day->fault, sizeof(day->fault), "%s: the ledger says %lld, its views %lld",
                     day->campaigns[c].name, (long long)course->spent, (long long)course->viewed);
    }
    char error[LEDGER_ERROR_BYTES];
    if (!ledger_audit(play->ledger, error, sizeof(error)))
        snprintf(day->fault, sizeof(day->fault), "%s", error);
}

int day_run(struct day *day, char *error, size_t error_size) {
    struct play play;
    day->fault[0] = '\0';
    int result = play_init(&play, day, error, error_size);
    play.over = result != 0 || !day_traffic_next(day->traffic, &play.next);
    for (uint32_t step = 0; result == 0 && step < STEPS; step++)
        result = play_step(&play, step, error, error_size);
    for (uint32_t second = DAY_SECONDS; result == 0 && second < play.seconds; second++)
        play_views(&play, second);
    if (result == 0)
        compare(&play);
    for (uint32_t c = 0; c < day->options.campaigns; c++)
        day->courses[c].samples[DAY_SAMPLES - 1] = day->courses[c].samples[DAY_SAMPLES - 2];
    play_cleanup(&play);
    return result;
}

double day_largest_gap(const struct day *day) {
    double largest = 0;
    for (uint32_t c = 0; c < day->options.campaigns; c++)
        if (!day_is_short(day->campaigns + c))
            largest = fmax(largest, fmax(day->courses[c].won_gap, day->courses[c].spent_gap));
    return largest;
}
