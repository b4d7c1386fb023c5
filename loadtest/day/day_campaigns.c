/* The campaigns of a day: ten kinds, in turn. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "day/day_run.h"

#define SHORT "short of traffic"

static const struct kind {
    const char *name;
    double reach, bid;
    double share; /* of what its auctions are worth: the budget */
    double begins, seen, delay;
} kinds[] = {
    {"wide", 0.8, 2.2, 0.08, 0, 0.9, 3},
    {"narrow", 0.04, 3.0, 0.30, 0, 0.9, 3},
    {"tiny budget", 0.5, 2.5, 0, 0, 1.0, 3},
    {"one in ten thousand", 0.8, 2.0, 0.0001, 0, 0.9, 3},
    {"begins at noon", 0.3, 2.2, 0.05, 12.0 * 3600, 0.9, 3},
    {"begins at 20:00", 0.3, 2.2, 0.05, 20.0 * 3600, 0.9, 3},
    {"half is never seen", 0.4, 2.2, 0.05, 0, 0.5, 3},
    {"views come late", 0.4, 2.2, 0.05, 0, 0.9, 240},
    {"bids little", 0.5, 0.9, 0.03, 0, 0.9, 3},
    {SHORT, 0.02, 2.2, 3.0, 0, 0.9, 3},
};

bool day_is_short(const struct day_campaign *campaign) {
    return strncmp(campaign->name, SHORT, strlen(SHORT)) == 0;
}

void day_make_campaigns(struct day *day) {
    const size_t count = COUNT_OF(kinds);
    /* With more campaigns each gets less, so that there is enough for all. */
    double crowd = fmax(day->options.campaigns / (double)count, 1);
    double view = day->traffic->median_price * 1e6; /* nanos */
    for (uint32_t i = 0; i < day->options.campaigns; i++) {
        const struct kind *kind = kinds + i % count;
        struct day_campaign *campaign = day->campaigns + i;
        double wins = kind->share * kind->reach * day->traffic->auctions / crowd;
        *campaign = (struct day_campaign){.reach = kind->reach,
                                          .bid = kind->bid,
                                          .begins = kind->begins,
                                          .seen = kind->seen,
                                          .delay = kind->delay};
        campaign->budget = llround((wins > 0 ? wins : 50) * view);
        if (i < count)
            snprintf(campaign->name, sizeof(campaign->name), "%s", kind->name);
        else
            snprintf(campaign->name, sizeof(campaign->name), "%.19s %u", kind->name,
                     (unsigned)(i / count + 1));
    }
}
