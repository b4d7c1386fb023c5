/* Random ads, requests and weights in words: of few words each, so that they meet often, and some of which no
 * ad knows. */
#ifndef SLIMBID_TESTS_MATCH_RANDOM_TEXTS_H
#define SLIMBID_TESTS_MATCH_RANDOM_TEXTS_H

#include "reference.h"

#define RANDOM_CAMPAIGNS 20
#define RANDOM_ZONES     8

/* What the ads of one table have in common. */
struct random_style {
    double restricts[TARGET_INDEXED]; /* share of ads */
    double extras;                    /* how often each of the other restrictions is used */
    double request_fullness;          /* how many values requests have, 0 to 1 */
    int prices;                       /* 0: a few, 1: any, 2: extreme, 3: nearly alike */
    int weights;   /* 0: none, 1: small, 2: extreme, 3: nearly alike, so that bounds are nearly reached */
    double spread; /* of what is nearly alike */
    double by_click;
    int64_t now;
};

uint32_t random_below(struct prng *prng, uint32_t n);
void random_style(struct prng *prng, struct random_style *style);
void random_ad(struct prng *prng, const struct random_style *style, struct text_ad *ad);
/* In which share of requests a campaign takes part; 65535: in all. */
uint16_t random_rate(struct prng *prng);
void random_request(struct prng *prng, const struct random_style *style, struct text_request *request);
void random_weights(struct prng *prng, const struct random_style *style, struct text_weights *weights);

/* Zones of ads; their numbers in a table begin at 1, NULL is 0. One of them does not exist. */
const struct table_zone *random_zones(void);
uint16_t random_zone_number(const char *zone);

#endif
