/*
 * Matching as match.h words it, done again and naively: over texts, ad by ad, with nothing of the table's.
 * The real one has to give the same.
 */
#ifndef SLIMBID_TESTS_MATCH_REFERENCE_H
#define SLIMBID_TESTS_MATCH_REFERENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/prng.h"
#include "match/match.h"

#define REFERENCE_TEXTS 24 /* of one list */
#define WEIGHT_BITS     8u
#define CROSS_BITS      7u

struct texts {
    const char *items[REFERENCE_TEXTS];
    int count;
};

struct text_ad {
    struct texts in[TARGET_INDEXED];
    struct texts not_category, not_inventory, not_segment, own; /* own: without parents */
    const char *domain, *crid, *language;                       /* NULL: none */
    const char *zone;
    int campaign;
    uint16_t rate;      /* as match.h has it; all ads of a campaign alike */
    uint32_t frequency; /* 0: none; alike too */
    double price;
    float z;
    bool by_click, secure, secure_only;
    int64_t starts, ends;
    uint32_t attr;
    uint16_t positions, connections;
    uint8_t cattax;
    bool all_hours, hours[168];
    bool placed; /* it has been found in the table */
};

/* What the user has seen of a campaign; or of one that is not there and differs from it in the upper half of
 * its hash only. */
struct text_cap {
    int campaign;
    uint32_t views;
    bool other;
};

struct text_request {
    struct texts is[TARGETS]; /* categories and inventory without parents; an imp's things are below */
    struct texts badv, bcat, bcrid, wlang;
    uint8_t cattax, connection;
    int utc_offset;
    int64_t now;
    double least_pctr;
    uint64_t salt;
    struct text_cap caps[REFERENCE_TEXTS];
    int cap_count;
    /* the imp */
    struct texts sizes, deals;
    double deal_floors[REFERENCE_TEXTS], floor;
    const char *slot; /* NULL: none */
    uint32_t battr;
    uint8_t position;
    bool secure, private_auction;
};

struct text_hit {
    uint32_t record, deal, size;
    double score, pctr;
};

struct text_weights {
    float own[1 << WEIGHT_BITS];
    float crosses[TABLE_CROSSES][1 << CROSS_BITS];
};

/* All ads that fit, in the order of records[], which has them by their number. Returns how many. */
uint32_t reference_all(const struct text_ad *const *records, uint32_t count,
                       const struct text_weights *weights, const struct text_request *request,
                       struct text_hit *hits);
/* The hash of a campaign's id: "campaign7". */
uint64_t reference_campaign(int campaign);
/* Puts the best first; equal ones by record. */
void reference_sort(struct text_hit *hits, uint32_t count);

/* "domain:a.b.c" and its parents, most specific first; other texts alone. Appends; returns the new count. The
 * texts are views of `text`, or of static memory for what needs a prefix. */
int with_parents(enum target target, const char *text, const char **into, int count, int room);

#endif
