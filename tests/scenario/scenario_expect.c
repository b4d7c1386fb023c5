/*
 * What a scenario expects after a play:
 *
 *   expect status 200 | expect no-reply
 *   expect reply 20ms                   the reply's time after the start, exactly
 *   expect winner IMP SEAT PRICE        the first bid of that imp in the answer
 *   expect no-winner IMP
 *   expect bids N                       bids in the answer
 *   expect asked NAME N                 calls to that partner in the play
 *   expect sent NAME TEXT               its last request has that text (to the end of the line)
 *   expect not-sent NAME TEXT
 *   expect told NAME KIND N             notices of that kind sent to the partner since the scenario's start
 *   expect notice NAME TEXT             its last notice has that text; "expect notice NAME": there was none
 *   expect body TEXT | expect not-body TEXT
 *   expect outcome NAME OUTCOME N       the partner's counter since the scenario's start; NAME own: own
 * campaigns' expect skip NAME REASON N expect refused NAME REASON N expect wins NAME N expect jobs N scoring
 * jobs since the scenario's start expect requests OUTCOME N expect end END N                    auctions by
 * end expect breaker NAME STATE
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "openrtb/openrtb_response.h"
#include "scenario.h"

static uint64_t number(struct str text) {
    char copy[32];
    snprintf(copy, sizeof copy, "%.*s", STR_ARG(text));
    return strtoull(copy, NULL, 10);
}

static bool contains(struct str text, struct str part) {
    return text.n >= part.n && text.p && memmem(text.p, text.n, part.p, part.n) != NULL;
}

static const struct partner *partner_of(struct scenario *s, struct str name) {
    for (uint32_t i = 0; i < s->exchange.partners.count; i++)
        if (str_eq(s->exchange.partners.items[i].config->name, name))
            return &s->exchange.partners.items[i];
    scenario_fail(s, "no partner %.*s", STR_ARG(name));
}

static const struct partner_stats *stats_of(struct scenario *s, struct str name) {
    return str_eq(name, STR("own")) ? &s->stats->slots[0].partners[STATS_OWN] : partner_of(s, name)->stats;
}

static void expect_number(struct scenario *s, struct str what, uint64_t got, struct str wanted) {
    if (got != number(wanted))
        scenario_fail(s, "%.*s: got %llu, wanted %.*s", STR_ARG(what), (unsigned long long)got,
                      STR_ARG(wanted));
}

/* ---- the answer's bids ---- */

static void read_answer(struct scenario *s, struct arena *arena, struct openrtb_response *response) {
    struct openrtb_response_limits limits;
    openrtb_response_limits_default(&limits);
    struct openrtb_error error;
    if (openrtb_response_parse(s->last.body, &limits, arena, response, &error) != 0)
        scenario_fail(s, "the answer is no bid response: %s: %s", error.path, error.reason);
}

static const struct openrtb_bid *first_bid(const struct openrtb_response *response, struct str impid) {
    for (size_t i = 0; i < response->bid_count; i++)
        if (str_eq(response->bids[i].impid, impid))
            return &response->bids[i];
    return NULL;
}

static void expect_answer(struct scenario *s, struct str what, struct str rest) {
    struct arena_pool pool;
    struct arena arena;
    arena_pool_init(&pool, 4);
    arena_init(&arena, &pool, 1 << 22);
    struct openrtb_response response = {0};
    if (s->replies == 1 && s->last.status == 200)
        read_answer(s, &arena, &response);
    struct str first = scenario_word(&rest);
    const struct openrtb_bid *bid = first_bid(&response, first);
    if (str_eq(what, STR("bids"))) {
        expect_number(s, what, response.bid_count, first);
    } else if (str_eq(what, STR("no-winner"))) {
        if (bid)
            scenario_fail(s, "imp %.*s has a winner", STR_ARG(first));
    } else {
        struct str seat = scenario_word(&rest);
        char price[32];
        snprintf(price, sizeof price, "%.*s", STR_ARG(rest));
        if (!bid)
            scenario_fail(s, "imp %.*s has no winner", STR_ARG(first));
        if (!str_eq(bid->seat, seat) || fabs(bid->price - strtod(price, NULL)) > 1e-9)
            scenario_fail(s, "imp %.*s: won by %.*s at %.9g", STR_ARG(first), STR_ARG(bid->seat), bid->price);
    }
    arena_reset(&arena);
    arena_pool_cleanup(&pool);
}

/* ---- partners ---- */

static void expect_sent(struct scenario *s, struct str what, struct str rest) {
    struct str name = scenario_word(&rest);
    struct str body = fake_outbound_last_body(partner_of(s, name)->target);
    if (contains(body, rest) != str_eq(what, STR("sent")))
        scenario_fail(s, "%.*s %.*s: %.*s", STR_ARG(what), STR_ARG(name), STR_ARG(body));
}

static void expect_told(struct scenario *s, struct str what, struct str rest) {
    const struct partner *partner = partner_of(s, scenario_word(&rest));
    struct str label = scenario_word(&rest);
    for (int i = 0; i < NOTICE_KINDS; i++)
        if (str_eq(label, str_from(notice_kind_name((enum notice_kind)i)))) {
            expect_number(s, label, s->stats->slots[0].notices[partner->index].sent[i], rest);
            return;
        }
    scenario_fail(s, "no %.*s called %.*s", STR_ARG(what), STR_ARG(label));
}

static void expect_notice(struct scenario *s, struct str what, struct str rest) {
    char name[64];
    (void)what;
    snprintf(name, sizeof name, "%.*s notices", STR_ARG(scenario_word(&rest)));
    const struct outbound_target *target = fake_outbound_find(s->outbound, str_from(name));
    struct str path = target ? fake_outbound_last_path(target) : STR("");
    if (rest.n ? !contains(path, rest) : path.n > 0)
        scenario_fail(s, "the last notice of %s: %.*s", name, STR_ARG(path));
}

static uint64_t counter(struct scenario *s, struct str what, const struct partner_stats *stats,
                        struct str label) {
    if (str_eq(what, STR("outcome")))
        for (int i = 0; i < PARTNER_OUTCOMES; i++)
            if (str_eq(label, str_from(partner_outcome_name((enum partner_outcome)i))))
                return stats->outcomes[i];
    if (str_eq(what, STR("skip")))
        for (int i = 0; i < PARTNER_SKIPS; i++)
            if (str_eq(label, str_from(partner_skip_name((enum partner_skip)i))))
                return stats->skips[i];
    if (str_eq(what, STR("refused")))
        for (int i = 0; i < BID_REFUSALS; i++)
            if (str_eq(label, str_from(bid_refusal_name((enum bid_refusal)i))))
                return stats->refused[i];
    scenario_fail(s, "no %.*s called %.*s", STR_ARG(what), STR_ARG(label));
}

static void expect_counter(struct scenario *s, struct str what, struct str rest) {
    const struct partner_stats *stats = stats_of(s, scenario_word(&rest));
    if (str_eq(what, STR("wins"))) {
        expect_number(s, what, stats->wins, rest);
        return;
    }
    struct str label = scenario_word(&rest);
    expect_number(s, label, counter(s, what, stats, label), rest);
}

static void expect_jobs(struct scenario *s, struct str what, struct str rest) {
    expect_number(s, what, s->stats->slots[0].pool.jobs, rest);
}

static void expect_partner(struct scenario *s, struct str what, struct str rest) {
    const struct partner *partner = partner_of(s, scenario_word(&rest));
    if (str_eq(what, STR("asked"))) {
        expect_number(s, what, fake_outbound_calls(partner->target), rest);
    } else {
        const char *state = breaker_state_name(partner->breaker.state);
        if (!str_eq(rest, str_from(state)))
            scenario_fail(s, "breaker is %s", state);
    }
}

/* ---- the exchange ---- */

static void expect_total(struct scenario *s, struct str what, struct str rest) {
    const struct stats_slot *slot = &s->stats->slots[0];
    struct str label = scenario_word(&rest);
    if (str_eq(what, STR("requests")))
        for (int i = 0; i < REQUEST_OUTCOMES; i++)
            if (str_eq(label, str_from(request_outcome_name((enum request_outcome)i)))) {
                expect_number(s, label, slot->requests[i], rest);
                return;
            }
    if (str_eq(what, STR("shed")))
        for (int i = 0; i < SHED_REASONS; i++)
            if (str_eq(label, str_from(shed_reason_name((enum shed_reason)i)))) {
                expect_number(s, label, slot->shed[i], rest);
                return;
            }
    if (str_eq(what, STR("end")))
        for (int i = 0; i < AUCTION_ENDS; i++)
            if (str_eq(label, str_from(auction_end_name((enum auction_end)i)))) {
                expect_number(s, label, slot->auctions[i], rest);
                return;
            }
    scenario_fail(s, "no %.*s called %.*s", STR_ARG(what), STR_ARG(label));
}

static void expect_reply(struct scenario *s, struct str what, struct str rest) {
    if (str_eq(what, STR("no-reply"))) {
        if (s->replies)
            scenario_fail(s, "there was a reply");
        return;
    }
    if (s->replies != 1)
        scenario_fail(s, "no reply");
    if (str_eq(what, STR("status"))) {
        expect_number(s, what, (uint64_t)s->last.status, rest);
    } else if (str_eq(what, STR("reply"))) {
        uint64_t took_us = s->replied_us - s->started_us;
        if (took_us != scenario_time(s, rest))
            scenario_fail(s, "replied after %llu us", (unsigned long long)took_us);
    } else if (contains(s->last.body, rest) != str_eq(what, STR("body"))) {
        scenario_fail(s, "%.*s %.*s", STR_ARG(what), STR_ARG(rest));
    }
}

void scenario_expect(struct scenario *s, struct str rest) {
    static const struct {
        const char *word;
        void (*check)(struct scenario *s, struct str what, struct str rest);
    } checks[] = {
        {"status", expect_reply},     {"no-reply", expect_reply},  {"reply", expect_reply},
        {"body", expect_reply},       {"not-body", expect_reply},  {"winner", expect_answer},
        {"no-winner", expect_answer}, {"bids", expect_answer},     {"sent", expect_sent},
        {"not-sent", expect_sent},    {"asked", expect_partner},   {"outcome", expect_counter},
        {"skip", expect_counter},     {"refused", expect_counter}, {"wins", expect_counter},
        {"jobs", expect_jobs},        {"breaker", expect_partner}, {"requests", expect_total},
        {"end", expect_total},        {"told", expect_told},       {"notice", expect_notice},
        {"shed", expect_total},
    };
    struct str what = scenario_word(&rest);
    for (size_t i = 0; i < COUNT_OF(checks); i++)
        if (str_eq(what, str_from(checks[i].word))) {
            checks[i].check(s, what, rest);
            return;
        }
    scenario_fail(s, "can't expect %.*s", STR_ARG(what));
}
