/* The life of an auction; see auction.h. Functions stand in the order in which they happen. */
#include "auction.h"

#include <stdlib.h>

#include "auction_clearing.h"
#include "auction_gather.h"
#include "auction_hold.h"
#include "base/budget.h"
#include "base/hash.h"
#include "base/log.h"
#include "bid/answer.h"
#include "event_log/event_auction.h"
#include "notice/notice_auction.h"

#define SPARE_AUCTIONS    256
#define ANSWER_KEEP_BYTES 65536 /* of the answer buffer between auctions */

enum { /* no-bid reason codes (AdCOM 1.0, List: No-Bid Reason Codes) */
       NBR_UNKNOWN = 0,
       NBR_TECHNICAL = 1,
       NBR_INSUFFICIENT_TIME = 14
};

/* ---- states ---- */

/* The moves that are legal: a bit for each next state. */
static const unsigned legal_moves[AUCTION_STATES] = {
    [AUCTION_PARSING] = 1u << AUCTION_GATHERING | 1u << AUCTION_REPLYING,
    [AUCTION_GATHERING] = 1u << AUCTION_CLEARING | 1u << AUCTION_DONE,
    [AUCTION_CLEARING] = 1u << AUCTION_REPLYING,
    [AUCTION_REPLYING] = 1u << AUCTION_DONE,
    [AUCTION_DONE] = 0,
};

static void auction_set_state(struct auction *auction, enum auction_state state) {
    enum auction_state from = auction->state;
    if (!(legal_moves[from] & 1u << state)) {
        log_error("auction", "illegal move auction=%016llx from=%s to=%s", (unsigned long long)auction->id,
                  auction_state_name(from), auction_state_name(state));
        abort();
    }
    log_debug("auction", "state auction=%016llx from=%s to=%s", (unsigned long long)auction->id,
              auction_state_name(from), auction_state_name(state));
    auction->state = state;
    auction->exchange->stats->auctions_live[from]--;
    if (state != AUCTION_DONE)
        auction->exchange->stats->auctions_live[state]++;
}

/* ---- beginning and end ---- */

static void on_deadline(void *ctx);

static struct budget *budget_of(const struct exchange *exchange) {
    return exchange->budgets ? &exchange->budgets->kinds[BUDGET_AUCTIONS] : NULL;
}

/* NULL: there is no memory for it. */
static struct auction *auction_create(struct exchange *exchange) {
    struct auction *auction = exchange->spare;
    if (!budget_charge(budget_of(exchange), sizeof *auction))
        return NULL;
    if (auction) {
        exchange->spare = auction->next_spare;
        exchange->spare_count--;
    } else {
        auction = malloc(sizeof *auction);
        if (!auction) {
            budget_return(budget_of(exchange), sizeof *auction);
            return NULL;
        }
    }
    *auction = (struct auction){.exchange = exchange, .state = AUCTION_PARSING};
    auction->id = exchange->id_seed + ++exchange->next_id;
    arena_init(&auction->arena, &exchange->arenas, exchange->config->openrtb.arena_bytes);
    timer_init(&auction->deadline, exchange->loop, on_deadline, auction);
    exchange->live++;
    exchange->stats->auctions_live[AUCTION_PARSING]++;
    return auction;
}

/* The one place where an auction's memory ends. */
static void auction_destroy(struct auction *auction) {
    struct exchange *exchange = auction->exchange;
    auction_set_state(auction, AUCTION_DONE);
    timer_disarm(&auction->deadline);
    arena_reset(&auction->arena);
    budget_return(budget_of(exchange), sizeof *auction);
    exchange->live--;
    if (exchange->spare_count >= SPARE_AUCTIONS) {
        free(auction);
        return;
    }
    auction->next_spare = exchange->spare;
    exchange->spare = auction;
    exchange->spare_count++;
}

void auction_free_spares(struct exchange *exchange) {
    while (exchange->spare) {
        struct auction *auction = exchange->spare;
        exchange->spare = auction->next_spare;
        free(auction);
    }
    exchange->spare_count = 0;
}

/* ---- REPLYING ---- */

/* Before the reply: the request's text is its owner's, and may go with it. */
static void auction_record(const struct auction *auction, uint64_t took_us) {
    struct event_auction line = {.id = auction->id,
                                 .request = &auction->request,
                                 .end = auction_end_name(auction->end),
                                 .took_us = took_us,
                                 .user = auction->user,
                                 .currency = auction->currency,
                                 .bids = auction->bids,
                                 .bid_count = auction->bid_count};
    event_auction_log(auction->exchange->event_log, &line);
}

static void auction_reply(struct auction *auction, enum request_outcome outcome, int status,
                          struct str body) {
    struct exchange *exchange = auction->exchange;
    struct auction_reply reply = {.outcome = outcome, .status = status, .body = body, .exchange = exchange};
    auction_reply_fn fn = auction->reply;
    void *ctx = auction->reply_ctx;
    uint64_t now = loop_clock(exchange->loop); /* a turn that lasts is part of the latency */
    auction_set_state(auction, AUCTION_REPLYING);
    exchange->stats->requests[outcome]++;
    admission_finished(&exchange->admission);
    histogram_add(&exchange->stats->latency, now - auction->started_us);
    if (auction->tmax_us && now > auction->started_us + auction->tmax_us)
        exchange->stats->auctions_late++;
    if (outcome == REQUEST_BIDS || outcome == REQUEST_NO_BID)
        auction_record(auction, now - auction->started_us);
    fn(ctx, &reply);
    auction_destroy(auction);
}

static int overload_status(const struct config *config) {
    return config->memory.overload_answer == OVERLOAD_204 ? 204 : 503;
}

/* For want of memory, our own or the budget's. */
static void reply_failed(struct auction *auction) {
    struct exchange *exchange = auction->exchange;
    if (!auction->arena.starved && !exchange->answer.starved) {
        auction_reply(auction, REQUEST_FAILED, 500, (struct str){NULL, 0});
        return;
    }
    exchange->stats->shed[SHED_MEMORY]++;
    auction_reply(auction, REQUEST_OVERLOAD, overload_status(exchange->config), (struct str){NULL, 0});
}

/* Partners' notices of what is about to be answered; a test is nobody's business. */
static void auction_tell(const struct auction *auction, const struct answer_input *input) {
    if (auction->request.test)
        return;
    bool by_client = auction->exchange->config->notices.nurl == NURL_WIN;
    struct notice_auction ended = {.request = &auction->request,
                                   .bids = auction->bids,
                                   .bid_count = auction->bid_count,
                                   .bid_id = input->bid_id,
                                   .all_bids = input->all_bids,
                                   .won_here = input->urls && !by_client && !input->all_bids};
    notice_auction_ended(auction->exchange->notices, &ended);
}

static void reply_no_bid(struct auction *auction, const struct answer_input *input, int nbr) {
    struct exchange *exchange = auction->exchange;
    auction_tell(auction, input);
    if (!auction->request.test && !exchange->config->auction.no_bid_as_200) {
        auction_reply(auction, REQUEST_NO_BID, 204, (struct str){NULL, 0});
        return;
    }
    struct buf *out = &exchange->answer;
    buf_clear(out, ANSWER_KEEP_BYTES);
    answer_write_no_bid(input, nbr, out);
    if (out->failed)
        reply_failed(auction);
    else
        auction_reply(auction, REQUEST_NO_BID, 200, buf_view(out));
}

static void reply_bids(struct auction *auction, const struct answer_input *input) {
    struct buf *out = &auction->exchange->answer;
    buf_clear(out, ANSWER_KEEP_BYTES);
    answer_write(input, out);
    if (out->failed) {
        auction_hold_release(auction, auction->bids, auction->bid_count);
        reply_failed(auction);
    } else {
        auction_tell(auction, input);
        auction_reply(auction, REQUEST_BIDS, 200, buf_view(out));
    }
}

static void reply_invalid(struct auction *auction, const struct openrtb_error *error) {
    struct exchange *exchange = auction->exchange;
    struct buf *out = &exchange->answer;
    buf_clear(out, ANSWER_KEEP_BYTES);
    answer_write_invalid(exchange->config->auction.debug ? error : NULL, out);
    log_debug("auction", "invalid auction=%016llx path=%s reason=\"%s\"", (unsigned long long)auction->id,
              error->path, error->reason);
    if (out->failed)
        reply_failed(auction);
    else
        auction_reply(auction, REQUEST_INVALID, 400, buf_view(out));
}

/* ---- CLEARING ---- */

void auction_write_id(const struct auction *auction, char out[AUCTION_ID_BYTES]) {
    uint64_t id = auction->id;
    for (int i = AUCTION_ID_BYTES - 1; i >= 0; i--, id >>= 4)
        out[i] = "0123456789abcdef"[id & 15];
}

static void auction_clear(struct auction *auction, enum auction_end end) {
    auction_set_state(auction, AUCTION_CLEARING);
    auction_gather_abandon(auction, PARTNER_TIMEOUT);
    auction->exchange->stats->auctions[end]++;
    auction->end = end;
    struct auction_clearing clearing;
    if (auction_clearing_run(auction, &clearing) != 0) {
        reply_failed(auction);
        return;
    }
    char bid_id[AUCTION_ID_BYTES];
    auction_write_id(auction, bid_id);
    struct answer_input input = {.rules = &clearing.rules,
                                 .bids = auction->bids,
                                 .bid_count = auction->bid_count,
                                 .bid_id = {bid_id, AUCTION_ID_BYTES},
                                 .urls = clearing.has_urls ? &clearing.urls : NULL,
                                 .all_bids = clearing.all_bids,
                                 .seat_non_bid = auction->request.test,
                                 .nonbids = clearing.nonbids,
                                 .nonbid_count = clearing.nonbid_count};
    if (clearing.valid)
        reply_bids(auction, &input);
    else
        reply_no_bid(auction, &input, end == AUCTION_END_NO_TIME ? NBR_INSUFFICIENT_TIME : NBR_UNKNOWN);
}

/* ---- GATHERING ---- */

static void on_deadline(void *ctx) {
    auction_clear(ctx, AUCTION_END_DEADLINE);
}

/* The last call may have ended by the deadline that it shares with its auction, a moment before
 * on_deadline(). */
void auction_gathered(struct auction *auction) {
    bool in_time = loop_now(auction->exchange->loop) < auction->reply_at_us;
    auction_clear(auction, in_time ? AUCTION_END_COMPLETE : AUCTION_END_DEADLINE);
}

/* True while the auction waits for somebody; false when it was answered. */
static bool auction_gather(struct auction *auction, const struct client_info *client) {
    struct exchange *exchange = auction->exchange;
    uint64_t now = loop_now(exchange->loop);
    auction_set_state(auction, AUCTION_GATHERING);
    exchange->stats->imps += auction->request.imp_count;
    if (auction->tmax_us < (uint64_t)exchange->config->auction.tmax_min_ms * 1000 ||
        now >= auction->reply_at_us) {
        auction_clear(auction, AUCTION_END_NO_TIME);
        return false;
    }
    bool asked = auction_gather_ask(auction, client) == 0;
    if (!asked && auction->arena.starved) {
        auction_set_state(auction, AUCTION_CLEARING);
        reply_failed(auction);
        return false;
    }
    if (asked && auction->calls_pending > 0 && timer_arm(&auction->deadline, auction->reply_at_us) == 0)
        return true;
    auction_clear(auction, AUCTION_END_NOBODY);
    return false;
}

/* ---- PARSING ---- */

static void set_deadline(struct auction *auction) {
    const struct config *config = auction->exchange->config;
    uint64_t tmax_ms = config->auction.tmax_default_ms;
    if (auction->request.tmax != OPENRTB_ABSENT && auction->request.tmax > 0)
        tmax_ms = (uint64_t)auction->request.tmax;
    if (tmax_ms > config->auction.tmax_max_ms)
        tmax_ms = config->auction.tmax_max_ms;
    auction->tmax_us = tmax_ms * 1000;
    uint64_t margin_us = (uint64_t)config->auction.reply_margin_ms * 1000;
    auction->reply_at_us =
        auction->started_us + (auction->tmax_us > margin_us ? auction->tmax_us - margin_us : 0);
}

/* Whether the request waited until now so long that its answer would be late. */
static bool waited_too_long(const struct auction *auction) {
    uint64_t now = loop_clock(auction->exchange->loop);
    return now > auction->started_us && auction->reply_at_us > auction->started_us &&
           now >= auction->reply_at_us;
}

/* Whether the request is let in; *why is the reason when it is not. */
static bool admit(struct exchange *exchange, uint64_t started_us, enum shed_reason *why) {
    const struct admission_moment moment = {.now_us = loop_clock(exchange->loop),
                                            .turn_us = loop_turn(exchange->loop),
                                            .came_after_us = loop_came_after(exchange->loop),
                                            .busy_us = loop_busy(exchange->loop),
                                            .started_us = started_us};
    histogram_add(&exchange->stats->waited, moment.now_us > started_us ? moment.now_us - started_us : 0);
    *why = SHED_CONCURRENCY;
    return exchange->live < exchange->config->auction.max_concurrent &&
           admission_admit(&exchange->admission, &moment, why);
}

void auction_refuse(struct exchange *exchange, enum shed_reason why, auction_reply_fn reply, void *ctx) {
    const struct auction_reply refusal = {
        .outcome = REQUEST_OVERLOAD, .status = overload_status(exchange->config), .exchange = exchange};
    exchange->stats->shed[why]++;
    exchange->stats->requests[REQUEST_OVERLOAD]++;
    reply(ctx, &refusal);
}

struct auction *auction_start(struct exchange *exchange, const struct auction_input *input,
                              auction_reply_fn reply, void *ctx) {
    enum shed_reason why = SHED_CONCURRENCY;
    bool admitted = admit(exchange, input->started_us, &why);
    struct auction *auction = admitted ? auction_create(exchange) : NULL;
    if (!auction) {
        auction_refuse(exchange, admitted ? SHED_MEMORY : why, reply, ctx);
        return NULL;
    }
    auction->reply = reply;
    auction->reply_ctx = ctx;
    auction->started_us = input->started_us;
    struct openrtb_error error;
    if (openrtb_request_parse(input->body, &exchange->request_limits, &auction->arena, &auction->request,
                              &error) != 0) {
        if (auction->arena.starved)
            reply_failed(auction);
        else
            reply_invalid(auction, &error);
        return NULL;
    }
    auction->hash = hash_bytes(auction->request.id, 0);
    auction->user = auction_hold_user(auction);
    set_deadline(auction);
    if (UNLIKELY(waited_too_long(auction))) {
        exchange->stats->shed[SHED_DEADLINE]++;
        auction_reply(auction, REQUEST_OVERLOAD, overload_status(exchange->config), (struct str){NULL, 0});
        return NULL;
    }
    return auction_gather(auction, &input->client) ? auction : NULL;
}

void auction_cancel(struct auction *auction) {
    auction_gather_abandon(auction, PARTNER_ABANDONED);
    auction->exchange->stats->requests[REQUEST_CANCELLED]++;
    auction_destroy(auction);
}
