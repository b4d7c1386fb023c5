/* Asking partners and taking their answers; see auction_gather.h. */
#include "auction_gather.h"

#include "auction_own.h"
#include "base/log.h"
#include "ledger/ledger.h"
#include "partner/partner_fit.h"

/* One partner's part in one auction. */
struct auction_call {
    struct auction *auction;
    struct partner *partner;
    struct outbound_call *call; /* NULL when it has ended */
    bool probe;
    enum partner_outcome outcome;
    uint64_t sent_us;
    uint64_t had_us;
    size_t request_bytes;
    struct partner_imp *imps; /* those it was asked about */
    size_t imp_count;
    bool *asked;                      /* for each imp of the request, whether it is among them */
    struct openrtb_response response; /* of PARTNER_BID */
};

/* ---- asking ---- */

static void on_answer(void *ctx, const struct outbound_result *result);

/* The imps that the partner is asked about, into imps; why it is none of them otherwise. */
static size_t fitting_imps(const struct auction *auction, const struct config_partner *partner,
                           struct partner_imp *imps, enum partner_skip *why) {
    size_t count = 0;
    *why = PARTNER_SKIP_UNFIT;
    if (!partner_fit_request(partner, &auction->request))
        return 0;
    for (size_t i = 0; i < auction->request.imp_count; i++) {
        imps[count].imp = &auction->request.imps[i];
        if (partner_fit_imp(partner, imps[count].imp, &imps[count].params, why))
            count++;
    }
    return count;
}

/* What is left for the partner. */
static uint64_t partner_time(const struct auction *auction, const struct config_partner *partner,
                             uint64_t now) {
    uint64_t timeout_us = (uint64_t)partner->timeout_ms * 1000;
    uint64_t left_us = auction->reply_at_us > now ? auction->reply_at_us - now : 0;
    return left_us < timeout_us ? left_us : timeout_us;
}

/* The tmax that it is told. */
static int64_t told_tmax(const struct config_partner *partner, uint64_t given_us) {
    return (int64_t)(given_us / 1000) - partner->tmax_margin_ms;
}

/* The shared part of all partner requests, written when the first partner fits. */
static struct str shared_part(struct auction *auction, const struct client_info *client) {
    struct exchange *exchange = auction->exchange;
    if (exchange->shared.n == 0) {
        buf_clear(&exchange->added_device, exchange->added_device.cap);
        partner_request_fill_device(&auction->request, client, &exchange->added_device);
        struct str added =
            exchange->added_device.failed ? (struct str){NULL, 0} : buf_view(&exchange->added_device);
        partner_request_write_shared(&auction->request, added, &exchange->shared);
    }
    return buf_view(&exchange->shared);
}

static void ask_partner(struct auction *auction, struct partner *partner, const struct client_info *client,
                        struct partner_imp *imps, bool *asked) {
    struct exchange *exchange = auction->exchange;
    uint64_t now = loop_now(exchange->loop);
    enum partner_skip why = PARTNER_SKIP_UNFIT;
    size_t imp_count = fitting_imps(auction, partner->config, imps, &why);
    if (imp_count == 0) {
        partner->stats->skips[why]++;
        return;
    }
    struct partner_admission admission = {.had_us = partner_time(auction, partner->config, now)};
    if (told_tmax(partner->config, admission.had_us) < 1) {
        partner->stats->skips[PARTNER_SKIP_NO_TIME]++;
        return;
    }
    if (!partner_admit(partner, auction->hash, now, &admission))
        return;
    struct buf *body = outbound_call_body(admission.call);
    struct str shared = shared_part(auction, client);
    int64_t tmax_ms = told_tmax(partner->config, admission.given_us);
    partner_request_write(shared, tmax_ms > 0 ? tmax_ms : 1, partner->config, imps, imp_count, body);
    if (exchange->shared.failed || body->failed) {
        bool starved = exchange->shared.starved || body->starved;
        partner_unsent(partner, &admission, starved ? PARTNER_SKIP_MEMORY : PARTNER_SKIP_TOO_LARGE);
        return;
    }
    struct auction_call *call = &auction->calls[auction->call_count];
    *call = (struct auction_call){.auction = auction,
                                  .partner = partner,
                                  .call = admission.call,
                                  .probe = admission.probe,
                                  .sent_us = now,
                                  .had_us = admission.had_us,
                                  .request_bytes = body->n,
                                  .imps = imps,
                                  .imp_count = imp_count,
                                  .asked = asked};
    for (size_t i = 0; i < imp_count; i++)
        asked[imps[i].imp - auction->request.imps] = true;
    auction->call_count++;
    auction->calls_pending++;
    outbound_send(call->call, now + admission.given_us, on_answer, call);
}

static int ask_partners(struct auction *auction, const struct client_info *client) {
    struct exchange *exchange = auction->exchange;
    uint32_t partner_count = exchange->partners.count;
    if (partner_count == 0)
        return 0;
    size_t imp_count = auction->request.imp_count;
    struct partner_imp *imps = arena_calloc(&auction->arena, partner_count * imp_count, sizeof *imps);
    auction->calls = arena_alloc(&auction->arena, partner_count * sizeof *auction->calls);
    bool *asked = arena_calloc(&auction->arena, partner_count * imp_count, sizeof *asked);
    if (!imps || !asked || !auction->calls)
        return -1;
    buf_clear(&exchange->shared, exchange->shared.cap);
    for (uint32_t i = 0; i < partner_count; i++)
        ask_partner(auction, &exchange->partners.items[i], client, imps + i * imp_count,
                    asked + i * imp_count);
    return 0;
}

int auction_gather_ask(struct auction *auction, const struct client_info *client) {
    if (ask_partners(auction, client) != 0)
        return -1;
    auction_own_ask(auction, client->language);
    return 0;
}

/* ---- answers ---- */

static enum partner_outcome outcome_of_failure(enum outbound_outcome outcome) {
    switch (outcome) {
    case OUTBOUND_TIMEOUT:
        return PARTNER_TIMEOUT;
    case OUTBOUND_CONNECT_FAILED:
        return PARTNER_CONNECT_FAILED;
    case OUTBOUND_TLS_FAILED:
        return PARTNER_TLS_FAILED;
    case OUTBOUND_TOO_LARGE:
        return PARTNER_TOO_LARGE;
    case OUTBOUND_NO_MEMORY:
        return PARTNER_NO_MEMORY;
    case OUTBOUND_BAD_ENCODING:
        return PARTNER_BAD_ANSWER;
    case OUTBOUND_ANSWERED:
    case OUTBOUND_BROKEN:
    case OUTBOUND_OUTCOMES:
        return PARTNER_BROKEN;
    }
    return PARTNER_BROKEN;
}

/* What clearing needs for all bids that were read. */
static size_t clearing_bytes(const struct auction *auction) {
    size_t bids = auction_own_bid_count(auction);
    size_t nonbids = auction->request.test && auction->own ? auction->request.imp_count : 0;
    for (uint32_t i = 0; i < auction->call_count; i++) {
        bids += auction->calls[i].response.bid_count;
        nonbids += auction->request.test ? auction->calls[i].imp_count : 0;
    }
    return bids * sizeof(struct bid) + nonbids * sizeof(struct answer_nonbid);
}

bool auction_gather_fits(const struct auction *auction) {
    return arena_has_room(&auction->arena, clearing_bytes(auction));
}

/* Parses a 200 answer into call->response. */
static enum partner_outcome parse_answer(struct auction_call *call, struct str body) {
    struct auction *auction = call->auction;
    struct openrtb_error error;
    struct str text = arena_dup(&auction->arena, body);
    if (!str_present(text))
        return PARTNER_NO_MEMORY;
    if (openrtb_response_parse(text, &auction->exchange->response_limits, &auction->arena, &call->response,
                               &error) != 0) {
        log_debug("auction", "bad answer auction=%016llx partner=%s path=%s reason=\"%s\"",
                  (unsigned long long)auction->id, call->partner->config->name.p, error.path, error.reason);
        return auction->arena.refused ? PARTNER_NO_MEMORY : PARTNER_BAD_ANSWER;
    }
    if (!auction_gather_fits(auction))
        return PARTNER_NO_MEMORY;
    if (!str_eq(call->response.id, auction->request.id)) {
        log_debug("auction", "answer to another request auction=%016llx partner=%s",
                  (unsigned long long)auction->id, call->partner->config->name.p);
        return PARTNER_BAD_ANSWER;
    }
    return call->response.bid_count ? PARTNER_BID : PARTNER_NO_BID;
}

/* Reads a 200 answer. One that is of no use leaves its memory to the others. */
static enum partner_outcome read_answer(struct auction_call *call, struct str body) {
    struct arena *arena = &call->auction->arena;
    if (body.n == 0)
        return PARTNER_NO_BID;
    struct arena_mark mark = arena_mark(arena);
    enum partner_outcome outcome = parse_answer(call, body);
    if (outcome != PARTNER_BID) {
        call->response = (struct openrtb_response){.bid_count = 0};
        arena_rewind(arena, mark);
    }
    return outcome;
}

static enum partner_outcome outcome_of(struct auction_call *call, const struct outbound_result *result) {
    if (result->outcome != OUTBOUND_ANSWERED)
        return outcome_of_failure(result->outcome);
    if (result->status == 204)
        return PARTNER_NO_BID;
    if (result->status != 200)
        return PARTNER_BAD_STATUS;
    return read_answer(call, result->body);
}

static void report(const struct auction_call *call, uint64_t took_us, size_t answer_bytes) {
    const struct exchange *exchange = call->auction->exchange;
    const struct partner_call_end end = {.outcome = call->outcome,
                                         .took_us = took_us,
                                         .had_us = call->had_us,
                                         .bytes = call->request_bytes + answer_bytes,
                                         .probe = call->probe,
                                         .behind = exchange->admission.shedding};
    partner_report(call->partner, loop_now(exchange->loop), &end);
}

static void on_answer(void *ctx, const struct outbound_result *result) {
    struct auction_call *call = ctx;
    struct auction *auction = call->auction;
    call->call = NULL;
    call->outcome = outcome_of(call, result);
    report(call, result->took_us, result->body.n);
    log_debug("auction", "answered auction=%016llx partner=%s outcome=%s us=%llu",
              (unsigned long long)auction->id, call->partner->config->name.p,
              partner_outcome_name(call->outcome), (unsigned long long)result->took_us);
    if (--auction->calls_pending == 0)
        auction_gathered(auction);
}

void auction_gather_abandon(struct auction *auction, enum partner_outcome why) {
    uint64_t now = loop_now(auction->exchange->loop);
    for (uint32_t i = 0; i < auction->call_count; i++) {
        struct auction_call *call = &auction->calls[i];
        if (!call->call)
            continue;
        outbound_abandon(call->call);
        call->call = NULL;
        call->outcome = why;
        report(call, now - call->sent_us, 0);
    }
    auction_own_abandon(auction, why);
    auction->calls_pending = 0;
}

/* ---- what came of it ---- */

int auction_gather_bids(struct auction *auction, struct bid **bids, size_t *count) {
    size_t total = auction_own_bid_count(auction);
    for (uint32_t i = 0; i < auction->call_count; i++)
        if (auction->calls[i].outcome == PARTNER_BID)
            total += auction->calls[i].response.bid_count;
    *count = 0;
    if (total == 0)
        return 0;
    *bids = arena_calloc(&auction->arena, total, sizeof **bids);
    if (!*bids)
        return -1;
    for (uint32_t i = 0; i < auction->call_count; i++) {
        struct auction_call *call = &auction->calls[i];
        if (call->outcome != PARTNER_BID)
            continue;
        const struct config_partner *partner = call->partner->config;
        for (size_t b = 0; b < call->response.bid_count; b++) {
            const struct openrtb_bid *in = &call->response.bids[b];
            (*bids)[(*count)++] = (struct bid){.in = in,
                                               .partner = partner,
                                               .partner_index = call->partner->index,
                                               .asked = call->asked,
                                               .seat = in->seat.n ? in->seat : partner->seat,
                                               .cur = call->response.cur.n ? call->response.cur : STR("USD"),
                                               .campaign = LEDGER_NONE};
        }
    }
    *count += auction_own_bids(auction, *bids + *count);
    return 0;
}

int auction_gather_nonbid_code(enum partner_outcome outcome) {
    switch (outcome) {
    case PARTNER_BID:
    case PARTNER_NO_BID:
        return 0;
    case PARTNER_TIMEOUT:
    case PARTNER_ABANDONED:
        return 101;
    case PARTNER_BAD_STATUS:
    case PARTNER_BAD_ANSWER:
    case PARTNER_TOO_LARGE:
        return 102;
    case PARTNER_CONNECT_FAILED:
    case PARTNER_TLS_FAILED:
    case PARTNER_BROKEN:
        return 103;
    case PARTNER_NO_MEMORY:
    case PARTNER_OUTCOMES:
        return 100;
    }
    return 100;
}

static bool bid_on(const struct auction_call *call, const struct openrtb_imp *imp) {
    if (call->outcome != PARTNER_BID)
        return false;
    for (size_t b = 0; b < call->response.bid_count; b++)
        if (str_eq(call->response.bids[b].impid, imp->id))
            return true;
    return false;
}

int auction_gather_nonbids(struct auction *auction, struct answer_nonbid **nonbids, size_t *count) {
    size_t total = auction->own ? auction->request.imp_count : 0;
    for (uint32_t i = 0; i < auction->call_count; i++)
        total += auction->calls[i].imp_count;
    *count = 0;
    if (total == 0)
        return 0;
    *nonbids = arena_calloc(&auction->arena, total, sizeof **nonbids);
    if (!*nonbids)
        return -1;
    for (uint32_t i = 0; i < auction->call_count; i++) {
        const struct auction_call *call = &auction->calls[i];
        for (size_t j = 0; j < call->imp_count; j++) {
            const struct openrtb_imp *imp = call->imps[j].imp;
            if (!bid_on(call, imp))
                (*nonbids)[(*count)++] =
                    (struct answer_nonbid){.seat = call->partner->config->seat,
                                           .imp = imp,
                                           .code = auction_gather_nonbid_code(call->outcome)};
        }
    }
    *count += auction_own_nonbids(auction, *nonbids + *count);
    return 0;
}
