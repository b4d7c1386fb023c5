/*
 * The URLs of ours that stand in an answer: /e/imp, /e/click and /e/win with a signed token each
 * (token/token.h), so that whatever comes back says which bid it is about. docs/events.md tells the rest.
 *
 *   PUBLIC_URL/e/imp?t=TOKEN[&n=NOTICE]      the bid was shown; NOTICE: its bidder's burl
 *   PUBLIC_URL/e/click?t=TOKEN&u=LANDING     it was clicked; goes on to LANDING
 *   PUBLIC_URL/e/win?t=TOKEN[&n=NOTICE]      whoever asked for the auction won with it; its bidder's nurl
 *
 * NOTICE and LANDING are percent-encoded whole, and under the token's signature. So a URL of ours holds
 * nothing that JSON, an HTML attribute or CDATA would have to escape, but an & before u or n.
 */
#ifndef SLIMBID_BID_BID_URLS_H
#define SLIMBID_BID_BID_URLS_H

#include <stdbool.h>

#include "base/buf.h"
#include "bid/bid.h"
#include "openrtb/openrtb_request.h"
#include "token/token.h"

#define BID_URLS_MOST_BYTES 16384 /* of one URL, whatever is configured */

struct bid_urls { /* the same for all bids of one auction */
    struct token_keys *keys;
    struct str base;  /* events.public_url */
    size_t longest;   /* what a request line can carry: a longer URL is not given out */
    bool nurl_on_win; /* a partner's nurl is called when the client tells that it won (notices.nurl) */
    uint64_t auction;
    int64_t expires; /* unix seconds */
};

/* base and longest from a configuration's values. */
void bid_urls_init(struct bid_urls *urls, struct token_keys *keys, struct str base,
                   size_t request_line_bytes);

/* Appends the bid's URL of that kind; extra is its landing page or notice, or empty. False, and nothing is
 * appended: the bid has no hold, the URL would be too long, or signing failed. */
bool bid_urls_add(const struct bid_urls *urls, const struct openrtb_request *request, const struct bid *bid,
                  enum token_kind kind, struct str extra, struct buf *out) CHECK_RESULT;

/* Whether the bid's page may load a URL of ours: one that is http never where imp.secure is 1. */
bool bid_urls_loadable(const struct bid_urls *urls, const struct bid *bid);

#endif
