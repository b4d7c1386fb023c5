/*
 * One auction, from a request's bytes to its answer. A newcomer starts reading here.
 *
 *   PARSING    auction_start() asks the admission (admission/admission.h), reads and validates the request
 *              into the auction's arena. An invalid request, or one whose tmax has passed while it waited for
 *              its turn, goes straight to REPLYING.
 *   GATHERING  every partner that fits was asked, and the workers about own campaigns, all at once; the
 *              auction waits for their answers and for nothing longer than its deadline.
 *   CLEARING   all answers are in, or the deadline came: bids are checked, ranked and priced. Calls
 *              that still run, and the scoring job, are abandoned: they end by themselves, their answers
 *              unused.
 *   REPLYING   the answer is written and handed to the owner, exactly once.
 *   DONE       the arena goes back to its pool, and the auction to the spares.
 *
 * The deadline is absolute: the first byte of the request plus its tmax (the configured default or
 * maximum where it has none or more), less the reply margin. auction_cancel() ends an auction in any
 * state without an answer. Only auction_set_state() changes the state.
 */
#ifndef SLIMBID_AUCTION_H
#define SLIMBID_AUCTION_H

#include "exchange.h"
#include "partner/partner_request.h"

struct auction_input {
    struct str body;           /* the request's text: stays where it is until the reply or the cancel */
    uint64_t started_us;       /* when its first byte came (loop time) */
    struct client_info client; /* views that live as long as body */
};

struct auction_reply {
    enum request_outcome outcome;
    int status;      /* HTTP: 200, 204, 400, 500 or 503; of an overload as configured */
    struct str body; /* JSON; valid during the callback only; absent for 204 */
    const struct exchange *exchange;
};

typedef void (*auction_reply_fn)(void *ctx, const struct auction_reply *reply);

struct auction {
    struct exchange *exchange;
    uint64_t id; /* of this process, for the log and as bidid */
    enum auction_state state;
    struct arena arena; /* all that this auction holds, but for the calls' own buffers */
    uint64_t started_us;
    uint64_t tmax_us;
    uint64_t reply_at_us; /* absolute: the answer leaves now at the latest */
    struct timer deadline;
    struct openrtb_request request;
    uint64_t user;              /* its key in the ledger; 0: not known */
    uint64_t hash;              /* of the request's id: decides shares of traffic and ties */
    struct auction_call *calls; /* one for each partner asked */
    uint32_t call_count;
    uint32_t calls_pending; /* the scoring job is one of them */
    struct bid *bids;       /* as cleared, in the arena */
    size_t bid_count;
    struct str currency; /* of their prices */
    enum auction_end end;
    struct auction_own *own; /* own campaigns' part; NULL: they were not asked */
    auction_reply_fn reply;
    void *reply_ctx;
    struct auction *next_spare;
};

/*
 * Runs an auction. reply(ctx, ...) is called exactly once, perhaps inside this call, unless the
 * auction is cancelled before. Returns the running auction, or NULL when it was answered already.
 */
struct auction *auction_start(struct exchange *exchange, const struct auction_input *input,
                              auction_reply_fn reply, void *ctx);
/* Answers a request that is refused for overload: counted, and nothing else. */
void auction_refuse(struct exchange *exchange, enum shed_reason why, auction_reply_fn reply, void *ctx);
/* The client left: calls are abandoned, memory goes back, nobody is called. */
void auction_cancel(struct auction *auction);

/* The auction's id as text: bidid, and the beginning of own bids' ids. */
#define AUCTION_ID_BYTES 16
void auction_write_id(const struct auction *auction, char out[AUCTION_ID_BYTES]);

/* Called by auction_gather.c and auction_own.c when the last pending call has ended. */
void auction_gathered(struct auction *auction);

/* Frees the auctions kept for reuse. */
void auction_free_spares(struct exchange *exchange);

#endif
