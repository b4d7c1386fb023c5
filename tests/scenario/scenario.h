/*
 * A scenario: one exchange with scripted partners in virtual time, driven line by line.
 *
 *   config JSON                     makes the exchange (first line that is not a comment), or makes it anew
 *   client KEY=VALUE ...            ip, ua, language, dnt of the client
 *   request JSON                    the request of the next auctions
 *   memory BYTES                    what auctions and their calls may be charged from now on, in all
 *   notices AFTER STATUS            how partners' hosts answer notices (from the first one of each on)
 *   partner NAME never | unresolved | AFTER OUTCOME | AFTER STATUS [JSON]
 *                                   AFTER as 20ms; OUTCOME as of outbound_outcome_name()
 *   partner NAME AFTER bids [cur=C] [seat=S] | KEY=VALUE ... | ...
 *                                   a 200 with one bid for each `|`: a good banner bid but for what is given
 *   own none | full | never | AFTER dead | AFTER late | AFTER fault
 *                                   no table or worker; jobs are shed; no answer; or what it says of one
 *   flow N TIME                     starts N auctions, one every TIME
 *   lag TIME                        from now on requests have waited that long for their turn
 *   own AFTER bids | KEY=VALUE ... | ...
 *                                   one bid for each `|`: a good banner bid for the job's first imp but for
 * what is given; in texts `~` stands for a space and `;` for a line's end gone AFTER                      the
 * client of the next auction leaves then play [N]                        runs N auctions, one after the
 * other, each to its end start                           starts an auction and does not wait for it wait TIME
 * time passes expect ...                      see scenario_expect.c
 */
#ifndef SLIMBID_SCENARIO_H
#define SLIMBID_SCENARIO_H

#include "auction.h"
#include "base/buf.h"
#include "fake/fake_loop.h"
#include "fake/fake_outbound.h"
#include "fake/fake_pool.h"
#include "ledger/ledger.h"

#define SCENARIO_PARTNERS  16
#define SCENARIO_OWN_TEXTS 32

struct scenario {
    const char *file;
    unsigned line;
    struct config *config;
    struct loop *loop;
    struct outbound *outbound;
    struct stats *stats;
    struct exchange exchange;
    struct budgets budgets; /* unlimited until a `memory` line */
    struct ledger *ledger;  /* in memory */
    struct pool *pool;      /* NULL: the config has no table */
    struct client_info client;
    struct buf request;
    struct buf answers[SCENARIO_PARTNERS]; /* what fake scripts point into */
    size_t answer_count;
    struct buf own_texts[SCENARIO_OWN_TEXTS]; /* the same for own bids */
    size_t own_text_count;
    uint64_t gone_after_us; /* 0: the client stays */
    struct auction *running;
    unsigned replies;          /* of the last play or since the last start */
    struct auction_reply last; /* body is a view of last_body */
    struct buf last_body;
    uint64_t started_us;
    uint64_t replied_us;
};

/* Says file, line and text on standard error and ends the program. */
void scenario_fail(const struct scenario *scenario, const char *format, ...) PRINTF_LIKE(2, 3)
    __attribute__((noreturn));

/* Next word of *rest (white space separated), or an empty view. */
struct str scenario_word(struct str *rest);
/* What stands before the next `|` of *rest, which moves behind it. */
struct str scenario_part(struct str *rest);
/* "20ms", "1500us" or "2s" in microseconds. */
uint64_t scenario_time(const struct scenario *scenario, struct str text);

/* Takes one `own` line. */
void scenario_own(struct scenario *scenario, struct str rest);
/* Checks one `expect` line. */
void scenario_expect(struct scenario *scenario, struct str rest);

#endif
