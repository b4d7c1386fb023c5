/* Counting what comes back; see replay_tally.h. The report is in replay_report.c. */
#include "replay/replay_tally.h"

#include <string.h>

#include "json/json_reader.h"

#define SEAT_OTHER "(others)"

void tally_init(struct tally *tally) {
    memset(tally, 0, sizeof *tally);
    quantiles_init(&tally->latency);
    quantiles_init(&tally->taken);
    quantiles_init(&tally->shed);
    quantiles_init(&tally->service);
    arena_pool_init(&tally->pool, 32);
    arena_init(&tally->arena, &tally->pool, 8 << 20);
    openrtb_response_limits_default(&tally->limits);
}

void tally_cleanup(struct tally *tally) {
    arena_reset(&tally->arena);
    arena_pool_cleanup(&tally->pool);
}

static bool name_is(const char *name, size_t size, struct str text) {
    size_t n = text.n < size - 1 ? text.n : size - 1;
    return strlen(name) == n && memcmp(name, text.p, n) == 0;
}

static void set_name(char *name, size_t size, struct str text) {
    size_t n = text.n < size - 1 ? text.n : size - 1;
    memcpy(name, text.p, n);
    name[n] = 0;
}

/* The seat's counters in that currency; the last one takes those that find no room. */
static struct tally_seat *find_seat(struct tally *tally, struct str name, struct str cur) {
    for (size_t i = 0; i < tally->seat_count; i++) {
        struct tally_seat *seat = &tally->seats[i];
        if (name_is(seat->name, sizeof seat->name, name) && name_is(seat->cur, sizeof seat->cur, cur))
            return seat;
    }
    if (tally->seat_count == TALLY_SEATS)
        return &tally->seats[TALLY_SEATS - 1];
    struct tally_seat *seat = &tally->seats[tally->seat_count++];
    bool last = tally->seat_count == TALLY_SEATS;
    set_name(seat->name, sizeof seat->name, last ? STR(SEAT_OTHER) : name);
    set_name(seat->cur, sizeof seat->cur, cur);
    return seat;
}

static enum tally_outcome read_bids(struct tally *tally, struct str body) {
    struct openrtb_response response;
    struct openrtb_error error;
    enum tally_outcome outcome = TALLY_BROKEN;
    if (openrtb_response_parse(body, &tally->limits, &tally->arena, &response, &error) == 0) {
        struct str cur = response.cur.n > 0 ? response.cur : STR("USD");
        outcome = response.bid_count > 0 ? TALLY_BIDS : TALLY_NO_BID;
        for (size_t i = 0; i < response.bid_count; i++) {
            const struct openrtb_bid *bid = &response.bids[i];
            struct tally_seat *seat = find_seat(tally, bid->seat.n > 0 ? bid->seat : STR("-"), cur);
            seat->wins++;
            seat->price_sum += bid->price > 0 ? bid->price : 0;
        }
        tally->imps_won += response.bid_count;
    }
    arena_reset(&tally->arena);
    return outcome;
}

/* ---- results of click events ---- */

struct event_result {
    struct str status;
    struct json_members members;
};

struct event_results {
    struct event_result *items;
    size_t count;
};

static const struct json_field result_fields[] = {
    JSON_FIELD("status", JSON_STRING, offsetof(struct event_result, status), JSON_REQUIRED),
};
JSON_OBJECT_LOCAL(result_object, result_fields, .size = sizeof(struct event_result), .keeps_members = true,
                  .members_offset = offsetof(struct event_result, members));

static const struct json_field answer_fields[] = {
    JSON_FIELD("results", JSON_OBJECTS, 0, JSON_REQUIRED, .object = &result_object),
};
JSON_OBJECT_LOCAL(answer_object, answer_fields);

/* The answer to one event: the outcome, and the bid response where there is one. */
static enum tally_outcome read_result(struct tally *tally, struct str body) {
    static const struct {
        struct str status;
        enum tally_outcome outcome;
    } outcomes[] = {
        {STR_INIT("no_bid"), TALLY_NO_BID},       {STR_INIT("accepted"), TALLY_ACCEPTED},
        {STR_INIT("duplicate"), TALLY_DUPLICATE}, {STR_INIT("invalid"), TALLY_REFUSED},
        {STR_INIT("overload"), TALLY_REFUSED},    {STR_INIT("failed"), TALLY_REFUSED},
    };
    const struct json_limits limits = {
        .depth = 64, .array_items = 4096, .object_members = 4096, .string_bytes = 1 << 20, .listed = 1};
    struct event_results results = {0};
    struct json_error error;
    enum tally_outcome outcome = TALLY_BROKEN;
    struct str response = {NULL, 0};
    json_object_prepare(&answer_object);
    if (json_read(body, &answer_object, &results, &limits, &tally->arena, &error) == 0 &&
        results.count == 1) {
        const struct event_result *result = &results.items[0];
        const struct json_member *member = json_members_find(&result->members, STR("response"));
        response = member ? member->value : response;
        for (size_t i = 0; i < COUNT_OF(outcomes); i++)
            if (str_eq(result->status, outcomes[i].status))
                outcome = outcomes[i].outcome;
    }
    arena_reset(&tally->arena);
    return str_present(response) ? read_bids(tally, response) : outcome;
}

static enum tally_outcome read_outcome(struct tally *tally, int status, struct str body) {
    switch (status) {
    case 200:
        return tally->events ? read_result(tally, body) : read_bids(tally, body);
    case 204:
        return TALLY_NO_BID;
    case 400:
        return TALLY_400;
    case 503:
        return TALLY_503;
    default:
        return TALLY_OTHER;
    }
}

void tally_answer(struct tally *tally, int status, struct str body, uint64_t latency_us, uint64_t service_us,
                  bool late) {
    enum tally_outcome outcome = read_outcome(tally, status, body);
    tally->outcomes[outcome]++;
    quantiles_add(outcome == TALLY_503 ? &tally->shed : &tally->taken, service_us);
    tally->late += late;
    tally->bytes_in += body.n;
    quantiles_add(&tally->latency, latency_us);
    quantiles_add(&tally->service, service_us);
}

void tally_lost(struct tally *tally, enum outbound_outcome reason) {
    tally->outcomes[TALLY_LOST]++;
    tally->lost_by_reason[reason]++;
}

uint64_t tally_answered(const struct tally *tally) {
    uint64_t answered = 0;
    for (int i = 0; i < TALLY_LOST; i++)
        answered += tally->outcomes[i];
    return answered;
}

const char *tally_outcome_name(enum tally_outcome outcome) {
    static const char *const names[TALLY_OUTCOMES] = {
        [TALLY_BIDS] = "bids",         [TALLY_NO_BID] = "no_bid",       [TALLY_400] = "status_400",
        [TALLY_503] = "status_503",    [TALLY_OTHER] = "other",         [TALLY_BROKEN] = "broken",
        [TALLY_ACCEPTED] = "accepted", [TALLY_DUPLICATE] = "duplicate", [TALLY_REFUSED] = "refused",
        [TALLY_LOST] = "lost",
    };
    return names[outcome];
}
