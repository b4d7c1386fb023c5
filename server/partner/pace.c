/* A partner's share and time; see pace.h. */
#include "partner/pace.h"

#define MEMORY_CALLS   32
#define USEFUL_SHARE   0.3 /* in time of all calls: a partner with more is asked in full */
#define IN_TIME_SHARE  0.9 /* with more its calls are given all the time */
#define GOOD_RUN       8
#define FULL_TIME_EACH 8   /* call that might be shortened */
#define USEFUL_MEMORY  128 /* answers until a slow one is nearly forgotten */
#define USEFUL_EXTRA   5000

static unsigned class_of(uint64_t us) {
    unsigned class = 0;
    for (uint64_t most = 8000; class < PACE_CLASSES - 1 && us >= most; most *= 2)
        class ++;
    return class;
}

void pace_init(struct pace *pace, const struct pace_options *options, bool enabled) {
    *pace = (struct pace){.options = options, .enabled = enabled};
    for (int i = 0; i < PACE_CLASSES; i++)
        pace->classes[i].in_time = 1;
}

static double share_of(const struct pace *pace, const struct pace_class *class) {
    double share = class->in_time / USEFUL_SHARE;
    if (share >= 1)
        return 1;
    return share > pace->options->least_share ? share : pace->options->least_share;
}

/* Whether it is the class's turn, or time for a probe. */
static bool take_turn(const struct pace *pace, struct pace_class *class, uint64_t now_us) {
    double share = share_of(pace, class);
    class->credit += share;
    if (share < 1 && class->credit < 1 && now_us - class->asked_us < pace->options->probe_us)
        return false;
    class->credit = class->credit > 1 ? class->credit - 1 : 0;
    class->asked_us = now_us;
    return true;
}

static uint64_t shortened(struct pace *pace, const struct pace_class *class, uint64_t given_us) {
    uint64_t enough_us = pace->useful_us + pace->useful_us / 4 + USEFUL_EXTRA;
    if (enough_us < pace->options->least_timeout_us)
        enough_us = pace->options->least_timeout_us;
    if (pace->useful_us == 0 || class->in_time >= IN_TIME_SHARE || enough_us >= given_us)
        return given_us;
    return ++pace->turn % FULL_TIME_EACH == 0 ? given_us : enough_us;
}

bool pace_admit(struct pace *pace, uint64_t now_us, uint64_t *given_us) {
    if (!pace->enabled)
        return true;
    struct pace_class *class = &pace->classes[class_of(*given_us)];
    if (!take_turn(pace, class, now_us))
        return false;
    *given_us = shortened(pace, class, *given_us);
    return true;
}

void pace_report(struct pace *pace, uint64_t had_us, uint64_t took_us, bool in_time) {
    struct pace_class *class = &pace->classes[class_of(had_us)];
    class->in_time += ((in_time ? 1 : 0) - class->in_time) / MEMORY_CALLS;
    class->run = in_time ? class->run + 1 : 0;
    if (class->run == GOOD_RUN && class->in_time < USEFUL_SHARE)
        class->in_time = 1;
    if (!in_time)
        return;
    if (took_us > pace->useful_us)
        pace->useful_us = took_us;
    else
        pace->useful_us -= (pace->useful_us - took_us) / USEFUL_MEMORY;
}

double pace_share(const struct pace *pace) {
    double least = 1;
    for (int i = 0; pace->enabled && i < PACE_CLASSES; i++) {
        double share = share_of(pace, &pace->classes[i]);
        least = share < least ? share : least;
    }
    return least;
}
