/*
 * The markup of an own bid on its way into the answer: OpenRTB's macros (bid_macros.h), and ours.
 *
 *   ${VIEW}           the URL to load when the ad is shown
 *   ${CLICK:LANDING}  the URL that counts a click and goes on to LANDING, an http or https URL in which
 *                     OpenRTB's macros are replaced first (&amp; is read as &; in native, JSON's escapes are)
 *   ${VIEW:B64}, ${CLICK:B64:LANDING}   the same as Base64
 *   ${VIEW:URL}, ${CLICK:URL:LANDING}   the same percent-encoded, to be a part of another URL
 *
 * Markup without ${VIEW} gets it, so that it is counted: a banner an image of 1 x 1 at its end, VAST an
 * <Impression> before its first Impression or Creatives, native an entry of imptrackers (of eventtrackers
 * where it has these and not those). What is none of these (a URL, JSON that does not parse) stays as it is:
 * only its burl counts.
 *
 * A bid without a hold has no URLs of ours: ${CLICK:LANDING} becomes LANDING itself and ${VIEW} an image that
 * is nothing (a data: URL). So does a landing page that is no http URL or too long to sign, and ${VIEW}
 * where the page is https and our URLs are not.
 */
#ifndef SLIMBID_BID_OWN_MARKUP_H
#define SLIMBID_BID_OWN_MARKUP_H

#include "bid/bid_macros.h"
#include "bid/bid_urls.h"

/* Appends the markup of values->bid to out; urls may be NULL: there are none. */
void own_markup_write(const struct bid_macro_values *values, const struct bid_urls *urls, struct buf *out);

#endif
