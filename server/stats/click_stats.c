/* Names of what is counted; see click_stats.h. */
#include "stats/click_stats.h"

const char *click_outcome_name(enum click_outcome outcome) {
    static const char *const names[CLICK_OUTCOMES] = {
        [CLICK_BIDS] = "bids",           [CLICK_NO_BID] = "no_bid",       [CLICK_ACCEPTED] = "accepted",
        [CLICK_DUPLICATE] = "duplicate", [CLICK_INVALID] = "invalid",     [CLICK_OVERLOAD] = "overload",
        [CLICK_FAILED] = "failed",       [CLICK_CANCELLED] = "cancelled",
    };
    return names[outcome];
}

const char *click_refusal_name(enum click_refusal refusal) {
    static const char *const names[CLICK_REFUSALS] = {
        [CLICK_REFUSED_KEY] = "write_key",
        [CLICK_REFUSED_BODY] = "body",
        [CLICK_REFUSED_SIZE] = "too_many_events",
        [CLICK_REFUSED_RATE] = "rate",
    };
    return names[refusal];
}

const char *click_type_name(enum click_type type) {
    static const char *const names[CLICK_TYPES] = {
        [CLICK_PAGE] = "page",         [CLICK_SCREEN] = "screen", [CLICK_TRACK] = "track",
        [CLICK_IDENTIFY] = "identify", [CLICK_GROUP] = "group",   [CLICK_ALIAS] = "alias",
    };
    return names[type];
}
