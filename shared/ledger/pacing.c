/*
 * The controller behind the rate.
 *
 * Source: Zhang, Rong, Wang, Zhu, Wang, "Feedback Control of Real-Time Display Advertising", WSDM 2016: a PID
 * controller whose signal goes through exp() to the actuator, b(t) = b exp(phi(t)). Taken over: the feedback
 * and the exponential, so that one setting serves campaigns that need all auctions and those that need one in
 * ten thousand. Changed:
 * - What is controlled is the share of auctions, not the bid's price, as in Agarwal, Ghosh, Wei, You, "Budget
 *   Pacing for Targeted Online Advertisements at LinkedIn", KDD 2014: what a campaign bids is the model's
 *   business, and in a first-price auction a lower bid would be another campaign.
 * - The error is how far the day's sum is behind the plan, as a share of the budget, not a rate of spending
 *   (a difference of two near sums, so noise when budgets are small). The sum counts what is held, so a view
 *   that comes late is no delay in the loop. There is no D part.
 * - The integral stops where the rate is at its end and the error would push it further (traffic that does
 * not suffice), and sees at most MOST_ERROR, so a jump is answered by the proportional part alone.
 *
 * Gains: let v be the plan's slope (1/86400 s). Around the rate that keeps to it the error obeys
 * e'' + v KP e' + v KI e = 0: with KP 400 and KI 0.4 the damping is 1.08, the time constant about 7 minutes
 * (0.5 % of a day), and one percent behind the plan multiplies the rate by e^4. Traffic that grows or falls
 * to a fifth within six hours (7.5e-5 a second in the logarithm) costs 7.5e-5 / KI, 0.02 % of the budget.
 */
#include "ledger/pacing.h"

#include <math.h>

#define DAY_S       86400
#define KP          400.0
#define KI          0.4 /* a second */
#define MOST_ERROR  0.02
#define MOST_STEP_S 15.0    /* a longer step counts as this */
#define FIRST_RATE  0.1     /* of a campaign's first day */
#define LEAST_LEVEL (-11.0) /* about one in 60,000 */

/* No number at all becomes the least. */
static double clamp(double x, double least, double most) {
    return fmin(fmax(x, least), most);
}

/* Where a line begins, and with what. */
static void begin_line(struct pacing_state *state, int64_t budget, int64_t used, double at) {
    bool late = at > PACING_LATE_S;
    state->began = late ? at : 0;
    state->had = late ? used : 0;
    state->budget = budget;
}

double pacing_plan(const struct pacing_state *state) {
    double budget = (double)state->budget, had = (double)state->had;
    double slope = (budget - had) / (DAY_S - state->began);
    double plan = had + fmin(slope, PACING_STEEPEST * budget / DAY_S) * (state->at - state->began);
    return clamp(plan, 0, budget);
}

/* The rate's logarithm: as far as the plan is ahead of what is used, now and up to now. */
static double control(struct pacing_state *state, double error, double seconds) {
    double signal = state->level + KP * error;
    bool at_end = error > 0 ? signal >= 0 : signal <= LEAST_LEVEL;
    if (!at_end)
        state->level += KI * clamp(error, -MOST_ERROR, MOST_ERROR) * seconds;
    state->level = clamp(state->level, LEAST_LEVEL, 0);
    return clamp(state->level + KP * error, LEAST_LEVEL, 0);
}

static struct pacing_step step_evenly(struct pacing_state *state, int64_t budget, int64_t used,
                                      double unix_seconds) {
    int64_t day = (int64_t)floor(unix_seconds / DAY_S);
    double at = unix_seconds - (double)day * DAY_S, before = state->at;
    bool is_new_day = state->day == 0 || day != state->day;
    if (state->day == 0 && state->level == 0)
        state->level = log(FIRST_RATE);
    if (is_new_day || budget != state->budget || fabs(at - before) > PACING_LATE_S || at < state->began)
        begin_line(state, budget, used, at);
    state->day = day;
    state->at = at;
    double plan = pacing_plan(state);
    double seconds = is_new_day ? 0 : clamp(at - before, 0, MOST_STEP_S);
    double signal = control(state, (plan - (double)used) / (double)budget, seconds);
    double limit = fmin(plan + PACING_AHEAD * (double)budget, (double)budget);
    struct pacing_step step = {.limit = limit >= (double)budget ? budget : (int64_t)limit};
    step.rate = (uint16_t)clamp(exp(signal) * LEDGER_RATE_FULL, 1, LEDGER_RATE_FULL);
    return step;
}

struct pacing_step pacing_step(struct pacing_state *state, enum pacing how, int64_t daily_budget,
                               int64_t used, double unix_seconds) {
    struct pacing_step step = {.limit = daily_budget, .rate = LEDGER_RATE_FULL};
    if (daily_budget <= 0)
        return (struct pacing_step){.limit = INT64_MAX, .rate = LEDGER_RATE_FULL};
    if (how == PACING_EVEN)
        step = step_evenly(state, daily_budget, used, clamp(unix_seconds, DAY_S, 1e12));
    if (used >= daily_budget)
        step.rate = 0; /* until a hold expires */
    return step;
}
