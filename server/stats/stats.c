/* Counters in shared memory; see stats.h. */
#include "stats/stats.h"

#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

/* A slot is summed as an array of 64-bit words, so it may hold nothing else. */
_Static_assert(sizeof(struct stats_slot) % sizeof(uint64_t) == 0, "slots are arrays of counters");

const char *request_outcome_name(enum request_outcome outcome) {
    static const char *const names[REQUEST_OUTCOMES] = {
        [REQUEST_BIDS] = "bids",         [REQUEST_NO_BID] = "no_bid", [REQUEST_INVALID] = "invalid",
        [REQUEST_OVERLOAD] = "overload", [REQUEST_FAILED] = "failed", [REQUEST_CANCELLED] = "cancelled",
    };
    return names[outcome];
}

const char *auction_end_name(enum auction_end end) {
    static const char *const names[AUCTION_ENDS] = {
        [AUCTION_END_NOBODY] = "nobody_asked",
        [AUCTION_END_NO_TIME] = "no_time",
        [AUCTION_END_COMPLETE] = "complete",
        [AUCTION_END_DEADLINE] = "deadline",
    };
    return names[end];
}

const char *partner_skip_name(enum partner_skip skip) {
    static const char *const names[PARTNER_SKIPS] = {
        [PARTNER_SKIP_NOT_NAMED] = "not_named", [PARTNER_SKIP_UNFIT] = "unfit",
        [PARTNER_SKIP_SHARE] = "share",         [PARTNER_SKIP_RATE] = "rate",
        [PARTNER_SKIP_PACE] = "pace",           [PARTNER_SKIP_IN_FLIGHT] = "in_flight",
        [PARTNER_SKIP_BREAKER] = "breaker",     [PARTNER_SKIP_NO_TIME] = "no_time",
        [PARTNER_SKIP_TOO_LARGE] = "too_large", [PARTNER_SKIP_UNRESOLVED] = "unresolved",
        [PARTNER_SKIP_MEMORY] = "memory",
    };
    return names[skip];
}

const char *partner_outcome_name(enum partner_outcome outcome) {
    static const char *const names[PARTNER_OUTCOMES] = {
        [PARTNER_BID] = "bid",
        [PARTNER_NO_BID] = "no_bid",
        [PARTNER_BAD_STATUS] = "bad_status",
        [PARTNER_BAD_ANSWER] = "bad_answer",
        [PARTNER_TIMEOUT] = "timeout",
        [PARTNER_CONNECT_FAILED] = "connect_failed",
        [PARTNER_TLS_FAILED] = "tls_failed",
        [PARTNER_BROKEN] = "broken",
        [PARTNER_TOO_LARGE] = "too_large",
        [PARTNER_NO_MEMORY] = "no_memory",
        [PARTNER_ABANDONED] = "abandoned",
    };
    return names[outcome];
}

const char *auction_state_name(enum auction_state state) {
    static const char *const names[AUCTION_STATES] = {
        [AUCTION_PARSING] = "parsing",   [AUCTION_GATHERING] = "gathering", [AUCTION_CLEARING] = "clearing",
        [AUCTION_REPLYING] = "replying", [AUCTION_DONE] = "done",
    };
    return names[state];
}

static size_t stats_bytes(uint32_t slot_count) {
    return sizeof(struct stats) + slot_count * sizeof(struct stats_slot);
}

struct stats *stats_create(uint32_t slot_count) {
    struct stats *stats =
        mmap(NULL, stats_bytes(slot_count), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (stats == MAP_FAILED)
        return NULL;
    stats->slot_count = slot_count;
    return stats;
}

void stats_destroy(struct stats *stats) {
    if (stats)
        munmap(stats, stats_bytes(stats->slot_count));
}

void stats_slot_adopt(struct stats_slot *slot) {
    slot->pid = (uint64_t)getpid();
    slot->started_unix = (uint64_t)time(NULL);
    slot->http.connections_open = slot->http.connections_idle = 0;
    slot->admin.connections_open = slot->admin.connections_idle = 0;
    memset(slot->auctions_live, 0, sizeof slot->auctions_live);
    slot->arena_bytes = slot->resident_bytes = 0;
    slot->click.requests_live = 0;
    slot->admission.shedding = slot->admission.rate = 0;
    slot->pool.workers_live = slot->pool.in_flight = slot->pool.generation = 0;
    slot->memory.anonymous = slot->memory.reserved = slot->memory.drift = 0;
    for (size_t i = 0; i < COUNT_OF(slot->notices); i++)
        slot->notices[i].waiting = 0;
    for (size_t i = 0; i < COUNT_OF(slot->partners); i++) {
        slot->partners[i].breaker_state = slot->partners[i].left_out_permille = 0;
        slot->partners[i].calls.in_flight = slot->partners[i].calls.late = 0;
    }
}

void stats_sum(const struct stats *stats, struct stats_slot *total) {
    memset(total, 0, sizeof *total);
    uint64_t *sum = (uint64_t *)total;
    for (uint32_t s = 0; s < stats->slot_count; s++) {
        const uint64_t *words = (const uint64_t *)&stats->slots[s];
        for (size_t i = 0; i < sizeof *total / sizeof *sum; i++)
            sum[i] += words[i];
    }
}
