/* Which requests are started; see admission.h. */
#include "admission/admission.h"

#define STEPS_PER_INTERVAL 8  /* in which the rate follows */
#define MEMORY_STEPS       80 /* the past fades over about as many */
#define ALERT_INTERVALS    8  /* after shedding, the patience is shorter for so long */
#define LONG_TURN_TARGETS  2  /* a turn that has lasted so many targets starts nothing more */
#define PUSH               0.05 /* of the rate: more when nothing waits; the same less for each target too long */
#define PUSH_MOST          0.3
#define LEAST_RATE         1e-5 /* 10 a second: what tells how things are */
#define LEAST_BURST        2.0

const char *shed_reason_name(enum shed_reason reason) {
    static const char *const names[SHED_REASONS] = {
        [SHED_DELAY] = "delay",
        [SHED_DEADLINE] = "deadline",
        [SHED_CONCURRENCY] = "concurrency",
        [SHED_MEMORY] = "memory",
    };
    return names[reason];
}

void admission_init(struct admission *admission, const struct admission_options *options,
                    struct admission_stats *stats) {
    *admission = (struct admission){.options = *options, .stats = stats};
    stats->shedding = stats->rate = 0;
}

void admission_finished(struct admission *admission) {
    admission->moves++;
}

/* ---- what gets done ---- */

/* The rate at which requests are started while it sheds. */
static void set_rate(struct admission *admission) {
    /* A request moves twice: it is started, and answered. */
    double rate = admission->busy_sum > 0 ? admission->moves_sum / 2 / admission->busy_sum : 0;
    double over = (double)admission->least_us / (double)admission->options.target_us - 1;
    double push = -PUSH * over;
    admission->rate = rate * (1 + (push > -PUSH_MOST ? push : -PUSH_MOST));
    if (admission->rate < LEAST_RATE)
        admission->rate = LEAST_RATE;
    admission->stats->rate = (uint64_t)(admission->rate * 1e6 + 0.5);
}

static void begin_step(struct admission *admission, const struct admission_moment *moment) {
    admission->step_us = moment->now_us;
    admission->busy_us = moment->busy_us;
    admission->moves = 0;
    admission->least_us = UINT64_MAX;
}

/* True when a step has ended; its figures are in. */
static bool step_ended(struct admission *admission, const struct admission_moment *moment,
                       uint64_t waited_us) {
    uint64_t step_us = admission->options.interval_us / STEPS_PER_INTERVAL;
    if (waited_us < admission->least_us)
        admission->least_us = waited_us;
    if (admission->step_us == 0) /* the first request of all */
        begin_step(admission, moment);
    if (moment->now_us - admission->step_us < step_us)
        return false;
    /* A step may be longer, in a front end with little to do. */
    double faded = (double)(moment->now_us - admission->step_us) / (double)(step_us * MEMORY_STEPS);
    double left = faded < 1 ? 1 - faded : 0;
    admission->busy_sum = admission->busy_sum * left + (double)(moment->busy_us - admission->busy_us);
    admission->moves_sum = admission->moves_sum * left + (double)admission->moves;
    return true;
}

/* ---- falling behind ---- */

static void begin_shedding(struct admission *admission, uint64_t now_us) {
    admission->shedding = true;
    admission->stats->shedding = 1;
    admission->stats->storms++;
    admission->tokens = 0;
    admission->filled_us = admission->refused_us = now_us;
    set_rate(admission);
}

static void end_shedding(struct admission *admission, uint64_t now_us) {
    admission->shedding = false;
    admission->stats->shedding = admission->stats->rate = 0;
    admission->ended_us = now_us;
    admission->above_since_us = 0;
}

static uint64_t patience(const struct admission *admission, uint64_t now_us) {
    uint64_t interval_us = admission->options.interval_us;
    bool alert = admission->ended_us && now_us - admission->ended_us < ALERT_INTERVALS * interval_us;
    return alert ? interval_us / STEPS_PER_INTERVAL : interval_us;
}

static void look_out(struct admission *admission, uint64_t now_us, uint64_t waited_us) {
    if (waited_us <= admission->options.target_us)
        admission->above_since_us = 0;
    else if (admission->above_since_us == 0)
        admission->above_since_us = now_us;
}

/* At each request: a turn may last longer than the patience. */
static bool is_behind(const struct admission *admission, uint64_t now_us) {
    return admission->above_since_us && now_us - admission->above_since_us >= patience(admission, now_us);
}

/* The first request of a turn, which waited least. */
static void look_at_turn(struct admission *admission, const struct admission_moment *moment) {
    const struct admission_options *options = &admission->options;
    uint64_t now_us = moment->now_us, waited_us = now_us - moment->came_after_us;
    bool silence = moment->came_after_us > admission->turn_us + options->interval_us;
    admission->turn_us = moment->turn_us;
    bool stepped = step_ended(admission, moment, waited_us);
    if (silence && admission->shedding)
        end_shedding(admission, now_us);
    else if (silence)
        admission->above_since_us = 0;
    if (!admission->shedding) {
        look_out(admission, now_us, waited_us);
    } else if (stepped) {
        if (now_us - admission->refused_us > options->interval_us &&
            admission->least_us <= options->target_us)
            end_shedding(admission, now_us);
        else
            set_rate(admission);
    }
    if (stepped)
        begin_step(admission, moment);
}

/* ---- shedding ---- */

static bool take_token(struct admission *admission, uint64_t now_us) {
    double burst = admission->rate * (double)admission->options.target_us;
    admission->tokens += admission->rate * (double)(now_us - admission->filled_us);
    admission->filled_us = now_us;
    if (admission->tokens > burst + LEAST_BURST)
        admission->tokens = burst + LEAST_BURST;
    if (admission->tokens < 1)
        return false;
    admission->tokens -= 1;
    return true;
}

static bool has_room(struct admission *admission, const struct admission_moment *moment) {
    bool long_turn = moment->now_us - moment->turn_us > LONG_TURN_TARGETS * admission->options.target_us;
    if (!long_turn && take_token(admission, moment->now_us))
        return true;
    admission->refused_us = moment->now_us;
    return false;
}

bool admission_admit(struct admission *admission, const struct admission_moment *moment,
                     enum shed_reason *why) {
    const struct admission_options *options = &admission->options;
    if (!options->enabled)
        return true;
    *why = SHED_DEADLINE;
    if (moment->now_us > moment->started_us && moment->now_us - moment->started_us > options->longest_us)
        return false;
    if (moment->turn_us != admission->turn_us)
        look_at_turn(admission, moment);
    if (!admission->shedding && is_behind(admission, moment->now_us))
        begin_shedding(admission, moment->now_us);
    *why = SHED_DELAY;
    if (admission->shedding && !has_room(admission, moment))
        return false;
    admission->moves++;
    return true;
}
