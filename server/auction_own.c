/* Own campaigns in one auction; see auction_own.h. Functions stand in the order in which they happen. */
#include "auction_own.h"

#include <time.h>

#include "auction_gather.h"
#include "base/hash.h"
#include "base/log.h"
#include "campaign/campaign_bid.h"
#include "ledger/ledger.h"
#include "ledger/users.h"

struct auction_own {
    struct auction *auction;
    struct pool_job *job; /* NULL when it has ended */
    uint64_t sent_us;
    enum partner_outcome outcome;
    const struct openrtb_imp **imps; /* of each imp of the job, the request's */
    uint32_t imp_count;
    bool *asked; /* for each imp of the request, whether it is among them */
    struct campaign_bids bids;
};

static struct partner_stats *own_stats(const struct auction *auction) {
    return &auction->exchange->stats->partners[STATS_OWN];
}

/* ---- asking ---- */

static void on_answer(void *ctx, const struct answer *answer);

static enum campaign_job_result make_job(const struct auction *auction, struct str language) {
    const struct exchange *exchange = auction->exchange;
    struct campaign_job_input input = {.request = &auction->request,
                                       .rates = exchange->rates,
                                       .seat = exchange->own.seat,
                                       .language = language,
                                       .bids_per_imp = exchange->config->campaigns.bids_per_imp,
                                       .least_ctr = exchange->config->campaigns.least_ctr,
                                       .deadline_us = auction->reply_at_us,
                                       .now = (int64_t)time(NULL),
                                       .salt = auction->id,
                                       .ledger = exchange->ledger};
    struct user_profile profile;
    if (exchange->users && auction->user && users_read(exchange->users, auction->user, input.now, &profile))
        input.profile = &profile;
    return campaign_job_make(exchange->own_job, &input);
}

/* What is remembered of the job until its answer comes; NULL when the arena is full. */
static struct auction_own *remember(struct auction *auction, const struct campaign_job *made) {
    struct arena *arena = &auction->arena;
    struct auction_own *own = arena_calloc(arena, 1, sizeof *own);
    const struct openrtb_imp **imps = arena_calloc(arena, made->job.imp_count, sizeof *imps);
    bool *asked = arena_calloc(arena, auction->request.imp_count, sizeof *asked);
    if (!own || !imps || !asked)
        return NULL;
    for (uint32_t i = 0; i < made->job.imp_count; i++) {
        imps[i] = made->imps[i];
        asked[made->imps[i] - auction->request.imps] = true;
    }
    *own = (struct auction_own){.auction = auction,
                                .sent_us = loop_now(auction->exchange->loop),
                                .outcome = PARTNER_NO_BID,
                                .imps = imps,
                                .imp_count = made->job.imp_count,
                                .asked = asked};
    return own;
}

/* Why there was no job, or PARTNER_SKIPS when there is one. */
static enum partner_skip submit(struct auction *auction, struct str language) {
    struct exchange *exchange = auction->exchange;
    switch (make_job(auction, language)) {
    case CAMPAIGN_JOB:
        break;
    case CAMPAIGN_NOT_NAMED:
        return PARTNER_SKIP_NOT_NAMED;
    case CAMPAIGN_UNFIT:
        return PARTNER_SKIP_UNFIT;
    }
    struct auction_own *own = remember(auction, exchange->own_job);
    if (!own)
        return PARTNER_SKIP_TOO_LARGE;
    own->job = pool_submit(exchange->pool, &exchange->own_job->job, on_answer, own);
    if (!own->job)
        return PARTNER_SKIP_IN_FLIGHT;
    auction->own = own;
    auction->calls_pending++;
    return PARTNER_SKIPS;
}

void auction_own_ask(struct auction *auction, struct str language) {
    struct exchange *exchange = auction->exchange;
    if (!exchange->pool)
        return;
    if (!pool_serves(exchange->pool)) {
        exchange->stats->pool.shed_no_worker++;
        return;
    }
    struct arena_mark mark = arena_mark(&auction->arena);
    enum partner_skip why = submit(auction, language);
    if (why == PARTNER_SKIPS)
        return;
    arena_rewind(&auction->arena, mark);
    own_stats(auction)->skips[why]++;
}

/* ---- the answer ---- */

static void ended(struct auction_own *own, enum partner_outcome outcome) {
    struct auction *auction = own->auction;
    struct partner_stats *stats = own_stats(auction);
    uint64_t took_us = loop_now(auction->exchange->loop) - own->sent_us;
    own->job = NULL;
    own->outcome = outcome;
    stats->outcomes[outcome]++;
    if (outcome != PARTNER_ABANDONED)
        histogram_add(&stats->latency, took_us);
    log_debug("auction", "answered auction=%016llx partner=%s outcome=%s us=%llu",
              (unsigned long long)auction->id, auction->exchange->own.name.p, partner_outcome_name(outcome),
              (unsigned long long)took_us);
}

/* Makes bids of the answer. Where the arena can't take them they leave no trace. */
static enum partner_outcome read_bids(struct auction_own *own, const struct answer *answer) {
    struct auction *auction = own->auction;
    char id[AUCTION_ID_BYTES];
    auction_write_id(auction, id);
    struct campaign_bid_input input = {.request = &auction->request,
                                       .answer = answer,
                                       .imps = own->imps,
                                       .imp_count = own->imp_count,
                                       .auction_id = {id, sizeof id}};
    struct arena_mark mark = arena_mark(&auction->arena);
    if (campaign_bid_make(&input, &auction->arena, &own->bids) == 0 && auction_gather_fits(auction))
        return own->bids.count ? PARTNER_BID : PARTNER_NO_BID;
    own->bids = (struct campaign_bids){.count = 0};
    arena_rewind(&auction->arena, mark);
    return PARTNER_NO_MEMORY;
}

static enum partner_outcome outcome_of(struct auction_own *own, const struct answer *answer) {
    if (!answer)
        return PARTNER_BROKEN;
    switch (answer->status) {
    case ANSWER_DONE:
        return read_bids(own, answer);
    case ANSWER_LATE:
        return PARTNER_TIMEOUT;
    case ANSWER_NO_TABLE:
    case ANSWER_FAULT:
    case ANSWER_STATUSES:
        break;
    }
    return PARTNER_BAD_ANSWER;
}

static void on_answer(void *ctx, const struct answer *answer) {
    struct auction_own *own = ctx;
    struct auction *auction = own->auction;
    ended(own, outcome_of(own, answer));
    if (--auction->calls_pending == 0)
        auction_gathered(auction);
}

void auction_own_abandon(struct auction *auction, enum partner_outcome why) {
    struct auction_own *own = auction->own;
    if (!own || !own->job)
        return;
    pool_abandon(own->job);
    ended(own, why);
}

/* ---- what came of it ---- */

size_t auction_own_bid_count(const struct auction *auction) {
    return auction->own ? auction->own->bids.count : 0;
}

/* The campaign's number in the ledger: front ends know of campaigns what bids tell them. */
static uint32_t note_campaign(const struct exchange *exchange, const struct campaign_bid *bid) {
    struct ledger_campaign_facts facts = {.key = hash_bytes(bid->bid.cid, 0),
                                          .id = bid->bid.cid,
                                          .daily_budget = bid->daily_budget,
                                          .frequency = bid->frequency,
                                          .frequency_hours = bid->frequency_hours};
    return exchange->ledger ? ledger_campaign_note(exchange->ledger, &facts, (int64_t)time(NULL))
                            : LEDGER_NONE;
}

size_t auction_own_bids(const struct auction *auction, struct bid *bids) {
    const struct auction_own *own = auction->own;
    const struct exchange *exchange = auction->exchange;
    size_t count = auction_own_bid_count(auction);
    for (size_t i = 0; i < count; i++)
        bids[i] = (struct bid){.in = &own->bids.items[i].bid,
                               .partner = &exchange->own,
                               .partner_index = STATS_OWN,
                               .asked = own->asked,
                               .seat = exchange->own.seat,
                               .cur = own->bids.items[i].cur,
                               .campaign = note_campaign(exchange, &own->bids.items[i])};
    return count;
}

static bool bid_on(const struct auction_own *own, const struct openrtb_imp *imp) {
    for (size_t i = 0; i < own->bids.count; i++)
        if (str_eq(own->bids.items[i].bid.impid, imp->id))
            return true;
    return false;
}

size_t auction_own_nonbids(const struct auction *auction, struct answer_nonbid *nonbids) {
    const struct auction_own *own = auction->own;
    size_t count = 0;
    for (size_t i = 0; own && i < auction->request.imp_count; i++) {
        const struct openrtb_imp *imp = &auction->request.imps[i];
        if (own->asked[i] && !bid_on(own, imp))
            nonbids[count++] = (struct answer_nonbid){.seat = auction->exchange->own.seat,
                                                      .imp = imp,
                                                      .code = auction_gather_nonbid_code(own->outcome)};
    }
    return count;
}
