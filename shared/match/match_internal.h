/*
 * What the files of matching share. The life of one imp: match.c marks what the request is and plans which
 * attributes the index looks at (match_plan.c); match_walk.c goes through the blocks and hands survivors on;
 * match_check.c refuses what does not fit; match_score.c gives scores and keeps the best.
 */
#ifndef SLIMBID_MATCH_MATCH_INTERNAL_H
#define SLIMBID_MATCH_MATCH_INTERNAL_H

#include "match/match.h"
#include "match/match_bits.h"
#include "match/match_zone.h"

#define MATCH_MOST_SAVED (MATCH_LINES * MATCH_LINE_WORDS * 64 + 1) /* one more than there are bits */
#define MATCH_BATCH      64u /* survivors that go through the stages together, at most */
#define MATCH_STAGES     3
#define MATCH_CRID_BITS  256u /* of table_record.creative */
#define MATCH_CAP_BITS   1024u

/* Records of one value that has no bitmap, from the block at hand on. */
struct match_cursor {
    const uint32_t *at, *end;
};

/* One attribute as the index looks at it: ads are in the union of these bitmaps and postings, or don't fit.
 */
struct match_term {
    enum target target;
    uint32_t next; /* the lowest record among the cursors, TABLE_NONE: they are through */
    const uint64_t **maps;
    struct match_cursor *cursors;
    uint32_t map_count, cursor_count;
    double pass; /* about how many ads are in the union */
};

/* Numbers of the values that the request has of one attribute. */
struct match_numbers {
    uint32_t count;
    uint32_t items[MATCH_MOST_VALUES];
};

struct match_candidate {
    const struct table_record *record;
    double floor;
    uint32_t number; /* of the record */
    uint32_t deal;
    uint32_t lists; /* that have to be looked at */
};

struct match_batch {
    uint32_t count;
    bool click_is_over, view_is_over; /* when its first one came */
    struct match_candidate items[MATCH_BATCH];
};

/* The crosses of a campaign with the request, summed: ads of a campaign often fit together. */
struct match_campaign {
    uint32_t key;    /* record.campaign_key */
    uint32_t serial; /* of the request; another's: not known */
    double crosses;
    uint32_t places[TABLE_CROSSES]; /* of the weights in table.weights */
    bool summed;
};
#define MATCH_CAMPAIGNS 512u

struct matcher {
    const struct table *table;
    const struct match_bits_kind *bits_kind;
    const volatile uint16_t *rates;
    uint32_t rate_count;
    uint32_t any_ads[TARGET_INDEXED]; /* how many ads each attribute does not restrict */
    uint64_t hour_hash[24], weekday_hash[7], position_hash[16];
    struct match_zone *zones;
    int16_t *zone_hours; /* of the request's week in each zone; -1: not worked out yet */

    /* the request */
    const struct match_request *request;
    struct match_numbers is[TARGET_INDEXED]; /* of an imp: sizes and deals */
    struct match_numbers badv, bcat, wlang;
    uint64_t *has;        /* bit v: the request, or the imp at hand, has value v */
    uint64_t *others;     /* bit v: v is in badv, bcat or wlang */
    uint32_t own_refused; /* table_record.own: an ad with one of these is about what is blocked */
    uint32_t own_unsure;  /* ... may be */
    uint32_t unwanted[8]; /* table_record.excluded: an ad with none of these, by which of the lists of NOT it
                             has (the first is bit 0), passes them */
    uint64_t crid_filter[MATCH_CRID_BITS / 64]; /* by the lowest bits of what is in bcrid */
    uint64_t cap_filter[MATCH_CAP_BITS / 64];   /* by the lowest bits of what is in caps */
    uint32_t cap_count;
    double z;
    int hour; /* of the user's week, 0 to 167; -1: as the campaign's zone has it */
    uint64_t cross_hash[TABLE_CROSSES];
    bool crossed[TABLE_CROSSES]; /* the request has such a value */
    uint32_t serial;
    struct match_campaign campaigns[MATCH_CAMPAIGNS]; /* by the lowest bits of their keys */

    /* the imp */
    const struct match_imp *imp;
    double imp_z;
    double least_floor;  /* no bid is below all of these */
    double bound_factor; /* of table_block.click */
    const uint64_t
        *size_maps[MATCH_MOST_VALUES]; /* of each of the imp's sizes: its bitmap; NULL: no ad has it */
    bool sizes_in_maps;                /* all that ads have are there */
    uint32_t position_bit;             /* of table_record.positions */
    uint32_t connection_bit;           /* of table_record.connections */
    uint32_t must_hold;                /* lists that an ad must have: with a private auction, deals */
    uint32_t list_mask;                /* lists that have to be looked at on each ad that has them; exclusions
                                          are where the ad's marks call for it */
    uint32_t unindexed;                /* attributes among them that the index did not look at */
    struct match_term terms[TARGET_INDEXED];
    uint32_t term_count;
    const uint64_t *maps[TARGET_INDEXED * (MATCH_MOST_VALUES + 1)];
    struct match_cursor cursors[TARGET_INDEXED * MATCH_MOST_VALUES];

    /* the walk */
    uint32_t group; /* blocks to look at together first */
    struct match_bits bits;
    uint16_t saved[MATCH_MOST_SAVED];                                /* bits that a term's postings keep */
    struct match_batch batches[MATCH_STAGES], *stages[MATCH_STAGES]; /* [0] is the newest */

    /* the hits: a heap with the worst on top for match_top(), a list for match_all() */
    struct match_hit *hits;
    uint32_t hit_count, hit_room;
    bool keep_best;
    bool click_is_over, view_is_over; /* no more hits among ads paid so */
};

static inline bool match_bit(const uint64_t *bits, uint32_t number) {
    return bits[number / 64] >> number % 64 & 1;
}

/* The hour of the week of a local time. */
int match_week_hour(int64_t local);

/* ---- match_plan.c ---- */

/* Fills terms of the imp at hand. False: no ad can fit. */
bool match_plan(struct matcher *matcher);

/* ---- match_walk.c ---- */

/* Goes through the blocks, as long as something can be gained. */
void match_walk(struct matcher *matcher);
/* Goes through all records instead. */
void match_walk_records(struct matcher *matcher);

/* ---- match_check.c ---- */

/* Leaves those in the batch that fit as far as their records tell; asks for the lists of these. */
void match_check_records(struct matcher *matcher, struct match_batch *batch);
/* The same for lists and advertisers; fills deals and floors, asks for weights. */
void match_check_lists(struct matcher *matcher, struct match_batch *batch);
/* Whether its campaign takes part, and the user may see more of it. For ads that would be hits: it may read
 * what is cold. */
bool match_campaign_bids(const struct matcher *matcher, const struct table_record *record);
/* Whether its creative is blocked; the same goes for it. */
bool match_creative_is_blocked(const struct matcher *matcher, uint32_t number);

/* ---- match_score.c ---- */

/* Sums up what the request's values weigh. */
void match_weigh_request(struct matcher *matcher);
/* The same with what is the imp's; works out bound_factor. */
void match_weigh_imp(struct matcher *matcher);
/* Works out where the crosses of a campaign stand and asks for them. */
void match_prefetch_weights(struct matcher *matcher, uint32_t campaign_key);
/* Scores ads that fit but for their floors; keeps those that are good enough. Empties the batch. */
void match_score_batch(struct matcher *matcher, struct match_batch *batch);
/* Finds out which kinds of ads can't become hits from this block on: fills click_is_over and
 * view_is_over. True: both. */
bool match_is_over(struct matcher *matcher, const struct table_block *block);
/* Puts the hits in order. */
void match_finish_hits(struct matcher *matcher);

#endif
