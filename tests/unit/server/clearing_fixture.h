/* An auction's end for tests: a request and partners' answers as texts, read by the real parsers. */
#ifndef SLIMBID_TESTS_CLEARING_FIXTURE_H
#define SLIMBID_TESTS_CLEARING_FIXTURE_H

#include "bid/answer.h"
#include "bid/clearing.h"

#define FIXTURE_PARTNERS 4
#define FIXTURE_BIDS     4096

struct clearing_fixture {
    struct arena_pool pool;
    struct arena arena;
    struct openrtb_request request;
    struct currency_rates *rates;                     /* 1 USD = 0.5 EUR = 100 JPY */
    struct config_partner partners[FIXTURE_PARTNERS]; /* named p0, p1, ... */
    struct bid_rules rules;                           /* answers in USD unless changed */
    struct bid *bids;
    size_t count;
    struct buf out;
};

/* The test fails when the request is not valid. The text must live as long as the fixture. */
void clearing_fixture_init(struct clearing_fixture *f, const char *request);
void clearing_fixture_cleanup(struct clearing_fixture *f);
/* Adds the bids of a partner's answer; the test fails when it can't be read. The text must live on. */
void clearing_fixture_answer(struct clearing_fixture *f, uint32_t partner, const char *answer);
/* Checks and ranks. Returns the number of valid bids. */
size_t clearing_fixture_run(struct clearing_fixture *f);
/* The bid of that id after the run. */
const struct bid *clearing_fixture_bid(const struct clearing_fixture *f, const char *id);
/* printf into memory that lives as long as the fixture. */
const char *clearing_fixture_text(struct clearing_fixture *f, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
