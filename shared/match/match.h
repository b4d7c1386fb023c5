/*
 * Which ads fit an imp, and which of them are worth most.
 *
 * An ad fits when each of its restrictions holds and none of the request's is hurt (struct match_request and
 * match_imp say which). A fitting ad's score is what showing it is worth, in table_header.currency a view:
 *
 *   z     = (z of the imp + record.z) + its campaign's crosses with inventory, device type and hour
 *   pctr  = 1 / (1 + exp(-z))
 *   score = price * pctr  when paid by click,  price  when paid by view
 *
 * The z of a request is the sum of its values' weights, in double and in the order of enum target, each value
 * as often as it is given, hour and weekday last (when utc_offset is known; else they are left out). The z of
 * an imp is that of its request, within MATCH_MOST_Z of 0, and the weights of its position and its slot, in
 * this order; then within MATCH_MOST_Z again. The weight of a value is number target_hash >> (64 -
 * weight_bits) of the request's; that of a cross, target_cross() of the first value of inventory, the first
 * device type and the hour, >> (64 - cross_bits) of its part; 0 when the request has no such value. The
 * crosses are summed first.
 *
 * Hits come in descending score, equal scores by record number; exactly as if every ad had been looked at.
 * How: the index (bitmaps of frequent values, postings of rare ones) gives, block by block in the table's
 * order, a superset of what fits; each survivor is checked in full on its record; once the k-th best can't be
 * beaten by what follows (struct table_block), the walk ends. One definition of exp, in double, used for ads
 * and for bounds: match_exp().
 *
 * Whang et al., Indexing Boolean Expressions, VLDB 2009; Broder et al., Efficient Query Evaluation using a
 * Two-Level Retrieval Process, CIKM 2003 (bounds); McMahan et al., Ad Click Prediction, KDD 2013 (weights).
 */
#ifndef SLIMBID_MATCH_MATCH_H
#define SLIMBID_MATCH_MATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"
#include "table/table.h"
#include "table/table_exp.h"

#define MATCH_MOST_HITS   64u   /* of match_top() */
#define MATCH_MOST_VALUES 1024u /* of one list; what is beyond is not looked at */
#define MATCH_MOST_Z      1000.0
#define MATCH_MOST_CAPS   64u
#define MATCH_RATE_FULL   65535u

struct match_hashes {
    const uint64_t *items; /* target_hash()es */
    uint32_t count;
};

/* How often the user has seen ads of one campaign. */
struct match_cap {
    uint64_t campaign; /* hash_bytes() of its id, seed 0 */
    uint32_t views;    /* in the campaign's window: its ads are not shown when it has a frequency (struct
                          table_campaign) and this reaches it */
};

/* What all imps of a request share. */
struct match_request {
    struct match_hashes values[TARGETS]; /* what the request is: country, categories, ... Those of an imp
                                            (size, deal, position, slot) and hour and weekday are empty here.
                                            In inventory the most specific comes first. */
    struct match_hashes badv;            /* TARGET_ADVERTISER: blocked, with all domains below */
    struct match_hashes
        bcat; /* TARGET_CATEGORY: blocked; parents in the ad's list make "IAB1" block "IAB1-3" */
    struct match_hashes bcrid; /* TARGET_CREATIVE: blocked */
    struct match_hashes wlang; /* TARGET_LANGUAGE: if any, an ad whose language is known must be among them */
    uint8_t cattax; /* of bcat: where there is a bcat, an ad with categories of another taxonomy is refused */
    uint8_t connection; /* AdCOM connection type, 0 to 15; 255: not known (fails a restriction) */
    int16_t utc_offset; /* minutes, -720 to 840, of the user; MATCH_NO_OFFSET: the campaign's zone counts, UTC
                           when the machine has no data of it */
    int64_t now;        /* unix seconds */
    double least_pctr;  /* ads paid by click below this are not shown; 0: all */
    uint64_t salt;      /* draws the campaigns that take part, see matcher_set_rates() */
    const struct match_cap *caps; /* one a campaign, in any order */
    uint32_t cap_count;           /* at most MATCH_MOST_CAPS; what is beyond is not looked at */
};
#define MATCH_NO_OFFSET INT16_MIN

struct match_imp {
    struct match_hashes sizes; /* TARGET_SIZE: what it offers */
    struct match_hashes deals; /* TARGET_DEAL */
    const double *deal_floors; /* of each deal, as floor below */
    double floor;  /* what a view must be worth: table_header.currency, a thousandth of the CPM; INFINITY when
         its currency can't be converted */
    uint64_t slot; /* TARGET_SLOT, 0: none */
    uint32_t battr;   /* bit n: creative attribute n is blocked */
    uint8_t position; /* AdCOM placement position 0 to 15; 255: not known (fails a restriction) */
    bool secure;
    bool private_auction; /* ads with a deal of it only */
};

/* An ad's bid is at least the floor: score >= floor. An ad with deals bids for the one with the lowest floor
 * among those the imp names (the first of equals) and its floor counts; else the imp's. */
struct match_hit {
    uint32_t record;
    uint32_t deal; /* index into match_imp.deals, or TABLE_NONE */
    uint32_t size; /* index into match_imp.sizes: the first that the ad has */
    double score;
    double pctr; /* 1 for ads paid by view */
};

/* Working memory for one table; made once, so that matching allocates nothing. Belongs to one thread. */
struct matcher;
struct matcher *matcher_create(const struct table *table) CHECK_RESULT; /* NULL: out of memory */
/* The struct of its table, which it has kept a pointer to, stands elsewhere now. */
void matcher_table_moved(struct matcher *matcher, const struct table *table);
void matcher_destroy(struct matcher *matcher);

/*
 * In which share of requests a campaign takes part, by its number in the table: 0 none, MATCH_RATE_FULL all,
 * r in between r of 65,536. NULL: all in all. It does when target_cross(its key, the request's salt) >> 48,
 * which is even over 0 to 65,535, is below its rate. Read when an ad would be a hit, may change under the
 * reader's eyes. count: rates there are; campaigns beyond them take part.
 */
void matcher_set_rates(struct matcher *matcher, const volatile uint16_t *rates, uint32_t count);

/* Begins a request: looks its values up, sums its weights, works out the hour. *request must stay, with all
 * it points to. */
void match_begin(struct matcher *matcher, const struct match_request *request);
/* The k best ads for an imp of that request, best first; k at most MATCH_MOST_HITS. Returns how many. */
uint32_t match_top(struct matcher *matcher, const struct match_imp *imp, uint32_t k, struct match_hit *hits);
/* All ads that fit, at most `room` of them, in the order of their records; returns how many fit. */
uint32_t match_all(struct matcher *matcher, const struct match_imp *imp, struct match_hit *hits,
                   uint32_t room);

/* The same as match_top() by looking at every ad: for comparisons. */
uint32_t match_scan(struct matcher *matcher, const struct match_imp *imp, uint32_t k, struct match_hit *hits);

/* exp(x) for any x but NaN: table_exp(), by which tables are ordered too. */
static inline double match_exp(double x) {
    return table_exp(x);
}

#endif
